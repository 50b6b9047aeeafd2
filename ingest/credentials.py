"""Credentials as request headers, read late, read again when refused, and known to whoever cleans texts.

Owns how a secret becomes a header. Refuses to send anything.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

Read = Callable[[], str]
_RENEW_BEFORE = timedelta(minutes=5)


class Credential(Protocol):
    """Where a request's credential comes from."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that carry it, getting a new one when the old is about to expire."""

    def renew(self) -> bool:
        """Try to get another one after a refusal; ``False`` when there is none."""

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value in use, so that texts can be cleaned of them."""


@dataclass
class HeaderCredential:
    """A secret in one header. ``read`` is called when first needed and again after a refusal: files get rotated."""

    read: Read
    name: str
    form: Callable[[str], str]
    _secret: str | None = field(default=None, repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return the header with the secret."""
        if self._secret is None:
            self._secret = self.read()
        return {self.name: self.form(self._secret)}

    def renew(self) -> bool:
        """Read the secret again; true if it is another one now."""
        before, self._secret = self._secret, self.read()
        return self._secret != before

    def secrets(self) -> tuple[str, ...]:
        """Return the secret, and the header's value where that spells it differently."""
        if self._secret is None:
            return ()
        return (self._secret, self.form(self._secret).rpartition(" ")[2])


def bearer(read: Read) -> HeaderCredential:
    """Return a credential sent as ``Authorization: Bearer …``."""
    return HeaderCredential(read, "Authorization", lambda secret: f"Bearer {secret}")


def basic(user: str, read: Read) -> HeaderCredential:
    """Return a user and a password or token sent as ``Authorization: Basic …``."""
    return HeaderCredential(
        read, "Authorization", lambda secret: "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
    )


def header(name: str, read: Read) -> HeaderCredential:
    """Return a credential sent in a header of its own, such as ``PRIVATE-TOKEN``."""
    return HeaderCredential(read, name, lambda secret: secret)


@dataclass
class ShortLivedToken(ABC):
    """A bearer token of an hour or so, got in exchange for something that lasts, and again before it expires.

    Args:
        now: The time.
    """

    now: Callable[[], datetime]
    _token: str = field(default="", repr=False, init=False)
    _expires_at: datetime | None = field(default=None, init=False)

    @abstractmethod
    def exchange(self) -> tuple[str, datetime | None]:
        """Return a new token and when it expires, if the source says so; raises ``SourceError``."""

    def lasting_secrets(self) -> tuple[str, ...]:
        """Return what the token is got for, as far as it is known."""
        return ()

    def headers(self) -> Mapping[str, str]:
        """Return the header with the token, exchanged for a new one shortly before it expires."""
        if not self._token or (self._expires_at and self.now() >= self._expires_at - _RENEW_BEFORE):
            self.renew()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Get another token, also after a refusal."""
        self._token, self._expires_at = self.exchange()
        return True

    def secrets(self) -> tuple[str, ...]:
        """Return the token in use and what it was got for."""
        return tuple(secret for secret in (self._token, *self.lasting_secrets()) if secret)


@dataclass
class Anonymous:
    """No credential: public records only."""

    def headers(self) -> Mapping[str, str]:
        """Return no headers."""
        return {}

    def renew(self) -> bool:
        """Return ``False``: there is nothing to renew."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()
