from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.store import RawStore
from models.streams import stream
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.servers.base import Answer
from tests.servers.jira import JiraImitation
from tests.servers.responding import Responding

PULL = {"number": 7, "id": 1, "title": "Seven", "state": "open", "user": {"login": "ana", "type": "User"},
        "created_at": "2026-06-01T08:00:00Z", "updated_at": "2026-06-01T08:00:00Z", "base": {"ref": "main"},
        "head": {"ref": "seven", "sha": "a" * 40}, "html_url": "https://github.example/acme/ledger/pull/7"}  # fmt: skip


@pytest.fixture
def jira() -> Iterator[Responding]:
    imitation = JiraImitation(zone="UTC")
    for number in range(1, 4):
        imitation.add(number)
    with imitation.serve() as server:
        yield server


def configure(home: Path, *sources: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "twotrack.toml").write_text("\n".join(sources), encoding="utf-8")


def jira_source(server: Responding, name: str = "tracker") -> str:
    return (
        f'[[source]]\ntype = "jira"\nname = "{name}"\nbase_url = "{server.url}"\nprojects = ["CHG"]\n'
        'user = "auditor@example.com"\ntoken = "env:TWOTRACK_TEST_JIRA_TOKEN"\n'
    )


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TWOTRACK_TEST_JIRA_TOKEN", "secret-token-of-the-test")
    return "secret-token-of-the-test"


