"""What the server does beside showing pages: load them all when it starts, and spare the collector what stays.

Streamlit collects garbage after every run of a page, which walks through every object there is. Nearly all of them are
modules and classes that stay for the life of the process; freezing these leaves what a page made (decision 0055).
"""

from __future__ import annotations

import gc
import importlib
from functools import cache

from app.dashboard.sections import BY_LINK, SECTIONS


def load_pages() -> None:
    """Load every page with its libraries. Not before Streamlit's runtime runs, which keeps what pages cache."""
    for entries in (*SECTIONS.values(), BY_LINK):
        for file, *_ in entries:
            importlib.import_module(f"app.views.{file}")


@cache
def after(page: str) -> None:
    """Set aside what is loaded, once for each page, as showing one may load more; nothing when called again.

    Args:
        page: The page's address, which was just shown.
    """
    gc.collect()
    gc.freeze()
