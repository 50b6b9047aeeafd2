"""Jira's real answers, recorded by another project, from the file to the staging rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from ingest.jira import parse
from ingest.store import RawStore
from tests.ingest.answers import recorded, replayed
from tests.staging import staged

csv.field_size_limit(10**8)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawStore]:
    with RawStore(tmp_path_factory.mktemp("jira") / "store.duckdb") as opened:
        replayed(opened, "jira", parse.routes())
        yield opened


def rows_of(name: str) -> list[dict[str, Any]]:
    with (recorded("jira") / name).open(encoding="utf-8") as file:
        return [{**row, "data": json.loads(row["data"])} for row in csv.DictReader(file)]


def issue_rows() -> list[dict[str, Any]]:
    return [
        row
        for name in (
            "_raw_jira_api_issues.csv",
            "_raw_jira_api_issues_for_due_date.csv",
            "_raw_jira_api_issue_relationships.csv",
            "_raw_jira_external_epics.csv",
        )
        for row in rows_of(name)
    ]


def test_every_row_of_the_issue_recording_is_an_issue_of_its_own() -> None:
    """33 rows over two boards are 33 issues: 30 of one board, 3 of the other, no id and no key in both."""
    rows = rows_of("_raw_jira_api_issues.csv")
    boards: dict[str, set[str]] = {}
    for row in rows:
        boards.setdefault(row["url"].split("/board/")[1].split("/")[0], set()).add(row["data"]["id"])
    assert len(rows) == 33
    assert {board: len(ids) for board, ids in boards.items()} == {"8": 30, "93": 3}
    assert len(boards["8"] | boards["93"]) == 33
    assert len({row["data"]["key"] for row in rows}) == 33


def test_an_issue_seen_in_several_recordings_is_one_row(store: RawStore) -> None:
    """The four recordings hold 59 rows of 55 issues."""
    rows = issue_rows()
    assert len(rows) == 59
    ids = {row["data"]["id"] for row in rows}
    assert len(ids) == 55
    assert {row["key"] for row in staged(store, "jira", "issue")} == ids


def test_every_status_move_of_every_changelog_is_an_event(store: RawStore) -> None:
    """Each item of a history entry that changes the status gives one event; counted independently of the connector."""
    moves = set()
    for row in issue_rows():
        for history in row["data"]["changelog"]["histories"]:
            moves |= {
                (row["data"]["id"], history["id"], place)
                for place, item in enumerate(history["items"])
                if item["field"] == "status"
            }
    for row in rows_of("_raw_jira_api_issue_changelogs.csv"):
        issue = row["url"].split("/issue/")[1].split("/")[0]
        moves |= {
            (issue, row["data"]["id"], place)
            for place, item in enumerate(row["data"]["items"])
            if item["field"] == "status"
        }
    events = [row for row in staged(store, "jira", "event") if row["verb"] == "status_changed"]
    assert len(events) == len(moves) == 175
    assert {row["key"] for row in events} == {f"changelog/{'/'.join(map(str, move))}" for move in moves}


def test_chinese_names_survive(store: RawStore) -> None:
    """Names are the site's own and come out as they went in."""
    moves = {(row["old_value"], row["new_value"]) for row in staged(store, "jira", "event")}
    assert ("Closed", "已完成") in moves
    assert ("待测试", "测试中") in moves
    first = next(row for row in staged(store, "jira", "issue") if row["key"] == "10063")
    assert (first["state"], first["record_type"], first["outcome"]) == ("已完成", "故事", "完成")
    assert "测试/注释覆盖度" in first["title"]


def test_local_times_become_utc(store: RawStore) -> None:
    """2020-06-12T08:13:13.360+0800 is thirteen minutes past midnight in UTC."""
    first = next(row for row in staged(store, "jira", "issue") if row["key"] == "10063")
    assert first["created_at"] == datetime(2020, 6, 12, 0, 13, 13, 360000)
    assert first["url"] == "https://merico.atlassian.net/browse/EE-1"


def test_each_link_is_one_row_read_outward(store: RawStore) -> None:
    """Both ends state a link; it counts once, from the issue that blocks to the one that is blocked."""
    stated = {
        link["id"]
        for row in rows_of("_raw_jira_api_issue_relationships.csv")
        for link in row["data"]["fields"]["issuelinks"]
    }
    links = [row for row in staged(store, "jira", "link") if row["relation"] != "child_of"]
    assert {row["key"] for row in links} == stated
    blocks = next(row for row in links if row["key"] == "10111")
    assert (blocks["from_key"], blocks["relation"], blocks["to_key"]) == ("10806", "blocks", "10802")


def test_comments_are_events_with_their_text(store: RawStore) -> None:
    """Every comment of the recordings is there, with its author."""
    stated = {comment["id"] for row in issue_rows() for comment in row["data"]["fields"]["comment"]["comments"]}
    comments = [row for row in staged(store, "jira", "event") if row["verb"] == "commented"]
    assert {row["key"].rpartition("/")[2] for row in comments} == stated
    assert all(row["text"] and row["actor"] for row in comments)


def test_replaying_again_stores_nothing(store: RawStore) -> None:
    """The same answers a second time are all known."""
    before = store.con.execute("select count(*) from raw.jira_changelog").fetchone()
    replayed(store, "jira", parse.routes())
    assert store.con.execute("select count(*) from raw.jira_changelog").fetchone() == before
