"""The demo's tickets as Jira Cloud returns them: fields, people, issues, changelogs, approvals of the service desk.

Owns the instance's custom fields and the shapes. What had not happened by the demo's end is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Any

from ingest.connector import Response
from ingest.demo import example
from ingest.demo.calendar import iso_milliseconds
from ingest.demo.github import web
from ingest.demo.model import Approval, Story, Ticket

Node = dict[str, Any]
_PAGE = 2000

# What this instance calls its custom fields; name of the ticket's fact, id, name, kind.
_CUSTOM = (
    ("change_type", "customfield_10101", "Change type", "option"),
    ("risk", "customfield_10102", "Change risk", "option"),
    ("impact", "customfield_10103", "Impact", "option"),
    ("rollback", "customfield_10104", "Backout plan", "string"),
    ("tests", "customfield_10105", "Test plan", "string"),
    ("stakeholders", "customfield_10106", "Stakeholders", "string"),
    ("conditions", "customfield_10107", "Approval conditions", "string"),
    ("template", "customfield_10108", "Change template", "string"),
    ("template_version", "customfield_10109", "Change template version", "string"),
    ("outcome", "customfield_10110", "Change outcome", "option"),
    ("service", "customfield_10111", "Affected services", "array"),
    ("team", "customfield_10112", "Owning team", "string"),
    ("severity", "customfield_10113", "Severity", "option"),
    ("planned_start", "customfield_10114", "Planned start", "datetime"),
    ("planned_end", "customfield_10115", "Planned end", "datetime"),
    ("actual_start", "customfield_10116", "Actual start", "datetime"),
    ("actual_end", "customfield_10117", "Actual end", "datetime"),
    ("started", "customfield_10118", "Incident start", "datetime"),
    ("ended", "customfield_10119", "Incident end", "datetime"),
    ("reviewed", "customfield_10120", "Post implementation review date", "datetime"),
    ("reviewer", "customfield_10121", "Post implementation reviewer", "user"),
)
_APPROVALS = "customfield_10190"
_ISSUE_TYPES = {"Change": "10011", "Incident": "10012", "Release": "10013"}


def number_tickets(story: Story) -> None:
    """Number the tickets of every project in the order they were written; the worked example keeps its number."""
    story.tickets.sort(key=lambda ticket: (ticket.created_at, ticket.project, ticket.title))
    first, first_id = example.first_ticket(story)
    counters = {"PAY": count(first)}
    for place, ticket in enumerate(story.tickets):
        ticket.number = next(counters.setdefault(ticket.project, count(1)))
        ticket.issue_id = first_id + place


def field_responses(story: Story) -> Iterable[Response]:
    """Yield the instance's fields."""
    fields: list[Node] = [{"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string"}}]
    fields += [
        {"id": id_, "name": name, "custom": True, "schema": {"type": kind, "custom": _kind(kind)}}
        for _, id_, name, kind in _CUSTOM
    ]
    custom = "com.atlassian.servicedesk.approvals-plugin:sd-approvals"
    fields.append(
        {"id": _APPROVALS, "name": "Approvals", "custom": True, "schema": {"type": "sd-approvals", "custom": custom}}
    )
    yield _response(story, "/rest/api/3/field", fields)


def user_responses(story: Story) -> Iterable[Response]:
    """Yield the instance's people."""
    people = [_person(story, login) for login in story.organisation.people]
    yield _response(story, "/rest/api/3/users/search?maxResults=200", people)


def issue_responses(story: Story) -> Iterable[Response]:
    """Yield pages of issues with their comments and links."""
    tickets = _known(story)
    linked = _incoming(tickets)
    for page in _pages(tickets):
        issues = [_issue(story, ticket, linked.get(ticket.issue_id, [])) for ticket in page]
        if page is tickets or page[0] is tickets[0]:
            # An issue that an import once left without a creation date: set aside with its reason.
            issues.append({"id": "9999", "key": "LED-0", "fields": {"summary": "Imported", "created": "long ago"}})
        yield _response(story, "/rest/api/3/search/jql", {"issues": issues, "isLast": page[-1] is tickets[-1]})


