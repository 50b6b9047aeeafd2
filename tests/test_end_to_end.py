from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from app.cli import run
from models.workspace import Workspace
from tests.exports import AS_OF, write_exports, write_mappings
from tests.published import Contents, contents, differences

pytestmark = pytest.mark.slow
CHANGES = 60
API = "https://api.github.example/repos/acme/ledger"


def twotrack(home: Path, *arguments: str | Path) -> None:
    assert run(["--home", str(home), "--quiet", *(str(argument) for argument in arguments)]) == 0


def recorded(folder: Path, *, shuffled: int | None = None) -> Path:
    """Write recorded answers of a repository: pull requests with their reviews, in one order or another."""
    answers = []
    for number in range(1, 31):
        revision = f"{number:040x}"
        at = f"2026-03-{number:02d}T"
        pull = {
            "id": number, "number": number, "title": f"Pull request {number}", "state": "closed",
            "user": {"login": "ana", "type": "User"}, "html_url": f"https://github.example/acme/ledger/pull/{number}",
            "created_at": f"{at}08:00:00Z", "updated_at": f"{at}12:00:00Z", "closed_at": f"{at}12:00:00Z",
            "merged_at": f"{at}12:00:00Z", "merged_by": {"login": "bo", "type": "User"}, "draft": False,
            "base": {"ref": "main", "sha": "b" * 40}, "head": {"ref": f"topic-{number}", "sha": revision},
            "merge_commit_sha": f"{number + 1000:040x}",
        }  # fmt: skip
        review = {
            "id": 100 + number, "state": "APPROVED", "user": {"login": "bo", "type": "User"}, "commit_id": revision,
            "submitted_at": f"{at}10:{number:02d}:00Z", "body": "",
            "pull_request_url": f"{API}/pulls/{number}",
        }  # fmt: skip
        earlier = {**pull, "state": "open", "merged_at": None, "closed_at": None, "merged_by": None,
                   "updated_at": f"{at}09:00:00Z"}  # fmt: skip
        answers += [
            {"url": f"{API}/pulls", "body": [earlier], "fetched_at": f"{at}09:30:00Z"},
            {"url": f"{API}/pulls", "body": [pull], "fetched_at": f"{at}13:00:00Z"},
            {"url": f"{API}/pulls/{number}/reviews", "body": [review], "fetched_at": f"{at}13:00:00Z"},
        ]
    if shuffled is not None:
        random.Random(shuffled).shuffle(answers)
    folder.mkdir(parents=True)
    lines = "\n".join(json.dumps({"status": 200, **answer}) for answer in answers)
    (folder / "answers.jsonl").write_text(lines, encoding="utf-8")
    return folder


def fill(home: Path, inputs: Path, *, shuffled: int | None = None) -> None:
    write_mappings(home)
    paths = write_exports(inputs / "exports", CHANGES, shuffled=shuffled)
    if shuffled is not None:
        random.Random(shuffled).shuffle(paths)
    twotrack(home, "import", *paths)
    twotrack(home, "sync", "--replay", recorded(inputs / "recorded", shuffled=shuffled))


def build(home: Path) -> Contents:
    twotrack(home, "build", "--as-of", AS_OF, "--memory", "500MB")
    return contents(home)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Contents]:
    """A workspace filled from files and recorded answers, built once, with what its build holds."""
    folder = tmp_path_factory.mktemp("first")
    fill(folder / "home", folder)
    return folder, build(folder / "home")


def test_files_and_answers_reach_the_published_tables(first: tuple[Path, Contents]) -> None:
    """What the other tests compare is not empty."""
    _, held = first
    assert held["marts.changes"].total() == CHANGES + 30
    assert held["marts.deployments"].total() == CHANGES
    assert held["marts.decisions"].total() > 70
    assert held["marts.incidents"].total() > 0
    assert held["metrics.approval_latency"].total() == CHANGES + 30


def test_importing_and_replaying_again_changes_no_table_but_the_run_log(first: tuple[Path, Contents]) -> None:
    """The same records twice are the same records once."""
    folder, before = first
    home = folder / "home"
    twotrack(home, "import", *sorted((folder / "exports").glob("*.csv")))
    twotrack(home, "sync", "--replay", folder / "recorded")
    assert differences(before, build(home)) == []


def test_records_in_any_order_give_the_same_tables(first: tuple[Path, Contents], tmp_path: Path) -> None:
    """Files, rows and answers may arrive as they like, an older state of a record after a newer one included."""
    _, expected = first
    fill(tmp_path / "home", tmp_path, shuffled=11)
    assert differences(expected, build(tmp_path / "home")) == []


def test_two_workspaces_never_touch_each_other(first: tuple[Path, Contents], tmp_path: Path) -> None:
    """Whatever happens in one folder, every byte of the other stays."""
    folder, _ = first

    def prints() -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    before = prints()
    write_mappings(tmp_path / "home")
    twotrack(tmp_path / "home", "import", *write_exports(tmp_path / "exports", 5, seed=99))
    held = build(tmp_path / "home")
    twotrack(tmp_path / "home", "doctor")
    assert held["marts.changes"].total() == 5
    assert prints() == before
    assert not (Workspace(tmp_path / "home").home / "exports").exists()
