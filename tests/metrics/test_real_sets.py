"""What holds of every real set, and numbers of the recorded APIs against what their files say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from sql.aggregate import definitions, value
from tests.metrics.conftest import Set
from tests.metrics.reading import one, rows_of
from tests.metrics.real import SETS


@pytest.mark.parametrize("name", SETS)
def test_every_rate_lies_between_0_and_1_within_its_interval(real_set: Set, name: str) -> None:
    """Whatever the records, a share is a share, its interval contains it; an undefined one is null, with a reason."""
    con = real_set(name)
    for metric, defined in definitions(con).items():
        for found in value(con, metric):
            if found.value is None:
                assert found.note, metric
            elif defined.kind == "rate":
                assert found.low is not None
                assert found.high is not None
                assert 0 <= found.low <= found.value <= found.high <= 1, metric


@pytest.mark.parametrize("name", SETS)
def test_the_stages_of_every_change_add_up_to_the_whole(real_set: Set, name: str) -> None:
    """Recomputed here from the change's own instants, not from the model's sum."""
    query = """
        select count(*), count(*) filter (
            abs(s.first_response_seconds + s.rework_seconds + s.approval_seconds + s.merge_seconds + s.deploy_seconds
                - epoch(s.ended_at - c.requested_at)) < 0.001
            and s.ended_at >= greatest(c.requested_at, coalesce(c.merged_at, c.requested_at),
                                       coalesce(c.first_deployed_at, c.requested_at))
        ), (select count(*) from marts.changes where requested_at is not null
            and coalesce(first_response_at, effective_approval_at, merged_at, first_deployed_at) is not null)
        from marts.change_stages s join marts.changes c using (change_id)"""
    stages, sound, changes = one(real_set(name), query)
    assert stages == sound == changes
    if name in {"github", "archive", "wikimedia"}:
        assert stages > 0


def test_the_github_recording_is_49_pull_requests_of_which_26_were_merged_and_none_approved(
    real_set: Set, shared_data: Path
) -> None:
    """50 recorded rows repeat one request: requests are counted, not rows; 35 workflow runs."""
    path = shared_data / "devlake-e2e/github/e2e/raw_tables/_raw_github_api_pull_requests.csv"
    payloads = [json.loads(row["data"]) for row in rows_of(path)]
    con = real_set("github")
    mine = "from marts.changes where repository = 'panjf2000/ants'"
    assert (len(payloads), len({payload["number"] for payload in payloads})) == (50, 49)
    assert one(con, f"select count(*), count(distinct key), count(merged_at) {mine}") == (49, 49, 26)
    assert sum(payload["merged_at"] is not None for payload in {p["number"]: p for p in payloads}.values()) == 26
    assert one(con, f"select count(first_approval_at), count(effective_approval_at) {mine}") == (0, 0)
    assert one(con, "select count(distinct source_event_id) from marts.activities where verb = 'ran'") == 35


def test_without_a_single_approval_the_latency_is_undefined_and_says_why(real_set: Set) -> None:
    """Never 0: every request of the recording is left out with its reason."""
    con = real_set("github")
    (found,) = value(con, "approval_latency")
    assert (found.value, found.denominator) == (None, 0)
    # Two requests of another repository in the recording are among the 51.
    assert found.excluded == {"ended without approval": 19, "no approval recorded": 27, "still pending": 5}
    assert found.note


def test_the_jira_recording_is_33_issues_with_every_status_move_and_its_chinese_names(
    real_set: Set, shared_data: Path
) -> None:
    """Both boards; a status move is one event, whether it came with the issue or from the list of changes."""
    folder = shared_data / "devlake-e2e/jira/e2e/raw_tables"
    rows = list(rows_of(folder / "_raw_jira_api_issues.csv"))
    issues = [json.loads(row["data"]) for row in rows]
    assert Counter(json.loads(row["params"])["BoardId"] for row in rows) == {8: 30, 93: 3}
    con = real_set("jira")
    ids = ", ".join(f"'jira:{issue['id']}'" for issue in issues)
    opened = f"from marts.activities where verb = 'opened' and subject_id in ({ids})"
    assert len(issues) == 33
    assert one(con, f"select count(*), count(distinct subject_id) {opened}") == (33, 33)
    moves: dict[tuple[str, str, int], str] = {}
    listed = [json.loads(row["data"]) for row in rows_of(folder / "_raw_jira_api_issue_changelogs.csv")]
    histories = [(h["id"], h) for i in issues for h in i["changelog"]["histories"]] + [(h["id"], h) for h in listed]
    for key, history in histories:
        for place, item in enumerate(history["items"]):
            if item["field"] == "status":
                moves[key, history["created"], place] = item["toString"].lower()
    found = con.execute("select sign from marts.activities where verb = 'status_changed'").fetchall()
    assert len(found) == len(moves) == 175
    names = Counter(sign.removeprefix("status ").partition(" [")[0] for (sign,) in found)
    assert names == Counter(moves.values())
    assert {"发布中", "待测试", "开发中", "测试中", "已完成"} <= set(names)


def test_the_archive_tells_approved_before_the_merge_from_after_and_never(real_set: Set) -> None:
    """582 requests, 505 merged: 351 approved by another before the merge, 2 only after, 152 never; 227 self-merged."""
    con = real_set("archive")
    merged = "from marts.changes where merged_at is not null"
    assert one(con, "select count(*), count(merged_at) from marts.changes") == (582, 505)
    independent = "first_independent_approval_at"
    assert one(
        con,
        f"select count(*) filter ({independent} < merged_at), count(*) filter ({independent} >= merged_at), "
        f"count(*) filter ({independent} is null), count(*) filter (is_self_merged) {merged}",
    ) == (351, 2, 152, 227)


def test_an_approval_of_another_revision_is_not_an_effective_one(real_set: Set, shared_data: Path) -> None:
    """Of the 353, 264 cover the head that was merged; recounted from the archive's own commits."""
    pulls = json.loads((shared_data / "github-archives/mlswg+mls-protocol.json").read_text(encoding="utf-8"))["pulls"]
    effective = 0
    for pull in pulls:
        if not pull["mergedAt"]:
            continue
        verdicts: dict[str, list[tuple[str, str, str]]] = {}
        for review in pull["reviews"]:
            if review["state"] in {"APPROVED", "CHANGES_REQUESTED"} and review["author"] != pull["author"]:
                revision = review["commit"]["abbreviatedOid"] if review["commit"] else ""
                verdicts.setdefault(review["author"], []).append((review["createdAt"], review["state"], revision))
        effective += any(holds(sorted(given), pull["headRefOid"], pull["mergedAt"]) for given in verdicts.values())
    assert effective == 264
    con = real_set("archive")
    assert one(con, "select count(effective_approval_at) from marts.changes where merged_at is not null") == 264


def holds(given: list[tuple[str, str, str]], head: str, merged_at: str) -> bool:
    """Return whether one reviewer's approval of the head held at the merge, or was given after it."""
    for place, (at, state, revision) in enumerate(given):
        following = given[place + 1] if place + 1 < len(given) else None
        taken_back = following is not None and following[1] != "APPROVED" and following[0] <= max(at, merged_at)
        if state == "APPROVED" and revision and head.startswith(revision) and not taken_back:
            return True
    return False
