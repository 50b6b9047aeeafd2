"""Makes an evidence pack: a bag with everything in a period and scope, its results, and a signed statement beside it.

Owns the order of steps and what lands on disk. Nothing appears under the pack's name until it is whole. The same build,
question, key and earlier pack give the same bytes.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from duckdb import DuckDBPyConnection

from app.commands.config import as_toml
from app.periods import Period
from app.published import open_build
from app.reports import (
    bag,
    delimited,
    earlier,
    evidence_report,
    packing,
    payloads,
    provenance,
    recompute,
    render_html,
    render_pdf,
    sampling,
    signing,
    workbook,
)
from app.reports.earlier import Link
from app.reports.evidence_report import PackFacts
from app.reports.instructions import readme
from app.reports.question import Scope, find_scope
from ingest.store import RawStore
from models.errors import InputError, NotBuiltError, UserError, VerificationError
from models.metric import MetricValue
from models.workspace import Workspace
from sql import aggregate

PACK_FORMAT = 1
Progress = Callable[[str, int, int], None]
_STEPS = 5
_EPOCH = (1980, 1, 1, 0, 0, 0)
_USUAL_DRAW = recompute.Draw(sampling.Design())


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        build_id: The build to read; ``None`` for the current one.
        scope: A team or service; ``None`` for everything.
        frameworks: Short names of frameworks; empty for all that are mapped.
        out: Folder the pack goes into.
        key: Signs the pack; ``None`` leaves it unsigned, and it says so.
        previous: The pack before this one; ``None`` looks for one in ``out`` unless ``is_first``.
        zipped: Whether to write one ZIP file instead of a folder.
    """

    period: Period
    out: Path
    scope: str | None = None
    frameworks: tuple[str, ...] = ()
    draw: recompute.Draw = _USUAL_DRAW
    build_id: str | None = None
    key: Ed25519PrivateKey | None = None
    previous: Path | None = None
    is_first: bool = False
    zipped: bool = False
    paper: render_pdf.Paper = "a4"


@dataclass(frozen=True)
class Made:
    """A pack on disk: its folder or ZIP file, its statement if signed, and what is in it."""

    path: Path
    statement: Path | None
    name: str
    previous: str | None
    rows: dict[str, int]
    exceptions: int
    incomplete: tuple[str, ...]


def make(workspace: Workspace, request: Request, progress: Progress | None = None) -> Made:
    """Make a pack; ``progress`` is called with (step, done, total) before each step.

    Raises:
        InputError: The pack is there already, or the build knows no such scope or framework.
        NotBuiltError: There is no such build.
        WorkspaceBusyError: The raw store is being written.
    """
    advance = progress or (lambda step, done, total: None)
    with open_build(workspace, request.build_id) as (build_id, con):
        scope = find_scope(con, request.scope)
        as_of, kind, title, settings = con.execute(
            "select as_of, kind, name, settings_json from meta.build"
        ).fetchall()[0]
        expected = {
            name: aggregate.value(con, name, scope.over(request.period))[0] for name in aggregate.definitions(con)
        }
    name = pack_name(scope, request.period, build_id)
    target = request.out / (name + ".zip" if request.zipped else name)
    if target.exists():
        raise InputError("There is such a pack already; packs are never overwritten.", where=str(target),
                         kept="nothing was written", next_step="remove it, or choose another --out")  # fmt: skip
    link = _previous(request, scope)
    request.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".evidence-", dir=request.out) as scratch:
        folder = Path(scratch) / name
        data = folder / "data"
        data.mkdir(parents=True)
        advance("choosing rows", 0, _STEPS)
        with packing.attached(workspace.build_path(build_id), Path(scratch)) as build:
            frameworks = packing.require_frameworks(build, request.frameworks)
            known = packing.known_frameworks(build)
            question = packing.Question(build_id, as_of, kind, _line(title), request.period, scope, frameworks)
            packed = packing.fill(build, data, question, _held(workspace, build_id))
        packing.write_text(data / "config.toml", "\n".join(as_toml(json.loads(settings))).lstrip("\n") + "\n")
        facts = PackFacts(
            name, version("twotrack"), {short: known[short] for short in frameworks},
            signing.fingerprint(request.key.public_key()) if request.key else None, link.name if link else None,
            packed.left_out,
        )  # fmt: skip
        summary = _derive(workspace, data, request, packed, facts, expected, advance)
        advance("bagging", 4, _STEPS)
        _describe(folder, question, facts, link)
        return _deliver(folder, target, request, question, facts, link, summary)


def pack_name(scope: Scope, period: Period, build_id: str) -> str:
    """Return a pack's name, which says scope, period and build."""
    slug = re.sub(r"[^a-z0-9]+", "-", (scope.name or "everything").lower()).strip("-") or "scope"
    return f"evidence-{slug}-{period.start:%Y-%m-%d}_{period.end:%Y-%m-%d}-{build_id}"


