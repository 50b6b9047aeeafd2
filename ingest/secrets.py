"""Secrets by reference: read where ``env:``, ``file:`` or ``keyring:`` points, and kept out of every text.

Owns the only way a secret enters the process and the rule by which text is cleaned. Refuses to store or print one.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

from models.errors import ConfigurationError

HIDDEN = "[hidden]"

# Whole names: a page token or an issue key in a URL says where a record came from and must stay readable.
_SECRET_PARAMETER = re.compile(
    r"(?:[\w-]*[_-])?(?:token|secret|passwd|password|signature|credential)|(?:api|access|private)[_-]?key|jwt|sig",
    re.IGNORECASE,
)
_SECRET_SHAPES = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|ATATT[\w=-]{20,}"
    r"|(?<=[Bb]earer )[\w.~+/=-]{8,}|(?<=[Bb]asic )[\w+/=-]{8,}|(?<=://)[^/@\s]+(?=@)"
)
_MINIMUM_LENGTH = 4  # a shorter "secret" would blank out ordinary words


def resolve(reference: str) -> str:
    """Return the secret that ``reference`` points to, without surrounding white space.

    Raises:
        ConfigurationError: The reference leads nowhere, or to something empty.
    """
    kind, _, place = reference.partition(":")
    readers = {"env": _from_environment, "file": _from_file, "keyring": _from_keyring}
    if kind not in readers or not place:
        raise ConfigurationError(
            "A secret must be given as env:NAME, file:PATH or keyring:SERVICE/NAME.",
            where="the source's settings",
            next_step="write such a reference in twotrack.toml, and keep the secret itself out of it",
        )
    secret = readers[kind](place).strip()
    if not secret:
        raise ConfigurationError(
            f"The secret {kind}:{place} is empty.",
            where="the source's settings",
            next_step="put the token there and run again",
        )
    return secret


def _from_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ConfigurationError(
            f"The environment variable {name} is not set.",
            where="the source's settings",
            next_step=f"export {name}=… and run again",
        ) from None


def _from_file(name: str) -> str:
    path = Path(name).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigurationError(
            f"The secret's file cannot be read: {reason}.",
            where=str(path),
            next_step="check the path in twotrack.toml, and that you may read the file",
        ) from None


def _from_keyring(place: str) -> str:
    service, _, name = place.rpartition("/")
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise ConfigurationError(
            "A keyring: reference needs the package 'keyring'.",
            where="the source's settings",
            next_step="pip install 'twotrack[keyring]'",
        ) from None
    try:
        found = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(
            f"The keyring cannot be read: {type(error).__name__}.",
            where=place,
            next_step="unlock the keyring, or keep the secret in env:NAME or file:PATH",
        ) from None
    if found is None:
        raise ConfigurationError(
            "The keyring has no such entry.", where=place, next_step=f"keyring set {service} {name}"
        )
    return str(found)


@dataclass
class Scrubber:
    """Cleans text of the secrets it was told, in every spelling they travel in, and of anything shaped like a token."""

    _needles: set[str] = field(default_factory=set, repr=False)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets; each is also hidden where it was URL-encoded or Base64-encoded."""
        for secret in secrets:
            if len(secret) >= _MINIMUM_LENGTH:
                encoded = base64.b64encode(secret.encode()).decode()
                self._needles |= {secret, quote(secret, safe=""), quote_plus(secret), encoded}

    def text(self, value: str) -> str:
        """Return ``value`` without secrets."""
        for needle in sorted(self._needles, key=len, reverse=True):
            value = value.replace(needle, HIDDEN)
        return _SECRET_SHAPES.sub(HIDDEN, value)

    def url(self, value: str) -> str:
        """Return a URL without user info, without the values of secret-named parameters, and without secrets."""
        parts = urlsplit(value)
        if parts.scheme and parts.netloc:
            host = parts.netloc.rpartition("@")[2]
            query = parts.query
            pairs = parse_qsl(query, keep_blank_values=True)
            if any(_SECRET_PARAMETER.fullmatch(name) for name, _ in pairs):
                shown = [(name, HIDDEN if _SECRET_PARAMETER.fullmatch(name) else text) for name, text in pairs]
                query = urlencode(shown, safe="[]")
            value = urlunsplit((parts.scheme, host, parts.path, query, parts.fragment))
        return self.text(value)
