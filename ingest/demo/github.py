"""The demo's pull requests as GitHub's GraphQL API returns them.

Owns the shape of the nodes and what of a pull request had happened by the demo's end. Accounts of automation are
written as GraphQL does: without the ``[bot]`` of REST, with ``__typename`` saying so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingest.connector import Response
from ingest.demo.calendar import iso
from ingest.demo.example import pull_request_shift
from ingest.demo.model import Commit, PullRequest, Review, Story

Node = dict[str, Any]
_BOT = "[bot]"


def pull_request_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per repository with all its pull requests."""
    organisation = story.organisation
    for service in organisation.services:
        pulls = [p for p in story.pull_requests[service] if p.created_at <= organisation.end]
        nodes: list[Node | dict[str, str]] = [_node(story, pull) for pull in pulls]
        if service == "warehouse":
            # What a flaky proxy once made of an answer: set aside with its reason, and the rest goes on.
            nodes.append({"__typename": "PullRequest", "title": "truncated by prox"})
        found = {"nameWithOwner": f"{organisation.owner}/{service}"}
        body = {"data": {"repository": {**found, "pullRequests": {"totalCount": len(nodes), "nodes": nodes}}}}
        yield graphql(story, "pullRequests", service, body)


def repository_responses(story: Story) -> Iterable[Response]:
    """Yield the answer to whether anything moved: every repository with its counts."""
    organisation = story.organisation
    body: Node = {"viewer": {"login": organisation.bots["checks"].removesuffix("[bot]")}}
    for place, (service, pulls) in enumerate(story.pull_requests.items()):
        latest = max((pull for pull in pulls if pull.created_at <= organisation.end), key=lambda p: p.created_at)
        node = {"number": latest.number, "updatedAt": iso(_updated(latest, organisation.end))}
        body[f"r{place}"] = {
            "id": f"R_{service}",
            "databaseId": 1000 + place,
            "nameWithOwner": f"{organisation.owner}/{service}",
            "url": web(story, service),
            "isArchived": False,
            "pullRequests": {"totalCount": len(pulls), "nodes": [node]},
        }
    yield Response(f"{organisation.github}/api/graphql#repositories", {"data": body}, organisation.as_of)


def graphql(story: Story, operation: str, service: str, body: Node, **variables: str) -> Response:
    """Return an answer of the GraphQL API."""
    organisation = story.organisation
    request = {"variables": {"owner": organisation.owner, "name": service, **variables}}
    return Response(f"{organisation.github}/api/graphql#{operation}", body, organisation.as_of, request)


def number_pull_requests(story: Story) -> None:
    """Number every repository's pull requests in the order they were opened, leaving gaps for issues."""
    for pulls in story.pull_requests.values():
        pulls.sort(key=lambda pull: pull.created_at)
        number = 0
        for pull in pulls:
            number += 2 if pull.closes_issue else 1
            pull.number = number
        shift = pull_request_shift(pulls)
        for pull in pulls:
            pull.number += shift


def account(login: str) -> Node:
    """Return who did something, as GraphQL names an actor."""
    if login.endswith(_BOT):
        return {"__typename": "Bot", "login": login.removesuffix(_BOT)}
    return {"__typename": "User", "login": login}


def web(story: Story, service: str, *parts: object) -> str:
    """Return the address of a page."""
    return "/".join([story.organisation.github, story.organisation.owner, service, *map(str, parts)])


def title_of(pull: PullRequest) -> str:
    """Return the title, with the key of its ticket before it."""
    return f"{pull.ticket.key}: {pull.title}" if pull.ticket else pull.title


