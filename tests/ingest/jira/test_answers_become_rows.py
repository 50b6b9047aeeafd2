"""What each kind of answer of Jira becomes in the raw store and in staging."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ingest.items import Item, Json
from ingest.jira.fields import FieldCatalogue
from ingest.jira.parse import routes
from ingest.store import RawStore
from models.errors import SourceError
from tests.ingest.answers import answer, keep, parsed
from tests.ingest.jira.factories import (
    ANNA,
    BEN,
    DEPLOYER,
    FIELD,
    SEARCH,
    SITE,
    approval,
    field,
    history,
    issue,
    link,
    move,
)
from tests.staging import staged


def issues_after(store: RawStore, fields: list[Item], *issues: Item) -> list[dict[str, Any]]:
    keep(store, routes(), answer(FIELD, fields), answer(SEARCH, {"issues": list(issues)}))
    return staged(store, "jira", "issue")


def test_custom_fields_are_found_by_name_whatever_their_id(store: RawStore) -> None:
    """Two instances number their fields differently; names decide, also in another spelling or translated."""
    fields = [
        field("customfield_77", "Change risk", "option"),
        field("customfield_12", "Back-out plan"),
        field("customfield_3", "Änderungstyp", "option", untranslatedName="Change type"),
        field("customfield_9", "Planned start", "datetime"),
    ]
    row = issues_after(
        store,
        fields,
        issue(
            customfield_77={"value": "High"},
            customfield_12="Roll the image back",
            customfield_3={"value": "Emergency"},
            customfield_9="2026-07-02T22:00:00.000+0200",
        ),
    )[0]
    assert (row["risk"], row["rollback_plan"], row["change_type"]) == ("High", "Roll the image back", "Emergency")
    assert row["planned_start_at"] == datetime(2026, 7, 2, 20)


def test_a_day_is_no_planned_start(store: RawStore) -> None:
    """A field of the right name that holds a day only names no instant, so the start stays unknown."""
    row = issues_after(store, [field("customfield_9", "Planned start", "date")], issue(customfield_9="2026-07-02"))[0]
    assert row["planned_start_at"] is None


def test_the_first_field_with_a_value_counts(store: RawStore) -> None:
    """Sites that changed fields over time have two of the same name; an issue fills one of them."""
    fields = [field("customfield_1", "Risk", "option"), field("customfield_2", "Risk", "option")]
    row = issues_after(store, fields, issue(customfield_1=None, customfield_2={"value": "Low"}))[0]
    assert row["risk"] == "Low"


def test_without_a_field_list_nothing_is_guessed(store: RawStore) -> None:
    """Values of custom fields stay in the payload; what they mean is unknown, so the columns are null."""
    keep(store, routes(), answer(SEARCH, {"issues": [issue(customfield_10005={"value": "High"})]}))
    assert staged(store, "jira", "issue")[0]["risk"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"value": "High", "id": "1"}, "High"),
        ([{"value": "A"}, {"value": "B"}], "A|B"),
        (["x", "y", "x"], "x|y"),
        (3.0, "3"),
        (True, "true"),
        (ANNA, "5b10:anna"),
        ({"name": "CAB", "groupId": "7"}, "CAB"),
        ("", None),
        ([], None),
        (
            {
                "type": "doc",
                "content": [
                    {
                        "type": "paragraph",
                        "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}],
                    },
                    {"type": "paragraph", "content": [{"type": "mention", "attrs": {"text": "@ben"}}]},
                ],
            },
            "one two\n@ben",
        ),
    ],
)
def test_a_field_of_any_kind_reads_as_plain_text(value: Json, text: str | None) -> None:
    """Options, lists, people, groups, numbers and rich text have one plain reading each."""
    catalogue = FieldCatalogue()
    catalogue.learn([field("customfield_1", "Stakeholders", "any")])
    assert catalogue.resolve({"customfield_1": value}).get("stakeholders") == text


def test_a_moved_issue_keeps_its_history(store: RawStore) -> None:
    """A move to another project changes the key people read, not the id; what happened before still hangs on it."""
    before = issue(updated="2026-06-30T10:00:00.000+0200", issuelinks=[])
    before["changelog"] = {"total": 1, "histories": [history(1, move("Open", "Awaiting approval"))]}
    after = issue(key="OPS-9", updated="2026-07-01T10:00:00.000+0200")
    keep(store, routes(), answer(SEARCH, {"issues": [before]}), answer(SEARCH, {"issues": [after]}))
    rows = staged(store, "jira", "issue")
    assert [(row["key"], row["url"]) for row in rows] == [("10001", f"{SITE}/browse/OPS-9")]
    assert [row["subject_key"] for row in staged(store, "jira", "event")] == ["10001"]


def test_all_ways_to_ask_for_a_changelog_give_the_same_event(store: RawStore) -> None:
    """Inline, per issue and in bulk (there with the instant in milliseconds) is one and the same history entry."""
    step, inline = move("Open", "Approved"), issue()
    inline["changelog"] = {"histories": [history(7, step)]}
    keep(
        store,
        routes(),
        answer(SEARCH, {"issues": [inline]}),
        answer(
            f"{SITE}/rest/api/3/issue/10001/changelog?startAt=0", {"values": [history(7, move("Open", "Approved"))]}
        ),
        answer(
            f"{SITE}/rest/api/3/changelog/bulkfetch",
            {
                "issueChangeLogs": [
                    {
                        "issueId": "10001",
                        "changeHistories": [history(7, step, created=1782802800000)],
                    }
                ]
            },
        ),
    )
    events = staged(store, "jira", "event")
    assert [(row["key"], row["occurred_at"]) for row in events] == [("changelog/10001/7/0", datetime(2026, 6, 30, 7))]


def test_every_change_of_a_history_entry_is_an_event(store: RawStore) -> None:
    """One entry that moves the status and edits a field gives a move and an edit, same instant, same actor."""
    risk = {"field": "Change risk", "fieldtype": "custom", "fromString": "Low", "toString": "High"}
    item = issue()
    item["changelog"] = {"histories": [history(7, move("Open", "Approved"), risk, author=DEPLOYER)]}
    keep(store, routes(), answer(SEARCH, {"issues": [item]}))
    rows = [(r["verb"], r["field"], r["old_value"], r["new_value"]) for r in staged(store, "jira", "event")]
    assert rows == [("status_changed", "status", "Open", "Approved"), ("field_changed", "Change risk", "Low", "High")]
    assert {(r["actor"], r["actor_type"]) for r in staged(store, "jira", "event")} == {("5b10:robot", "bot")}


def test_a_custom_field_called_status_moves_nothing(store: RawStore) -> None:
    """Only Jira's own status field makes a status move."""
    own = {"field": "status", "fieldtype": "custom", "fromString": "a", "toString": "b"}
    item = issue()
    item["changelog"] = {"histories": [history(7, own)]}
    keep(store, routes(), answer(SEARCH, {"issues": [item]}))
    assert [row["verb"] for row in staged(store, "jira", "event")] == ["field_changed"]


