"""Pull requests with everything in them, whichever API told of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.connector import Response, route_for
from ingest.github.routes import ROUTES
from ingest.store import RawStore
from ingest.store_records import Page
from tests.ingest.github.syncing import Syncing
from tests.servers.base import Answer, Asked
from tests.servers.github import Repository
from tests.servers.github_data import EPOCH, Json, at, bot, commit, event, merged, person, pull_request, review, sha
from tests.staging import staged

ANN, BEN = person("ann"), person("ben")
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_pull_request_with_a_hundred_and_twenty_reviews_loses_none(repository: Repository, syncing: Syncing) -> None:
    """Every nested list is followed to its end, several pull requests a request."""
    busy = pull_request(1, ANN, reviews=[review(100 + n, BEN, "COMMENTED", n) for n in range(120)])
    long = pull_request(2, ANN, commits=[commit(f"c{n}", ANN, n) for n in range(260)])
    noisy = pull_request(3, ANN, timelineItems=[event("Reopened", f"e{n}", ANN, n) for n in range(130)])
    repository.pull_requests += [busy, long, noisy, pull_request(4, ANN)]
    syncing.clean()
    assert len(staged(syncing.store, "github", "decision")) == 120
    assert len(staged(syncing.store, "github", "commit")) == 260
    assert sum(row["verb"] == "reopened" for row in staged(syncing.store, "github", "event")) == 130
    assert syncing.server.graphql_count("pullRequestLists") == 3


def test_pages_are_halved_while_github_chokes_and_doubled_when_it_recovers(
    repository: Repository, syncing: Syncing
) -> None:
    """A 502 on fifty is asked again as twenty-five; nothing is skipped, and the size comes back."""
    repository.pull_requests += [pull_request(number, ANN, number) for number in range(200)]
    chokes = lambda asked: _size(asked) > 20  # noqa: E731 - a condition, named for reading
    syncing.server.fail(Answer({}, 502), times=2, matches=chokes)
    syncing.clean()
    sizes = [_size(asked) for asked in syncing.server.asked if _size(asked)]
    assert sizes[:5] == [50, 25, 12, 24, 48]
    assert max(sizes[4:]) <= 50
    assert len(staged(syncing.store, "github", "change")) == 200


def _size(asked: Asked) -> int:
    is_list = asked.body and "query pullRequests" in asked.body["query"]
    return int(asked.body["variables"]["size"]) if is_list else 0


@pytest.mark.parametrize("failure", [Answer({}, 504), Answer(b'{"data":', 200), Answer({}, 200, cut_after=1)])
def test_a_page_size_that_keeps_failing_is_given_up(repository: Repository, syncing: Syncing, failure: Answer) -> None:
    """One pull request is so large that no page of more than ten ever comes back; the sync ends all the same."""
    repository.pull_requests += [pull_request(number, ANN, number) for number in range(120)]
    syncing.server.fail(failure, times=9999, matches=lambda asked: _size(asked) > 10)
    syncing.clean()
    sizes = [_size(asked) for asked in syncing.server.asked if _size(asked)]
    assert sizes.count(50) <= 2
    assert sizes.count(25) <= 2
    assert len(sizes) < 40
    assert len(staged(syncing.store, "github", "change")) == 120


def test_a_merged_pull_request_says_all_that_github_knows(repository: Repository, syncing: Syncing) -> None:
    """Each field comes from where GitHub puts it; what it does not hold stays unknown."""
    change = pull_request(12, bot("dependabot"), 0, body="Reverts acme/shop#9\n\nBroken.")
    change["labels"] = [{"__typename": "Label", "name": name} for name in ('risk: "high", really', "ops")]
    change["reviewRequests"] = [
        {"__typename": "ReviewRequest", "requestedReviewer": person("cat")},
        {"__typename": "ReviewRequest", "requestedReviewer": {"__typename": "Team", "slug": "core"}},
    ]
    change["closingIssuesReferences"] = [
        {
            "__typename": "Issue",
            "number": 7,
            "title": "Broken",
            "url": "",
            "state": "OPEN",
            "repository": {"__typename": "Repository", "nameWithOwner": "acme/plans"},
        }
    ]
    repository.pull_requests.append(merged(change, BEN, 30))
    syncing.clean()
    row = staged(syncing.store, "github", "change")[0]
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "source": "hub",
        "source_event_id": "hub:pull_requests:acme/shop#12",
        "key": "acme/shop#12",
        "url": "https://github.example/acme/shop/pull/12",
        "updated_at": datetime(2026, 1, 5, 8, 30),
        "record_type": "pull_request",
        "title": "Change 12",
        "description": "Reverts acme/shop#9\n\nBroken.",
        "state": "merged",
        "stakeholders": "cat|core",
        "is_draft": False,
        "repository": "acme/shop",
        "labels": 'risk: "high", really|ops',
        "requested_by": "dependabot[bot]",
        "requested_by_type": "bot",
        "created_at": datetime(2026, 1, 5, 8),
        "merged_at": datetime(2026, 1, 5, 8, 30),
        "merged_by": "ben",
        "merged_by_type": "human",
        "closed_at": datetime(2026, 1, 5, 8, 30),
        "base_branch": "main",
        "head_branch": "topic-12",
        "base_revision": sha("base"),
        "head_revision": sha("head-12"),
        "merge_revision": sha("merge-12"),
        "size_lines": 12,
        "reverts_key": "acme/shop#9",
    }
    links = {(row["relation"], row["to_kind"], row["to_key"]) for row in staged(syncing.store, "github", "link")}
    assert links == {("closes", "issue", "acme/plans#7"), ("reverts", "change", "acme/shop#9")}


def test_co_authors_and_no_reply_addresses_name_people(repository: Repository, syncing: Syncing) -> None:
    """A contributor is whoever the commit names: trailers count, and GitHub's own addresses carry the login."""
    made = commit(
        "one", bot("renovate"), 0, "Speed up\n\nCo-authored-by: Dee <dee@x.example>\nco-authored-by: E <e@y.example>"
    )
    made["commit"]["author"] |= {"email": "29139614+renovate[bot]@users.noreply.github.com"}
    repository.pull_requests.append(pull_request(1, ANN, commits=[made]))
    syncing.clean()
    row = staged(syncing.store, "github", "commit")[0]
    assert (row["co_authors"], row["author"], row["author_type"]) == (
        "dee@x.example|e@y.example",
        "renovate[bot]",
        "bot",
    )


