"""What the server does once, after it has shown its first page: load the other pages, and spare the collector the rest.

Streamlit collects garbage after every run of a page, which walks through every object there is. Nearly all of them are
modules and classes that stay for the life of the process; freezing these leaves what a page made (decision 0055).
"""

from __future__ import annotations

import gc
import importlib
from functools import cache

from app.dashboard.sections import BY_LINK, SECTIONS


@cache
def once() -> None:
    """Import what every page needs and set it aside from collection; does nothing when called again."""
    for entries in (*SECTIONS.values(), BY_LINK):
        for file, *_ in entries:
            importlib.import_module(f"app.views.{file}")
    gc.collect()
    gc.freeze()
