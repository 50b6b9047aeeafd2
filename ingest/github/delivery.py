"""GitHub's deployments, workflow runs, releases and governing rules as raw records, from REST and from GraphQL alike.

Owns which part of an answer becomes which record. Refuses to judge: a superseded deployment stays what GitHub calls it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

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


def deployment_records(repository: str, item: Item) -> Iterator[RawRecord]:
    """Yield a deployment and its statuses; ``item`` is a REST object or a GraphQL node."""
    key = f"{repository}/deployment/{_number(item)}"
    payload = dict(item)
    if isinstance(item.get("statuses"), dict):
        payload["statuses"] = {k: v for k, v in item["statuses"].items() if k not in ("nodes", "pageInfo")}
    latest = item.get("latestStatus")
    told_at = instant(latest, "updated_at", "updatedAt", "createdAt") if isinstance(latest, dict) else None
    own_at = instant(item, "updated_at", "updatedAt")
    # A deployment's own time does not always move with its statuses; webhooks come in any order.
    yield RawRecord(stream("deployments"), key, payload, max(filter(None, (own_at, told_at)), default=None))
    statuses = nodes(item, "statuses")
    if "statuses" not in item and isinstance(latest, dict):
        statuses = [latest]  # whoever asked for no list still told us one status
    for status in statuses:
        yield status_record(key, status)


def status_record(parent: str, item: Item) -> RawRecord:
    """Return a deployment status; where an old recording left out its id, its state and time identify it."""
    at = item.get("updatedAt") or item.get("updated_at") or item.get("createdAt") or item.get("created_at")
    has_id = item.get("node_id") or item.get("id")
    name = node_identity(item) if has_id else f"{item['state']}@{at}"
    version_at = instant(item, "updated_at", "updatedAt", "createdAt", "created_at")
    return RawRecord(stream("deployment_statuses"), f"{parent}/status/{name}", dict(item), version_at)


def run_record(repository: str, item: Item) -> RawRecord:
    """Return a workflow run; a re-run keeps its number and becomes a new version."""
    return RawRecord(stream("workflow_runs"), f"{repository}/run/{item['id']}", dict(item), instant(item, "updated_at"))


def job_record(repository: str, item: Item) -> RawRecord:
    """Return a job of a run."""
    key = f"{repository}/run/{item['run_id']}/job/{item['id']}"
    return RawRecord(stream("workflow_jobs"), key, dict(item), instant(item, "completed_at"))


def approval_records(run_key: str, item: Item) -> Iterator[RawRecord]:
    """Yield an approval of a run, once per environment it opens; GitHub gives it neither an id nor a time."""
    login = (item.get("user") or {}).get("login") or "unknown"
    environments = item.get("environments")
    listed = nodes(item, "environments") if isinstance(environments, dict) else environments
    for environment in listed or [{"name": ""}]:
        key = f"{run_key}/approval/{login}:{str(item['state']).lower()}/environment/{environment['name']}"
        yield RawRecord(stream("deployment_reviews"), key, dict(item))


def release_record(repository: str, item: Item) -> RawRecord:
    """Return a release with its notes."""
    version_at = instant(item, "updated_at", "updatedAt")
    return RawRecord(stream("releases"), f"{repository}/release/{identity(item)}", dict(item), version_at)


def ruleset_record(repository: str, item: Item) -> RawRecord:
    """Return a ruleset."""
    version_at = instant(item, "updated_at")
    return RawRecord(stream("rulesets"), f"{repository}/ruleset/{item['id']}", dict(item), version_at)


def parse_deployments(response: Response) -> Parsed:
    """Parse ``/repos/{owner}/{name}/deployments``."""
    repository = repository_of(response)
    return collect(response, "deployments", response.body, lambda item: deployment_records(repository, item))


def parse_deployment_nodes(response: Response) -> Parsed:
    """Parse the GraphQL answer ``repository.deployments``."""
    found = _repository(response.body)
    repository = str(found.get("nameWithOwner") or repository_of(response))
    connection = found.get("deployments") or {}
    return collect(
        response,
        "deployments",
        connection.get("nodes"),
        lambda item: deployment_records(repository, item),
        scope=repository,
        reported=connection.get("totalCount"),
    )


def parse_more_statuses(response: Response) -> Parsed:
    """Parse the further pages of deployments' statuses: one alias per deployment, each a node."""
    repository = str(_repository(response.body).get("nameWithOwner") or repository_of(response))
    data = _member(response.body, "data") or {}
    items = [data[alias] for alias in data if re.fullmatch(r"d\d+", alias) and data[alias]]

    def records_of(item: Item) -> list[RawRecord]:
        parent = f"{repository}/deployment/{_number(item)}"
        return [status_record(parent, status) for status in nodes(item, "statuses")]

    return collect(response, "deployments", items, records_of)


