"""``twotrack report``: the retrospective report of a period."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from app.options import Command, shared_options
from app.session import Session

if TYPE_CHECKING:
    from app.reports.render_pdf import Paper


@click.command(
    "report",
    cls=Command,
    examples=(
        "twotrack report --period 2026Q3",
        "twotrack report --period 2026Q3 --team payments --out reports",
        "twotrack report --period 2026Q3 --decisions decisions.toml",
    ),
)
@click.option(
    "--period", required=True, metavar="PERIOD", help="2026Q3, 2026H2, 2026-07, 2026 or 2026-07-01..2026-10-01."
)
@click.option("--team", help="Only this team.")
@click.option("--service", help="Only this service.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the report. [default: reports/ in the workspace]")  # fmt: skip
@click.option("--decisions", "decisions_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="TOML file of decisions to keep first.")  # fmt: skip
@click.option("--build", "build_id", help="Read this build. [default: the current one]")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="Of the PDF.")
@shared_options
@click.pass_obj
def command(
    session: Session, period: str, team: str | None, service: str | None, out: Path | None, decisions_file: Path | None,
    build_id: str | None, paper: str,
) -> None:  # fmt: skip
    """Write the retrospective report of a period, as one HTML file and as PDF.

    It begins with what was decided last time and what became of it, shows both practices as the records show them, what
    changed and whether that is a signal or routine variation, the changes behind it, what each process caught and
    missed, drift, whether to combine or separate, and ends with questions and room for decisions. The same build,
    period and journal give the same bytes.
    """
    from app.journal import decisions
    from app.reports import retrospective
    from app.reports.question import parse_period

    if team and service:
        raise click.UsageError("Choose either --team or --service.")
    named = parse_period(period)
    scope = f"team:{team}" if team else f"service:{service}" if service else None
    entries = decisions.read_file(decisions_file) if decisions_file else None
    if entries:
        session.kept = "the decisions are in the journal as far as they fit; no report was written"
    session.output = (out or session.workspace.home / "reports").expanduser()
    made = retrospective.write(
        session.workspace,
        named,
        scope,
        session.output,
        build_id=build_id,
        paper=cast("Paper", "us-letter" if paper == "letter" else paper),
        entries=entries,
    )
    session.answer({**made.__dict__})
    session.say(f"Report: {made.html}")
    session.say(f"        {made.pdf}")
    for sentence in made.incomplete:
        session.say(sentence)
    session.say(made.headline)
    if made.signals:
        session.say(f"Signals: {', '.join(made.signals)}")
