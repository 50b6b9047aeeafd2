"""Reading what is new from every configured source into the raw store.

Owns the order of sources and tasks, what happens when one fails (the others go on), and the run log. Refuses to know
any source (``ingest.source``) and how a page is stored (``ingest.store``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from ingest.forecast import Forecast, forecast
from ingest.http_errors import NO_SOURCE, ForbiddenError, NotFoundError
from ingest.items import misshapen
from ingest.progress import Progress, Report, silent
from ingest.source import Connection, Connector, Position, Surroundings, Task
from ingest.store import RawStore
from ingest.store_records import Run
from models.errors import ConfigurationError, SourceError, UserError
from models.nearest import choices
from models.settings import SourceSettings

log = logging.getLogger(__name__)
Announce = Callable[[Forecast], None]

# What taking apart an answer of a shape nobody expected raises; it must end that stream and nothing else.
_UNEXPECTED_SHAPE = (LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True)
class TaskOutcome:
    """How the reading of one stream of one scope went; ``is_failure`` is false for a refusal of something optional."""

    stream: str
    scope: str
    received: int = 0
    stored: int = 0
    unchanged: int = 0
    rejected: int = 0
    pages: int = 0
    requests: int = 0
    error: UserError | None = None
    is_failure: bool = False


@dataclass(frozen=True)
class SourceOutcome:
    """How the reading of one source went; ``error`` says why it could not even begin."""

    source: str
    run_id: str
    seconds: float
    requests: int = 0
    tasks: Sequence[TaskOutcome] = ()
    error: UserError | None = None

    @property
    def failures(self) -> list[UserError]:
        """Everything that ended early and should not have."""
        own = [self.error] if self.error else []
        return own + [task.error for task in self.tasks if task.error and task.is_failure]

    def total(self, name: str) -> int:
        """Return the sum of a count over all tasks: received, stored, unchanged, rejected or pages."""
        return sum(int(getattr(task, name)) for task in self.tasks)


@dataclass
class _Progressing:
    """A run under way, and how to tell about it."""

    store: RawStore
    run: Run
    connection: Connection
    report: Report
    began: float
    failed_scopes: set[str] = field(default_factory=set)
    expected_requests: int | None = None

    def tell(self, task: Task) -> None:
        client = self.connection.client
        self.report(
            Progress(
                self.run.source,
                str(task.stream),
                task.scope,
                self.run.counts["received"],
                client.requests,
                monotonic() - self.began,
                {name: budget.remaining for name, budget in client.budgets.items()},
                expected_requests=self.expected_requests,
            )
        )


def chosen_sources(sources: Sequence[SourceSettings], names: Sequence[str]) -> list[SourceSettings]:
    """Return the sources called ``names``, or all of them when no name is given.

    Raises:
        ConfigurationError: There is no source of that name, or none at all.
    """
    known = {source.name: source for source in sources}
    if not known:
        raise ConfigurationError(
            "No source is configured.",
            where="source in twotrack.toml",
            next_step="twotrack init adds a [[source]]; twotrack --home FOLDER demo shows example data instead",
        )
    if unknown := [name for name in names if name not in known]:
        raise ConfigurationError(
            f"There is no source called {', '.join(unknown)}.",
            where="source in twotrack.toml",
            next_step=f"choose one of: {choices(unknown[0], known)}; or leave it out to sync all",
        )
    return [known[name] for name in names] or list(sources)


def sync(
    sources: Sequence[SourceSettings],
    connectors: Mapping[str, Connector],
    surroundings: Surroundings,
    *,
    command: str = "twotrack sync",
    report: Report = silent,
    announce: Announce | None = None,
) -> list[SourceOutcome]:
    """Read every source in turn; whatever fails is recorded on the run log and in the outcome, and the rest goes on.

    Args:
        sources: What to read.
        connectors: By source type.
        surroundings: The store, open for writing under the workspace's writer lock, and the rest.
        command: Logged with the run; holds no secret.
        report: Called after every stored page, and with a notice whenever a source makes us wait.
        announce: Told how long a first reading will take, before it begins; costs a few requests.
    """
    return [
        _sync_source(source, connectors[source.type], surroundings, command, report, announce) for source in sources
    ]


def forecasts(
    sources: Sequence[SourceSettings], connectors: Mapping[str, Connector], surroundings: Surroundings
) -> list[tuple[str, Forecast | UserError | None]]:
    """Return for each source how long its first reading will take, without reading; ``None`` where all was read."""
    found: list[tuple[str, Forecast | UserError | None]] = []
    for source in sources:
        try:
            connection = connected(connectors[source.type], source, surroundings)
            try:
                found.append((source.name, forecast(connection, surroundings.store, source.name)))
            finally:
                connection.client.close()
        except UserError as error:
            found.append((source.name, error))
    return found


def _sync_source(
    source: SourceSettings,
    connector: Connector,
    surroundings: Surroundings,
    command: str,
    report: Report,
    announce: Announce | None,
) -> SourceOutcome:
    store, began = surroundings.store, monotonic()
    with_notice = replace(
        surroundings, notice=surroundings.notice or (lambda text: report(Progress(source.name, notice=text)))
    )
    try:
        connection = connected(connector, source, with_notice)
    except UserError as error:
        run = store.begin_run(source.name, source.type, command)
        store.finish_run(run, error=error.what)
        return SourceOutcome(source.name, run.run_id, monotonic() - began, error=error)
    run = store.begin_run(source.name, source.type, command, principal=connection.principal, scopes=connection.scopes)
    under_way = _Progressing(store, run, connection, report, began)
    if announce:
        under_way.expected_requests = _announced(connection, store, source.name, announce)
    outcomes: list[TaskOutcome] = []
    failure: UserError | None = None
    try:
        for task in connection.tasks:
            if task.needs_clean_scope and task.scope in under_way.failed_scopes:
                continue
            outcomes.append(_run_task(under_way, task, surroundings))
    except UserError as error:  # from the choice of tasks itself
        failure = error
    except KeyboardInterrupt:
        store.finish_run(run, error="stopped as asked", status="interrupted")
        raise
    finally:
        connection.client.close()
    outcome = SourceOutcome(
        source.name, run.run_id, monotonic() - began, connection.client.requests, tuple(outcomes), failure
    )
    store.finish_run(run, error="; ".join(dict.fromkeys(error.what for error in outcome.failures)) or None)
    return outcome


def _announced(connection: Connection, store: RawStore, source: str, announce: Announce) -> int | None:
    """Tell how long a first reading will take and return its requests; not to know it stops nothing."""
    try:
        found = forecast(connection, store, source)
    except SourceError as error:
        log.info("%s cannot say how much there is: %s", source, error.what)
        return None
    except _UNEXPECTED_SHAPE:
        log.debug("unexpected answer when counting %s", source, exc_info=True)
        return None
    if found is None:
        return None
    announce(found)
    return found.requests + connection.client.requests


def connected(connector: Connector, source: SourceSettings, surroundings: Surroundings) -> Connection:
    """Connect to a source; raises ``UserError``, also where its first answer has an unexpected shape."""
    try:
        return connector.connect(source, surroundings)
    except _UNEXPECTED_SHAPE as raised:
        log.debug("unexpected answer while connecting to %s", source.name, exc_info=True)
        # Its text is left out: nothing is known yet that could clean it of secrets.
        raise SourceError(
            "The source's first answer has an unexpected shape: "
            f"{'a part of it is missing' if isinstance(raised, LookupError) else 'a value is of another kind'}.",
            where=f"source {source.name}",
            next_step=NO_SOURCE,
        ) from None


def _run_task(under_way: _Progressing, task: Task, surroundings: Surroundings) -> TaskOutcome:
    store, run, client = under_way.store, under_way.run, under_way.connection.client
    watermark, cursor = store.watermark(run.source, task.stream, task.scope)
    counts = dict.fromkeys(("received", "stored", "unchanged", "rejected"), 0)
    pages, before = 0, client.requests
    error: UserError | None = None
    try:
        for page in task.pages(Position(watermark, cursor, surroundings.since)):
            for name, count in store.write_page(run, page).items():
                counts[name] += count
            pages += 1
            under_way.tell(task)
    except UserError as raised:
        error = raised
    except _UNEXPECTED_SHAPE as raised:
        log.debug("unexpected answer in %s of %s", task.stream, task.scope, exc_info=True)
        error = SourceError(
            f"The source's answer has an unexpected shape: {client.scrub.text(misshapen(raised))}.",
            where=f"{run.source}, {task.stream}, {task.scope}",
            kept="everything read before is stored",
            next_step="run with --debug and report the shape",
        )
    is_failure = error is not None and not (task.is_optional and isinstance(error, ForbiddenError | NotFoundError))
    if error is not None:
        error.where = error.where or f"{run.source}, {task.stream}, {task.scope}"
        store.fail_stream(run, task.stream, task.scope, client.scrub.text(error.what))
        if is_failure:
            under_way.failed_scopes.add(task.scope)
    return TaskOutcome(
        str(task.stream), task.scope, **counts, pages=pages, requests=client.requests - before, error=error,
        is_failure=is_failure,
    )  # fmt: skip
