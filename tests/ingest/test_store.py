"""The raw store: versions, transactions, the run log, and what a kill leaves behind."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.store import RawStore, rejected_payloads
from ingest.store_records import Page, RawRecord, Rejected, Run, canonical_json
from models.errors import InputError
from models.streams import stream

CHANGES = stream("record.changes")
DECISIONS = stream("record.decisions")
START = datetime(2026, 1, 1, tzinfo=UTC)


def record(key: str, value: str, *, version: int | None = None, seen: int | None = None) -> RawRecord:
    """Return a record whose payload says ``value``, at day ``version`` and fetched at day ``seen``."""
    at = None if version is None else START + timedelta(days=version)
    fetched = None if seen is None else START + timedelta(days=seen)
    return RawRecord(CHANGES, key, {"v": value}, version_at=at, fetched_at=fetched)


def begin(store: RawStore) -> Run:
    return store.begin_run("src", "record", "test")


def write(store: RawStore, *records: RawRecord, run: Run | None = None, day: int = 0, **more: object) -> dict[str, int]:
    """Write one page."""
    page = Page(CHANGES, records, fetched_at=START + timedelta(days=day), **more)  # type: ignore[arg-type]
    return store.write_page(run or begin(store), page)


def latest(store: RawStore) -> dict[str, str]:
    """Return what staging would see: the latest payload per key."""
    rows = store.con.execute("""
        select record_key, payload from raw.record_changes
        qualify row_number() over (
            partition by source, record_key
            order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
        ) = 1
    """).fetchall()
    return {key: orjson.loads(payload)["v"] for key, payload in rows}


def test_an_unchanged_payload_is_not_stored_again(store: RawStore) -> None:
    """It is counted as unchanged."""
    assert write(store, record("1", "a"))["stored"] == 1
    assert write(store, record("1", "a"), day=1) == {"received": 1, "stored": 0, "unchanged": 1, "rejected": 0}
    assert store.count(CHANGES) == 1


def test_the_order_of_keys_in_a_payload_is_no_change(store: RawStore) -> None:
    """Contents are compared in canonical form and kept as received."""
    write(store, RawRecord(CHANGES, "1", '{"b": 1, "a": 2}'))
    assert write(store, RawRecord(CHANGES, "1", {"a": 2, "b": 1}), day=1)["stored"] == 0
    assert store.con.execute("select payload from raw.record_changes").fetchone() == ('{"b": 1, "a": 2}',)


def test_a_changed_payload_is_a_new_version(store: RawStore) -> None:
    """The older one stays."""
    write(store, record("1", "a"))
    write(store, record("1", "b"), day=1)
    assert (store.count(CHANGES), latest(store)) == (2, {"1": "b"})


def test_a_value_that_goes_back_is_stored_a_second_time(store: RawStore) -> None:
    """A → B → A: the latest state is A again, and the history shows all three."""
    for day, value in enumerate("aba"):
        write(store, record("1", value), day=day)
    assert (store.count(CHANGES), latest(store)) == (3, {"1": "a"})
    write(store, record("1", "a"), day=3)
    assert store.count(CHANGES) == 3


def test_an_older_version_that_arrives_late_does_not_become_the_latest(store: RawStore) -> None:
    """The source's own instant decides before ours."""
    write(store, record("1", "new", version=5), day=0)
    write(store, record("1", "old", version=1), day=1)
    assert (store.count(CHANGES), latest(store)) == (2, {"1": "new"})


def test_repeated_rows_of_one_page_are_stored_once(store: RawStore) -> None:
    """And counted as received."""
    counts = write(store, record("1", "a"), record("1", "a"), record("2", "a"))
    assert counts == {"received": 3, "stored": 2, "unchanged": 1, "rejected": 0}


def test_sources_are_kept_apart(store: RawStore) -> None:
    """The same key of another source is another record."""
    write(store, record("1", "a"))
    write(store, record("1", "a"), run=store.begin_run("other", "record", "test"))
    assert store.count(CHANGES) == 2


