"""GitHub's webhooks as raw records: what they tell goes where the connector puts what it asks for.

Owns which event brings which records. The objects in a webhook are those of the REST API, so the parsers of REST
answers take them apart. Beside the object, a webhook says what was done, when and by whom; the API tells that in its
timeline only, so acts become a stream of their own (``webhook_actions``) that staging leaves out where the timeline has
the same act. An event that is not named here brings no record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ingest.connector import Parsed, Response
from ingest.github import delivery, parse
from ingest.github.graphql import RULE_PATHS
from ingest.github.keys import Item, collect, instant, stream
from ingest.items import ANNOTATION
from ingest.store_records import RawRecord


@dataclass(frozen=True)
class _Webhook:
    """A webhook under way: whose repository, what it said, when it arrived."""

    repository: str
    body: Item
    received_at: datetime


Reader = Callable[[_Webhook], Iterable[RawRecord]]

# What a webhook calls an act on a pull request or an issue → what REST's timeline calls it.
_ACTS = {
    "ready_for_review": "ready_for_review",
    "converted_to_draft": "converted_to_draft",
    "review_requested": "review_requested",
    "review_request_removed": "review_request_removed",
    "closed": "closed",
    "reopened": "reopened",
    "synchronize": "synchronize",
    "labeled": "labeled",
    "unlabeled": "unlabeled",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "auto_merge_enabled": "auto_merge_enabled",
    "auto_merge_disabled": "auto_merge_disabled",
    "enqueued": "added_to_merge_queue",
    "dequeued": "removed_from_merge_queue",
}
# What an act is about, as REST's timeline spells it.
_SUBJECTS = ("label", "assignee", "requested_reviewer", "requested_team", "before", "after", "reason")


def read_webhook(event: str, response: Response) -> Parsed | None:
    """Return the records that a webhook brings; ``None`` for an event that brings none.

    Args:
        event: GitHub's name of it, as in ``X-GitHub-Event``.
        response: Its body, when it came, and the address it is stored under.
    """
    name, reader = _READERS.get(event, ("", None))
    if reader is None:
        return None
    repository = str((response.body.get("repository") or {}).get("full_name") or "")

    def records_of(item: Item) -> Iterable[RawRecord]:
        if not repository:
            raise KeyError("repository")
        return list(reader(_Webhook(repository, item, response.fetched_at)))

    return collect(response, name, [response.body], records_of, scope=repository)


def _pull_request(hook: _Webhook) -> Iterator[RawRecord]:
    item = hook.body["pull_request"]
    yield from parse.pull_request_records(hook.repository, item)
    yield from _acts(hook, item, is_change=True)


def _issue(hook: _Webhook) -> Iterator[RawRecord]:
    yield parse.issue_record(hook.repository, hook.body["issue"])
    yield from _acts(hook, hook.body["issue"], is_change="pull_request" in hook.body["issue"])


def _review(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield a review; the pull request beside it is a short form, which would hide what the full one says."""
    item, review = hook.body["pull_request"], hook.body["review"]
    parent = f"{hook.repository}#{item['number']}"
    yield parse.review_record(parent, review)
    if hook.body.get("action") == "dismissed":
        told = {"dismissed_review": {"review_id": review["id"]}}
        yield _act(parent, "review_dismissed", item.get("updated_at"), hook.body, told, is_change=True)


def _review_comment(hook: _Webhook) -> Iterator[RawRecord]:
    yield parse.review_comment_record(f"{hook.repository}#{hook.body['pull_request']['number']}", hook.body["comment"])


