"""Checks an evidence pack, offline, without a workspace: ``twotrack-verify PACK --key auditor.pub``.

Owns which checks run, in which order, and the verdict: all hold, or not. A key is only ever the one that was given.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from duckdb import DuckDBPyConnection

from app.reports import bag, chain, checks, container, recompute, signing
from app.reports.checks import Check, check
from app.reports.container import Opened
from models.errors import UserError, VerificationError
from sql.aggregate import Filter

if TYPE_CHECKING:
    from app.reports.blocks import Document


@dataclass(frozen=True)
class Asked:
    """How to check.

    Args:
        key: The public key the pack must be signed with; ``None`` only together with ``is_unsigned``.
        is_unsigned: Accept a pack that nobody signed; everything else is checked.
        seed: The seed the sample must have been drawn with, where the auditor gave one.
        previous: Where the pack before this one lies, if not beside it.
        follows_chain: Whether to follow the chain at all.
    """

    key: Ed25519PublicKey | None = None
    is_unsigned: bool = False
    seed: str | None = None
    previous: Path | None = None
    follows_chain: bool = True


def verify(path: Path, asked: Asked) -> Iterator[Check]:
    """Yield every check of a pack as it is done. Raises ``InputError`` when there is nothing at ``path``."""
    try:
        with container.opened(path) as pack:
            yield Check("container", "holds", f"{pack.name}, {'a folder' if path.is_dir() else 'a ZIP file'}")
            yield from _pack(pack, asked)
    except VerificationError as error:
        yield Check("container", "fails", error.what)


def _pack(pack: Opened, asked: Asked) -> Iterator[Check]:
    listed: list[bag.Listed] = []

    def read() -> str:
        listed.append(bag.read(pack.folder))
        return "BagIt 0.97, SHA-256 manifests"

    # Nothing is read through a bag that is not sound: a name in it could lead anywhere.
    for sound in (
        check("bag", read),
        *([check("files", lambda: checks.files_listed(pack, listed[0]))] if listed else []),
    ):
        yield sound
        if sound.state == "fails":
            yield from _signature(pack, asked)[0]
            yield Check("everything else", "fails", "not checked, since the bag is not sound")
            return
    yield check("tag files", lambda: checks.digests(pack, listed[0].tags))
    yield check("payload files", lambda: checks.digests(pack, listed[0].payload))
    yield check("payload size", lambda: checks.payload_size(pack, listed[0]))
    lines, statement = _signature(pack, asked)
    yield from lines
    yield check("description", lambda: checks.same_description(pack, listed[0], statement, asked.key))
    yield _instructions(pack, listed[0].info)
    yield check("row counts", lambda: checks.row_counts(pack))
    yield from _results(pack, asked)
    yield check("payloads", lambda: checks.payloads(pack))
    yield _shipped_sql(pack)
    if asked.follows_chain:
        yield from chain.follow(pack, asked.key, asked.previous)
    else:
        yield Check("chain", "note", "not followed, as asked")


def _signature(pack: Opened, asked: Asked) -> tuple[list[Check], dict[str, Any] | None]:
    """Return the lines on the signature, and the statement if it may be believed."""
    if asked.key is None:
        if not asked.is_unsigned:
            return [
                Check("signature", "fails", "no key was given: --key auditor.pub, or --unsigned to do without")
            ], None
        there = "there is a statement, but no key to check it with" if pack.envelope else "the pack is not signed"
        return [Check("signature", "note", f"{there}; nothing shows who made this pack")], None
    key = asked.key
    lines = [check("signature", lambda: checks.signature(pack, key))]
    if lines[0].state == "fails" or pack.envelope is None:
        return lines, None
    statement = signing.opened(pack.envelope, key)
    lines.append(check("signed digest", lambda: checks.signed_digest(pack, statement)))
    return lines, statement


def _results(pack: Opened, asked: Asked) -> Iterator[Check]:
    """Compute every result again and compare it with what the pack holds."""
    data = pack.folder / "data"
    yield check("results asked for", lambda: checks.whole(pack))
    derived: set[str] = set()
    try:
        tables = recompute.read_contents(data)
        with recompute.loaded(data, tables) as con, tempfile.TemporaryDirectory(prefix="twotrack-verify-") as scratch:
            yield Check("tables", "holds", f"{len(tables)} load with the rows they are listed with")
            yield check("table files", lambda: checks.plainly_written(pack, con, tables, Path(scratch)))
            chosen, question = recompute.read_question(con)
            draw = recompute.read_draw(data)
            results = recompute.derive(con, data, chosen, draw, Path(scratch))
            if _made_by(pack) == _version("twotrack"):
                # The same version explains a figure in the same words.
                results = (replace(made, words=frozenset()) for made in results)
            yield from _each(pack, results, derived)
            yield check("sample", lambda: _sample(con, draw, asked.seed))
            yield from _reports(pack, con, chosen, question)
    except VerificationError as error:
        yield Check("results", "fails", error.what)
        return
    except Exception as error:
        # As with the single checks: what somebody put into a pack ends in a line.
        yield Check("results", "fails", checks.unreadable(error))
        return
    yield check("kinds of file", lambda: checks.known_kinds(pack, derived))


def _each(pack: Opened, results: Iterator[recompute.Derived], derived: set[str]) -> Iterator[Check]:
    """Yield a line per result; the records of metrics that agree share one."""
    metrics = records = 0
    for made in results:
        derived.add(made.file)
        line = check(made.file, lambda made=made: checks.same_result(pack, made))  # type: ignore[misc]  # bound now
        # Compared and gone: the results of a large pack need not lie here twice.
        made.path.unlink()
        if made.file.startswith("metrics/") and line.state == "holds":
            metrics, records = metrics + 1, records + (made.rows or 0)
            continue
        if made.file == recompute.METRICS:
            yield Check(
                "metrics/", "holds", f"{metrics} metrics computed again, {records:,} contributing records the same"
            )
        yield line


def _instructions(pack: Opened, info: dict[str, str]) -> Check:
    """Make the README again: whoever follows its commands must not follow somebody else's."""
    made_by, here = _made_by(pack), _version("twotrack")
    if made_by != here:
        return Check("README.md", "note", f"covered by its digest only: made by version {made_by}, this is {here}")

    def ask() -> str:
        from app.reports.instructions import readme

        told = (pack.folder / bag.README).read_bytes()
        if told != readme(info, made_by, checks.provenance(pack).get("signed_by")).encode():
            raise VerificationError("made again from what bag-info.txt says it is different")
        return "made again from what bag-info.txt says, the same bytes"

    return check("README.md", ask)


