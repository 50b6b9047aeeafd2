"""Catches: what each process stopped, changed or delayed, and what slipped through, by kind and with the records."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, components, exhibits, filters, frame, take_away
from app.dashboard.frame import Frame
from app.figures import charts, style
from app.questions import practice, queries
from app.questions.practice import SUBJECTS

UNKNOWN = "kind unknown"
_PROCESSES = {"change_governance": style.GOVERNANCE, "release_execution": style.EXECUTION}


def show() -> None:
    """Show the page."""
    asked = frame.current()
    if not asked.build.has("marts.catches"):
        components.page_title("Catches", "", asked.build)
        components.missing("This build finds no catches.", "Build again with this version.", "twotrack build")
        return
    found = practice.catches(asked.build, asked.choice.filter)
    if found.empty and not queries.kinds(asked.build) & {"decision", "production_deployment"}:
        components.page_title("Catches", components.question(asked.choice), asked.build)
        absent.is_missing(asked.build, "decision")
        return
    if found.empty:
        components.page_title("Catches", components.question(asked.choice), asked.build)
        components.nothing_matches(asked.choice.describe(), "Neither a catch nor a miss is on record in it.")
        return
    components.page_title(
        _title(practice.caught_records(asked.build, asked.choice.filter)),
        components.question(asked.choice),
        asked.build,
    )
    st.caption(
        "A catch is an act that stopped, changed or delayed something; a miss is a failure after deployment, given to "
        "the process that should have caught it. A record may be of more than one kind and is then in each."
    )
    for column, process in zip(st.columns(2, gap="medium"), _PROCESSES, strict=True):
        with column:
            _process(asked, found, process)
    _misses(asked, found)
    _records(asked, found)
    _passed_then_failed(asked)


def _of(found: pd.DataFrame, process: str, outcome: str) -> pd.DataFrame:
    return found[(found["process"] == process) & (found["outcome"] == outcome)]


def _title(counts: dict[tuple[str, str], int]) -> str:
    governance, release = (counts.get((process, "catch"), 0) for process in _PROCESSES)
    return (
        f"Governance caught {governance:,}, release caught {release:,}; "
        f"{wording.plural(counts.get(('', 'miss'), 0), 'miss', 'misses')}"
    )


def _process(asked: Frame, found: pd.DataFrame, process: str) -> None:
    rows = _of(found, process, "catch")
    known = rows[rows["kind"] != UNKNOWN].sort_values(["count", "kind"], ascending=[False, True])
    st.header(
        f"{SUBJECTS[process]} caught most often{_of_known(rows)}: {known['kind'].iloc[0]}"
        if len(known) > 0
        else f"What {SUBJECTS[process].lower()} caught",
        anchor=False,
    )
    if rows.empty:
        st.caption("Nothing in the period.")
        return
    rows = rows.sort_values(["count", "kind"], ascending=[True, False])
    of = take_away.provenance(asked, int(rows["count"].sum()))
    exhibits.chart(
        charts.horizontal(
            list(rows["kind"]), [int(n) for n in rows["count"]], style.palette(frame.is_dark()), process
        ),
        key=f"caught_{process}", of=of,
        on_select=lambda: _pick(rows, process, exhibits.picked_mark(f"caught_{process}")),
        alt=f"What {SUBJECTS[process].lower()} caught, by kind. The table below holds the same numbers.",
    )  # fmt: skip
    shown = rows.iloc[::-1][["kind", "count"]].rename(columns={"kind": "Kind", "count": "Catches"})
    st.caption("Choose a bar to see its records.")
    exhibits.same_as_table(
        shown, name=f"caught_{process}", alt=f"Catches of {SUBJECTS[process].lower()}", of=of,
        on_pick=lambda row: _pick(rows, process, str(shown["Kind"].iloc[row])),
    )  # fmt: skip


def _of_known(rows: pd.DataFrame) -> str:
    """Return that the kind named first is not the longest bar, where that is the one of unknown kind."""
    return ", of known kinds" if rows.sort_values("count")["kind"].iloc[-1] == UNKNOWN else ""


def _pick(rows: pd.DataFrame, process: str, kind: str) -> None:
    """Let the records below be those of one kind that a process caught; used in callbacks."""
    count = rows.loc[rows["kind"] == kind, "count"]
    if len(count):
        st.session_state["catch"] = _label(process, "catch", kind, int(count.iloc[0]))


def _label(process: str, outcome: str, kind: str, count: int) -> str:
    return f"{wording.sentence(outcome)}: {kind}, {SUBJECTS.get(process, 'process unknown').lower()} ({count:,})"


def _misses(asked: Frame, found: pd.DataFrame) -> None:
    rows = found[found["outcome"] == "miss"]
    st.header("What slipped through", anchor=False)
    if rows.empty:
        st.caption("No failure after deployment in the period.")
        return
    unknown = int(rows.loc[rows["kind"] == UNKNOWN, "count"].sum())
    shown = pd.DataFrame(
        {
            "Should have been caught by": [SUBJECTS.get(process, "Unknown") for process in rows["process"]],
            "Kind": rows["kind"],
            "Misses": rows["count"],
        }
    )
    components.table(
        shown, key="misses", alt="Misses by process and kind", of=take_away.provenance(asked, int(rows["count"].sum()))
    )
    if unknown:
        st.caption(f"{unknown:,} of {int(rows['count'].sum()):,}: no field, label or word says what kind they are.")


def _records(asked: Frame, found: pd.DataFrame) -> None:
    st.header("The records", anchor=False)
    choices = {
        _label(process, outcome, kind, count): (process, outcome, kind)
        for process, outcome, kind, count in found[["process", "outcome", "kind", "count"]].itertuples(index=False)
    }
    picked = filters.choose("Which", list(choices), key="catch")
    rows = practice.catch_rows(asked.build, asked.choice.filter, *choices[picked])
    selected = components.table(
        rows, key="catch_rows", alt="Records of this kind", is_selectable=True,
        columns={
            "occurred_at": components.instants("When (UTC)", width=135),
            "key": st.column_config.TextColumn("Record", width=135),
            "title": st.column_config.TextColumn("Title", width=150),
            "text": st.column_config.TextColumn("In its words", width=175),
            "rule": st.column_config.TextColumn("Because", width=150),
            "basis": st.column_config.TextColumn("Kind told by", width=85),
            "service": st.column_config.TextColumn("Service", width=105),
        },
        of=take_away.provenance(asked, len(rows), f"{asked.choice.describe()} · {picked}"),
    )  # fmt: skip
    components.open_selected(selected, rows)
    st.caption(
        f"{wording.plural(len(rows), 'record')}, newest first. Kind told by: a record's fields, or only its words. "
        "Select a row to open it."
    )


def _passed_then_failed(asked: Frame) -> None:
    rows = practice.approved_then_failed(asked.build, asked.choice.filter)
    if rows.empty:
        st.header("Nothing passed governance and failed in release", anchor=False)
        return
    st.header(f"{wording.plural(len(rows), 'approved change')} still failed in release", anchor=False)
    selected = components.table(
        rows, key="failed_rows", alt="Approved changes that failed in release", is_selectable=True,
        columns={
            "occurred_at": components.instants("When (UTC)", width=140),
            "key": st.column_config.TextColumn("Record", width=130),
            "title": st.column_config.TextColumn("Title", width=260),
            "failure": st.column_config.TextColumn("How it failed", width=180),
            "service": st.column_config.TextColumn("Service", width=120),
        },
        of=take_away.provenance(asked, len(rows)),
    )  # fmt: skip
    components.open_selected(selected, rows)


if __name__ == "__main__":
    show()