def _issue_comment(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield a comment on an issue or a pull request; one that was deleted stays as it was last known."""
    yield parse.comment_record(f"{hook.repository}#{hook.body['issue']['number']}", hook.body["comment"])


def _deployment(hook: _Webhook) -> Iterator[RawRecord]:
    yield from _bare_deployment(hook.repository, hook.body["deployment"])


def _deployment_status(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield a deployment as it stands after a status, and the status."""
    yield from delivery.deployment_records(
        hook.repository, {**hook.body["deployment"], "latestStatus": hook.body["deployment_status"]}
    )


def _protection_rule(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield the deployment that a gate is asked about."""
    if hook.body.get("deployment"):
        yield from _bare_deployment(hook.repository, hook.body["deployment"])


def _deployment_review(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield the run, and its approval or rejection with the time it was told at; a request for one is no decision.

    GitHub states no time of the decision, here or in its API. It tells us at once, so our own clock bounds it.
    """
    run = hook.body["workflow_run"]
    yield delivery.run_record(hook.repository, run)
    action = str(hook.body.get("action"))
    if action not in ("approved", "rejected"):
        return
    jobs = hook.body.get("workflow_job_runs") or [hook.body.get("workflow_job_run") or {}]
    names = dict.fromkeys(str(job.get("environment") or hook.body.get("environment") or "") for job in jobs)
    review = {
        "state": action,
        "comment": hook.body.get("comment"),
        "user": hook.body.get("approver") or hook.body.get("sender"),
        "environments": [{"name": name} for name in names],
        ANNOTATION: {"told_at": hook.received_at.astimezone(UTC).isoformat()},
    }
    yield from delivery.approval_records(f"{hook.repository}/run/{run['id']}", review)


def _bare_deployment(repository: str, item: Item) -> Iterator[RawRecord]:
    """Yield a deployment that came without its status; with no version time, it never hides one that has it."""
    for record in delivery.deployment_records(repository, item):
        yield replace(record, version_at=None)


def _run(hook: _Webhook) -> Iterator[RawRecord]:
    yield delivery.run_record(hook.repository, hook.body["workflow_run"])


def _job(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield a job, and the deployment it makes, which says the environment."""
    job, deployment = hook.body["workflow_job"], hook.body.get("deployment")
    yield delivery.job_record(hook.repository, {**job, "deployment": deployment} if deployment else job)
    if deployment:
        yield from _bare_deployment(hook.repository, deployment)


def _check_run(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield the deployment that a check belongs to; the checks of Actions are its jobs, told as ``workflow_job``."""
    deployment = hook.body["check_run"].get("deployment")
    if deployment:
        yield from _bare_deployment(hook.repository, deployment)


def _release(hook: _Webhook) -> Iterator[RawRecord]:
    yield delivery.release_record(hook.repository, hook.body["release"])


def _push(hook: _Webhook) -> Iterator[RawRecord]:
    """Yield the commits to the default branch that touched a file which governs."""
    branch = (hook.body.get("repository") or {}).get("default_branch")
    if hook.body["ref"] != f"refs/heads/{branch}":
        return
    for commit in hook.body["commits"]:
        touched = [path for field in ("added", "modified", "removed") for path in commit.get(field) or ()]
        for rule in RULE_PATHS:
            if any(path == rule or path.startswith(f"{rule}/") for path in touched):
                yield RawRecord(stream("rule_files"), f"{hook.repository}/file/{rule}@{commit['id']}", dict(commit))


def _ruleset(hook: _Webhook) -> Iterator[RawRecord]:
    yield delivery.ruleset_record(hook.repository, _with_act(hook.body["repository_ruleset"], hook.body))


def _branch_protection(hook: _Webhook) -> Iterator[RawRecord]:
    rule = _with_act(hook.body["rule"], hook.body)
    key = f"{hook.repository}/branch_protection/{rule['id']}"
    yield RawRecord(stream("branch_protection_changes"), key, rule, instant(rule, "updated_at"))


def _acts(hook: _Webhook, item: Item, *, is_change: bool) -> Iterator[RawRecord]:
    """Yield what was done to a pull request or an issue."""
    payload = hook.body
    parent, action = f"{hook.repository}#{item['number']}", str(payload.get("action"))
    at = item.get("updated_at")
    if action == "edited":
        changes = payload.get("changes") or {}
        if title := changes.get("title"):
            told: Item = {"rename": {"from": title.get("from"), "to": item.get("title")}}
            yield _act(parent, "renamed", at, payload, told, is_change=is_change)
        if base := changes.get("base"):
            told = {"previousRefName": base["ref"]["from"], "currentRefName": item["base"]["ref"]}
            yield _act(parent, "base_ref_changed", at, payload, told, is_change=is_change)
        return
    if action not in _ACTS:
        return
    told = {name: payload[name] for name in _SUBJECTS if payload.get(name)}
    if action == "closed":
        at = item.get("closed_at")
        if item.get("merged"):
            yield _act(parent, "merged", at, payload, {"commit_id": item.get("merge_commit_sha")}, is_change=is_change)
    yield _act(parent, _ACTS[action], at, payload, told, is_change=is_change)


def _act(parent: str, event: str, at: object, payload: Item, told: Item, *, is_change: bool) -> RawRecord:
    """Return an act, shaped as REST's timeline shapes it; who, what and when identify it, since it has no id."""
    about = next((value.get("login") or value.get("slug") or value.get("name")
                  for value in told.values() if isinstance(value, dict)), "") or told.get("after") or ""  # fmt: skip
    issue: Item = {"pull_request": {}} if is_change else {}
    act = {"event": event, "actor": payload.get("sender"), "created_at": at, "issue": issue, **told}
    return RawRecord(stream("webhook_actions"), f"{parent}/event/{event}@{at}:{about}", act)


def _with_act(item: Item, payload: Item) -> dict[str, Any]:
    """Return a rule with what was done to it and by whom, which the API does not tell."""
    sender = payload.get("sender") or {}
    told = {"action": payload.get("action"), "actor": sender.get("login"), "actor_type": sender.get("type")}
    return {**item, ANNOTATION: {**told, "changed": "|".join(sorted(payload.get("changes") or {})) or None}}


# Event → the stream it is counted and set aside under, and its reader.
_READERS: dict[str, tuple[str, Reader | None]] = {
    "pull_request": ("pull_requests", _pull_request),
    "pull_request_review": ("reviews", _review),
    "pull_request_review_comment": ("pull_request_comments", _review_comment),
    "issues": ("issues", _issue),
    "issue_comment": ("issue_comments", _issue_comment),
    "deployment": ("deployments", _deployment),
    "deployment_status": ("deployments", _deployment_status),
    "deployment_protection_rule": ("deployments", _protection_rule),
    "deployment_review": ("deployment_reviews", _deployment_review),
    "workflow_run": ("workflow_runs", _run),
    "workflow_job": ("workflow_jobs", _job),
    "check_run": ("deployments", _check_run),
    "release": ("releases", _release),
    "push": ("rule_files", _push),
    "repository_ruleset": ("rulesets", _ruleset),
    "branch_protection_rule": ("branch_protection_changes", _branch_protection),
}