def _sample(con: DuckDBPyConnection, draw: recompute.Draw, seed: str | None) -> str:
    if seed is not None and draw.seed != seed:
        used = "one derived from the changes" if draw.seed is None else repr(draw.seed)
        raise VerificationError(f"it was drawn with {used}, not with the seed given")
    counted = con.execute("select stratum, count(*) from pack.sample group by stratum order by stratum").fetchall()
    strata = ", ".join(f"{count} {stratum}" for stratum, count in counted) or "nothing to draw from"
    basis = (
        "seed derived from the changes"
        if draw.seed is None
        else f"seed {draw.seed!r}, compare it with the one you gave"
    )
    size = "size given" if draw.design.size else f"{draw.design.confidence}/{draw.design.tolerable}"
    return f"drawn again: {strata}; {size}; {basis}"


def _reports(pack: Opened, con: DuckDBPyConnection, chosen: Filter, question: dict[str, Any]) -> Iterator[Check]:
    """Make both forms of the report, one document, again from the packed results, where the same version made them."""
    stated = checks.provenance(pack)
    tool = stated.get("tool", {})
    made_by, here = _made_by(pack), _version("twotrack")
    if made_by != here:
        yield Check("report.html", "note", f"covered by its digest only: made by version {made_by}, this is {here}")
        return

    @cache
    def document() -> Document:
        from app.reports.evidence_report import PackFacts, document

        facts = PackFacts(
            stated["name"], made_by, stated["frameworks"], stated["signed_by"], stated["previous"],
            stated["metrics_left_out"],
        )  # fmt: skip
        return document(con, chosen, question, facts)

    def html() -> bytes:
        from app.reports.render_html import html

        return html(document())

    def pdf() -> bytes:
        from app.reports.evidence_report import made_at
        from app.reports.render_pdf import pdf

        return pdf(document(), made_at(question), tool["paper"])

    yield check("report.html", lambda: _same_bytes(pack, "report.html", html()))
    typeset_by, there = tool.get("typst"), _version("typst")
    if typeset_by == there:
        yield check("report.pdf", lambda: _same_bytes(pack, "report.pdf", pdf()))
    else:
        needed = f"it is made again where typst {typeset_by} is installed, here it is {there or 'not'}"
        yield Check("report.pdf", "note", f"covered by its digest only: {needed}")


