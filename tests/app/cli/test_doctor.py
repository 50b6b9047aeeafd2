from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingest.store import RawStore
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack

HOLD = """
import sys, time
from pathlib import Path
from ingest.store import RawStore
from models.workspace import Workspace
space = Workspace(Path(sys.argv[1]))
with space.writing("twotrack sync"), RawStore(space.raw_path):
    print("held", flush=True)
    time.sleep(60)
"""


def findings(twotrack: Twotrack, code: int) -> dict[str, list[dict[str, Any]]]:
    said = twotrack("doctor", "--json")
    assert said.code == code, said.out
    found: dict[str, list[dict[str, Any]]] = {}
    for one in said.document["findings"]:
        found.setdefault(one["topic"], []).append(one)
    return found


@pytest.fixture
def copied(published: Path, home: Path) -> Workspace:
    shutil.copytree(published, home)
    return Workspace(home)


def test_an_empty_workspace_is_not_wrong_and_says_how_to_begin(twotrack: Twotrack, home: Path) -> None:
    """Nothing is broken before the first record; every gap names the command that fills it."""
    found = findings(twotrack, 0)
    assert {one["status"] for ones in found.values() for one in ones} <= {"ok", "note"}
    assert "twotrack demo" in found["raw records"][0]["next_step"]
    assert found["builds"][0]["next_step"] == "twotrack sync or twotrack import, and then twotrack build"
    assert not home.exists()


def test_a_healthy_workspace_has_nothing_wrong(twotrack: Twotrack, copied: Workspace) -> None:
    """Runs, records and builds are all accounted for."""
    found = findings(twotrack, 0)
    assert found["builds"][0]["text"].startswith(f"current is {copied.current_build()}")
    assert found["runs"][0]["text"].startswith("example: last run")
    assert found["writer"][0]["text"] == "nobody is writing"


def test_a_missing_secret_is_wrong_and_named(twotrack: Twotrack, home: Path) -> None:
    """It is better found now than at the next sync."""
    home.mkdir()
    source = '[[source]]\ntype = "github"\nname = "github"\ntoken = "env:TWOTRACK_TEST_NO_SUCH_TOKEN"\n'
    (home / "twotrack.toml").write_text(source, encoding="utf-8")
    (found,) = findings(twotrack, 1)["sources"]
    assert found["status"] == "wrong"
    assert "TWOTRACK_TEST_NO_SUCH_TOKEN is not set" in found["text"]


def test_a_broken_configuration_does_not_hide_the_rest(twotrack: Twotrack, copied: Workspace) -> None:
    """Each topic is examined for itself."""
    copied.config_path.write_text("[thresholds\n", encoding="utf-8")
    found = findings(twotrack, 1)
    assert found["configuration"][0]["status"] == "wrong"
    assert found["raw records"][0]["status"] == "ok"


def test_a_failed_and_an_interrupted_run_are_wrong(twotrack: Twotrack, copied: Workspace) -> None:
    """The last run of each source is what counts, and its error is shown."""
    with RawStore(copied.raw_path) as store:
        store.finish_run(store.begin_run("github", "github", "sync"), error="refused")
        store.begin_run("jira", "jira", "sync")
        store.con.execute("update raw.runs set status = 'interrupted' where source = 'jira'")
    found = {one["text"].partition(":")[0]: one for one in findings(twotrack, 1)["runs"]}
    assert found["github"]["status"] == "wrong"
    assert found["github"]["text"].endswith("failed: refused")
    assert found["jira"]["status"] == "wrong"
    assert found["example"]["status"] == "ok"


def test_payloads_set_aside_are_counted_by_reason(twotrack: Twotrack, copied: Workspace) -> None:
    """What could not be read is not forgotten."""
    with RawStore(copied.raw_path) as store:
        for i in range(3):
            store.con.execute(
                "insert into raw.rejected "
                "values ('jira', 'jira.issues', null, ?, ?, 'no key', '', timestamp '2026-07-01', 'run', null)",
                [f"p{i}", f"h{i}"],
            )
    (found,) = findings(twotrack, 0)["set aside"]
    assert found["text"] == "3 of jira jira.issues: no key"


def test_a_pointer_to_a_missing_build_is_wrong(twotrack: Twotrack, copied: Workspace) -> None:
    """Whoever deleted the file learns what to run."""
    copied.build_path(copied.current_build()).unlink()
    (found,) = findings(twotrack, 1)["builds"]
    assert found["status"] == "wrong"
    assert found["next_step"] == "twotrack build"


def test_a_damaged_build_is_wrong(twotrack: Twotrack, copied: Workspace) -> None:
    """A file that is not a database is reported, not opened."""
    path = copied.build_path(copied.current_build())
    path.chmod(0o644)
    path.write_bytes(b"not a database")
    assert findings(twotrack, 1)["builds"][0]["status"] == "wrong"


def test_a_build_that_was_stopped_is_a_note_and_takes_nothing_from_the_published_one(
    twotrack: Twotrack, copied: Workspace
) -> None:
    """Whoever looks after a machine that went down learns that the build did not end, and that nothing is broken."""
    copied.build_dir.mkdir(exist_ok=True)
    (copied.build_dir / "20260930T000000-killed.duckdb").write_bytes(b"half")
    found = findings(twotrack, 0)["builds"]
    assert [one["status"] for one in found][:2] == ["note", "ok"]
    assert "stopped before its end" in found[0]["text"]
    assert found[0]["next_step"] == "twotrack build"


