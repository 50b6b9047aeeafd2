"""The single checks of a pack, each one line: what was checked, whether it holds, and what was found.

Owns what each check asks. Refuses to decide what a failed check means; see :mod:`app.reports.verify`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.reports import bag, delimited, recompute, signing
from app.reports.bag import Listed
from app.reports.container import Opened
from models.errors import VerificationError

PROVENANCE = "provenance.json"
PAYLOAD_INDEX = "raw/index.csv"
PACK_FORMAT = 1
# A pack without one of these results is not whole, whatever its own list says.
REQUIRED = (
    "approvals", "automated_rules", "calendars", "capabilities", "change_tests", "conditions", "conflicts", "controls",
    "emergency", "exceptions", "handover", "identities", "loading", "population_changes", "population_completeness",
    "population_deployments", "population_pull_requests", "reconciliation", "reconciliation_totals", "sample_frame",
    "sample_test_matrix", "separation_of_duties", "windows",
)  # fmt: skip
_PLAIN_FILES = {"report.html", "report.pdf", "config.toml", PROVENANCE, recompute.CONTENTS, "sample/test_matrix.xlsx"}
_SHOWN = 3
_TOLERANCE = 1e-9

State = Literal["holds", "fails", "note"]


@dataclass(frozen=True)
class Check:
    """One line: ``fails`` decides the whole; a ``note`` is for the reader and decides nothing."""

    name: str
    state: State
    found: str

    def __str__(self) -> str:
        """Return the line."""
        mark = {"holds": "ok  ", "fails": "FAIL", "note": "note"}[self.state]
        return f"{mark}  {self.name}: {self.found}"


def check(name: str, ask: Callable[[], str]) -> Check:
    """Run one check; what it returns is said, and a failed one says why."""
    try:
        return Check(name, "holds", ask())
    except VerificationError as error:
        return Check(name, "fails", error.what)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Check(name, "fails", f"it cannot be read ({type(error).__name__})")


def files_listed(pack: Opened, listed: Listed) -> str:
    """Every file on disk is listed, and every listed file is on disk."""
    on_disk = set(bag.walk(pack.folder))
    payload, tags = set(listed.payload), set(listed.tags)
    if wrong := sorted(name for name in payload if not name.startswith("data/")):
        raise VerificationError(f"{bag.MANIFEST} lists {_some(wrong)}, which is no payload")
    known = payload | tags | {bag.TAG_MANIFEST}
    if unlisted := sorted(on_disk - known):
        raise VerificationError(f"no manifest lists {_some(unlisted)}")
    if missing := sorted(known - on_disk):
        raise VerificationError(f"{_some(missing)} is listed and not there")
    if untagged := sorted({"bagit.txt", bag.INFO, bag.MANIFEST, bag.README} - tags):
        raise VerificationError(f"{bag.TAG_MANIFEST} does not cover {_some(untagged)}")
    return f"{len(on_disk):,} files, all listed; no links"


def digests(pack: Opened, expected: dict[str, str]) -> str:
    """Every listed file has the digest it is listed with."""
    if wrong := [name for name, digest in sorted(expected.items()) if bag.digest(pack.folder / name) != digest]:
        raise VerificationError(f"{_some(wrong)} differs from its digest")
    return f"{len(expected):,} digests agree"


def payload_size(pack: Opened, listed: Listed) -> str:
    """The payload has as many bytes and files as bag-info says."""
    size = sum((pack.folder / name).stat().st_size for name in listed.payload)
    counted = f"{size}.{len(listed.payload)}"
    if listed.info.get("Payload-Oxum") != counted:
        raise VerificationError(f"bag-info says {listed.info.get('Payload-Oxum')}, there is {counted}")
    return f"{size:,} bytes in {len(listed.payload):,} files"


def signature(pack: Opened, key: Ed25519PublicKey) -> str:
    """The statement beside the pack was signed with the key given."""
    if pack.envelope is None:
        raise VerificationError(f"there is no {pack.name}.dsse.json: the pack is not signed")
    signing.opened(pack.envelope, key)
    return f"signed with the key {signing.fingerprint(key)[:16]}…"


def signed_digest(pack: Opened, statement: dict[str, Any]) -> str:
    """The signed statement is about this pack's tag manifest, and so about every byte of it."""
    subjects = statement["subject"]
    name, digest = subjects[0]["name"], subjects[0]["digest"]["sha256"]
    if len(subjects) != 1 or name != f"{pack.name}/{bag.TAG_MANIFEST}":
        raise VerificationError(f"the statement is about {name!r}, not about this pack")
    if digest != bag.digest(pack.folder / bag.TAG_MANIFEST):
        raise VerificationError(
            "the tag manifest is not the one that was signed: the pack was changed and bagged again"
        )
    return f"sha256 {digest[:16]}… is the tag manifest's"