def _same_bytes(pack: Opened, name: str, made: bytes) -> str:
    if made != (pack.folder / "data" / name).read_bytes():
        raise VerificationError("made again from the results it is different")
    return "made again from the results, the same bytes"


def _shipped_sql(pack: Opened) -> Check:
    """Say whether the pack's evidence SQL is the one that comes with this installation; other versions may differ."""
    try:
        theirs = {
            name: path.read_text(encoding="utf-8")
            for name, path in recompute.evidence_files(pack.folder / "data").items()
        }
        ours = _shipped(files("app.reports").joinpath("sql", "evidence"))
    except (OSError, UnicodeDecodeError, VerificationError):
        return Check("SQL", "fails", "it cannot be read")
    different = sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name))
    if different:
        return Check(
            "SQL", "note", f"differs from this installation's in {', '.join(different)}: read it before you rely on it"
        )
    return Check("SQL", "note", "the evidence SQL is the one that comes with this installation")


def _shipped(folder: Traversable, above: tuple[str, ...] = ()) -> dict[str, str]:
    """Return this installation's evidence SQL by table name; it may lie in an archive."""
    found: dict[str, str] = {}
    for one in folder.iterdir():
        if one.is_dir():
            found |= _shipped(one, (*above, one.name))
        elif one.name.endswith(".sql"):
            found["_".join((*above, one.name.removesuffix(".sql")))] = one.read_text(encoding="utf-8")
    return found


def _made_by(pack: Opened) -> Any:  # noqa: ANN401  # whatever the pack says
    return checks.provenance(pack).get("tool", {}).get("version")


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def failed(lines: Sequence[Check]) -> int:
    """Return how many checks fail."""
    return sum(1 for line in lines if line.state == "fails")


def verdict(lines: Sequence[Check]) -> str:
    """Return the last line: whether all holds."""
    bad = failed(lines)
    notes = sum(1 for line in lines if line.state == "note")
    if bad:
        return (
            f"This pack does NOT hold what it claims: {bad} of {len(lines) - notes} checks fail.\n"
            "  next:  put right what the failing lines name if it is yours to (key, seed, the pack before); "
            "else ask whoever made the pack for it again, and rely on nothing in this one"
        )
    return f"All {len(lines) - notes} checks hold."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks from the command line; returns 0 only if all hold."""
    parser = argparse.ArgumentParser(description="Check an evidence pack, offline.")
    parser.add_argument("pack", type=Path, help="the pack's folder or ZIP file")
    parser.add_argument("--key", type=Path, help="the public key it must be signed with")
    parser.add_argument("--unsigned", action="store_true", help="accept a pack that nobody signed")
    parser.add_argument("--seed", help="the seed the sample must have been drawn with")
    parser.add_argument("--previous", type=Path, help="where the pack before this one lies, if not beside it")
    parser.add_argument("--without-previous", action="store_true", help="do not follow the chain to earlier packs")
    given = parser.parse_args(arguments)
    try:
        key = signing.load_public(given.key) if given.key else None
        asked = Asked(key, given.unsigned, given.seed, given.previous, not given.without_previous)
        lines = []
        for line in verify(given.pack, asked):
            lines.append(line)
            print(line)  # noqa: T201 (this is a command)
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201 (this is a command)
        return error.exit_code
    print(verdict(lines))  # noqa: T201 (this is a command)
    return VerificationError.exit_code if failed(lines) else 0


if __name__ == "__main__":
    sys.exit(main())
