"""Which of GitHub's addresses is parsed by what. A GraphQL request's address ends in ``#<operation>``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ingest.connector import Parsed, Response, Route
from ingest.github import delivery, parse

Parse = Callable[[Response], Parsed]
_REPOSITORY = r"(?:/repos/[^/]+/[^/]+|/repositories/\d+)"


def _list(path: str, parser: Parse) -> Route:
    return Route(re.compile(f"{_REPOSITORY}{path}(?:[?#]|$)"), parser)


def _members(path: str, parser: Parse, member: str) -> Route:
    """Return the route of a list that comes inside an object, next to its count."""

    def wrap(items: Sequence[Any]) -> dict[str, Any]:
        return {member: list(items)}

    return Route(re.compile(f"{_REPOSITORY}{path}(?:[?#]|$)"), parser, wrap)


ROUTES: tuple[Route, ...] = (
    _list(r"/pulls(?:/\d+)?", parse.parse_pull_requests),
    _list(r"/pulls/\d+/reviews", parse.parse_reviews),
    _list(r"/pulls/\d+/commits", parse.parse_commits),
    _list(r"/pulls(?:/\d+)?/comments", parse.parse_review_comments),
    _list(r"/issues(?:/\d+)?/comments", parse.parse_issue_comments),
    _list(r"/issues(?:/\d+)?/(?:events|timeline)", parse.parse_timeline),
    _list(r"/issues", parse.parse_issues),
    _list(r"/deployments", delivery.parse_deployments),
    _list(r"/deployments/\d+/statuses", delivery.parse_statuses),
    _members(r"/actions/(?:workflows/[^/]+/)?runs", delivery.parse_runs, "workflow_runs"),
    _list(r"/actions/runs/\d+", delivery.parse_run),
    _members(r"/actions/runs/\d+/(?:attempts/\d+/)?jobs", delivery.parse_jobs, "jobs"),
    _list(r"/actions/runs/\d+/approvals", delivery.parse_approvals),
    _list(r"/releases", delivery.parse_releases),
    _members(r"/environments", delivery.parse_environments, "environments"),
    _list(r"/rulesets/rule-suites", delivery.parse_rule_suites),
    _list(r"/rulesets(?:/\d+)?", delivery.parse_rulesets),
    Route(re.compile("#repositories$"), parse.parse_repositories),
    Route(re.compile("#pullRequests$"), parse.parse_pull_request_nodes),
    Route(re.compile("#pullRequestLists$"), parse.parse_more_of_pull_requests),
    Route(re.compile("#workflowRuns$"), delivery.parse_run_details),
    Route(re.compile("#deploymentNodes$"), delivery.parse_deployments_by_id),
    Route(re.compile("#issues$"), parse.parse_issue_nodes),
    Route(re.compile("#deploymentStatuses$"), delivery.parse_more_statuses),
    Route(re.compile("#ruleFiles$"), delivery.parse_rule_files),
    Route(re.compile("#branchProtections$"), delivery.parse_branch_protections),
    # Some recordings hold the query's text where the address belongs.
    Route(
        re.compile(r"#deployments$|^query\(.*\{deployments\(", re.DOTALL),
        delivery.parse_deployment_nodes,
        delivery.restored_deployments,
    ),
)
