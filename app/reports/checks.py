"""The single checks of a pack, each one line: what was checked, whether it holds, and what was found.

Owns what each check asks. Refuses to decide what a failed check means; see :mod:`app.reports.verify`.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from duckdb import DuckDBPyConnection

from app import wording
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
# What a pack's description says, and nothing else: a remark would read as part of the evidence.
INFO_FIELDS = {
    "Bag-Software-Agent", "Bagging-Date", "External-Description", "External-Identifier", "Payload-Oxum",
    "Source-Organization",
    *(f"Twotrack-{name}" for name in (
        "Build", "Frameworks", "Kind", "Period-From", "Period-To", "Previous", "Previous-Digest", "Scope",
    )),
}  # fmt: skip
_PLAIN_FILES = {"report.html", "report.pdf", "config.toml", PROVENANCE, recompute.CONTENTS, "sample/test_matrix.xlsx"}
# The SQL that chose the rows and made the tables, for reading; what is run stands among the results.
_OTHER_SQL = re.compile(r"sql/(evidence|models|selection)/[a-z0-9_./]+\.sql")
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
    except Exception as error:
        # A pack is somebody else's input: whatever stands in it, the answer is a failed check and no traceback.
        return Check(name, "fails", unreadable(error))


def unreadable(error: Exception) -> str:
    """Return what is said of a part that cannot be read, on one line."""
    return f"it cannot be read ({type(error).__name__}: {_short(' '.join(str(error).split()))})"


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
    if statement["predicateType"] != signing.PREDICATE_TYPE:
        raise VerificationError(f"the statement says {statement['predicateType']!r}, which is not that it is a pack")
    subjects = statement["subject"]
    if len(subjects) != 1:
        raise VerificationError(f"the statement is about {len(subjects)} things, not about this pack alone")
    name, digests_given = subjects[0]["name"], subjects[0]["digest"]
    if name != f"{pack.name}/{bag.TAG_MANIFEST}":
        raise VerificationError(f"the statement is about {name!r}, not about this pack")
    if digests_given.keys() != {"sha256"}:
        raise VerificationError("the statement gives other digests than the one that is checked")
    if digests_given["sha256"] != bag.digest(pack.folder / bag.TAG_MANIFEST):
        raise VerificationError(
            "the tag manifest is not the one that was signed: the pack was changed and bagged again"
        )
    return f"sha256 {digests_given['sha256'][:16]}… is the tag manifest's"


def same_description(
    pack: Opened, listed: Listed, statement: dict[str, Any] | None, key: Ed25519PublicKey | None = None
) -> str:
    """Folder, bag-info, provenance and statement all tell of the same pack, and name the key that signed it."""
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
        "scope": (_as_packed(info.get("Twotrack-Scope", "")), scope),
        "frameworks": (info.get("Twotrack-Frameworks"), " ".join(stated["frameworks"])),
        "kind": (info.get("Twotrack-Kind"), question["kind"]),
        "workspace": (wording.harmless(info.get("Source-Organization", "")), question["workspace"]),
        "pack before": (info.get("Twotrack-Previous"), stated["previous"] or "none"),
    }  # fmt: skip
    if statement is not None:
        predicate = statement["predicate"]
        told["signer"] = (stated["signed_by"], signing.fingerprint(key) if key else None)
        told["signed frameworks"] = (tuple(predicate["frameworks"]), tuple(stated["frameworks"]))
        before = predicate["previous"] or {"name": "none", "tagmanifest_sha256": "none"}
        told["signed name"] = (predicate["name"], pack.name)
        told["signed build"] = (predicate["build"], info.get("Twotrack-Build"))
        told["signed period"] = ((predicate["from"], predicate["to"]), (question["start_at"], question["end_at"]))
        told["signed scope"] = (_as_packed(predicate["scope"]), scope)
        told["signed pack before"] = (
            (before["name"], before["tagmanifest_sha256"]),
            (info.get("Twotrack-Previous"), info.get("Twotrack-Previous-Digest")),
        )
    if more := sorted(info.keys() - INFO_FIELDS):
        raise VerificationError(f"bag-info says what no pack says: {', '.join(more)}")
    if different := [name for name, values in told.items() if len(set(values)) != 1]:
        raise VerificationError(f"they disagree on {', '.join(different)}")
    return f"{scope}, {question['start_at'][:10]} to {question['end_at'][:10]}, build {question['build_id']}"


def _as_packed(scope: str) -> str:
    """Return a scope as the packed question has it, whose texts are harmless in a spreadsheet."""
    kind, space, name = scope.partition(" ")
    return kind + space + wording.harmless(name)


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
        if (counted := delimited.count_rows(path)) != stated[name]
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
    if unknown := sorted(name for name in found - known if not _OTHER_SQL.fullmatch(name)):
        raise VerificationError(f"{_some(unknown)} is not made by anything in the pack")
    if missing := sorted(known - found):
        raise VerificationError(f"{_some(missing)} is missing")
    return f"{len(found):,} payload files of known kinds"


def plainly_written(pack: Opened, con: DuckDBPyConnection, tables: Sequence[recompute.Table], scratch: Path) -> str:
    """Every table's file is as packs write it, so that what a reader sees in it is what was loaded from it."""
    for table in tables:
        held, again = pack.folder / "data" / table.file, scratch / "table.csv"
        delimited.write_query(con, f"select * from {table.name}", again)
        if not filecmp.cmp(held, again, shallow=False):
            # Another version may write a computed number with other last digits.
            has_numbers = any(kind == "DOUBLE" for _, kind in table.columns)
            made = recompute.Derived(table.file, again, table.rows, table.columns)
            if not has_numbers or (difference := _difference(held, made)):
                found = difference if has_numbers else "order, quotes or line ends are not a pack's"
                raise VerificationError(f"{table.file} is not written as it was loaded: {found}")
        again.unlink()
    return f"{len(tables)} are written as packs write them"


