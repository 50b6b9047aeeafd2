"""``twotrack check``: every table against the promises of its SQL model."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime

import click

from app.options import INSTANT, Command, shared_options
from app.session import Session
from models.errors import BuildError


@click.command("check", cls=Command, examples=("twotrack check", "twotrack check --json"))
@click.option("--as-of", type=INSTANT, help="Instant up to which pending and open things age (UTC). [default: now]")
@click.option("--memory", default="5GB", show_default=True, metavar="SIZE", help="Memory the database may use.")
@shared_options
@click.pass_obj
def command(session: Session, as_of: datetime | None, memory: str) -> None:
    """Test every table against the promises of its SQL model, without publishing.

    All models run on the raw records, into a folder that is deleted afterwards. Unlike a build, which stops at the
    first broken promise, this lists all of them. The published build is not touched.
    """
    from app.commands.build import prepare_store, require_memory
    from app.progress import steps
    from sql.examine import examine

    require_memory(memory)
    settings = session.settings()
    session.kept = "a check writes nothing"
    with session.workspace.writing("twotrack check"), steps(session, "Checking") as advance:
        prepare_store(session)
        results = examine(session.workspace, settings, as_of=as_of, progress=advance, memory_limit=memory)
    counts = Counter(one.status for one in results)
    for one in results:
        for problem in one.problems:
            session.say(f"{one.status.replace('_', ' ')}: {one.name}: {problem}")
    session.say(f"{counts['ok']} of {len(results)} models hold their promises.")
    document = {"ok": counts["ok"], "broken": counts["broken"], "not_run": counts["not_run"],
                "models": [asdict(one) for one in results]}  # fmt: skip
    session.answer(document)
    if counts["ok"] < len(results):
        raise click.exceptions.Exit(BuildError.exit_code)
