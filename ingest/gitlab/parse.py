"""GitLab's answers as raw records: merge requests with what hangs on them, deployments, pipelines, releases, issues.

Owns which address holds what and the records' keys: ``<project>!<number>`` for a merge request, ``<project>#<number>``
for an issue, GitLab's own id where it is unique in the instance. The project in a key is its number, which survives a
rename. Refuses to talk to GitLab and to say what a note means.

A pipeline's own page says more than its line in the list. Only the page states its version, so that a list read later
never hides it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from ingest.connector import Parsed, Response, Route
from ingest.http_errors import AGAIN
from ingest.items import (
    PARENT,
    Intake,
    Item,
    UnfitItemError,
    annotated,
    at,
    child,
    instant_at,
    joined,
    joined_at,
    listed,
    require_instants,
    required,
    text_at,
)
from ingest.store_records import RawRecord
from models.errors import SourceError
from models.streams import Stream, stream

MERGE_REQUESTS = stream("gitlab.merge_requests")
COMMITS = stream("gitlab.merge_request_commits")
APPROVALS = stream("gitlab.approvals")
NOTES = stream("gitlab.notes")
DEPLOYMENTS = stream("gitlab.deployments")
DEPLOYMENT_APPROVALS = stream("gitlab.deployment_approvals")
PIPELINES = stream("gitlab.pipelines")
JOBS = stream("gitlab.jobs")
RELEASES = stream("gitlab.releases")
ISSUES = stream("gitlab.issues")

_PROJECT = re.compile(r"/api/v4/projects/([^/?#]+)")
_PARENT = re.compile(r"/(merge_requests|issues|deployments)/(\d+)/?")
_SIGNS = {"merge_requests": "!", "issues": "#"}
_RESET = re.compile(r"^(?:reset|removed) approvals? from .*", re.IGNORECASE | re.DOTALL)
_MENTION = re.compile(r"@([\w.-]*\w)")
_CO_AUTHOR = re.compile(r"^co-authored-by:[^<\n]*<([^>\s]+)>", re.IGNORECASE | re.MULTILINE)
_END = r"(?:[?#]|$)"


def routes() -> tuple[Route, ...]:
    """Return what GitLab can answer."""
    project = r"/api/v4/projects/[^/?#]+"
    return (
        _route(rf"{project}/merge_requests/\d+/commits{_END}", parse_commits),
        _route(rf"{project}/merge_requests/\d+/approvals{_END}", parse_approvals),
        _route(rf"{project}/(?:merge_requests|issues)/\d+/notes{_END}", parse_notes),
        _route(rf"{project}/merge_requests{_END}", parse_merge_requests),
        _route(rf"{project}/deployments/\d+{_END}", parse_deployment),
        _route(rf"{project}/deployments{_END}", parse_deployments),
        _route(rf"{project}/(?:pipelines/\d+/)?jobs{_END}", parse_jobs),
        _route(rf"{project}/pipelines/\d+{_END}", parse_pipeline),
        _route(rf"{project}/pipelines{_END}", parse_pipelines),
        _route(rf"{project}/releases{_END}", parse_releases),
        _route(rf"{project}/issues{_END}", parse_issues),
    )


def _route(pattern: str, parse: Callable[[Response], Parsed]) -> Route:
    return Route(re.compile(pattern), parse)


def parse_merge_requests(response: Response) -> Parsed:
    """Read a list of merge requests."""
    return _list(response, MERGE_REQUESTS, _merge_request)


def parse_issues(response: Response) -> Parsed:
    """Read a list of issues, incidents among them."""
    return _list(response, ISSUES, _issue)


def parse_deployments(response: Response) -> Parsed:
    """Read a list of deployments."""
    return _list(response, DEPLOYMENTS, partial(_deployment, _project_of(response)))


def parse_pipelines(response: Response) -> Parsed:
    """Read a list of pipelines, which says neither when they ran nor for whom."""
    return _list(response, PIPELINES, partial(_pipeline, is_page=False))


def parse_pipeline(response: Response) -> Parsed:
    """Read pipelines' own pages; a replay brings several at once."""
    pages = response.body if isinstance(response.body, list) else [response.body]
    return _list(response, PIPELINES, partial(_pipeline, is_page=True), pages)


def parse_jobs(response: Response) -> Parsed:
    """Read a list of jobs, of a project or of one pipeline."""
    return _list(response, JOBS, _job)


def parse_releases(response: Response) -> Parsed:
    """Read a list of releases."""
    return _list(response, RELEASES, partial(_release, _project_of(response)))


def parse_commits(response: Response) -> Parsed:
    """Read a list of one merge request's commits."""
    return _list(response, COMMITS, partial(_commit, _parent_of(response)))


def parse_notes(response: Response) -> Parsed:
    """Read a list of notes: comments, and what GitLab itself wrote down."""
    return _list(response, NOTES, partial(_note, _parent_of(response)))


def parse_approvals(response: Response) -> Parsed:
    """Read who approves a merge request at present; a replay brings several answers at once."""
    answers = response.body if isinstance(response.body, list) else [response.body]
    return _list(response, APPROVALS, partial(_approvals, _parent_of(response)), answers)


def parse_deployment(response: Response) -> Parsed:
    """Read the approvals of one deployment, which only its own page lists; the deployment itself is in the list."""
    pages = response.body if isinstance(response.body, list) else [response.body]
    return _list(response, DEPLOYMENT_APPROVALS, _deployment_approvals, pages)


def _list(
    response: Response,
    target: Stream,
    reader: Callable[[Item], Iterable[RawRecord]],
    items: list[object] | None = None,
) -> Parsed:
    intake = Intake()
    intake.read(target, listed(response.body) if items is None else items, reader)
    total = response.headers.get("x-total", "")
    return Parsed(
        target, _project_of(response), intake.records, intake.rejected, int(total) if total.isdigit() else None
    )