def parse_statuses(response: Response) -> Parsed:
    """Parse ``/deployments/{number}/statuses``."""
    parent = f"{repository_of(response)}/deployment/{number_of(response, '/deployments')}"
    return collect(response, "deployment_statuses", response.body, lambda item: [status_record(parent, item)])


def parse_runs(response: Response) -> Parsed:
    """Parse ``/actions/runs`` and ``/actions/workflows/{id}/runs``."""
    repository = repository_of(response)
    return collect(
        response,
        "workflow_runs",
        _member(response.body, "workflow_runs"),
        lambda item: [run_record(repository, item)],
        reported=_member(response.body, "total_count"),
    )


def parse_run(response: Response) -> Parsed:
    """Parse ``/actions/runs/{id}``."""
    repository = repository_of(response)
    return collect(response, "workflow_runs", [response.body], lambda item: [run_record(repository, item)])


def parse_run_details(response: Response) -> Parsed:
    """Parse the GraphQL answer about runs by node id: their jobs (check runs) and the approvals of environments.

    GraphQL's numbers of runs and jobs have 32 bits, which they have outgrown; their addresses have the whole number.
    """

    def records_of(item: Item) -> list[RawRecord]:
        found = re.search(r"/([^/]+/[^/]+)/actions/runs/(\d+)", str(item.get("url")))
        if not found:
            raise ValueError("the run's address has no number")
        key = f"{found.group(1)}/run/{found.group(2)}"
        suite = item.get("checkSuite") or {}
        jobs = [
            RawRecord(stream("workflow_jobs"), f"{key}/job/{_job_number(job)}", dict(job), instant(job, "completedAt"))
            for job in nodes(suite, "checkRuns")
        ]
        return jobs + [
            record for review in nodes(item, "deploymentReviews") for record in approval_records(key, review)
        ]

    items = _member(_member(response.body, "data"), "nodes")
    found = [item for item in items if item] if isinstance(items, list) else items
    return collect(response, "workflow_jobs", found, records_of)


def parse_jobs(response: Response) -> Parsed:
    """Parse ``/actions/runs/{id}/jobs``."""
    repository = repository_of(response)
    return collect(
        response,
        "workflow_jobs",
        _member(response.body, "jobs"),
        lambda item: [job_record(repository, item)],
        reported=_member(response.body, "total_count"),
    )


def parse_approvals(response: Response) -> Parsed:
    """Parse ``/actions/runs/{id}/approvals``."""
    key = f"{repository_of(response)}/run/{number_of(response, '/runs')}"
    return collect(response, "deployment_reviews", response.body, lambda item: approval_records(key, item))


def parse_releases(response: Response) -> Parsed:
    """Parse ``/repos/{owner}/{name}/releases``."""
    repository = repository_of(response)
    return collect(response, "releases", response.body, lambda item: [release_record(repository, item)])


def parse_environments(response: Response) -> Parsed:
    """Parse ``/repos/{owner}/{name}/environments`` with their protection rules."""
    return _rules(response, "environments", _member(response.body, "environments"), "environment", "name")


