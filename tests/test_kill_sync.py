"""A sync of live sources is killed at random moments, as a process, and run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ingest.github.large import large_repository
from tests.killing import KILLS, finished, killed, moments, stored
from tests.servers.base import Answer, Asked
from tests.servers.github import GitHubServer
from tests.servers.jira import START, JiraImitation
from tests.servers.responding import Responding

pytestmark = pytest.mark.slow
SETTINGS = """\
[[source]]
type = "github"
name = "github"
base_url = "{github}"
repositories = ["acme/shop"]
token = "env:TOKEN_OF_A_KILLED_SYNC"

[[source]]
type = "jira"
name = "jira"
base_url = "{jira}"
user = "reader@acme.example"
token = "env:TOKEN_OF_A_KILLED_SYNC"
"""


class SlowGitHub(GitHubServer):
    """Takes its time, so that a kill finds the sync waiting, reading and storing alike."""

    def answer(self, asked: Asked) -> Answer:
        """Answer late."""
        return replace(super().answer(asked), delay=0.03)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SlowGitHub, Responding]]:
    monkeypatch.setenv("TOKEN_OF_A_KILLED_SYNC", "good-token")
    jira = JiraImitation()
    for number in range(1, 301):
        jira.add(number)
        jira.record(number, START + timedelta(minutes=number), "status", "待审批", "已批准")
    repository = large_repository(pull_requests=200, deployments=101, runs=303, jobs=2)
    with SlowGitHub(repository) as github, jira.serve() as answering:
        yield github, answering


def test_a_killed_sync_run_again_stores_what_an_undisturbed_one_does(
    servers: tuple[SlowGitHub, Responding], tmp_path: Path
) -> None:
    """Whenever the process dies, the next run completes the records, and asks only for what was not stored yet."""
    github, jira = servers

    def home(name: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        (made / "twotrack.toml").write_text(SETTINGS.format(github=github.url, jira=jira.url), encoding="utf-8")
        return made

    undisturbed = home("undisturbed")
    seconds = finished(undisturbed, "sync")
    expected, whole = stored(undisturbed), len(github.asked) + len(jira.asked)
    assert sum(expected.values()) > 3_000
    saved = kills = 0
    for number, after in enumerate(moments(seconds)):
        other = home(f"kill-{number}")
        kills += killed(other, after, "sync")
        before = len(github.asked) + len(jira.asked)
        finished(other, "sync")
        assert stored(other) == expected, f"killed after {after:.2f} s"
        asked = len(github.asked) + len(jira.asked) - before
        # At most the pages under way are asked for again, one of each list, and whether anything moved.
        assert asked <= whole + 4, f"killed after {after:.2f} s, the next run asked {asked} of {whole}"
        saved += whole - asked
    assert kills > 0, f"no kill landed within {seconds:.2f} s"
    assert saved > 0 or KILLS < 2, "what was stored before a kill was read again"
