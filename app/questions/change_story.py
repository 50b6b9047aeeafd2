"""One change, or one deployment, through both tracks: its records, its events and why each was classified as it was.

Owns the look-ups by id and the words for people. Names stay out: a person is what they did here ("requester",
"approver 1"); the source's own page and evidence packs carry names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD

MOST_EVENTS = 1000
MOST_RELATED = 50
TRACKS = {
    "change_governance": "Change governance",
    "release_execution": "Release execution",
    "neither": "Neither",
    "unclassified": "Unclassified",
}


@dataclass(frozen=True)
class Event:
    """One act on the change: what, in which track, by whom in this story, and the rule that decided."""

    at: datetime | None
    track: str
    activity: str
    verb: str
    who: str
    title: str
    rule_id: str
    reason: str
    sign: str
    is_dual: bool
    time_quality: str
    url: str | None


@dataclass(frozen=True)
class Story:
    """A change or deployment with everything the page shows; rows are dictionaries by column name."""

    kind: str
    record: dict[str, Any]
    changes: tuple[dict[str, Any], ...]
    deployments: tuple[dict[str, Any], ...]
    decisions: tuple[dict[str, Any], ...]
    windows: tuple[dict[str, Any], ...]
    incidents: tuple[dict[str, Any], ...]
    events: tuple[Event, ...]
    conditions: tuple[dict[str, Any], ...] = ()
    duties: tuple[dict[str, Any], ...] = ()
    completeness: dict[str, Any] | None = None
    stages: dict[str, Any] | None = None


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def of_change(build: Build, change_id: str) -> Story | None:
    """Return a change's story, with the ticket it implements or the changes that implement it; ``None`` if unknown."""
    found = _rows(build, "select * from marts.changes where change_id = ?", [change_id])
    if not found:
        return None
    record = found[0]
    related = _rows(
        build,
        "select * from marts.changes where (change_id = ? or ticket_id = ?) and change_id <> ? "
        f"order by created_at, change_id limit {MOST_RELATED}",
        [record["ticket_id"], change_id, change_id],
    )
    ids = [change_id, *(row["change_id"] for row in related)]
    deployments = _rows(
        build,
        f"""
        select l.change_id, l.link_basis, l.lead_seconds, l.authorisation_class, l.reason, d.*
        exclude (authorisation_class) from marts.deployment_changes l
        join marts.deployments d on d.deployment_id = l.deployment_id
        where l.change_id = ? order by d.started_at, d.deployment_id limit {MOST_RELATED}
        """,
        [change_id],
    )
    return _story(build, "change", record, tuple(related), deployments, ids)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def of_deployment(build: Build, deployment_id: str) -> Story | None:
    """Return a deployment's story with the changes it carried; ``None`` if unknown."""
    found = _rows(build, "select * from marts.deployments where deployment_id = ?", [deployment_id])
    if not found:
        return None
    carried = _rows(
        build,
        f"""
        select c.*, l.link_basis, l.lead_seconds, l.authorisation_class, l.reason
        from marts.deployment_changes l join marts.changes c on c.change_id = l.change_id
        where l.deployment_id = ? order by c.created_at, c.change_id limit {MOST_RELATED}
        """,
        [deployment_id],
    )
    return _story(build, "deployment", found[0], tuple(carried), tuple(found), [row["change_id"] for row in carried])


def _story(
    build: Build,
    kind: str,
    record: dict[str, Any],
    changes: tuple[dict[str, Any], ...],
    deployments: Sequence[dict[str, Any]],
    change_ids: Sequence[str],
) -> Story:
    deployment_ids = [row["deployment_id"] for row in deployments]
    return Story(
        kind,
        record,
        changes,
        tuple(deployments),
        tuple(_of(build, "marts.decisions", "change_id", change_ids, "decided_at, decision_id")),
        tuple(_of(build, "marts.windows", "change_id", change_ids, "planned_start_at, window_id")),
        tuple(_of(build, "marts.incidents", "deployment_id", deployment_ids, "opened_at, incident_id")),
        tuple(_events(build, change_ids, deployment_ids, record)),
        tuple(_if_held(build, "marts.conditions", "change_id", change_ids, "change_id, position")),
        tuple(
            _if_held(build, "marts.separation_of_duties", "change_id", change_ids[:1], "test, occurred_at, record_id")
        ),
        next(iter(_if_held(build, "marts.change_completeness", "change_id", change_ids[:1], "change_id")), None),
        next(iter(_if_held(build, "marts.change_stages", "change_id", change_ids[:1], "change_id")), None),
    )


def _events(
    build: Build, change_ids: Sequence[str], deployment_ids: Sequence[str], record: dict[str, Any]
) -> list[Event]:
    if not build.has("marts.activities"):
        return []
    conditions: list[str] = []
    values: list[object] = []
    for column, ids in (("change_id", change_ids), ("deployment_id", deployment_ids)):
        if ids:
            conditions.append(f"{column} in ({', '.join('?' * len(ids))})")
            values += ids
    if not conditions:
        return []
    rows = _rows(
        build,
        f"select * from marts.activities where {' or '.join(conditions)} "
        f"order by occurred_at nulls last, track, activity_id limit {MOST_EVENTS}",
        values,
    )
    names = cast_of(rows, record.get("requester"))
    return [
        Event(
            row["occurred_at"], row["track"], row["activity"], row["verb"], names.get(row["actor"], "unknown"),
            _what(row), row["rule_id"], row["reason"] or "", row["sign"] or "", bool(row["is_dual"]),
            row["time_quality"] or "", row["url"],
        )
        for row in rows
    ]  # fmt: skip