def parse_rulesets(response: Response) -> Parsed:
    """Parse ``/repos/{owner}/{name}/rulesets`` or one ruleset."""
    items = [response.body] if isinstance(response.body, dict) and "id" in response.body else response.body
    repository = repository_of(response)
    return collect(response, "rulesets", items, lambda item: [ruleset_record(repository, item)])


def parse_branch_protections(response: Response) -> Parsed:
    """Parse the GraphQL answer ``repository.branchProtectionRules``: classic protection, one rule per pattern."""
    found = _repository(response.body)
    repository = str(found.get("nameWithOwner") or repository_of(response))
    connection = found.get("branchProtectionRules") or {}

    def records_of(item: Item) -> list[RawRecord]:
        # No version time: GitHub does not say when a rule was changed.
        return [RawRecord(stream("branch_protections"), f"{repository}/branch_protection/{_number(item)}", dict(item))]

    return collect(
        response, "branch_protections", connection.get("nodes"), records_of, scope=repository,
        reported=connection.get("totalCount"),
    )  # fmt: skip


def parse_rule_suites(response: Response) -> Parsed:
    """Parse ``/rulesets/rule-suites``: each push judged by the rules, bypasses included."""
    return _rules(response, "rule_suites", response.body, "rule_suite", "id")


def parse_rule_files(response: Response) -> Parsed:
    """Parse the GraphQL history of governing files (CODEOWNERS, workflows): one alias per path, named in variables."""
    found = _repository(response.body)
    repository = str(found.get("nameWithOwner") or repository_of(response))
    branch = found.get("defaultBranchRef") or {}
    target = branch.get("target") or {}
    paths = response.request.get("variables", response.request)
    records = [
        RawRecord(stream("rule_files"), f"{repository}/file/{paths.get(alias, alias)}@{commit['oid']}", dict(commit))
        for alias in sorted(target)
        if isinstance(target[alias], dict)
        for commit in nodes(target, alias)
        if commit.get("oid")
    ]
    return Parsed(stream("rule_files"), repository, records)


def parse_deployments_by_id(response: Response) -> Parsed:
    """Parse the GraphQL answer about deployments by node id."""
    items = _member(_member(response.body, "data"), "nodes")
    found = [item for item in items if item] if isinstance(items, list) else items
    return collect(
        response,
        "deployments",
        found,
        lambda item: deployment_records(str(item["repository"]["nameWithOwner"]), item),
    )


def restored_deployments(items: Sequence[Any]) -> dict[str, Any]:
    """Wrap recorded deployment nodes as GraphQL does.

    DevLake's recorder wrote the field names of its own structs (``CommitOid``, ``Ref.ID``); GitHub's schema has
    ``commitOid``. The recorder changed the spelling, not the API, so it is undone here and nowhere else.
    """
    return {"data": {"repository": {"deployments": {"nodes": [_restored(item) for item in items]}}}}


def _restored(value: object) -> object:
    if isinstance(value, dict):
        return {("id" if k == "ID" else k[:1].lower() + k[1:]): _restored(v) for k, v in value.items()}
    return [_restored(v) for v in value] if isinstance(value, list) else value


def _rules(response: Response, name: str, items: object, kind: str, field: str) -> Parsed:
    repository = repository_of(response)

    def records_of(item: Item) -> list[RawRecord]:
        version_at = instant(item, "updated_at", "pushed_at")
        return [RawRecord(stream(name), f"{repository}/{kind}/{item[field]}", dict(item), version_at)]

    return collect(response, name, items, records_of)


def _job_number(item: Item) -> str:
    found = re.search(r"/(?:job|runs)/(\d+)$", str(item.get("permalink") or ""))
    return found.group(1) if found else identity(item)


def _number(item: Item) -> str:
    number = item.get("fullDatabaseId") or item.get("databaseId") or item["id"]
    return str(number)


def _member(body: object, name: str) -> Any:  # noqa: ANN401 - whatever the source put there
    return body.get(name) if isinstance(body, dict) else None


def _repository(body: object) -> dict[str, Any]:
    found = _member(_member(body, "data"), "repository")
    return found if isinstance(found, dict) else {}