def test_events_say_who_did_what_to_which_change(repository: Repository, syncing: Syncing) -> None:
    """Verbs are ours; who was asked, which heads were replaced and why the queue let go are kept."""
    asked = {"__typename": "Team", "slug": "core"}
    items = [
        event("ConvertToDraft", "1", ANN, 1),
        event("ReadyForReview", "2", ANN, 2),
        event("ReviewRequested", "3", ANN, 3, requestedReviewer=asked),
        event("HeadRefForcePushed", "4", ANN, 4, beforeCommit=_oid("old"), afterCommit=_oid("new")),
        event("AddedToMergeQueue", "5", BEN, 5),
        event(
            "RemovedFromMergeQueue", "6", bot("github-merge-queue"), 6, reason="failed checks", beforeCommit=_oid("b")
        ),
        event("Labeled", "7", BEN, 7, label={"__typename": "Label", "name": "approved"}),
        event("RenamedTitle", "8", ANN, 8, previousTitle="Old", currentTitle="New"),
    ]
    repository.pull_requests.append(pull_request(1, ANN, timelineItems=items))
    syncing.clean()
    rows = sorted(staged(syncing.store, "github", "event"), key=lambda row: row["occurred_at"])
    told = [(row["verb"], row["actor"], row["field"], row["old_value"], row["new_value"]) for row in rows]
    assert told == [
        ("converted_to_draft", "ann", None, None, None),
        ("ready_for_review", "ann", None, None, None),
        ("review_requested", "ann", "reviewer", None, "core"),
        ("force_pushed", "ann", "head_revision", sha("old"), sha("new")),
        ("added_to_merge_queue", "ben", None, None, None),
        ("removed_from_merge_queue", "github-merge-queue[bot]", None, None, None),
        ("labeled", "ben", "label", None, "approved"),
        ("field_changed", "ann", "title", "Old", "New"),
    ]
    assert rows[5]["text"] == "failed checks"
    assert {row["subject_key"] for row in rows} == {"acme/shop#1"}
    # Its opening is told by the pull request itself.
    (opened,) = staged(syncing.store, "github", "change")
    assert (opened["requested_by"], opened["created_at"]) == ("ann", EPOCH.replace(tzinfo=None))


