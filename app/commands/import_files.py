"""``twotrack import``: records from files, through a mapping."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import Command, shared_options
from app.session import Session, aligned
from models.errors import InputError, StorageError, UserError
from models.nearest import choices

if TYPE_CHECKING:
    from ingest.files.importing import ImportResult
    from ingest.files.mapping import FileMapping

_COUNTS = ("received", "stored", "unchanged", "duplicates", "conflicts", "rejected")


@click.command(
    "import",
    cls=Command,
    examples=(
        "twotrack import --suggest changes.csv > our-mapping.toml",
        "twotrack import exports/*.csv --map ./our-mapping.toml",
        "twotrack import 2026-07-01-15.json --map github-archive-events",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--map", "mapping_name", metavar="NAME|FILE",
              help="Mapping to read the files with. [default: the one whose file pattern fits]")  # fmt: skip
@click.option("--source", help="Source the records belong to, instead of the mapping's.")
@click.option("--suggest", is_flag=True, help="Print a proposed mapping for FILE and read nothing in.")
@shared_options
@click.pass_obj
def command(
    session: Session, files: tuple[Path, ...], mapping_name: str | None, source: str | None, suggest: bool
) -> None:
    """Read records from CSV, JSON Lines, JSON, Parquet or XLSX files.

    A mapping says what the columns mean. It is one of those shipped, one in the workspace's mappings folder, or a
    file of your own; --suggest proposes one. Each file is stored whole or not at all. Importing it again stores
    nothing. Rows that do not fit are set aside with the reason and counted.
    """
    if not files:
        raise click.UsageError("Name at least one file.")
    if suggest:
        if len(files) > 1:
            raise click.UsageError("--suggest takes one file.")
        _suggest(session, files[0])
        return
    from app.kind import require_kind

    require_kind(session, "live", "twotrack import")
    mappings = {path: _with_source(_mapping_for(session, path, mapping_name), source) for path in files}
    _import(session, mappings)


def _import(session: Session, mappings: dict[Path, FileMapping]) -> None:
    from app.progress import flow
    from app.pushed import take_over_pushed
    from ingest.files.importing import import_file
    from ingest.store import RawStore

    done: list[ImportResult] = []
    failed: list[tuple[Path, UserError]] = []
    session.kept = "nothing was stored; a file is stored whole or not at all"
    with session.workspace.writing("twotrack import"), RawStore(session.workspace.raw_path) as store:
        take_over_pushed(session, store)
        for path, mapping in mappings.items():
            try:
                with flow(session, f"Importing {path.name}") as report:
                    done.append(import_file(store, path, mapping, report))
            except InputError as error:
                failed.append((path, error))
            except StorageError as error:  # no other file would fare better
                error.kept += f"; {len(done)} of {len(mappings)} files were stored before it"
                raise
            session.kept = f"{len(done)} of {len(mappings)} files are stored; a file is stored whole or not at all"
    for result in done:
        _print(session, result)
    document = {"files": [asdict(result) for result in done]}
    if failed:
        session.fail(_failure(failed, len(done)), document)
    session.answer(document)


def _failure(failed: list[tuple[Path, UserError]], stored: int) -> UserError:
    """Return one error for all files that could not be read: the first in full, the others by name."""
    path, first = failed[0]
    others = ", ".join(other.name for other, _ in failed[1:])
    return InputError(
        f"{path.name}: {first.what}" + (f" Neither could these be read: {others}." if others else ""),
        where=first.where or str(path),
        kept=f"{stored} of {stored + len(failed)} files are stored",
        next_step=first.next_step,
    )


def _print(session: Session, result: ImportResult) -> None:
    from app import wording

    counted = wording.plural(result.rows, "row")
    session.say(f"{result.file}: {counted} through mapping {result.mapping} into source {result.source}")
    rows = [(f"  {one.stream}", *(f"{getattr(one, name):,}" for name in _COUNTS)) for one in result.streams]
    session.say(aligned(rows, ("  stream", *_COUNTS), right=frozenset(range(1, len(_COUNTS) + 1))))
    for reason, count in result.rejected_by_reason.items():
        session.say(f"  set aside: {wording.plural(count, 'row')}: {reason}")
    for row in result.rejected_rows[:3]:
        session.say(f"    line {row.line}, {row.stream}: {row.reason}")
    for conflict in result.conflicts[:3]:
        session.say(f"  {conflict.stream} {conflict.key}: {conflict.versions} different contents; the latest counts")
    for note in result.notes:
        session.say(f"  {note}")


def _mapping_for(session: Session, path: Path, name: str | None) -> FileMapping:
    from ingest.files.mapping import load_mapping
    from ingest.files.sniff import form_of

    shipped = _known_mappings(session)
    if name in shipped:
        return load_mapping(shipped[name])
    if name is not None:
        given = Path(name)
        if given.suffix == ".toml" or given.is_file():
            return load_mapping(given)
        raise InputError(
            f"There is no mapping '{name}'.",
            where=", ".join(str(folder) for folder in _folders(session)),
            kept="nothing was stored",
            next_step=f"choose one of: {choices(name, sorted(shipped))}; or name a .toml file",
        )
    fitting = [m for m in (load_mapping(p) for p in shipped.values()) if m.file != "*" and fnmatch(path.name, m.file)]
    if len(fitting) == 1:
        return fitting[0]
    # What no mapping could make readable is told at once: proposing one would only say it later.
    form_of(path)
    found = "several mappings fit: " + ", ".join(sorted(m.name for m in fitting)) if fitting else "no mapping fits"
    raise InputError(
        f"It is not clear how to read {path.name}: {found}.",
        where=str(path),
        kept="nothing was stored",
        next_step=f"name one with --map, or propose one with: twotrack import --suggest {shlex.quote(str(path))}",
    )


def _known_mappings(session: Session) -> dict[str, Path]:
    """Return the mappings by name; the workspace's own come before the shipped ones."""
    found: dict[str, Path] = {}
    for folder in _folders(session):
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def _folders(session: Session) -> list[Path]:
    from app.shipped import shipped

    return [session.workspace.home / "mappings", shipped("mappings")]


def _with_source(mapping: FileMapping, source: str | None) -> FileMapping:
    if source is None:
        return mapping
    from ingest.files.mapping import FileMapping

    try:
        return FileMapping.model_validate({**mapping.model_dump(), "source": source})
    except ValueError:
        raise click.BadParameter(
            f"'{source}' must be lower-case letters, digits, '-' and '_', beginning with a letter.",
            param_hint="--source",
        ) from None


def _suggest(session: Session, path: Path) -> None:
    from ingest.files.suggest import suggest_mapping

    text = suggest_mapping(path)
    session.answer({"file": path, "mapping": text})
    session.say(text.rstrip("\n"))
