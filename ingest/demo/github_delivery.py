"""The demo's deployments, workflow runs and releases as GitHub returns them.

Owns their shapes, the numbers of deployments and runs, and which services GitHub delivers: the ledger team's are built
by Jenkins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.connector import Response
from ingest.demo.calendar import HOUR, MINUTE, iso
from ingest.demo.example import deployment_shift
from ingest.demo.github import account, graphql, title_of, web
from ingest.demo.model import Deployment, PullRequest, Story

Node = dict[str, Any]
_WORKFLOW = ".github/workflows/deploy.yml"


def is_delivered(story: Story, service: str) -> bool:
    """Return whether GitHub Actions deploys a service."""
    return story.service(service).team != "ledger"


def number_deployments(story: Story) -> None:
    """Number deployments and runs in the order they began; each repository has a range of its own."""
    for place, deployments in enumerate(story.deployments.values(), start=1):
        deployments.sort(key=lambda deployment: deployment.created_at)
        for step, deployment in enumerate(deployments, start=1):
            deployment.number = place * 100_000 + step
            deployment.run = place * 10_000_000 + step * 7
        shift = deployment_shift(deployments)
        for deployment in deployments:
            deployment.number += shift


def deployment_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per repository with all its deployments and their statuses."""
    for service, deployments in _delivered(story):
        found: list[Node] = []
        for place, deployment in enumerate(deployments):
            successor = next((d for d in deployments[place + 1 : place + 9] if _supersedes(d, deployment)), None)
            found.append(_deployment(story, deployment, successor))
        name = f"{story.organisation.owner}/{service}"
        connection = {"totalCount": len(found), "nodes": found}
        yield graphql(
            story, "deployments", service, {"data": {"repository": {"nameWithOwner": name, "deployments": connection}}}
        )


def run_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per repository with its deploying workflow runs."""
    for service, deployments in _delivered(story):
        runs = [_run(story, deployment) for deployment in deployments]
        yield rest(story, service, "actions/runs", {"total_count": len(runs), "workflow_runs": runs})


def job_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per run with its jobs."""
    for service, deployments in _delivered(story):
        for deployment in deployments:
            jobs = [_job(story, deployment, place) for place in range(len(deployment.steps))]
            body = {"total_count": len(jobs), "jobs": jobs}
            yield rest(story, service, f"actions/runs/{deployment.run}/jobs", body)


def approval_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per run that waited at a protected environment: who let it go on; GitHub states no time."""
    for service, deployments in _delivered(story):
        for deployment in deployments:
            if not deployment.gate:
                continue
            body = [
                {
                    "state": state,
                    "comment": comment,
                    "user": user(login),
                    "environments": [{"name": deployment.environment}],
                }
                for login, state, comment in deployment.gate
            ]
            yield rest(story, service, f"actions/runs/{deployment.run}/approvals", body)


def release_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per repository with its releases."""
    by_service: dict[str, list[Node]] = {}
    for serial, release in enumerate(sorted(story.releases, key=lambda r: (r.created_at, r.service)), start=1):
        if release.created_at > story.organisation.end:
            continue
        by_service.setdefault(release.service, []).append(
            {
                "id": serial,
                "html_url": web(story, release.service, "releases/tag", release.version),
                "tag_name": release.version,
                "name": f"{release.service} {release.version}",
                "body": release.notes,
                "draft": False,
                "prerelease": False,
                "target_commitish": release.sha,
                "author": user(release.by),
                "created_at": iso(release.created_at),
                "published_at": iso(release.published_at) if release.published_at <= story.organisation.end else None,
                "updated_at": iso(release.published_at),
            }
        )
    for service, releases in by_service.items():
        yield rest(story, service, "releases", releases)


