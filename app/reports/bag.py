"""A pack as a BagIt bag (RFC 8493): made with the ``bagit`` library, and read strictly when it is checked.

Owns the bag's own files. Refuses to know what the payload says. Reading is stricter than the standard: a bag with a
file that no manifest lists, a link, or a name that leads elsewhere is no bag to us.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from models.errors import VerificationError

MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
INFO = "bag-info.txt"
README = "README.md"
_DECLARATION = "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_CHUNK = 1 << 20
# As many files as a pack may hold, each with its digest and a long name; and far more than a description needs.
LARGEST_MANIFEST = 64 << 20
LARGEST_TAG = 1 << 20
# Letters that only look alike, or are one letter on one system and two on another, are in no name of ours.
_PLAIN_NAME = re.compile(r"[\x20-\x7e]+")


def make(folder: Path, info: dict[str, str], readme: str) -> None:
    """Turn a folder that holds only ``data/`` into a bag in place."""
    # Only whoever makes a bag needs the library; whoever checks one does not.
    import bagit

    payload = folder / "data"
    # The library moves what it finds into data/, so it is given the payload itself.
    staging = folder.with_name(folder.name + ".bagging")
    payload.rename(staging)
    folder.rmdir()
    bagit.make_bag(str(staging), dict(info), checksums=["sha256"])
    staging.rename(folder)
    (folder / README).write_text(readme, encoding="utf-8", newline="")
    # Written anew, with the README in it, and with the two spaces that `sha256sum -c` asks for.
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != TAG_MANIFEST)
    lines = "".join(f"{digest(folder / name)}  {name}\n" for name in names)
    (folder / TAG_MANIFEST).write_text(lines, encoding="utf-8", newline="")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def digest(path: Path) -> str:
    """Return a file's SHA-256 as 64 hex digits."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


@dataclass(frozen=True)
class Listed:
    """A bag's files as its manifests list them, path → SHA-256, and its description."""

    payload: dict[str, str]
    tags: dict[str, str]
    info: dict[str, str]


def walk(folder: Path) -> list[str]:
    """Return every file of a folder as a relative path with ``/``.

    Raises:
        VerificationError: There is a link, anything that is neither file nor folder, or a folder that holds no file: no
            manifest lists a folder, so one that somebody added would say something that nothing covers.
    """
    found: list[str] = []

    def refuse(error: OSError) -> None:
        # A folder that cannot be looked into could hide anything.
        raise VerificationError(f"{Path(str(error.filename)).name} cannot be looked into ({error.strerror})")

    for base, folders, files in os.walk(folder, followlinks=False, onerror=refuse):
        for name in [*folders, *files]:
            path = Path(base, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise VerificationError(f"{relative} is a link")
            if not path.is_dir() and not path.is_file():
                raise VerificationError(f"{relative} is neither a file nor a folder")
            if path.is_file() and path.stat().st_nlink > 1:
                raise VerificationError(f"{relative} is a hard link; its content can be changed from elsewhere")
        if not folders and not files:
            raise VerificationError(
                f"{Path(base).relative_to(folder).as_posix()} is an empty folder, which no pack has"
            )
        found += [Path(base, name).relative_to(folder).as_posix() for name in files]
    return sorted(found)


def read(folder: Path) -> Listed:
    """Return what a bag's own files say.

    Raises:
        VerificationError: One of them is missing or malformed, or lists a name that leads out of the bag.
    """
    if (folder / "fetch.txt").exists():
        raise VerificationError("fetch.txt asks to load files from elsewhere")
    if _text(folder, "bagit.txt") != _DECLARATION:
        raise VerificationError("bagit.txt does not declare a bag of version 0.97 in UTF-8")
    listed = Listed(_manifest(folder, MANIFEST), _manifest(folder, TAG_MANIFEST), _info(_text(folder, INFO)))
    seen: dict[str, str] = {}
    for path in [*listed.payload, *listed.tags]:
        if (other := seen.setdefault(path.casefold(), path)) != path:
            raise VerificationError(f"{path!r} and {other!r} are one file where names do not tell capitals apart")
    return listed


def _text(folder: Path, name: str, largest: int = LARGEST_TAG) -> str:
    """Return a tag file's text as it is: line ends untouched, so that every reader sees the same lines."""
    path = folder / name
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > largest:
            raise VerificationError(f"{name} is missing, a link, or larger than {largest >> 20} MB")
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VerificationError(f"{name} is unreadable") from error


def _manifest(folder: Path, name: str) -> dict[str, str]:
    listed: dict[str, str] = {}
    # Lines end where `sha256sum -c` ends them, and nowhere else.
    for number, line in enumerate(_text(folder, name, LARGEST_MANIFEST).removesuffix("\n").split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if not match:
            raise VerificationError(f"line {number} of {name} is not '<sha-256>  <path>'")
        path = match[2]
        if not is_inside(path):
            raise VerificationError(f"{name} lists {path!r}, which leads out of the bag or is spelled ambiguously")
        if path in listed:
            raise VerificationError(f"{name} lists {path!r} twice")
        listed[path] = match[1]
    return listed


def is_inside(path: str) -> bool:
    """Return whether a relative path stays within its folder and is spelled plainly, with one reading."""
    pure = PurePosixPath(path)
    return (
        _PLAIN_NAME.fullmatch(path) is not None
        # A percent sign could hide a name that another reader of the standard decodes.
        and not set(path) & {"\\", "%", ":"}
        and not pure.is_absolute()
        and path == pure.as_posix()
        and all(part not in {"..", ".", ""} for part in pure.parts)
    )


def _info(text: str) -> dict[str, str]:
    """Return bag-info's labels and values; continued lines are joined by a space."""
    found: dict[str, str] = {}
    last = ""
    for line in text.removesuffix("\n").split("\n"):
        if line[:1] in {" ", "\t"} and last:
            found[last] += " " + line.strip()
            continue
        label, colon, value = line.partition(":")
        if not colon or label in found:
            raise VerificationError(f"bag-info.txt has a line that is no 'label: value', or {label!r} twice")
        last, found[label] = label, value.strip()
    return found
