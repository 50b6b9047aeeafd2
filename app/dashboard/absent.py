"""Pages whose kind of source has brought nothing yet: what is missing, what it would unlock, how to add it.

Owns which kind of record each part of the dashboard needs, and what is said where records ended long before the build.
A period without records is another state, and so is a build of an earlier version.
"""

from __future__ import annotations

import streamlit as st

from app import wording
from app.dashboard import components
from app.dashboard.frame import Frame
from app.published import NOTHING_DATED, where_records_end
from app.questions import queries
from app.questions.builds import Build

_READ = "twotrack doctor\ntwotrack sync\ntwotrack build"
_NAME = '[[service]]\nname = "payments"\nteam = "Money"'
_TYPE = '[[word]]\nwhat = "issue_type"\nword = "Deployment request"\nmeans = "change"'
# Kind of record → what is missing, what it would unlock, and what to run or write.
UNLOCKS = {
    "decision": (
        "No decision is on record: no source has brought a review, an approval or a rejection.",
        "Reviews of pull and merge requests, approvals of change tickets and imported approval records unlock approval "
        "latency, first responses, conditions, separation of duties and what governance caught.",
        _READ,
    ),
    "production_deployment": (
        "No deployment to production is on record.",
        "Deployments and releases of GitHub, GitLab and Jenkins, and imported deployment records, unlock change "
        "failures, recovery, lead times and whether what shipped had been approved.",
        _READ,
    ),
    "window": (
        "No change window is on record.",
        "Change tickets with planned start and end, calendars, freezes and imported change exports unlock overlaps, "
        "notice and work outside its window.",
        _READ,
    ),
    "incident": (
        "No incident is on record.",
        "Incidents of PagerDuty, Opsgenie, Jira or an import unlock failures that were neither rolled back nor "
        "reverted. Without them, only rollbacks and reverts count.",
        _READ,
    ),
    "team": (
        "No record has a team.",
        "Drift and advice are judged per team. Give services their teams in twotrack.toml, such as below, and build "
        "again.",
        _NAME,
    ),
}


def nothing_dated(build: Build) -> None:
    """Say that a build holds nothing that could be measured, and what its events would need to be."""
    if later := queries.all_after(build):
        components.missing("Nothing in this build had happened by its instant.", later, "twotrack build")
        return
    events = queries.event_count(build)
    if not events:
        components.missing(
            NOTHING_DATED, "Sync a source or import a file, then build again.", "twotrack sync\ntwotrack build"
        )
        return
    components.missing(
        NOTHING_DATED,
        f"It does hold {wording.plural(events, 'event')}, of items that are none of these. A tracker's item is a change"
        " or an incident when its type or a label says so; types with names of your own are told in twotrack.toml,"
        " such as below. Then build again.",
        _TYPE,
    )


def note_old_records(asked: Frame) -> None:
    """Say that the newest records are much older than the build, and how to judge them as of their own time."""
    if found := where_records_end(asked.build.as_of, asked.facts.last, asked.facts.straggling):
        said, end = found
        st.info(f"{said} `twotrack build --as-of {end:%Y-%m-%d}`", icon=":material/history:")


def is_missing(build: Build, *kinds: str) -> bool:
    """Say what a page needs and this build has none of at all; returns whether anything was said."""
    held = queries.kinds(build)
    for kind in kinds:
        if kind not in held:
            components.missing(*UNLOCKS[kind])
            return True
    return False
