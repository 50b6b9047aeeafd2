"""The demo: a seeded, invented organisation whose records go the way of real ones.

Owns what is generated in which order and handed to the store. Every payload goes through the route that would parse it
from the network, or through the file import, and then ``write_page``; behind the store nobody knows that it is a demo,
except by the workspace's kind in ``demo.settings``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from ingest.collector import without_collector
from ingest.connector import Response, Route, route_for
from ingest.demo import files, github, github_delivery, github_rules, jenkins, jira
from ingest.demo.calendar import iso
from ingest.demo.chance import Chance
from ingest.demo.failures import outside_causes
from ingest.demo.model import Story
from ingest.demo.organisation import load_organisation
from ingest.demo.settings import demo_settings as _settings
from ingest.demo.teams import TEAMS
from ingest.demo.windows import plan_windows
from ingest.github import routes as github_routes
from ingest.jenkins import parse as jenkins_parse
from ingest.jira import parse as jira_parse
from ingest.progress import Progress, Report, silent
from ingest.store import RawStore
from ingest.store_records import Page, RawRecord, Rejected, Run
from models.errors import InputError
from models.streams import Stream

DEFAULT_SEED = 20260504
DEFAULT_AS_OF = datetime(2026, 10, 1, 6, tzinfo=UTC)
_BATCH = 30_000


@dataclass
class DemoSummary:
    """What was generated: the seed and end that reproduce it, and records received and set aside per stream."""

    seed: int
    as_of: datetime
    streams: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def records(self) -> int:
        """Records received over all streams."""
        return sum(self.streams.values())


def demo_settings(as_of: datetime = DEFAULT_AS_OF) -> str:
    """Return the text of the demo workspace's ``twotrack.toml``."""
    return _settings(load_organisation(_aware(as_of)))


def generate(
    store: RawStore, seed: int = DEFAULT_SEED, as_of: datetime = DEFAULT_AS_OF, progress: Report = silent
) -> DemoSummary:
    """Write the demo's records into a raw store.

    Args:
        store: Open for writing, under the workspace's writer lock.
        seed: The same seed gives the same payloads.
        as_of: End of the demo; eighteen months before it are told. Naive means UTC.
        progress: Called after every batch.

    Raises:
        InputError: A payload has no route, or the demo's rules are missing.
    """
    began = monotonic()
    summary = DemoSummary(seed, _aware(as_of))
    with without_collector():
        story = tell(seed, as_of)
        for source, routes, answers in _sources(story):
            _feed(store, source, routes, answers, summary, progress, began)
        for stream, received, rejected in files.import_files(store, story):
            summary.streams[stream] = summary.streams.get(stream, 0) + received
            if rejected:
                summary.rejected[stream] = summary.rejected.get(stream, 0) + rejected
    summary.seconds = monotonic() - began
    progress(Progress("demo", records=summary.records, seconds=summary.seconds, notice=f"seed {seed}"))
    return summary


def tell(seed: int = DEFAULT_SEED, as_of: datetime = DEFAULT_AS_OF) -> Story:
    """Return everything that happens in the demo, before any source writes it down."""
    organisation = load_organisation(_aware(as_of))
    story = Story(organisation, seed)
    for name, live in TEAMS.items():
        team = organisation.teams[name]
        for service in team.services:
            live(story, team, service, Chance(seed, service.name))
    outside_causes(story, Chance(seed, "outside"))
    plan_windows(story, Chance(seed, "windows"))
    github.number_pull_requests(story)
    github_delivery.number_deployments(story)
    jira.number_tickets(story)
    return story


def responses(story: Story) -> Iterator[tuple[str, Route, Response]]:
    """Yield every answer with the source it comes from and the route that parses it, in the order they are read."""
    for source, routes, answers in _sources(story):
        for answer in answers:
            yield source, _route(routes, answer), answer


def _sources(story: Story) -> list[tuple[str, Sequence[Route], Iterable[Response]]]:
    return [
        (
            "github",
            github_routes.ROUTES,
            _chained(
                story,
                (
                    github.repository_responses,
                    github.pull_request_responses,
                    github_delivery.deployment_responses,
                    github_delivery.run_responses,
                    github_delivery.scan_responses,
                    github_delivery.job_responses,
                    github_delivery.approval_responses,
                    github_delivery.release_responses,
                    github_rules.rule_responses,
                    github_rules.rule_suite_responses,
                ),
            ),
        ),
        (
            "jira",
            jira_parse.routes(),
            _chained(
                story,
                (
                    jira.field_responses,
                    jira.user_responses,
                    jira.issue_responses,
                    jira.changelog_responses,
                    jira.approval_responses,
                ),
            ),
        ),
        (
            "jenkins",
            jenkins_parse.routes(),
            _chained(
                story,
                (
                    jenkins.build_responses,
                    jenkins.stage_responses,
                ),
            ),
        ),
    ]


def _chained(story: Story, writers: Sequence[Callable[[Story], Iterable[Response]]]) -> Iterator[Response]:
    for writer in writers:
        yield from writer(story)


def _route(routes: Sequence[Route], answer: Response) -> Route:
    route = route_for(routes, answer.url)
    if route is None:
        raise InputError(
            "No connector understands a payload of the demo.",
            where=answer.url,
            kept="what was generated so far",
            next_step="install Twotrack again; if it happens again, run with --debug and report it",
        )
    return route


@dataclass
class _Batch:
    """Answers of one stream written together, whatever their scope; a page of the network would be much smaller."""

    url: str
    stream: Stream
    requests: int = 0
    reported: int | None = None
    records: list[RawRecord] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def _feed(
    store: RawStore,
    source: str,
    routes: Sequence[Route],
    answers: Iterable[Response],
    summary: DemoSummary,
    progress: Report,
    began: float,
) -> None:
    """Parse a source's answers and store them, in batches per stream."""
    run = store.begin_run(source, source, f"demo, seed {summary.seed}", principal="demo generator")
    batch: _Batch | None = None
    reported: dict[Stream, int] = {}
    for answer in answers:
        parsed = _route(routes, answer).parse(answer)
        if batch is None or parsed.stream != batch.stream or len(batch.records) > _BATCH:
            _write(store, run, batch, summary, progress, began)
            batch = _Batch(answer.url, parsed.stream)
        batch.requests += 1
        batch.records += parsed.records
        batch.rejected += parsed.rejected
        if parsed.reported is not None:
            # The log keeps a stream's last count, and a stream may take several batches.
            batch.reported = reported[parsed.stream] = reported.get(parsed.stream, 0) + parsed.reported
    _write(store, run, batch, summary, progress, began)
    store.finish_run(run)


def _write(
    store: RawStore, run: Run, batch: _Batch | None, summary: DemoSummary, progress: Report, began: float
) -> None:
    if batch is None:
        return
    page = Page(
        stream=batch.stream,
        records=batch.records,
        rejected=batch.rejected,
        request_url=batch.url,
        fetched_at=summary.as_of,
        requests=batch.requests,
        reported=batch.reported,
        watermark=iso(int(summary.as_of.timestamp())),
        is_last=True,
    )
    store.write_page(run, page)
    for record in batch.records:
        name = str(record.stream)
        summary.streams[name] = summary.streams.get(name, 0) + 1
    for entry in batch.rejected:
        summary.rejected[str(entry.stream)] = summary.rejected.get(str(entry.stream), 0) + 1
    progress(Progress(run.source, str(batch.stream), records=summary.records, seconds=monotonic() - began))


def _aware(as_of: datetime) -> datetime:
    return as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
