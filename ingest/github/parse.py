"""GitHub's pull requests and issues as raw records, from REST and from GraphQL alike.

Owns which part of an answer becomes which record. Payloads stay as GitHub sent them, except that the nested lists of a
GraphQL pull request, which are streams of their own, leave only their ``totalCount`` behind in the parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ingest.connector import Parsed, Response
from ingest.github.keys import (
    Item,
    collect,
    identity,
    instant,
    node_identity,
    nodes,
    number_of,
    repository_of,
    stream,
)
from ingest.store_records import RawRecord

NESTED = ("reviews", "commits", "timelineItems", "comments", "closingIssuesReferences")


def repository_record(item: Item) -> RawRecord:
    """Return a repository as it stood when we asked whether anything had moved."""
    return RawRecord(stream("repositories"), str(item["nameWithOwner"]), dict(item))


def pull_request_records(repository: str, item: Item) -> Iterator[RawRecord]:
    """Yield a pull request and everything nested in it; ``item`` is a REST object or a GraphQL node."""
    key = f"{repository}#{item['number']}"
    payload = {field: _without_nodes(value) if field in NESTED else value for field, value in item.items()}
    yield RawRecord(stream("pull_requests"), key, payload, instant(item, "updated_at", "updatedAt"))
    yield from nested_records(key, item)


def nested_records(parent: str, item: Item) -> Iterator[RawRecord]:
    """Yield the records in the GraphQL lists of a pull request whose key is ``parent``."""
    for review in nodes(item, "reviews"):
        yield review_record(parent, review)
    for commit in nodes(item, "commits"):
        yield commit_record(parent, commit)
    for event in nodes(item, "timelineItems"):
        yield timeline_record(parent, event)
    for comment in nodes(item, "comments"):
        yield comment_record(parent, comment)
    for issue in nodes(item, "closingIssuesReferences"):
        target = f"{issue['repository']['nameWithOwner']}#{issue['number']}"
        yield RawRecord(stream("closing_issues"), f"{parent}/closes/{target}", dict(issue))


def review_record(parent: str, item: Item) -> RawRecord:
    """Return a review; no version time, because REST states none when a review is dismissed later."""
    return RawRecord(stream("reviews"), f"{parent}/review/{identity(item)}", dict(item))


def commit_record(parent: str, item: Item) -> RawRecord:
    """Return a commit of a pull request; GraphQL wraps it in ``commit``, REST names it by ``sha``."""
    revision = item.get("sha") or item["commit"]["oid"]
    return RawRecord(stream("pull_request_commits"), f"{parent}/commit/{revision}", dict(item))


def timeline_record(parent: str, item: Item) -> RawRecord:
    """Return a timeline item; its node id is the one identity REST and GraphQL share."""
    return RawRecord(stream("timeline_items"), f"{parent}/event/{node_identity(item)}", dict(item))


def comment_record(parent: str, item: Item) -> RawRecord:
    """Return a comment in the conversation of an issue or pull request."""
    version_at = instant(item, "updated_at", "updatedAt")
    return RawRecord(stream("issue_comments"), f"{parent}/comment/{identity(item)}", dict(item), version_at)


def review_comment_record(parent: str, item: Item) -> RawRecord:
    """Return a comment on a line of a pull request's diff."""
    version_at = instant(item, "updated_at", "updatedAt")
    return RawRecord(
        stream("pull_request_comments"), f"{parent}/review_comment/{identity(item)}", dict(item), version_at
    )


def issue_record(repository: str, item: Item) -> RawRecord:
    """Return an issue. REST lists pull requests among the issues; those are kept as sent and left out by staging."""
    version_at = instant(item, "updated_at", "updatedAt")
    return RawRecord(stream("issues"), f"{repository}#{item['number']}", dict(item), version_at)


def parse_repositories(response: Response) -> Parsed:
    """Parse the GraphQL answer to whether anything moved: one alias per repository."""
    data = response.body.get("data") if isinstance(response.body, dict) else None
    items = [data[alias] for alias in data if re.fullmatch(r"r\d+", alias) and data[alias]] if data else None
    return collect(response, "repositories", items, lambda item: [repository_record(item)])


def parse_pull_requests(response: Response) -> Parsed:
    """Parse ``/repos/{owner}/{name}/pulls``, a list, or one of its members."""
    repository = repository_of(response)
    items = [response.body] if isinstance(response.body, dict) and "number" in response.body else response.body
    return collect(response, "pull_requests", items, lambda item: pull_request_records(repository, item))


