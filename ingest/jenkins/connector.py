"""Reading Jenkins: which jobs there are, their builds, and the stages of builds that may deploy.

Owns the connection, its tasks and which builds are asked about further. Refuses to know what an answer holds
(``jenkins.parse``) and how builds are paged (``jenkins.builds``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from ingest.connector import Response
from ingest.credentials import Anonymous, Credential, basic, bearer
from ingest.followups import Due, due, follow_up
from ingest.http import Client
from ingest.http_errors import NotFoundError
from ingest.items import text_at
from ingest.jenkins.builds import address, build_pages, jobs_below
from ingest.jenkins.parse import BUILDS, STAGES, parse_stages, routes
from ingest.secrets import resolve
from ingest.source import Connection, Connector, Position, Surroundings, Task
from ingest.store import Page, RawStore
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
    return Connection(client, _tasks(source, client, surroundings), _principal(client))


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


def _tasks(source: SourceSettings, client: Client, surroundings: Surroundings) -> Iterable[Task]:
    store = surroundings.store
    for root in source.jobs or ("",):
        # A root that cannot be listed fails by itself; the others go on.
        try:
            jobs = list(jobs_below(client, root))
        except SourceError as error:
            yield Task(BUILDS, root, partial(_fail, error))
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
