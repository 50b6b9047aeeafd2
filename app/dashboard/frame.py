"""What every page is given: the build, the question and the theme. Set by the entry point, read by the views."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.dashboard.filters import Choice
from app.questions.builds import Build
from app.questions.queries import Facts

_KEY = "page_frame"


@dataclass(frozen=True)
class Frame:
    """One page view's surroundings."""

    build: Build
    facts: Facts
    choice: Choice


def put(frame: Frame) -> None:
    """Keep the frame for the view that runs next."""
    st.session_state[_KEY] = frame


def current() -> Frame:
    """Return the frame of this page view."""
    found: Frame = st.session_state[_KEY]
    return found


def is_dark() -> bool:
    """Whether the reader sees the dark theme."""
    return st.context.theme.type == "dark"
