"""``twotrack verify``: check an evidence pack, offline."""

from __future__ import annotations

from pathlib import Path

import click

from app.options import Command, shared_options
from app.session import Session


@click.command(
    "verify",
    cls=Command,
    examples=(
        "twotrack verify evidence-payments-… --key auditor.pub",
        "twotrack verify pack.zip --key auditor.pub --seed 'chosen by the auditor'",
        "twotrack verify evidence-payments-… --unsigned",
        "twotrack verify --as-file twotrack-verify.pyz",
    ),
)
@click.argument("pack", type=click.Path(path_type=Path), required=False)
@click.option(
    "--key", type=click.Path(dir_okay=False, path_type=Path), help="Public key that the pack must be signed with."
)
@click.option("--unsigned", is_flag=True, help="Accept a pack that nobody signed; everything else is checked.")
@click.option("--seed", help="Seed that the sample must have been drawn with.")
@click.option("--previous", type=click.Path(exists=True, path_type=Path),
              help="The pack before this one. [default: looked for beside it]")  # fmt: skip
@click.option("--without-previous", is_flag=True, help="Do not follow the chain to earlier packs.")
@click.option("--as-file", type=click.Path(dir_okay=False, path_type=Path), help="Check nothing; write the check "
              "itself as one Python file, for somebody without Twotrack.")  # fmt: skip
@shared_options
@click.pass_obj
def command(
    session: Session, pack: Path | None, key: Path | None, unsigned: bool, seed: str | None, previous: Path | None,
    without_previous: bool, as_file: Path | None,
) -> int:  # fmt: skip
    """Check that an evidence pack holds what it claims. Needs no workspace and no network.

    Every file is compared with its manifest, the signature with the key you give (never one from the pack), every
    result is computed again from the packed rows with the packed SQL, the sample is drawn again, and the chain is
    followed to the packs before. Prints one line per check; the exit code is 0 only if all hold.
    """
    if (pack is None) == (as_file is None):
        raise click.UsageError("Give a pack to check, or --as-file alone.")
    if pack is None:
        return _write(session, as_file)
    from app.reports import signing
    from app.reports.verify import Asked, failed, verdict, verify
    from models.errors import VerificationError

    public = signing.load_public(key.expanduser()) if key else None
    lines = []
    for line in verify(pack, Asked(public, unsigned, seed, previous, not without_previous)):
        lines.append(line)
        session.say(str(line))
    bad = failed(lines)
    session.answer({"pack": pack, "holds": not bad, "checks": [line.__dict__ for line in lines]})
    session.say(verdict(lines))
    return VerificationError.exit_code if bad else 0


def _write(session: Session, path: Path | None) -> int:
    """Write the check as one file and say what it needs."""
    from app.reports import alone

    target = (path or Path(alone.NAME)).expanduser()
    session.output = target
    digest = alone.write(target)
    needs = alone.needs()
    session.answer({"file": target, "sha256": digest, "needs": needs})
    session.say(f"Written: {target}")
    session.say(f"SHA-256: {digest}")
    session.say(f"Needs Python 3.11 or later and: python3 -m pip install {' '.join(map(repr, needs))}")
    session.say(f"Then: python3 {target.name} PACK --key auditor.pub")
    return 0
