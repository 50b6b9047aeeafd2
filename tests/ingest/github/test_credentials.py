"""Who we are to GitHub, and where it is."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from ingest.github.api import Endpoints, endpoints
from tests.ingest.github.syncing import Syncing
from tests.servers.base import Answer, Asked
from tests.servers.github import Repository
from tests.servers.github_data import Json, person, pull_request
from tests.staging import staged


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def as_app(syncing: Syncing, key: RSAPrivateKey, tmp_path: Path) -> Syncing:
    """A source that is read as an app's installation; the server checks the app's signature."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (tmp_path / "app.pem").write_bytes(pem)
    syncing.settings = {"app_id": "42", "installation_id": "99", "private_key": f"file:{tmp_path / 'app.pem'}"}
    handed_out: list[str] = []

    def hand_out(token: str) -> Json:
        claims = verified(token, key)
        now = syncing.clock.at
        if claims["iss"] != "42" or not claims["iat"] <= now.timestamp() < claims["exp"] <= claims["iat"] + 600:
            raise ValueError("the claims do not fit")
        handed_out.append(f"ghs_installation{len(handed_out)}")
        expires_at = (now + timedelta(hours=1)).isoformat()
        permissions = {"contents": "read", "actions": "read"}
        return {"token": handed_out[-1], "expires_at": expires_at, "permissions": permissions}

    syncing.server.installation = hand_out
    syncing.server.tokens.clear()
    return syncing


def verified(token: str, key: RSAPrivateKey) -> Json:
    """Return a web token's claims; raises ``ValueError`` unless the key signed them."""
    head, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    assert json.loads(head) == {"alg": "RS256", "typ": "JWT"}
    key.public_key().verify(signature, token.rpartition(".")[0].encode(), PKCS1v15(), hashes.SHA256())
    found: Json = json.loads(claims)
    return found


def test_an_app_reads_with_an_installation_token(repository: Repository, as_app: Syncing) -> None:
    """The app signs for itself, gets an installation's token, and the run log says what that may do."""
    repository.pull_requests.append(pull_request(1, person("ann")))
    as_app.clean()
    assert len(staged(as_app.store, "github", "change")) == 1
    assert as_app.store.con.execute("select principal, scopes from raw.runs").fetchone() == (
        "reader",
        "actions:read, contents:read",
    )


def test_an_installation_token_is_renewed_before_it_expires(repository: Repository, as_app: Syncing) -> None:
    """A sync of hours outlives its first token; the old one is never sent after its time."""
    repository.pull_requests += [pull_request(number, person("ann"), number) for number in range(150)]

    def an_hour_passes(asked: Asked) -> Answer:
        as_app.clock.at += timedelta(minutes=58)
        as_app.server.tokens.discard("ghs_installation0")
        return Answer({}, 502)

    as_app.server.fail(
        an_hour_passes, matches=lambda asked: bool(asked.body) and "query pullRequests" in str(asked.body)
    )
    as_app.clean()
    used = {asked.headers["authorization"] for asked in as_app.server.asked if asked.path == "/api/graphql"}
    assert used == {"Bearer ghs_installation0", "Bearer ghs_installation1"}
    assert as_app.server.count(lambda asked: "access_tokens" in asked.path) == 2


def test_an_installation_token_that_is_revoked_is_exchanged_once(repository: Repository, as_app: Syncing) -> None:
    """GitHub revokes tokens when permissions change; a new one is asked for, and the request is repeated."""
    repository.pull_requests.append(pull_request(1, person("ann")))
    revoked = Answer({"message": "Bad credentials"}, 401)
    as_app.server.fail(revoked, matches=lambda asked: "query issues" in str(asked.body))
    as_app.clean()
    assert as_app.server.count(lambda asked: "access_tokens" in asked.path) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "no credential"),
        ({"app_id": "42"}, "together"),
        ({"app_id": "42", "installation_id": "9", "private_key": "env:NO_SUCH_KEY"}, "NO_SUCH_KEY is not set"),
    ],
)
def test_a_missing_half_of_a_credential_is_named(syncing: Syncing, settings: dict[str, str], words: str) -> None:
    """Nothing is sent."""
    syncing.settings = settings
    assert words in str(syncing().error)
    assert syncing.server.asked == []


def test_a_private_key_that_is_none_is_refused_without_showing_it(syncing: Syncing, tmp_path: Path) -> None:
    """The error says which file to use."""
    (tmp_path / "app.pem").write_text("not a key, but secret")
    syncing.settings = {"app_id": "42", "installation_id": "9", "private_key": f"file:{tmp_path / 'app.pem'}"}
    error = str(syncing().error)
    assert "PEM file" in error
    assert "but secret" not in error


def test_without_repositories_the_source_says_what_to_write(syncing: Syncing) -> None:
    """An empty list is no wish to read everything."""
    syncing.repositories = ()
    assert "owner/name" in str(syncing().error)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", Endpoints("https://api.github.com", "", "/graphql")),
        ("https://github.com", Endpoints("https://api.github.com", "", "/graphql")),
        ("https://api.github.com/", Endpoints("https://api.github.com", "", "/graphql")),
        ("https://acme.ghe.com", Endpoints("https://api.acme.ghe.com", "", "/graphql")),
        ("https://git.acme.example", Endpoints("https://git.acme.example", "/api/v3", "/api/graphql")),
        ("https://git.acme.example/api/v3/", Endpoints("https://git.acme.example", "/api/v3", "/api/graphql")),
    ],
)
def test_addresses_follow_from_what_people_write(written: str, expected: Endpoints) -> None:
    """github.com, data residency and Enterprise servers keep their APIs in different places."""
    assert endpoints(written) == expected


def test_the_clock_of_the_token_is_ours(as_app: Syncing) -> None:
    """Tokens are issued a minute back, because GitHub refuses those from its future."""
    before = as_app.clock.at
    as_app.clean()
    assert isinstance(before, datetime)
    token = next(asked for asked in as_app.server.asked if "access_tokens" in asked.path).headers["authorization"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["iat"] == int(before.timestamp()) - 60
