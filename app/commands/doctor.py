"""``twotrack doctor``: what is missing or wrong in a workspace, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Literal

import click

from app.checkup.finding import Finding
from app.checkup.push import push_endpoint, waiting
from app.checkup.sources import connections, references
from app.checkup.store import any_records, raw_records
from app.options import Command, shared_options
from app.session import Session, harmless
from models.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from models.workspace import Workspace

_MARKS = {"ok": "ok  ", "note": "note", "wrong": "WRONG"}
_LITTLE_DISK = 2 * 1024**3
_SHOWN_WORDS = 200
_BUILD, _ONCE_SOUND = "twotrack build", "twotrack build, once the raw records are sound"


@click.command("doctor", cls=Command, examples=("twotrack doctor", "twotrack doctor --offline --json"))
@click.option("--offline", "is_offline", is_flag=True, help="Ask no source.")
@shared_options
@click.pass_obj
def command(session: Session, is_offline: bool) -> None:
    """Examine the workspace and say what is missing or wrong.

    Looks at the installation, the folder and its disk, the configuration and its secrets' references, the raw records
    and their integrity, the last run of every source, the builds, and who is writing. Asks every source who we are,
    what we may and what each missing permission would unlock, what time it is there, and what its rate limits leave.
    Changes nothing. Ends with exit code 1 if anything is wrong.
    """
    findings: list[Finding] = []
    for topic, examine in TOPICS.items():
        if is_offline and topic == "connections":
            continue
        try:
            findings += examine(session)
        except UserError as error:
            where = f" ({error.where})" if error.where else ""
            text = f"{error.what}{where}"
            # Settings that cannot be read keep several topics from being examined, and are told once.
            if not any(one.text == text for one in findings):
                findings.append(Finding(topic, "wrong", text, error.next_step))
    if any(one.topic == "raw records" and one.status == "wrong" for one in findings):
        findings = [replace(one, next_step=_ONCE_SOUND) if one.next_step == _BUILD else one for one in findings]
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
    raw = session.workspace.raw_path
    # A build and the one before it lie side by side, each of about the size of the raw records.
    needed = max(_LITTLE_DISK, 2 * raw.stat().st_size if raw.is_file() else 0)
    status: Literal["ok", "wrong"] = "wrong" if free < needed else "ok"
    text = f"{free / 1024**3:,.1f} GB of disk are free; a build may need {needed / 1024**3:,.1f} GB"
    yield Finding("disk", status, text, "free disk space before building" if status == "wrong" else "")


def _writer(session: Session) -> Iterator[Finding]:
    if not (session.workspace.home / ".writer.lock").is_file():
        return
    holder = _holder(session.workspace)
    yield (
        Finding("writer", "ok", "nobody is writing")
        if holder is None
        else Finding("writer", "note", f"{holder} is writing now")
    )


def _holder(workspace: Workspace) -> str | None:
    """Return who holds the writer lock; ``None`` when nobody does."""
    import fcntl

    path = workspace.home / ".writer.lock"
    if not path.is_file():
        return None
    with path.open("r", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle.read().strip() or "another process"
    return None


def _configuration(session: Session) -> Iterator[Finding]:
    settings = session.settings()
    path = session.workspace.config_path
    if path.is_file():
        yield Finding("configuration", "ok", f"{path} ({settings.workspace.kind})")
    else:
        yield Finding("configuration", "note", f"{path} does not exist; all defaults are in force")
    if settings.workspace.kind == "live" and not settings.source:
        yield Finding("sources", "note", "no source is configured; records come from files or pushes only")
    yield from references(session)
    if not settings.production.environments:
        yield Finding("configuration", "note", "no environment counts as production, so no deployment does",
                      "name them under [production] environments")  # fmt: skip


def _builds(session: Session) -> Iterator[Finding]:
    workspace = session.workspace
    yield from _unfinished(workspace)
    if not workspace.builds() and not workspace.pointer_path.exists():
        yield Finding("builds", "note", "nothing is published yet", _first_build(workspace))
        return
    from app.commands.build import nothing_measured
    from app.published import open_build, span_of_records

    with open_build(workspace) as (build_id, con):
        as_of, settings_sha256 = con.execute("select as_of, settings_sha256 from meta.build").fetchall()[0]
        unread = _unread_words(con)
        empty = nothing_measured(con, as_of) if span_of_records(con, as_of) is None else ""
    kept = len(workspace.builds())
    yield Finding("builds", "ok", f"current is {build_id}, as of {as_of:%Y-%m-%d %H:%M} UTC; {kept} kept")
    if settings_sha256 != session.settings().fingerprint():
        yield Finding("builds", "note", "the configuration has changed since the current build", _BUILD)
    if empty:
        yield Finding("builds", "note", empty)
    yield from unread
    yield from _newer_records(workspace, build_id)


def _first_build(workspace: Workspace) -> str:
    """Return what leads to a first build: without records there is nothing to build from."""
    with suppress(UserError):  # told where the raw records are examined
        if waiting(workspace) or (workspace.raw_path.is_file() and any_records(workspace.raw_path)):
            return _BUILD
        return "twotrack sync or twotrack import, and then twotrack build"
    return _BUILD


def _unfinished(workspace: Workspace) -> Iterator[Finding]:
    """Say that a build was stopped before its end: what it wrote stays until the next one clears it."""
    from datetime import UTC, datetime

    if _holder(workspace) is not None:
        return
    left = sorted(workspace.build_dir.glob("*.duckdb")) if workspace.build_dir.is_dir() else []
    if left:
        at = datetime.fromtimestamp(left[-1].stat().st_mtime, UTC)
        yield Finding(
            "builds", "note", f"a build of {at:%Y-%m-%d %H:%M} UTC was stopped before its end; it changed nothing "
            "that is published", _BUILD,
        )  # fmt: skip


def _unread_words(con: DuckDBPyConnection) -> list[Finding]:
    """Return a finding for each kind of word that the build could not read; the most frequent ones are named."""
    known = con.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'unread_words'"
    ).fetchone()
    if not known:
        return []
    rows = con.execute(
        "select what, count(*), sum(records), string_agg(word, ', ' order by records desc, word) "
        "from marts.unread_words group by what order by what"
    ).fetchall()
    found = []
    for what, words, records, text in rows:
        shown = text if len(text) <= _SHOWN_WORDS else text[:_SHOWN_WORDS] + " …"
        said, step = "no word list knows", "say what it means with [[word]]"
        if what == "environment":
            said = "are named like production and not configured as such"
            step = "name them under [production] environments, if they are"
        found.append(Finding("words", "note", f"{what}: {words:,} that {said}, in {records:,} records: {shown}", step))
    return found


def _newer_records(workspace: Workspace, build_id: str) -> Iterator[Finding]:
    raw, built = workspace.raw_path, workspace.build_path(build_id)
    if raw.is_file() and raw.stat().st_mtime > built.stat().st_mtime:
        yield Finding("builds", "note", "raw records were written after the current build", _BUILD)


TOPICS: dict[str, Callable[[Session], Iterator[Finding]]] = {
    "installation": _installation,
    "folder": _folder,
    "writer": _writer,
    "configuration": _configuration,
    "connections": connections,
    "push endpoint": push_endpoint,
    "raw records": raw_records,
    "builds": _builds,
}