OBSERVATIONS = st.lists(
    st.tuples(st.sampled_from("12"), st.integers(0, 6)), min_size=1, max_size=8, unique=True
)  # (key, day of its version)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OBSERVATIONS, st.randoms(), st.booleans())
def test_the_order_of_arrival_decides_nothing(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[str, int]], rnd: random.Random, by_version: bool
) -> None:
    """Whether the source states when it changed or only we know when we read it, in one page or many."""
    folder = tmp_path_factory.mktemp("arrival")
    given_ = [record(k, f"{k}@{d}", version=d if by_version else None, seen=d) for k, d in seen]
    shuffled = list(given_)
    rnd.shuffle(shuffled)
    found = []
    for name, order, step in (("a", given_, 1), ("b", shuffled, 3)):
        with RawStore(folder / f"{name}.duckdb") as store:
            run = begin(store)
            for start in range(0, len(order), step):
                write(store, *order[start : start + step], run=run)
            stored = store.con.execute("select record_key, payload, version_at from raw.record_changes order by all")
            found.append((latest(store), stored.fetchall()))
    assert found[0] == found[1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.sampled_from("12"), st.sampled_from("xyz")), max_size=4), max_size=5))
def test_a_relation_is_stored_as_the_same_page_would_be(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, str]]]
) -> None:
    """The way for large files and the way for pages agree on what is new, batch after batch."""
    folder = tmp_path_factory.mktemp("relation")
    with RawStore(folder / "page.duckdb") as paged, RawStore(folder / "relation.duckdb") as related:
        run_a, run_b = begin(paged), begin(related)
        for day, batch in enumerate(batches):
            contents = sorted(set(batch))
            expected = write(paged, *(record(k, v) for k, v in contents), run=run_a, day=day)["stored"]
            assert relate(related, run_b, contents, day) == expected
        query = (
            "select record_key, payload, payload_sha256, version_at, fetched_at from raw.record_changes order by all"
        )
        assert paged.con.execute(query).fetchall() == related.con.execute(query).fetchall()


def relate(store: RawStore, run: Run, contents: list[tuple[str, str]], day: int) -> int:
    """Store contents as a relation; return how many were new."""
    texts = [canonical_json({"v": value}) for _, value in contents]
    at = (START + timedelta(days=day)).replace(tzinfo=None)
    table = pa.table(
        {
            "record_key": pa.array([key for key, _ in contents], pa.string()),
            "payload": pa.array([text for text, _ in texts], pa.string()),
            "payload_sha256": pa.array([digest for _, digest in texts], pa.string()),
            "version_at": pa.array([None] * len(contents), pa.timestamp("us")),
            "fetched_at": pa.array([at] * len(contents), pa.timestamp("us")),
        }
    )
    store.con.register("contents", table)
    try:
        with store.transaction():
            return store.write_relation(run, CHANGES, "contents", "file:x")
    finally:
        store.con.unregister("contents")


def test_a_transaction_that_fails_leaves_nothing(store: RawStore) -> None:
    """What was written inside is gone, and the store can go on."""
    run = begin(store)
    with pytest.raises(ValueError, match="stop"), store.transaction():
        store.log_counts(
            run, CHANGES, "x", {"received": 1, "stored": 1, "unchanged": 0, "rejected": 0}, reported=1, mark="m"
        )
        raise ValueError("stop")
    assert store.watermark("src", CHANGES, "m") == (None, None)
    assert write(store, record("1", "a"))["stored"] == 1


def test_a_bad_payload_is_set_aside_once_with_its_reason(store: RawStore) -> None:
    """The good ones of the page are stored; the same bad one is not set aside again."""
    bad = Rejected(CHANGES, '{"id": 7}', "no title", key="7")
    counts = write(store, record("1", "a"), rejected=(bad,))
    assert (counts["stored"], counts["rejected"]) == (1, 1)
    assert write(store, rejected=(bad,))["rejected"] == 0
    assert list(rejected_payloads(store, "src", CHANGES)) == [('{"id": 7}', "no title")]