def scan_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per repository with the security scans of its pull requests of more than low risk."""
    end = story.organisation.end
    for place, (service, pulls) in enumerate(story.pull_requests.items(), start=1):
        scanned = [pull for pull in pulls if pull.risk != "low" and pull.created_at + HOUR <= end]
        runs = [_scan(story, pull, place * 10_000_000 + 5_000_000 + pull.number) for pull in scanned]
        yield rest(story, service, "actions/runs", {"total_count": len(runs), "workflow_runs": runs})


def _delivered(story: Story) -> Iterable[tuple[str, Sequence[Deployment]]]:
    for service, deployments in story.deployments.items():
        if is_delivered(story, service):
            yield service, [d for d in deployments if d.created_at <= story.organisation.end]


def rest(story: Story, service: str, path: str, body: object) -> Response:
    """Return an answer of the REST API about a repository."""
    organisation = story.organisation
    url = f"{organisation.github}/api/v3/repos/{organisation.owner}/{service}/{path}"
    return Response(url, body, organisation.as_of)


def user(login: str) -> Node:
    """Return who did something, as REST names an account."""
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


def _supersedes(later: Deployment, earlier: Deployment) -> bool:
    return later.environment == earlier.environment and not later.is_failed_attempt


def _ref(deployment: Deployment) -> str:
    """Return what was deployed by name: continuous delivery deploys the branch, the others a tag."""
    return "main" if deployment.trigger == "push" else deployment.version


def _deployment(story: Story, deployment: Deployment, successor: Deployment | None) -> Node:
    end = story.organisation.end
    log = web(story, deployment.service, "actions/runs", deployment.run, "job", f"{deployment.run}02")
    statuses = list(deployment.statuses)
    if successor and not deployment.is_failed_attempt:
        statuses.append((successor.finished_at + 1, "INACTIVE", ""))
    nodes = [
        {
            "id": f"DES_{deployment.number}_{place}",
            "state": state,
            "description": text,
            "logUrl": log,
            "createdAt": iso(at),
            "updatedAt": iso(at),
            "creator": account(story.organisation.bots["platform"]),
        }
        for place, (at, state, text) in enumerate(statuses)
        if at <= end
    ]
    last = nodes[-1] if nodes else None
    return {
        "id": f"DE_{deployment.number}",
        "databaseId": deployment.number,
        "repository": {
            "nameWithOwner": f"{story.organisation.owner}/{deployment.service}",
            "url": web(story, deployment.service),
        },
        "environment": deployment.environment,
        "latestEnvironment": deployment.environment,
        "task": deployment.task,
        "description": deployment.description,
        "commitOid": deployment.sha,
        "ref": {"name": _ref(deployment)},
        "state": _state(last),
        "createdAt": iso(deployment.created_at),
        "updatedAt": last["updatedAt"] if last else iso(deployment.created_at),
        "creator": account(deployment.creator),
        "latestStatus": last,
        "statuses": {"totalCount": len(nodes), "nodes": nodes, "pageInfo": {"hasNextPage": False}},
    }


def _state(last: Node | None) -> str:
    state = str(last["state"]) if last else "PENDING"
    return "ACTIVE" if state == "SUCCESS" else state


def _run(story: Story, deployment: Deployment) -> Node:
    ended = deployment.finished_at + 20
    is_over = ended <= story.organisation.end
    return {
        "id": deployment.run,
        "name": "Deploy",
        "display_title": deployment.description,
        "path": _WORKFLOW,
        "run_number": deployment.run % 10_000_000 // 7,
        "run_attempt": 1,
        "event": deployment.trigger,
        "head_branch": "main",
        "head_sha": deployment.sha,
        "status": "completed" if is_over else "in_progress",
        "conclusion": None if not is_over else "failure" if deployment.is_failed_attempt else "success",
        "html_url": web(story, deployment.service, "actions/runs", deployment.run),
        "actor": user(deployment.triggered_by),
        "triggering_actor": user(deployment.triggered_by),
        "pull_requests": [],
        "created_at": iso(deployment.created_at - 15),
        "run_started_at": iso(deployment.created_at - 15),
        "updated_at": iso(min(ended, story.organisation.end)),
    }


def _job(story: Story, deployment: Deployment, place: int) -> Node:
    step = deployment.steps[place]
    number = int(f"{deployment.run}{place + 1:02d}")
    return {
        "id": number,
        "run_id": deployment.run,
        "name": step.name,
        "status": "completed",
        "conclusion": step.outcome,
        "html_url": web(story, deployment.service, "actions/runs", deployment.run, "job", number),
        "started_at": iso(step.start),
        "completed_at": iso(step.end),
    }


def _scan(story: Story, pull: PullRequest, number: int) -> Node:
    """Return the scan of a pull request; one in sixteen finds something, by the commit it looked at."""
    head = pull.commits[-1].sha
    url = f"{story.organisation.github}/api/v3/repos/{story.organisation.owner}/{pull.service}/pulls/{pull.number}"
    return {
        "id": number,
        "name": "Security scan",
        "display_title": title_of(pull),
        "path": ".github/workflows/scan.yml",
        "run_number": pull.number,
        "run_attempt": 1,
        "event": "pull_request",
        "head_branch": pull.branch,
        "head_sha": head,
        "status": "completed",
        "conclusion": "failure" if head.startswith("0") else "success",
        "html_url": web(story, pull.service, "actions/runs", number),
        "actor": user(pull.author),
        "triggering_actor": user(pull.author),
        "pull_requests": [{"number": pull.number, "url": url}],
        "created_at": iso(pull.created_at + 9),
        "run_started_at": iso(pull.created_at + 9),
        "updated_at": iso(pull.created_at + 9 * MINUTE),
    }
