"""Reading GitLab: what is asked for of each project, in which order, and who we are there.

Owns the connection and its tasks. Refuses to know what an answer holds (``gitlab.parse``) and how lists are paged
(``gitlab.lists``).

Lists of merge requests, deployments, pipelines and issues are asked for by their last update. What hangs on a record
is asked for only where the record changed: a merge request's notes and approvals, its commits when its head is another,
a deployment's approvals where its environment asks for any, the page and jobs of a pipeline that deployed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial

from ingest.credentials import Anonymous, Credential, header
from ingest.gitlab.lists import (
    Project,
    counted,
    deployment_approval_pages,
    hanging_on_merge_requests,
    newest_releases,
    pipeline_pages,
    updated_pages,
)
from ingest.gitlab.parse import (
    APPROVALS,
    COMMITS,
    DEPLOYMENT_APPROVALS,
    DEPLOYMENTS,
    ISSUES,
    JOBS,
    MERGE_REQUESTS,
    NOTES,
    PIPELINES,
    RELEASES,
    parse_approvals,
    parse_commits,
    parse_deployments,
    parse_issues,
    parse_merge_requests,
    parse_notes,
    parse_pipelines,
    routes,
)
from ingest.http import Client
from ingest.items import at, text_at
from ingest.secrets import resolve
from ingest.source import Connection, Connector, Expected, Permission, Surroundings, Task
from models.errors import ConfigurationError, SourceError
from models.settings import SourceSettings

DEFAULT_URL = "https://gitlab.com"
_UPDATED = "payload ->> '$.updated_at'"
# Requests that a record takes at its first reading, a hundredth for its own page and what hangs on it.
_REQUESTS_PER_RECORD = {MERGE_REQUESTS: 3.01, DEPLOYMENTS: 0.01, PIPELINES: 0.01, ISSUES: 0.01}
# role or scope, list tried, what it unlocks, whether a sync fails without it
_PERMISSIONS = (
    ("scope read_api, role Reporter", "merge_requests", "changes, reviews and approvals", True),
    ("role Reporter: deployments", "deployments", "deployments and who approved them", False),
    ("role Reporter: pipelines", "pipelines", "pipelines and their jobs", False),
    ("role Guest: issues", "issues", "issues and incidents", False),
    ("role Maintainer: protected environments", "protected_environments",
     "which environments ask for approval (Premium), and so their approvals", False),
)  # fmt: skip


def connect(source: SourceSettings, surroundings: Surroundings) -> Connection:
    """Ask GitLab who we are and what the token may do.

    Raises:
        ConfigurationError: No project is configured.
        SourceError: GitLab does not answer or refuses the token.
    """
    if not (source.projects or source.repositories):
        raise ConfigurationError(
            f"The source {source.name} names no project.",
            where=f"source '{source.name}'",
            next_step='add projects = ["group/project"] to it',
        )
    client = surroundings.client(source.base_url or DEFAULT_URL, _credential(source))
    user = client.get("/api/v4/user") if source.token else None
    projects = [
        Project(source.name, client, surroundings.store, path)
        for path in dict.fromkeys((*source.projects, *source.repositories))
    ]
    return Connection(
        client,
        _tasks(projects),
        text_at(user.body, "username") if user else None,
        _scopes(client) if user else None,
        partial(_expected, projects),
        [permission for project in projects[:1] for permission in _permissions(project)],
    )


def _credential(source: SourceSettings) -> Credential:
    return header("PRIVATE-TOKEN", partial(resolve, source.token)) if source.token else Anonymous()


def _scopes(client: Client) -> str | None:
    """Return what the token may do; OAuth tokens and old servers do not say."""
    try:
        token = client.get("/api/v4/personal_access_tokens/self")
    except SourceError:
        return None
    scopes = at(token.body, "scopes")
    return " ".join(map(str, scopes)) if isinstance(scopes, list) else None


def _expected(projects: Sequence[Project]) -> list[Expected]:
    """Return what the first reading of each list that was never read will bring; long lists are not counted."""
    found = []
    for project in projects:
        for of, requests in _REQUESTS_PER_RECORD.items():
            watermark, _ = project.store.watermark(project.source, of, project.path)
            count = None if watermark else counted(project, of.name)
            if count:
                found.append(Expected(of, project.path, count, math.ceil(count * requests)))
    return found


def _permissions(project: Project) -> list[Permission]:
    """Return what the token should be allowed to read, tried at one project."""
    return [
        Permission(name, unlocks, partial(counted, project, path, is_refusal_told=True), is_needed)
        for name, path, unlocks, is_needed in _PERMISSIONS
    ]


def _tasks(projects: Sequence[Project]) -> Iterable[Task]:
    for project in projects:
        path = project.path
        updated, hanging = partial(updated_pages, project), partial(hanging_on_merge_requests, project)
        yield Task(MERGE_REQUESTS, path, partial(updated, "merge_requests", parse_merge_requests))
        yield Task(COMMITS, path, partial(hanging, COMMITS, "commits", parse_commits, "payload ->> '$.sha'"))
        yield Task(NOTES, path, partial(hanging, NOTES, "notes", parse_notes, _UPDATED))
        approvals = partial(hanging, APPROVALS, "approvals", parse_approvals, _UPDATED)
        yield Task(APPROVALS, path, approvals, is_optional=True)
        yield Task(DEPLOYMENTS, path, partial(updated, "deployments", parse_deployments), is_optional=True)
        yield Task(DEPLOYMENT_APPROVALS, path, partial(deployment_approval_pages, project), is_optional=True)
        yield Task(PIPELINES, path, partial(updated, "pipelines", parse_pipelines), is_optional=True)
        yield Task(JOBS, path, partial(pipeline_pages, project), is_optional=True)
        yield Task(RELEASES, path, partial(newest_releases, project), is_optional=True)
        yield Task(ISSUES, path, partial(updated, "issues", parse_issues), is_optional=True)


CONNECTOR = Connector("gitlab", routes(), connect)