def whole(pack: Opened) -> str:
    """The pack has every result that a pack must have."""
    there = recompute.evidence_files(pack.folder / "data")
    if missing := sorted(set(REQUIRED) - there.keys()):
        raise VerificationError(f"sql/evidence lacks {_some(missing)}")
    return f"{len(there)} results beside the metrics"


def same_result(pack: Opened, made: recompute.Derived) -> str:
    """A result computed again from the packed tables is what the pack holds."""
    held = pack.folder / "data" / made.file
    if not filecmp.cmp(held, made.path, shallow=False) and (difference := _difference(held, made)):
        raise VerificationError(difference)
    return "as stated" if made.rows is None else f"{made.rows:,} rows the same"


def _difference(held: Path, made: recompute.Derived) -> str:
    """Return the first difference of two files; empty when only the last digits of computed numbers differ."""
    if made.rows is None:
        return "computed again it is different"
    first, heading = "", [name for name, _ in made.columns]
    for number, (a, b) in enumerate(zip_longest(delimited.cells(held), delimited.cells(made.path))):
        # Counted to the end: how many rows there are says more than where the first of them differs.
        first = first or _different_row(number, a, b, heading, made)
        if a is None or b is None:
            theirs, ours = delimited.count_rows(held), made.rows
            return f"it holds {theirs:,} rows, computed again there are {ours:,}"
    return first


def _different_row(
    number: int, a: list[str] | None, b: list[str] | None, heading: list[str], made: recompute.Derived
) -> str:
    if a is None or b is None:
        return ""
    if len(a) != len(b):
        return f"row {number} has {len(a)} cells, computed again {len(b)}"
    for at, (x, y) in enumerate(zip(a, b, strict=True)):
        if x == y or (number > 0 and at < len(heading) and heading[at] in made.words):
            continue
        is_number = at < len(made.columns) and made.columns[at][1] == "DOUBLE"
        if not (is_number and number > 0 and _is_close(x, y)):
            return f"row {number}, {heading[at]}: it says {_short(x)}, computed again it is {_short(y)}"
    return ""


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
    stated: dict[str, list[list[str]]] = {}
    for row in index:
        if row[1]:
            stated.setdefault(row[1], []).append(row)
    hashed = 0
    for name, rows in sorted(stated.items()):
        if not bag.is_inside(name) or not (data / name).is_file():
            raise VerificationError(f"the index names {name!r}, which is not there")
        document = json.loads((data / name).read_text(encoding="utf-8"))
        inside = sorted((p["stream"], p["record_key"], p["sha256_in_store"]) for p in document["payloads"])
        expected = sorted((row[2], row[3], row[5]) for row in rows if row[0] == document["change_id"])
        # The index is a spreadsheet's file, so its keys are harmless ones; the payload's are as the source had them.
        if [tuple(map(wording.harmless, one)) for one in inside] != expected:
            raise VerificationError(f"{name} does not hold the payloads that the index says")
        whole = [p for p in document["payloads"] if not p["is_redacted"]]
        if any(_digest(p["payload"]) not in {None, p["sha256_in_store"]} for p in whole):
            raise VerificationError(f"{name} holds a payload that has not the hash it was stored under")
        hashed += len(whole)
    without = sum(1 for row in index if not row[1])
    held = (
        f"{sum(1 for row in index if row[1]):,} payloads of {len(sampled) - without:,} sampled changes, "
        f"{hashed:,} of them whole and with the hash they were stored under"
    )
    return held + (f"; none is held of {without:,}" if without else "")


def _digest(value: object) -> str | None:
    """Return the hash under which the raw store keeps a JSON value; ``None`` where libraries write a number apart."""
    if _has_awkward_number(value):
        return None
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _has_awkward_number(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_awkward_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_awkward_number, value))
    if isinstance(value, float):
        return value != 0 and not 1e-4 <= abs(value) < 1e15
    return isinstance(value, int) and abs(value) >= 1 << 63


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
