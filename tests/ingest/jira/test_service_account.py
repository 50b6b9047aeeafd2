"""A service account of Jira Cloud: its id and secret become an hour's token, renewed in time and kept by nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ingest.jira.connector import CONNECTOR
from ingest.store import RawStore
from ingest.sync import SourceOutcome
from tests.conftest import FixedClock
from tests.ingest.syncing import synced
from tests.servers.base import Answer, Asked
from tests.servers.jira import JiraImitation
from tests.servers.responding import Responding, to

SECRET = "planted-client-secret"


@dataclass
class Atlassian:
    """Jira behind its token server: only the newest token is let in, for an hour."""

    jira: JiraImitation
    clock: FixedClock
    handed_out: list[tuple[str, datetime]] = field(default_factory=list)

    def respond(self, asked: Asked) -> Answer:
        """Hand out a token, or answer for whoever holds one."""
        if asked.path == "/oauth/token":
            expected = {"grant_type": "client_credentials", "client_id": "client-1", "client_secret": SECRET}
            if asked.body != expected:
                return Answer({"error": "access_denied", "error_description": "Unauthorized"}, 401)
            self.handed_out.append((f"planted-token-{len(self.handed_out)}", self.clock.at + timedelta(hours=1)))
            return Answer(
                {"access_token": self.handed_out[-1][0], "expires_in": 3600, "token_type": "Bearer",
                 "scope": "read:jira-work read:servicedesk-request"}
            )  # fmt: skip
        token, expires_at = self.handed_out[-1]
        if asked.headers.get("authorization") != f"Bearer {token}" or self.clock.at >= expires_at:
            return Answer({"message": "Unauthorized"}, 401)
        return self.jira.respond(asked)


@pytest.fixture
def atlassian(fixed_clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Atlassian:
    monkeypatch.setenv("JIRA_CLIENT_SECRET", SECRET)
    found = Atlassian(JiraImitation(), fixed_clock)
    for number in range(1, 151):
        found.jira.add(number)
    return found


@pytest.fixture
def server(atlassian: Atlassian) -> Iterator[Responding]:
    with Responding(atlassian.respond) as opened:
        yield opened


def sync_of(server: Responding, store: RawStore, clock: FixedClock, **settings: object) -> SourceOutcome:
    client = {"client_id": "client-1", "client_secret": "env:JIRA_CLIENT_SECRET"}
    return synced(CONNECTOR, server, store, clock, token_url=f"{server.url}/oauth/token", **{**client, **settings})


def test_one_token_serves_a_sync_and_its_scopes_are_logged(
    server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The token is asked for once; the run log says what it may do."""
    assert sync_of(server, store, fixed_clock).failures == []
    assert server.count(to("/oauth/token")) == 1
    assert store.con.execute("select scopes from raw.runs").fetchall() == [("read:jira-work read:servicedesk-request",)]


def test_a_token_is_renewed_before_its_hour_ends(
    server: Responding, atlassian: Atlassian, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A sync that outlives its token goes on with another, without a refusal in between."""
    atlassian.jira.between = lambda jira, page: fixed_clock.sleep(57 * 60)
    assert sync_of(server, store, fixed_clock).failures == []
    assert len(atlassian.handed_out) == 3
    assert {asked.headers["authorization"] for asked in server.asked if "/rest/" in asked.path} == {
        f"Bearer {token}" for token, _ in atlassian.handed_out
    }


def test_a_token_withdrawn_in_between_is_exchanged_once(
    server: Responding, atlassian: Atlassian, store: RawStore, fixed_clock: FixedClock
) -> None:
    """An administrator who rotates tokens does not end a sync."""
    server.fail(Answer({"message": "Unauthorized"}, 401), matches=to("/search/jql"))
    assert sync_of(server, store, fixed_clock).failures == []
    assert len(atlassian.handed_out) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"client_secret": None}, "client_id and client_secret together"),
        ({"client_id": ""}, "client_id and client_secret together"),
        ({"token": "env:JIRA_CLIENT_SECRET"}, "not both"),
        ({"client_id": "somebody-else"}, "does not accept the credential"),
    ],
)
def test_a_client_that_is_named_by_halves_or_refused_is_an_error_that_says_so(
    server: Responding, store: RawStore, fixed_clock: FixedClock, settings: dict[str, object], words: str
) -> None:
    """Nothing is read with half a credential."""
    (failure,) = sync_of(server, store, fixed_clock, **settings).failures
    assert words in failure.what


def test_neither_half_nor_token_reaches_the_store_a_log_or_an_error(
    server: Responding, store: RawStore, fixed_clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Even where the server repeats them in its refusal."""
    caplog.set_level(logging.DEBUG)
    told = {"errorMessages": [f"no: {SECRET} planted-token-0"]}
    server.fail(Answer(told, 403), times=9, matches=to("/search/jql"))
    failures = " ".join(str(error) for error in sync_of(server, store, fixed_clock).failures)
    store.con.execute("checkpoint")
    assert "[hidden]" in failures
    for text in (failures, caplog.text, store.path.read_bytes().decode("latin-1")):
        assert SECRET not in text
        assert "planted-token" not in text
