"""Drawing a page again when its reader changes between light and dark.

Streamlit repaints its own parts at once, and leaves charts, small lines and the logo as the last run drew them. This
watches the page's background in the browser and asks for a run when it changes.

Owns only that. What the themes look like is in ``app/figures/style.py``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_KEY = "theme_changed"
_EVERY_MS = 400
# A reader's settings, the system's night mode and the dashboard's own menu all end in this one property.
_WATCH = f"""
const seen = new WeakMap()
export default function ({{ parentElement, setTriggerValue }}) {{
    const host = parentElement.host ?? parentElement
    const now = () => getComputedStyle(host).getPropertyValue("--st-background-color").trim()
    const look = () => {{
        const found = now()
        if (!found || found === seen.get(host)) return
        const isChange = seen.has(host)
        seen.set(host, found)
        if (isChange) setTriggerValue("changed", true)
    }}
    look()
    const timer = setInterval(look, {_EVERY_MS})
    return () => clearInterval(timer)
}}
"""


@cache
def _watch() -> ComponentRenderer:
    """Return the part that watches; made once, when the server runs."""
    return st.components.v2.component("twotrack_theme", js=_WATCH)


def watch() -> None:
    """Watch for a change of theme on the page that is being shown."""
    _watch()(key=_KEY, on_changed_change=lambda: None)