def _merge_request(item: Item) -> Iterable[RawRecord]:
    key = f"{required(item, 'project_id')}!{required(item, 'iid')}"
    require_instants(item, "created_at", "merged_at", "closed_at", "prepared_at")
    payload = annotated(item, labels=_labels(item), reviewers=joined_at(item, "reviewers", name="username"))
    return [RawRecord(MERGE_REQUESTS, key, payload, instant_at(item, "updated_at"))]


def _issue(item: Item) -> Iterable[RawRecord]:
    key = f"{required(item, 'project_id')}#{required(item, 'iid')}"
    require_instants(item, "created_at", "closed_at")
    return [RawRecord(ISSUES, key, annotated(item, labels=_labels(item)), instant_at(item, "updated_at"))]


def _labels(item: Item) -> str | None:
    """Return the labels; an answer asked for with details lists objects instead of names."""
    return joined_at(item, "labels")


def _deployment(project: str, item: Item) -> Iterable[RawRecord]:
    key = required(item, "id")
    require_instants(item, "created_at", "deployable.started_at", "deployable.finished_at")
    return [RawRecord(DEPLOYMENTS, key, annotated(item, project=project), instant_at(item, "updated_at"))]


def _deployment_approvals(item: Item) -> Iterable[RawRecord]:
    """One record per approval, from the plain list or from the rules that required it, each approval once."""
    deployment = required(item, "id")
    parent = {"id": deployment, "environment": text_at(item, "environment", "name"), "sha": text_at(item, "sha")}
    given: list[tuple[str | None, Item]] = [(None, approval) for approval in at(item, "approvals") or []]
    for rule in at(item, "approval_summary", "rules") or []:
        given += [(text_at(rule, "access_level_description"), each) for each in at(rule, "deployment_approvals") or []]
    records: dict[str, RawRecord] = {}
    for rule_name, approval in given:
        login = text_at(approval, "user", "username")
        if login is None or text_at(approval, "status") is None:
            raise UnfitItemError("has an approval without a user or a status")
        instant_at(approval, "created_at")
        key = f"{deployment}/{login}/{text_at(approval, 'created_at') or ''}"
        records[key] = RawRecord(DEPLOYMENT_APPROVALS, key, child(parent, approval, rule=rule_name))
    return list(records.values())


def _pipeline(item: Item, *, is_page: bool) -> Iterable[RawRecord]:
    key = required(item, "id")
    require_instants(item, "created_at", "started_at", "finished_at")
    updated = instant_at(item, "updated_at")
    return [RawRecord(PIPELINES, key, item, updated if is_page else None)]


def _job(item: Item) -> Iterable[RawRecord]:
    key = required(item, "id")
    if text_at(item, "pipeline", "id") is None:
        raise UnfitItemError("names no pipeline")
    require_instants(item, "created_at", "started_at", "finished_at")
    return [RawRecord(JOBS, key, item)]


def _release(project: str, item: Item) -> Iterable[RawRecord]:
    key = f"{project}/{required(item, 'tag_name')}"
    require_instants(item, "created_at", "released_at")
    return [RawRecord(RELEASES, key, annotated(item, project=project))]


def _commit(parent: Item, item: Item) -> Iterable[RawRecord]:
    key = f"{parent['key']}/{required(item, 'id')}"
    require_instants(item, "authored_date", "committed_date")
    others = joined(_CO_AUTHOR.findall(text_at(item, "message") or ""))
    return [RawRecord(COMMITS, key, child(parent, item, co_authors=others))]


def _note(parent: Item, item: Item) -> Iterable[RawRecord]:
    """One record per note, and one per person whose approval it says was taken back by a push."""
    key = f"{parent['key']}/{required(item, 'id')}"
    require_instants(item, "created_at")
    updated = instant_at(item, "updated_at")
    records = [RawRecord(NOTES, key, child(parent, item), updated)]
    body = text_at(item, "body") or ""
    if item.get("system") is True and _RESET.match(body):
        records.extend(
            RawRecord(NOTES, f"{key}/{login}", child(parent, item, approver=login), updated)
            for login in dict.fromkeys(_MENTION.findall(body))
        )
    return records


def _approvals(parent: Item, item: Item) -> Iterable[RawRecord]:
    """One record per present approver. Each says when the list was true, so that one no longer on it can be told."""
    updated = instant_at(item, "updated_at")
    context = {**parent, "updated_at": text_at(item, "updated_at")}
    listed_now = at(item, "approved_by") or []
    if not isinstance(listed_now, list):
        raise UnfitItemError("has no list of 'approved_by'")
    if not listed_now:
        return [RawRecord(APPROVALS, f"{parent['key']}/", {PARENT: context}, updated)]
    records = []
    for approval in listed_now:
        if (login := text_at(approval, "user", "username")) is None:
            raise UnfitItemError("has an approval without a user")
        instant_at(approval, "approved_at")
        records.append(RawRecord(APPROVALS, f"{parent['key']}/{login}", child(context, approval), updated))
    return records


def _project_of(response: Response) -> str:
    found = _PROJECT.search(response.url)
    if not found:
        raise SourceError("The address names no project.", where=response.url, next_step=AGAIN)
    return found[1]


def _parent_of(response: Response) -> Item:
    """Return the merge request or issue that an answer is about."""
    found = _PARENT.search(response.url)
    if not found or found[1] not in _SIGNS:
        raise SourceError("The address names no merge request or issue.", where=response.url, next_step=AGAIN)
    kind = "change" if found[1] == "merge_requests" else "issue"
    return {"kind": kind, "key": f"{_project_of(response)}{_SIGNS[found[1]]}{found[2]}"}
