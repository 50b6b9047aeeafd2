"""Change: one change through both tracks on one timeline, and why every event was classified as it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import components, exhibits, frame, take_away, touring
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.figures import style, timelines
from app.figures.timelines import Moment
from app.questions import change_story
from app.questions.change_story import TRACKS, Event, Story


def show() -> None:
    """Show the page."""
    asked = frame.current()
    change_id, deployment_id = st.query_params.get("change"), st.query_params.get("deployment")
    if change_id:
        story = change_story.of_change(asked.build, change_id)
    elif deployment_id:
        story = change_story.of_deployment(asked.build, deployment_id)
    else:
        components.page_title("Change", "", asked.build)
        st.markdown("This page shows one change. Open it from a row or a link of another page.")
        st.page_link("views/overview.py", label="Go to the Overview", icon=":material/arrow_back:")
        return
    if story is None:
        components.page_title("Change", "", asked.build)
        st.warning(
            f"This build holds no record “{wording.inert(change_id or deployment_id, 120)}”. It may have come with a "
            "later build, or the link is from another workspace.",
            icon=":material/link_off:",
        )
        return
    _head(asked, story)
    _timeline(story, touring.offer(story))
    _events(story)
    _related(story)


def _head(asked: Frame, story: Story) -> None:
    record = story.record
    key = wording.short_key(record["key"], record["url"])
    title = record["title"] or key
    components.name_tab(key)
    components.page_title(f"{wording.inert(key, 60)} {wording.inert(title, 160)}", "", asked.build)
    facts = {
        "Type": record.get("change_type"),
        "Risk": record.get("risk"),
        "State": record.get("state") or record.get("outcome"),
        "Service": record["service"],
        "Team": record["team"],
        "Environment": record.get("environment"),
    }
    said = " · ".join(f"{name}: {wording.inert(value, 60)}" for name, value in facts.items() if value)
    st.caption(said or "Nothing says its type, service or team.")
    st.markdown(f"**{change_story.sentence(story)}**")
    if story.kind == "change" and story.stages and story.stages["whole_seconds"]:
        st.markdown(change_story.stages_sentence(story.stages))
    components.source_link(record["url"])


def _timeline(story: Story, marked: tuple[datetime, ...]) -> None:
    tracks = (style.GOVERNANCE, style.EXECUTION)
    moments = [_moment(event, event.at) for event in story.events if event.at and event.track in tracks]
    if not moments:
        st.info("No event of either track is on record for it.", icon=":material/timeline:")
        return
    governance = sum(m.track == style.GOVERNANCE for m in moments)
    shared = sum(m.is_dual and m.track == style.GOVERNANCE for m in moments)
    title = f"{wording.plural(governance, 'act')} of governance, {len(moments) - governance:,} of release"
    if shared:
        title += f"; {shared:,} of them {'is' if shared == 1 else 'are'} both at once"
    st.header(title, anchor=False)
    exhibits.chart(
        timelines.timeline(moments, style.palette(frame.is_dark()), marked=marked), key="timeline",
        of=_of(story, len(moments), "events"),
        alt=f"{title}, on one time axis with a lane per track. The table below holds every event.",
    )  # fmt: skip
    if shared:
        st.caption("A dotted line joins an event that decides and executes at once: it stands in both tracks.")


def _of(story: Story, n: int, what: str) -> Provenance:
    """Return what a part of the page answers: one change's events, windows, conditions."""
    record = wording.short_key(str(story.record["key"] or "this record"), story.record["url"])
    return take_away.provenance(frame.current(), n, f"{what} of {record}")


def _moment(event: Event, at: datetime) -> Moment:
    text = (
        f"{wording.instant(at)}<br>{wording.words(event.activity)}: {wording.chart_text(event.title, 80)}"
        f"<br>{wording.chart_text(event.who)}<br>rule {wording.chart_text(event.rule_id)}"
    )
    return Moment(at, event.track, wording.words(event.activity), text, event.is_dual)


