"""``twotrack init``: a source in the configuration, tried before it is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from app.options import Command, shared_options
from app.session import Session
from app.source_entry import KINDS, Answers, entry_text, written
from models.errors import UserError

if TYPE_CHECKING:
    from ingest.examine import Examined
    from models.settings import SourceSettings


@click.command(
    "init",
    cls=Command,
    examples=(
        "twotrack init",
        "twotrack init --type github --read acme/shop --read acme/payments --token env:GITHUB_TOKEN",
        "twotrack init --type jira --url https://acme.atlassian.net --user me@acme.example --token env:JIRA_TOKEN",
        "twotrack init --type jenkins --url https://ci.acme.example --token file:~/.secrets/jenkins --no-test --json",
    ),
)
@click.option("--type", "kind", type=click.Choice(tuple(KINDS)), help="What kind of source it is.")
@click.option("--url", metavar="URL", help="Its address; not needed for github.com and gitlab.com.")
@click.option("--read", "names", multiple=True, metavar="NAME",
              help="A repository, project or job to read; may be repeated.")  # fmt: skip
@click.option("--token", metavar="REFERENCE", help="Where the token lies: env:NAME, file:PATH or keyring:SERVICE/NAME.")
@click.option("--user", metavar="LOGIN", help="The account the token belongs to (Jira Cloud, Jenkins).")
@click.option("--data-center", is_flag=True, help="The Jira is a Data Center, not Cloud.")
@click.option("--app-id", metavar="ID", help="GitHub App: its id, with --installation-id and --private-key.")
@click.option("--installation-id", metavar="ID", help="GitHub App: its installation.")
@click.option("--private-key", metavar="REFERENCE", help="GitHub App: where its key lies.")
@click.option("--client-id", metavar="ID", help="Jira Cloud service account: its id, with --client-secret.")
@click.option("--client-secret", metavar="REFERENCE", help="Jira Cloud service account: where its secret lies.")
@click.option("--name", metavar="NAME", help="What to call the source; prefixes the ids of its records.")
@click.option("--no-test", "is_untested", is_flag=True, help="Write it without asking the source.")
@shared_options
@click.pass_obj
def command(session: Session, /, is_untested: bool, **given: Any) -> None:  # noqa: ANN401 - click's own values
    """Add a source to the configuration, after trying the connection.

    On a terminal it asks for what is missing; elsewhere, and with --json, everything comes from options. A secret is
    never asked for and never written: the configuration names the environment variable, file or keyring entry that
    holds it. An existing twotrack.toml is kept as it is, and the source is added at its end. Nothing is written when
    the source cannot be read.
    """
    from app.kind import require_kind

    require_kind(session, "live", "twotrack init")
    known = session.settings().source
    if known:
        session.notice(f"{session.workspace.config_path} reads {', '.join(one.name for one in known)}; this adds one.")
    answers = Answers(given, [one.name for one in known], is_asking=sys.stdin.isatty() and not session.is_json)
    source = answers.source()
    found = None if is_untested else _tried(session, source)
    is_new = not session.workspace.config_path.is_file()
    session.output = session.workspace.home
    path = written(session.workspace, source)
    session.answer({
        "path": path,
        "is_new": is_new,
        "source": source.model_dump(mode="json", exclude_defaults=True),
        "is_tested": found is not None,
        **(_document(found) if found else {}),
    })  # fmt: skip
    session.say(f"{'Written' if is_new else 'Added'} to {path}:")
    session.say(entry_text(source))
    session.say("Next: twotrack sync, then twotrack build")


def _tried(session: Session, source: SourceSettings) -> Examined:
    """Connect to the source and say what came of it; raises where it cannot be read."""
    from app.connectors import connectors
    from ingest.examine import examine

    session.notice(f"Asking {source.name} …")
    try:
        found = examine(source, connectors()[source.type])
    except UserError as error:
        error.kept = "the configuration is as it was"
        error.next_step = f"{error.next_step}; or add --no-test to write it anyway" if error.next_step else "--no-test"
        raise
    session.say(f"Connected as {found.principal or 'nobody in particular'}" + (f", with {found.scopes}" if found.scopes
                                                                              else "") + ".")  # fmt: skip
    for permission, refusal in found.missing:
        needed = "NEEDED" if permission.is_needed else "optional"
        session.say(f"  missing ({needed}): {permission.name}, for {permission.unlocks}. {refusal.what}")
    if found.first_reading:
        session.say(f"  {found.first_reading.text()}")
    return found


def _document(found: Examined) -> dict[str, Any]:
    from app.sync_answers import forecast_document

    return {
        "principal": found.principal,
        "scopes": found.scopes,
        "missing": [{"permission": one.name, "unlocks": one.unlocks, "is_needed": one.is_needed, "said": refusal.what}
                    for one, refusal in found.missing],
        "first_reading": forecast_document(found.first_reading),
    }  # fmt: skip
