"""Who we are to Jira: a user with an API token, a bearer token, or a service account with OAuth client credentials.

Owns the exchange of a client id and secret for an hour's token. Refuses to say what is read with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from ingest.credentials import Anonymous, Credential, ShortLivedToken, basic, bearer
from ingest.http import Client
from ingest.items import text_at
from ingest.secrets import resolve
from ingest.source import Surroundings
from models.errors import ConfigurationError, SourceError
from models.settings import SourceSettings

TOKEN_URL = "https://auth.atlassian.com/oauth/token"  # noqa: S105 - an address


def credential_for(source: SourceSettings, surroundings: Surroundings) -> Credential:
    """Return the credential that a source's settings name; none at all reads what is public.

    Raises:
        ConfigurationError: A client is named by halves, or beside a token.
    """
    if source.client_id or source.client_secret:
        return _service_account(source, surroundings)
    if source.token is None:
        return Anonymous()
    read = partial(resolve, source.token)
    return basic(source.user, read) if source.user else bearer(read)


def _service_account(source: SourceSettings, surroundings: Surroundings) -> ServiceAccount:
    reference = source.client_secret
    if not (source.client_id and reference):
        raise ConfigurationError(
            "A service account needs client_id and client_secret together.",
            where=f"source {source.name}",
            next_step="give both in the source's section of twotrack.toml",
        )
    if source.token:
        raise ConfigurationError(
            "A source takes either token or client_id and client_secret, not both.",
            where=f"source {source.name}",
            next_step="take one of them out of the source's section of twotrack.toml",
        )
    address = urlsplit(source.token_url or TOKEN_URL)
    # Its question holds the secret and its answer a token, so they are never recorded.
    unrecorded = replace(surroundings, recorder=None)
    return ServiceAccount(
        surroundings.clock.now,
        source.client_id,
        partial(resolve, reference),
        lambda: unrecorded.client(f"{address.scheme}://{address.netloc}"),
        address.path,
    )


@dataclass
class ServiceAccount(ShortLivedToken):
    """A service account: OAuth 2.0 client credentials (RFC 6749, section 4.4), an hour's token at a time.

    Args:
        now: The time.
        client_id: The account's public half.
        read_secret: Returns its secret half.
        client: Makes a client for the server that hands out tokens.
        path: Where on that server.
    """

    client_id: str
    read_secret: Callable[[], str] = field(repr=False)
    client: Callable[[], Client]
    path: str
    scopes: str | None = None
    _secret: str = field(default="", repr=False)

    def lasting_secrets(self) -> tuple[str, ...]:
        """Return the secret half."""
        return (self._secret,)

    def exchange(self) -> tuple[str, datetime | None]:
        """Return the token that Atlassian hands out for the two halves; raises ``SourceError``."""
        self._secret = self.read_secret()
        asking = self.client()
        asking.scrub.learn([self._secret])
        try:
            asked = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self._secret}
            answer = asking.post(self.path, asked, label="token").body
        finally:
            asking.close()
        token, lasts = text_at(answer, "access_token"), text_at(answer, "expires_in")
        if token is None:
            raise SourceError(
                "Atlassian handed out no token for the service account.",
                where=self.path,
                next_step="check client_id and client_secret, and that the service account is still active",
            )
        self.scopes = text_at(answer, "scope")
        is_known = lasts is not None and lasts.isdigit()
        return token, self.now() + timedelta(seconds=int(lasts)) if is_known and lasts else None