def _derive(
    workspace: Workspace, data: Path, request: Request, packed: packing.Packed, facts: PackFacts,
    expected: dict[str, MetricValue], advance: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Write every result, the report, the payloads and the provenance; return what the maker says of the pack."""
    rows = {table.file: table.rows for table in packed.tables}
    advance("computing results", 1, _STEPS)
    with recompute.loaded(data, packed.tables, data.parent.parent) as con:
        chosen, asked = recompute.read_question(con)
        try:
            for result in recompute.derive(con, data, chosen, request.draw, data):
                if result.rows is not None:
                    rows[result.file] = result.rows
        except VerificationError as error:
            # What fails on our own rows was built for other SQL than ours.
            raise NotBuiltError(
                f"The build does not fit this version's evidence SQL: {error.what}.", kept="nothing was written",
                next_step="twotrack build",
            ) from error  # fmt: skip
        _require_same_numbers(con, chosen, expected)
        advance("writing the report", 2, _STEPS)
        report = evidence_report.document(con, chosen, asked, facts)
        (data / "report.html").write_bytes(render_html.html(report))
        (data / "report.pdf").write_bytes(render_pdf.pdf(report, evidence_report.made_at(asked), request.paper))
        sheet = con.execute("select * from evidence.sample_test_matrix order by all")
        columns = [column[0] for column in sheet.description or ()]
        made = workbook.test_sheet(columns, sheet.fetchall(), evidence_report.made_at(asked))
        (data / "sample" / "test_matrix.xlsx").write_bytes(made)
        wanted = payloads.keys_of(con.execute(_PAYLOADS_WANTED).fetchall())
        exceptions = con.execute("select count(*) from evidence.exceptions").fetchall()[0][0]
        loading = con.execute(
            "select source, stream, problem from evidence.loading where problem is not null order by source, stream"
        ).fetchall()
    advance("reading payloads", 3, _STEPS)
    extracts = _from_store(workspace, data, asked["build_id"], wanted)
    rows[payloads.INDEX] = delimited.count_rows(data / payloads.INDEX)
    _write_provenance(data, asked, packed, facts, rows, extracts, request.paper)
    return {"rows": rows, "exceptions": exceptions, "incomplete": tuple(provenance.problems(loading))}


# A change that implements a request brings its own payloads too, and so does the deployment that decides.
_PAYLOADS_WANTED = """
    select s.change_id, c.source, c.key, c.source_event_id
    from pack.sample s inner join marts.changes c on c.change_id = s.change_id or c.ticket_id = s.change_id
    union
    select s.change_id, d.source, d.key, d.source_event_id
    from pack.sample s
    inner join evidence.handover h on h.change_id = s.change_id
    inner join marts.deployments d on d.deployment_id = h.deployment_id
    order by all
"""


def _require_same_numbers(con: DuckDBPyConnection, chosen: aggregate.Filter, expected: dict[str, MetricValue]) -> None:
    """Refuse to finish a pack whose own numbers are not those of the build."""
    for name in aggregate.definitions(con):
        ours, theirs = aggregate.value(con, name, chosen)[0], expected[name]
        if not _is_same(ours, theirs):
            raise UserError(
                f"The pack's rows give {ours.value} of {name}, the build gives {theirs.value}: no pack is made.",
                kept="nothing was written", next_step="run `twotrack build`, and report this if it happens again",
            )  # fmt: skip


def _is_same(ours: MetricValue, theirs: MetricValue) -> bool:
    for field in ("value", "low", "high", "p90"):
        a, b = getattr(ours, field), getattr(theirs, field)
        if (a is None) != (b is None) or (a is not None and abs(a - b) > 1e-9 * max(abs(a), abs(b), 1.0)):
            return False
    return (ours.numerator, ours.denominator, ours.excluded) == (theirs.numerator, theirs.denominator, theirs.excluded)


def _held(workspace: Workspace, build_id: str) -> packing.Held:
    """Return how many records of each stream the raw store holds; nothing when the workspace has none any more."""
    if not workspace.raw_path.is_file():
        return ()
    with workspace.writing("twotrack evidence"), RawStore(workspace.raw_path, read_only=True) as store:
        store.con.execute("set TimeZone = 'UTC'")
        return provenance.held(store.con, build_id)


def _from_store(
    workspace: Workspace, data: Path, build_id: str, wanted: list[payloads.Wanted]
) -> list[dict[str, Any]] | None:
    """Return the run log's extracts and write payloads; ``None`` when the workspace has no raw store any more."""
    if not workspace.raw_path.is_file():
        payloads.write_none(data, wanted)
        return None
    with workspace.writing("twotrack evidence"), RawStore(workspace.raw_path, read_only=True) as store:
        store.con.execute("set TimeZone = 'UTC'")
        payloads.write(store.con, data, wanted, provenance.built_at(build_id))
        return provenance.extracts(store.con, build_id)


def _write_provenance(
    data: Path, asked: dict[str, Any], packed: packing.Packed, facts: PackFacts, rows: dict[str, int],
    extracts: list[dict[str, Any]] | None, paper: str,
) -> None:  # fmt: skip
    stated = {
        "pack_format": PACK_FORMAT,
        "name": facts.name,
        "tool": {"name": "twotrack", "version": facts.version, "typst": version("typst"), "paper": paper},
        "question": {key: _plain(value) for key, value in asked.items()},
        "frameworks": facts.frameworks,
        "signed_by": facts.signed_by,
        "previous": facts.previous,
        "metrics_left_out": packed.left_out,
        "rows": dict(sorted(rows.items())),
        "extracts": extracts,
        "extracts_note": "the workspace no longer holds the raw records" if extracts is None else None,
    }
    packing.write_text(data / "provenance.json", json.dumps(stated, indent=1, ensure_ascii=False) + "\n")


def _describe(folder: Path, question: packing.Question, facts: PackFacts, link: Link | None) -> None:
    """Turn the folder into a bag with its description and its instructions."""
    start, end = question.period.start, question.period.end
    info = {
        "External-Identifier": facts.name,
        "External-Description": f"Evidence of change governance and release execution, scope {question.scope}",
        "Source-Organization": question.workspace,
        "Bagging-Date": f"{question.as_of:%Y-%m-%d}",
        "Bag-Software-Agent": f"twotrack {facts.version}",
        "Twotrack-Build": question.build_id,
        "Twotrack-Kind": question.kind,
        "Twotrack-Scope": str(question.scope),
        "Twotrack-Period-From": start.isoformat() + "Z",
        "Twotrack-Period-To": end.isoformat() + "Z",
        "Twotrack-Frameworks": " ".join(facts.frameworks),
        "Twotrack-Previous": link.name if link else "none",
        "Twotrack-Previous-Digest": link.digest if link else "none",
    }
    bag.make(folder, info, readme(info, facts.version, facts.signed_by))


def _deliver(
    folder: Path, target: Path, request: Request, question: packing.Question, facts: PackFacts, link: Link | None,
    summary: dict[str, Any],
) -> Made:  # fmt: skip
    statement_path = request.out / f"{facts.name}.dsse.json" if request.key else None
    envelope = signing.sign(_statement(folder, question, facts, link), request.key) if request.key else None
    if request.zipped:
        made = folder.with_name(facts.name + ".zip")
        _zip(folder, made, envelope)
    else:
        made = folder
    shutil.move(made, target)
    if statement_path and envelope:
        statement_path.write_bytes(envelope)
    return Made(target, statement_path, facts.name, facts.previous, **summary)


def _statement(folder: Path, question: packing.Question, facts: PackFacts, link: Link | None) -> dict[str, Any]:
    return {
        "_type": signing.STATEMENT_TYPE,
        "subject": [
            {"name": f"{facts.name}/{bag.TAG_MANIFEST}", "digest": {"sha256": bag.digest(folder / bag.TAG_MANIFEST)}}
        ],
        "predicateType": signing.PREDICATE_TYPE,
        "predicate": {
            "name": facts.name,
            "build": question.build_id,
            "as_of": question.as_of.isoformat() + "Z",
            "from": question.period.start.isoformat() + "Z",
            "to": question.period.end.isoformat() + "Z",
            "scope": str(question.scope),
            "frameworks": list(facts.frameworks),
            "tool": f"twotrack {facts.version}",
            "previous": None if link is None else {"name": link.name, "tagmanifest_sha256": link.digest},
        },
    }


def _previous(request: Request, scope: Scope) -> Link | None:
    """Return the pack before: the one given, else the latest in ``out`` of this scope that ends by our start."""
    if request.is_first:
        return None
    if request.previous is not None:
        return earlier.given(request.previous)
    return earlier.latest(request.out, scope, request.period.start)


def _zip(folder: Path, target: Path, envelope: bytes | None) -> None:
    """Write the bag and its statement as one ZIP file, entries sorted and dated alike."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in bag.walk(folder):
            path = folder / name
            entry = _entry(f"{folder.name}/{name}")
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as packed:
                shutil.copyfileobj(source, packed)
        if envelope is not None:
            archive.writestr(_entry(f"{folder.name}.dsse.json"), envelope)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _line(text: str) -> str:
    """Return a text as one line, since it lands in files that are read line by line."""
    return " ".join(text.split())


def _plain(value: object) -> object:
    return value.isoformat() + "Z" if isinstance(value, datetime) else value
