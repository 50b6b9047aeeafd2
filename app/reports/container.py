"""Opening a pack to check it: a folder as it is, or a ZIP file unpacked with care.

Owns what a pack may come in. A ZIP file is somebody else's input: it is never unpacked beyond its limits, outside its
folder, or through a link.
"""

from __future__ import annotations

import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.reports import bag
from models.errors import InputError, VerificationError

ENVELOPE_SUFFIX = ".dsse.json"
LARGEST_ENVELOPE = 1 << 20
_CHUNK = 1 << 20
# PKWARE's Unix field, the one in which an entry can name another file that it is a link to.
_HARD_LINK = 0x000D
_END_SIZE = 22
_FIELD = struct.Struct("<HH")


@dataclass(frozen=True)
class Limits:
    """How much a ZIP file may unpack to: bytes in all, entries, and how many times its own size."""

    size: int = 4 << 30
    entries: int = 200_000
    ratio: int = 200
    # A small file may be packed very tightly without being a bomb.
    ratio_from: int = 64 << 20


@dataclass(frozen=True)
class Opened:
    """A pack to be checked: its folder, its name, its signed statement if there is one, and where it came from."""

    folder: Path
    name: str
    envelope: bytes | None
    given: Path


@contextmanager
def opened(path: Path, limits: Limits | None = None) -> Iterator[Opened]:
    """Yield a pack given as a folder or a ZIP file.

    Raises:
        InputError: There is nothing at ``path``.
        VerificationError: The ZIP file is damaged, too large, or holds what a pack never holds.
    """
    if path.is_symlink():
        raise VerificationError(f"{path.name} is a link")
    if path.is_dir():
        yield Opened(
            path, path.resolve().name, _beside(path.resolve().with_name(path.resolve().name + ENVELOPE_SUFFIX)), path
        )
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="twotrack-verify-") as scratch:
            yield _unpacked(path, Path(scratch), limits or Limits())
    else:
        raise InputError("There is no such pack.", where=str(path), next_step="give the pack's folder or ZIP file")


def _beside(path: Path) -> bytes | None:
    if not path.exists():
        return None
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_ENVELOPE:
        raise VerificationError(f"{path.name} is no plain file of a statement's size")
    return path.read_bytes()


def _unpacked(path: Path, scratch: Path, limits: Limits) -> Opened:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _sound_entries(archive, path.stat().st_size, limits, ends_plainly=_ends_plainly(path))
            spent = 0
            for entry in entries:
                spent += _extract(archive, entry, scratch, limits.size - spent)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise VerificationError(f"{path.name} is no readable ZIP file ({type(error).__name__})") from error
    tops = sorted(child for child in scratch.iterdir())
    folders = [child for child in tops if child.is_dir()]
    statements = [child for child in tops if child.is_file()]
    if len(folders) != 1 or any(one.name != folders[0].name + ENVELOPE_SUFFIX for one in statements):
        raise VerificationError(f"{path.name} does not hold one pack, and at most its statement")
    envelope = _beside(statements[0]) if statements else _beside(path.with_name(folders[0].name + ENVELOPE_SUFFIX))
    return Opened(folders[0], folders[0].name, envelope, path)


def _sound_entries(
    archive: zipfile.ZipFile, packed: int, limits: Limits, *, ends_plainly: bool
) -> list[zipfile.ZipInfo]:
    """Return the entries to unpack; refuses the archive by what its directory claims, before anything is unpacked."""
    entries = archive.infolist()
    # What stands before or behind the entries could be a second archive, which another program would open instead.
    if not ends_plainly or archive.comment or min((entry.header_offset for entry in entries), default=0) != 0:
        raise VerificationError("it holds something before its first or behind its last entry")
    if len(entries) > limits.entries:
        raise VerificationError(f"it holds {len(entries):,} entries; a pack has at most {limits.entries:,}")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.rstrip("/") if entry.is_dir() else entry.filename
        if not bag.is_inside(name) or entry.orig_filename != entry.filename:
            raise VerificationError(f"it holds {entry.orig_filename!r}, which leads out of the pack or is ambiguous")
        if name.casefold() in seen:
            raise VerificationError(f"it holds {entry.filename!r} twice")
        seen.add(name.casefold())
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or _HARD_LINK in _extra_fields(entry.extra):
            raise VerificationError(f"{entry.filename!r} is a link or a special file")
        if entry.flag_bits & 1:
            raise VerificationError(f"{entry.filename!r} is encrypted")
    total = sum(entry.file_size for entry in entries)
    if total > limits.size:
        raise VerificationError(f"it would unpack to {total:,} bytes; a pack has at most {limits.size:,}")
    if total > limits.ratio_from and total > limits.ratio * max(packed, 1):
        raise VerificationError(f"it would unpack to {total // max(packed, 1):,} times its size, like a ZIP bomb")
    return entries


def _ends_plainly(path: Path) -> bool:
    """Return whether a ZIP file's last bytes are the end of its directory, with nothing after them."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _END_SIZE, 0))
        return file.read().startswith(b"PK\x05\x06")


def _extra_fields(extra: bytes) -> set[int]:
    """Return the kinds of an entry's extra fields."""
    found: set[int] = set()
    while len(extra) >= _FIELD.size:
        kind, size = _FIELD.unpack_from(extra)
        found.add(kind)
        extra = extra[_FIELD.size + size :]
    return found


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, scratch: Path, left: int) -> int:
    """Unpack one entry and return its size; stops at the size it claims, whatever the stream goes on to give."""
    target = scratch / entry.filename
    if entry.is_dir():
        # A folder is unpacked as well: whether a pack has one that is empty is for its check to see.
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > min(entry.file_size, left):
                raise VerificationError(f"{entry.filename!r} unpacks to more than it claims")
            file.write(chunk)
    return written
