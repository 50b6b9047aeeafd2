"""Hand-over: whether what shipped had been approved, and what was approved and never shipped."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, components, exhibits, filters, frame, metric_page, record_list, take_away, two_lanes
from app.dashboard.frame import Frame
from app.families import HAND_OVER
from app.figures import flow, style
from app.questions import hand_overs, queries, records
from app.questions.hand_overs import Stream

_NO_STREAM = "None chosen"


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title("Hand-over", components.question(asked.choice), asked.build)
    chosen = metric_page.choose_measure(asked, HAND_OVER)
    if chosen is None:
        components.missing("This build does not judge hand-overs.", "Build again with this version.", "twotrack build")
        return
    subject, reading = chosen
    if metric_page.is_empty(reading) and absent.is_missing(asked.build, "production_deployment", "decision"):
        return
    if metric_page.is_empty(reading):
        components.nothing_matches(
            asked.choice.describe(),
            "Production deployments are judged here.",
        )
        return
    metric_page.headline(asked, subject, reading)
    if subject is HAND_OVER[0]:
        _flow(asked)
        two_lanes.show(asked, st.subheader, height=340, on_pick=lambda week: metric_page.pick("week", week))
        left, right = st.columns(2, gap="medium")
        with left:
            st.subheader("How approval and start met", anchor=False)
            components.table(
                hand_overs.classes(asked.build, asked.choice.filter),
                key="classes",
                alt="Deployments by approval and start",
                of=take_away.provenance(asked, reading.value.denominator),
            )
            st.caption("A deployment takes its worst change's class.")
        with right:
            metric_page.breakdown(asked, subject, reading, "Where deployments lacked valid approval")
        _unshipped(asked)
    else:
        metric_page.split(asked, subject, reading)
    metric_page.measures(asked, HAND_OVER)
    record_list.show(asked, subject, reading, title="Records behind the number")


def _flow(asked: Frame) -> None:
    found = hand_overs.streams(asked.build, asked.choice.filter)
    if not found:
        return
    title = hand_overs.streams_title(found)
    st.subheader(title, anchor=False)
    of = take_away.provenance(asked, sum(stream.count for stream in found))
    exhibits.chart(
        flow.hand_over(found, style.palette(frame.is_dark())), key="flow", of=of,
        alt=f"{title}. Hand-overs from what governance had said to what became of them. The table holds the numbers.",
    )  # fmt: skip
    st.caption(
        "A hand-over is one change in one production deployment. Red: leaked past approval, as the measure of "
        "unauthorised changes counts it."
    )
    exhibits.same_as_table(
        pd.DataFrame(
            [(s.said, s.became, s.count) for s in found],
            columns=["What governance had said", "What became of it", "Hand-overs"],
        ),
        name="flow", alt="Changes by approval and deployment", of=of,
        on_pick=lambda row: metric_page.pick("stream", _stream_label(found[row])),
    )  # fmt: skip
    _stream_rows(asked, found)


def _stream_label(stream: Stream) -> str:
    return f"{stream.said} → {stream.became} ({stream.count:,})"


def _stream_rows(asked: Frame, found: Sequence[Stream]) -> None:
    """Show the records of one stream; changes that were not deployed have their own list below."""
    labels = {_stream_label(stream): stream for stream in found if stream.details}
    if not labels:
        return
    picked = filters.choose("Records of a stream", [_NO_STREAM, *labels], key="stream")
    if picked == _NO_STREAM:
        return
    stream = labels[picked]
    rows = hand_overs.stream_rows(asked.build, asked.choice.filter, stream)
    selected = components.table(
        rows, key="stream_rows", alt="Records of the stream", is_selectable=True,
        columns=records.columns(queries.definition(asked.build, hand_overs.MEASURE)),
        of=take_away.provenance(
            asked, stream.count, f"{asked.choice.describe()} · {stream.said}: {stream.became.lower()}"
        ),
    )  # fmt: skip
    components.open_selected(selected, rows)
    shown = f"{len(rows):,} of {stream.count:,} records" if len(rows) < stream.count else ""
    st.caption(f"{shown or wording.plural(len(rows), 'record')}, newest first. Select a row to open its change.")


def _unshipped(asked: Frame) -> None:
    found = hand_overs.unshipped(asked.build, asked.choice.filter)
    if found.empty:
        st.subheader("Everything approved in the period has reached production", anchor=False)
        return
    st.subheader(
        f"{wording.plural(len(found), 'change')} approved in the period {'has' if len(found) == 1 else 'have'} "
        "not reached production",
        anchor=False,
    )
    st.caption(
        "Since approval, " + "; ".join(f"{label}: {count:,}" for label, count in hand_overs.ages(found) if count) + "."
    )
    selected = components.table(
        found.head(500), key="unshipped", alt="Changes approved and not shipped", is_selectable=True,
        columns={
            "approved_at": components.instants("Approved (UTC)", width=140),
            "key": st.column_config.TextColumn("Record", width=120),
            "title": st.column_config.TextColumn("Title", width=220),
            "days": st.column_config.NumberColumn("Days since", format="%.0f", width=80),
            "service": st.column_config.TextColumn("Service", width=110),
            "change_type": st.column_config.TextColumn("Type", width=80),
            "state": st.column_config.TextColumn("State", width=80),
        },
        of=take_away.provenance(asked, len(found)),
    )  # fmt: skip
    components.open_selected(selected, found)


if __name__ == "__main__":
    show()
