"""The command line's entry: the list of commands, and how every run ends.

Owns what is printed for an error and which exit code it gives. A command's module is imported when that command runs,
so that ``twotrack --help`` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Any

import click

from app.options import shared_options, write_examples
from app.session import NOTHING_KEPT, OutputClosedError, Session
from models.errors import UserError, unforeseen

OK, FAILED, USAGE, INTERRUPTED, OUTPUT_CLOSED, TERMINATED = 0, 1, 2, 130, 141, 143
# The rest stands with its error in models.errors.
EXIT_CODES = {
    OK: "Done.",
    FAILED: "Not done, or `doctor` found something wrong.",
    USAGE: "The command line is wrong.",
    INTERRUPTED: "Interrupted by Ctrl-C; what was kept is said.",
    OUTPUT_CLOSED: "Whoever read the output closed it.",
    TERMINATED: "Ended by SIGTERM.",
}

# Command → module under app.commands, and one line of help. The order is the order of help.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Fill a workspace with generated example data, build it and open the dashboard."),
    "init": ("init", "Add a source to the configuration, after trying the connection."),
    "sync": ("sync", "Fetch new records from the configured sources, or replay recorded responses."),
    "import": ("import_files", "Read records from CSV, JSON Lines, JSON, Parquet or XLSX files."),
    "serve-push": ("serve_push", "Receive webhooks and records from other tools over HTTP."),
    "build": ("build", "Build all tables and metrics from the raw records and publish them."),
    "check": ("check", "Test every table against the promises of its SQL model, without publishing."),
    "metric": ("metric", "Print a metric of the published build, or the records behind it."),
    "drift": ("drift", "Print whether teams' two processes drift into one, since when, because of what."),
    "why": ("why", "Explain how one record was classified, event by event."),
    "lineage": ("lineage", "Show where a column of a mart or metric comes from, down to the raw streams."),
    "report": ("report", "Write the retrospective report of a period, as one HTML file and as PDF."),
    "evidence": ("evidence", "Make an evidence pack: everything in a period and scope, not only what failed."),
    "verify": ("verify", "Check that an evidence pack holds what it claims."),
    "keygen": ("keygen", "Make an Ed25519 key pair to sign evidence packs with."),
    "app": ("dashboard", "Open the dashboard on this machine."),
    "doctor": ("doctor", "Examine the workspace and say what is missing or wrong."),
    "config": ("config", "Show the configuration in force."),
}


EXAMPLES = (
    "twotrack demo",
    "twotrack --home ~/payments sync",
    "twotrack metric all --from 2026-01-01 --json",
)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in the order of help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"app.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or fail with the nearest known names."""
        from models.nearest import did_you_mean

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS)
            ctx.fail(f"There is no command '{args[0]}'" + (f"; {hint}" if hint else "."))
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, and how to get completion in a shell."""
        write_examples(EXAMPLES, formatter)
        with formatter.section("Shell completion (zsh and fish likewise)"):
            formatter.write_text('eval "$(_TWOTRACK_COMPLETE=bash_source twotrack)"')

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@shared_options
@click.version_option(package_name="twotrack", prog_name="twotrack", message="%(prog)s %(version)s")
def twotrack() -> None:
    """Tell whether change governance and release execution both still work, and whether they drift into one.

    Options that work everywhere may stand before or after the command. Results go to standard output, progress and
    errors to standard error.
    """


# Signals that asked this process to end; whoever raises their exception may turn it into one of its own.
_received: set[int] = set()


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))


def _terminate(number: int, frame: FrameType | None) -> None:
    _received.add(number)
    raise KeyboardInterrupt


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    session = Session()
    try:
        code = _invoke(arguments, session)
        sys.stdout.flush()
    except (OutputClosedError, BrokenPipeError):
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_CLOSED
    return code


def _invoke(arguments: Sequence[str], session: Session) -> int:
    try:
        code: Any = twotrack.main(list(arguments), prog_name="twotrack", standalone_mode=False, obj=session)
    except click.ClickException as error:
        return _usage(error, session, arguments)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(session)
    except UserError as error:
        if session.is_debug:
            raise
        error.kept = error.kept or session.kept
        return _explain(session, error.as_json(), str(error))
    except OutputClosedError:
        raise
    except Exception as error:
        # DuckDB turns Ctrl-C during a query into this.
        if isinstance(error, RuntimeError) and "Query interrupted" in str(error):
            return _interrupted(session)
        if session.is_debug:
            raise
        failure = session.unwritable(error) or unforeseen(error, kept=session.kept or NOTHING_KEPT)
        return _explain(session, failure.as_json(), str(failure))
    except SystemExit as error:
        # click leaves this way when nobody reads the help any more.
        return OUTPUT_CLOSED if error.code == FAILED else int(error.code or OK)
    return code if isinstance(code, int) else OK


def _usage(error: click.ClickException, session: Session, arguments: Sequence[str]) -> int:
    """Explain a wrong command line, as JSON when that was asked for anywhere on it."""
    session.is_json = session.is_json or "--json" in arguments
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "twotrack"
    failure = UserError(error.format_message(), next_step=f"{command} --help")
    return _explain(session, {**failure.as_json(), "error": "UsageError", "exit_code": USAGE}, str(failure))


def _interrupted(session: Session) -> int:
    failure = UserError("Interrupted.", kept=session.kept or NOTHING_KEPT, next_step=session.next_step)
    code = TERMINATED if signal.SIGTERM in _received else INTERRUPTED
    return _explain(session, {**failure.as_json(), "error": "Interrupted", "exit_code": code}, str(failure))


def _explain(session: Session, document: dict[str, str | int], text: str) -> int:
    """Say what happened on standard error and, with ``--json``, also on standard output; return the exit code."""
    # Standard output may be what cannot be written to; the explanation is worth more than its second form.
    with suppress(OSError):
        session.answer(document)
    session.complain(text)
    return int(document["exit_code"])


if __name__ == "__main__":
    main()
