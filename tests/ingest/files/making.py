"""Small factories for the tests of file import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from ingest.files.importing import import_file
from ingest.files.mapping import FileMapping, parse_mapping
from ingest.files.results import ImportResult
from ingest.store import RawStore


def mapping(text: str, head: str = "") -> FileMapping:
    """Return a mapping whose ``[[record]]`` sections are ``text``."""
    return parse_mapping(f'name = "test"\nsource = "src"\n{head}\n{text}', "test mapping")


def changes(fields: str = 'title = "title"', head: str = "", key: str = 'key = "id"') -> FileMapping:
    """Return a mapping of one section of changes."""
    return mapping(f'[[record]]\nkind = "change"\n{key}\n[record.fields]\n{fields}\n', head)


def write(folder: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def load(store: RawStore, folder: Path, text: str | bytes, how: FileMapping, name: str = "rows.csv") -> ImportResult:
    """Write and import a file."""
    return import_file(store, write(folder, text, name), how)


def payloads(store: RawStore, table: str = "record_changes") -> list[dict[str, Any]]:
    """Return all payloads of a stream, by key."""
    rows = store.con.execute(f"select payload from raw.{table} order by record_key, payload_sha256").fetchall()
    return [orjson.loads(payload) for (payload,) in rows]


def records(store: RawStore, table: str = "record_changes") -> list[dict[str, Any]]:
    """Return the mapped records of a stream, by key."""
    return [payload["record"] for payload in payloads(store, table)]


def rejected(store: RawStore) -> list[tuple[str, str, str]]:
    """Return (reason, where it came from, payload) of every row set aside."""
    rows = store.con.execute("select reason, request_url, payload from raw.rejected order by request_url").fetchall()
    return [(str(a), str(b), str(c)) for a, b, c in rows]