def parse_pull_request_nodes(response: Response) -> Parsed:
    """Parse the GraphQL answer ``repository.pullRequests``."""
    found = _repository(response.body)
    repository = str(found.get("nameWithOwner") or repository_of(response))
    connection: Item = found.get("pullRequests") or {}
    return collect(
        response,
        "pull_requests",
        connection.get("nodes"),
        lambda item: pull_request_records(repository, item),
        scope=repository,
        reported=connection.get("totalCount"),
    )


def parse_more_of_pull_requests(response: Response) -> Parsed:
    """Parse the further pages of pull requests' nested lists: ``repository`` with one alias per pull request."""
    found = _repository(response.body)
    repository = str(found.get("nameWithOwner") or repository_of(response))
    items = [value for field, value in found.items() if field != "nameWithOwner" and value is not None]
    return collect(
        response,
        "pull_requests",
        items,
        lambda item: nested_records(f"{repository}#{item['number']}", item),
        scope=repository,
    )


def parse_reviews(response: Response) -> Parsed:
    """Parse ``/pulls/{number}/reviews``."""
    parent = f"{repository_of(response)}#{number_of(response, '/pulls')}"
    return collect(response, "reviews", response.body, lambda item: [review_record(parent, item)])


def parse_commits(response: Response) -> Parsed:
    """Parse ``/pulls/{number}/commits``."""
    parent = f"{repository_of(response)}#{number_of(response, '/pulls')}"
    return collect(response, "pull_request_commits", response.body, lambda item: [commit_record(parent, item)])


def parse_timeline(response: Response) -> Parsed:
    """Parse ``/issues/events`` and ``/issues/{number}/timeline``; its reviews and comments go to their streams."""

    def records_of(item: Item) -> Iterable[RawRecord]:
        issue = item.get("issue") or {}
        number = issue.get("number") or number_of(response, "/issues")
        parent = f"{repository_of(response)}#{number}"
        if item.get("event") == "reviewed":
            return [review_record(parent, item)]
        if item.get("event") == "commented":
            return [comment_record(parent, item)]
        return [timeline_record(parent, item)]

    return collect(response, "timeline_items", response.body, records_of)


def parse_issue_comments(response: Response) -> Parsed:
    """Parse ``/issues/comments`` and ``/issues/{number}/comments``."""
    return collect(
        response,
        "issue_comments",
        response.body,
        lambda item: [comment_record(_parent_from(repository_of(response), item["issue_url"]), item)],
    )


def parse_review_comments(response: Response) -> Parsed:
    """Parse ``/pulls/comments`` and ``/pulls/{number}/comments``."""
    return collect(
        response,
        "pull_request_comments",
        response.body,
        lambda item: [review_comment_record(_parent_from(repository_of(response), _pull_request_url(item)), item)],
    )


def parse_issues(response: Response) -> Parsed:
    """Parse ``/repos/{owner}/{name}/issues``."""
    return collect(response, "issues", response.body, lambda item: [issue_record(repository_of(response), item)])


def parse_issue_nodes(response: Response) -> Parsed:
    """Parse the GraphQL answer ``repository.issues``."""
    found = _repository(response.body)
    repository = str(found.get("nameWithOwner") or repository_of(response))
    connection: Item = found.get("issues") or {}
    return collect(
        response,
        "issues",
        connection.get("nodes"),
        lambda item: [issue_record(repository, item)],
        scope=repository,
        reported=connection.get("totalCount"),
    )


def _without_nodes(connection: object) -> object:
    """Return a GraphQL connection without what became records of its own; other values as they are."""
    if not isinstance(connection, dict) or "nodes" not in connection:
        return connection
    return {field: value for field, value in connection.items() if field not in ("nodes", "pageInfo")}


def _repository(body: object) -> Item:
    data = body.get("data") if isinstance(body, dict) else None
    found = data.get("repository") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _pull_request_url(item: Item) -> str:
    return str(item.get("pull_request_url") or item["_links"]["pull_request"]["href"])


def _parent_from(repository: str, url: str) -> str:
    found = re.search(r"/(?:issues|pulls)/(\d+)$", url)
    if not found:
        raise ValueError(f"no issue or pull request number in {url}")
    return f"{repository}#{found.group(1)}"