def _what(row: dict[str, Any]) -> str:
    """Return what happened; a request for somebody's review names nobody here."""
    if row["verb"] == "review_requested":
        return "a review was asked for"
    return row["title"] or wording.words(row["verb"])


def cast_of(rows: Iterable[dict[str, Any]], requester: str | None) -> dict[str | None, str]:
    """Return what each person is called in this story: by their first part in it; automation keeps its name."""
    names: dict[str | None, str] = {requester: "requester"} if requester else {}
    counts: dict[str, int] = {}
    for row in rows:
        actor = row["actor"]
        if actor is None or actor in names:
            continue
        if row["actor_type"] == "bot":
            names[actor] = f"automation ({actor})"
            continue
        part = {"approved": "approver", "deployed": "deployer", "reviewed": "reviewer", "rejected": "approver"}.get(
            row["activity"], "participant"
        )
        counts[part] = counts.get(part, 0) + 1
        names[actor] = f"{part} {counts[part]}"
    return names


def sentence(story: Story) -> str:
    """Return what became of a change, as one sentence."""
    record = story.record
    if story.kind == "deployment":
        return _deployment_sentence(record, len(story.changes))
    parts = []
    asked, approved, deployed = record["requested_at"], record["effective_approval_at"], record["first_deployed_at"]
    parts.append(
        f"Asked for on {wording.instant(asked)}" if asked else f"Created on {wording.instant(record['created_at'])}"
    )
    if approved and asked:
        parts.append(f"approved {wording.duration((approved - asked).total_seconds())} later")
    elif approved:
        parts.append(f"approved on {wording.instant(approved)}")
    elif record["approval_basis"] == "standard":
        parts.append("approved in advance as a standard change")
    else:
        parts.append("no approval in force on record")
    if deployed and approved:
        lead = (deployed - approved).total_seconds()
        said = f"{wording.duration(abs(lead))} {'after' if lead >= 0 else 'before'} its approval"
        parts.append(f"first deployed {said}")
    elif deployed:
        parts.append(f"first deployed on {wording.instant(deployed)}")
    else:
        parts.append("not known to have been deployed")
    failed = sum(bool(row["is_failed"]) for row in story.deployments)
    if failed:
        parts.append(f"{wording.plural(failed, 'deployment')} of it needed intervention")
    return ", ".join(parts) + "."


def _deployment_sentence(record: dict[str, Any], carried: int) -> str:
    parts = [f"Started on {wording.instant(record['started_at'])}" if record["started_at"] else "Start unknown"]
    parts.append(f"outcome {record['outcome'].replace('_', ' ')}")
    parts.append(f"carried {wording.plural(carried, 'change')}" if carried else "no change known to be in it")
    if record["unauthorised_reason"]:
        parts.append(f"not validly authorised at its start ({record['unauthorised_reason']})")
    if record["is_failed"]:
        parts.append(f"needed intervention ({record['failure_reasons']})")
    return ", ".join(parts) + "."


_STAGES = (
    ("first_response_seconds", "first response"),
    ("rework_seconds", "rework"),
    ("approval_seconds", "approval"),
    ("merge_seconds", "merge"),
    ("deploy_seconds", "production"),
)


def stages_sentence(stages: dict[str, Any]) -> str:
    """Return how the time from the request to production divides; the stages add up to the whole."""
    parts = [f"{label} {wording.duration(stages[name])}" for name, label in _STAGES if stages[name]]
    moved = ", one instant out of order moved" if stages["is_reordered"] else ""
    return f"{wording.duration(stages['whole_seconds'])} from the request on: {', '.join(parts)}{moved}."


def worked_example(build: Build) -> tuple[str, str] | None:
    """Return (id, title) of the change whose story in both tracks is the fullest, to show how to read one.

    Looked for among the changes whose conditions were all met.
    """
    return _fullest(build) if build.has("marts.activities", "marts.conditions") else None


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def _fullest(build: Build) -> tuple[str, str] | None:
    statement = """
        with candidates as (
            select change_id as story_id from marts.conditions
            group by change_id having count(*) = count(*) filter (where status = 'met')
            order by count(*) desc, change_id limit 50
        ),
        stories as (
            select c.change_id, k.story_id from candidates k
            join marts.changes c on c.change_id = k.story_id or c.ticket_id = k.story_id
        ),
        acts as (
            select s.story_id, a.activity_id, a.activity, a.track
            from stories s join marts.activities a on a.change_id = s.change_id
            union
            select s.story_id, a.activity_id, a.activity, a.track
            from stories s
            join marts.deployment_changes l on l.change_id = s.change_id
            join marts.activities a on a.deployment_id = l.deployment_id
        ),
        fullest as (
            select story_id from acts where track in ('change_governance', 'release_execution')
            group by story_id having count(distinct track) = 2
            order by count(distinct activity) desc, count(*) desc, story_id limit 1
        )
        select c.change_id, coalesce(c.title, c.key)
        from fullest f join marts.changes c on c.change_id = f.story_id
    """
    found = cursor(build).execute(statement).fetchall()
    return (found[0][0], found[0][1]) if found else None


def _if_held(build: Build, table: str, column: str, ids: Sequence[str], order: str) -> list[dict[str, Any]]:
    return _of(build, table, column, ids, order) if build.has(table) else []


def _of(build: Build, table: str, column: str, ids: Sequence[str], order: str) -> list[dict[str, Any]]:
    if not ids:
        return []
    marks = ", ".join("?" * len(ids))
    return _rows(build, f"select * from {table} where {column} in ({marks}) order by {order} limit 200", list(ids))


def _rows(build: Build, statement: str, values: Sequence[object]) -> list[dict[str, Any]]:
    found = cursor(build).execute(statement, list(values))
    columns = [column[0] for column in found.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
