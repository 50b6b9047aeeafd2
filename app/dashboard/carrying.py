"""Carrying the question to the next page, also when a reader leaves before the filters were on screen.

On a change of page the browser's side of Streamlit keeps the parameters whose widgets it has drawn by then and drops
the others from the address. A reader who is quicker than the drawing would lose filters, or the pinned build, unsaid.
So the session remembers what was asked last and gives it back to the widgets of the next page.

Owns what is remembered, as the address writes it. Refuses to know what the values mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

_KEY = "carried"
Values = list[str]


@dataclass
class _Carried:
    """What was asked, by parameter, the page it was last on screen on, and the page being shown."""

    asked: dict[str, Values] = field(default_factory=dict)
    seen_on: str | None = None
    shown: str | None = None


def arrive(page: str, keys: tuple[str, ...]) -> None:
    """Note which page is shown. Comes before anything that takes time: a quick change of page interrupts the rest."""
    carried: _Carried | None = st.session_state.get(_KEY)
    if carried is None:
        params = st.query_params
        carried = _Carried({key: params.get_all(key) for key in keys if key in params})
        st.session_state[_KEY] = carried
    carried.shown = page


def give_back(key: str, read: Callable[[Values], object]) -> None:
    """Set a widget that comes next to what was asked on the page before, if its parameter was dropped on the way.

    Args:
        key: The parameter, which is the widget's key.
        read: Returns what the widget takes for the parameter's values, or ``None`` for what it does not offer.
    """
    carried: _Carried = st.session_state[_KEY]
    # On the page it was asked on, a missing parameter means that the reader cleared it.
    if carried.shown == carried.seen_on or key in st.query_params:
        return
    if key in st.session_state:
        # What the widget holds is newer than what was remembered; assigning it puts it into the address again.
        st.session_state[key] = st.session_state[key]
    elif key in carried.asked and (value := read(carried.asked[key])) is not None:
        st.session_state[key] = value


def note(asked: Mapping[str, Values]) -> None:
    """Remember what is asked now, on the page that is shown."""
    carried: _Carried = st.session_state[_KEY]
    carried.asked, carried.seen_on = dict(asked), carried.shown