def test_the_watermark_moves_in_the_transaction_of_its_rows(store: RawStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it cannot be written neither are the rows."""
    write(store, record("1", "a"), watermark="2026-01-01", cursor="page2")
    assert store.watermark("src", CHANGES) == ("2026-01-01", "page2")

    def failing(self: RawStore, run: Run, page: Page) -> None:
        raise duckdb.IOException("disk full")

    monkeypatch.setattr(RawStore, "_move_watermark", failing)
    with pytest.raises(duckdb.IOException):
        write(store, record("2", "b"), watermark="2026-01-02")
    assert latest(store) == {"1": "a"}
    assert store.watermark("src", CHANGES) == ("2026-01-01", "page2")


def test_the_last_page_clears_the_cursor_and_keeps_the_watermark(store: RawStore) -> None:
    """A later run starts from the mark, not in the middle."""
    run = begin(store)
    write(store, record("1", "a"), run=run, watermark="m1", cursor="c1")
    write(store, run=run, is_last=True)
    assert store.watermark("src", CHANGES) == ("m1", None)


def test_counts_of_a_run_add_up_over_its_pages(store: RawStore) -> None:
    """Per stream: requests, pages, received, stored, unchanged, rejected; child records count where they belong."""
    run = begin(store)
    child = RawRecord(DECISIONS, "d1", {"v": 1})
    write(store, record("1", "a"), child, run=run, requests=2, reported=9, scope="r")
    write(store, record("1", "a"), record("2", "b"), run=run, scope="r", rejected=(Rejected(CHANGES, "x", "bad"),))
    store.finish_run(run)
    rows = store.con.execute(
        "select stream, requests, pages, received, stored, unchanged, rejected, reported from raw.run_streams "
        "order by stream"
    ).fetchall()
    assert rows == [("record.changes", 3, 2, 4, 2, 1, 1, 9), ("record.decisions", 0, 0, 1, 1, 0, 0, None)]
    assert run.counts == {"received": 5, "stored": 3, "unchanged": 1, "rejected": 1}


def test_a_run_that_never_ended_is_marked_as_interrupted_by_the_next(store: RawStore) -> None:
    """Only of its own source."""
    begin(store)
    store.begin_run("other", "record", "test")
    store.finish_run(begin(store), error="token expired")
    rows = store.con.execute("select source, status, error from raw.runs order by started_at").fetchall()
    assert rows == [("src", "interrupted", None), ("other", "running", None), ("src", "failed", "token expired")]


def test_a_payload_that_is_no_json_is_refused(store: RawStore) -> None:
    """Before anything of its page is written."""
    with pytest.raises(InputError, match="not JSON"):
        write(store, record("1", "a"), RawRecord(CHANGES, "2", "{"))
    assert store.count(CHANGES) == 0


def test_the_database_prints_no_progress_of_its_own(store: RawStore) -> None:
    """It would end up in the middle of a command's JSON."""
    assert store.con.execute("select current_setting('enable_progress_bar')").fetchone() == (False,)


def test_the_hash_is_that_of_the_canonical_payload() -> None:
    """Keys sorted, no spaces."""
    assert canonical_json('{"b": 1, "a": "ü"}')[1] == hashlib.sha256('{"a":"ü","b":1}'.encode()).hexdigest()


KILLED = """
import sys
from pathlib import Path
from ingest.store import RawStore
from ingest.store_records import Page, RawRecord
from models.streams import stream
changes = stream("record.changes")
with RawStore(Path(sys.argv[1])) as store:
    run = store.begin_run("src", "record", "test")
    for page in range(100_000):
        records = [RawRecord(changes, f"{page}-{n}", {"page": page}) for n in range(50)]
        store.write_page(run, Page(changes, records, watermark=str(page), cursor=str(page + 1)))
        print(page, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2])
def test_a_kill_leaves_whole_pages_and_their_watermark(tmp_path: Path, seconds: float) -> None:
    """Killed at any instant: every page is there completely or not at all, and the mark names the last one."""
    path = tmp_path / "store.duckdb"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = int(process.stdout.readline())
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        said = max([said, *(int(line) for line in process.stdout if line.endswith("\n"))])
    with RawStore(path) as store:
        mark, cursor = store.watermark("src", CHANGES)
        assert mark is not None
        assert int(mark) >= said
        assert cursor == str(int(mark) + 1)
        assert store.count(CHANGES) == (int(mark) + 1) * 50
        begin(store)
        assert store.con.execute("select count(*) from raw.runs where status = 'interrupted'").fetchone() == (1,)
