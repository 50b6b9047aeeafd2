"""``twotrack why``: how one record was classified, event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.options import Command, shared_options
from app.session import Session, aligned
from models.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ACTIVITY = ("occurred_at", "track", "activity", "verb", "actor", "rule_id", "reason", "time_quality", "source",
             "source_event_id", "url")  # fmt: skip
_SUGGESTED = 5
_EXACT = {"change": "$record in (change_id, key, url)", "deployment": "$record in (deployment_id, url)"}
# As pages call it: an issue by the name in its address, anything else by the last part of its id.
_AS_SHOWN = {
    "change": "ends_with(url, '/browse/' || $record) or ends_with(change_id, '/' || $record)",
    "deployment": "ends_with(deployment_id, '/' || $record)",
}
_ALIKE = f"""
    select change_id as id from marts.changes where contains(change_id, $record)
    union all select deployment_id from marts.deployments where contains(deployment_id, $record)
    order by id limit {_SUGGESTED}
"""


@click.command(
    "why",
    cls=Command,
    examples=(
        "twotrack why PAY-500",
        "twotrack why github:acme/checkout#42",
        "twotrack why https://tracker.example/browse/CHG-1042 --json",
    ),
)
@click.argument("record", metavar="RECORD")
@shared_options
@click.pass_obj
def command(session: Session, record: str) -> None:
    """Explain how one record was classified, event by event.

    RECORD is the id of a change, deployment or activity as `twotrack metric --records` shows it, its name on the
    dashboard, the key the source uses, or the record's address. Each event comes with the track and activity it
    counts as, and the rule that decided so.
    """
    from app.published import open_build

    with open_build(session.workspace) as (build_id, con):
        kind, record_id, facts = find(con, record)
        events = _activities(con, kind, record_id)
    session.answer({"build_id": build_id, "kind": kind, "id": record_id, "record": facts, "activities": events})
    session.say(f"{kind} {record_id}")
    session.say(aligned([(f"  {name}", value) for name, value in facts.items() if value is not None]))
    session.say()
    if not events:
        session.say("No event of this record is known.")
        return
    shown = ("occurred_at", "track", "activity", "actor", "rule_id", "reason")
    session.say(aligned([[event[name] for name in shown] for event in events], shown))


def find(con: DuckDBPyConnection, record: str) -> tuple[str, str, dict[str, Any]]:
    """Return (kind, id, its row) of the one record that ``record`` names."""
    found = _named(con, record, _EXACT) or _named(con, record, _AS_SHOWN) or _by_activity(con, record)
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"'{record}' names {len(found)} records.",
            next_step="choose one of: "
            + ", ".join(record_id for _, record_id, _ in found[:_SUGGESTED])
            + (f" … and {len(found) - _SUGGESTED:,} more" if len(found) > _SUGGESTED else ""),
        )
    near = [row["id"] for row in _rows(con, _ALIKE, record)]
    raise InputError(
        f"The published build holds no record '{record}'.",
        next_step=f"one of these? {', '.join(near)}" if near else "twotrack metric NAME --records lists ids",
    )


def _named(con: DuckDBPyConnection, record: str, names: dict[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (kind, str(row[f"{kind}_id"]), row)
        for kind, condition in names.items()
        for row in _rows(con, f"select * from marts.{kind}s where {condition} order by {kind}_id", record)
    ]


def _by_activity(con: DuckDBPyConnection, record: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what an activity or source event belongs to: its change, else its deployment, else itself."""
    # An activity's id is spelled out when it is read; its source event, which it begins with, is what is kept.
    rows = _rows(
        con, "select * from marts.activities "
        "where source_event_id in ($record, regexp_replace($record, ':[^:]*:[^:]*$', '')) "
        "and (activity_id = $record or source_event_id = $record) order by activity_id", record,
    )  # fmt: skip
    found = {}
    for row in rows:
        for kind in ("change", "deployment"):
            if row[f"{kind}_id"] is not None:
                found[kind, str(row[f"{kind}_id"])] = row
                break
        else:
            found[str(row["subject_kind"]), str(row["subject_id"])] = row
    return [(kind, record_id, row) for (kind, record_id), row in found.items()]


def _activities(con: DuckDBPyConnection, kind: str, record_id: str) -> list[dict[str, Any]]:
    column = f"{kind}_id" if kind in {"change", "deployment"} else "subject_id"
    return _rows(
        con, f"select {', '.join(_ACTIVITY)} from marts.activities where {column} = $record "
        "order by occurred_at nulls last, track, activity_id", record_id,
    )  # fmt: skip


def _rows(con: DuckDBPyConnection, query: str, record: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = con.sql(query, params={"record": record}).to_arrow_table().to_pylist()
    return rows
