"""Entering deliberate changes to the process ("automated approvals on 3 May"), which show on every page's charts."""

from __future__ import annotations

import streamlit as st

from app import wording
from app.dashboard.frame import Frame
from app.journal import notes
from app.questions import builds
from models.errors import InputError

EVERYBODY = "All teams"


def offer(asked: Frame) -> None:
    """Show what was noted and a form to note more, to unfold below a chart."""
    kept = notes.entered(builds.workspace().journal_path)
    label = f"Deliberate changes: {len(kept):,} noted" if kept else "Note a deliberate change"
    with st.expander(label, icon=":material/edit_calendar:"):
        form(asked)


def form(asked: Frame) -> None:
    """Show what was noted, each with its removal, and a form to note more. Kept in this workspace's journal."""
    path = builds.workspace().journal_path
    st.caption(
        "What people changed on purpose, such as “automated approvals”. It shows on the charts of every page for "
        "everybody who uses this workspace."
    )
    for note in notes.entered(path):
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.text(f"{wording.day(note.happened_on)}: {note.text}" + (f" ({note.team})" if note.team else ""))
        if right.button("Remove", key=f"remove_{note.annotation_id}", type="tertiary"):
            notes.withdraw(path, note.annotation_id)
            st.rerun()
    with st.form("annotate", clear_on_submit=True, border=False):
        on_column, text_column, team_column = st.columns([1, 2.4, 1.2])
        on = on_column.date_input("Day (UTC)", asked.facts.last.date(), format="YYYY-MM-DD", key="note_on")
        text = text_column.text_input("What changed", max_chars=notes.LONGEST, key="note_text")
        whose = team_column.selectbox("Team", [EVERYBODY, *asked.facts.team], key="note_team")
        if st.form_submit_button("Note it", icon=":material/edit_calendar:"):
            try:
                notes.annotate(path, on, text, team=None if whose == EVERYBODY else whose)
            except InputError as error:
                st.warning(error.what)
            else:
                st.rerun()