def same_description(pack: Opened, listed: Listed, statement: dict[str, Any] | None) -> str:
    """Folder, bag-info, provenance and statement all tell of the same pack."""
    stated = _provenance(pack)
    info, question = listed.info, stated["question"]
    if stated["pack_format"] != PACK_FORMAT:
        raise VerificationError(
            f"the pack's format is {stated['pack_format']!r}; this version checks format {PACK_FORMAT}"
        )
    scope = (
        "everything" if question["scope_kind"] == "everything" else f"{question['scope_kind']} {question['scope_name']}"
    )
    told = {
        "name": (pack.name, info.get("External-Identifier"), stated["name"]),
        "build": (info.get("Twotrack-Build"), question["build_id"]),
        "period": (
            (info.get("Twotrack-Period-From"), info.get("Twotrack-Period-To")),
            (question["start_at"], question["end_at"]),
        ),
        "scope": (info.get("Twotrack-Scope"), scope),
        "pack before": (info.get("Twotrack-Previous"), stated["previous"] or "none"),
    }  # fmt: skip
    if statement is not None:
        predicate = statement["predicate"]
        before = predicate["previous"] or {"name": "none", "tagmanifest_sha256": "none"}
        told["signed name"] = (predicate["name"], pack.name)
        told["signed build"] = (predicate["build"], info.get("Twotrack-Build"))
        told["signed period"] = ((predicate["from"], predicate["to"]), (question["start_at"], question["end_at"]))
        told["signed scope"] = (predicate["scope"], scope)
        told["signed pack before"] = (
            (before["name"], before["tagmanifest_sha256"]),
            (info.get("Twotrack-Previous"), info.get("Twotrack-Previous-Digest")),
        )
    if different := [name for name, values in told.items() if len(set(values)) != 1]:
        raise VerificationError(f"they disagree on {', '.join(different)}")
    return f"{scope}, {question['start_at'][:10]} to {question['end_at'][:10]}, build {question['build_id']}"


def row_counts(pack: Opened) -> str:
    """Every CSV file has as many rows as provenance says."""
    stated: dict[str, int] = _provenance(pack)["rows"]
    data = pack.folder / "data"
    found = {path.relative_to(data).as_posix(): path for path in data.rglob("*.csv")}
    if unstated := sorted(found.keys() ^ stated.keys()):
        raise VerificationError(f"{_some(unstated)} is only there or only counted")
    wrong = [
        f"{name} has {counted:,} rows, provenance says {stated[name]:,}"
        for name, path in sorted(found.items())
        if (counted := len(delimited.read(path)[1])) != stated[name]
    ]
    if wrong:
        raise VerificationError(_some(wrong))
    return f"{sum(stated.values()):,} rows in {len(stated):,} files"


def known_kinds(pack: Opened, derived: set[str]) -> str:
    """Every payload file is of a kind that is checked: a table, SQL, a result, a payload of the index, a report."""
    data = pack.folder / "data"
    tables = {table.file for table in recompute.read_contents(data)}
    indexed = {row[1] for row in delimited.read(data / PAYLOAD_INDEX)[1] if row[1]}
    found = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    known = tables | indexed | derived | _PLAIN_FILES | {PAYLOAD_INDEX}
    if unknown := sorted(name for name in found - known if not re.fullmatch(r"sql/[\w./]+\.sql", name)):
        raise VerificationError(f"{_some(unknown)} is not made by anything in the pack")
    if missing := sorted(known - found):
        raise VerificationError(f"{_some(missing)} is missing")
    return f"{len(found):,} payload files of known kinds"


