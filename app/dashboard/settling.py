"""What the server does after the first showing of a page: load the other pages, and spare the collector what stays.

Streamlit collects garbage after every run of a page, which walks through every object there is. Nearly all of them are
modules and classes that stay for the life of the process; freezing these leaves what a page made (decision 0055).
"""

from __future__ import annotations

import gc
import importlib
from functools import cache

from app.dashboard.sections import BY_LINK, SECTIONS


@cache
def after(page: str) -> None:
    """Set aside what is loaded, once for each page, as each brings libraries of its own; nothing when called again.

    Args:
        page: The page's address, which was just shown.
    """
    for entries in (*SECTIONS.values(), BY_LINK):
        for file, *_ in entries:
            importlib.import_module(f"app.views.{file}")
    gc.collect()
    gc.freeze()
