"""An imitation of Jira, Cloud or Data Center, with its limits: pages, tokens, minutes, refusals, things that change.

Written against Atlassian's API description; a test holds it to that. What the description does not say is as the real
service does it: the bulk changelog states instants in milliseconds, inline changelogs on Cloud end at 40 entries.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.items import Item, Json
from tests.servers.base import Answer, Asked
from tests.servers.responding import Responding

_JQL = re.compile(
    r'^(?:project in \((?P<projects>[^)]*)\) AND )?updated >= "(?P<minute>\d{4}-\d\d-\d\d \d\d:\d\d)" ORDER BY key ASC$'
)
START = datetime(2026, 6, 1, 8, tzinfo=UTC)
COMMENTS_INLINE = 20
CHANGELOG_INLINE = 40


@dataclass
class JiraImitation:
    """The state of one Jira. ``between`` runs after every page of a search, and may change everything."""

    is_cloud: bool = True
    zone: str = "Asia/Shanghai"
    issues: dict[int, Item] = field(default_factory=dict)
    histories: dict[int, list[Item]] = field(default_factory=dict)
    comments: dict[int, list[Item]] = field(default_factory=dict)
    approvals: dict[int, list[Item]] = field(default_factory=dict)
    fields: list[Item] = field(default_factory=list)
    now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)
    between: Callable[[JiraImitation, int], None] = lambda jira, page: None
    bulk_page: int = 10_000
    unreadable: set[int] = field(default_factory=set)
    _searches: int = 0

    def serve(self) -> Responding:
        """Return a server that answers from this state."""
        return Responding(self.respond)

    # --- state -------------------------------------------------------------------------------------------------------

    def add(self, number: int, *, updated: datetime | None = None, key: str | None = None, **fields: Json) -> Item:
        """Add an issue, or replace it."""
        at = updated or START + timedelta(minutes=number)
        standard: Item = {
            "summary": f"Change {number} 変更",
            "issuetype": {"id": "1", "name": "Change"},
            "status": {"id": "10", "name": "待审批", "self": "https://jira.example.com/status/10"},
            "created": at,
            "updated": at,
            "reporter": person("anna"),
            "project": {"id": "1", "key": "CHG", "projectTypeKey": "software"},
            "labels": [],
            "components": [],
            "issuelinks": [],
        }
        self.issues[number] = {"key": key or f"CHG-{number}", "fields": {**standard, **fields}}
        return self.issues[number]

    def touch(self, number: int, at: datetime, **fields: Json) -> None:
        """Change an issue, as a person would: fields, last update and a history entry."""
        self.issues[number]["fields"].update({**fields, "updated": at})
        self.record(number, at, "status", "待审批", "已批准")

    def record(self, number: int, at: datetime, name: str, before: str, after: str) -> None:
        """Add a history entry."""
        entries = self.histories.setdefault(number, [])
        item = {"field": name, "fieldtype": "jira", "fieldId": name, "fromString": before, "toString": after}
        entries.append({"id": f"{number}{len(entries):05d}", "author": person("ben"), "created": at, "items": [item]})

    def comment(self, number: int, at: datetime, body: str) -> None:
        """Add a comment."""
        entries = self.comments.setdefault(number, [])
        entries.append(
            {"id": f"{number}{len(entries):04d}", "author": person("ben"), "body": body, "created": at, "updated": at}
        )

    def delete(self, number: int) -> None:
        """Delete an issue with all that hangs on it."""
        del self.issues[number]

    # --- answers -----------------------------------------------------------------------------------------------------

    def respond(self, asked: Asked) -> Answer:
        """Answer one request."""
        version = "3" if self.is_cloud else "2"
        path = asked.path
        if (found := self._standing(path, version)) is not None:
            stamp = {"Date": self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")}
            return Answer(found, headers=stamp)
        if path == f"/rest/api/{version}/search" + ("/jql" if self.is_cloud else "") and asked.method == "POST":
            return self._search(asked.body)
        if self.is_cloud and path == "/rest/api/3/search/approximate-count" and asked.method == "POST":
            return self._count(asked.body)
        if self.is_cloud and path == "/rest/api/3/changelog/bulkfetch" and asked.method == "POST":
            return self._bulk(asked.body)
        if hanging := re.fullmatch(r"/rest/api/\d/issue/(\d+)/(changelog|comment)", path):
            return self._hanging(_number(hanging[1]), hanging[2], asked)
        if request := re.fullmatch(r"/rest/servicedeskapi/request/(\d+)/approval", path):
            return self._approvals(_number(request[1]), asked)
        return Answer({"errorMessages": ["null for uri"]}, 404)

    def _standing(self, path: str, version: str) -> Json | None:
        """Return what does not depend on a question: the account, fields, statuses, projects, service desks."""
        projects = {issue["key"].rpartition("-")[0] for issue in self.issues.values()}
        answers: Item = {
            f"/rest/api/{version}/myself": {**person("auditor"), "timeZone": self.zone},
            f"/rest/api/{version}/field": self.fields,
            f"/rest/api/{version}/status": [
                {"id": "10", "name": "待审批", "self": "https://jira.example.com/status/10"}
            ],
            "/rest/servicedeskapi/servicedesk": {"start": 0, "limit": 1, "size": 0, "isLastPage": True, "values": []},
            **{f"/rest/api/{version}/project/{project}": {"key": project} for project in projects},
        }
        return answers.get(path)

    def _search(self, body: Item) -> Answer:
        if (numbers := self._matching(body["jql"])) is None:
            return Answer({"errorMessages": ["Unbounded or unknown JQL: " + body["jql"]]}, 400)
        size = min(int(body.get("maxResults", 50)), 100)
        if size == 0:
            return Answer({"startAt": 0, "maxResults": 0, "total": len(numbers), "issues": []})
        answer = self._by_token(numbers, body, size) if self.is_cloud else self._by_count(numbers, body, size)
        self._searches += 1
        self.between(self, self._searches)
        return answer

    def _count(self, body: Item) -> Answer:
        numbers = self._matching(body["jql"])
        return Answer({"errorMessages": ["Unbounded JQL"]}, 400) if numbers is None else Answer({"count": len(numbers)})

    def _matching(self, jql: str) -> list[int] | None:
        found = _JQL.match(jql)
        if not found:
            return None
        wanted = re.findall(r'"([^"]+)"', found["projects"] or "")
        since = datetime.strptime(found["minute"], "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(self.zone))
        return sorted(
            number
            for number, issue in self.issues.items()
            if issue["fields"]["updated"] >= since and (not wanted or issue["key"].rpartition("-")[0] in wanted)
        )

    def _by_token(self, numbers: list[int], body: Item, size: int) -> Answer:
        token = body.get("nextPageToken")
        if token is not None and not str(token).startswith("after:"):
            return Answer({"errorMessages": ["The nextPageToken is invalid or has expired."]}, 400)
        after = int(str(token).partition(":")[2]) if token else 0
        left = [number for number in numbers if number > after]
        issues = [self._shown(number, body) for number in left[:size]]
        rest: Item = {"nextPageToken": f"after:{left[size - 1]}"} if len(left) > size else {}
        return Answer({"issues": issues, **rest})

    def _by_count(self, numbers: list[int], body: Item, size: int) -> Answer:
        start = int(body.get("startAt", 0))
        issues = [self._shown(number, body) for number in numbers[start : start + size]]
        return Answer({"startAt": start, "maxResults": size, "total": len(numbers), "issues": issues})

    def _shown(self, number: int, body: Item) -> Item:
        issue = self.issues[number]
        comments = self.comments.get(number, [])
        inline = {
            "comments": [self._local(comment) for comment in comments[:COMMENTS_INLINE]],
            "maxResults": min(len(comments), COMMENTS_INLINE),
            "total": len(comments),
            "startAt": 0,
        }
        fields = {**self._local(issue["fields"]), "comment": inline}
        wanted = body.get("fields") or []
        shown: Item = {
            "id": str(10_000 + number),
            "key": issue["key"],
            "self": f"https://jira.example.com/rest/api/3/issue/{10_000 + number}",
            "fields": {name: value for name, value in fields.items() if name in wanted},
        }
        if "changelog" in (body.get("expand") or ()):
            entries = [self._local(entry) for entry in self.histories.get(number, [])]
            limit = CHANGELOG_INLINE if self.is_cloud else len(entries)
            shown["changelog"] = {
                "startAt": 0,
                "maxResults": min(limit, len(entries)),
                "total": len(entries),
                "histories": entries[:limit],
            }
        return shown

    def _bulk(self, body: Item) -> Answer:
        numbers = [_number(name) for name in body["issueIdsOrKeys"]]
        if len(numbers) > 1000:
            return Answer({"errorMessages": ["At most 1000 issues per request."]}, 400)
        if self.unreadable.intersection(numbers):
            return Answer({"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 400)
        entries = [(number, entry) for number in numbers for entry in self.histories.get(number, [])]
        start = int(str(body.get("nextPageToken", "0")))
        size = min(int(body.get("maxResults", 1000)), self.bulk_page)
        logs: dict[int, Item] = {}
        for number, entry in entries[start : start + size]:
            log = logs.setdefault(number, {"issueId": str(10_000 + number), "changeHistories": []})
            log["changeHistories"].append({**entry, "created": int(entry["created"].timestamp() * 1000)})
        rest: Item = {"nextPageToken": str(start + size)} if start + size < len(entries) else {}
        return Answer({"issueChangeLogs": list(logs.values()), **rest})

    def _hanging(self, number: int, kind: str, asked: Asked) -> Answer:
        if number not in self.issues:
            return Answer({"errorMessages": ["Issue does not exist."]}, 404)
        kept = self.histories if kind == "changelog" else self.comments
        start, size = int(asked.query.get("startAt", 0)), min(int(asked.query.get("maxResults", 50)), 100)
        entries = kept.get(number, [])
        name = "values" if kind == "changelog" else "comments"
        page = [self._local(entry) for entry in entries[start : start + size]]
        answer: Item = {"startAt": start, "maxResults": size, "total": len(entries), name: page}
        return Answer({**answer, "isLast": start + size >= len(entries)} if kind == "changelog" else answer)

    def _approvals(self, number: int, asked: Asked) -> Answer:
        if number not in self.issues or number not in self.approvals:
            return Answer({"errorMessage": "The request does not exist."}, 404)
        start, limit = int(asked.query.get("start", 0)), min(int(asked.query.get("limit", 50)), 50)
        page = self.approvals[number][start : start + limit]
        return Answer(
            {
                "start": start,
                "limit": limit,
                "size": len(page),
                "isLastPage": start + limit >= len(self.approvals[number]),
                "values": page,
            }
        )

    def _local(self, value: Json) -> Json:
        """Spell instants the way Jira does: in the account's zone, with an offset without a colon."""
        if isinstance(value, datetime):
            return value.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%dT%H:%M:%S.000%z")
        if isinstance(value, dict):
            return {name: self._local(entry) for name, entry in value.items()}
        return [self._local(entry) for entry in value] if isinstance(value, list) else value


def person(name: str) -> Item:
    """Make an account."""
    return {"accountId": f"5b10:{name}", "accountType": "atlassian", "active": True, "displayName": name.title()}


def _number(issue_id: str) -> int:
    return int(issue_id) - 10_000
