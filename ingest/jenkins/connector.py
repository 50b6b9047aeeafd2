"""Reading Jenkins: which jobs there are, their builds, and the stages of builds that may deploy.

Owns the connection, its tasks and which builds are asked about further. Refuses to know what an answer holds
(``jenkins.parse``) and how builds are paged (``jenkins.builds``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial

from ingest.connector import Response
from ingest.credentials import Anonymous, Credential, basic, bearer
from ingest.followups import Due, due, follow_up
from ingest.http import Client
from ingest.http_errors import NotFoundError
from ingest.items import text_at
from ingest.jenkins.builds import PAGE_SIZE, Job, address, build_pages, jobs_below
from ingest.jenkins.parse import BUILDS, STAGES, parse_stages, routes
from ingest.secrets import resolve
from ingest.source import Connection, Connector, Expected, Permission, Position, Surroundings, Task
from ingest.store import RawStore
from ingest.store_records import Page
from models.errors import ConfigurationError, SourceError
from models.settings import SourceSettings

# A pipeline build may have deployed when it was given an environment, or when its job is called so: a word that says
# it, or a branch whose pipeline commonly ends in a deployment. Only such builds cost a request of their own.
_DEPLOYING_JOB = (
    r"(?i)(?:^|[^a-z])(?:deploy\w*|release\w*|promot\w*|rollout|rollback|ship|publish|prod\w*|staging)(?:[^a-z]|$)"
    r"|(?:^|/)(?:main|master|trunk|default|release[-/%]\S*)$|部署|发布|上线"
)
_MAY_DEPLOY = """
    ends_with(payload ->> '$._class', 'WorkflowRun')
    and ((payload ->> '$.twotrack.environment') is not null or regexp_matches(payload ->> '$.twotrack.job', $deploying))
"""


def connect(source: SourceSettings, surroundings: Surroundings) -> Connection:
    """Ask Jenkins who we are.

    Raises:
        ConfigurationError: The settings lack the address.
        SourceError: Jenkins does not answer or refuses the credential.
    """
    if not source.base_url:
        raise ConfigurationError(
            f"The source {source.name} has no base_url.",
            where=f"source '{source.name}'",
            next_step='add base_url = "https://your-jenkins-server" to it',
        )
    client = surroundings.client(source.base_url, _credential(source))
    principal = _principal(client)
    found = cache(partial(_jobs, source, client))
    return Connection(
        client,
        _tasks(source, client, surroundings, found),
        principal,
        expected=lambda: _expected(source.name, surroundings.store, found()),
        permissions=[
            Permission("Overall/Read and Job/Read", "builds, their stages and who answered an input step",
                       partial(_listed, found), is_needed=True)
        ],
    )  # fmt: skip


def _credential(source: SourceSettings) -> Credential:
    if source.token is None:
        return Anonymous()
    read = partial(resolve, source.token)
    return basic(source.user, read) if source.user else bearer(read)


def _principal(client: Client) -> str | None:
    try:
        return text_at(client.get("/whoAmI/api/json", {"tree": "name,authenticated"}).body, "name")
    except NotFoundError:
        return None


Found = Sequence[tuple[str, Sequence[Job] | SourceError]]


def _jobs(source: SourceSettings, client: Client) -> Found:
    """Return the jobs below each configured root; a root that cannot be listed fails by itself, the others go on."""
    found: list[tuple[str, Sequence[Job] | SourceError]] = []
    for root in source.jobs or ("",):
        try:
            found.append((root, list(jobs_below(client, root))))
        except SourceError as error:
            found.append((root, error))
    return found


def _listed(found: Callable[[], Found]) -> None:
    """Raise the first refusal to list jobs."""
    for _, jobs in found():
        if isinstance(jobs, SourceError):
            raise jobs


def _expected(source: str, store: RawStore, found: Found) -> list[Expected]:
    """Return what the first reading of each job will bring; numbers count the builds that were deleted, too."""
    seen = store.watermarks(source, BUILDS)
    jobs = [job for _, jobs in found if not isinstance(jobs, SourceError) for job in jobs]
    return [
        Expected(BUILDS, job.name, job.last, math.ceil(job.last / PAGE_SIZE))
        for job in jobs
        if job.last and job.name not in seen
    ]


def _tasks(
    source: SourceSettings, client: Client, surroundings: Surroundings, found: Callable[[], Found]
) -> Iterable[Task]:
    store = surroundings.store
    for root, jobs in found():
        if isinstance(jobs, SourceError):
            yield Task(BUILDS, root, partial(_fail, jobs))
            continue
        for job in jobs:
            mark, cursor = store.watermark(source.name, BUILDS, job.name)
            if job.is_known(mark) and cursor is None and surroundings.since is None:
                continue
            yield Task(BUILDS, job.name, partial(build_pages, client, job))
    yield Task(STAGES, "", partial(_stage_pages, source.name, client, store))


def _fail(error: SourceError, position: Position) -> Iterator[Page]:
    raise error
    yield  # pragma: no cover - makes this the generator that a task expects


def _stage_pages(name: str, client: Client, store: RawStore, position: Position) -> Iterator[Page]:
    """Yield the stages of builds that may deploy and are new or changed."""
    mark = None if position.since else position.watermark
    builds = due(store, name, BUILDS, mark, where=_MAY_DEPLOY, values={"deploying": _DEPLOYING_JOB})

    def ask(build: Due) -> list[Response]:
        job, _, number = build.key.rpartition("#")
        return [client.get(f"{address(job)}/{number}/wfapi/describe")]

    return follow_up(client, STAGES, "", builds, ask, parse_stages, mark=position.watermark)


CONNECTOR = Connector("jenkins", routes(), connect)
