"""Overview: what moved, whether it matters, and which changes to open."""

from __future__ import annotations

import streamlit as st

from app import attention, charts, components, findings, frame, lanes, metric_page, queries, readings, timelines, wording
from app.attention import Item
from app.findings import HEADLINE_METRICS, Reading
from app.frame import Frame

UNAUTHORISED = "unauthorised_deployment_rate"
CARD_LINKS = {
    "approval_latency": ("views/approvals.py", "See approvals"),
    "change_failure_rate": ("views/change_failures.py", "See change failures"),
    "overlapping_windows": ("views/change_windows.py", "See change windows"),
}
LANES_HEIGHT = 300
LONG_REASON = 60


def show() -> None:
    """Show the page."""
    asked = frame.current()
    found = {name: readings.reading(asked, name) for name in HEADLINE_METRICS}
    unauthorised = readings.reading(asked, UNAUTHORISED)
    known = [reading for reading in found.values() if reading is not None]
    if known and all(metric_page.is_empty(reading) for reading in known):
        components.page_title("Overview", "", asked.build)
        components.nothing_matches(
            asked.choice.describe(),
            f"This build holds records from {wording.day(asked.facts.first)} to {wording.day(asked.facts.last)}.",
        )
        return
    sentence = findings.overview_sentence(known, unauthorised)
    components.page_title(sentence, components.question(asked.choice), asked.build)
    _cards(asked, found)
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _lanes(asked)
    with right:
        _attention(asked)
    _caption(asked)


def _cards(asked: Frame, found: dict[str, Reading | None]) -> None:
    columns = st.columns(4, gap="small")
    for column, (name, reading) in zip(columns, found.items(), strict=False):
        with column:
            if reading is None:
                components.absent_card(wording.sentence(wording.words(name)), "This build has no such metric.")
            else:
                components.metric_card(reading, *CARD_LINKS[name])
    with columns[3]:
        components.absent_card(
            "Process drift", "Not measured in this build: it holds no drift model, so nothing is said about it here."
        )


def _lanes(asked: Frame) -> None:
    weeks = lanes.lane_weeks(asked.build, asked.choice.filter)
    crossed = lanes.crossings(asked.build, asked.choice.filter)
    st.subheader(lanes.title(crossed), anchor=False)
    if not weeks:
        st.caption("No decision and no production deployment in the period.")
        return
    colours = charts.palette(frame.is_dark())
    st.plotly_chart(
        timelines.lanes(weeks, crossed, colours, height=LANES_HEIGHT),
        key="lanes",
        config=charts.CONFIG,
        alt=f"{lanes.title(crossed)}. Two lanes by week: decisions above, production deployments below, and lines from "
        "the week of approval to the week of deployment. The table below holds the same numbers.",
    )
    st.caption(
        "Lines join the week of approval to the week of deployment; dashed: approved after the deployment began."
    )
    with st.expander("The same as a table"):
        components.table(lanes.table(weeks, crossed), key="lane_rows", alt="Both tracks by week")


def _attention(asked: Frame) -> None:
    found = attention.items(asked.build, asked.choice.filter)
    st.subheader("Needs a look", anchor=False)
    if not found:
        st.caption(
            "Nothing in the period has a reason to be looked at: no deployment failed or went without valid approval."
        )
        return
    with st.container(height=LANES_HEIGHT + 76, border=False, gap="xsmall"):
        for item in found:
            _item(item)


def _item(item: Item) -> None:
    st.page_link(
        components.CHANGE_PAGE,
        label=f"**{wording.inert(item.key, 28)}** {wording.inert(item.title, 44)} "
        f":gray[· {wording.short_day(item.at)}]  \n{wording.inert(item.reasons, 220)}",
        help=wording.inert(item.reasons, 400) if len(item.reasons) > LONG_REASON else None,
        query_params={item.kind: item.record_id},
        width="stretch",
    )


def _caption(asked: Frame) -> None:
    parts = [f"Records to {wording.instant(asked.facts.last)}", f"build {asked.build.build_id}"]
    late = [s.source for s in queries.sources(asked.build) if s.is_late(asked.build.as_of)]
    parts.append(f"late sources: {wording.inert(', '.join(late))}" if late else "no late sources")
    if (unclassified := queries.unclassified_share(asked.build)) is not None:
        parts.append(f"{wording.share(unclassified)} of events unclassified")
    st.caption(" · ".join(parts))


if __name__ == "__main__":
    show()
