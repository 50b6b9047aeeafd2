"""``twotrack demo``: generated example data, built, and the dashboard on it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from app.commands.build import document, require_memory, run_build
from app.commands.dashboard import address, become_server, choose_port, has_screen
from app.options import Command, shared_options
from app.session import Session
from models.errors import ConfigurationError

if TYPE_CHECKING:
    from ingest.demo.generator import DemoSummary
    from ingest.store import RawStore


@click.command(
    "demo",
    cls=Command,
    examples=("twotrack demo", "twotrack --home ~/example demo --no-app", "twotrack demo --seed 7 --port 9000"),
)
@click.option("--seed", type=click.IntRange(min=0), help="Another seed tells another story. [default: a fixed one]")
@click.option("--no-app", is_flag=True, help="Do not open the dashboard afterwards.")
@click.option("--no-browser", is_flag=True, help="Serve the dashboard without opening a browser.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the dashboard. [default: first free from 8501]")
@click.option("--memory", default="5GB", show_default=True, metavar="SIZE", help="Memory the database may use.")
@shared_options
@click.pass_obj
def command(session: Session, seed: int | None, no_app: bool, no_browser: bool, port: int | None, memory: str) -> None:
    """Fill a workspace with generated example data, build it and open the dashboard.

    An invented organisation's records go the way of real ones: the same connectors, tables and checks. The workspace
    is marked as a demo, which every page says; real data is refused in it, and a demo in a workspace with real data.
    Running it again changes nothing.
    """
    from app.kind import require_kind

    require_memory(memory)
    require_kind(session, "demo", "twotrack demo")
    chosen = None if no_app else choose_port(port)
    summary = _fill(session, seed)
    result = run_build(session, as_of=summary.as_of, memory=memory)
    session.answer({
        "home": session.workspace.home,
        "seed": summary.seed,
        "as_of": summary.as_of,
        "records": summary.records,
        "streams": summary.streams,
        "rejected": summary.rejected,
        "seconds": round(summary.seconds, 3),
        "build": document(result),
        "url": None if chosen is None else address(chosen),
    })  # fmt: skip
    session.say(f"Example data of seed {summary.seed}, up to {summary.as_of:%Y-%m-%d}, is in {session.workspace.home}:")
    session.say(f"{summary.records:,} records generated in {summary.seconds:.1f} s, "
                f"{len(result.models)} models built and checked in {result.seconds:.1f} s.")  # fmt: skip
    if chosen is None:
        folder = f"--home {shlex.quote(str(session.home))} " if session.home else ""
        session.say(f"See it with: twotrack {folder}app")
        return
    become_server(session, chosen, opens_browser=not no_browser and has_screen())


def _fill(session: Session, seed: int | None) -> DemoSummary:
    from app.progress import flow
    from ingest.demo.generator import DEFAULT_SEED, demo_settings, generate
    from ingest.store import RawStore

    workspace, chosen = session.workspace, DEFAULT_SEED if seed is None else seed
    session.kept = "what was generated so far is stored; running the demo again completes it"
    with workspace.writing("twotrack demo"):
        # First of all the mark: whatever happens later, this workspace says that its data is generated.
        if not workspace.config_path.is_file():
            unfinished = workspace.config_path.with_suffix(".tmp")
            unfinished.write_text(demo_settings(), encoding="utf-8")
            unfinished.replace(workspace.config_path)
        with RawStore(workspace.raw_path) as store, flow(session, "Generating") as report:
            _require_same_seed(session, store, chosen)
            return generate(store, chosen, progress=report)


def _require_same_seed(session: Session, store: RawStore, seed: int) -> None:
    """Two stories in one workspace would be one muddled story."""
    told = {row[0] for row in store.con.execute("select distinct command from raw.runs").fetchall()}
    others = {text for text in told if text.startswith("demo, seed ")} - {f"demo, seed {seed}"}
    if others:
        raise ConfigurationError(
            f"This workspace already holds the {min(others)}.",
            where=str(session.workspace.home),
            kept="nothing was written",
            next_step=f"choose another folder: twotrack --home FOLDER demo --seed {seed}",
        )
