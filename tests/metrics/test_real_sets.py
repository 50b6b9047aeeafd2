"""Numbers of real sets, through the real way in and a real build, against what the files themselves say."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest

from sql.aggregate import definitions, value
from tests.metrics.conftest import Set
from tests.metrics.real import SETS

csv.field_size_limit(sys.maxsize)


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Return the rows of a CSV file as Python's own reader sees them."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:  # noqa: ANN401 - whatever the query returns
    row = con.execute(query).fetchone()
    assert row is not None
    return row if len(row) > 1 else row[0]


def naive(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at.astimezone(UTC) if at.tzinfo else at).replace(tzinfo=None)


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


def test_govuk_deployments_per_environment_and_month_are_those_of_the_file(real_set: Set, shared_data: Path) -> None:
    """57,413 deployments; only those of the environment called production are production."""
    expected = Counter(
        (row["environment"], row["merged_at"][:7]) for row in rows_of(shared_data / "govuk/deployments_2023_2024.csv")
    )
    con = real_set("govuk")
    found = con.execute(
        "select environment, strftime(started_at, '%Y-%m'), count(*) from marts.deployments group by all"
    ).fetchall()
    assert {(environment, month): count for environment, month, count in found} == expected
    assert sum(expected.values()) == 57_413
    assert one(con, "select count(*) filter (is_production) from marts.deployments") == 15_823
    assert one(con, "select sum(value) from metrics.deployment_frequency where exclusion_reason is null") == 15_823


def test_govuk_production_deployments_carry_the_request_whose_merge_was_tagged(
    real_set: Set, shared_data: Path
) -> None:
    """Joined by hand over application, tag and merge commit: each such pair is in the mart, with that basis."""
    folder = shared_data / "govuk"
    merges = {(r["app"], r["merge_sha"]): r for r in rows_of(folder / "app_pull_requests_2023_2024.csv")}
    tagged = {
        (r["app"], r["tag"]): merges[r["app"], r["commit_sha"]]
        for r in rows_of(folder / "app_release_tags_to_2024.csv")
        if (r["app"], r["commit_sha"]) in merges
    }
    expected = {
        (f"govuk:{row['commit_sha']}", f"govuk:{row['app']}#{tagged[row['app'], row['image_tag']]['pr_number']}")
        for row in rows_of(folder / "deployments_2023_2024.csv")
        if row["environment"] == "production" and (row["app"], row["image_tag"]) in tagged
    }
    con = real_set("govuk")
    found = con.execute("select deployment_id, change_id from marts.deployment_changes").fetchall()
    stated = con.execute(
        "select deployment_id, change_id from marts.deployment_changes where link_basis = 'version'"
    ).fetchall()
    assert len(expected) == 1_045
    assert expected <= set(found)
    assert set(stated) == expected


def govuk_deployments(shared: Path) -> dict[tuple[str, str], list[tuple[datetime, str, str]]]:
    """Return (instant, key, tag) of each application's deployments to each environment, in order."""
    found: dict[tuple[str, str], list[tuple[datetime, str, str]]] = {}
    for row in rows_of(shared / "govuk/deployments_2023_2024.csv"):
        place = row["app"], row["environment"]
        found.setdefault(place, []).append((naive(row["merged_at"]), row["commit_sha"], row["image_tag"]))
    return {place: sorted(moves) for place, moves in found.items()}


