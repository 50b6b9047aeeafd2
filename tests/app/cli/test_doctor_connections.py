"""What ``twotrack doctor`` says of sources that it asks: who, what, when and how much is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.store import RawStore
from ingest.store_records import Page, RawRecord
from models.streams import stream
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.servers.base import Answer, Asked
from tests.servers.github import GitHubServer, Repository
from tests.servers.github_data import pull_request

SECRET = "planted-doctor-token"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer(Repository("acme/shop", [pull_request(1)])) as server:
        server.tokens = {SECRET}
        yield server


@pytest.fixture(autouse=True)
def configured(home: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_TEST_TOKEN", SECRET)
    home.mkdir()
    (home / "twotrack.toml").write_text(
        f'[[source]]\ntype = "github"\nname = "hub"\nbase_url = "{github.url}"\n'
        'repositories = ["acme/shop"]\ntoken = "env:TWOTRACK_TEST_TOKEN"\n',
        encoding="utf-8",
    )


def findings(twotrack: Twotrack, code: int, *options: str) -> dict[str, list[dict[str, Any]]]:
    said = twotrack("doctor", "--json", *options)
    assert said.code == code, said.out
    assert SECRET not in said.out + said.err
    found: dict[str, list[dict[str, Any]]] = {}
    for one in said.document["findings"]:
        found.setdefault(one["topic"], []).append(one)
    return found


def test_a_source_says_who_we_are_what_we_may_and_what_its_limits_leave(twotrack: Twotrack) -> None:
    """Everything a sync will need is known before it runs, and nothing is stored."""
    found = findings(twotrack, 0)
    assert [one["text"] for one in found["connections"]] == ["hub: connected as reader"]
    assert "administration: read" in found["permissions"][0]["text"]
    assert [one["text"] for one in found["clocks"]] == ["hub: its clock and this machine's agree"]
    assert any("graphql limit leaves 4," in one["text"] for one in found["limits"])
    assert found["raw records"][0]["text"] == "none yet"


def test_a_missing_permission_names_what_it_would_unlock(twotrack: Twotrack, github: GitHubServer) -> None:
    """An optional one is a note, a needed one is wrong; the source's own words are repeated."""
    refusal = Answer({"message": "Resource not accessible by integration"}, 403)
    github.fail(refusal, times=9, matches=lambda asked: "rule-suites" in asked.path)
    (note,) = [one for one in findings(twotrack, 0)["permissions"] if one["status"] == "note"]
    assert "missing 'administration: read'" in note["text"]
    assert "Resource not accessible" in note["text"]
    assert "bypassed rules" in note["next_step"]
    github.fail(refusal, times=9, matches=lambda asked: asked.path.endswith("/deployments"))
    (wrong,) = [one for one in findings(twotrack, 1)["permissions"] if one["status"] == "wrong"]
    assert "all of release execution" in wrong["next_step"]


@pytest.mark.parametrize(("minutes", "status", "code"), [(-1, "note", 0), (30, "wrong", 1)])
def test_a_clock_that_differs_is_measured_against_the_sources(
    twotrack: Twotrack, github: GitHubServer, minutes: int, status: str, code: int
) -> None:
    """Windows of a search and tokens depend on both clocks; two minutes are tolerated by default."""
    answer = github.answer

    def dated(asked: Asked) -> Answer:
        made = answer(asked)
        there = format_datetime(datetime.now(UTC) - timedelta(minutes=minutes), usegmt=True)
        return Answer(made.body, made.status, {**made.headers, "Date": there})

    github.answer = dated  # type: ignore[method-assign]
    (found,) = findings(twotrack, code)["clocks"]
    assert found["status"] == status
    assert ("ahead of" if minutes > 0 else "behind") in found["text"]


def test_a_refused_token_is_wrong_and_the_rest_is_still_examined(twotrack: Twotrack, github: GitHubServer) -> None:
    """One sentence about the source; the other topics have theirs."""
    github.tokens = set()
    found = findings(twotrack, 1)
    assert [one["status"] for one in found["connections"]] == ["wrong"]
    assert "does not accept the credential" in found["connections"][0]["text"]
    assert found["builds"]


def test_offline_asks_nobody(twotrack: Twotrack, github: GitHubServer) -> None:
    """For machines without a way out."""
    assert "connections" not in findings(twotrack, 0, "--offline")
    assert github.asked == []


def test_payloads_that_are_not_what_was_received_are_found(twotrack: Twotrack, home: Path) -> None:
    """A file edited from outside or damaged on disk no longer agrees with its hashes, nor with the runs logged."""
    reviews = stream("github.reviews")
    with RawStore(Workspace(home).raw_path) as store:
        run = store.begin_run("hub", "github", "test")
        store.write_page(run, Page(reviews, [RawRecord(reviews, str(n), {"state": "APPROVED"}) for n in range(3)]))
        store.finish_run(run)
    agreeing = [one["status"] for one in findings(twotrack, 0, "--offline")["raw records"]]
    assert agreeing == ["ok", "ok"]
    with RawStore(Workspace(home).raw_path) as store:
        store.con.execute("update raw.github_reviews set payload = '{\"state\": \"DISMISSED\"}' where record_key = '1'")
        store.con.execute("update raw.github_reviews set run_id = 'nobody' where record_key = '2'")
    wrong = [one["text"] for one in findings(twotrack, 1, "--offline")["raw records"] if one["status"] == "wrong"]
    assert "1 of 3 payloads compared are not what was received" in wrong[0]
    assert "1 versions belong to no logged run" in wrong[1]
