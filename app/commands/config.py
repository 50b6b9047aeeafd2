"""``twotrack config``: the configuration in force, defaults included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any

import click

from app.options import Command, Group, shared_options
from app.session import Session


@click.group(
    "config",
    cls=Group,
    examples=(
        "twotrack config show",
        "twotrack config show --json",
    ),
)
@shared_options
def command() -> None:
    """Show the configuration in force.

    The configuration is one file, twotrack.toml, in the workspace's folder. Secrets never stand in it: it names the
    environment variable, file or keyring entry that holds them.
    """


@command.command(
    "show",
    cls=Command,
    examples=(
        "twotrack config show",
        "twotrack --home ~/payments config show > twotrack.toml",
    ),
)
@shared_options
@click.pass_obj
def show(session: Session) -> None:
    """Print every setting in force as TOML, whether set or a default.

    The output is itself a valid twotrack.toml.
    """
    path = session.workspace.config_path
    settings = session.settings()
    session.answer({"path": path, "exists": path.is_file(), "settings_sha256": settings.fingerprint(),
                    "settings": settings.model_dump(mode="json", exclude_none=True)})  # fmt: skip
    session.say(f"# {path}" if path.is_file() else f"# {path} does not exist: these are the defaults.")
    session.say("\n".join(as_toml(settings.model_dump(exclude_none=True))))


def as_toml(values: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Yield the lines of a TOML document: plain values first, then tables, then arrays of tables."""
    for key, value in values.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{key} = {toml_value(value)}"
    for key, value in values.items():
        name = f"{place}{key}"
        if _is_table(value):
            yield from ("", f"[{name}]")
            yield from as_toml(value, f"{name}.")
        elif _is_tables(value):
            for item in value:
                yield from ("", f"[[{name}]]")
                yield from as_toml(item, f"{name}.")


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: object) -> bool:
    return isinstance(value, tuple | list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def toml_value(value: object) -> str:
    """Return a text, number, truth value, date, time or list of them as TOML writes it."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    # JSON's texts, numbers and truth values are also TOML's, but for some control characters.
    text = json.dumps(value, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if 0x7F <= ord(c) <= 0x9F else c for c in text)
