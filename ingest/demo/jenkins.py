"""The ledger team's deployments as Jenkins returns them: builds, stages, and who answered the input step.

Owns jobs, build numbers and their shapes. A rollback is a job of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from ingest.connector import Response
from ingest.demo.model import Deployment, Story

Node = dict[str, Any]
_FOLDER = "ledger"
_TREE = "tree=allBuilds[number,url,timestamp,duration,result,building,fullDisplayName,actions[*]]"


def build_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per job with its builds; the newest first, as Jenkins lists them."""
    for job, builds in _jobs(story).items():
        found = [_build(story, job, number, deployment) for number, deployment in builds]
        address = f"{story.organisation.jenkins}/job/{_FOLDER}/job/{quote(job)}/api/json?{_TREE}"
        yield Response(address, {"allBuilds": found[::-1]}, story.organisation.as_of)


def stage_responses(story: Story) -> Iterable[Response]:
    """Yield one answer per build with its stages."""
    for job, builds in _jobs(story).items():
        for number, deployment in builds:
            address = f"{story.organisation.jenkins}/job/{_FOLDER}/job/{quote(job)}/{number}/wfapi/describe"
            yield Response(address, {"stages": _stages(deployment)}, story.organisation.as_of)


def _jobs(story: Story) -> dict[str, list[tuple[int, Deployment]]]:
    jobs: dict[str, list[tuple[int, Deployment]]] = {}
    for service in story.organisation.teams["ledger"].services:
        for deployment in story.deployments[service.name]:
            if deployment.created_at <= story.organisation.end:
                name = f"{'rollback' if deployment.is_rollback else 'deploy'}-{service.name}"
                builds = jobs.setdefault(name, [])
                builds.append((len(builds) + 1, deployment))
    return jobs


def _build(story: Story, job: str, number: int, deployment: Deployment) -> Node:
    organisation = story.organisation
    starter = organisation.people[deployment.triggered_by]
    start, end = deployment.created_at, deployment.finished_at
    is_over = end <= organisation.end
    actions: list[Node] = [
        {
            "_class": "hudson.model.CauseAction",
            "causes": [
                {
                    "_class": "hudson.model.Cause$UserIdCause",
                    "shortDescription": f"Started by user {starter.name}",
                    "userId": starter.login,
                    "userName": starter.name,
                }
            ],
        },
        {
            "_class": "hudson.model.ParametersAction",
            "parameters": [
                {"name": "ENVIRONMENT", "value": "production"},
                {"name": "VERSION", "value": deployment.version},
            ],
        },
        {},
        {
            "_class": "hudson.plugins.git.util.BuildData",
            "lastBuiltRevision": {
                "SHA1": deployment.sha,
                "branch": [{"SHA1": deployment.sha, "name": "refs/remotes/origin/main"}],
            },
            "remoteUrls": [f"{organisation.github}/{organisation.owner}/{deployment.service}.git"],
        },
    ]
    actions += [
        {"_class": "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId": login}
        for login, _, _ in deployment.gate
    ]
    return {
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
        "number": number,
        "url": f"{organisation.jenkins}/job/{_FOLDER}/job/{job}/{number}/",
        "fullDisplayName": f"{_FOLDER} » {job} #{number}",
        "timestamp": start * 1000,
        "duration": (end - start) * 1000 if is_over else 0,
        "building": not is_over,
        "result": None if not is_over else "FAILURE" if deployment.is_failed_attempt else "SUCCESS",
        "actions": actions,
    }


def _stages(deployment: Deployment) -> list[Node]:
    return [
        {
            "id": str(6 + 8 * place),
            "name": step.name,
            "status": "FAILED" if step.outcome == "failure" else "SUCCESS",
            "startTimeMillis": step.start * 1000,
            "durationMillis": (step.end - step.start) * 1000,
            "pauseDurationMillis": step.pause * 1000,
        }
        for place, step in enumerate(deployment.steps)
    ]
