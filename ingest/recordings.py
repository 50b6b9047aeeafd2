"""Recorded responses on disk: reading the two forms we know, and writing one.

* ``*.jsonl``: one response a line, ``{url, request, status, headers, body, fetched_at}``, as ``FileRecorder`` writes.
* ``*.csv`` with columns ``data`` and ``url`` (and ``input``, ``created_at``): one *item* of a response a row, as
  DevLake's raw tables keep them. Rows of one response share file, url, input and created_at.

Owns the file formats. Refuses to know what a response means.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import orjson

from ingest.connector import Response
from ingest.items import misshapen
from models.errors import InputError


@dataclass(frozen=True)
class Recording:
    """One recorded response: ``body`` as the source sent it, or the ``items`` it was taken apart into.

    Args:
        malformed: (text, reason) of items that are not JSON.
    """

    place: str
    url: str
    request: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    fetched_at: datetime | None = None
    body: Any = None
    items: Sequence[Any] | None = None
    malformed: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Unreadable:
    """A file or line that is no recording."""

    place: str
    reason: str


def read_recordings(directory: Path) -> Iterator[Recording | Unreadable]:
    """Yield every recorded response under a folder, in the order of the files' names.

    CSV files without the two columns are other things than recordings and are passed over.

    Raises:
        InputError: There is no such folder.
    """
    if not directory.is_dir():
        raise InputError(
            "There is no folder with recorded responses.", where=str(directory), next_step="check the path of --replay"
        )
    for path in sorted(directory.rglob("*")):
        if path.suffix == ".jsonl" and path.is_file():
            yield from _read_lines(path, directory)
        elif path.suffix == ".csv" and path.is_file():
            yield from _read_items(path, directory)


def _read_lines(path: Path, directory: Path) -> Iterator[Recording | Unreadable]:
    name = str(path.relative_to(directory))
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            place = f"{name}:{number}"
            try:
                entry = orjson.loads(line)
                yield Recording(
                    place,
                    str(entry["url"]),
                    entry.get("request") or {},
                    {k.lower(): v for k, v in (entry.get("headers") or {}).items()},
                    int(entry.get("status") or 200),
                    _instant(entry.get("fetched_at")),
                    entry.get("body"),
                )
            except orjson.JSONDecodeError as error:
                yield Unreadable(place, f"no JSON ({error})")
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                yield Unreadable(place, f"no recorded response: {misshapen(error)}")


def _read_items(path: Path, directory: Path) -> Iterator[Recording | Unreadable]:
    name = str(path.relative_to(directory))
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            # Some recordings begin with an empty line, which would be taken for the header.
            rows = csv.DictReader(dropwhile(lambda line: not line.strip(), lines))
            if not {"data", "url"} <= set(rows.fieldnames or ()):
                return
            found = list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        yield Unreadable(name, f"not readable as CSV ({error})")
        return

    def response_of(row: dict[str, str]) -> tuple[str, str, str]:
        return (row["url"] or "", row.get("input") or "", row.get("created_at") or "")

    # Stable, so that the items of a response keep their order.
    for (url, asked, at), items in groupby(sorted(found, key=response_of), key=response_of):
        good: list[Any] = []
        malformed: list[tuple[str, str]] = []
        for row in items:
            try:
                good.append(orjson.loads(row["data"] or ""))
            except orjson.JSONDecodeError as error:
                malformed.append((row["data"] or "", f"not JSON: {error}"))
        yield Recording(name, url, _object(asked), fetched_at=_instant(at), items=good, malformed=malformed)


def _object(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _instant(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class FileRecorder:
    """Appends every answer to ``<name>.jsonl`` in a folder, one a line, ready for a replay."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"{name}.jsonl"

    def record(self, response: Response, status: int) -> None:
        """Append one answer."""
        line = orjson.dumps(
            {
                "url": response.url,
                "request": dict(response.request),
                "status": status,
                "headers": dict(response.headers),
                "body": response.body,
                "fetched_at": response.fetched_at,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        with self._path.open("ab") as file:
            file.write(line)
