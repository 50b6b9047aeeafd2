"""An import, a replay and a build are killed at random moments."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import run
from models.workspace import Workspace
from tests.exports import AS_OF, write_exports, write_mappings
from tests.killing import finished, killed, moments, stored
from tests.published import Contents, contents, differences
from tests.test_end_to_end import recorded

pytestmark = pytest.mark.slow
CHANGES = 1_500
BUILD = ("build", "--as-of", AS_OF, "--memory", "500MB")
Arguments = tuple[str | Path, ...]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with inputs, and a small workspace that is built: what readers read while a writer is killed."""
    folder = tmp_path_factory.mktemp("base")
    write_mappings(folder / "home")
    write_exports(folder / "exports", CHANGES)
    recorded(folder / "recorded")
    small = write_exports(folder / "small", 10, seed=3)
    assert run(["--home", str(folder / "home"), "--quiet", "import", *map(str, small), "--source", "small"]) == 0
    built(folder / "home")
    return folder


@pytest.fixture(scope="module")
def published(base: Path) -> Contents:
    return contents(base / "home")


@pytest.fixture
def fresh(base: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copy the small workspace: ``fresh("first")``."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(base / "home", tmp_path / name))

    return copy


def built(home: Path) -> None:
    """Build in this process: what nobody kills needs none of its own."""
    assert run(["--home", str(home), "--quiet", *BUILD]) == 0


def arguments_of(what: str, base: Path) -> Arguments:
    if what == "import":
        return ("import", *sorted((base / "exports").glob("*.csv")))
    return ("sync", "--replay", base / "recorded")


@pytest.mark.parametrize("what", ["import", "replay"])
def test_a_killed_reading_run_again_loses_and_doubles_nothing(
    what: str, base: Path, published: Contents, fresh: Callable[[str], Path]
) -> None:
    """Whenever the writer dies, the old build stays readable, and another run makes the records and marts the same."""
    arguments = arguments_of(what, base)
    undisturbed = fresh("undisturbed")
    seconds = finished(undisturbed, *arguments)
    expected = stored(undisturbed)
    kills = 0
    for number, after in enumerate(moments(seconds)):
        home = fresh(f"kill-{number}")
        kills += killed(home, after, *arguments)
        assert differences(published, contents(home)) == [], f"killed after {after:.2f} s"
        finished(home, *arguments)
        assert stored(home) == expected, f"killed after {after:.2f} s"
    assert kills > 0, f"no kill landed within {seconds:.2f} s"
    built(undisturbed)
    built(home)
    assert differences(contents(undisturbed), contents(home)) == []


def test_a_killed_build_leaves_the_old_one_and_the_next_is_as_if_nothing_had_happened(
    base: Path, published: Contents, fresh: Callable[[str], Path]
) -> None:
    """Whenever a build dies, readers see the old build whole (or the new one whole), and building again succeeds."""
    home = fresh("killed")
    finished(home, *arguments_of("import", base))
    undisturbed = Path(shutil.copytree(home, home.parent / "undisturbed"))
    seconds = finished(undisturbed, *BUILD)
    expected = contents(undisturbed)
    old, kills = Workspace(home).current_build(), 0
    for after in moments(seconds):
        kills += killed(home, after, *BUILD)
        is_old = Workspace(home).current_build() == old
        assert differences(published if is_old else expected, contents(home)) == [], f"killed after {after:.2f} s"
    assert kills > 0, f"no kill landed within {seconds:.2f} s"
    finished(home, *BUILD)
    assert differences(expected, contents(home)) == []
    assert list(Workspace(home).build_dir.glob("*.duckdb*")) == []
