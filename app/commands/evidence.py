"""``twotrack evidence``: an evidence pack for a period and a scope."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from app.options import INSTANT, Command, shared_options
from app.session import Session

if TYPE_CHECKING:
    from app.periods import Period
    from app.reports.evidence import Made
    from app.reports.render_pdf import Paper


@click.command(
    "evidence",
    cls=Command,
    examples=(
        "twotrack evidence --period 2026Q3 --scope payments --key ~/keys/evidence.key",
        "twotrack evidence --from 2026-07-01 --to 2026-10-01 --framework soc2 --framework pci --out packs",
        "twotrack evidence --period 2026Q3 --sample-size 25 --seed 'chosen by the auditor' --zip",
    ),
)
@click.option("--period", metavar="PERIOD", help="2026Q3, 2026H2, 2026-07, 2026 or 2026-07-01..2026-10-01.")
@click.option("--from", "start", type=INSTANT, help="First instant of the period (UTC), instead of --period.")
@click.option("--to", "end", type=INSTANT, help="First instant after the period (UTC).")
@click.option("--scope", help="One team or service, also team:NAME or service:NAME. [default: everything]")
@click.option(
    "--framework", "frameworks", multiple=True, help="Controls of this framework; may be repeated. [default: all]"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the pack. [default: evidence/ in the workspace]")  # fmt: skip
@click.option(
    "--key", type=click.Path(dir_okay=False, path_type=Path), help="Private key to sign with (twotrack keygen)."
)
@click.option("--passphrase", metavar="REFERENCE", help="Where the key's passphrase is: env:NAME, file:PATH or "
              "keyring:SERVICE/NAME.")  # fmt: skip
@click.option("--ask-passphrase", is_flag=True, help="Ask for the key's passphrase instead.")
@click.option(
    "--confidence", type=click.IntRange(50, 99), default=90, show_default=True, help="Of the sample, per cent."
)
@click.option("--tolerable", type=click.IntRange(1, 50), default=10, show_default=True,
              help="Rate of deviations the sample has to rule out, per cent.")  # fmt: skip
@click.option(
    "--sample-size", type=click.IntRange(min=1), help="Draw this many changes in all, instead of computed sizes."
)
@click.option("--seed", help="Seed that the auditor gave. [default: derived from the changes]")
@click.option("--previous", type=click.Path(exists=True, path_type=Path),
              help="The pack before this one. [default: looked for in --out]")  # fmt: skip
@click.option("--first", "is_first", is_flag=True, help="Start a new chain: follow no earlier pack.")
@click.option("--build", "build_id", help="Read this build. [default: the current one]")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="Of the PDF.")
@click.option("--zip", "zipped", is_flag=True, help="Write one ZIP file instead of a folder.")
@shared_options
@click.pass_obj
def command(
    session: Session, period: str | None, start: datetime | None, end: datetime | None, scope: str | None,
    frameworks: tuple[str, ...], out: Path | None, key: Path | None, passphrase: str | None, ask_passphrase: bool,
    confidence: int, tolerable: int, sample_size: int | None, seed: str | None, previous: Path | None, is_first: bool,
    build_id: str | None, paper: str, zipped: bool,
) -> None:  # fmt: skip
    """Make an evidence pack: everything in a period and scope, not only what failed.

    The pack is a BagIt bag with the population, its reconciliation, every test on every implemented change, exceptions,
    a reproducible sample, the rows and the SQL that give every figure again, and where the records came from. With
    --key a signed statement lies beside it. The same build, question, key and earlier pack give the same bytes.
    """
    from app.commands.keygen import secret_at
    from app.progress import steps
    from app.reports import evidence, signing
    from app.reports.recompute import Draw
    from app.reports.sampling import Design

    asked = asked_period(period, start, end)
    session.output = (out or session.workspace.home / "evidence").expanduser()
    secret = secret_at(passphrase, asks=ask_passphrase)
    request = evidence.Request(
        asked, session.output, scope, frameworks,
        Draw(Design(confidence, tolerable, sample_size), seed), build_id,
        signing.load_private(key.expanduser(), secret) if key else None, previous, is_first, zipped,
        cast("Paper", "us-letter" if paper == "letter" else paper),
    )  # fmt: skip
    session.kept = "no pack was written"
    with steps(session, "Evidence:") as advance:
        made = evidence.make(session.workspace, request, advance)
    session.answer({"pack": made.path, "statement": made.statement, "name": made.name, "previous": made.previous,
                    "exceptions": made.exceptions, "incomplete": list(made.incomplete), "rows": made.rows})  # fmt: skip
    _say(session, made, key)


def asked_period(period: str | None, start: datetime | None, end: datetime | None) -> Period:
    """Return the period asked for in one of the two ways; raises a usage error for both or neither."""
    from app.periods import Period
    from app.reports.question import parse_period

    if period and not (start or end):
        return parse_period(period).period
    if period or not (start and end):
        raise click.UsageError("Give either --period, or both --from and --to.")
    if end <= start:
        raise click.UsageError("--to must be later than --from.")
    return Period(start, end)


def _say(session: Session, made: Made, key: Path | None) -> None:
    rows = made.rows
    session.say(f"Evidence pack: {made.path}")
    session.say(f"{rows['population/changes.csv']:,} changes, {rows['population/deployments.csv']:,} deployments; "
                f"{rows['sample/frame.csv']:,} changes implemented and tested, {made.exceptions:,} findings to "
                f"explain, {rows['sample/sample.csv']:,} changes drawn.")  # fmt: skip
    for sentence in made.incomplete:
        session.say(sentence)
    session.say(f"Follows: {made.previous}" if made.previous else "It starts a chain: no earlier pack was found.")
    if made.statement:
        session.say(f"Signed: {made.statement}")
        session.say(f"Check it with: twotrack verify {shlex.quote(str(made.path))} --key {shlex.quote(str(key))}.pub")
    else:
        session.say("Not signed: make a key with twotrack keygen and give it with --key.")
        session.say(f"Check it with: twotrack verify {shlex.quote(str(made.path))} --unsigned")
