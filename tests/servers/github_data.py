"""Records of an imitated GitHub repository, in the shapes of its two APIs; tiny factories with round defaults."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

EPOCH = datetime(2026, 1, 5, 8, tzinfo=UTC)


def at(minutes: float) -> str:
    """Return the instant so many minutes after the repository began, as GitHub writes it."""
    return (EPOCH + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sha(text: str) -> str:
    """Return a commit id that belongs to a text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def node_id(kind: str, number: object) -> str:
    """Return a node id."""
    return f"{kind}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def person(login: str) -> Json:
    """Return an account that is a person's."""
    return {"__typename": "User", "login": login}


def bot(login: str) -> Json:
    """Return an app's account, which GraphQL names without ``[bot]``."""
    return {"__typename": "Bot", "login": login}


def review(
    number: int, by: Json, state: str = "APPROVED", minute: float = 60, commit: str = "head", **more: object
) -> Json:
    """Return a review of a pull request."""
    return {
        "__typename": "PullRequestReview",
        "id": node_id("PRR", number),
        "fullDatabaseId": str(number),
        "databaseId": number,
        "state": state,
        "submittedAt": at(minute),
        "updatedAt": at(minute),
        "url": f"https://github.example/review/{number}",
        "body": "",
        "authorAssociation": "MEMBER",
        "author": by,
        "commit": {"__typename": "Commit", "oid": sha(commit)},
        "comments": [],
        **more,
    }


def commit(name: str, by: Json, minute: float = 0, message: str = "") -> Json:
    """Return a commit of a pull request."""
    actor = {
        "__typename": "GitActor",
        "name": by["login"],
        "email": f"{by['login']}@people.example",
        "user": by if by["__typename"] == "User" else None,
    }
    return {
        "__typename": "PullRequestCommit",
        "id": node_id("PRC", name),
        "url": f"https://github.example/commit/{sha(name)}",
        "commit": {
            "__typename": "Commit",
            "oid": sha(name),
            "url": f"https://github.example/commit/{sha(name)}",
            "message": message or f"Change {name}",
            "messageHeadline": (message or f"Change {name}").splitlines()[0],
            "authoredDate": at(minute),
            "committedDate": at(minute),
            "author": actor,
            "committer": actor,
        },
    }


def branch_protection(number: int, reviews: int = 1, **more: object) -> Json:
    """Return a rule of classic branch protection."""
    return {
        "__typename": "BranchProtectionRule",
        "id": node_id("BPR", number),
        "databaseId": number,
        "pattern": "main",
        "creator": person("ann"),
        "isAdminEnforced": False,
        "requiresApprovingReviews": reviews > 0,
        "requiredApprovingReviewCount": reviews or None,
        "requiresCodeOwnerReviews": False,
        "dismissesStaleReviews": True,
        "requireLastPushApproval": False,
        "restrictsReviewDismissals": False,
        "requiresConversationResolution": False,
        "requiresStatusChecks": True,
        "requiresStrictStatusChecks": False,
        "requiredStatusCheckContexts": [],
        "requiresCommitSignatures": False,
        "requiresLinearHistory": False,
        "restrictsPushes": False,
        "allowsForcePushes": False,
        "allowsDeletions": False,
        "lockBranch": False,
        "bypassPullRequestAllowances": [],
        "bypassForcePushAllowances": [],
        **more,
    }


def event(kind: str, name: str, by: Json, minute: float, **more: object) -> Json:
    """Return an item of a pull request's timeline; ``kind`` is GraphQL's type without ``Event``."""
    return {"__typename": f"{kind}Event", "id": node_id(kind, name), "createdAt": at(minute), "actor": by, **more}


def pull_request(number: int, by: Json | None = None, minute: float = 0, **more: object) -> Json:
    """Return an open pull request, opened at ``minute``."""
    return {
        "__typename": "PullRequest",
        "id": node_id("PR", number),
        "fullDatabaseId": str(1_000_000 + number),
        "databaseId": 1_000_000 + number,
        "number": number,
        "url": f"https://github.example/acme/shop/pull/{number}",
        "title": f"Change {number}",
        "body": "Why and what.",
        "state": "OPEN",
        "isDraft": False,
        "createdAt": at(minute),
        "updatedAt": at(minute),
        "closedAt": None,
        "mergedAt": None,
        "author": by or person("ann"),
        "mergedBy": None,
        "authorAssociation": "MEMBER",
        "baseRefName": "main",
        "baseRefOid": sha("base"),
        "headRefName": f"topic-{number}",
        "headRefOid": sha(f"head-{number}"),
        "additions": 10,
        "deletions": 2,
        "changedFiles": 1,
        "mergeCommit": None,
        "labels": [],
        "reviewRequests": [],
        "reviews": [],
        "commits": [],
        "timelineItems": [],
        "comments": [],
        "closingIssuesReferences": [],
        **more,
    }


def merged(found: Json, by: Json, minute: float) -> Json:
    """Merge a pull request."""
    oid = sha(f"merge-{found['number']}")
    merge = {"__typename": "Commit", "oid": oid}
    found |= {"state": "MERGED", "mergedAt": at(minute), "closedAt": at(minute), "updatedAt": at(minute)}
    found |= {"mergedBy": by, "mergeCommit": merge}
    found["timelineItems"].append(
        event("Merged", f"{found['number']}", by, minute, url="", commit=merge, mergeRefName="main")
    )
    return found


