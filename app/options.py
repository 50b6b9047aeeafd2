"""Options that every command takes, before or after its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import click

from app.session import Session

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


_KEPT_AS = {"home": "home", "json_output": "is_json", "quiet": "is_quiet", "debug": "is_debug"}


def _remember(ctx: click.Context, option: click.Parameter, value: object) -> None:
    """Keep an option where it was given; its absence after the command does not undo it before the command."""
    session = ctx.ensure_object(Session)
    if value is not None and value is not False:
        setattr(session, _KEPT_AS[str(option.name)], value)


def shared_options(function: Decorated) -> Decorated:
    """Add ``--home``, ``--json``, ``--quiet`` and ``--debug``."""
    for decorate in (
        click.option("--debug", is_flag=True, expose_value=False, callback=_remember, is_eager=True,
                     help="Let errors show their traceback."),
        click.option("--quiet", "-q", is_flag=True, expose_value=False, callback=_remember, is_eager=True,
                     help="No progress and no notices."),
        click.option("--json", "json_output", is_flag=True, expose_value=False, callback=_remember, is_eager=True,
                     help="Print the result as one JSON document."),
        click.option("--home", type=click.Path(file_okay=False, path_type=Path), expose_value=False,
                     callback=_remember, is_eager=True,
                     help="The workspace's folder. [default: TWOTRACK_HOME, else data/ of the checkout]"),
    ):  # fmt: skip
        function = decorate(function)
    return function


class Command(click.Command):
    """A command whose help ends in examples that can be pasted."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **keywords: Any) -> None:  # noqa: ANN401 (click's own)
        super().__init__(*args, **keywords)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(self.examples, formatter)


class Group(Command, click.Group):
    """A group of commands whose help ends in examples."""


def write_examples(examples: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    """Write lines as they are under the heading Examples."""
    if examples:
        with formatter.section("Examples"):
            formatter.write("".join(f"{'':{formatter.current_indent}}{line}\n" for line in examples))


class Instant(click.ParamType[datetime]):
    """A date or an instant in ISO 8601; without an offset it is UTC."""

    name = "date or instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return naive UTC."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is no date (2026-07-01) and no instant (2026-07-01T14:30:00+02:00).", param, ctx)
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


INSTANT = Instant()


class Interval(click.ParamType[timedelta]):
    """A length of time such as 90s, 30m, 1h or 1d."""

    name = "interval"
    _UNITS: ClassVar[dict[str, str]] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length of time."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value).strip().lower())
        if not found or int(found[1]) == 0:
            self.fail(f"'{value}' is no interval such as 90s, 30m, 1h or 1d.", param, ctx)
        return timedelta(**{self._UNITS[found[2]]: int(found[1])})


INTERVAL = Interval()
