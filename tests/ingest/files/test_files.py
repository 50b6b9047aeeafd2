"""What an import stores, and what it does not store twice."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.files.importing import import_file
from ingest.files.replay import replay_rejected
from ingest.progress import Progress
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import changes, load, mapping, payloads, records, rejected, write
from tests.staging import staged

COMPONENTS = mapping("""
    [[record]]
    kind = "change"
    key = "id"
    fields = { title = "title", updated_at = "updated" }
    [[record]]
    kind = "window"
    key = ["id", "component"]
    fields = { change_key = "id", component = "component" }
""")
HEAD = "id,title,component,updated\n"


def raw(store: RawStore) -> list[tuple[object, ...]]:
    """Return everything in the raw store but the run log."""
    tables = [
        f"raw.{name}"
        for (name,) in store.con.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' order by 1"
        ).fetchall()
        if name not in {"runs", "run_streams"}
    ]
    return [
        row
        for table in tables
        for row in store.con.execute(f"select '{table}', * from {table} order by all").fetchall()
    ]


def test_a_change_repeated_per_component_is_one_change(store: RawStore, tmp_path: Path) -> None:
    """Its rows are all kept in the one payload; exact repetitions are counted and collapse."""
    rows = "1,One,a,2024-01-01\n1,One,b,2024-01-01\n1,One,b,2024-01-01\n2,Two,a,2024-01-01\n"
    result = load(store, tmp_path, HEAD + rows, COMPONENTS)
    change, window = result.streams
    assert (change.received, change.records, change.stored, change.duplicates, change.conflicts) == (4, 2, 2, 2, 0)
    assert (window.records, window.duplicates) == (3, 1)
    first = payloads(store)[0]
    assert [first["row"]["component"], *(row["component"] for row in first["more_rows"])] == ["a", "b"]
    assert len(staged(store, "record", "change")) == 2


def test_conflicting_values_of_one_key_keep_the_latest_and_are_reported(store: RawStore, tmp_path: Path) -> None:
    """Both versions stay in the store; staging shows the later one; the conflict is in the log of conflicts."""
    rows = ["1,Old,a,2024-01-01", "1,New,a,2024-02-01"]
    for order in (rows, rows[::-1]):
        with RawStore(tmp_path / f"{order[0][2]}.duckdb") as other:
            result = load(other, tmp_path, HEAD + "\n".join(order), COMPONENTS)
            assert [(c.stream, c.key, c.versions) for c in result.conflicts] == [("record.changes", "1", 2)]
            assert other.con.execute("select record_key, versions from raw.conflicts").fetchall() == [("1", 2)]
            assert len(payloads(other)) == 2
            assert [row["title"] for row in staged(other, "record", "change")] == ["New"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("xyz"), st.sampled_from("ab")), max_size=12),
    st.randoms(),
)
def test_the_order_of_rows_decides_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], rnd: random.Random
) -> None:
    """Staging is the same for shuffled rows, even where conflicts have no time that orders them."""
    folder = tmp_path_factory.mktemp("order")
    shuffled = list(rows)
    rnd.shuffle(shuffled)
    found = []
    for name, order in (("a", rows), ("b", shuffled)):
        with RawStore(folder / f"{name}.duckdb") as store:
            load(store, folder, HEAD + "".join(f"{i},{t},{c},\n" for i, t, c in order), COMPONENTS)
            found.append((staged(store, "record", "change"), staged(store, "record", "window")))
    assert found[0] == found[1]


def test_importing_the_same_file_again_changes_only_the_run_log(store: RawStore, tmp_path: Path) -> None:
    """It is recognised by content and mapping, not by name."""
    text = HEAD + "1,One,a,2024-01-01\n2\n"
    first = load(store, tmp_path, text, COMPONENTS)
    before = raw(store)
    again = load(store, tmp_path, text, COMPONENTS, "other-name.csv")
    assert (again.is_repeat, again.rows, again.total("stored"), again.total("rejected")) == (True, 2, 0, 1)
    assert first.sha256 == again.sha256
    assert raw(store) == before
    assert store.con.execute("select count(*) from raw.runs where status = 'ok'").fetchone() == (2,)


def test_the_same_rows_in_another_file_store_nothing(store: RawStore, tmp_path: Path) -> None:
    """A later export with one new row stores that row; the file's name is no part of the content."""
    load(store, tmp_path, HEAD + "1,One,a,2024-01-01\n", COMPONENTS, "monday.csv")
    result = load(store, tmp_path, HEAD + "2,Two,a,2024-01-02\n1,One,a,2024-01-01\n", COMPONENTS, "tuesday.csv")
    assert [(counts.stored, counts.unchanged) for counts in result.streams] == [(1, 1), (1, 1)]


def test_columns_in_another_order_are_the_same_rows(store: RawStore, tmp_path: Path) -> None:
    """The payload is canonical."""
    load(store, tmp_path, "id,title\n1,One\n", changes())
    assert load(store, tmp_path, "title,id\nOne,1\n", changes()).total("stored") == 0


def test_a_later_version_becomes_the_latest_and_an_older_export_does_not(store: RawStore, tmp_path: Path) -> None:
    """The source's own ``updated_at`` decides, not the order of import."""
    load(store, tmp_path, HEAD + "1,Second,a,2024-02-01\n", COMPONENTS)
    load(store, tmp_path, HEAD + "1,First,a,2024-01-01\n", COMPONENTS)
    assert [row["title"] for row in staged(store, "record", "change")] == ["Second"]
    load(store, tmp_path, HEAD + "1,Third,a,2024-03-01\n", COMPONENTS)
    assert [row["title"] for row in staged(store, "record", "change")] == ["Third"]
    assert len(payloads(store)) == 3


