"""The demo's files: the change calendar exported from an ITSM tool, and the audit log of feature flags.

Owns the two CSV files and their import through the committed mappings. They lie in a temporary folder, since an export
is gone once it was imported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from ingest.demo.calendar import iso
from ingest.demo.model import Story
from ingest.demo.organisation import rules_dir
from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.store import RawStore

_ZONE = ZoneInfo("Europe/London")
_WINDOWS = (
    "number",
    "type",
    "short_description",
    "business_service",
    "cmdb_ci",
    "u_environment",
    "assignment_group",
    "assigned_to",
    "u_release",
    "state",
    "risk",
    "opened_at",
    "start_date",
    "end_date",
    "work_start",
    "work_end",
)
_FLIPS = ("id", "time", "flag", "service", "environment", "actor", "before", "after", "comment", "ticket")


def import_files(store: RawStore, story: Story) -> Iterator[tuple[str, int, int]]:
    """Write both files, import them, and yield per stream how many records came and how many were set aside."""
    with TemporaryDirectory() as folder:
        for name, header, rows in (
            ("change_windows", _WINDOWS, window_rows(story)),
            ("flag_audit", _FLIPS, flip_rows(story)),
        ):
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as handle:
                writer = csv.writer(handle)
                writer.writerow(header)
                writer.writerows(rows)
            result = import_file(store, path, load_mapping(rules_dir() / f"{name}.toml"))
            for counts in result.streams:
                yield counts.stream, counts.records, counts.rejected


def window_rows(story: Story) -> Iterator[Sequence[str]]:
    """Yield the calendar's rows as the tool exports them: local times, a repeated row, one that is no date."""
    for place, window in enumerate(w for w in story.windows if w.opened_at <= story.organisation.end):
        actual = [at if at <= story.organisation.end else 0 for at in window.actual or (0, 0)]
        row = (
            window.number,
            window.change_type or window.kind,
            window.title,
            window.service,
            window.component,
            window.environment,
            window.group,
            window.implementer,
            window.release,
            window.state,
            window.risk,
            _local(window.opened_at),
            *map(_local, window.planned),
            *map(_local, actual),
        )
        yield row
        if place % 97 == 5:
            yield row
    yield (
        "CHG0099999",
        "normal",
        "Entered by hand",
        "warehouse",
        "",
        "production",
        "fulfilment",
        "",
        "",
        "Closed",
        "Low",
        "soon",
        "tomorrow evening",
        "",
        "",
        "",
    )


def flip_rows(story: Story) -> Iterator[Sequence[str]]:
    """Yield the audit log's rows."""
    for place, flip in enumerate(f for f in story.flips if f.at <= story.organisation.end):
        yield (
            f"F{place:06d}",
            iso(flip.at),
            flip.flag,
            flip.service,
            flip.environment,
            flip.by,
            flip.old,
            flip.new,
            flip.comment,
            flip.ticket,
        )


def _local(at: int) -> str:
    return datetime.fromtimestamp(at, _ZONE).strftime("%d-%m-%Y %H:%M:%S") if at else ""
