"""Changing a pack as somebody would who hides something, and the checks that fail afterwards."""

from __future__ import annotations

import zipfile
from pathlib import Path

from app.reports import bag, signing
from app.reports.verify import Asked, verify
from tests.reports.conftest import Keys


def failures(pack: Path, keys: Keys | None, **asked: object) -> dict[str, str]:
    key = signing.load_public(keys.public) if keys else None
    lines = list(verify(pack, Asked(key, **asked)))  # type: ignore[arg-type]
    return {line.name: line.found for line in lines if line.state == "fails"}


def bag_again(pack: Path) -> None:
    """Regenerate both manifests and the payload's size, as somebody who hides an edit would."""
    payload = sorted(p for p in pack.joinpath("data").rglob("*") if p.is_file())
    (pack / bag.MANIFEST).write_text("".join(f"{bag.digest(p)}  {p.relative_to(pack).as_posix()}\n" for p in payload))
    info = (pack / bag.INFO).read_text().splitlines()
    size = f"Payload-Oxum: {sum(p.stat().st_size for p in payload)}.{len(payload)}"
    (pack / bag.INFO).write_text("\n".join(size if line.startswith("Payload-Oxum") else line for line in info) + "\n")
    tags = sorted(p.name for p in pack.iterdir() if p.is_file() and p.name != bag.TAG_MANIFEST)
    (pack / bag.TAG_MANIFEST).write_text("".join(f"{bag.digest(pack / name)}  {name}\n" for name in tags))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def zipped(path: Path, entries: list[tuple[str, bytes, int]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return path
