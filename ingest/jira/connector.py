"""Reading Jira Cloud and Jira Data Center: what is asked for, in which order, and who we are there.

Owns the connection and its tasks. Refuses to know what an answer holds (``jira.parse``), how issues are searched
(``jira.search``) and what has to be asked for afterwards (``jira.followups``).

One search covers all configured projects, so that an idle poll is four requests. The scope of its watermark names
those projects: a project added later is read from the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial

from ingest.items import text_at
from ingest.jira.auth import ServiceAccount, credential_for
from ingest.jira.fields import FieldCatalogues, login_of
from ingest.jira.followups import (
    BULK_ISSUES,
    approval_pages,
    bulk_changelog_pages,
    comment_pages,
    cut_changelog_pages,
)
from ingest.jira.parse import (
    APPROVALS,
    CHANGELOG,
    COMMENTS,
    FIELDS,
    ISSUES,
    STATUSES,
    parse_fields,
    parse_statuses,
    routes,
)
from ingest.jira.search import PAGE_SIZE, Jira, account_zone, count_issues, issue_pages, source_time
from ingest.pages import page
from ingest.source import Connection, Connector, Expected, Permission, Position, Surroundings, Task
from ingest.store_records import Page
from models.errors import ConfigurationError
from models.settings import SourceSettings

EVERYTHING = "*"


def connect(source: SourceSettings, surroundings: Surroundings) -> Connection:
    """Ask Jira who we are and in which time zone it will read our searches.

    Raises:
        ConfigurationError: The settings lack the address.
        SourceError: Jira does not answer or refuses the credential.
    """
    if not source.base_url:
        raise ConfigurationError(
            f"The source {source.name} has no base_url.",
            where=f"source '{source.name}'",
            next_step='add base_url = "https://your-site.atlassian.net" (or your server\'s address) to it',
        )
    # Approvals are marked experimental on Data Center and are refused without this header.
    credential = credential_for(source, surroundings)
    client = surroundings.client(source.base_url, credential, {"X-ExperimentalApi": "opt-in"})
    version = "3" if source.deployment == "cloud" else "2"
    myself = client.get(f"/rest/api/{version}/myself")
    zone, is_zone_known = account_zone(myself.body)
    jira = Jira(
        name=source.name,
        client=client,
        store=surroundings.store,
        version=version,
        projects=tuple(sorted(source.projects)),
        scope=",".join(sorted(source.projects)) or EVERYTHING,
        zone=zone,
        is_zone_known=is_zone_known,
        now=source_time(myself),
        catalogues=FieldCatalogues(),
    )
    principal = text_at(myself.body, "displayName") or login_of(myself.body)
    scopes = credential.scopes if isinstance(credential, ServiceAccount) else None
    return Connection(client, _tasks(jira), principal, scopes, partial(_expected, jira), _permissions(jira))


def _expected(jira: Jira) -> list[Expected]:
    """Return how many issues a first reading will bring."""
    watermark, _ = jira.store.watermark(jira.name, ISSUES, jira.scope)
    if watermark is not None:
        return []
    issues = count_issues(jira)
    pages = math.ceil(issues / PAGE_SIZE)
    found = [Expected(ISSUES, jira.scope, issues, pages)]
    return [*found, Expected(CHANGELOG, jira.scope, 0, math.ceil(issues / BULK_ISSUES))] if jira.is_cloud else found


def _permissions(jira: Jira) -> list[Permission]:
    """Return what the account should be allowed to read; a project that it may not is named."""
    search = partial(count_issues, jira)
    service = partial(jira.client.get, "/rest/servicedeskapi/servicedesk", {"limit": 1})
    browsing = [
        Permission(f"browse project {project}", "its issues, their history and comments",
                   partial(jira.client.get, jira.api(f"project/{project}")), is_needed=True)
        for project in jira.projects
    ]  # fmt: skip
    return [
        *browsing,
        Permission("search issues (scope read:jira-work)", "issues and everything on them", search, is_needed=True),
        Permission("access to service projects (scope read:servicedesk-request)", "who approved a change, and when",
                   service),
    ]  # fmt: skip


def _tasks(jira: Jira) -> Iterable[Task]:
    yield Task(FIELDS, jira.scope, partial(_fields, jira))
    yield Task(STATUSES, jira.scope, partial(_statuses, jira), is_optional=True)
    # Without the field list an issue's own fields would be read as unknown and stored so.
    yield Task(ISSUES, jira.scope, partial(issue_pages, jira), needs_clean_scope=True)
    if jira.is_cloud:
        yield Task(CHANGELOG, jira.scope, partial(bulk_changelog_pages, jira))
    else:
        yield Task(CHANGELOG, jira.scope, partial(cut_changelog_pages, jira), is_optional=True)
    yield Task(COMMENTS, jira.scope, partial(comment_pages, jira))
    yield Task(APPROVALS, jira.scope, partial(approval_pages, jira), is_optional=True)


def _fields(jira: Jira, position: Position) -> Iterator[Page]:
    response = jira.client.get(jira.api("field"))
    yield page(jira.client, response, parse_fields(jira.catalogues, response), jira.scope, is_last=True)


def _statuses(jira: Jira, position: Position) -> Iterator[Page]:
    response = jira.client.get(jira.api("status"))
    yield page(jira.client, response, parse_statuses(response), jira.scope, is_last=True)


CONNECTOR = Connector("jira", routes(), connect)