def whole(pack: Opened) -> str:
    """The pack has every result that a pack must have."""
    there = recompute.evidence_files(pack.folder / "data")
    if missing := sorted(set(REQUIRED) - there.keys()):
        raise VerificationError(f"sql/evidence lacks {_some(missing)}")
    return f"{len(there)} results beside the metrics"


def same_result(pack: Opened, made: recompute.Derived) -> str:
    """A result computed again from the packed tables is what the pack holds."""
    held = (pack.folder / "data" / made.file).read_bytes().decode("utf-8")
    if held != made.text:
        difference = _difference(held, made)
        if difference:
            raise VerificationError(difference)
    return "as stated" if made.rows is None else f"{made.rows:,} rows the same"


def _difference(held: str, made: recompute.Derived) -> str:
    """Return the first difference of two texts; empty when only the last digits of computed numbers differ."""
    if made.rows is None:
        return "computed again it is different"
    theirs, ours = list(_cells(held)), list(_cells(made.text))
    if len(theirs) != len(ours):
        return f"it holds {len(theirs) - 1:,} rows, computed again there are {len(ours) - 1:,}"
    for number, (a, b) in enumerate(zip(theirs, ours, strict=True)):
        if len(a) != len(b):
            return f"row {number} has {len(a)} cells, computed again {len(b)}"
        for at, (x, y) in enumerate(zip(a, b, strict=True)):
            is_number = at < len(made.columns) and made.columns[at][1] == "DOUBLE"
            if x != y and not (is_number and number > 0 and _is_close(x, y)):
                return f"row {number}, {ours[0][at]}: it says {_short(x)}, computed again it is {_short(y)}"
    return ""


def _cells(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def _is_close(a: str, b: str) -> bool:
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return abs(x - y) <= _TOLERANCE * max(abs(x), abs(y), 1.0)


def payloads(pack: Opened) -> str:
    """Every sampled change has its payloads in the index, or the index says that none is held."""
    data = pack.folder / "data"
    index = delimited.read(data / PAYLOAD_INDEX)[1]
    sampled = {row[2] for row in delimited.read(data / recompute.SAMPLE)[1]}
    if different := sorted(sampled ^ {row[0] for row in index}):
        raise VerificationError(f"sample and index disagree on {_some(different)}")
    for name in sorted({row[1] for row in index if row[1]}):
        if not bag.is_inside(name) or not (data / name).is_file():
            raise VerificationError(f"the index names {name!r}, which is not there")
        document = json.loads((data / name).read_text(encoding="utf-8"))
        inside = sorted((p["stream"], p["record_key"], p["sha256_in_store"]) for p in document["payloads"])
        stated = sorted((row[2], row[3], row[5]) for row in index if row[1] == name and row[0] == document["change_id"])
        if inside != stated:
            raise VerificationError(f"{name} does not hold the payloads that the index says")
    without = sum(1 for row in index if not row[1])
    held = f"{sum(1 for row in index if row[1]):,} payloads of {len(sampled) - without:,} sampled changes"
    return held + (f"; none is held of {without:,}" if without else "")


def _provenance(pack: Opened) -> dict[str, Any]:
    stated = json.loads((pack.folder / "data" / PROVENANCE).read_text(encoding="utf-8"))
    if not isinstance(stated, dict) or not isinstance(stated.get("tool"), dict):
        raise VerificationError(f"{PROVENANCE} does not say what made the pack")
    return stated


def provenance(pack: Opened) -> dict[str, Any]:
    """Return what a pack says of itself; raises ``VerificationError`` when that cannot be read."""
    try:
        return _provenance(pack)
    except (OSError, ValueError) as error:
        raise VerificationError(f"{PROVENANCE} cannot be read ({type(error).__name__})") from error


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