def changelog_responses(story: Story) -> Iterable[Response]:
    """Yield pages of changelogs."""
    serial = count(100_001)
    for page in _pages(_known(story)):
        logs = [log for ticket in page if (log := _changelog(story, ticket, serial))]
        yield _response(story, "/rest/api/3/changelog/bulkfetch", {"issueChangeLogs": logs})


def approval_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per ticket that asked for approval."""
    serial = count(5001)
    for ticket in _known(story):
        asked = [approval for approval in ticket.approvals if approval.created_at <= story.organisation.end]
        if asked:
            values = [_approval(story, ticket, approval, next(serial)) for approval in asked]
            path = f"/rest/servicedeskapi/request/{ticket.issue_id}/approval"
            yield _response(story, path, {"size": len(values), "isLastPage": True, "values": values})


def _response(story: Story, path: str, body: object) -> Response:
    return Response(f"{story.organisation.jira}{path}", body, story.organisation.as_of)


def _known(story: Story) -> list[Ticket]:
    return [ticket for ticket in story.tickets if ticket.created_at <= story.organisation.end]


def _pages(tickets: Sequence[Ticket]) -> Iterator[list[Ticket]]:
    rest = iter(tickets)
    while page := list(islice(rest, _PAGE)):
        yield page


def _kind(kind: str) -> str:
    names = {
        "option": "select",
        "string": "textarea",
        "array": "multiselect",
        "datetime": "datetime",
        "user": "userpicker",
    }
    return f"com.atlassian.jira.plugin.system.customfieldtypes:{names[kind]}"


def _person(story: Story, login: str) -> Node:
    person = story.organisation.people.get(login)
    account = person.account if person else f"557058:{login}"
    return {
        "accountId": account,
        "accountType": "atlassian" if person else "app",
        "displayName": person.name if person else login,
        "active": True,
        "self": f"{story.organisation.jira}/rest/api/3/user?accountId={account}",
    }


def _document(text: str) -> Node:
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in text.split("\n") if line
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _issue(story: Story, ticket: Ticket, effects: list[Ticket]) -> Node:
    end, site = story.organisation.end, story.organisation.jira
    moves = [move for move in ticket.moves if move[0] <= end]
    status = next((move[4] for move in reversed(moves) if move[2] == "status"), "Open")
    comments = [_comment(story, ticket, place) for place, entry in enumerate(ticket.comments) if entry[0] <= end]
    is_resolved = 0 < ticket.resolved_at <= end
    updated = max([ticket.created_at, *(m[0] for m in moves), *(c[0] for c in ticket.comments if c[0] <= end)])
    fields: Node = {
        "summary": ticket.title,
        "description": _document(_description(story, ticket)),
        "issuetype": {"id": _ISSUE_TYPES[ticket.kind], "name": ticket.kind},
        "project": {"key": ticket.project},
        "status": {"name": status},
        "resolution": {"name": ticket.resolution} if is_resolved else None,
        "resolutiondate": iso_milliseconds(ticket.resolved_at) if is_resolved else None,
        "created": iso_milliseconds(ticket.created_at),
        "updated": iso_milliseconds(updated),
        "reporter": _person(story, ticket.reporter),
        "creator": _person(story, ticket.reporter),
        "assignee": _person(story, ticket.assignee) if ticket.assignee else None,
        "labels": ticket.labels,
        "components": [],
        "comment": {"total": len(comments), "comments": comments},
        "issuelinks": _links(site, ticket, effects),
    }
    fields.update(_custom(story, ticket, end))
    return {
        "id": str(ticket.issue_id),
        "key": ticket.key,
        "self": f"{site}/rest/api/3/issue/{ticket.issue_id}",
        "fields": fields,
    }


def _custom(story: Story, ticket: Ticket, end: int) -> Iterator[tuple[str, Any]]:
    facts = dict(ticket.fields)
    facts["team"] = ticket.team
    for name in ("planned", "actual"):
        start, stop = facts.pop(name, (0, 0))
        facts[f"{name}_start"], facts[f"{name}_end"] = start, stop
    for name, id_, _, kind in _CUSTOM:
        value = facts.get(name)
        if not value or (kind == "datetime" and name != "planned_end" and name != "planned_start" and value > end):
            continue
        if name == "outcome" and not 0 < ticket.resolved_at <= end:
            continue
        yield id_, _written(story, kind, value)
    if ticket.approvals:
        yield (
            _APPROVALS,
            [{"name": a.name, "finalDecision": a.decision} for a in ticket.approvals if a.completed_at <= end],
        )


def _written(story: Story, kind: str, value: Any) -> Any:  # noqa: ANN401 - a custom field holds what its kind holds
    match kind:
        case "option":
            return {"value": value}
        case "array":
            return [{"value": value}]
        case "datetime":
            return iso_milliseconds(value)
        case "user":
            return _person(story, value)
    return value


def _description(story: Story, ticket: Ticket) -> str:
    cause = ticket.cause
    if cause is None or ticket.naming not in {"deployment", "version"}:
        return ticket.description or f"{ticket.title}."
    words = f"{ticket.title}. Began after {cause.service} {cause.version}."
    if ticket.naming == "deployment":
        words += f" Caused by the deployment of {cause.sha}, see {web(story, cause.service, 'actions/runs', cause.run)}"
    return words


def _comment(story: Story, ticket: Ticket, place: int) -> Node:
    at, by, text = ticket.comments[place]
    number = f"{ticket.issue_id}{place:02d}"
    return {
        "id": number,
        "self": f"{story.organisation.jira}/rest/api/3/issue/{ticket.issue_id}/comment/{number}",
        "author": _person(story, by),
        "body": _document(text),
        "created": iso_milliseconds(at),
        "updated": iso_milliseconds(at),
    }


_CAUSES = {"id": "10400", "name": "Problem/Incident", "inward": "is caused by", "outward": "causes"}


def _incoming(tickets: Iterable[Ticket]) -> dict[int, list[Ticket]]:
    """Return, by the ticket that is the cause, which tickets name it; Jira shows a link at both ends."""
    found: dict[int, list[Ticket]] = {}
    for ticket in tickets:
        for cause in ticket.links:
            found.setdefault(cause.issue_id, []).append(ticket)
    return found


def _links(site: str, ticket: Ticket, effects: Iterable[Ticket]) -> list[Node]:
    links = [_link(site, ticket, cause, "inwardIssue", cause) for cause in ticket.links]
    return links + [_link(site, effect, ticket, "outwardIssue", effect) for effect in effects]


def _link(site: str, effect: Ticket, cause: Ticket, direction: str, other: Ticket) -> Node:
    number = f"{effect.issue_id}{cause.issue_id}"
    return {
        "id": number,
        "self": f"{site}/rest/api/3/issueLink/{number}",
        "type": _CAUSES,
        direction: {"id": str(other.issue_id), "key": other.key},
    }


def _changelog(story: Story, ticket: Ticket, serial: Iterator[int]) -> Node | None:
    moves = [move for move in sorted(ticket.moves, key=lambda move: move[0]) if move[0] <= story.organisation.end]
    if not moves:
        return None
    return {
        "issueId": str(ticket.issue_id),
        "changeHistories": [
            {
                "id": str(next(serial)),
                "author": _person(story, by),
                "created": at * 1000,
                "items": [
                    {
                        "field": name,
                        "fieldtype": "jira" if name == "status" else "custom",
                        "fromString": old,
                        "toString": new,
                    }
                ],
            }
            for at, by, name, old, new in moves
        ],
    }


def _approval(story: Story, ticket: Ticket, approval: Approval, serial: int) -> Node:
    is_over = approval.completed_at <= story.organisation.end
    return {
        "id": str(serial),
        "name": approval.name,
        "finalDecision": approval.decision if is_over else "pending",
        "canAnswerApproval": False,
        "createdDate": {"epochMillis": approval.created_at * 1000},
        "completedDate": {"epochMillis": approval.completed_at * 1000} if is_over else None,
        "approvers": [
            {"approver": _person(story, login), "approverDecision": decision if is_over else "pending"}
            for login, decision in approval.answers
        ],
        "_links": {
            "self": f"{story.organisation.jira}/rest/servicedeskapi/request/{ticket.issue_id}/approval/{serial}"
        },
    }
