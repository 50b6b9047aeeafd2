"""The demo's rules as GitHub returns them: rulesets, protected environments, the policy file's history, bypasses.

Owns which rule governs which repository, and since when. Refuses to know what the rules let through.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingest.connector import Response
from ingest.demo.calendar import HOUR, WEEK, iso
from ingest.demo.github import graphql, web
from ingest.demo.github_delivery import is_delivered, rest, user
from ingest.demo.model import PullRequest, Story
from ingest.demo.teams import POLICY, POLICY_VERSIONS

Node = dict[str, Any]
_RULES = ".github/workflows"
_POLICY = f"{_RULES}/policy.yml"


def rule_responses(story: Story) -> Iterable[Response]:
    """Yield the rules that govern: rulesets, protected environments, and the history of the files that hold rules."""
    organisation = story.organisation
    for place, (name, service) in enumerate(organisation.services.items(), start=1):
        yield rest(story, name, "rulesets", [_ruleset(story, name, service.team, place)])
        if is_delivered(story, name):
            environment = _environment(story, name, service.team, place)
            yield rest(story, name, "environments", {"total_count": 1, "environments": [environment]})
        commits = _rule_commits(story, name, service.team)
        if commits:
            target = {"file3": {"nodes": commits}}
            branch = {"nameWithOwner": f"{organisation.owner}/{name}", "defaultBranchRef": {"target": target}}
            yield graphql(story, "ruleFiles", name, {"data": {"repository": branch}}, file3=_RULES)


def rule_suite_responses(story: Story) -> Iterable[Response]:
    """Yield how the mobile team's merges stood before the rules: what nobody reviewed got past them by a bypass."""
    for service in story.organisation.teams["mobile"].services:
        merged = [p for p in story.pull_requests[service.name] if 0 < p.merged_at <= story.organisation.end]
        suites = [_suite(pull, "pass" if pull.reviews else "bypass") for pull in merged]
        yield rest(story, service.name, "rulesets/rule-suites", suites)


def _suite(pull: PullRequest, result: str) -> Node:
    return {
        "id": pull.number,
        "actor_name": pull.merged_by,
        "before_sha": pull.commits[0].sha,
        "after_sha": pull.merge_sha,
        "ref": "refs/heads/main",
        "repository_name": pull.service,
        "pushed_at": iso(pull.merged_at),
        "result": result,
    }


def _ruleset(story: Story, service: str, team: str, place: int) -> Node:
    """Return the rules for the main branch; payments stopped asking for a review when its drift began."""
    start, onset = story.organisation.start, story.organisation.stories["payments"]["onset_week"]
    updated, required = start + 9 * HOUR, 1
    if team == "payments":
        updated, required = start + int(onset) * WEEK + 9 * HOUR, 0
    updated = min(updated, story.organisation.end)
    return {
        "id": 500 + place,
        "name": "main",
        "target": "branch",
        "enforcement": "active",
        "source": f"{story.organisation.owner}/{service}",
        "rules": [{"type": "pull_request", "parameters": {"required_approving_review_count": required}}],
        "bypass_actors": [],
        "updated_at": iso(updated),
        "_links": {"html": {"href": web(story, service, "rules", 500 + place)}},
    }


def _environment(story: Story, service: str, team: str, place: int) -> Node:
    reviewers = [{"type": "User", "reviewer": user(p.login)} for p in story.organisation.teams[team].having("captain")]
    rules: list[Node] = [{"id": 900 + place, "type": "branch_policy"}]
    if reviewers:
        rules.append(
            {"id": 950 + place, "type": "required_reviewers", "prevent_self_review": False, "reviewers": reviewers}
        )
    updated = story.organisation.start + 9 * HOUR
    if team == "payments":
        updated = story.organisation.start + int(story.organisation.stories["payments"]["onset_week"]) * WEEK
    return {
        "id": 700 + place,
        "name": "production",
        "html_url": web(story, service, "settings/environments", 700 + place),
        "created_at": iso(story.organisation.start - 60 * WEEK),
        "updated_at": iso(min(updated, story.organisation.end)),
        "protection_rules": rules,
    }


def _rule_commits(story: Story, service: str, team: str) -> list[Node]:
    """Return the history of the storefront's policy, newest first: which rule, which version, who changed it."""
    if team != "storefront":
        return []
    author = story.organisation.teams[team].having("lead")[0]
    commits = []
    for week, version in POLICY_VERSIONS:
        at = story.organisation.start + week * WEEK + 10 * HOUR
        if at > story.organisation.end:
            continue
        commits.append(
            {
                "oid": f"{version:02d}{sum(map(ord, service)):06x}".ljust(40, "a"),
                "url": web(story, service, "commits/main", _POLICY),
                "messageHeadline": f"Policy {POLICY} v{version}",
                "committedDate": iso(at),
                "author": {
                    "name": author.name,
                    "email": f"{author.login}@larkfield.example",
                    "user": {"login": author.login},
                },
            }
        )
    return list(reversed(commits))
