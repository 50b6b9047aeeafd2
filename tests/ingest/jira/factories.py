"""Jira's answers in small: an issue, a history entry, an approval."""

from __future__ import annotations

from ingest.items import Item, Json

SITE = "https://jira.example.com"
SEARCH = f"{SITE}/rest/api/3/search/jql"
FIELD = f"{SITE}/rest/api/3/field"
ANNA = {"accountId": "5b10:anna", "displayName": "Anna", "accountType": "atlassian", "active": True}
BEN = {"accountId": "5b10:ben", "displayName": "Ben", "accountType": "atlassian", "active": True}
DEPLOYER = {"accountId": "5b10:robot", "displayName": "Deploy", "accountType": "app", "active": True}


def issue(
    number: int = 1, *, key: str | None = None, updated: str = "2026-06-30T10:00:00.000+0200", **fields: Json
) -> Item:
    """Make an issue as a search returns it."""
    return {
        "id": str(10000 + number),
        "key": key or f"CHG-{number}",
        "self": f"{SITE}/rest/api/3/issue/{10000 + number}",
        "fields": {
            "summary": f"Change {number}",
            "issuetype": {"name": "Change"},
            "status": {"name": "Awaiting approval", "id": "3"},
            "created": "2026-06-29T10:00:00.000+0200",
            "updated": updated,
            "reporter": ANNA,
            **fields,
        },
    }


def field(field_id: str, name: str, kind: str = "string", custom: str = "x:textfield", **rest: Json) -> Item:
    """Make an entry of the instance's field list."""
    return {"id": field_id, "name": name, "custom": True, "schema": {"type": kind, "custom": custom}, **rest}


def history(
    number: int, *items: Item, created: str | int = "2026-06-30T09:00:00.000+0200", author: Json = None
) -> Item:
    """Make a history entry."""
    return {"id": str(number), "author": author or ANNA, "created": created, "items": list(items)}


def move(before: str, after: str) -> Item:
    """Make a status move."""
    return {"field": "status", "fieldtype": "jira", "fieldId": "status", "fromString": before, "toString": after}


def link(number: int, kind: str, *, outward: int | None = None, inward: int | None = None) -> Item:
    """Make a link as one of its two issues states it."""
    end = (
        {"outwardIssue": {"id": str(10000 + outward)}}
        if outward
        else {"inwardIssue": {"id": str(10000 + (inward or 0))}}
    )
    return {"id": str(number), "type": {"name": kind, "outward": kind, "inward": f"is {kind}"}, **end}


def approval(
    number: int = 1, *answers: tuple[Item, str], decision: str = "pending", completed: str | None = None
) -> Item:
    """Make an approval of a service desk request."""
    ended = {"completedDate": {"iso8601": completed}} if completed else {}
    return {
        "id": str(number),
        "name": "CAB approval",
        "finalDecision": decision,
        "approvers": [{"approver": person, "approverDecision": answered} for person, answered in answers],
        "createdDate": {"iso8601": "2026-06-30T09:00:00+0200"},
        **ended,
    }