def _events(story: Story) -> None:
    st.header("Every event, and why it is in its track", anchor=False)
    if not story.events:
        st.caption("This build holds no events for it.")
        return
    is_exact = all(event.time_quality == "exact" for event in story.events)
    rows = pd.DataFrame(
        {
            "When (UTC)": [event.at for event in story.events],
            "Track": [
                TRACKS.get(event.track, event.track) + (" (both)" if event.is_dual else "") for event in story.events
            ],
            "Activity": [wording.words(event.activity) for event in story.events],
            "Who": [event.who for event in story.events],
            "What happened": [event.title for event in story.events],
            "Why classified this way": [_why(event) for event in story.events],
            "Rule": [event.rule_id for event in story.events],
            "Time": [event.time_quality for event in story.events],
            "Source": [wording.safe_url(event.url) for event in story.events],
        }
    )
    components.table(
        rows,
        key="events",
        alt="Every event of this change",
        columns={
            "When (UTC)": components.instants(width=125),
            "Track": st.column_config.TextColumn(width=125),
            "Activity": st.column_config.TextColumn(width=80),
            "Who": st.column_config.TextColumn(width=80),
            "What happened": st.column_config.TextColumn(width=145 if is_exact else 125),
            "Why classified this way": st.column_config.TextColumn(width=175 if is_exact else 145),
            "Rule": st.column_config.TextColumn(width=110 if is_exact else 95),
            **({} if is_exact else {"Time": st.column_config.TextColumn(width=65, help="exact, bounded or inferred")}),
            "Source": st.column_config.LinkColumn(display_text="open", width=55),
        },
        of=_of(story, len(rows), "events"),
    )
    times = "Every time is exact. " if is_exact else ""
    st.caption(
        f"{times}Double-click a cell to read text that is cut. Persons appear by their part in this change; the "
        "source's own page and evidence packs carry names."
    )


def _why(event: Event) -> str:
    if event.rule_id == "unclassified":
        return "No rule matched; it counts for neither track."
    return wording.sentence(event.reason) + (f" (matched “{event.sign[:80]}”)" if event.sign else "")


def _related(story: Story) -> None:
    if story.kind == "change" and story.deployments:
        st.header("Deployments that carried it", anchor=False)
        for row in story.deployments:
            _linked(
                "deployment", row["deployment_id"], row["title"] or row["key"],
                f"{wording.instant(row['started_at'])} · {row['outcome']} · "
                f"{_handed_over(row, story.record['effective_approval_at'])} · "
                f"link {row['link_basis']}",
            )  # fmt: skip
    if story.changes:
        st.header("Changes it carried" if story.kind == "deployment" else "Records of the same change", anchor=False)
        for row in story.changes:
            _linked(
                "change", row["change_id"], f"{wording.short_key(row['key'], row['url'])} {row['title'] or ''}",
                _handed_over(row) if story.kind == "deployment"
                else f"{wording.words(row['record_type'] or 'change')} · {row['state']}",
            )  # fmt: skip
    _conditions(story)
    _duties(story)
    if story.windows:
        st.header("Planned and worked windows", anchor=False)
        components.table(
            pd.DataFrame(
                {
                    "Planned (UTC)": [_span(row, "planned") for row in story.windows],
                    "Worked (UTC)": [_span(row, "actual") for row in story.windows],
                    "Note": [_window_note(row) for row in story.windows],
                }
            ),
            key="windows",
            alt="Windows of this change",
            of=_of(story, len(story.windows), "windows"),
        )
    if story.incidents:
        st.header("Incidents linked to its deployments", anchor=False)
        for row in story.incidents:
            title = wording.plain(row["title"] or row["incident_id"], 160)
            st.text(f"{wording.instant(row['opened_at'])}: {title} ({row['kind']}, linked by {row['link_basis']})")