def test_a_removed_link_is_gone_and_a_new_one_is_there(store: RawStore) -> None:
    """The latest version of an issue says which links stand, also when none do."""
    first = issue(issuelinks=[link(1, "causes", outward=2), link(2, "blocks", outward=3)])
    keep(store, routes(), answer(SEARCH, {"issues": [first]}))
    assert [(r["from_key"], r["relation"], r["to_key"]) for r in staged(store, "jira", "link")] == [
        ("10002", "caused_by", "10001"),
        ("10001", "blocks", "10003"),
    ]
    second = issue(updated="2026-07-01T10:00:00.000+0200", issuelinks=[link(2, "blocks", outward=3)])
    keep(store, routes(), answer(SEARCH, {"issues": [second]}))
    assert [row["key"] for row in staged(store, "jira", "link")] == ["2"]
    third = issue(updated="2026-07-02T10:00:00.000+0200", issuelinks=[])
    keep(store, routes(), answer(SEARCH, {"issues": [third]}))
    assert staged(store, "jira", "link") == []


def test_a_parent_is_a_link(store: RawStore) -> None:
    """A child issue names its parent; nobody else states that relation."""
    keep(store, routes(), answer(SEARCH, {"issues": [issue(parent={"id": "10009"})]}))
    rows = staged(store, "jira", "link")
    assert [(r["from_key"], r["relation"], r["to_key"]) for r in rows] == [("10001", "child_of", "10009")]


APPROVAL = f"{SITE}/rest/servicedeskapi/request/10001/approval"


def test_the_only_answer_to_an_approval_has_an_exact_time(store: RawStore) -> None:
    """Jira says when an approval was completed; with one answer that is when it was given."""
    done = approval(1, (BEN, "approved"), (ANNA, "pending"), decision="approved", completed="2026-06-30T11:00:00+0200")
    keep(store, routes(), answer(APPROVAL, {"values": [done]}))
    rows = staged(store, "jira", "decision")
    assert [(r["decided_by"], r["verdict"], r["decided_at"], r["time_quality"], r["change_key"]) for r in rows] == [
        ("5b10:ben", "approved", datetime(2026, 6, 30, 9), "exact", "10001")
    ]


def test_several_answers_to_one_approval_are_bounded(store: RawStore) -> None:
    """Only the last answer completed it; which one that was is not said, so all are 'not later than'."""
    done = approval(1, (BEN, "approved"), (ANNA, "declined"), decision="declined", completed="2026-06-30T11:00:00+0200")
    keep(store, routes(), answer(APPROVAL, {"values": [done]}))
    rows = staged(store, "jira", "decision")
    assert {(r["decided_by"], r["verdict"], r["time_quality"]) for r in rows} == {
        ("5b10:ben", "approved", "bounded"),
        ("5b10:anna", "rejected", "bounded"),
    }


