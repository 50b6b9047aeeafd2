"""Jira's answers as raw records: issues, status moves and field edits, comments, links, approvals, fields, statuses.

Owns which address holds what, the records' keys, and what is taken out of an issue: its changelog and comments become
records of their own, everything else stays in the issue as it came. Refuses to talk to Jira and to say what a status
means.

Keys are Jira's own ids, which survive a move to another project; the key people read (``EE-1``) is in the payload.
One change of a history entry is one record, ``<issue>/<history>/<position>``. What custom fields mean is looked up in
the instance's own field list, as far as that has been seen, and written beside the payload (see ``jira.fields``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import unquote, urlsplit

from ingest.connector import Parsed, Response, Route
from ingest.items import (
    ANNOTATION,
    PARENT,
    Intake,
    Item,
    UnfitItemError,
    annotated,
    at,
    child,
    epoch_instant,
    instant_at,
    joined_at,
    listed,
    require_instants,
    required,
    text_at,
)
from ingest.jira.fields import FieldCatalogue, FieldCatalogues, login_of, plain_value, rich_text
from ingest.store_records import RawRecord
from models.streams import stream

ISSUES = stream("jira.issues")
CHANGELOG = stream("jira.changelog")
COMMENTS = stream("jira.comments")
ISSUE_LINKS = stream("jira.issue_links")
APPROVALS = stream("jira.approvals")
FIELDS = stream("jira.fields")
STATUSES = stream("jira.statuses")
USERS = stream("jira.users")

_ISSUE_LISTS = r"/rest/(?:api/\w+/search(?:/jql)?|agile/[\w.]+/board/\d+/issue)(?:[?#]|$)"
_CHANGE_WORDS = ("change", "rfc", "变更", "änderung")
_BOARD = re.compile(r"/board/(\d+)/issue")
_ISSUE = re.compile(r"/(?:issue|request)/([^/?#]+)/")


def routes(catalogues: FieldCatalogues | None = None) -> tuple[Route, ...]:
    """Return what Jira can answer; field lists that pass through fill ``catalogues``, which issues then consult."""
    fields = FieldCatalogues() if catalogues is None else catalogues
    return (
        _route(r"/rest/api/\w+/changelog/bulkfetch", parse_bulk_changelog, "issueChangeLogs"),
        _route(r"/rest/api/\w+/issue/[^/?#]+/changelog", parse_changelog, "values"),
        _route(r"/rest/api/\w+/issue/[^/?#]+/comment", parse_comments, "comments"),
        _route(r"/rest/servicedeskapi/request/[^/?#]+/approval", parse_approvals, "values"),
        _route(r"/rest/api/\w+/field(?:[?#]|$)", partial(parse_fields, fields)),
        _route(r"/rest/api/\w+/status(?:[?#]|$)", parse_statuses),
        _route(r"/rest/api/\w+/(?:user|users/search|myself)(?:[?#]|$)", parse_users),
        _route(_ISSUE_LISTS, partial(parse_issues, fields), "issues"),
    )


def _route(pattern: str, parse: Callable[[Response], Parsed], name: str = "") -> Route:
    return Route(re.compile(pattern), parse, (lambda items: {name: list(items)}) if name else list)


def parse_issues(catalogues: FieldCatalogues, response: Response) -> Parsed:
    """Read a page of issues, with the comments, links and inline changelog that came along."""
    intake = Intake()
    intake.read(ISSUES, listed(response.body, "issues"), partial(_issue, catalogues.of(response.url), intake))
    board = _BOARD.search(response.url)
    total = at(response.body, "total")
    return Parsed(
        ISSUES,
        f"board {board[1]}" if board else "",
        intake.records,
        intake.rejected,
        total if isinstance(total, int) else None,
    )


def parse_changelog(response: Response) -> Parsed:
    """Read a page of one issue's changelog."""
    intake = Intake()
    parent = _parent_of(response)
    intake.read(CHANGELOG, listed(response.body, "values", "histories"), partial(_history, parent))
    return Parsed(CHANGELOG, "", intake.records, intake.rejected)


def parse_bulk_changelog(response: Response) -> Parsed:
    """Read a page of many issues' changelogs."""
    intake = Intake()
    for log in listed(response.body, "issueChangeLogs"):
        intake.read(CHANGELOG, at(log, "changeHistories") or [], partial(_history, {"id": text_at(log, "issueId")}))
    return Parsed(CHANGELOG, "", intake.records, intake.rejected)