def _node(story: Story, pull: PullRequest) -> Node:
    end = story.organisation.end
    is_merged = 0 < pull.merged_at <= end
    is_closed = 0 < pull.closed_at <= end
    url = web(story, pull.service, "pull", pull.number)
    commits = [commit for commit in pull.commits if commit.pushed_at <= end] or pull.commits[:1]
    return {
        "id": f"PR_{pull.service}_{pull.number}",
        "fullDatabaseId": str(_serial(pull)),
        "number": pull.number,
        "url": url,
        "title": title_of(pull),
        "body": _body(pull),
        "state": "MERGED" if is_merged else "CLOSED" if is_closed else "OPEN",
        "isDraft": pull.is_draft_first and pull.ready_at > end,
        "createdAt": iso(pull.created_at),
        "updatedAt": iso(_updated(pull, end)),
        "closedAt": iso(pull.closed_at) if is_closed else None,
        "mergedAt": iso(pull.merged_at) if is_merged else None,
        "author": account(pull.author),
        "mergedBy": account(pull.merged_by) if is_merged else None,
        "mergeCommit": {"oid": pull.merge_sha} if is_merged else None,
        "authorAssociation": "MEMBER" if pull.author in story.organisation.people else "NONE",
        "baseRefName": pull.base,
        "headRefName": f"{pull.ticket.key}-{pull.branch}" if pull.ticket else pull.branch,
        "headRefOid": commits[-1].sha,
        "additions": pull.size[0],
        "deletions": pull.size[1],
        "changedFiles": 1 + pull.size[0] // 40,
        "labels": {"nodes": [{"name": name} for name in _labels(pull)]},
        "reviewRequests": {"nodes": [] if is_closed else _waiting(pull, end)},
        "reviews": _connection(
            _review(pull, url, n, review, end) for n, review in _kept(story, pull) if review.at <= end
        ),
        "commits": _connection(_commit(story, pull, commit) for commit in commits),
        "timelineItems": _connection(_timeline(story, pull, url)),
        "comments": _connection(
            {
                "fullDatabaseId": f"{_serial(pull)}9{place:02d}",
                "url": f"{url}#issuecomment-{_serial(pull)}9{place:02d}",
                "author": account(by),
                "body": text,
                "createdAt": iso(at),
                "updatedAt": iso(at),
            }
            for place, (at, by, text) in enumerate(pull.comments)
            if at <= end
        ),
        "closingIssuesReferences": _connection(
            {
                "number": pull.number - 1,
                "url": web(story, pull.service, "issues", pull.number - 1),
                "title": pull.title,
                "repository": {"nameWithOwner": f"{story.organisation.owner}/{pull.service}"},
            }
            for _ in range(pull.closes_issue)
        ),
    }


def _connection(nodes: Iterable[Node]) -> Node:
    found = list(nodes)
    return {"totalCount": len(found), "nodes": found, "pageInfo": {"hasNextPage": False, "endCursor": None}}


def _waiting(pull: PullRequest, end: int) -> list[Node]:
    """Return who has been asked for a review and has not answered."""
    answered = {review.by for review in pull.reviews if review.at <= end}
    asked = {by for at, _, by in pull.requests if at <= end}
    return [{"requestedReviewer": {"login": login}} for login in sorted(asked - answered)]


def _labels(pull: PullRequest) -> list[str]:
    labels = [f"risk:{pull.risk}", *pull.labels]
    if pull.change_type != "normal":
        labels.append(f"type:{pull.change_type}")
    if pull.author.startswith("dependabot"):
        labels.append("dependencies")
    return labels


def _body(pull: PullRequest) -> str:
    if pull.reverts:
        return f"Reverts #{pull.reverts.number}\n\nIncident in production, taking it back."
    if pull.body:
        return pull.body
    if pull.author.startswith("dependabot"):
        return f"{pull.title}. Release notes and commits are listed by the registry."
    parts = [f"## What\n{pull.title}.", f"## Risk\n{pull.risk.capitalize()}."]
    if pull.size[0] % 7:
        parts.append("## Rollback\nRevert this pull request and deploy again.")
    if pull.size[0] % 5:
        parts.append("## Test plan\nAutomated tests; checked by hand in staging.")
    return "\n\n".join(parts)