def test_an_answer_to_an_open_approval_has_no_time(store: RawStore) -> None:
    """While others are still asked nothing says when the first answered."""
    keep(store, routes(), answer(APPROVAL, {"values": [approval(1, (BEN, "approved"), (ANNA, "pending"))]}))
    rows = staged(store, "jira", "decision")
    assert [(r["decided_by"], r["decided_at"], r["time_quality"]) for r in rows] == [("5b10:ben", None, None)]


def test_an_approval_asked_for_is_an_event_and_no_decision(store: RawStore) -> None:
    """Being asked starts the wait; it decides nothing."""
    keep(store, routes(), answer(APPROVAL, {"values": [approval(1, (BEN, "pending"))]}))
    assert staged(store, "jira", "decision") == []
    events = staged(store, "jira", "event")
    assert [(r["verb"], r["occurred_at"], r["text"]) for r in events] == [
        ("approval_requested", datetime(2026, 6, 30, 7), "CAB approval")
    ]


def test_an_approval_that_ended_unanswered_was_decided_by_nobody_known(store: RawStore) -> None:
    """An administrator can complete an approval; the decision counts, its maker stays unknown."""
    done = approval(1, (BEN, "pending"), decision="approved", completed="2026-06-30T11:00:00+0200")
    keep(store, routes(), answer(APPROVAL, {"values": [done]}))
    assert [(r["verdict"], r["decided_by"]) for r in staged(store, "jira", "decision")] == [("approved", None)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"key": "CHG-2", "fields": {}}, "has no 'id'"),
        ({"id": "10002"}, "has no 'fields'"),
        ("text", "is not a JSON object"),
        (issue(2, updated="yesterday"), "'fields.updated' is no instant with an offset: 'yesterday'"),
        (issue(2, updated="2026-06-30T10:00:00.000"), "no instant with an offset"),
    ],
)
def test_a_bad_issue_is_set_aside_and_the_good_ones_are_kept(store: RawStore, bad: Json, reason: str) -> None:
    """One item never costs the page, and its reason is written down."""
    keep(store, routes(), answer(SEARCH, {"issues": [issue(1), bad, issue(3)]}))
    assert [row["key"] for row in staged(store, "jira", "issue")] == ["10001", "10003"]
    (told,) = store.con.execute("select reason from raw.rejected").fetchall()
    assert reason in told[0]


def test_a_bad_history_entry_does_not_cost_the_issue(store: RawStore) -> None:
    """What hangs on an issue is set aside by itself."""
    item = issue()
    item["changelog"] = {"histories": [history(1, created="never"), history(2, move("Open", "Done"))]}
    keep(store, routes(), answer(SEARCH, {"issues": [item]}))
    assert len(staged(store, "jira", "issue")) == 1
    assert [row["key"] for row in staged(store, "jira", "event")] == ["changelog/10001/2/0"]


def test_a_page_without_its_list_is_no_empty_page() -> None:
    """An error page answered with status 200 must not look like 'nothing new'."""
    with pytest.raises(SourceError, match="without a list of 'issues'"):
        parsed(routes(), answer(SEARCH, {"errorMessages": ["Unbounded JQL queries are not allowed here."]}))


def test_a_changelog_asked_for_by_key_is_set_aside(store: RawStore) -> None:
    """The key people read may have been another issue's; without an id the entry has no identity."""
    keep(store, routes(), answer(f"{SITE}/rest/api/2/issue/CHG-1/changelog", {"values": [history(1)]}))
    rejected = store.con.execute("select stream, reason from raw.rejected").fetchall()
    assert rejected == [("jira.changelog", "is about an issue whose id is not known")]


def test_nothing_but_nested_lists_leaves_an_issue(store: RawStore) -> None:
    """The stored issue is what Jira sent; its changelog and comments are records of their own and counted there."""
    comment = {"id": "5", "author": BEN, "body": "fine", "created": "2026-06-30T10:00:00.000+0200"}
    item = issue(comment={"total": 1, "comments": [comment]}, customfield_1={"deep": [1, {"x": None}]})
    item["changelog"] = {"total": 40, "histories": []}
    result = parsed(routes(), answer(SEARCH, {"issues": [item]}))
    kept = next(record.payload for record in result.records if record.stream.name == "issues")
    assert isinstance(kept, dict)
    kept.pop("twotrack", None)
    assert kept["changelog"] == {"total": 40}
    assert kept["fields"].pop("comment") == {"total": 1}
    assert kept["fields"] == {name: value for name, value in item["fields"].items() if name != "comment"}
