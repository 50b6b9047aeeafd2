"""Who we are to GitHub: an app's installation (preferred) or the holder of a token.

Owns the signing of an app's JSON Web Token and its exchange for a short-lived installation token, renewed before it
expires and after a refusal. Refuses to say what is read with it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ingest.credentials import Credential, ShortLivedToken, bearer
from ingest.github.api import HEADERS, Endpoints
from ingest.http import Client
from ingest.secrets import resolve
from ingest.source import Surroundings
from models.errors import ConfigurationError, SourceError
from models.settings import SourceSettings

_BACKDATED = timedelta(seconds=60)  # GitHub refuses a token issued in its future; clocks differ
_VALID_FOR = timedelta(minutes=9)  # GitHub's limit is ten minutes


def credential_for(settings: SourceSettings, at: Endpoints, surroundings: Surroundings) -> Credential:
    """Return the credential that a source's settings name.

    Raises:
        ConfigurationError: There is none, or an app is named by halves.
    """
    if settings.app_id or settings.installation_id or settings.private_key:
        if not (settings.app_id and settings.installation_id and settings.private_key):
            raise ConfigurationError(
                "A GitHub App needs app_id, installation_id and private_key together.",
                where=f"source {settings.name}",
                next_step="give all three in the source's section of twotrack.toml, or a token instead",
            )
        reference = settings.private_key
        return AppInstallation(
            surroundings.clock.now,
            settings.app_id,
            settings.installation_id,
            lambda: resolve(reference),
            # Its answers hold tokens, so they are never recorded.
            lambda credential: replace(surroundings, recorder=None).client(at.base_url, credential, HEADERS),
            f"{at.rest}/app/installations/{settings.installation_id}/access_tokens",
        )
    if settings.token:
        token = settings.token
        return bearer(lambda: resolve(token))
    raise ConfigurationError(
        "GitHub answers most questions only to somebody it knows, and the source has no credential.",
        where=f"source {settings.name}",
        next_step='add token = "env:GITHUB_TOKEN", or app_id, installation_id and private_key',
    )


@dataclass
class AppInstallation(ShortLivedToken):
    """The installation of a GitHub App: an hour's token at a time.

    Args:
        now: The time.
        app_id: The app.
        installation_id: Its installation in an organisation or account.
        read_key: Returns the app's private key (PEM).
        client: Makes a client that asks with the app's own token.
        path: Where installation tokens are handed out.
    """

    app_id: str
    installation_id: str
    read_key: Callable[[], str] = field(repr=False)
    client: Callable[[Credential], Client]
    path: str
    permissions: str = ""
    _app_token: str = field(default="", repr=False)

    def lasting_secrets(self) -> tuple[str, ...]:
        """Return the app's own token."""
        return (self._app_token,)

    def exchange(self) -> tuple[str, datetime | None]:
        """Sign for the app and return the token that GitHub hands out for the installation."""
        self._app_token = app_token(self.app_id, self.read_key(), self.now())
        asking = self.client(bearer(lambda: self._app_token))
        try:
            answer = asking.post(self.path, {}, label="installation").body
        finally:
            asking.close()
        if not isinstance(answer, dict) or not isinstance(answer.get("token"), str):
            raise SourceError(
                "GitHub handed out no installation token.",
                where=self.path,
                next_step="check that the app is still installed (installation_id), and that private_key is its own",
            )
        self.permissions = ", ".join(f"{name}:{level}" for name, level in sorted(answer.get("permissions", {}).items()))
        expires_at = answer.get("expires_at")
        return answer["token"], datetime.fromisoformat(expires_at) if expires_at else None


def app_token(app_id: str, private_key: str, now: datetime) -> str:
    """Return a JSON Web Token (RS256) by which an app proves itself for nine minutes.

    Raises:
        ConfigurationError: The private key is not an RSA key in PEM form.
    """
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(
            "The app's private key cannot be read.",
            next_step="use the PEM file that GitHub generated for the app",
            where="the secret that private_key names",
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(
            "The app's private key is not an RSA key.",
            next_step="use the PEM file from GitHub",
            where="the secret that private_key names",
        )
    claims = {
        "iat": int((now - _BACKDATED).timestamp()),
        "exp": int((now + _VALID_FOR).timestamp()),
        "iss": app_id,
    }
    signed = f"{_encoded(orjson.dumps({'alg': 'RS256', 'typ': 'JWT'}))}.{_encoded(orjson.dumps(claims))}"
    return f"{signed}.{_encoded(key.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