def test_govuk_version_decreases_are_told_apart_per_application_and_environment(
    real_set: Set, shared_data: Path
) -> None:
    """804 numbered versions are lower than the one before: 679 never ran there, 78 came back in a day, 47 later."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for (app, environment), moves in govuk_deployments(shared_data).items():
        seen: set[str] = set()
        for place, (at, _, tag) in enumerate(moves):
            before_at, _, before = moves[place - 1] if place else (at, "", "")
            numbers = [re.fullmatch(r"v(\d+)", name) for name in (before, tag)]
            if numbers[0] and numbers[1] and int(numbers[1][1]) < int(numbers[0][1]):
                is_soon = (at - before_at).total_seconds() <= 24 * 3600
                move = "out of order" if tag not in seen else "rollback" if is_soon else "re-release"
                expected[app, environment, move] += 1
            seen.add(tag)
    con = real_set("govuk")
    lower = "from marts.version_moves where move in ('rollback', 're-release', 'out of order')"
    found = con.execute(f"select service, environment, move, count(*) {lower} group by all").fetchall()
    assert {(app, environment, move): count for app, environment, move, count in found} == expected
    totals = Counter(move for _, _, move in expected.elements())
    assert totals == {"out of order": 679, "rollback": 78, "re-release": 47}
    (share,) = value(con, "version_decreases")
    assert (share.numerator, share.denominator) == (804, 40_372)


def test_govuk_promotions_to_production_that_staging_did_not_precede(real_set: Set, shared_data: Path) -> None:
    """Of 15,610 first arrivals in production 16 came before staging, 18 without it; the others took 244 s."""
    moves = govuk_deployments(shared_data)
    found: Counter[str] = Counter()
    leads = []
    for (app, environment), list_of in moves.items():
        if environment != "production":
            continue
        # A tag that ends in a commit is that commit.
        staged: dict[str, datetime] = {}
        for at, _, tag in moves.get((app, "staging"), []):
            staged.setdefault(tag.removeprefix("release-"), at)
        seen: set[str] = set()
        for at, _, tag in list_of:
            name = tag.removeprefix("release-")
            if name not in seen and staged and min(staged.values()) <= at:
                found["without" if name not in staged else "before" if staged[name] > at else "in order"] += 1
                if name in staged and staged[name] <= at:
                    leads.append((at - staged[name]).total_seconds())
            seen.add(name)
    assert found == {"in order": 15_576, "before": 16, "without": 18}
    con = real_set("govuk")
    (order,) = value(con, "promotion_order_violations")
    (lead,) = value(con, "lead_time_from_stage_below")
    assert (order.numerator, order.denominator) == (34, 15_610)
    assert (lead.value, lead.denominator) == (median(leads), len(leads)) == (244.0, 15_576)


def test_osg_windows_overlaps_and_late_entries(real_set: Set, shared_data: Path) -> None:
    """2,256 windows: 46 pairs on 26 components over 80 windows; 507 were entered after their start."""
    con = real_set("osg")
    assert one(con, "select count(*), count(*) filter (is_created_after_start) from marts.windows") == (2_256, 507)
    pairs = con.execute(
        "select scope_value, window_a, window_b from marts.window_overlaps "
        "where scope = 'component' and basis = 'planned'"
    ).fetchall()
    assert len({frozenset((a, b)) for _, a, b in pairs}) == len(pairs) == 46
    assert len({component for component, _, _ in pairs}) == 26
    assert len({window for _, a, b in pairs for window in (a, b)}) == 80
    by_hand = overlapping(shared_data, inclusive=False)
    assert {frozenset((a, b)) for _, a, b in pairs} == by_hand


def test_osg_overlaps_are_counted_by_name_of_each_scope(real_set: Set, shared_data: Path) -> None:
    """46 pairs on a component, 5,745 in a service, 6,008 in an environment; no window names an implementer."""
    found = real_set("osg").execute(
        "select scope, windows, pairs from marts.overlap_counts where basis = 'planned' order by place"
    )
    expected = [
        ("component", 2_256, len(overlapping(shared_data, inclusive=False))),
        ("service", 2_256, len(overlapping(shared_data, inclusive=False, column="resource_group"))),
        ("dependency", 0, None),
        ("environment", 2_256, len(overlapping(shared_data, inclusive=False, column="site"))),
        ("implementer", 0, None),
    ]
    assert found.fetchall() == expected
    assert [pairs for _, _, pairs in expected] == [46, 5_745, None, 6_008, None]


def test_osg_notice_is_judged_where_the_entry_came_first(real_set: Set, shared_data: Path) -> None:
    """1,188 of 2,256 were entered before their start, 507 after it, of 561 it is unknown; median notice 54.9 h."""
    notice = []
    for row in rows_of(shared_data / "osg/downtimes_to_2023.csv"):
        if row["CreatedTime"].strip():
            created, start = (
                datetime.strptime(row[name], "%b %d, %Y %H:%M %z") for name in ("CreatedTime", "StartTime")
            )
            notice.append((start - created).total_seconds())
    before = [seconds for seconds in notice if seconds >= 0]
    con = real_set("osg")
    (found,) = value(con, "window_notice")
    assert (found.value, found.denominator) == (median(before), len(before)) == (197_790.0, 1_188)
    assert found.excluded == {"entered after its start": 507, "entry or start unknown": 561}
    (late,) = value(con, "retroactive_windows")
    assert (late.numerator, late.denominator) == (len(notice) - len(before), len(notice)) == (507, 1_695)


def test_ends_that_touch_are_no_overlap(real_set: Set, shared_data: Path) -> None:
    """With inclusive ends the same windows would give more pairs: what is half-open decides the number."""
    assert len(overlapping(shared_data, inclusive=True)) > 46
    touching = overlapping(shared_data, inclusive=True) - overlapping(shared_data, inclusive=False)
    found = real_set("osg").execute("select window_a, window_b from marts.window_overlaps").fetchall()
    assert not {frozenset(pair) for pair in found} & touching


def overlapping(shared: Path, *, inclusive: bool, column: str = "ResourceName") -> set[frozenset[str]]:
    spans: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for row in rows_of(shared / "osg/downtimes_to_2023.csv"):
        start, end = (datetime.strptime(row[name], "%b %d, %Y %H:%M %z") for name in ("StartTime", "EndTime"))
        spans.setdefault(row[column].lower(), []).append((start, end, f"osg:window:{row['ID']}"))
    return {
        frozenset((a[2], b[2]))
        for windows in spans.values()
        for place, a in enumerate(windows)
        for b in windows[place + 1 :]
        if (a[0] <= b[1] and b[0] <= a[1] if inclusive else shares_time(a[:2], b[:2]))
    }


def shares_time(a: tuple[datetime, datetime], b: tuple[datetime, datetime]) -> bool:
    """Return whether two half-open spans overlap; an instant overlaps only what strictly contains it."""
    if a[0] < a[1] and b[0] < b[1]:
        return a[0] < b[1] and b[0] < a[1]
    instant, span = (a, b) if a[0] == a[1] else (b, a)
    return span[0] < instant[0] < span[1]


def test_wikimedia_votes_give_the_first_approval_and_the_first_by_another(real_set: Set, shared_data: Path) -> None:
    """2,653 changes with a +2, 1,036 of them from another than the owner, 1,617 from the owner alone; each instant."""
    folder = shared_data / "wikimedia"
    events = rows_of(folder / "events_created_2016-07_2017-06.csv")
    owner = {row["change_number"]: row["actor"] for row in events if row["subject_line"] == "Create change"}
    first: dict[str, datetime] = {}
    independent: dict[str, datetime] = {}
    for row in sorted(rows_of(folder / "votes_created_2016-07_2017-06.csv"), key=lambda row: row["at_utc"]):
        if (row["label"], int(row["value"])) == ("Code-Review", 2):
            change = row["change_number"]
            first.setdefault(change, naive(row["at_utc"]))
            if row["voter"] != owner[change]:
                independent.setdefault(change, naive(row["at_utc"]))
    assert (len(first), len(independent), len(set(first) - set(independent))) == (2_653, 1_036, 1_617)
    con = real_set("wikimedia")
    found = con.execute(
        "select key, first_approval_at, first_independent_approval_at, is_self_approved_only from marts.changes"
    ).fetchall()
    assert len(found) == 2_815
    assert {key: at for key, at, _, _ in found if at} == first
    assert {key: at for key, _, at, _ in found if at} == independent
    assert {key for key, _, _, is_alone in found if is_alone} == set(first) - set(independent)


def test_wikimedia_reverts_are_each_one_event(real_set: Set, shared_data: Path) -> None:
    """267 changes of the set say that they were taken back; each says so once in the activity log."""
    marks = ("Created a revert of this change as I", "This patchset was reverted in change: I")
    rows = rows_of(shared_data / "wikimedia/events_created_2016-07_2017-06.csv")
    expected = Counter(
        f"wikimedia:{row['change_number']}" for row in rows if any(mark in row["message"] for mark in marks)
    )
    found = (
        real_set("wikimedia")
        .execute(
            "select change_id, count(distinct source_event_id) from marts.activities where verb = 'reverted' group by 1"
        )
        .fetchall()
    )
    assert dict(found) == expected
    assert sum(expected.values()) == 267


def test_wikimedia_reverts_are_linked_and_planned_ones_kept_apart(real_set: Set, shared_data: Path) -> None:
    """313 changes take one of the set back: 94 reversals, 192 planned (databases drained), 27 put-backs."""
    events = list(rows_of(shared_data / "wikimedia/events_created_2016-07_2017-06.csv"))
    created = {row["change_number"]: row for row in events if row["subject_line"] == "Create change"}
    number = {row["change_id"]: change for change, row in created.items()}
    titles: dict[str, str] = {}
    for row in events:
        titles[row["change_number"]] = row["subject"] or titles.get(row["change_number"], "")
    marks = ("Created a revert of this change as I", "This patchset was reverted in change: I")
    named = {row["message"].split()[-1] for row in events if any(mark in row["message"] for mark in marks)}
    linked = {number[name] for name in named if name in number}
    assert len(linked) == 264
    first: dict[str, str] = {}
    for change in sorted(created, key=int):
        first.setdefault(titles[change], change)
    for change, title in titles.items():
        original = first.get(title.removeprefix('Revert "').removesuffix('"'))
        if title.startswith('Revert "') and original and int(original) < int(change):
            linked.add(change)
    con = real_set("wikimedia")
    found = con.execute("select change_id, kind, title from marts.reversals").fetchall()
    assert {change.removeprefix("wikimedia:") for change, _, _ in found} == linked
    assert Counter(kind for _, kind, _ in found) == {"planned": 192, "put_back": 27, "reversal": 94}
    drained = [kind for _, kind, title in found if "depool" in title.lower()]
    assert Counter(drained) == {"planned": 185, "put_back": 3}


def test_a_vote_of_0_decides_nothing(real_set: Set, shared_data: Path) -> None:
    """4,490 votes of 0 on the review label: none decides or responds; 28 take the voter's earlier one back."""
    last: dict[tuple[str, str], str] = {}
    taken_back = 0
    votes = rows_of(shared_data / "wikimedia/votes_created_2016-07_2017-06.csv")
    for row in sorted(votes, key=lambda row: (row["at_utc"], int(row["seq"]))):
        if row["label"] == "Code-Review":
            place = row["change_number"], row["voter"]
            taken_back += row["value"] == "0" and last.get(place, "0") != "0"
            last[place] = row["value"]
    con = real_set("wikimedia")
    zero = "from marts.decisions where source = 'wikimedia' and vote = 'Code-Review0'"
    verdicts = dict(con.execute(f"select verdict, count(*) {zero} group by 1").fetchall())
    assert verdicts == {"commented": 4_490 - taken_back, "withdrawn": taken_back}
    assert taken_back == 28
    responses = f"""select count(*) from marts.changes c join (select change_id, decided_at {zero}) d
        on d.change_id = c.change_id and d.decided_at = c.first_response_at
        where not exists (select 1 from marts.decisions o where o.change_id = c.change_id
            and o.decided_at = c.first_response_at and o.vote <> 'Code-Review0')"""
    assert one(con, responses) == 0


def test_the_words_of_a_vote_are_what_its_voter_wrote(real_set: Set, shared_data: Path) -> None:
    """Of 3,032 votes of +2 only 652 carry a word: the first line of an entry only repeats the vote."""
    events = rows_of(shared_data / "wikimedia/events_created_2016-07_2017-06.csv")
    words = {(row["change_number"], row["seq"]): row["message"] for row in events}
    expected: Counter[bool] = Counter()
    for row in rows_of(shared_data / "wikimedia/votes_created_2016-07_2017-06.csv"):
        if (row["label"], row["value"]) == ("Code-Review", "+2"):
            head, _, rest = words.get((row["change_number"], row["seq"]), "").partition("\n")
            expected[head.startswith("Patch Set") and bool(rest.strip())] += 1
    query = "select comment is not null, count(*) from marts.decisions where vote = 'Code-Review+2' group by 1"
    assert dict(real_set("wikimedia").execute(query).fetchall()) == expected
    assert expected == {False: 2_380, True: 652}
