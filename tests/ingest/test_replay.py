"""Replaying recorded responses."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ingest.connector import Parsed, Response, Route
from ingest.progress import Progress
from ingest.recordings import FileRecorder
from ingest.replay import ReplayResult, replay
from ingest.store import RawStore
from ingest.store_records import RawRecord
from models.errors import InputError
from models.streams import Stream

THINGS = Stream("github", "issues")


def parse_things(response: Response) -> Parsed:
    records = [RawRecord(THINGS, str(item["number"]), item) for item in response.body["things"]]
    return Parsed(THINGS, "owner/name", records)


def wrap_things(items: Sequence[object]) -> dict[str, object]:
    return {"things": list(items)}


ROUTES = {"github": [Route(re.compile("/things"), parse_things, wrap_things)]}


def replayed(store: RawStore, directory: Path) -> ReplayResult:
    return replay(store, lambda source, kind: store.begin_run(source, kind, "sync --replay"), directory, ROUTES)


def write_items(path: Path, *rows: tuple[str, str, str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "params", "data", "url", "input", "created_at"])
        writer.writerows([i, "", data, url, "null", at] for i, (data, url, at) in enumerate(rows))


def test_items_of_one_response_go_through_the_route_as_the_source_wrapped_them(store: RawStore, tmp_path: Path) -> None:
    """Rows that share address and time were one response; when they were read is when they were recorded."""
    write_items(
        tmp_path / "recorded.csv",
        ('{"number": 1}', "https://x.example/things", "2022-06-13 15:36:00.593+00:00"),
        ('{"number": 2}', "https://x.example/things", "2022-06-13 15:36:00.593+00:00"),
    )
    result = replayed(store, tmp_path)
    assert result.responses == 1
    rows = store.con.execute("select record_key, fetched_at from raw.github_issues order by 1").fetchall()
    assert rows == [(n, datetime(2022, 6, 13, 15, 36, 0, 593000)) for n in ("1", "2")]


def test_replaying_twice_stores_nothing_new(store: RawStore, tmp_path: Path) -> None:
    """An unchanged payload is kept once, however often it is replayed."""
    write_items(tmp_path / "recorded.csv", ('{"number": 1}', "https://x.example/things", "2022-06-13 15:36:00"))
    assert replayed(store, tmp_path).streams[0].stored == 1
    again = replayed(store, tmp_path).streams[0]
    assert (again.stored, again.unchanged) == (0, 1)


def test_a_malformed_item_is_set_aside_with_its_reason_and_the_good_ones_are_kept(
    store: RawStore, tmp_path: Path
) -> None:
    """A bad payload never stops the good ones."""
    write_items(
        tmp_path / "recorded.csv",
        ('{"number": 1}', "https://x.example/things", "2022-06-13 15:36:00"),
        ('{"number": ', "https://x.example/things", "2022-06-13 15:36:00"),
    )
    counts = replayed(store, tmp_path).streams[0]
    assert (counts.stored, counts.rejected) == (1, 1)
    payload, reason = store.con.execute("select payload, reason from raw.rejected").fetchone() or ("", "")
    assert payload == '{"number": '
    assert reason.startswith("not JSON")


def test_an_address_nobody_understands_is_counted_not_dropped_silently(store: RawStore, tmp_path: Path) -> None:
    """What no connector reads is reported by address, numbers folded, with how many items it held."""
    write_items(
        tmp_path / "recorded.csv",
        ("{}", "https://x.example/users/1", "2022-06-13 15:36:00"),
        ("{}", "https://x.example/users/2?page=1", "2022-06-13 15:36:00"),
    )
    assert replayed(store, tmp_path).unrouted == {"https://x.example/users/0": 2}


def test_what_our_recorder_wrote_can_be_replayed(store: RawStore, tmp_path: Path) -> None:
    """The recorder's file holds all that a route needs."""
    FileRecorder(tmp_path, "github").record(
        Response(
            "https://x.example/things", {"things": [{"number": 7}]}, datetime(2026, 1, 2, tzinfo=UTC), {"page": 1}
        ),
        200,
    )
    assert replayed(store, tmp_path).streams[0].stored == 1
    assert store.con.execute("select fetched_at from raw.github_issues").fetchall() == [(datetime(2026, 1, 2),)]


def test_lines_that_are_no_recording_and_recorded_failures_are_reported(store: RawStore, tmp_path: Path) -> None:
    """A broken line names its place; a recorded refusal is no data."""
    failed = orjson.dumps({"url": "https://x.example/things", "status": 502, "body": None})
    (tmp_path / "r.jsonl").write_bytes(b"not json\n" + failed + b"\n")
    result = replayed(store, tmp_path)
    assert [entry.place for entry in result.unreadable] == ["r.jsonl:1"]
    assert result.failed == {502: 1}


def test_a_replay_moves_no_watermark(store: RawStore, tmp_path: Path) -> None:
    """Recordings say nothing about what the source holds now, so the next sync must start where the last one ended."""
    write_items(tmp_path / "recorded.csv", ('{"number": 1}', "https://x.example/things", "2022-06-13 15:36:00"))
    replayed(store, tmp_path)
    assert store.watermark("github", THINGS, "owner/name") == (None, None)


def test_a_recorded_address_is_stored_without_the_secret_it_carried(store: RawStore, tmp_path: Path) -> None:
    """No token reaches the database, not even one that somebody else recorded."""
    url = "https://u:pw@x.example/things?access_token=ghp_planted0planted0planted0&page=2"
    write_items(tmp_path / "recorded.csv", ('{"number": 1}', url, "2022-06-13 15:36:00"))
    replayed(store, tmp_path)
    stored = store.con.execute("select request_url from raw.github_issues").fetchall()
    assert stored == [("https://x.example/things?access_token=[hidden]&page=2",)]


def test_progress_is_reported_after_every_response(store: RawStore, tmp_path: Path) -> None:
    """Whoever shows progress learns the stream and the count so far."""
    write_items(
        tmp_path / "recorded.csv",
        ('{"number": 1}', "https://x.example/things?page=1", "2022-06-13 15:36:00"),
        ('{"number": 2}', "https://x.example/things?page=2", "2022-06-13 15:36:00"),
    )
    seen: list[Progress] = []
    replay(store, lambda source, kind: store.begin_run(source, kind, "x"), tmp_path, ROUTES, seen.append)
    assert [(p.stream, p.records) for p in seen] == [("github.issues", 1), ("github.issues", 2)]


def test_a_missing_folder_says_what_to_check(store: RawStore, tmp_path: Path) -> None:
    """The error names the folder and the option."""
    with pytest.raises(InputError) as raised:
        replayed(store, tmp_path / "nowhere")
    assert "--replay" in str(raised.value)