def parse_comments(response: Response) -> Parsed:
    """Read a page of one issue's comments."""
    intake = Intake()
    intake.read(COMMENTS, listed(response.body, "comments", "values"), partial(_comment, _parent_of(response)))
    return Parsed(COMMENTS, "", intake.records, intake.rejected)


def parse_approvals(response: Response) -> Parsed:
    """Read the approvals of one Jira Service Management request."""
    intake = Intake()
    intake.read(APPROVALS, listed(response.body, "values"), partial(_approval, _parent_of(response)))
    return Parsed(APPROVALS, "", intake.records, intake.rejected)


def parse_fields(catalogues: FieldCatalogues, response: Response) -> Parsed:
    """Read the instance's field list and remember it for the issues that follow."""
    catalogues.of(response.url).learn(listed(response.body))
    intake = Intake()
    intake.read(FIELDS, listed(response.body), lambda item: [RawRecord(FIELDS, required(item, "id"), item)])
    return Parsed(FIELDS, "", intake.records, intake.rejected)


def parse_statuses(response: Response) -> Parsed:
    """Read the instance's statuses with their categories."""
    intake = Intake()
    intake.read(STATUSES, listed(response.body), lambda item: [RawRecord(STATUSES, required(item, "id"), item)])
    return Parsed(STATUSES, "", intake.records, intake.rejected)


def parse_users(response: Response) -> Parsed:
    """Read one person or a list of them."""
    intake = Intake()
    people = [response.body] if isinstance(response.body, dict) else listed(response.body)
    intake.read(USERS, people, _user)
    return Parsed(USERS, "", intake.records, intake.rejected)


def _issue(fields: FieldCatalogue, intake: Intake, item: Item) -> Iterable[RawRecord]:
    issue_id = required(item, "id")
    values = item.get("fields")
    if not isinstance(values, dict):
        raise UnfitItemError("has no 'fields'")
    require_instants(item, "fields.created", "fields.resolutiondate")
    updated = instant_at(item, "fields", "updated")
    parent = {"id": issue_id, "key": text_at(item, "key"), "updated": text_at(values, "updated")}
    identity = {"id": issue_id}
    intake.read(CHANGELOG, at(item, "changelog", "histories") or [], partial(_history, identity))
    intake.read(COMMENTS, at(values, "comment", "comments") or [], partial(_comment, identity))
    intake.read(ISSUE_LINKS, at(values, "issuelinks") or [], partial(_link, parent))
    if at(values, "issuelinks") == []:
        # Says that nothing is linked any more; without it a removed last link would stand forever.
        intake.records.append(RawRecord(ISSUE_LINKS, f"{issue_id}/", {PARENT: parent}, updated))
    kept = _without({**item, "fields": _without(values, "comment", "comments")}, "changelog", "histories")
    return [RawRecord(ISSUES, issue_id, _with_meaning(fields, kept, values), updated)]


def _with_meaning(fields: FieldCatalogue, item: Item, values: Item) -> Item:
    meaning = fields.resolve(values)
    description = at(values, "description")
    return annotated(
        item,
        description=rich_text(description) if isinstance(description, dict) else text_at(values, "description"),
        labels=joined_at(values, "labels"),
        components=joined_at(values, "components"),
        approval_state=_approval_state(fields, values, meaning),
        comments_missing=_missing_comments(values),
        **meaning,
    )


def _approval_state(fields: FieldCatalogue, values: Item, meaning: Item) -> str | None:
    """Return a text that changes when an approval of a change does; ``None`` for issues that are no changes.

    Where the approvals field cannot be seen the status stands in: an approval moves it.
    """
    kind = (text_at(values, "issuetype", "name") or "").casefold()
    if "change_type" not in meaning and not any(word in kind for word in _CHANGE_WORDS):
        return None
    if fields.approvals:
        stated = fields.approval_state(values)
        return hashlib.sha256(stated.encode()).hexdigest()[:16] if stated else None
    if text_at(values, "project", "projectTypeKey") == "service_desk":
        return text_at(values, "status", "id") or text_at(values, "status", "name")
    return None


