"""Numbers of the Wikimedia set, through the real way in and a real build, against what its files say."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.metrics.conftest import Set
from tests.metrics.reading import naive, one, rows_of


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
    """313 changes take one of the set back: 91 reversals, 195 planned (most: databases drained), 27 put-backs."""
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
    assert Counter(kind for _, kind, _ in found) == {"planned": 195, "put_back": 27, "reversal": 91}
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
