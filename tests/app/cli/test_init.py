"""``twotrack init``: a source is tried and then written; a secret never is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.settings import load_settings
from tests.app.cli.conftest import Twotrack
from tests.servers.base import Answer
from tests.servers.github import GitHubServer, Repository
from tests.servers.github_data import pull_request
from tests.servers.jira import JiraImitation
from tests.servers.responding import Responding, to

SECRET = "planted-init-token"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_TEST_TOKEN", SECRET)


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer(Repository("acme/shop", [pull_request(number) for number in range(1, 61)])) as server:
        server.tokens = {SECRET}
        yield server


@pytest.fixture
def jira() -> Iterator[Responding]:
    imitation = JiraImitation(zone="UTC")
    for number in range(1, 4):
        imitation.add(number)
    with imitation.serve() as server:
        yield server


def typing(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Let somebody be there who types these lines."""
    keyboard = io.StringIO("".join(f"{line}\n" for line in lines))
    monkeypatch.setattr(keyboard, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", keyboard)


def test_a_source_given_by_options_is_tried_and_written(twotrack: Twotrack, home: Path, github: GitHubServer) -> None:
    """The answer says who we are, what a first reading takes and what is missing; the file holds a reference only."""
    github.fail(Answer({"message": "no"}, 403), times=9, matches=to("rule-suites"))
    said = twotrack("init", "--type", "github", "--url", github.url, "--read", "acme/shop",
                    "--token", "env:TWOTRACK_TEST_TOKEN", "--json")  # fmt: skip
    assert said.code == 0, said.err
    document = said.document
    assert (document["principal"], document["is_tested"], document["is_new"]) == ("reader", True, True)
    assert [one["permission"] for one in document["missing"]] == ["administration: read"]
    expected = {one["stream"]: one["records"] for one in document["first_reading"]["expected"]}
    assert expected["github.pull_requests"] == 60
    text = (home / "twotrack.toml").read_text(encoding="utf-8")
    assert 'token = "env:TWOTRACK_TEST_TOKEN"' in text
    assert SECRET not in text + said.out + said.err
    assert twotrack("sync", "--json").document["sources"][0]["error"] is None


def test_a_second_source_is_added_and_the_first_kept_to_the_letter(
    twotrack: Twotrack, home: Path, github: GitHubServer, jira: Responding
) -> None:
    """Comments and order of an existing file are the user's; names never collide."""
    written = (
        '# ours\n[[source]]\ntype = "jira"\nname = "jira"\nbase_url = "https://jira.example"\n\n[workspace]\nname="X"'
    )
    home.mkdir()
    (home / "twotrack.toml").write_text(written, encoding="utf-8")
    said = twotrack("init", "--type", "jira", "--url", jira.url, "--user", "me", "--token", "env:TWOTRACK_TEST_TOKEN")
    assert said.code == 0, said.err
    assert "reads jira; this adds one" in said.err
    text = (home / "twotrack.toml").read_text(encoding="utf-8")
    assert text.startswith(written)
    assert [source.name for source in load_settings(home / "twotrack.toml").source] == ["jira", "jira-2"]


def test_somebody_at_a_terminal_is_asked_for_the_least(
    twotrack: Twotrack, home: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind, address, repositories, where the token lies: four questions, and a pasted token is not taken."""
    typing(monkeypatch, "github", github.url, "acme/shop", SECRET, "env:TWOTRACK_TEST_TOKEN")
    said = twotrack("init")
    assert said.code == 0, said.err
    assert "must be a reference" in said.err
    assert SECRET not in said.out + said.err
    (source,) = load_settings(home / "twotrack.toml").source
    assert (source.type, source.repositories, source.token) == ("github", ("acme/shop",), "env:TWOTRACK_TEST_TOKEN")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--type"),
        (("--type", "jira"), "--url"),
        (("--type", "github"), "--read"),
        (("--type", "github", "--read", "a/b", "--token", SECRET), "must be a reference"),
    ],
)
def test_what_is_missing_where_nobody_can_be_asked_is_named(
    twotrack: Twotrack, home: Path, options: tuple[str, ...], words: str
) -> None:
    """In a script, an incomplete command line is a wrong one, and a secret on it is never repeated."""
    said = twotrack("init", *options, "--json")
    assert (said.code, words in said.document["what"]) == (2, True), said.out
    assert SECRET not in said.out + said.err
    assert not (home / "twotrack.toml").exists()


def test_nothing_is_written_when_the_source_refuses_and_it_is_when_told_to(
    twotrack: Twotrack, home: Path, github: GitHubServer
) -> None:
    """The message names the way to write it untried."""
    github.tokens = set()
    line = (
        "init",
        "--type",
        "github",
        "--url",
        github.url,
        "--read",
        "acme/shop",
        "--token",
        "env:TWOTRACK_TEST_TOKEN",
    )
    said = twotrack(*line)
    assert (said.code, "--no-test" in said.err) == (5, True), said.err
    assert not (home / "twotrack.toml").exists()
    assert twotrack(*line, "--no-test").code == 0
    assert len(load_settings(home / "twotrack.toml").source) == 1


def test_a_configuration_that_cannot_take_another_source_stays_as_it_was(twotrack: Twotrack, home: Path) -> None:
    """Sources written in one line cannot be continued at the end of the file."""
    written = "source = []\n"
    home.mkdir()
    (home / "twotrack.toml").write_text(written, encoding="utf-8")
    said = twotrack("init", "--type", "gitlab", "--read", "shop/web", "--no-test")
    assert said.code == 2
    assert (home / "twotrack.toml").read_text(encoding="utf-8") == written