def status(number: str, state: str, minute: float, run: int | None = None) -> Json:
    """Return a status of a deployment."""
    log = f"https://github.example/acme/shop/actions/runs/{run}/job/1" if run else None
    return {
        "__typename": "DeploymentStatus",
        "id": node_id("DES", number),
        "state": state,
        "createdAt": at(minute),
        "updatedAt": at(minute),
        "description": "",
        "environment": "production",
        "logUrl": log,
        "environmentUrl": None,
        "creator": bot("github-actions"),
    }


def deployment(number: int, minute: float, *statuses: Json, environment: str = "production") -> Json:
    """Return a deployment with its statuses, oldest first here, newest first at GitHub."""
    latest = statuses[-1] if statuses else None
    return {
        "__typename": "Deployment",
        "id": node_id("DE", number),
        "databaseId": number,
        "createdAt": at(minute),
        "updatedAt": latest["updatedAt"] if latest else at(minute),
        "environment": environment,
        "originalEnvironment": environment,
        "state": "ACTIVE" if latest and latest["state"] == "SUCCESS" else latest["state"] if latest else "PENDING",
        "task": "deploy",
        "description": "",
        "commitOid": sha(f"merge-{number}"),
        "payload": "",
        "ref": {"__typename": "Ref", "name": "main", "prefix": "refs/heads/"},
        "creator": bot("github-actions"),
        "repository": {
            "__typename": "Repository",
            "nameWithOwner": "acme/shop",
            "url": "https://github.example/acme/shop",
        },
        "latestStatus": latest,
        "statuses": list(reversed(statuses)),
    }


def job(number: int, run: int, minute: float, name: str = "build", conclusion: str | None = "SUCCESS") -> Json:
    """Return a job of a run, as a check run."""
    return {
        "__typename": "CheckRun",
        "id": node_id("CR", number),
        "databaseId": number,
        "name": name,
        "status": "COMPLETED" if conclusion else "IN_PROGRESS",
        "conclusion": conclusion,
        "startedAt": at(minute),
        "completedAt": at(minute + 3) if conclusion else None,
        "permalink": f"https://github.example/acme/shop/actions/runs/{run}/job/{number}",
        "deployment": None,
    }


def approval(number: int, by: Json, state: str = "APPROVED", environment: str = "production") -> Json:
    """Return an approval of a run's environment."""
    return {
        "__typename": "DeploymentReview",
        "id": node_id("DRV", number),
        "databaseId": number,
        "state": state,
        "comment": "go",
        "user": by,
        "environments": [{"__typename": "Environment", "name": environment, "databaseId": 1}],
    }


@dataclass
class Run:
    """A workflow run: what REST says of it, and what only GraphQL tells for many at once."""

    rest: Json
    jobs: list[Json] = field(default_factory=list)
    approvals: list[Json] = field(default_factory=list)

    def as_node(self) -> Json:
        """Return the run as GraphQL has it."""
        return {
            "__typename": "WorkflowRun",
            "id": self.rest["node_id"],
            "url": self.rest["html_url"],
            "checkSuite": {"__typename": "CheckSuite", "checkRuns": self.jobs},
            "deploymentReviews": self.approvals,
        }


def run(number: int, minute: float, workflow: str = "ci", status: str = "completed", jobs: int = 0) -> Run:
    """Return a workflow run with so many jobs."""
    return Run(
        {
            "id": number,
            "node_id": node_id("WFR", number),
            "name": workflow,
            "path": f".github/workflows/{workflow}.yml",
            "display_title": f"Run {number}",
            "head_branch": "main",
            "head_sha": sha(f"merge-{number}"),
            "run_number": number,
            "run_attempt": 1,
            "event": "push",
            "status": status,
            "conclusion": "success" if status == "completed" else None,
            "workflow_id": 1,
            "html_url": f"https://github.example/acme/shop/actions/runs/{number}",
            "created_at": at(minute),
            "run_started_at": at(minute),
            "updated_at": at(minute + 5),
            "actor": {"login": "ann", "type": "User"},
            "triggering_actor": {"login": "ann", "type": "User"},
            "pull_requests": [],
        },
        [job(number * 10 + i, number, minute + i) for i in range(jobs)],
    )


def release(number: int, minute: float) -> Json:
    """Return a release."""
    return {
        "id": number,
        "node_id": node_id("RE", number),
        "tag_name": f"v1.{number}",
        "name": f"Release {number}",
        "body": "What is new.",
        "target_commitish": "main",
        "draft": False,
        "prerelease": False,
        "author": {"login": "rae", "type": "User"},
        "created_at": at(minute),
        "published_at": at(minute + 1),
        "html_url": f"https://github.example/acme/shop/releases/v1.{number}",
    }


def environment(name: str, reviewers: int = 1) -> Json:
    """Return an environment with its protection."""
    rules = [{"id": 1, "type": "required_reviewers", "reviewers": [{"type": "User"}] * reviewers}]
    return {"id": 1, "name": name, "created_at": at(0), "updated_at": at(reviewers), "protection_rules": rules}


def ruleset(number: int, enforcement: str = "active", minute: float = 0) -> Json:
    """Return a ruleset."""
    return {
        "id": number,
        "name": "main is protected",
        "enforcement": enforcement,
        "updated_at": at(minute),
        "rules": [{"type": "pull_request", "parameters": {"required_approving_review_count": 1}}],
    }
