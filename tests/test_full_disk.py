"""Commands on a disk that is full: a file may grow no further than a limit that the operating system enforces."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from models.errors import InternalError, StorageError, storage_failure, unforeseen
from models.workspace import Workspace
from tests.exports import AS_OF, write_exports, write_mappings
from tests.killing import ROOT, stored
from tests.servers.github import GitHubServer, Repository
from tests.servers.github_data import pull_request

pytestmark = pytest.mark.slow
MB = 2**20
_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from app.cli import run
sys.exit(run(sys.argv[2:]))
"""


def limited(size: int, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Run a command whose files may not exceed ``size`` bytes; returns its exit code and its answer."""
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(size), *map(str, arguments), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def check_told(code: int, answer: dict[str, Any]) -> None:
    assert (code, answer["error"], answer["what"]) == (9, "StorageError", "The disk is full.")
    assert answer["kept"]
    assert "make room" in answer["next"]


def test_an_import_says_that_the_disk_is_full_and_completes_once_there_is_room(tmp_path: Path) -> None:
    """Nothing of the file is stored, the message says so, and the same command works later."""
    write_mappings(tmp_path / "home")
    files = sorted(write_exports(tmp_path / "exports", 3_000))
    command = ("--home", tmp_path / "home", "import", *files, "--source", "exports")
    code, answer = limited(MB, *command)
    check_told(code, answer)
    assert "were stored before it" in answer["kept"]
    assert run(list(map(str, command))) == 0
    write_mappings(tmp_path / "other")
    assert run([*map(str, ("--home", tmp_path / "other", *command[2:]))]) == 0
    assert stored(tmp_path / "home") == stored(tmp_path / "other")


def test_a_build_says_that_the_disk_is_full_and_the_published_one_stays(tmp_path: Path) -> None:
    """What cannot be written whole is not published, and what was begun is removed."""
    home = tmp_path / "home"
    write_mappings(home)
    small = write_exports(tmp_path / "small", 10)
    assert run(["--home", str(home), "--quiet", "import", *map(str, small), "--source", "small"]) == 0
    assert run(["--home", str(home), "--quiet", "build", "--as-of", AS_OF]) == 0
    before = Workspace(home).current_build()
    check_told(*limited(MB, "--home", home, "build", "--as-of", AS_OF))
    assert Workspace(home).current_build() == before
    assert list(Workspace(home).build_dir.glob("*")) == []


def test_a_sync_says_that_the_disk_is_full_and_goes_on_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that were stored stay; the next sync reads the rest."""
    monkeypatch.setenv("TOKEN_ON_A_FULL_DISK", "good-token")
    repository = Repository(pull_requests=[pull_request(number, body="text " * 9_000) for number in range(1, 301)])
    with GitHubServer(repository) as server:
        settings = f"""
[[source]]
type = "github"
name = "hub"
base_url = "{server.url}"
repositories = ["acme/shop"]
token = "env:TOKEN_ON_A_FULL_DISK"
"""
        (tmp_path / "twotrack.toml").write_text(settings, encoding="utf-8")
        check_told(*limited(2 * MB, "--home", tmp_path, "sync"))
        assert run(["--home", str(tmp_path), "--quiet", "sync"]) == 0
    assert sum(count for row, count in stored(tmp_path).items() if row[0] == "github.pull_requests") == 300


@pytest.mark.parametrize(
    ("error", "what", "kept"),
    [
        (OSError(28, "No space left on device", "/x/store"), "The disk is full.", "k"),
        (OSError(30, "Read-only file system"), "The disk cannot be written to.", "k"),
        (RuntimeError('IO Error: Could not write file "/x/a": Disk quota exceeded'), "The disk is full.", "k"),
        (RuntimeError("COMMIT succeeded and is durable: No space left on device"), "The disk is full.", "stored"),
        (RuntimeError("Out of Memory Error: failed to pin block of size 2 MB"), "Memory ran out.", "k"),
        (OSError(12, "Cannot allocate memory"), "Memory ran out.", "k"),
    ],
)
def test_what_a_failing_disk_or_memory_says_is_understood(error: Exception, what: str, kept: str) -> None:
    """The operating system tells by number, DuckDB by words; a commit that succeeded is told as stored."""
    found = storage_failure(error, kept="k")
    assert isinstance(found, StorageError)
    assert found.what == what
    assert kept in found.kept


def test_other_errors_are_no_matter_of_storage() -> None:
    """A wrong query or a file that is not there is told as what it is."""
    for error in (ValueError("no"), FileNotFoundError(2, "No such file"), PermissionError(13, "Permission denied")):
        assert storage_failure(error) is None
        assert isinstance(unforeseen(error, kept="k"), InternalError)
