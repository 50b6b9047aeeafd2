"""Which reader a file needs, and whether it is what it says: path, permission, magic bytes.

Owns the errors that have nothing to do with columns. Refuses to read on when a file is something else.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from ingest.files.csv_rows import read_csv
from ingest.files.json_rows import read_json_document, read_json_lines
from ingest.files.mapping import FileMapping
from ingest.files.rows import Batch, Reader, Wanted
from ingest.files.tables import read_parquet, read_xlsx
from models.errors import InputError

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "jsonl": read_json_lines,
    "json": read_json_document,
    "parquet": read_parquet,
    "xlsx": read_xlsx,
}
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
}
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "xlsx"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (XLS)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_NEXT = {
    "gzip": "unpack it first: gunzip --keep FILE",
    "zstd": "unpack it first: zstd -d FILE",
    "HTML": "this is often a login page saved instead of the export; export the file again while signed in",
    "an old Excel workbook (XLS)": "save it as .xlsx or .csv",
}


def file_format(path: Path, mapping: FileMapping | None = None) -> str:
    """Return the file's format by mapping or extension, after checking that the content agrees.

    Raises:
        InputError: No such file, a folder, not readable, empty, of unknown format, or something else inside.
    """
    start = _first_bytes(path)
    form = (mapping.format if mapping else None) or SUFFIXES.get(path.suffix.lower())
    found = content_of(start)
    if form is None and found in READERS:
        form = found
    if form is None and found:
        raise InputError(
            f"The file is {found}, which is not read.",
            where=str(path),
            kept="nothing was stored",
            next_step=_NEXT.get(found, f"export it as one of {', '.join(READERS)}").replace(
                "FILE", shlex.quote(path.name)
            ),
        )
    if form is None:
        raise InputError(
            f"The extension '{path.suffix}' does not tell the file's format.",
            where=str(path),
            kept="nothing was stored",
            next_step=f"set format in the mapping to one of {', '.join(READERS)}",
        )
    is_text = form in {"csv", "jsonl", "json"}
    encoding = mapping.dialect.encoding if mapping else "utf-8"
    if is_text and found == "UTF-16 text" and encoding.lower().startswith("utf-16"):
        found = ""
    if found in {"UTF-16 text"} and is_text:
        raise InputError(
            f"The file is UTF-16 text, not {encoding}.",
            where=str(path),
            kept="nothing was stored",
            next_step='set dialect.encoding = "utf-16" in the mapping',
        )
    if (found and found != form) or (not is_text and found != form):
        shown = found or "something else (text?)"
        raise InputError(
            f"The file is said to be {form}, but it is {shown}.",
            where=str(path),
            kept="nothing was stored",
            next_step=_NEXT.get(shown, "export the file again, or set format in the mapping").replace(
                "FILE", shlex.quote(path.name)
            ),
        )
    return form


def content_of(start: bytes) -> str:
    """Return what the first bytes of a file give away; empty for plain text."""
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text"
    opening = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if opening.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "HTML"
    if opening.startswith(b"<?xml"):
        return "XML"
    unprintable = sum(byte < 9 or 13 < byte < 32 for byte in start)
    return "binary" if start and unprintable > len(start) * 0.1 else ""


def _first_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(
                "This is a folder, not a file.",
                where=str(path),
                kept="nothing was stored",
                next_step="name one file; several are imported one after the other",
            )
        with path.open("rb") as file:
            start = file.read(4096)
    except FileNotFoundError:
        raise InputError(
            "There is no such file.", where=str(path), kept="nothing was stored",
            next_step="look at its name and folder, or put its path in quotes if that holds spaces",
        ) from None  # fmt: skip
    except PermissionError:
        raise InputError(
            "The file may not be read: permission denied.",
            where=str(path),
            kept="nothing was stored",
            next_step=f"chmod u+r {shlex.quote(path.name)}, or run as the user who may read it",
        ) from None
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.", where=str(path), kept="nothing was stored",
            next_step="copy it to a disk of this machine, and import the copy",
        ) from error  # fmt: skip
    if not start.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(
            "The file is empty.", where=str(path), kept="nothing was stored", next_step="export the file again"
        )
    return start


def read_file(path: Path, mapping: FileMapping, wanted: Wanted) -> Iterator[Batch]:
    """Yield the rows of a file, batch by batch; raises ``InputError`` as the format's reader does."""
    return iter(READERS[file_format(path, mapping)](path, mapping, wanted))


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
