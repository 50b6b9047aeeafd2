"""Reading GitLab: what is asked for of each project, in which order, and who we are there.

Owns the connection and its tasks. Refuses to know what an answer holds (``gitlab.parse``) and how lists are paged
(``gitlab.lists``).

Lists of merge requests, deployments, pipelines and issues are asked for by their last update. What hangs on a record
is asked for only where the record changed: a merge request's notes and approvals, its commits when its head is another,
a deployment's approvals where its environment asks for any, the page and jobs of a pipeline that deployed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ingest.credentials import Anonymous, Credential, header
from ingest.gitlab.lists import (
    Project,
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
from ingest.source import Connection, Connector, Surroundings, Task
from models.errors import ConfigurationError, SourceError
from models.settings import SourceSettings

DEFAULT_URL = "https://gitlab.com"
_UPDATED = "payload ->> '$.updated_at'"


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
    return Connection(
        client,
        _tasks(source, surroundings, client),
        text_at(user.body, "username") if user else None,
        _scopes(client) if user else None,
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


def _tasks(source: SourceSettings, surroundings: Surroundings, client: Client) -> Iterable[Task]:
    for path in dict.fromkeys((*source.projects, *source.repositories)):
        project = Project(source.name, client, surroundings.store, path)
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
