"""The GitHub connector: who we are, which repositories, and what of them has moved since we last looked.

Owns the choice of tasks. One question tells for fifty repositories whether anything moved; where nothing did, nothing
else is asked. Refuses to know how each list is read (the ``github_*`` modules).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

import orjson

from ingest.connector import Response
from ingest.github.actions import repositories_with_open_runs, run_detail_pages, run_pages
from ingest.github.api import HEADERS, GitHub, endpoints
from ingest.github.auth import AppInstallation, credential_for
from ingest.github.deployments import deployment_pages, repositories_with_pending
from ingest.github.expected import expected
from ingest.github.graphql import OWNED, poll_query
from ingest.github.keys import stream
from ingest.github.parse import repository_record
from ingest.github.permissions import permissions
from ingest.github.pulls import ISSUE_WALK, PULL_REQUEST_WALK
from ingest.github.routes import ROUTES
from ingest.github.rules import (
    branch_protection_pages,
    environment_pages,
    release_pages,
    rule_file_pages,
    rule_suite_pages,
    ruleset_pages,
)
from ingest.github.walk import PageSize, walk_pages
from ingest.http_errors import NotFoundError
from ingest.source import Connection, Connector, Position, Surroundings, Task
from ingest.store import RawStore
from ingest.store_records import Page
from models.errors import ConfigurationError
from models.settings import SourceSettings

_AT_ONCE = 50


def connect(settings: SourceSettings, surroundings: Surroundings) -> Connection:
    """Ask GitHub who we are and what has moved; the tasks read what has.

    Raises:
        ConfigurationError: No repository is named, or the credential's settings do not fit together.
        SourceError: GitHub refuses or cannot be reached.
    """
    if not settings.repositories:
        raise ConfigurationError(
            "The source names no repository.",
            where=f"source {settings.name}",
            next_step='add repositories = ["owner/name"], or "owner/*" for all of an owner',
        )
    at = endpoints(settings.base_url)
    credential = credential_for(settings, at, surroundings)
    client = surroundings.client(at.base_url, credential, HEADERS)
    github = GitHub(client, at)
    repositories = _named(github, settings.repositories)
    polled, answer = _poll(github, repositories)
    principal = ((answer.body["data"].get("viewer") or {}).get("login")) if answer else None
    scopes = answer.headers.get("x-oauth-scopes") if answer else None
    if isinstance(credential, AppInstallation):
        principal = principal or f"app {credential.app_id}, installation {credential.installation_id}"
        scopes = credential.permissions
    tasks = _tasks(github, settings.name, surroundings, repositories, polled)
    count = partial(expected, github, surroundings.store, settings.name, polled)
    return Connection(client, tasks, principal, scopes, count, permissions(github, polled))


def _named(github: GitHub, patterns: Sequence[str]) -> list[str]:
    """Return the repositories named in the settings, ``owner/*`` replaced by what the owner has."""
    found: list[str] = []
    for pattern in patterns:
        owner, _, name = pattern.partition("/")
        if not owner or not name:
            raise ConfigurationError(
                f"'{pattern}' is no repository; write owner/name or owner/*.",
                where="repositories of the source in twotrack.toml",
                next_step="correct it there and run again",
            )
        found += _owned(github, owner) if name == "*" else [pattern]
    return list(dict.fromkeys(found))


def _owned(github: GitHub, owner: str) -> list[str]:
    names: list[str] = []
    after = None
    while True:
        data = github.ask("owned", OWNED, {"login": owner, "after": after}).body["data"]
        if data["repositoryOwner"] is None:
            raise NotFoundError(
                f"GitHub has no owner called {owner}, or hides it from this credential.",
                where=f"{owner}/*",
                next_step="check the owner's name in repositories, and that the token or app may see it",
            )
        connection = data["repositoryOwner"]["repositories"]
        names += [str(node["nameWithOwner"]) for node in connection["nodes"] if node]
        if not connection["pageInfo"]["hasNextPage"]:
            return names
        after = connection["pageInfo"]["endCursor"]


def _poll(github: GitHub, repositories: Sequence[str]) -> tuple[dict[str, Mapping[str, Any]], Response | None]:
    """Return what GitHub says of each repository now; those it will not tell of are missing."""
    polled: dict[str, Mapping[str, Any]] = {}
    response: Response | None = None
    left, size = list(repositories), PageSize(_AT_ONCE)
    while left:

        def request(count: int, attempts: int | None, wanted: Sequence[str] = left) -> Response:
            query, variables = poll_query(wanted[:count])
            return github.ask("repositories", query, variables, attempts=attempts, is_partial_fine=True)

        response = size.ask(github, request)
        answered = len(response.request["variables"]) // 2
        for position, repository in enumerate(left[:answered]):
            if found := response.body["data"].get(f"r{position}"):
                polled[repository] = found
        left = left[answered:]
    return polled, response


def _tasks(
    github: GitHub,
    source: str,
    surroundings: Surroundings,
    repositories: Sequence[str],
    polled: Mapping[str, Mapping[str, Any]],
) -> Iterator[Task]:
    store, now = surroundings.store, github.client.clock.now()
    with_open_runs = repositories_with_open_runs(store, source, now)
    with_pending = repositories_with_pending(store, source, now)
    marks = store.watermarks(source, stream("repositories"))
    for asked in repositories:
        if asked not in polled:
            yield Task(stream("repositories"), asked, partial(_missing, asked))
            continue
        found = polled[asked]
        # A renamed repository still answers to its old name; keys must be those of today.
        repository = str(found["nameWithOwner"])
        fingerprint = _fingerprint(found)
        if marks.get(repository) != fingerprint or surroundings.since:
            yield from _all_of(github, store, source, repository, found)
            yield Task(
                stream("repositories"),
                repository,
                partial(_seen, github, repository, found, fingerprint),
                needs_clean_scope=True,
            )
            continue
        if repository in with_open_runs:
            yield from _runs_of(github, store, source, repository, found)
        if repository in with_pending:
            yield _deployments_of(github, store, source, repository)


def _all_of(github: GitHub, store: RawStore, source: str, repository: str, found: Mapping[str, Any]) -> Iterator[Task]:
    yield Task(stream("pull_requests"), repository, partial(walk_pages, github, PULL_REQUEST_WALK, repository))
    yield Task(stream("issues"), repository, partial(walk_pages, github, ISSUE_WALK, repository))
    yield _deployments_of(github, store, source, repository)
    yield from _runs_of(github, store, source, repository, found)
    yield Task(stream("releases"), repository, partial(release_pages, github, repository))
    yield Task(stream("environments"), repository, partial(environment_pages, github, repository), is_optional=True)
    yield Task(
        stream("rulesets"), repository, partial(ruleset_pages, github, store, source, repository), is_optional=True
    )
    yield Task(
        stream("branch_protections"), repository, partial(branch_protection_pages, github, repository), is_optional=True
    )
    yield Task(stream("rule_suites"), repository, partial(rule_suite_pages, github, repository), is_optional=True)
    yield Task(stream("rule_files"), repository, partial(rule_file_pages, github, repository))


def _deployments_of(github: GitHub, store: RawStore, source: str, repository: str) -> Task:
    return Task(stream("deployments"), repository, partial(deployment_pages, github, store, source, repository))


def _runs_of(github: GitHub, store: RawStore, source: str, repository: str, found: Mapping[str, Any]) -> Iterator[Task]:
    created_at = datetime.fromisoformat(str(found["createdAt"]))
    pages = partial(run_pages, github, store, source, repository, created_at)
    # Servers without Actions answer 404.
    yield Task(stream("workflow_runs"), repository, pages, is_optional=True)
    yield Task(stream("workflow_jobs"), repository, partial(run_detail_pages, github, store, source, repository))


def _seen(
    github: GitHub, repository: str, found: Mapping[str, Any], fingerprint: str, position: Position
) -> Iterator[Page]:
    """Yield the repository itself, with the mark that nothing moved since; only after all else of it was read."""
    yield Page(
        stream("repositories"),
        [repository_record(found)],
        scope=repository,
        request_url=github.client.base_url + github.at.graphql + "#repositories",
        requests=github.client.take_requests(),
        watermark=fingerprint,
        is_last=True,
    )


def _missing(asked: str, position: Position) -> NoReturn:
    """Fail: GitHub told nothing of a repository that the settings name."""
    raise NotFoundError(
        "GitHub has no such repository, or hides it from this credential.",
        where=asked,
        next_step="check its name, and that the token or app may read it",
    )


def _fingerprint(found: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(found, option=orjson.OPT_SORT_KEYS)).hexdigest()


GITHUB = Connector("github", ROUTES, connect)
