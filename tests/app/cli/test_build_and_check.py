from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.store import RawStore
from models.streams import stream
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.exports import AS_OF


@pytest.fixture
def copied(published: Path, home: Path) -> Workspace:
    shutil.copytree(published, home)
    return Workspace(home)


def test_a_build_says_what_it_published(twotrack: Twotrack, copied: Workspace) -> None:
    """The new build is the current one, and its tables are counted."""
    said = twotrack("build", "--as-of", "2026-07-02T02:00:00+02:00", "--memory", "500MB", "--json")
    assert said.code == 0
    assert said.document["build_id"] == copied.current_build()
    assert said.document["as_of"] == "2026-07-02T00:00:00Z"
    rows = {model["name"]: model["rows"] for model in said.document["models"]}
    assert rows["marts.changes"] == rows["marts.windows"] == 40


def test_a_store_written_by_an_earlier_version_is_built_with_its_new_streams_empty(
    twotrack: Twotrack, copied: Workspace
) -> None:
    """A stream that was added since does not stand in the way of what is already kept."""
    with RawStore(copied.raw_path) as store:
        store.con.execute("drop table raw.jenkins_inputs")
    assert twotrack("build", "--as-of", AS_OF, "--memory", "500MB").code == 0
    with RawStore(copied.raw_path) as store:
        assert store.count(stream("jenkins.inputs")) == 0


def test_a_check_lists_every_model_and_publishes_nothing(twotrack: Twotrack, copied: Workspace) -> None:
    """All promises hold on good records, and the published build is the one from before."""
    before = copied.builds()
    said = twotrack("check", "--memory", "500MB", "--json")
    assert said.code == 0, said.err
    assert {model["status"] for model in said.document["models"]} == {"ok"}
    assert said.document["ok"] == len(said.document["models"]) > 50
    assert copied.builds() == before


def test_a_broken_promise_is_listed_and_is_the_exit_code(
    twotrack: Twotrack, copied: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What failed is named in text and as JSON."""
    from sql import examine
    from sql.detector import detector_models
    from sql.header import ROOT, read_models

    models = read_models(ROOT)
    path = tmp_path / "metrics" / "broken.sql"
    path.parent.mkdir()
    text = models["metrics.approval_latency"].path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("-- not_null:", "-- assert: record_kind = 'nothing'\n-- not_null:", 1), encoding="utf-8"
    )
    broken = {**models, **read_models(tmp_path)}
    monkeypatch.setattr(examine, "read_models", lambda: broken)
    said = twotrack("check", "--memory", "500MB")
    assert said.code == 6
    assert "broken: metrics.broken: " in said.out
    # The detector's tables are checked along with the SQL models.
    count = len(broken) + len(detector_models())
    assert f"{count - 1} of {count} models hold their promises." in said.out


def test_nothing_to_build_or_check_names_the_next_command(twotrack: Twotrack, home: Path) -> None:
    """Before the first record both say how to get one."""
    for command in ("build", "check"):
        said = twotrack(command)
        assert said.code == 7
        assert "twotrack sync" in said.err


def test_a_memory_size_must_be_a_size(twotrack: Twotrack) -> None:
    """A typing error is found before anything is opened."""
    assert twotrack("build", "--memory", "lots").code == 2
    assert twotrack("check", "--memory", "6GB; drop").code == 2