def _oid(name: str) -> Json:
    return {"__typename": "Commit", "oid": sha(name)}


def test_rest_and_graphql_tell_of_one_pull_request_and_one_review(repository: Repository, syncing: Syncing) -> None:
    """A review that was synced and that a webhook or a recording repeats in REST's shape is still one."""
    repository.pull_requests.append(pull_request(1, ANN, reviews=[review(77, BEN, "APPROVED", 5, "head-1")]))
    syncing.clean()
    user = {"login": "ben", "type": "User"}
    _keep(syncing.store, "/repos/acme/shop/pulls/1/reviews", [_rest_review(user)])
    _keep(syncing.store, "/repos/acme/shop/pulls", [_rest_pull_request()])
    changes = staged(syncing.store, "github", "change")
    assert [(row["key"], row["title"]) for row in changes] == [("acme/shop#1", "New title")]
    decisions = staged(syncing.store, "github", "decision")
    assert [(row["key"], row["verdict"], row["decided_by"]) for row in decisions] == [
        ("acme/shop#1/review/77:approved", "approved", "ben")
    ]


def _rest_review(user: Json) -> Json:
    return {
        "id": 77,
        "node_id": "PRR_77",
        "state": "APPROVED",
        "user": user,
        "submitted_at": at(5),
        "commit_id": sha("head-1"),
        "body": "",
    }


def _rest_pull_request() -> Json:
    return {
        "id": 1_000_001,
        "number": 1,
        "state": "open",
        "title": "New title",
        "user": {"login": "ann", "type": "User"},
        "created_at": at(0),
        "updated_at": at(60),
        "draft": False,
    }


def _keep(store: RawStore, path: str, body: object) -> None:
    """Store an answer that came otherwise than through a sync."""
    url = f"https://api.github.com{path}"
    route = route_for(ROUTES, url)
    assert route is not None
    parsed = route.parse(Response(url, body, NOON))
    run = store.begin_run("hub", "github", "test")
    store.write_page(run, Page(parsed.stream, parsed.records, parsed.rejected, fetched_at=NOON))


def test_one_bad_pull_request_is_set_aside_and_the_others_are_kept(store: RawStore) -> None:
    """A payload without a number has no identity; it is counted and can be replayed after a fix."""
    _keep(store, "/repos/acme/shop/pulls", [{"title": "no number"}, "not even an object", _rest_pull_request()])
    assert [row["key"] for row in staged(store, "github", "change")] == ["acme/shop#1"]
    assert store.con.execute("select reason from raw.rejected order by reason").fetchall() == [
        ("not a JSON object",),
        ("number is missing",),
    ]


def test_an_answer_that_is_no_list_is_set_aside_whole(store: RawStore) -> None:
    """An error object where a list belongs holds no pull request."""
    _keep(store, "/repos/acme/shop/pulls", {"message": "Server Error"})
    assert store.con.execute("select reason, payload from raw.rejected").fetchall() == [
        ("expected a list of pull_requests", '{"message":"Server Error"}')
    ]
