"""What has to be asked of Jira because an issue changed: its changelog, comments beyond the first page, its approvals.

Owns these requests and up to which issue they are done. Refuses to know how issues are searched.

Cloud cuts a changelog that comes with an issue at 40 entries without a word, so there all changelogs are asked for in
bulk. Data Center sends them whole; one that says it was cut is read by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import orjson

from ingest.connector import Parsed, Response
from ingest.followups import Due, due, follow_up, in_batches
from ingest.items import Json, at, text_at
from ingest.jira.parse import (
    APPROVALS,
    CHANGELOG,
    COMMENTS,
    ISSUES,
    parse_approvals,
    parse_bulk_changelog,
    parse_changelog,
    parse_comments,
)
from ingest.jira.search import Jira
from ingest.pages import page
from ingest.source import Position
from ingest.store_records import Page, Rejected, utc_naive
from models.errors import SourceError
from models.streams import Stream

BULK_ISSUES = 1000  # Jira's limit for one request
BULK_ENTRIES = 10_000
PAGE_SIZE = 100

_CUT = (
    "case when cast(payload ->> '$.changelog.total' as bigint) > cast(payload ->> '$.changelog.maxResults' as bigint) "
    "then payload_sha256 end"
)
_MORE_COMMENTS = "case when (payload ->> '$.twotrack.comments_missing') is not null then payload_sha256 end"
_APPROVAL_STATE = "payload ->> '$.twotrack.approval_state'"


def bulk_changelog_pages(jira: Jira, position: Position) -> Iterator[Page]:
    """Yield the changelogs of all issues that changed, many issues a request; the mark moves after each batch."""
    batches = list(in_batches(_due(jira, position, "payload_sha256"), BULK_ISSUES))
    for number, batch in enumerate(batches, start=1):
        answers = _bulk(jira, [issue.key for issue in batch])
        answer = next(answers, None)
        while answer is not None:
            following = next(answers, None)
            is_done = following is None
            yield page(
                jira.client,
                answer[0],
                answer[1],
                jira.scope,
                watermark=_mark(batch, position) if is_done else None,
                is_last=is_done and number == len(batches),
            )
            answer = following


def _bulk(jira: Jira, ids: Sequence[str]) -> Iterator[tuple[Response, Parsed]]:
    """Yield the answers for a batch of issues; where one of them makes Jira refuse all, it is found and set aside."""
    token: str | None = None
    while True:
        body = {"issueIdsOrKeys": list(ids), "maxResults": BULK_ENTRIES}
        try:
            response = jira.client.post(
                jira.api("changelog/bulkfetch"), {**body, "nextPageToken": token} if token else body
            )
        except SourceError as error:
            if type(error) is not SourceError or token:
                raise
            yield from _parts(jira, ids, error)
            return
        yield response, parse_bulk_changelog(response)
        token = text_at(response.body, "nextPageToken")
        if not token:
            return


def _parts(jira: Jira, ids: Sequence[str], error: SourceError) -> Iterator[tuple[Response, Parsed]]:
    if len(ids) > 1:
        middle = len(ids) // 2
        yield from _bulk(jira, ids[:middle])
        yield from _bulk(jira, ids[middle:])
        return
    refused = Rejected(CHANGELOG, orjson.dumps({"issueId": ids[0]}).decode(), error.what, ids[0])
    yield Response(error.where, {}, jira.client.clock.now()), Parsed(CHANGELOG, "", (), [refused])


def cut_changelog_pages(jira: Jira, position: Position) -> Iterator[Page]:
    """Yield the changelogs that did not come whole with their issue."""
    yield from _per_issue(jira, position, CHANGELOG, _CUT, _changelog, parse_changelog)


def comment_pages(jira: Jira, position: Position) -> Iterator[Page]:
    """Yield the comments of issues that have more than came along."""
    yield from _per_issue(jira, position, COMMENTS, _MORE_COMMENTS, _comments, parse_comments)


def approval_pages(jira: Jira, position: Position) -> Iterator[Page]:
    """Yield the approvals of changes whose approval state is another than before."""
    yield from _per_issue(jira, position, APPROVALS, _APPROVAL_STATE, _approvals, parse_approvals)


def _per_issue(
    jira: Jira,
    position: Position,
    stream: Stream,
    aspect: str,
    ask: Callable[[Jira, str], Iterator[Response]],
    parse: Callable[[Response], Parsed],
) -> Iterator[Page]:
    yield from follow_up(
        jira.client,
        stream,
        jira.scope,
        _due(jira, position, aspect),
        lambda issue: ask(jira, issue.key),
        parse,
        mark=position.watermark,
    )


def _changelog(jira: Jira, issue_id: str) -> Iterator[Response]:
    return _counted(jira, jira.api(f"issue/{issue_id}/changelog"), "values", "startAt", "maxResults")


def _comments(jira: Jira, issue_id: str) -> Iterator[Response]:
    return _counted(jira, jira.api(f"issue/{issue_id}/comment"), "comments", "startAt", "maxResults")


def _approvals(jira: Jira, issue_id: str) -> Iterator[Response]:
    return _counted(jira, f"/rest/servicedeskapi/request/{issue_id}/approval", "values", "start", "limit")


def _counted(jira: Jira, path: str, name: str, start_name: str, size_name: str) -> Iterator[Response]:
    """Yield the pages of a list that only grows at its end."""
    start = 0
    while True:
        response = jira.client.get(path, {start_name: start, size_name: PAGE_SIZE})
        yield response
        count = len(at(response.body, name) or [])
        start += count
        if count == 0 or _is_end(response.body, start):
            return


def _is_end(body: Json, read: int) -> bool:
    total, says_last = at(body, "total"), at(body, "isLast")
    if isinstance(total, int):
        return read >= total
    return says_last is not False and at(body, "isLastPage") is not False


def _due(jira: Jira, position: Position, aspect: str) -> list[Due]:
    """Return the issues to ask about; with the user's ``since`` also those that were asked about before."""
    if position.since is None:
        return due(jira.store, jira.name, ISSUES, position.watermark, aspect=aspect)
    since = f"timestamp '{utc_naive(position.since).isoformat(sep=' ')}'"
    return due(jira.store, jira.name, ISSUES, None, aspect=f"case when version_at >= {since} then {aspect} end")


def _mark(batch: Sequence[Due], position: Position) -> str:
    """Return the mark after a batch, which never goes back."""
    return max(batch[-1].mark, position.watermark or "")
