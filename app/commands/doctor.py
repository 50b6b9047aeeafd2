"""``twotrack doctor``: what is missing or wrong in a workspace, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import click

from app.options import Command, shared_options
from app.session import Session, harmless
from models.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from models.workspace import Workspace

_MARKS = {"ok": "ok  ", "note": "note", "wrong": "WRONG"}
_LITTLE_DISK = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was examined: ``ok``, worth a ``note``, or ``wrong``; ``next_step`` says what to do."""

    topic: str
    status: Literal["ok", "note", "wrong"]
    text: str
    next_step: str = ""


@click.command("doctor", cls=Command, examples=("twotrack doctor", "twotrack doctor --json"))
@shared_options
@click.pass_obj
def command(session: Session) -> None:
    """Examine the workspace and say what is missing or wrong.

    Looks at the installation, the folder, the configuration and its secrets' references, the raw records, the last
    run of every source, the builds, and who is writing. Changes nothing. Ends with exit code 1 if anything is wrong.
    """
    findings: list[Finding] = []
    for topic, examine in TOPICS.items():
        try:
            findings += examine(session)
        except UserError as error:
            where = f" ({error.where})" if error.where else ""
            findings.append(Finding(topic, "wrong", f"{error.what}{where}", error.next_step))
    session.answer({"home": session.workspace.home, "findings": [asdict(one) for one in findings]})
    for one in findings:
        session.say(f"{_MARKS[one.status]}  {one.topic}: {harmless(one.text)}")
        if one.next_step:
            session.say(f"        next: {one.next_step}")
    if any(one.status == "wrong" for one in findings):
        raise click.exceptions.Exit(1)


def _installation(session: Session) -> Iterator[Finding]:
    import platform
    from importlib.metadata import version

    parts = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "streamlit", "pyarrow"))
    yield Finding("installation", "ok", f"twotrack {version('twotrack')}, Python {platform.python_version()}, {parts}")
    from sql.header import read_models

    yield Finding("installation", "ok", f"{len(read_models())} SQL models readable")


def _folder(session: Session) -> Iterator[Finding]:
    import os
    import shutil

    home = session.workspace.home
    if not home.is_dir():
        yield Finding("folder", "note", f"{home} does not exist yet", "twotrack demo, or twotrack sync")
        return
    if not os.access(home, os.W_OK):
        yield Finding("folder", "wrong", f"{home} cannot be written to", "change its permissions or choose --home")
    else:
        yield Finding("folder", "ok", str(home))
    free = shutil.disk_usage(home).free
    if free < _LITTLE_DISK:
        yield Finding("folder", "wrong", f"only {free / 1024**2:,.0f} MB are free", "free disk space before building")


def _writer(session: Session) -> Iterator[Finding]:
    import fcntl

    path = session.workspace.home / ".writer.lock"
    if not path.is_file():
        return
    with path.open("r", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield Finding("writer", "note", f"{handle.read().strip() or 'another process'} is writing now")
            return
    yield Finding("writer", "ok", "nobody is writing")


def _configuration(session: Session) -> Iterator[Finding]:
    from ingest.secrets import resolve

    settings = session.settings()
    path = session.workspace.config_path
    if path.is_file():
        yield Finding("configuration", "ok", f"{path} ({settings.workspace.kind})")
    else:
        yield Finding("configuration", "note", f"{path} does not exist; all defaults are in force")
    if settings.workspace.kind == "live" and not settings.source:
        yield Finding("sources", "note", "no source is configured; records come from files or pushes only")
    for source in settings.source:
        references = [one for one in (source.token, source.private_key) if one]
        for reference in references:
            try:
                resolve(reference)
                yield Finding("sources", "ok", f"{source.name}: {reference} holds a secret")
            except UserError as error:
                yield Finding("sources", "wrong", f"{source.name}: {error.what}", error.next_step)
        if not references:
            yield Finding("sources", "note", f"{source.name}: no token is set, so only public records can be read")
    if not settings.production.environments:
        yield Finding("configuration", "note", "no environment counts as production, so no deployment does",
                      "name them under [production] environments")  # fmt: skip


def _raw_records(session: Session) -> Iterator[Finding]:
    path = session.workspace.raw_path
    if not path.is_file():
        yield Finding("raw records", "note", "none yet", "twotrack demo, twotrack sync or twotrack import")
        return
    import duckdb

    from ingest.store import SCHEMA_VERSION

    try:
        con = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            yield Finding("raw records", "note", "being written now, so not examined")
            return
        yield Finding("raw records", "wrong", f"{path} cannot be read: {error}", "restore it from a backup")
        return
    with con:
        version = con.execute("select max(schema_version) from raw.meta").fetchall()[0][0]
        if version != SCHEMA_VERSION:
            yield Finding("raw records", "wrong", f"kept in format {version}; this version writes {SCHEMA_VERSION}")
            return
        size = path.stat().st_size / 1024**2
        yield Finding("raw records", "ok", f"{size:,.1f} MB in {path.name}")
        yield from _runs(con)


def _runs(con: DuckDBPyConnection) -> Iterator[Finding]:
    last = con.execute(
        "select source, arg_max(status, started_at), max(started_at), arg_max(error, started_at) from raw.runs "
        "group by source order by source"
    ).fetchall()
    for source, status, at, error in last:
        text = f"{source}: last run {at:%Y-%m-%d %H:%M} UTC, {status}" + (f": {error}" if error else "")
        yield Finding("runs", "ok" if status == "ok" else "wrong", text,
                      "" if status == "ok" else "run it again; what it stored is kept")  # fmt: skip
    rejected = con.execute(
        "select source, stream, reason, count(*) from raw.rejected where replayed_at is null "
        "group by source, stream, reason order by count(*) desc, source, stream, reason limit 10"
    ).fetchall()
    for source, stream, reason, count in rejected:
        yield Finding("set aside", "note", f"{count:,} of {source} {stream}: {reason}")


def _builds(session: Session) -> Iterator[Finding]:
    workspace = session.workspace
    if not workspace.builds() and not workspace.pointer_path.exists():
        yield Finding("builds", "note", "nothing is published yet", "twotrack build")
        return
    from app.published import open_build

    with open_build(workspace) as (build_id, con):
        as_of, settings_sha256 = con.execute("select as_of, settings_sha256 from meta.build").fetchall()[0]
    kept = len(workspace.builds())
    yield Finding("builds", "ok", f"current is {build_id}, as of {as_of:%Y-%m-%d %H:%M} UTC; {kept} kept")
    if settings_sha256 != session.settings().fingerprint():
        yield Finding("builds", "note", "the configuration has changed since the current build", "twotrack build")
    yield from _newer_records(workspace, build_id)


def _newer_records(workspace: Workspace, build_id: str) -> Iterator[Finding]:
    raw, built = workspace.raw_path, workspace.build_path(build_id)
    if raw.is_file() and raw.stat().st_mtime > built.stat().st_mtime:
        yield Finding("builds", "note", "raw records were written after the current build", "twotrack build")


TOPICS: dict[str, Callable[[Session], Iterator[Finding]]] = {
    "installation": _installation,
    "folder": _folder,
    "writer": _writer,
    "configuration": _configuration,
    "raw records": _raw_records,
    "builds": _builds,
}