def test_changed_settings_and_newer_records_ask_for_a_build(twotrack: Twotrack, copied: Workspace) -> None:
    """Numbers that are older than what decides them are pointed out."""
    copied.config_path.write_text("[thresholds]\nclock_skew_seconds = 1\n", encoding="utf-8")
    with RawStore(copied.raw_path) as store:
        store.finish_run(store.begin_run("example", "record", "test"))
    notes = [one["text"] for one in findings(twotrack, 0)["builds"] if one["status"] == "note"]
    assert any("configuration has changed" in text for text in notes)
    assert any("written after the current build" in text for text in notes)


def test_words_that_nothing_knows_are_named_with_what_to_do(twotrack: Twotrack, home: Path, tmp_path: Path) -> None:
    """Deployments that are silently left out would make a rate look good; whoever runs the checks learns of them."""
    log, mapping = tmp_path / "deployments.csv", tmp_path / "map.toml"
    log.write_text(
        "id,service,environment,status,started_at\n"
        "1,web,PROD-EU,success,2026-06-01 10:00:00\n2,web,production,Lila,2026-06-02 10:00:00\n",
        encoding="utf-8",
    )
    mapping.write_text(twotrack("import", str(log), "--suggest").out, encoding="utf-8")
    assert twotrack("import", str(log), "--map", str(mapping)).code == 0
    assert twotrack("build").code == 0
    first, second = findings(twotrack, 0)["words"]
    assert first["text"] == "deployment_status: 1 that no word list knows, in 1 records: lila"
    assert second["text"].startswith("environment: 1 that are named like production")
    (home / "twotrack.toml").write_text(
        '[production]\nenvironments = ["production", "prod-eu"]\n'
        '[[word]]\nwhat = "deployment_status"\nword = "lila"\nmeans = "failed"\n',
        encoding="utf-8",
    )
    assert twotrack("build").code == 0
    assert "words" not in findings(twotrack, 0)
    (home / "twotrack.toml").write_text('[[word]]\nwhat = "risk"\nword = "x"\nmeans = "huge"\n', encoding="utf-8")
    said = twotrack("config", "show")
    assert said.code == 2
    assert "a risk means one of low, medium, high, not 'huge'" in said.err


def test_a_running_writer_is_named(twotrack: Twotrack, copied: Workspace) -> None:
    """Whoever finds the workspace busy learns by whom, and nothing is called broken."""
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen([sys.executable, "-c", HOLD, str(copied.home)], cwd=root, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            found = findings(twotrack, 0)
            assert found["writer"][0]["text"].startswith(f"`twotrack sync` (process {holder.pid})")
            assert "being written now" in found["raw records"][0]["text"]
            busy = twotrack("build")
            assert busy.code == 3
            assert "`twotrack sync`" in busy.err
        finally:
            holder.kill()
    assert findings(twotrack, 0)["writer"][0]["text"] == "nobody is writing"


OPEN = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_a_program_that_has_the_raw_records_open_is_named(twotrack: Twotrack, copied: Workspace) -> None:
    """A database shell left open for the night keeps every sync away: whoever is called must know which to close."""
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, str(copied.raw_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"open\n"
            busy = twotrack("build")
            assert busy.code == 3
            assert f"(process {holder.pid})" in busy.err
            assert "close it there, then run the command again" in busy.err
            assert f"(process {holder.pid})" in findings(twotrack, 0)["raw records"][0]["text"]
        finally:
            holder.kill()
    assert twotrack("build").code == 0


def test_damaged_raw_records_are_told_with_what_can_be_done(twotrack: Twotrack, copied: Workspace) -> None:
    """No fault of ours, no traceback; doctor goes on with the rest, and what it advises works."""
    healthy = copied.raw_path.read_bytes()
    copied.raw_path.write_bytes(b"garbage" + healthy[7:])
    said = twotrack("build")
    assert said.code == 4
    assert "put a copy from a backup in its place" in said.err
    found = findings(twotrack, 1)
    assert found["raw records"][0]["status"] == "wrong"
    assert "put a copy from a backup in its place" in found["raw records"][0]["next_step"]
    assert found["builds"][0]["status"] == "ok"
    copied.raw_path.write_bytes(healthy)
    assert twotrack("build").code == 0


def test_damage_behind_the_first_pages_is_no_fault_of_ours(twotrack: Twotrack, copied: Workspace) -> None:
    """A file cut short opens well and fails in the middle of a build: it is told as damaged, and leads to doctor."""
    with copied.raw_path.open("r+b") as file:
        file.truncate(copied.raw_path.stat().st_size // 2)
    said = twotrack("build", "--json")
    assert (said.code, said.document["exit_code"]) == (4, 4)
    assert "is damaged" in said.document["what"]
    assert "twotrack doctor" in said.document["next"]
    found = findings(twotrack, 1)
    assert "is damaged" in found["raw records"][-1]["text"]


def test_raw_records_of_a_later_version_are_neither_built_from_nor_touched(
    twotrack: Twotrack, copied: Workspace
) -> None:
    """What a later version means by its tables is not known here; numbers made of them would look sound."""
    with RawStore(copied.raw_path) as store:
        store.con.execute("update raw.meta set schema_version = schema_version + 1")
    for command in ("build", "check"):
        assert twotrack(command).code == 4
    assert "use the version that wrote it" in twotrack("build").err
    found = findings(twotrack, 1)
    assert "use the version that wrote it" in found["raw records"][0]["next_step"]


def test_a_folder_that_cannot_be_made_is_told_with_its_path(twotrack: Twotrack, tmp_path: Path) -> None:
    """A wrong --home or a volume that is not mounted is nothing to report to us."""
    (tmp_path / "link").symlink_to(tmp_path / "volume" / "that is not mounted")
    said = twotrack("--home", str(tmp_path / "link"), "build")
    assert said.code == 9
    assert str(tmp_path / "link") in said.err
    assert "choose another folder with --home" in said.err
