"""A new source of the configuration: what has to be known of each kind, how it is asked for, and how it is written.

Owns the questions and the text of the entry. Refuses to ask the source, and to see a secret: only where it lies.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.errors import ConfigurationError
from models.settings import SourceSettings, checked_reference, parse_settings
from models.workspace import Workspace

if TYPE_CHECKING:
    from pydantic import ValidationError

_HEADING = """# What Twotrack reads. `twotrack config show` prints every setting with its default.
# Secrets never stand here: a setting names where one lies, as env:NAME, file:PATH or keyring:SERVICE/NAME.

[workspace]
kind = "live"
"""


@dataclass(frozen=True)
class Kind:
    """What has to be known of a kind of source.

    Args:
        url: Its usual address; empty where every organisation has its own.
        reads: The setting that names what is read of it, which is also the question.
        is_choosing: Whether something must be named; otherwise everything visible is read.
        token: Where its token usually lies.
        has_user: Whether its tokens belong to a user who must be named.
    """

    url: str
    reads: str
    is_choosing: bool
    token: str
    has_user: bool = False


KINDS: Mapping[str, Kind] = {
    "github": Kind("https://github.com", "repositories", True, "env:GITHUB_TOKEN"),
    "jira": Kind("", "projects", False, "env:JIRA_TOKEN", has_user=True),
    "gitlab": Kind("https://gitlab.com", "projects", True, "env:GITLAB_TOKEN"),
    "jenkins": Kind("", "jobs", False, "env:JENKINS_TOKEN", has_user=True),
}
_CREDENTIALS = ("token", "app_id", "client_id")
_REFERENCES = ("token", "private_key", "client_secret")


class Answers:
    """What is known of the new source: from options, and from questions where somebody is there to answer.

    Args:
        given: Options by name; ``None`` and empty ones were not given.
        taken: Names of sources that are there already.
        is_asking: Whether to ask for what is missing.
    """

    def __init__(self, given: Mapping[str, Any], taken: Sequence[str], *, is_asking: bool) -> None:
        self._given = given
        self._taken = taken
        self._is_asking = is_asking

    def source(self) -> SourceSettings:
        """Return the source; raises a usage error for what is missing, and asks for it first where that makes sense."""
        kind = self._given["kind"] or self._ask("type", "Kind of source", type=click.Choice(tuple(KINDS)))
        about = KINDS[kind]
        url = self._given["url"] or self._ask("url", "Address", about.url, is_needed=not about.url)
        fields: dict[str, Any] = {
            "type": kind,
            "name": self._given["name"] or self._free_name(kind),
            "base_url": "" if url == about.url else url,
            about.reads: self._names(about),
            **self._credential(about),
        }
        if self._given["data_center"]:
            fields["deployment"] = "data_center"
        return _checked(fields)

    def _names(self, about: Kind) -> tuple[str, ...]:
        if self._given["names"]:
            return tuple(self._given["names"])
        hint = "owner/name or owner/*" if about.reads == "repositories" else "empty for all that can be seen"
        text = f"{about.reads.capitalize()}, separated by commas" + ("" if about.is_choosing else f" ({hint})")
        asked = self._ask("read", text, "", is_needed=about.is_choosing)
        return tuple(name.strip() for name in asked.split(",") if name.strip())

    def _credential(self, about: Kind) -> dict[str, str]:
        """Return the settings of the credential; where none was given, a user and a token are asked for."""
        names = ("token", "user", "app_id", "installation_id", "private_key", "client_id", "client_secret")
        found = {name: str(self._given[name]) for name in names if self._given[name]}
        for name in _REFERENCES:
            if name in found:
                _reference(found[name], f"--{name.replace('_', '-')}")
        if not any(name in found for name in _CREDENTIALS):
            if about.has_user and "user" not in found:
                user = self._ask("user", "Account the token belongs to (empty for a token without one)", "")
                found |= {"user": user} if user else {}
            found["token"] = self._ask("token", "Where the token lies (not the token)", about.token,
                                       value_proc=lambda text: _reference(text.strip(), "the answer"))  # fmt: skip
        return found

    def _free_name(self, kind: str) -> str:
        candidates = [kind, *(f"{kind}-{number}" for number in range(2, len(self._taken) + 3))]
        return next(name for name in candidates if name not in self._taken)

    def _ask(
        self,
        option: str,
        text: str,
        default: str | None = None,
        *,
        is_needed: bool = False,
        type: click.ParamType[Any] | None = None,  # noqa: A002 - click's name
        value_proc: Callable[[str], str] | None = None,
    ) -> str:
        """Return the answer of whoever is there, else the default; without either the option is missing."""
        is_without = default is None or (is_needed and not default)
        if self._is_asking:
            shown = None if is_without else default
            return str(click.prompt(text, default=shown, show_default=bool(shown), type=type, value_proc=value_proc,
                                    err=True))  # fmt: skip
        if is_without:
            raise click.UsageError(f"Missing option '--{option}': there is nobody here to ask.")
        return str(default)


def _reference(text: str, where: str) -> str:
    """Return the reference of a secret; what is none may be the secret itself and is never repeated."""
    try:
        return checked_reference(text)
    except ValueError as error:
        raise click.UsageError(f"{where} {error}.") from None


def _checked(fields: Mapping[str, Any]) -> SourceSettings:
    from pydantic import ValidationError

    try:
        return SourceSettings.model_validate(fields)
    except ValidationError as error:
        raise ConfigurationError(
            f"The source does not fit: {_problems(error)}.",
            kept="nothing was written",
            next_step="twotrack init --help",
        ) from None


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))


def entry_text(source: SourceSettings) -> str:
    """Return the source as it stands in the configuration: what differs from the defaults."""
    from app.commands.config import as_toml

    return "\n".join(as_toml({"source": [source.model_dump(exclude_defaults=True)]})).strip()


def written(workspace: Workspace, source: SourceSettings) -> Path:
    """Add the source at the end of the configuration, which is otherwise kept as it is; returns its path.

    Raises:
        ConfigurationError: With the source the configuration would no longer fit; then it stays as it was.
    """
    path = workspace.config_path
    before = path.read_text(encoding="utf-8") if path.is_file() else _HEADING
    text = f"{before.rstrip()}\n\n{entry_text(source)}\n"
    parse_settings(text, str(path))
    workspace.home.mkdir(parents=True, exist_ok=True)
    # Replaced as a whole: whoever reads sees the old one or the new one.
    with tempfile.NamedTemporaryFile("w", dir=workspace.home, suffix=".toml", delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new = Path(file.name)
    new.chmod(path.stat().st_mode & 0o777 if path.is_file() else 0o644)
    return new.replace(path)
