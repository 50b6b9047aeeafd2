"""``twotrack keygen``: a key pair to sign evidence packs with."""

from __future__ import annotations

from pathlib import Path

import click

from app.options import Command, shared_options
from app.session import Session


@click.command(
    "keygen",
    cls=Command,
    examples=(
        "twotrack keygen --out ~/keys/evidence.key",
        "twotrack keygen --out ~/keys/evidence.key --passphrase env:EVIDENCE_PASSPHRASE",
    ),
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="File for the private key; the public key goes beside it, with .pub added.")  # fmt: skip
@click.option("--passphrase", metavar="REFERENCE", help="Encrypt the private key with the passphrase at env:NAME, "
              "file:PATH or keyring:SERVICE/NAME.")  # fmt: skip
@click.option("--ask-passphrase", is_flag=True, help="Ask for a passphrase instead.")
@shared_options
@click.pass_obj
def command(session: Session, out: Path, passphrase: str | None, ask_passphrase: bool) -> None:
    """Make an Ed25519 key pair to sign evidence packs with.

    The private key's file can be read by its owner only. Give the public key, the file ending in .pub, to the auditor
    by another way than the packs, and let them compare the fingerprint. A key is never overwritten.
    """
    from app.reports import signing

    session.output = out.expanduser()
    made = signing.generate(session.output, secret_at(passphrase, asks=ask_passphrase, confirms=True))
    session.answer({"private_key": made.private, "public_key": made.public, "fingerprint_sha256": made.fingerprint})
    session.say(f"Private key: {made.private}  (keep it, and keep it to yourself)")
    session.say(f"Public key:  {made.public}  (for whoever checks your packs)")
    session.say(f"Fingerprint: {made.fingerprint}")


def secret_at(reference: str | None, *, asks: bool, confirms: bool = False) -> str | None:
    """Return the passphrase that a reference leads to, or the one a person types; ``None`` when there is neither."""
    if reference and asks:
        raise click.UsageError("Choose either --passphrase or --ask-passphrase.")
    if reference:
        from ingest.secrets import resolve

        return resolve(reference)
    if asks:
        typed: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirms, err=True)
        return typed
    return None
