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
        VerificationError: There is a link or anything that is neither file nor folder.
    """
    found: list[str] = []
    for base, folders, files in os.walk(folder, followlinks=False):
        for name in [*folders, *files]:
            path = Path(base, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise VerificationError(f"{relative} is a link")
            if not path.is_dir() and not path.is_file():
                raise VerificationError(f"{relative} is neither a file nor a folder")
            if path.is_file() and path.stat().st_nlink > 1:
                raise VerificationError(f"{relative} is a hard link; its content can be changed from elsewhere")
        found += [Path(base, name).relative_to(folder).as_posix() for name in files]
    return sorted(found)


def read(folder: Path) -> Listed:
    """Return what a bag's own files say.

    Raises:
        VerificationError: One of them is missing or malformed, or lists a name that leads out of the bag.
    """
    if (folder / "fetch.txt").exists():
        raise VerificationError("fetch.txt asks to load files from elsewhere")
    if _text(folder, "bagit.txt").replace("\r\n", "\n") != _DECLARATION:
        raise VerificationError("bagit.txt does not declare a bag of version 0.97 in UTF-8")
    return Listed(_manifest(folder, MANIFEST), _manifest(folder, TAG_MANIFEST), _info(_text(folder, INFO)))


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VerificationError(f"{name} is missing or unreadable") from error


def _manifest(folder: Path, name: str) -> dict[str, str]:
    listed: dict[str, str] = {}
    for number, line in enumerate(_text(folder, name).splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if not match:
            raise VerificationError(f"line {number} of {name} is not '<sha-256>  <path>'")
        path = match[2]
        if not is_inside(path):
            raise VerificationError(f"{name} lists {path!r}, which leads out of the bag")
        if path in listed:
            raise VerificationError(f"{name} lists {path!r} twice")
        listed[path] = match[1]
    return listed


def is_inside(path: str) -> bool:
    """Return whether a relative path stays within its folder and is spelled plainly."""
    pure = PurePosixPath(path)
    return (
        bool(path)
        # A percent sign could hide a name that another reader of the standard decodes.
        and not set(path) & {"\\", "%", "\x00"}
        and not pure.is_absolute()
        and path == pure.as_posix()
        and all(part not in {"..", ".", ""} for part in pure.parts)
        and not re.match(r"[A-Za-z]:", path)
    )


def _info(text: str) -> dict[str, str]:
    """Return bag-info's labels and values; continued lines are joined by a space."""
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if line[:1] in {" ", "\t"} and last:
            found[last] += " " + line.strip()
            continue
        label, colon, value = line.partition(":")
        if not colon or label in found:
            raise VerificationError(f"bag-info.txt has a line that is no 'label: value', or {label!r} twice")
        last, found[label] = label, value.strip()
    return found
