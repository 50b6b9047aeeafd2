from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from models.settings import load_settings
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.exports import write_exports, write_mappings
from tests.published import contents, differences

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("demo") / "home"))


def test_the_demo_is_built_marked_and_tells_its_seed(demo: Path, twotrack: Twotrack) -> None:
    """Whoever opens it knows that it is generated, and from what."""
    settings = load_settings(Workspace(demo).config_path)
    assert settings.workspace.kind == "demo"
    with duckdb.connect(str(Workspace(demo).build_path(Workspace(demo).current_build())), read_only=True) as con:
        assert con.execute("select kind from meta.build").fetchall() == [("demo",)]
    said = twotrack("--home", demo, "metric", "all", "--json")
    judged = {value["metric"]: value["denominator"] for value in said.document["values"]}
    headline = ("approval_latency", "change_failure_rate", "overlapping_windows", "unauthorised_deployment_rate")
    assert min(judged[name] for name in headline) > 100


def test_running_the_demo_again_changes_nothing(demo: Path, twotrack: Twotrack) -> None:
    """The same seed is the same story; nothing is stored twice."""
    before = contents(demo)
    said = twotrack("--home", demo, "demo", "--no-app", "--memory", "2GB", "--json")
    assert said.code == 0
    assert said.document["seed"] == 20260504
    assert said.document["url"] is None
    assert differences(before, contents(demo)) == []


def test_another_seed_needs_another_folder(demo: Path, twotrack: Twotrack) -> None:
    """Two stories in one workspace would be one muddled story."""
    said = twotrack("--home", demo, "demo", "--seed", "7", "--no-app")
    assert said.code == 2
    assert "seed 20260504" in said.err
    assert "--home FOLDER demo --seed 7" in said.err


def test_a_demo_refuses_real_data(demo: Path, twotrack: Twotrack, tmp_path: Path) -> None:
    """Files and sources stay out."""
    write_mappings(demo)
    (path, *_) = write_exports(tmp_path, 3)
    assert twotrack("--home", demo, "import", path).code == 2
    assert twotrack("--home", demo, "sync", "--replay", tmp_path).code == 2


@pytest.mark.parametrize("what", ["configuration", "records"])
def test_a_workspace_with_real_data_refuses_the_demo(what: str, twotrack: Twotrack, home: Path, tmp_path: Path) -> None:
    """Real numbers are never diluted, whether the workspace was configured or only imported into."""
    if what == "configuration":
        home.mkdir()
        (home / "twotrack.toml").write_text('[workspace]\nname = "Ours"\n', encoding="utf-8")
    else:
        write_mappings(home)
        assert twotrack("import", write_exports(tmp_path / "exports", 3)[0]).code == 0
    said = twotrack("demo", "--no-app")
    assert said.code == 2
    assert "mix the two" in said.err
    assert "twotrack --home FOLDER demo" in said.err
