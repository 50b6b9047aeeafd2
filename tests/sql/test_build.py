from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingest.store import RawStore
from ingest.store_records import Page, RawRecord
from models.errors import BuildError, NotBuiltError
from models.settings import Settings, parse_settings
from models.streams import stream
from models.workspace import KEPT_BUILDS, Workspace
from sql import build as runner
from sql.build import BuildResult, build, plan
from sql.configuration import load_seeds
from sql.engines import for_duckdb, parse
from sql.examine import examine
from sql.header import read_models

AS_OF = datetime(2026, 7, 1)
CHANGES = """-- description: One row per change.
-- grain: key
-- column: key | Key.
-- column: title | Title.
-- not_null: key
-- unique: key
select cast(record_key as varchar) as key, cast(payload ->> '$.title' as varchar) as title from raw.record_changes
"""
COUNTED = """-- description: How many changes there are.
-- grain: one row
-- column: changes | Count.
-- column: as_of | Instant of the build.
-- assert: changes >= 1
select cast(count(*) as bigint) as changes, cast(min(b.as_of) as timestamp) as as_of
from staging.stg_changes cross join config.build b
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path / "home")
    with RawStore(space.raw_path) as store:
        add_change(store, "c1")
    return space


def add_change(store: RawStore, key: str) -> None:
    run = store.begin_run("files", "record", "test")
    changes = stream("record.changes")
    store.write_page(run, Page(changes, [RawRecord(changes, key, {"title": f"Change {key}"})]))
    store.finish_run(run)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Use a folder of models of the test's own: ``write("marts/counted.sql", text)``."""
    root = tmp_path / "models"
    root.mkdir()
    monkeypatch.setattr(runner, "read_models", lambda: read_models(root))
    monkeypatch.setattr("sql.examine.read_models", lambda: read_models(root))

    def put(place: str, text: str) -> None:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    put("staging/files/stg_changes.sql", CHANGES)
    put("marts/counted.sql", COUNTED)
    return put


def built(space: Workspace, settings: Settings | None = None, as_of: datetime = AS_OF) -> BuildResult:
    return build(space, settings or Settings(), as_of=as_of, memory_limit="500MB")


def read(space: Workspace, query: str, build_id: str | None = None) -> list[tuple[object, ...]]:
    with duckdb.connect(str(space.build_path(build_id or space.current_build())), read_only=True) as con:
        return con.execute(query).fetchall()


