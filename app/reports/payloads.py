"""Raw payloads of sampled changes, as their source returned them, with secrets and addresses taken out.

Owns which payloads belong to a change and what is hidden in them. Each keeps the SHA-256 under which the raw store
holds it, so that whoever may see the store can compare.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from duckdb import DuckDBPyConnection

from app.reports import delimited
from app.reports.packing import write_text
from ingest.secrets import HIDDEN, Scrubber

INDEX = "raw/index.csv"
INDEX_COLUMNS = ("change_id", "file", "stream", "record_key", "fetched_at", "sha256_in_store", "is_redacted")
_SECRET_NAME = re.compile(
    r"(?i)(?:.*[_-])?(?:token|secret|password|passwd|authorization|credential|api_?key|private_?key|cookie)s?"
)
_SECRET_TEXT = re.compile(
    r"AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|xox[abprs]-[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ADDRESS_HIDDEN = "[e-mail hidden]"
_LONGEST_NAME = 120
_BATCH = 500


@dataclass(frozen=True)
class Wanted:
    """A change whose payloads are asked for: its source, and the keys its records have there."""

    change_id: str
    source: str
    keys: tuple[str, ...]


def record_key(source_event_id: str | None) -> str | None:
    """Return the raw record's key from ``source:stream:key``."""
    parts = (source_event_id or "").split(":", 2)
    return parts[2] if len(parts) == 3 else None


def write(con: DuckDBPyConnection, data: Path, wanted: Sequence[Wanted], until: datetime | None) -> int:
    """Write one file per change that has payloads, one after the other, and their index; returns the index's rows.

    Args:
        con: A connection to the raw store.
        data: The pack's ``data`` folder.
        wanted: The changes.
        until: Payloads fetched later belong to later builds.
    """
    found = groupby(_held(con, wanted, until), key=itemgetter(0, 1))
    current = next(found, None)
    taken: set[str] = set()

    def rows() -> Iterator[tuple[object, ...]]:
        nonlocal current
        for one in sorted(wanted, key=lambda item: (item.change_id, item.source)):
            if current is None or current[0] != (one.change_id, one.source):
                yield (one.change_id, *[None] * (len(INDEX_COLUMNS) - 1))
                continue
            payloads = [_shaped(*row[2:]) for row in current[1]]
            file = _free(f"raw/{_safe(one.source)}/{_safe(_file_key(one))}", one.change_id, taken)
            document = {"change_id": one.change_id, "source": one.source, "payloads": payloads}
            write_text(data / file, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
            for p in payloads:
                yield (
                    one.change_id, file, p["stream"], p["record_key"], p["fetched_at"], p["sha256_in_store"],
                    p["is_redacted"],
                )  # fmt: skip
            current = next(found, None)

    return delimited.write_rows(data / INDEX, INDEX_COLUMNS, rows())


def _free(name: str, change_id: str, taken: set[str]) -> str:
    """Return a file's name; one that differs from another by capitals only gets a hash: some systems see one name."""
    if name.casefold() in taken:
        name += "-" + hashlib.sha256(change_id.encode()).hexdigest()[:16]
    taken.add(name.casefold())
    return name + ".json"


def _file_key(one: Wanted) -> str:
    """Return what a file is called: the change's key at its source, its whole id beside another source's payloads."""
    source, _, key = one.change_id.partition(":")
    return key if key and source == one.source else one.change_id


def write_none(data: Path, wanted: Iterable[Wanted]) -> None:
    """Write an index that says of every change that no payload is held."""
    rows = ((one.change_id, *[None] * (len(INDEX_COLUMNS) - 1)) for one in wanted)
    delimited.write_rows(data / INDEX, INDEX_COLUMNS, rows)


def _held(con: DuckDBPyConnection, wanted: Sequence[Wanted], until: datetime | None) -> Iterator[tuple[Any, ...]]:
    """Yield (change, source, stream, payload's columns …) of every payload wanted, by change and source."""
    con.execute("create or replace temp table wanted (change_id VARCHAR, source VARCHAR, record_key VARCHAR)")
    keys = [(one.change_id, one.source, key) for one in wanted for key in one.keys]
    con.execute(
        "insert into wanted select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[])",
        [[key[place] for key in keys] for place in range(3)],
    )
    tables = con.execute(
        "select table_name from information_schema.columns where table_schema = 'raw' and column_name = 'payload' "
        "and table_name <> 'rejected' order by table_name"
    ).fetchall()
    if not tables:
        return
    cursor = con.execute(" union all ".join(_of_table(str(name)) for (name,) in tables) + " order by all", [until])
    while rows := cursor.fetchmany(_BATCH):
        yield from rows


def _of_table(table: str) -> str:
    """Return SQL that finds a raw table's payloads by the record they are about."""
    # Records that files and pushes bring name the change they are about; other sources nest keys below it, so that a
    # payload is about every prefix of its key that ends at a slash.
    about = (
        "[coalesce(payload->>'$.record.change_key', payload->>'$.record.subject_key', record_key)]"
        if table.startswith("record_")
        else "list_transform(range(1, len(string_split(record_key, '/')) + 1), "
        "lambda n: array_to_string(string_split(record_key, '/')[1:n], '/'))"
    )
    return f"""
        select distinct w.change_id, w.source, '{table.replace("_", ".", 1)}' as stream, p.record_key, p.payload,
            p.payload_sha256, p.version_at, p.fetched_at, p.request_url
        from (select *, unnest({about}) as about from raw.{table} where $1::timestamp is null or fetched_at <= $1) p
        inner join wanted w on w.source = p.source and w.record_key = p.about"""


def _shaped(
    stream: str, key: str, payload: str, digest: str, version_at: datetime | None, fetched_at: datetime, url: str | None
) -> dict[str, Any]:
    value = json.loads(payload)
    shown = redacted(value)
    return {
        "stream": stream,
        "record_key": key,
        "version_at": None if version_at is None else version_at.isoformat() + "Z",
        "fetched_at": fetched_at.isoformat() + "Z",
        "request": None if url is None else Scrubber().url(url),
        "sha256_in_store": digest,
        "is_redacted": shown != value,
        "payload": shown,
    }


def redacted(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a JSON value without what looks like a secret, and without e-mail addresses."""
    if isinstance(value, dict):
        return {key: HIDDEN if _is_secret(key, item) else redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, str):
        text = _SECRET_TEXT.sub(HIDDEN, Scrubber().text(value))
        return _ADDRESS.sub(_ADDRESS_HIDDEN, text)
    return value


def _is_secret(key: str, value: object) -> bool:
    return isinstance(value, str) and bool(value) and _SECRET_NAME.fullmatch(key) is not None


def _safe(name: str) -> str:
    """Return a file name that is the same on every system: other characters as ``=XX``, long names shortened."""
    encoded = quote(name, safe="").replace("%", "=")
    if len(encoded) <= _LONGEST_NAME and encoded.strip("."):
        return encoded
    return encoded.strip(".")[:_LONGEST_NAME].rpartition("=")[0] + "-" + hashlib.sha256(name.encode()).hexdigest()[:16]


def keys_of(rows: Iterable[tuple[str, str, str, str | None]]) -> list[Wanted]:
    """Return what to ask for from (change, source, key, source event), one entry per change and source."""
    by_change: dict[tuple[str, str], set[str]] = {}
    for change_id, source, key, event in rows:
        found = by_change.setdefault((change_id, source), set())
        found |= {name for name in (key, record_key(event)) if name}
    return [Wanted(change, source, tuple(sorted(keys))) for (change, source), keys in sorted(by_change.items())]