def test_the_run_log_holds_what_the_file_had_and_what_came_of_it(store: RawStore, tmp_path: Path) -> None:
    """Received equals stored, unchanged and set aside; the file's own row count stands beside it."""
    load(store, tmp_path, HEAD + "1,One,a,2024-01-01\n1,One,b,2024-01-01\n,x,,\n2,Two\n", COMPONENTS)
    rows = store.con.execute(
        "select stream, scope, received, stored, unchanged, rejected, reported from raw.run_streams order by stream"
    ).fetchall()
    assert rows == [("record.changes", "rows.csv", 4, 1, 1, 2, 4), ("record.windows", "rows.csv", 3, 2, 0, 1, 4)]
    assert all(row[2] == row[3] + row[4] + row[5] for row in rows)


def test_a_bad_row_is_set_aside_once(store: RawStore, tmp_path: Path) -> None:
    """The same row in the next export is not set aside a second time."""
    load(store, tmp_path, "id,title,at\n1,One,soon\n", changes('title = "title"\ncreated_at = "at"'))
    load(store, tmp_path, "id,title,at\n2,Two,\n1,One,soon\n", changes('title = "title"\ncreated_at = "at"'))
    assert [(reason, url) for reason, url, _ in rejected(store)] == [
        ("created_at: not a time in any of the formats iso (soon)", "file:rows.csv#line=2")
    ]


def test_a_corrected_mapping_reads_what_was_set_aside_and_closes_the_case(store: RawStore, tmp_path: Path) -> None:
    """By importing the file again."""
    text = "id,at\n1,30-8-2012 7:00\n"
    load(store, tmp_path, text, changes('created_at = "at"'))
    result = load(store, tmp_path, text, changes('created_at = "at"', 'formats = "%d-%m-%Y %H:%M"'))
    assert (result.is_repeat, result.total("stored")) == (False, 1)
    assert store.con.execute("select count(*) from raw.rejected where replayed_at is null").fetchone() == (0,)


def test_a_closed_case_that_fails_again_is_open_again(store: RawStore, tmp_path: Path) -> None:
    """There is one case per row and reason, whatever happened in between."""
    text = "id,at\n1,30-8-2012 7:00\n"
    wrong, right = changes('created_at = "at"'), changes('created_at = "at"', 'formats = "%d-%m-%Y %H:%M"')
    for how in (wrong, right):
        load(store, tmp_path, text, how)
    load(store, tmp_path, text + "2,\n", wrong)
    assert store.con.execute("select count(*), count(replayed_at) from raw.rejected").fetchone() == (1, 0)


def test_rows_set_aside_can_be_tried_again_without_the_file(store: RawStore, tmp_path: Path) -> None:
    """What fits now is stored and closed; what does not stays, once."""
    path = write(tmp_path, "id,at\n1,30-8-2012 7:00\n2,soon\n3\n")
    import_file(store, path, changes('created_at = "at"'))
    path.unlink()
    corrected = changes('created_at = "at"', 'formats = "%d-%m-%Y %H:%M"')
    result = replay_rejected(store, corrected)
    assert (result.rows, result.total("stored"), result.total("rejected")) == (2, 1, 1)
    assert records(store) == [{"key": "1", "created_at": "2012-08-30T07:00:00Z"}]
    assert payloads(store)[0]["row"] == {"id": "1", "at": "30-8-2012 7:00"}
    closed = store.con.execute("select payload, replayed_at is not null from raw.rejected order by payload").fetchall()
    assert ('{"at":"30-8-2012 7:00","id":"1"}', True) in closed
    assert ("3", False) in closed
    assert replay_rejected(store, corrected).total("stored") == 0


def test_nothing_set_aside_is_an_error_with_a_next_step(store: RawStore) -> None:
    """Trying again needs something to try."""
    with pytest.raises(InputError, match="No row of source 'src' is set aside"):
        replay_rejected(store, changes())


def test_a_failure_while_storing_leaves_nothing_behind(
    store: RawStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file, one transaction: payloads of the first stream are gone when the second one fails."""
    written = []

    def failing(self: RawStore, run: object, stream: object, *rest: object, **more: object) -> None:
        written.append(self.con.execute("select count(*) from raw.record_changes").fetchone())
        raise duckdb.IOException("disk full")

    monkeypatch.setattr(RawStore, "log_counts", failing)
    with pytest.raises(InputError, match="disk full"):
        load(store, tmp_path, HEAD + "1,One,a,2024-01-01\n2\n", COMPONENTS)
    assert written == [(1,)]
    assert raw(store) == [("raw.meta", 1)]
    assert store.con.execute("select status, error from raw.runs").fetchall() == [("failed", "IOException")]


def test_temporary_tables_and_the_smaller_memory_limit_end_with_the_import(store: RawStore, tmp_path: Path) -> None:
    """The store is as it was before, after a failure as well."""
    limit = store.con.execute("select current_setting('memory_limit')").fetchone()
    load(store, tmp_path, HEAD + "1,One,a,2024-01-01\n", COMPONENTS)
    with pytest.raises(InputError):
        load(store, tmp_path, "id\n1\n", COMPONENTS)
    assert store.con.execute("select table_name from duckdb_tables() where temporary").fetchall() == []
    assert store.con.execute("select current_setting('memory_limit')").fetchone() == limit


def test_progress_tells_rows_and_share(store: RawStore, tmp_path: Path) -> None:
    """At least once while reading and once before storing."""
    seen: list[Progress] = []
    import_file(store, write(tmp_path, HEAD + "1,One,a,2024-01-01\n"), COMPONENTS, seen.append)
    assert [(p.records, p.notice) for p in seen] == [(1, "100% read"), (1, "collapsing repeated rows"), (1, "storing")]
    assert {(p.source, p.scope) for p in seen} == {("src", "rows.csv")}