def test_a_build_publishes_marts_and_says_which_one_is_current(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """After a build the pointer names a file that holds the marts, the configuration and what decided it."""
    result = built(workspace)
    assert workspace.current_build() == result.build_id
    assert read(workspace, "from marts.counted") == [(1, AS_OF)]
    assert read(workspace, "select as_of, kind from meta.build") == [(AS_OF, "live")]
    pointer = json.loads(workspace.pointer_path.read_text(encoding="utf-8"))
    assert pointer == {"build_id": result.build_id, "as_of": "2026-07-01T00:00:00Z", "kind": "live"}


def test_scaffolding_is_not_published(workspace: Workspace, write: Callable[[str, str], None]) -> None:
    """Only what readers may rely on is in the file: no staging, no intermediate, no raw table."""
    built(workspace)
    schemas = {row[0] for row in read(workspace, "select schema_name from duckdb_schemas() where not internal")}
    assert schemas & {"staging", "intermediate", "raw"} == set()
    assert list(workspace.build_dir.glob("*.duckdb*")) == []


def test_every_model_runs_after_all_it_reads(write: Callable[[str, str], None], workspace: Workspace) -> None:
    """Order comes from the SQL, so a file's name says nothing about when it runs."""
    write(
        "marts/a_first_by_name.sql",
        "-- description: Copy.\n-- grain: one row\n-- column: changes | Count.\nselect changes from marts.counted",
    )
    order = [model.full_name for model in plan(runner.read_models()).models]
    assert order == ["staging.stg_changes", "marts.counted", "marts.a_first_by_name"]


def test_a_scratch_table_is_let_go_after_its_last_reader(write: Callable[[str, str], None]) -> None:
    """Scratch tables lie in memory; who reads a view reads what the view reads."""
    head = "-- description: D.\n-- grain: key\n-- column: key | K.\n"
    write(
        "intermediate/all_things.sql",
        head + "-- materialized: view\nselect cast(key as varchar) as key from staging.stg_changes",
    )
    write("intermediate/int_more.sql", head + "select cast(key as varchar) as key from intermediate.all_things")
    write("marts/seen.sql", head + "select cast(key as varchar) as key from intermediate.int_more")
    ordered = plan(runner.read_models())
    ran = [model.full_name for model in ordered.models]
    gone = ordered.dropped_after()
    assert gone["marts.seen"] == ["intermediate.int_more"]
    assert "staging.stg_changes" in gone[max("marts.counted", "intermediate.int_more", key=ran.index)]
    assert sorted(name for names in gone.values() for name in names) == ["intermediate.int_more", "staging.stg_changes"]


def test_models_that_read_each_other_are_refused(write: Callable[[str, str], None]) -> None:
    """A circle has no order; its members are named."""
    head = "-- description: X.\n-- grain: key\n-- column: key | Key.\n"
    write("marts/one.sql", head + "select key from marts.two")
    write("marts/two.sql", head + "select key from marts.one")
    with pytest.raises(BuildError, match=r"circle.*marts\.(one|two)"):
        plan(runner.read_models())


def test_a_model_that_reads_an_unknown_table_is_refused(write: Callable[[str, str], None]) -> None:
    """A typing error in a table's name is found before anything runs."""
    write("marts/one.sql", "-- description: X.\n-- grain: key\n-- column: key | Key.\nselect key from marts.nowhere")
    with pytest.raises(BuildError, match=r"unknown tables: marts\.nowhere"):
        plan(runner.read_models())


def test_only_staging_may_read_raw_tables(write: Callable[[str, str], None]) -> None:
    """Source shapes end in staging."""
    write(
        "marts/one.sql", "-- description: X.\n-- grain: key\n-- column: key | Key.\nselect key from raw.record_changes"
    )
    with pytest.raises(BuildError, match="only staging may"):
        plan(runner.read_models())


def test_a_broken_promise_keeps_the_last_good_build(workspace: Workspace, write: Callable[[str, str], None]) -> None:
    """A failing check must never replace numbers that were right."""
    good = built(workspace).build_id
    write("marts/counted.sql", COUNTED.replace("changes >= 1", "changes >= 2"))
    with pytest.raises(BuildError, match=r"'changes >= 2' must hold") as caught:
        built(workspace)
    assert caught.value.kept == "the last good build stays published"
    assert workspace.current_build() == good
    assert read(workspace, "select changes from marts.counted") == [(1,)]
    assert list(workspace.build_dir.glob("*.duckdb*")) == []


def test_a_model_whose_sql_fails_keeps_the_last_good_build(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """The error names the model, and a reader sees what was there before."""
    good = built(workspace).build_id
    write("marts/counted.sql", COUNTED.replace("count(*)", "count(nothing)"))
    with pytest.raises(BuildError, match=r"marts\.counted failed"):
        built(workspace)
    assert workspace.current_build() == good


def test_a_broken_promise_is_told_before_what_failed_because_of_it(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """A table is checked while the next model runs; what is told first does not depend on which of them ends first."""
    head = "-- description: X.\n-- grain: one row\n-- column: n | N.\n"
    write("marts/counted.sql", COUNTED.replace("changes >= 1", "changes >= 2"))
    write("marts/failing.sql", head + "select cast(nothing as bigint) as n from marts.counted")
    with pytest.raises(BuildError, match=r"'changes >= 2' must hold"):
        built(workspace)
    assert workspace.builds() == []


def test_a_scratch_table_is_checked_before_it_is_let_go(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Its promises hold for what was read from it, whoever reads it last."""
    head = "-- description: X.\n-- grain: one row\n-- column: n | N.\n"
    write(
        "intermediate/int_few.sql",
        head + "-- assert: n = 2\nselect cast(count(*) as bigint) as n from staging.stg_changes",
    )
    write("marts/last.sql", head + "select cast(n as bigint) as n from intermediate.int_few")
    with pytest.raises(BuildError, match=r"intermediate\.int_few breaks its promises: 'n = 2' must hold"):
        built(workspace)
    assert list(workspace.build_dir.iterdir()) == []


def test_a_reader_keeps_its_build_while_a_newer_one_is_published(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """An open connection reads the old build to its end; a new one opens the new build."""
    old = built(workspace)
    with duckdb.connect(str(workspace.build_path(old.build_id)), read_only=True) as reader:
        with RawStore(workspace.raw_path) as store:
            add_change(store, "c2")
        built(workspace)
        assert reader.execute("select changes from marts.counted").fetchall() == [(1,)]
    assert read(workspace, "select changes from marts.counted") == [(2,)]


def test_the_same_raw_records_and_as_of_give_the_same_tables(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Nothing in a build may depend on when it runs but its id."""
    first, second = built(workspace).build_id, built(workspace).build_id
    assert first != second
    for query in ("from marts.counted", "select * exclude (build_id) from meta.build", "from meta.models"):
        assert read(workspace, query, first) == read(workspace, query, second)


def test_as_of_with_an_offset_means_the_same_instant_in_utc(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Everything inside is UTC, whatever the caller's clock shows."""
    built(workspace, as_of=datetime(2026, 7, 1, 2, tzinfo=UTC).astimezone())
    assert read(workspace, "select as_of from meta.build") == [(datetime(2026, 7, 1, 2),)]


def test_old_builds_are_pruned_and_the_current_one_is_never(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Links and reports to recent builds go on working; disk use does not grow without end."""
    ids = [built(workspace, as_of=AS_OF + timedelta(days=i)).build_id for i in range(KEPT_BUILDS + 2)]
    assert len(workspace.builds()) == KEPT_BUILDS
    assert workspace.current_build() == ids[-1]
    assert ids[0] not in workspace.builds()


def test_what_a_killed_build_left_is_swept_and_never_read(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """A half-written file is neither published nor in the way of the next build; nor does spilled scratch stay."""
    workspace.build_dir.mkdir(parents=True)
    left = workspace.build_dir / "20260101T000000-deadbeef.duckdb"
    left.write_bytes(b"half a file")
    spilled = workspace.build_dir / "spill" / "duckdb_temp_storage-0.tmp"
    spilled.parent.mkdir()
    spilled.write_bytes(b"scratch")
    built(workspace)
    assert not left.exists()
    assert not spilled.exists()
    assert len(workspace.builds()) == 1


def test_other_configuration_gives_another_fingerprint_in_the_build(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """A number can be traced to the settings that decided it."""
    built(workspace)
    default = read(workspace, "select settings_sha256 from meta.build")
    built(workspace, parse_settings("[thresholds]\nclock_skew_seconds = 60", "test"))
    changed = read(workspace, "select settings_sha256, settings_json from meta.build")[0]
    assert changed[0] != default[0][0]
    assert json.loads(str(changed[1]))["thresholds"]["clock_skew_seconds"] == 60


def test_without_raw_records_the_next_command_is_named(tmp_path: Path) -> None:
    """A first-time user is told how to get data, not that a file is missing."""
    with pytest.raises(NotBuiltError) as caught:
        build(Workspace(tmp_path / "empty"), Settings())
    assert "twotrack sync" in caught.value.next_step
    assert not (tmp_path / "empty" / "published").exists()


def test_descriptions_of_the_header_are_comments_in_the_published_file(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Whoever opens the file with any tool reads there what a table and a column mean."""
    built(workspace)
    comments = read(
        workspace, "select comment from duckdb_tables() where table_name = 'counted' union all "
        "select comment from duckdb_columns() where table_name = 'counted' and column_name = 'as_of'",
    )  # fmt: skip
    assert comments == [("How many changes there are.",), ("Instant of the build.",)]


def test_progress_names_every_model_before_it_runs(workspace: Workspace, write: Callable[[str, str], None]) -> None:
    """A long build says what it is doing."""
    seen: list[tuple[str, int, int]] = []
    build(workspace, Settings(), as_of=AS_OF, progress=lambda *step: seen.append(step), memory_limit="500MB")
    assert seen == [("staging.stg_changes", 0, 2), ("marts.counted", 1, 2)]


def test_a_check_lists_every_problem_and_publishes_nothing(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Unlike a build it goes on: what is broken, what could not run because of it, and what holds."""
    head = "-- description: X.\n-- grain: one row\n-- column: n | N.\n"
    write("marts/counted.sql", COUNTED.replace("changes >= 1", "changes >= 2"))
    write("marts/failing.sql", head + "select cast(nothing as bigint) as n from marts.counted")
    write("marts/after.sql", head + "select n from marts.failing")
    write("marts/beside.sql", head + "-- assert: n = 1\nselect cast(changes as bigint) as n from marts.counted")
    found = {one.name: one for one in examine(workspace, Settings(), as_of=AS_OF, memory_limit="500MB")}
    assert {name: one.status for name, one in found.items()} == {
        "staging.stg_changes": "ok",
        "marts.counted": "broken",
        "marts.failing": "broken",
        "marts.after": "not_run",
        "marts.beside": "ok",
    }
    assert "'changes >= 2' must hold" in found["marts.counted"].problems[0]
    assert found["marts.after"].problems == ("reads marts.failing",)
    assert workspace.builds() == []
    assert list(workspace.build_dir.iterdir()) == []


def test_a_check_names_sql_outside_the_portable_subset_before_running_any(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """A model that must not run is found without running it."""
    write(
        "marts/clock.sql", "-- description: X.\n-- grain: x\n-- column: at | At.\nselect cast(now() as timestamp) as at"
    )
    found = {one.name: one for one in examine(workspace, Settings(), as_of=AS_OF)}
    assert found["marts.clock"].status == "broken"
    assert found["marts.counted"].status == "not_run"


def test_a_published_view_may_not_read_what_is_thrown_away(write: Callable[[str, str], None]) -> None:
    """A view is read from the published file, where scratch tables are gone."""
    head = "-- description: D.\n-- grain: key\n-- materialized: view\n-- column: key | K.\n"
    write("marts/seen.sql", head + "select cast(key as varchar) as key from staging.stg_changes")
    with pytest.raises(BuildError, match=r"marts\.seen reads what is not published: staging\.stg_changes"):
        plan(runner.read_models())


def test_a_published_view_reads_the_same_opened_alone_or_attached(
    workspace: Workspace, write: Callable[[str, str], None]
) -> None:
    """Views name tables by layer only, so they hold under any name the file is attached by."""
    head = "-- description: D.\n-- grain: one row\n-- materialized: view\n-- column: changes | C.\n"
    write("marts/seen.sql", head + "select cast(changes as bigint) as changes from marts.counted")
    result = built(workspace)
    assert read(workspace, "select changes from marts.seen") == [(1,)]
    with duckdb.connect(":memory:") as con:
        con.execute(f"attach '{workspace.build_path(result.build_id)}' as other (read_only)")
        assert con.execute("select changes from other.marts.seen").fetchall() == [(1,)]


def test_patterns_written_as_constants_find_what_the_word_list_finds() -> None:
    """What DuckDB runs gives every example of the list, and some noise, the rules that the model's text gives."""
    text = (
        "select w.words, k.rule_id from words w "
        "inner join seeds.remark_kinds k on k.written_by = w.written_by and regexp_matches(w.words, k.pattern)"
    )
    with duckdb.connect() as con:
        load_seeds(con, "memory")
        con.execute(
            "create table words as select l.written_by, lower(e.example) as words "
            "from seeds.remark_kinds e cross join (select distinct written_by from seeds.remark_kinds) l "
            "union all select 'human', 'it''s done; ok?' union all select 'human', ''"
        )
        constant = for_duckdb(parse(text), text)
        assert "k.pattern)" not in constant.rpartition("ELSE")[0]
        assert sorted(con.execute(constant).fetchall()) == sorted(con.execute(text).fetchall())
        assert len(con.execute(constant).fetchall()) > 20


def test_instants_read_as_utc_by_their_number_are_those_that_a_calendar_reads() -> None:
    """What DuckDB runs gives every instant, and what is none, the time that the model's text gives."""
    text = (
        "select payload, try_cast(payload->>'$.at' as timestamptz) at time zone 'UTC' as utc, "
        "try_cast(payload->>'$.at' as timestamptz) at time zone 'Europe/Paris' as local from told"
    )
    told = (
        "2025-03-30T02:30:00+02:00", "2024-02-29", "1969-12-31T23:59:59.999999Z", "0044-03-15 (BC) 12:00:00Z",
        "infinity", "-infinity", "2025-02-30", "soon", "",
    )  # fmt: skip
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("create table told (payload varchar)")
        con.executemany("insert into told values (?)", [[json.dumps({"at": at})] for at in told] + [["{}"]])
        counted = for_duckdb(parse(text), text)
        assert counted.upper().count("MAKE_TIMESTAMP") == 1
        same = con.execute(f"select count(*) from (({text}) intersect all ({counted}))").fetchall()
        assert same == [(len(told) + 1,)]