def recording(folder: Path, *responses: dict[str, object]) -> Path:
    folder.mkdir()
    lines = [json.dumps({"status": 200, "fetched_at": "2026-07-01T00:00:00Z", **one}) for one in responses]
    (folder / "answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def held(home: Path, name: str) -> int:
    with RawStore(Workspace(home).raw_path, read_only=True) as store:
        return store.count(stream(name))


def test_a_configured_source_is_read_into_the_store(
    twotrack: Twotrack, home: Path, jira: Responding, token: str
) -> None:
    """Counts per stream are the result; the token is in none of the output."""
    configure(home, jira_source(jira))
    said = twotrack("sync", "--json")
    assert said.code == 0, said.err
    (source,) = said.document["sources"]
    issues = next(task for task in source["tasks"] if task["stream"] == "jira.issues")
    assert (source["source"], issues["rejected"], issues["error"]) == ("tracker", 0, None)
    assert issues["stored"] >= 3
    assert held(home, "jira.issues") == 3
    again = twotrack("sync")
    assert again.code == 0
    assert "tracker: " in again.out
    assert token not in said.out + said.err + again.out + again.err
    assert held(home, "jira.issues") == 3


def test_what_was_recorded_can_be_replayed_without_the_source(
    twotrack: Twotrack, home: Path, jira: Responding, tmp_path: Path
) -> None:
    """Recorded answers make the same records in another workspace, without asking anybody."""
    configure(home, jira_source(jira))
    assert twotrack("sync", "--record", tmp_path / "answers").code == 0
    asked = len(jira.asked)
    other = tmp_path / "other"
    said = twotrack("--home", other, "sync", "--replay", tmp_path / "answers", "--json")
    assert said.code == 0
    assert len(jira.asked) == asked
    assert held(other, "jira.issues") == held(home, "jira.issues") == 3


def test_one_failing_source_does_not_stop_the_other_and_decides_the_exit_code(
    twotrack: Twotrack, home: Path, jira: Responding
) -> None:
    """The good source is stored; the bad one is named."""
    with Responding(lambda asked: Answer({"message": "no"}, 401)) as refusing:
        configure(home, jira_source(refusing, "broken"), jira_source(jira))
        said = twotrack("sync", "--json")
    assert said.code == 5
    assert said.document["where"].startswith("broken, ")
    assert [source["source"] for source in said.document["sources"]] == ["broken", "tracker"]
    assert said.document["sources"][0]["error"]["what"] in said.err
    assert held(home, "jira.issues") == 3


def test_a_single_failure_is_told_once_with_its_source_once(twotrack: Twotrack, home: Path) -> None:
    """What happened stands in the error that ends the command, with its exit code; the source's lines point to it."""
    configure(home, '[[source]]\ntype = "github"\nname = "hub"\nrepositories = ["acme/ledger"]\n')
    said = twotrack("sync")
    assert said.code == 2  # wrong in the settings: no source refused anything
    assert "failed, as told below" in said.out
    assert (said.out + said.err).count("the source has no credential") == 1
    assert "where: source hub\n" in said.err


def test_failures_that_are_all_alike_are_told_as_one_and_nothing_stored_is_said_in_words(
    twotrack: Twotrack, home: Path
) -> None:
    """An expired token fails every reading: the message says that it is one cause, and nothing counts to nought."""
    with (
        Responding(lambda asked: Answer({"message": "no"}, 401)) as one,
        Responding(lambda asked: Answer({"message": "no"}, 401)) as other,
    ):
        configure(home, jira_source(one, "one"), jira_source(other, "other"))
        said = twotrack("sync")
    assert "2 readings failed, all alike: The source does not accept the credential (401: no)." in said.err
    assert "kept:  nothing new is stored; what was stored before is untouched" in said.err
    assert "renew it, then sync again" in said.err


def test_only_the_named_source_is_asked(twotrack: Twotrack, home: Path, jira: Responding) -> None:
    """--source narrows; an unknown name lists the known ones."""
    with JiraImitation(zone="UTC").serve() as other:
        configure(home, jira_source(other, "other"), jira_source(jira))
        assert twotrack("sync", "--source", "tracker").code == 0
        assert other.asked == []
    said = twotrack("sync", "--source", "trakcer")
    assert said.code == 2
    assert "other, tracker" in said.err


def test_without_sources_the_way_to_configure_one_is_named(twotrack: Twotrack, home: Path) -> None:
    """An empty configuration is not a success."""
    said = twotrack("sync")
    assert said.code == 2
    assert "[[source]]" in said.err
    assert not Workspace(home).raw_path.exists()


def test_a_replay_counts_what_it_read_and_what_nobody_understands(
    twotrack: Twotrack, home: Path, tmp_path: Path
) -> None:
    """Nothing recorded disappears without being said."""
    api = "https://api.github.example/repos/acme/ledger"
    folder = recording(
        tmp_path / "recorded",
        {"url": f"{api}/pulls", "body": [PULL]},
        {"url": f"{api}/pulls/8", "status": 404, "body": {}},
        {"url": "https://unknown.example/rest/things/12", "body": {}},
    )
    (folder / "broken.jsonl").write_text("not json\n", encoding="utf-8")
    document = twotrack("sync", "--replay", folder, "--json").document
    assert {one["stream"]: one["stored"] for one in document["streams"]}["github.pull_requests"] == 1
    assert document["unrouted"] == {"https://unknown.example/rest/things/0": 1}
    assert document["failed"] == {"404": 1}
    assert document["unreadable"][0]["place"] == "broken.jsonl:1"
    text = twotrack("sync", "--replay", folder).out
    assert "not understood: 1 items of https://unknown.example" in text
    assert "not a recording: broken.jsonl:1" in text


def test_a_replay_of_nothing_is_an_error(twotrack: Twotrack, home: Path, tmp_path: Path) -> None:
    """A wrong path is not an empty success, and leaves no empty store."""
    said = twotrack("sync", "--replay", tmp_path / "nowhere")
    assert said.code == 4
    assert not Workspace(home).raw_path.exists()


def test_a_replay_takes_no_options_of_a_live_sync(twotrack: Twotrack, tmp_path: Path) -> None:
    """Options that would be ignored are refused."""
    assert twotrack("sync", "--replay", tmp_path, "--source", "tracker").code == 2


def test_a_demo_workspace_refuses_a_sync(twotrack: Twotrack, home: Path) -> None:
    """Generated and real records never meet."""
    configure(home, '[workspace]\nkind = "demo"\n')
    assert twotrack("sync").code == 2
