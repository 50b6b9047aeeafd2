"""The shipped mappings on real files, against what the files themselves say."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.files.results import ImportResult
from ingest.store import RawStore
from tests.staging import staged

MAPPINGS = Path(__file__).resolve().parents[3] / "data" / "mappings"


def load(store: RawStore, path: Path, name: str) -> ImportResult:
    """Import a file through a shipped mapping; no row may be set aside."""
    result = import_file(store, path, load_mapping(MAPPINGS / f"{name}.toml"))
    assert result.total("rejected") == 0, result.rejected_rows
    assert result.conflicts == ()
    return result


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Return the rows of a CSV file as Python's own reader sees them."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_govuk_deployments_per_environment_and_month(store: RawStore, shared_data: Path) -> None:
    """All 57,413 deployments, each its own record, in the environment and month the file gives."""
    path = shared_data / "govuk" / "deployments_2023_2024.csv"
    result = load(store, path, "govuk-deployments")
    assert (result.rows, result.total("stored"), result.total("duplicates")) == (57_413, 57_413, 0)
    rows = staged(store, "record", "deployment")
    expected = Counter((row["environment"], row["merged_at"][:7]) for row in rows_of(path))
    assert Counter((row["environment"], row["started_at"].strftime("%Y-%m")) for row in rows) == expected
    assert Counter(row["environment"] for row in rows) == {
        "integration": 24_427,
        "staging": 17_163,
        "production": 15_823,
    }
    assert len({row["key"] for row in rows}) == 57_413
    assert {row["deployed_by_type"] for row in rows} == {"bot"}
    assert {row["time_quality"] for row in rows} == {"inferred"}


def test_govuk_requests_tags_and_deployments_join(store: RawStore, shared_data: Path) -> None:
    """A tag's commit is a request's merge; a deployment names the tag as its version and its release."""
    folder = shared_data / "govuk"
    load(store, folder / "app_pull_requests_2023_2024.csv", "govuk-pull-requests")
    load(store, folder / "app_release_tags_to_2024.csv", "govuk-release-tags")
    load(store, folder / "deployments_2023_2024.csv", "govuk-deployments")
    changes, releases = staged(store, "record", "change"), staged(store, "record", "release")
    assert (len(changes), len(releases), len(staged(store, "record", "commit"))) == (2_070, 1_470, 2_070)
    assert Counter(change["requested_by_type"] for change in changes)["bot"] == 1_312
    assert {change["state"] for change in changes} == {"merged"}
    assert all(change["requested_at"] is None and change["approved_at"] is None for change in changes)
    tags = {(row["app"], row["commit_sha"]) for row in rows_of(folder / "app_release_tags_to_2024.csv")}
    merges = [(row["app"], row["merge_sha"]) for row in rows_of(folder / "app_pull_requests_2023_2024.csv")]
    assert sum(
        (c["service"], c["merge_revision"]) in {(r["service"], r["revision"]) for r in releases} for c in changes
    ) == sum(merge in tags for merge in merges)
    known = {release["key"] for release in releases}
    deployed = [row for row in staged(store, "record", "deployment") if row["release_key"] in known]
    names = {(row["app"], row["tag"]) for row in rows_of(folder / "app_release_tags_to_2024.csv")}
    rows = rows_of(folder / "deployments_2023_2024.csv")
    assert len(deployed) == sum((row["app"], row["image_tag"]) in names for row in rows) > 1_000


def test_osg_windows_keep_declaration_times_and_overlaps(store: RawStore, shared_data: Path) -> None:
    """2,256 windows; 507 declared after their start; 46 pairs on one resource overlap."""
    load(store, shared_data / "osg" / "downtimes_to_2023.csv", "osg-downtimes")
    rows = staged(store, "record", "window")
    assert len(rows) == 2_256
    assert Counter(row["change_type"] for row in rows) == {"scheduled": 1_387, "unscheduled": 869}
    declared = [row for row in rows if row["created_at"] is not None]
    assert len(declared) == 1_695
    assert sum(row["created_at"] > row["planned_start_at"] for row in declared) == 507
    by_resource: dict[str, list[tuple[object, object]]] = {}
    for row in rows:
        by_resource.setdefault(row["component"], []).append((row["planned_start_at"], row["planned_end_at"]))
    pairs = [
        (a, b)
        for spans in by_resource.values()
        for n, a in enumerate(spans)
        for b in spans[n + 1 :]
        if a[0] < b[1] and b[0] < a[1]  # type: ignore[operator]
    ]
    assert len(pairs) == 46


def test_osg_requests_link_to_the_windows_they_declared(store: RawStore, shared_data: Path) -> None:
    """One link per downtime; merged by a bot or by a person."""
    path = shared_data / "osg" / "downtime_prs_to_2023.csv"
    load(store, path, "osg-downtime-pull-requests")
    changes, links = staged(store, "record", "change"), staged(store, "record", "link")
    assert len(changes) == 939
    assert Counter(change["merged_by_type"] for change in changes) == {"bot": 699, "human": 240}
    expected = sum(len([i for i in row["downtime_ids_added"].split("|") if i]) for row in rows_of(path))
    assert len(links) == expected
    assert {link["to_kind"] for link in links} == {"window"}


def test_the_github_archive_keeps_requests_reviews_and_comments(store: RawStore, shared_data: Path) -> None:
    """582 requests of which 505 merged, and approvals as the archive states them."""
    path = shared_data / "github-archives" / "mlswg+mls-protocol.json"
    result = load(store, path, "github-pull-request-archive")
    assert result.rows == 582
    changes, decisions = staged(store, "record", "change"), staged(store, "record", "decision")
    assert Counter(change["state"] for change in changes) == {"merged": 505, "closed": 77}
    assert Counter(row["verdict"] for row in decisions) == {"commented": 755, "approved": 512, "changes_requested": 103}
    assert len(staged(store, "record", "event")) == 773
    pulls = json.loads(path.read_text(encoding="utf-8"))["pulls"]
    keys = {change["key"] for change in changes}
    assert {row["change_key"] for row in decisions} <= keys
    merged = {c["key"]: c for c in changes if c["merged_at"]}
    approved_before: set[str] = set()
    approved_ever: set[str] = set()
    for row in decisions:
        change = merged.get(row["change_key"])
        if change and row["verdict"] == "approved" and row["decided_by"] != change["requested_by"]:
            approved_ever.add(change["key"])
            if row["decided_at"] < change["merged_at"]:
                approved_before.add(change["key"])
    assert (len(approved_before), len(approved_ever - approved_before), 505 - len(approved_ever)) == (351, 2, 152)
    assert sum(change["merged_by"] == change["requested_by"] for change in merged.values()) == 227
    assert sum(bool(pull["body"]) for pull in pulls) == sum(change["description"] is not None for change in changes)


def test_gerrit_changes_are_gathered_from_their_history(store: RawStore, shared_data: Path) -> None:
    """2,815 changes with their merges and abandons; every entry is also an event."""
    path = shared_data / "wikimedia" / "events_created_2016-07_2017-06.csv"
    load(store, path, "wikimedia-gerrit-events")
    changes, events = staged(store, "record", "change"), staged(store, "record", "event")
    assert (len(changes), len(events)) == (2_815, 37_160)
    rows = list(rows_of(path))
    assert sum(change["merged_at"] is not None for change in changes) == 2_653
    created = {row["change_number"]: row for row in rows if row["subject_line"] == "Create change"}
    assert all(change["requested_by"] == created[change["key"]]["actor"] for change in changes)
    assert all(
        change["created_at"].strftime("%Y-%m-%dT%H:%M:%SZ") == created[change["key"]]["at_utc"] for change in changes
    )
    verbs = Counter(event["verb"] for event in events)
    assert (verbs["merged"], verbs["abandoned"], verbs["restored"], verbs["reverted"]) == (2_653, 161, 10, 267)
    reverted = [event["new_value"] for event in events if event["verb"] == "reverted"]
    ids = {row["change_id"] for row in rows}
    assert sum(change_id in ids for change_id in reverted) > 200
    assert (verbs["created"], verbs["pushed"]) == (2_815, 3_328)
    assert set(verbs) == {
        "merged", "abandoned", "restored", "reverted", "created", "pushed", "commented", "migrated", "reviewer_added",
    }  # fmt: skip


def test_gerrit_votes_keep_zero_and_the_patch_set(store: RawStore, shared_data: Path) -> None:
    """A vote of 0 is a vote and no decision; the patch set at the end of a change is the one that was voted on."""
    folder = shared_data / "wikimedia"
    load(store, folder / "votes_created_2016-07_2017-06.csv", "wikimedia-gerrit-votes")
    load(store, folder / "events_created_2016-07_2017-06.csv", "wikimedia-gerrit-events")
    votes = staged(store, "record", "vote")
    expected = Counter((r["label"], int(r["value"])) for r in rows_of(folder / "votes_created_2016-07_2017-06.csv"))
    assert Counter((vote["label"], vote["value"]) for vote in votes) == expected
    assert expected["Code-Review", 0] == 4_490
    changes = {change["key"]: change for change in staged(store, "record", "change") if change["merged_at"]}
    approved = {
        vote["change_key"]
        for vote in votes
        if vote["change_key"] in changes
        and (vote["label"], vote["value"]) == ("Code-Review", 2)
        and vote["revision"] == changes[vote["change_key"]]["head_revision"]
    }
    assert len(approved) == 2_652


@pytest.mark.parametrize(
    ("folder", "file", "name", "kinds"),
    [
        ("osg", "downtimes_to_2023.csv", "osg-downtimes", ("window",)),
        ("osg", "downtime_prs_to_2023.csv", "osg-downtime-pull-requests", ("change", "commit", "link")),
        ("govuk", "app_pull_requests_2023_2024.csv", "govuk-pull-requests", ("change", "commit")),
        ("wikimedia", "votes_created_2016-07_2017-06.csv", "wikimedia-gerrit-votes", ("vote",)),
    ],
)
def test_shuffled_rows_give_the_same_staging(
    tmp_path: Path, shared_data: Path, folder: str, file: str, name: str, kinds: tuple[str, ...]
) -> None:
    """And importing again stores nothing."""
    path = shared_data / folder / file
    rows = list(rows_of(path))
    random.Random(7).shuffle(rows)
    shuffled = tmp_path / file
    with shuffled.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    found = []
    for number, source in enumerate((path, shuffled)):
        with RawStore(tmp_path / f"{number}.duckdb") as store:
            load(store, source, name)
            assert load(store, source, name).is_repeat
            found.append([staged(store, "record", kind) for kind in kinds])
            assert load(store, shuffled if source is path else path, name).total("stored") == 0
    assert found[0] == found[1]