def _serial(pull: PullRequest) -> int:
    """Return a number for what hangs on a pull request; unique within its repository."""
    return 1_000_000 + pull.number


def _review(pull: PullRequest, url: str, place: int, review: Review, end: int) -> Node:
    is_dismissed = 0 < review.dismissed_at <= end
    return {
        "id": f"PRR_{pull.service}_{_serial(pull)}{place:02d}",
        "state": "DISMISSED" if is_dismissed else review.state,
        "updatedAt": iso(review.dismissed_at if is_dismissed else review.at),
        **_said(pull, url, place, review),
    }


def _said(pull: PullRequest, url: str, place: int, review: Review) -> Node:
    """Return what never changes of a review."""
    serial = f"{_serial(pull)}{place:02d}"
    return {
        "fullDatabaseId": serial,
        "url": f"{url}#pullrequestreview-{serial}",
        "author": account(review.by),
        "authorAssociation": "MEMBER",
        "body": review.body,
        "submittedAt": iso(review.at),
        "commit": {"oid": review.sha},
    }


def _commit(story: Story, pull: PullRequest, commit: Commit) -> Node:
    person = story.organisation.people.get(commit.author)
    email = f"{commit.author}@{story.organisation.domain}" if person else f"{commit.author}@users.noreply.github.com"
    user = {"login": commit.author} if person else None
    who = {"name": person.name if person else commit.author, "email": email, "user": user}
    return {
        "commit": {
            "oid": commit.sha,
            "url": web(story, pull.service, "commit", commit.sha),
            "message": commit.message,
            "authoredDate": iso(commit.at),
            "committedDate": iso(commit.at),
            "author": who,
            "committer": who,
        }
    }


def _kept(story: Story, pull: PullRequest) -> list[tuple[int, Review]]:
    """Return the reviews that the source still has, with their place; nothing says that others are missing."""
    return [(place, review) for place, review in enumerate(pull.reviews) if not story.is_lost(review.at)]


def _timeline(story: Story, pull: PullRequest, url: str) -> Iterable[Node]:
    end = story.organisation.end
    items: list[tuple[int, Node]] = []
    if pull.is_draft_first:
        items.append((pull.ready_at, {"__typename": "ReadyForReviewEvent", "actor": account(pull.author)}))
    for at, by, reviewer in pull.requests:
        item = {"__typename": "ReviewRequestedEvent", "actor": account(by), "requestedReviewer": account(reviewer)}
        items.append((at, item))
    for at, by in pull.force_pushed:
        after = next((c.sha for c in pull.commits if c.pushed_at >= at), pull.commits[-1].sha)
        item = {"__typename": "HeadRefForcePushedEvent", "actor": account(by), "afterCommit": {"oid": after}}
        items.append((at, item))
    for place, review in _kept(story, pull):
        if review.dismissed_at:
            item = {
                "__typename": "ReviewDismissedEvent",
                "actor": account(review.dismissed_by),
                "previousReviewState": review.state,
                "dismissalMessage": "New commits were pushed.",
                "review": _said(pull, url, place, review),
            }
            items.append((review.dismissed_at, item))
    if pull.merged_at:
        item = {"__typename": "MergedEvent", "actor": account(pull.merged_by), "commit": {"oid": pull.merge_sha}}
        items.append((pull.merged_at, item))
    if pull.closed_at:
        items.append((pull.closed_at, {"__typename": "ClosedEvent", "actor": account(pull.closed_by), "url": url}))
    for place, (at, item) in enumerate(items):
        if at <= end:
            item["id"] = f"EV_{pull.service}_{_serial(pull)}{place:02d}"
            item["createdAt"] = iso(at)
            yield item


def _updated(pull: PullRequest, end: int) -> int:
    times = [pull.created_at, pull.merged_at, pull.closed_at, *(r.at for r in pull.reviews)]
    times += [r.dismissed_at for r in pull.reviews]
    times += [at for at, _, _ in (*pull.requests, *pull.comments)]
    return max(at for at in times if at <= end)
