"""A repository of the size that the request budget is stated for."""

from __future__ import annotations

from tests.servers.github import Repository
from tests.servers.github_data import (
    approval,
    commit,
    deployment,
    environment,
    event,
    merged,
    person,
    pull_request,
    release,
    review,
    ruleset,
    run,
    status,
)

ANN, BEN, CAT = person("ann"), person("ben"), person("cat")
MINUTES = 90 * 24 * 60


def large_repository(pull_requests: int = 1000, deployments: int = 300, runs: int = 3000, jobs: int = 4) -> Repository:
    """Return 1,000 pull requests (900 merged; 3 commits, 2 reviews each), 300 deployments of 3 statuses, 3,000 runs."""
    found = Repository()
    for number in range(1, pull_requests + 1):
        minute = number * MINUTES / pull_requests
        change = pull_request(number, ANN, minute)
        change["commits"] = [commit(f"{number}-{i}", ANN, minute - 9 + i) for i in range(3)]
        change["reviews"] = [
            review(number * 10, BEN, "COMMENTED", minute + 5),
            review(number * 10 + 1, CAT, "APPROVED", minute + 9, f"{number}-2"),
        ]
        change["timelineItems"] = [event("ReadyForReview", str(number), ANN, minute)]
        if number % 10:
            merged(change, BEN, minute + 20)
        found.pull_requests.append(change)
    for number in range(1, runs + 1):
        workflow = "deploy" if number % (runs // deployments) == 0 else "ci"
        found.runs.append(run(number, number * MINUTES / runs, workflow, jobs=jobs))
    for number in range(1, deployments + 1):
        origin = number * (runs // deployments)
        minute = origin * MINUTES / runs
        found.runs[origin - 1].approvals = [approval(number, CAT)]
        found.deployments.append(
            deployment(
                number,
                minute,
                status(f"{number}a", "IN_PROGRESS", minute + 1, origin),
                status(f"{number}b", "SUCCESS", minute + 4, origin),
                status(f"{number}c", "INACTIVE", minute + 400, origin),
            )
        )
    found.releases = [release(number, number * 100) for number in range(1, 31)]
    found.environments = [environment("production")]
    found.rulesets = [ruleset(1)]
    found.rule_files = {".github/CODEOWNERS": [commit("owners", ANN, 50)]}
    return found