def _conditions(story: Story) -> None:
    """Show the condition ledger: each condition and the event that met it, or none."""
    if not story.conditions:
        return
    met = sum(row["status"] == "met" for row in story.conditions)
    st.header(
        f"{met:,} of {wording.plural(len(story.conditions), 'condition')} of its approval met in time", anchor=False
    )
    components.table(
        pd.DataFrame(
            {
                "Condition": [row["text"] for row in story.conditions],
                "Status": [row["status"] for row in story.conditions],
                "Due (UTC)": pd.to_datetime([row["due_at"] for row in story.conditions]),
                "Met (UTC)": pd.to_datetime([row["met_at"] for row in story.conditions]),
                "Says so": [wording.safe_url(row["evidence_url"]) for row in story.conditions],
            }
        ),
        key="condition_ledger", alt="Conditions of the approval", columns={
            "Condition": st.column_config.TextColumn(width=380), "Status": None, "Due (UTC)": None, "Met (UTC)": None,
            "Says so": st.column_config.LinkColumn(display_text="open", width=70),
        }, of=_of(story, len(story.conditions), "conditions"),
    )  # fmt: skip


def _test_name(test: str) -> str:
    """Return a test's name as the definitions write it: ``sod_1_strict`` → ``SOD-1 strict``."""
    return wording.words(test.replace("sod_", "SOD-", 1))


def _duties(story: Story) -> None:
    """Show the tests of separation of duties, and what the record lacks."""
    lacks = (story.completeness or {}).get("missing")
    if story.kind == "change" and lacks:
        st.markdown(f"The record lacks: {wording.inert(lacks, 200)}.")
    if not story.duties:
        return
    failed = sum(row["result"] == "fail" for row in story.duties)
    said = wording.plural(failed, "test") if failed else "No test"
    title = f"{said} of separation of duties failed"
    st.header(title, anchor=False)
    components.table(
        pd.DataFrame(
            {
                "Test": [_test_name(row["test"]) for row in story.duties],
                "Result": [wording.words(row["result"]) for row in story.duties],
                "Because": [row["reason"] for row in story.duties],
            }
        ),
        key="duties", alt="Tests of separation of duties",
        of=_of(story, len(story.duties), "tests of separation of duties"),
    )  # fmt: skip


def _linked(kind: str, record_id: str, title: str, detail: str) -> None:
    label = f"{wording.inert(title, 90)} :gray[· {wording.inert(detail, 160)}]"
    if st.button(label, key=f"{kind}:{record_id}", type="tertiary", icon=":material/arrow_forward:"):
        st.switch_page(components.CHANGE_PAGE, query_params={kind: record_id})


def _handed_over(row: dict[str, Any], own_approval: datetime | None = None) -> str:
    """Return how a change's approval and its deployment relate; another record of it may have been approved last."""
    if row["authorisation_class"] == "not_collectable":
        return "authorisation cannot be known from this source"
    if row["reason"]:
        return f"not validly authorised at the start: {row['reason']}"
    lead = row["lead_seconds"]
    if lead is None or lead < 0:
        return wording.term(row["authorisation_class"])
    is_later = own_approval and row["started_at"] - timedelta(seconds=lead) > own_approval + timedelta(seconds=1)
    return f"approved {wording.duration(lead)} before" + (", counting its other records" if is_later else "")


def _span(row: dict[str, Any], which: str) -> str:
    start, end = row[f"{which}_start_at"], row[f"{which}_end_at"]
    if start is None:
        return "—"
    return f"{start:%d %b %Y %H:%M} to {end:%d %b %H:%M}" if end else f"from {start:%d %b %Y %H:%M}"


def _window_note(row: dict[str, Any]) -> str:
    notes = []
    if row["planned_end_basis"] in {"median", "default"}:
        notes.append(f"end assumed ({row['planned_end_basis']})")
    if row["is_created_after_start"]:
        notes.append("entered after its start")
    if row["early_seconds"]:
        notes.append(f"began {wording.duration(row['early_seconds'])} early")
    if row["late_seconds"]:
        notes.append(f"ended {wording.duration(row['late_seconds'])} late")
    if row["problem"]:
        notes.append(wording.words(row["problem"]))
    return ", ".join(notes)


if __name__ == "__main__":
    show()
