"""Columns that say how long something took, and in which unit.

Owns which of them tell an end that no column states. Refuses to guess a unit: a number without one could be seconds or
milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ingest.files.lexicon import plain_name
from ingest.files.sniff import Look

_LENGTH = re.compile(
    r"(^|_)(duration|elapsed|run_?time|lead_time|cycle_time|mttr|ttr|time_to_[a-z]+|to_(resolve|restore|recover|first_ack)"
    r"|(resolution|restoration|recovery|restore|repair|outage|handle|handling|response|wait|queue)_(time|duration)|downtime"
    r"|(resolution|restoration|recovery|outage|handle)_(s|sec|secs|seconds|min|mins|minutes|h|hr|hrs|hours|days))(_|$)"
)
_UNITS: Mapping[str, Sequence[str]] = {
    "milliseconds": ("ms", "msec", "msecs", "millis", "milliseconds", "millisecond"),
    "seconds": ("s", "sec", "secs", "seconds", "second"),
    "minutes": ("min", "mins", "minutes", "minute"),
    "hours": ("h", "hr", "hrs", "hours", "hour"),
    "days": ("d", "day", "days"),
}
_TOOK = r"(^|_)(duration|elapsed|run_?time)(_|$)"
# The end that is told, what it is counted from, and the names that say so.
_ENDS: Mapping[str, tuple[str, Sequence[str], str]] = {
    "deployment": ("finished_at", ("started_at",), _TOOK),
    "run": ("finished_at", ("started_at",), _TOOK),
    "window": ("planned_end_at", ("planned_start_at",), _TOOK),
    "incident": (
        "resolved_at",
        ("started_at", "created_at"),
        rf"{_TOOK}|to_(resolve|restore|recover)|mttr|(resolution|restoration|recovery|restore|outage)_|downtime",
    ),
}


def is_length(look: Look, column: str) -> bool:
    """Whether a column's name says how long something took, and its texts are numbers or clocks."""
    values = look.values(column)
    return bool(_LENGTH.search(_words(column)) and values) and all(re.fullmatch(r"[0-9][0-9.,:]*", v) for v in values)


def unit_of(look: Look, column: str) -> str | None:
    """Return the unit that a column's name states, or that its texts show; ``None`` where nothing does."""
    values = look.values(column)
    if values and all(re.fullmatch(r"[0-9]+:[0-5][0-9]:[0-5][0-9]([.][0-9]+)?", value) for value in values):
        return "clock"
    words = _words(column).split("_")
    found = [unit for unit, names in _UNITS.items() if set(names) & set(words)]
    return found[0] if len(found) == 1 and not any(":" in value for value in values) else None


# Opsgenie's own report of an alert, whose lengths are in milliseconds without saying so.
_REPORTED = {"report_close_time": "milliseconds"}


def told_end(look: Look, kind: str, fields: Mapping[str, str]) -> tuple[str, str, str, str | None] | None:
    """Return the end that no column states but a length does: its field, the field counted from, column and unit."""
    if kind not in _ENDS:
        return None
    end, starts, names = _ENDS[kind]
    start = next((name for name in starts if name in fields), None)
    if end in fields or start is None:
        return None
    reported = next((c for c in look.columns if plain_name(c) in _REPORTED and kind == "incident"), None)
    if reported is not None and all(value.isdigit() for value in look.values(reported)):
        return end, start, reported, _REPORTED[plain_name(reported)]
    columns = [c for c in look.columns if c not in fields.values() and is_length(look, c)]
    told = [column for column in columns if re.search(names, _words(column))]
    return (end, start, told[0], unit_of(look, told[0])) if told else None


def _words(column: str) -> str:
    """Return a column's name with its unit, which often stands in brackets."""
    return plain_name(re.sub(r"[()\[\]]", " ", column))
