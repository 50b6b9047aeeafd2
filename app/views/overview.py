"""Overview: what moved, whether it matters, and which changes to open."""

from __future__ import annotations

import streamlit as st

from app import findings, wording
from app.dashboard import components, frame, metric_page, readings, touring, two_lanes
from app.dashboard.frame import Frame
from app.findings import HEADLINE_METRICS, Reading
from app.questions import attention, change_story, drift, queries
from app.questions.attention import Item
from app.questions.drift import Finding

UNAUTHORISED = "unauthorised_deployment_rate"
CARD_LINKS = {
    "approval_latency": ("views/approvals.py", "See approvals"),
    "change_failure_rate": ("views/change_failures.py", "See change failures"),
    "overlapping_windows": ("views/change_windows.py", "See change windows"),
}
LANES_HEIGHT = 280
# What a line holds on a phone.
SHOWN_REASON, SHOWN_KEY = 38, 13
SPARK_WEEKS = 52
_CHOSEN_WEEK = "overview_week"


def show() -> None:
    """Show the page."""
    asked = frame.current()
    if week := st.session_state.pop(_CHOSEN_WEEK, None):
        st.switch_page("views/hand_over.py", query_params={"week": week})
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
    drifting = drift.findings(asked.build, asked.choice.teams) if asked.build.has(*drift.TABLES) else None
    sentence = findings.overview_sentence(known, unauthorised, [f.team for f in drifting or () if f.is_drifting])
    components.page_title(sentence, f"{components.question(asked.choice)}  \n{_reach(asked)}", asked.build)
    _cards(asked, found, drifting)
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        two_lanes.show(asked, st.header, height=LANES_HEIGHT, on_pick=_to_week)
        # Where the sentence's share without approval is taken apart; no card leads there.
        st.page_link(
            "views/hand_over.py", label="See hand-overs and what shipped without approval",
            icon=":material/arrow_forward:", icon_position="right",
        )  # fmt: skip
    with right:
        _attention(asked)
    _tour(asked)


def _cards(asked: Frame, found: dict[str, Reading | None], drifting: list[Finding] | None) -> None:
    columns = st.columns(4, gap="small")
    for column, (name, reading) in zip(columns, found.items(), strict=False):
        with column:
            if reading is None:
                components.absent_card(wording.sentence(wording.words(name)), "This build has no such metric.")
            else:
                components.metric_card(reading, *CARD_LINKS[name])
    with columns[3]:
        _drift_card(asked, drifting)


def _drift_card(asked: Frame, found: list[Finding] | None) -> None:
    if found is None:
        components.absent_card("Process drift", "Not measured in this build: it holds no drift model.")
        return
    drifting = [finding for finding in found if finding.is_drifting]
    judged = [finding for finding in found if finding.state != "not enough data"]
    with st.container(border=True, height="stretch", gap="xsmall"):
        first = drifting[0] if drifting else None
        parts = drift.components_of(asked.build, first.team, first.dimension) if first else []
        st.metric(
            "Process drift",
            f"{len(drifting)} of {wording.plural(len(judged), 'team')}" if judged else "—",
            delta=_rise(first),
            delta_color="red",
            delta_arrow="up",
            delta_description=first.team if first else None,
            help="Teams whose two processes move into one, each judged against its own past by the records in which "
            "the separation that should be visible is not. An indicator, not proof.",
            border=False,
        )
        if parts and first:
            line = [week[1] for week in parts[0].weeks][-SPARK_WEEKS:]
            components.spark(line, f"{drift.LABELS.get(first.dimension or '', '')} of {first.team} by week")
        components.card_foot(_drift_words(first, judged), "views/process_drift.py", "See drift")


def _rise(finding: Finding | None) -> str | None:
    if finding is None or finding.level is None or finding.baseline_rate is None:
        return None
    return wording.difference(finding.level, finding.baseline_rate, "ratio")


def _drift_words(first: Finding | None, judged: list[Finding]) -> str:
    if first is None:
        return "no drift; an indicator, not proof" if judged else "not enough data to judge drift"
    label = drift.LABELS.get(first.dimension or "", "").lower()
    return f"{wording.inert(label)} {wording.share(first.level)}, n\u00a0=\u00a0{first.n:,}"


def _to_week(week: str) -> None:
    """Remember the week that a reader chose in the lanes; a callback cannot leave the page itself."""
    st.session_state[_CHOSEN_WEEK] = week


def _attention(asked: Frame) -> None:
    found = attention.items(asked.build, asked.choice.filter)
    st.header("Needs a look", anchor=False)
    if not found:
        st.caption(
            "Nothing in the period has a reason to be looked at: no deployment failed or went without valid approval."
        )
        return
    with st.container(border=False, gap="xxsmall"):
        for place, item in enumerate(found, start=1):
            _item(place, item)


def _item(place: int, item: Item) -> None:
    """Show one record: why and when, then which."""
    # A short reason leaves its room to the key: whole keys are recognised, and the ends of keys are not.
    room = SHOWN_KEY + max(0, SHOWN_REASON - len(item.reasons))
    st.page_link(
        components.CHANGE_PAGE,
        # One line each, so that ten are seen at once; title and time are on the change's own page.
        label=f"{place}\\. **{wording.inert(item.reasons, SHOWN_REASON)}** "
        f":gray[· {wording.inert(_end_of(item.key, room), room)}]",
        # Help is one more stop for the keyboard: only where the line cuts the reasons.
        help=wording.inert(item.reasons, 400) if len(item.reasons) > SHOWN_REASON else None,
        query_params={item.kind: item.record_id},
        width="stretch",
    )


def _end_of(key: str, room: int) -> str:
    """Return a key that is longer than its room with what tells it from others, its end: ``…atements#156``."""
    return key if len(key) <= room else "…" + key[1 - room :]


def _reach(asked: Frame) -> str:
    """Return how far the records reach, which build this is, which sources are late and how much is unclassified."""
    parts = [f"Records to {wording.instant(asked.facts.last)}", f"build {asked.build.build_id}"]
    late = [s.source for s in queries.sources(asked.build) if s.is_late(asked.build.as_of)]
    parts.append(f"late sources: {wording.inert(', '.join(late))}" if late else "no late sources")
    if (unclassified := queries.unclassified_share(asked.build)) is not None:
        parts.append(f"{wording.share(unclassified)} of events unclassified")
    return " · ".join(parts)


def _tour(asked: Frame) -> None:
    if asked.build.is_demo and (example := change_story.worked_example(asked.build)):
        st.page_link(
            components.CHANGE_PAGE,
            label="Guided tour: one change through both tracks",
            query_params={"change": example[0], touring.PARAMETER: "1"},
            icon=":material/route:",
        )


if __name__ == "__main__":
    show()
