"""Annotations people enter, in the workspace's SQLite journal: deliberate changes to the process, by day.

Owns one table. Readers write it while builds are read-only, which is why it is a file of its own. No names of persons
are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from app.journal.file import opened, text_of
from app.questions import builds

LONGEST = 200
_SCHEMA = """
create table if not exists annotations (
    annotation_id integer primary key,
    happened_on text not null,
    text text not null,
    team text,
    starts_baseline integer not null default 0,
    entered_at text not null
)
"""


@dataclass(frozen=True)
class Annotation:
    """A deliberate change: "automated approvals on 3 May"; one may start a new baseline for drift."""

    annotation_id: int
    happened_on: date
    text: str
    team: str | None
    starts_baseline: bool


def entered(path: Path) -> list[Annotation]:
    """Return all annotations, oldest first; none when there is no journal yet."""
    if not path.is_file():
        return []
    with opened(path, _SCHEMA) as con:
        found = con.execute(
            "select annotation_id, happened_on, text, team, starts_baseline from annotations "
            "order by happened_on, annotation_id"
        ).fetchall()
    return [Annotation(key, date.fromisoformat(on), text, team, bool(starts)) for key, on, text, team, starts in found]


def annotate(
    path: Path, happened_on: date, text: str, *, team: str | None = None, starts_baseline: bool = False
) -> None:
    """Enter an annotation. Raises ``InputError`` for an empty or very long text."""
    words = text_of(text, LONGEST, "An annotation")
    with opened(path, _SCHEMA) as con:
        con.execute(
            "insert into annotations (happened_on, text, team, starts_baseline, entered_at) values (?, ?, ?, ?, ?)",
            [
                happened_on.isoformat(),
                words,
                team,
                int(starts_baseline),
                datetime.now(UTC).isoformat(timespec="seconds"),
            ],
        )


def withdraw(path: Path, annotation_id: int) -> None:
    """Remove an annotation."""
    with opened(path, _SCHEMA) as con:
        con.execute("delete from annotations where annotation_id = ?", [annotation_id])


def notes_between(first: date, last: date, *teams: str) -> list[tuple[date, str]]:
    """Return this workspace's annotations within a span of days, for charts; of some teams, or of all without a choice.

    An annotation without a team is about everybody; one with a team is named with it unless that team alone is asked.
    """
    return [
        (
            note.happened_on,
            note.text if note.team is None or list(teams) == [note.team] else f"{note.team}: {note.text}",
        )
        for note in entered(builds.workspace().journal_path)
        if first <= note.happened_on <= last and (not teams or note.team is None or note.team in teams)
    ]
