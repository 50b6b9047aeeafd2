"""An imitation of GitLab: numbered pages in the order of last update, links, totals, records that change meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlencode

from ingest.items import Item, Json
from tests.servers.base import Answer, Asked
from tests.servers.responding import Responding

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
PROJECT = 7
PATH = "shop/web"


@dataclass
class GitLabImitation:
    """The state of one GitLab with one project. ``between`` runs after each page of a list ordered by update."""

    merge_requests: dict[int, Item] = field(default_factory=dict)
    commits: dict[int, list[Item]] = field(default_factory=dict)
    notes: dict[int, list[Item]] = field(default_factory=dict)
    approved_by: dict[int, list[Item]] = field(default_factory=dict)
    deployments: dict[int, Item] = field(default_factory=dict)
    approvals: dict[int, list[Item]] = field(default_factory=dict)
    pipelines: dict[int, Item] = field(default_factory=dict)
    jobs: dict[int, list[Item]] = field(default_factory=dict)
    issues: dict[int, Item] = field(default_factory=dict)
    releases: list[Item] = field(default_factory=list)
    protected: list[Item] | None = None
    between: Callable[[GitLabImitation, int], None] = lambda gitlab, lists: None
    _lists: int = 0

    def serve(self) -> Responding:
        """Return a server that answers from this state."""
        return Responding(self.respond)

    # --- state -------------------------------------------------------------------------------------------------------

    def merge_request(self, iid: int, *, updated: datetime | None = None, **fields: Json) -> Item:
        """Add a merge request, or replace it."""
        at = updated or START + timedelta(minutes=iid)
        self.merge_requests[iid] = {
            "id": 9000 + iid,
            "iid": iid,
            "project_id": PROJECT,
            "title": f"Change {iid} 変更",
            "state": "opened",
            "draft": False,
            "created_at": at,
            "updated_at": at,
            "author": user("anna"),
            "sha": f"{iid:040x}",
            "labels": ["risk::high", "web"],
            "reviewers": [user("ben")],
            "references": {"full": f"{PATH}!{iid}"},
            "web_url": f"https://gitlab.example.com/{PATH}/-/merge_requests/{iid}",
            **fields,
        }
        return self.merge_requests[iid]

    def note(self, iid: int, number: int, body: str, *, by: str = "ben", system: bool = True) -> None:
        """Add a note to a merge request; one that GitLab wrote itself unless said otherwise."""
        at = START + timedelta(hours=number)
        entry = {"id": number, "body": body, "author": user(by), "system": system, "created_at": at, "updated_at": at}
        self.notes.setdefault(iid, []).append({**entry, "noteable_type": "MergeRequest", "noteable_iid": iid})

    def deployment(self, number: int, *, updated: datetime | None = None, **fields: Json) -> Item:
        """Add a deployment with its pipeline, or replace it."""
        at = updated or START + timedelta(minutes=number)
        self.pipelines.setdefault(500 + number, pipeline(500 + number, at))
        self.jobs.setdefault(500 + number, [job(800 + number, 500 + number, at)])
        ran = {**job(800 + number, 500 + number, at), "commit": {"title": "Merge"}, "user": user("anna")}
        self.deployments[number] = {
            "id": number,
            "iid": number,
            "ref": "main",
            "sha": f"{number:040x}",
            "status": "success",
            "created_at": at,
            "updated_at": at,
            "user": user("anna"),
            "environment": {"id": 1, "name": "production"},
            "deployable": ran,
            **fields,
        }
        return self.deployments[number]

    # --- answers -----------------------------------------------------------------------------------------------------

    def respond(self, asked: Asked) -> Answer:
        """Answer one request."""
        path = unquote(asked.path)
        if path == "/api/v4/user":
            return Answer(user("auditor"))
        if path == "/api/v4/personal_access_tokens/self":
            return Answer({"id": 1, "scopes": ["read_api"]})
        if path == f"/api/v4/projects/{PATH}":
            return Answer({"id": PROJECT, "path_with_namespace": PATH})
        found = re.fullmatch(rf"/api/v4/projects/{PROJECT}/(.+)", path)
        return self._of_project(found[1], asked) if found else _missing()

    def _of_project(self, path: str, asked: Asked) -> Answer:
        lists = {
            "merge_requests": self.merge_requests,
            "deployments": self.deployments,
            "pipelines": self.pipelines,
            "issues": self.issues,
        }
        if path in lists:
            return self._updated(list(lists[path].values()), asked)
        if path == "releases":
            return _page(self.releases, asked)
        if path == "protected_environments":
            return _missing() if self.protected is None else _page(self.protected, asked)
        if found := re.fullmatch(r"(merge_requests|deployments|pipelines)/(\d+)(?:/(\w+))?", path):
            return self._one(found[1], int(found[2]), found[3] or "", asked)
        return _missing()

    def _one(self, kind: str, number: int, part: str, asked: Asked) -> Answer:
        if kind == "merge_requests" and number in self.merge_requests:
            if part == "approvals":
                updated = self.merge_requests[number]["updated_at"]
                return Answer(_spelled({"updated_at": updated, "approved_by": self.approved_by.get(number, [])}))
            kept = {"commits": self.commits, "notes": self.notes}[part]
            return _page(kept.get(number, []), asked)
        if kind == "deployments" and number in self.deployments:
            return Answer(_spelled({**self.deployments[number], "approvals": self.approvals.get(number, [])}))
        if kind == "pipelines" and number in self.pipelines:
            if part == "jobs":
                return _page(self.jobs.get(number, []), asked)
            page = {**self.pipelines[number], "user": user("anna"), "started_at": START, "finished_at": START}
            return Answer(_spelled(page))
        return _missing()

    def _updated(self, items: list[Item], asked: Asked) -> Answer:
        after = datetime.fromisoformat(asked.query["updated_after"])
        assert (asked.query["order_by"], asked.query["sort"]) == ("updated_at", "asc")
        found = sorted((item for item in items if item["updated_at"] >= after), key=_updated_at)
        answer = _page(found, asked)
        self._lists += 1
        self.between(self, self._lists)
        return answer


def _page(items: list[Item], asked: Asked) -> Answer:
    number, size = int(asked.query.get("page", 1)), min(int(asked.query.get("per_page", 20)), 100)
    shown = items[(number - 1) * size : number * size]
    headers = {"X-Total": str(len(items)), "X-Next-Page": ""}
    if number * size < len(items):
        following = urlencode({**asked.query, "page": number + 1})
        host = asked.headers["host"]
        headers = {**headers, "Link": f'<http://{host}{asked.path}?{following}>; rel="next"'}
    return Answer(_spelled(shown), headers=headers)


def pipeline(number: int, at: datetime, status: str = "success") -> Item:
    """Make a line of the list of pipelines."""
    web_url = f"https://gitlab.example.com/{PATH}/-/pipelines/{number}"
    line = {"id": number, "iid": number, "project_id": PROJECT, "status": status, "source": "push", "ref": "main"}
    return {**line, "sha": f"{number:040x}", "created_at": at, "updated_at": at, "web_url": web_url}


def job(number: int, pipeline_number: int, at: datetime) -> Item:
    """Make a job."""
    web_url = f"https://gitlab.example.com/{PATH}/-/jobs/{number}"
    done = {"started_at": at, "finished_at": at + timedelta(minutes=2), "created_at": at}
    return {
        "id": number,
        "status": "success",
        "stage": "deploy",
        "name": "rollout",
        "pipeline": {"id": pipeline_number, "web_url": f"https://gitlab.example.com/{PATH}/-/pipelines/1"},
        "web_url": web_url,
        **done,
    }


def user(name: str) -> Item:
    """Make an account."""
    return {"id": len(name), "username": name, "name": name.title(), "state": "active"}


def _spelled(value: Json) -> Json:
    """Spell instants the way GitLab does."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, dict):
        return {name: _spelled(entry) for name, entry in value.items()}
    return [_spelled(entry) for entry in value] if isinstance(value, list) else value


def _updated_at(item: Item) -> tuple[datetime, int]:
    return item["updated_at"], item["id"]


def _missing() -> Answer:
    return Answer({"message": "404 Not found"}, 404)