def _missing_comments(values: Item) -> int | None:
    comments, total = at(values, "comment", "comments"), at(values, "comment", "total")
    missing = total - len(comments) if isinstance(comments, list) and isinstance(total, int) else 0
    return missing if missing > 0 else None


def _without(item: Item, name: str, nested: str) -> Item:
    """Leave out a nested list that became records of its own; its counts stay."""
    inner = item.get(name)
    if not isinstance(inner, dict) or nested not in inner:
        return item
    return {**item, name: {key: value for key, value in inner.items() if key != nested}}


def _history(parent: Item, item: Item) -> Iterable[RawRecord]:
    """One record per changed field of a history entry; Jira Cloud's bulk answer states the instant in milliseconds."""
    issue_id, history_id = _issue_id(parent), required(item, "id")
    created = epoch_instant(item.get("created")) or instant_at(item, "created")
    if created is None:
        raise UnfitItemError("has no 'created'")
    changes = item.get("items")
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise UnfitItemError("has no list of 'items'")
    entry = {name: value for name, value in item.items() if name != "items"}
    return [
        RawRecord(
            CHANGELOG,
            f"{issue_id}/{history_id}/{position}",
            child(parent, {**entry, "item": change}, position=position, created_at=created.isoformat()),
            created,
        )
        for position, change in enumerate(changes)
    ]


def _comment(parent: Item, item: Item) -> Iterable[RawRecord]:
    key = f"{_issue_id(parent)}/{required(item, 'id')}"
    require_instants(item, "created")
    payload = child(parent, item, text=plain_value(item.get("body")))
    return [RawRecord(COMMENTS, key, payload, instant_at(item, "updated"))]


def _link(parent: Item, item: Item) -> Iterable[RawRecord]:
    if text_at(item, "outwardIssue", "id") is None and text_at(item, "inwardIssue", "id") is None:
        raise UnfitItemError("names no linked issue")
    key = f"{_issue_id(parent)}/{required(item, 'id')}"
    return [RawRecord(ISSUE_LINKS, key, child(parent, item), instant_at(parent, "updated"))]


def _approval(parent: Item, item: Item) -> Iterable[RawRecord]:
    """One record for the approval and one per approver, who alone knows a decision but not its instant."""
    key = f"{_issue_id(parent)}/{required(item, 'id')}"
    created, completed = _service_desk_instant(item, "createdDate"), _service_desk_instant(item, "completedDate")
    approvers = item.get("approvers") or []
    if not isinstance(approvers, list):
        raise UnfitItemError("has no list of 'approvers'")
    decided = sum(1 for entry in approvers if text_at(entry, "approverDecision") not in {None, "pending"})
    entry = {name: value for name, value in item.items() if name != "approvers"}
    payload = child(parent, entry, created_at=created, completed_at=completed, decided=decided, asked=len(approvers))
    records = [RawRecord(APPROVALS, key, payload)]
    for approver in approvers:
        login = login_of(at(approver, "approver")) or text_at(approver, "approver", "emailAddress")
        if login is None:
            raise UnfitItemError("names an approver without an account")
        answer = {**payload, "approver": approver, ANNOTATION: {**payload.get(ANNOTATION, {}), "login": login}}
        records.append(RawRecord(APPROVALS, f"{key}/{login}", answer))
    return records


def _service_desk_instant(item: Item, name: str) -> str | None:
    instant = epoch_instant(at(item, name, "epochMillis")) or instant_at(item, name, "iso8601")
    return instant.isoformat() if instant else None


def _user(item: Item) -> Iterable[RawRecord]:
    if (login := text_at(item, "accountId") or text_at(item, "name") or text_at(item, "key")) is None:
        raise UnfitItemError("has no account")
    return [RawRecord(USERS, login, item)]


def _issue_id(parent: Item) -> str:
    if (issue_id := text_at(parent, "id")) is None:
        raise UnfitItemError("is about an issue whose id is not known")
    return issue_id


def _parent_of(response: Response) -> Item:
    """Return the issue that an answer is about; named by its key alone, its items cannot be stored under an id."""
    stated = text_at(dict(response.request), "issue_id")
    found = _ISSUE.search(urlsplit(response.url).path)
    named = stated or (unquote(found[1]) if found else "")
    return {"id": named} if named.isdigit() else {}
