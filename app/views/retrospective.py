"""Retrospective: what was decided last time and what became of it, what to decide now, the report for the meeting."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import pandas as pd
import streamlit as st

from app import quarters, wording
from app.dashboard import components, filters, frame, own_command, take_away
from app.dashboard.frame import Frame
from app.journal import decisions
from app.journal.decisions import Decision, Held, State
from app.questions import builds
from app.reports.question import parse_period
from models.errors import InputError, UserError

ORGANISATION = "The whole organisation"
_STATES = ("open", "done", "dropped")
_WRITTEN = "retrospective_written"


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title(
        "Retrospective",
        "What is our change practice, what is our release practice, are they still working? Judged over the quarter "
        "chosen below; the filters above do not apply.",
        asked.build,
    )
    left, right = st.columns(2)
    known = quarters.spanned(asked.facts.first, asked.facts.last)
    with left:
        place = quarters.newest_complete(known, asked.build.as_of)
        name = filters.choose("Quarter", [known[place], *(q for q in known if q != known[place])], key="retrospective")
    with right:
        team = filters.choose("Team", [ORGANISATION, *asked.facts.team], key="retrospective_team")
    period = parse_period(name).period
    held = Held(name, period.start.date(), period.end.date(), "" if team == ORGANISATION else team)
    _last_time(held)
    _this_time(held)
    _report(asked, held)
    _history(asked, held, min(asked.build.as_of.date(), held.end))
    _agenda()


def _last_time(held: Held) -> None:
    path = builds.workspace().journal_path
    carried = decisions.carried_into(path, held)
    open_ones = sum(one.state == "open" for one in carried)
    if not carried:
        st.header("Nothing was decided before this quarter", anchor=False)
        st.caption("Decisions entered below open the next retrospective.")
        return
    st.header(f"{wording.plural(len(carried), 'decision')} from last time, {open_ones:,} still open", anchor=False)
    for one in carried:
        _decision(one, held)


def _decision(one: Decision, held: Held) -> None:
    with st.container(border=True):
        st.text(wording.plain(one.text, 2000))
        facts = [f"of {one.held.period}", f"owner {one.owner}" if one.owner else "", _due(one, held), one.state]
        st.caption(wording.inert(" · ".join(part for part in (*facts, one.outcome or "") if part), 700))
        with st.form(f"settle_{one.decision_id}", border=False):
            state_column, text_column, button_column = st.columns([1, 3, 1], vertical_alignment="bottom")
            state = state_column.selectbox("State", _STATES, index=_STATES.index(one.state), key=f"s_{one.decision_id}")
            outcome = text_column.text_input("What became of it", one.outcome or "", key=f"o_{one.decision_id}")
            if button_column.form_submit_button("Keep", width="stretch"):
                decisions.settle(builds.workspace().journal_path, one.decision_id, cast("State", state), outcome)
                st.rerun()


def _due(one: Decision, held: Held) -> str:
    if one.due_on is None:
        return ""
    return f"due {wording.day(one.due_on)}" + (", overdue" if one.is_overdue(held.end) else "")


def _this_time(held: Held) -> None:
    path = builds.workspace().journal_path
    st.header("Decisions of this retrospective", anchor=False)
    for one in decisions.taken_in(path, held):
        _decision(one, held)
    with st.form("decide", clear_on_submit=True, border=False):
        text_column, owner_column, due_column = st.columns([3, 1.2, 1.2])
        text = text_column.text_input("What we decide", max_chars=decisions.LONGEST, key="decision_text")
        owner = owner_column.text_input("Owner", max_chars=80, key="decision_owner")
        due = due_column.date_input("Due", None, format="YYYY-MM-DD", key="decision_due")
        if st.form_submit_button("Decide", icon=":material/gavel:"):
            try:
                decisions.decide(path, held, text, owner=owner, due_on=due)
            except InputError as error:
                st.warning(error.what)
            else:
                st.rerun()


def _report(asked: Frame, held: Held) -> None:
    st.header("The report for the meeting", anchor=False)
    arguments = ["report", "--period", held.period, "--build", asked.build.build_id]
    arguments += ["--team", held.team] if held.team else []
    st.markdown(
        "One self-contained HTML file and the same as PDF: last time's decisions, both practices, what changed and "
        "whether it matters, the changes behind it, catches and misses, drift, questions. The same build, quarter and "
        "decisions give the same bytes."
    )
    if st.button("Write the report", icon=":material/article:", key="write_report"):
        with st.spinner("Writing the report…"):
            try:
                st.session_state[_WRITTEN] = (tuple(arguments), _write(arguments))
            except UserError as error:
                components.problem(error)
    written = st.session_state.get(_WRITTEN)
    if written and written[0] == tuple(arguments):
        _downloads(asked, held, written[1])
    with st.expander("The same at the command line"):
        st.code(own_command.shown(arguments), language=None, wrap_lines=True)


def _write(arguments: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="twotrack-report-") as scratch:
        answer = own_command.run(builds.workspace(), [*arguments, "--out", scratch])
        return {
            "html": Path(answer["html"]).read_bytes(),
            "pdf": Path(answer["pdf"]).read_bytes(),
            "name": Path(answer["html"]).stem,
            "questions": [str(question) for question in answer["questions"]],
            "incomplete": [str(sentence) for sentence in answer["incomplete"]],
        }


def _downloads(asked: Frame, held: Held, written: dict[str, Any]) -> None:
    name = ("demo-" if asked.build.is_demo else "") + written["name"]
    with st.container(horizontal=True):
        for kind, mime in (("html", "text/html"), ("pdf", "application/pdf")):
            st.download_button(
                f"Download {kind.upper()}", written[kind], file_name=f"{name}.{kind}", mime=mime, on_click="ignore",
                icon=":material/download:", key=f"report_{kind}",
            )  # fmt: skip
    if written["incomplete"]:
        st.warning(wording.inert(" ".join(written["incomplete"]), 600), icon=":material/schedule:")
    if written["questions"]:
        st.subheader(f"Questions for the meeting on {held.period}", anchor=False)
        st.markdown("\n".join(f"1. {wording.inert(question, 500)}" for question in written["questions"]))


def _history(asked: Frame, held: Held, day: date) -> None:
    past = decisions.history(builds.workspace().journal_path, held.team, day)
    if not past:
        return
    st.header("All retrospectives", anchor=False)
    components.table(
        pd.DataFrame(
            [(one.held.period, one.decided, one.done, one.dropped, one.still_open, one.overdue) for one in past],
            columns=["Retrospective", "Decided", "Done", "Dropped", "Open", "Of these overdue"],
        ),
        key="retrospectives", alt="All retrospectives and what became of their decisions",
        of=take_away.provenance(asked, len(past), f"all retrospectives · {held.team or ORGANISATION}"),
    )  # fmt: skip


def _agenda() -> None:
    st.caption("Look at these together:")
    with st.container(horizontal=True):
        for page, label in (
            ("views/cheat_sheet.py", "Cheat sheet"), ("views/process_drift.py", "Process drift"),
            ("views/catches.py", "Catches"), ("views/combine_or_separate.py", "Combine or separate"),
        ):  # fmt: skip
            st.page_link(page, label=label, icon=":material/arrow_forward:")


if __name__ == "__main__":
    show()
