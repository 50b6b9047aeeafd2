"""An imitation of GitHub on this machine: REST and GraphQL under the paths of an Enterprise server.

It pages, caps filtered lists at a thousand, answers conditions with 304, states its limits, hands out installation
tokens, and refuses unknown fields, repositories and tokens, as GitHub does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.servers.base import Answer, Asked, ImitationServer
from tests.servers.github_data import Json, Run, at, node_id
from tests.servers.graphql import Connection, UndefinedFieldError, parse, select

_PER_PAGE_MAXIMUM = 100
_CAP = 1000


@dataclass
class Repository:
    """One imitated repository."""

    name: str = "acme/shop"
    pull_requests: list[Json] = field(default_factory=list)
    issues: list[Json] = field(default_factory=list)
    deployments: list[Json] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    releases: list[Json] = field(default_factory=list)
    environments: list[Json] = field(default_factory=list)
    rulesets: list[Json] = field(default_factory=list)
    branch_protections: list[Json] = field(default_factory=list)
    rule_suites: list[Json] = field(default_factory=list)
    rule_files: dict[str, list[Json]] = field(default_factory=dict)
    head: str = "0"

    def as_node(self) -> Json:
        """Return the repository as GraphQL has it."""
        numbers = {found["number"]: found for found in self.pull_requests}

        def history(path: str, first: int, since: str | None = None, after: str | None = None) -> list[Json]:
            commits = [entry["commit"] for entry in self.rule_files.get(path, [])]
            return [entry for entry in commits if since is None or entry["committedDate"] >= since]

        suites = [
            {"__typename": "CheckSuite", "id": str(found.rest["id"]), "updatedAt": found.rest["updated_at"]}
            for found in self.runs[-1:]
        ]
        return {
            "__typename": "Repository",
            "id": node_id("R", self.name),
            "databaseId": 1,
            "nameWithOwner": self.name,
            "url": f"https://github.example/{self.name}",
            "isArchived": False,
            "createdAt": at(0),
            "pushedAt": at(0),
            "pullRequests": lambda **given: _ordered(self.pull_requests, "updatedAt"),
            "pullRequest": lambda number: numbers[number],
            "issues": lambda **given: _ordered(self.issues, "updatedAt"),
            "deployments": lambda **given: _ordered(self.deployments, "createdAt"),
            "branchProtectionRules": self.branch_protections,
            "releases": [
                {"__typename": "Release", "id": found["node_id"], "updatedAt": found["created_at"]}
                for found in self.releases
            ],
            "defaultBranchRef": {
                "__typename": "Ref",
                "name": "main",
                "target": {
                    "__typename": "Commit",
                    "oid": self.head,
                    "checkSuites": suites,
                    "history": _listing(history),
                },
            },
        }


class GitHubServer(ImitationServer):
    """The imitated server; ``tokens`` are the credentials it takes."""

    def __init__(self, *repositories: Repository) -> None:
        super().__init__()
        self.repositories = {found.name: found for found in repositories}
        self.tokens = {"good-token"}
        self.states_limits = True
        self.knows_full_numbers = True
        self.installation: Callable[[str], Json] | None = None
        self._nodes: dict[str, Json] = {}

    def answer(self, asked: Asked) -> Answer:
        """Answer as GitHub would."""
        if asked.path.startswith("/api/v3/app/installations/"):
            return self._installation_token(asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return Answer({"message": "Bad credentials"}, 401)
        if asked.path == "/api/graphql":
            return self._graphql(asked)
        return self._rest(asked)

    def graphql_count(self, operation: str) -> int:
        """Return how often a query was asked."""
        return self.count(lambda asked: asked.path == "/api/graphql" and f"query {operation}" in asked.body["query"])

    def rest_count(self, pattern: str) -> int:
        """Return how often a REST path was asked."""
        return self.count(lambda asked: re.search(pattern, asked.path) is not None)

    def forget_nodes(self) -> None:
        """Look runs up anew: one has changed."""
        self._nodes = {}

    def _limits(self, resource: str) -> dict[str, str]:
        if not self.states_limits:
            return {}
        return {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": str(5000 - len(self.asked)),
            "X-RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 3600),
            "X-RateLimit-Resource": resource,
        }

    def _installation_token(self, asked: Asked) -> Answer:
        if self.installation is None:
            return Answer({"message": "Not Found"}, 404)
        try:
            body = self.installation(asked.headers.get("authorization", "").removeprefix("Bearer "))
        except ValueError as error:
            return Answer({"message": str(error)}, 401)
        self.tokens.add(body["token"])
        return Answer(body, 201)

    def _graphql(self, asked: Asked) -> Answer:
        query, variables = asked.body["query"], asked.body["variables"]
        if not self.knows_full_numbers and "fullDatabaseId" in query:
            message = "Field 'fullDatabaseId' doesn't exist on type 'PullRequest'"
            return Answer({"errors": [{"message": message, "extensions": {"code": "undefinedField"}}]})
        errors: list[Json] = []
        _, selections = parse(query)
        try:
            data = self._selected(selections, variables, errors)
        except UndefinedFieldError as error:
            return Answer({"errors": [{"message": str(error), "extensions": {"code": "undefinedField"}}]})
        body: Json = {"data": data}
        if errors:
            body["errors"] = errors
        return Answer(body, headers=self._limits("graphql"))

    def _selected(self, selections: tuple[Any, ...], variables: Mapping[str, Any], errors: list[Json]) -> Json:
        nodes = {found.name: found.as_node() for found in self.repositories.values() if len(self.repositories) < 3}

        def repository(owner: str, name: str) -> Json | None:
            found = self.repositories.get(f"{owner}/{name}")
            if found is None:
                message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
                errors.append({"type": "NOT_FOUND", "message": message})
                return None
            return nodes.get(found.name) or found.as_node()

        def owner(login: str) -> Json | None:
            owned = [found.as_node() for found in self.repositories.values() if found.name.startswith(f"{login}/")]
            return {"__typename": "Organization", "repositories": owned} if owned else None

        root: Json = {
            "__typename": "Query",
            "viewer": {"__typename": "User", "login": "reader"},
            "rateLimit": self._stated_limit(),
            "repository": repository,
            "repositoryOwner": owner,
            "node": lambda id: self._node(id),  # noqa: A006 - GraphQL's name
            "nodes": lambda ids: [self._node(one) for one in ids],
        }
        return select(selections, root, variables)

    def _stated_limit(self) -> Json | None:
        if not self.states_limits:
            return None
        reset = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 3600, UTC).isoformat()
        return {
            "__typename": "RateLimit",
            "limit": 5000,
            "cost": 1,
            "remaining": 5000 - len(self.asked),
            "resetAt": reset,
        }

    def _node(self, wanted: str) -> Json | None:
        for found in self.repositories.values():
            for one in found.deployments:
                if one["id"] == wanted:
                    return one
            if wanted.startswith("WFR_"):
                if wanted not in self._nodes:
                    self._nodes = {one.rest["node_id"]: one.as_node() for one in found.runs}
                if wanted in self._nodes:
                    return self._nodes[wanted]
        return None

    def _rest(self, asked: Asked) -> Answer:
        found = re.fullmatch(r"/api/v3/repos/([^/]+/[^/]+)/(.*)", asked.path)
        repository = self.repositories.get(found.group(1)) if found else None
        if not found or not repository:
            return Answer({"message": "Not Found"}, 404)
        rest = found.group(2)
        if rest == "actions/runs":
            return self._runs(repository, asked)
        if one := re.fullmatch(r"actions/runs/(\d+)(/jobs|/approvals)?", rest):
            return self._run(repository, int(one.group(1)), one.group(2), asked)
        if one := re.fullmatch(r"rulesets/(\d+)", rest):
            return Answer(next(entry for entry in repository.rulesets if entry["id"] == int(one.group(1))))
        lists: dict[str, tuple[list[Json], str | None]] = {
            "releases": (sorted(repository.releases, key=lambda entry: entry["created_at"], reverse=True), None),
            "environments": (repository.environments, "environments"),
            "rulesets": ([{k: v for k, v in entry.items() if k != "rules"} for entry in repository.rulesets], None),
            "rulesets/rule-suites": (repository.rule_suites, None),
            "pulls": (repository.pull_requests, None),
            "issues": (repository.issues, None),
            "deployments": (repository.deployments, None),
            "commits": ([], None),
        }
        if rest not in lists:
            return Answer({"message": "Not Found"}, 404)
        items, member = lists[rest]
        return self._listed(asked, items, member)

    def _runs(self, repository: Repository, asked: Asked) -> Answer:
        first, _, last = asked.query.get("created", f"{at(0)}..9999").partition("..")
        matching = [one.rest for one in repository.runs if first <= one.rest["created_at"] <= last]
        matching.sort(key=lambda one: (one["created_at"], one["id"]), reverse=True)
        page, size = int(asked.query.get("page", 1)), int(asked.query.get("per_page", 30))
        shown = matching[:_CAP][(page - 1) * size : page * size]
        return Answer({"total_count": len(matching), "workflow_runs": shown}, headers=self._limits("core"))

    def _run(self, repository: Repository, number: int, part: str | None, asked: Asked) -> Answer:
        found = next((one for one in repository.runs if one.rest["id"] == number), None)
        if found is None:
            return Answer({"message": "Not Found"}, 404)
        if part == "/jobs":
            jobs = [
                {
                    "id": one["databaseId"],
                    "run_id": number,
                    "name": one["name"],
                    "status": one["status"].lower(),
                    "conclusion": (one["conclusion"] or "").lower() or None,
                    "started_at": one["startedAt"],
                    "completed_at": one["completedAt"],
                }
                for one in found.jobs
            ]
            return self._listed(asked, jobs, "jobs")
        return Answer(found.rest, headers=self._limits("core"))

    def _listed(self, asked: Asked, items: list[Json], member: str | None) -> Answer:
        page = int(asked.query.get("page", 1))
        size = min(_PER_PAGE_MAXIMUM, int(asked.query.get("per_page", 30)))
        shown = items[(page - 1) * size : page * size]
        body: Any = shown if member is None else {"total_count": len(items), member: shown}
        etag = '"' + hashlib.sha256(orjson.dumps(body)).hexdigest()[:16] + '"'
        headers = {"ETag": etag, **self._limits("core")}
        if page * size < len(items):
            query = "&".join(f"{k}={v}" for k, v in {**asked.query, "page": str(page + 1)}.items())
            numbered = re.sub("/repos/[^/]+/[^/]+/", "/repositories/1/", asked.path)  # as GitHub's links do
            headers["Link"] = f'<{self.url}{numbered}?{query}>; rel="next"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers=headers)
        return Answer(body, headers=headers)


def _ordered(items: list[Json], instant: str) -> Connection:
    def place(item: Mapping[str, Any]) -> str:
        return f"{item[instant]}|{item['id']}"

    return Connection(sorted(items, key=place, reverse=True), place)


def _listing(find: Callable[..., list[Json]]) -> Callable[..., Connection]:
    """Return a field with arguments whose value is a connection."""
    return lambda **given: Connection(find(**given), lambda item: "")
