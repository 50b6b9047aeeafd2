"""Reading GitHub Actions: workflow runs, and the jobs and environment approvals of the workflows that deploy.

Owns how runs are found although GitHub shows no more than a thousand per question, and which workflows deploy. Jobs
and approvals are asked for a hundred runs at a time through GraphQL; REST would take a request for each run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from ingest.connector import Parsed, Response
from ingest.github.api import GitHub
from ingest.github.delivery import parse_approvals, parse_jobs, parse_run, parse_run_details, parse_runs
from ingest.github.graphql import RUN_DETAILS
from ingest.github.keys import stream
from ingest.github.walk import PageSize, iso
from ingest.http_errors import NotFoundError
from ingest.pages import page
from ingest.source import Position
from ingest.store import RawStore
from ingest.store_records import Page

_PER_PAGE = 100
_CAP = 1000  # GitHub shows this many results of a filtered list and no more
_AIMED_AT = 600  # per window: runs are not spread evenly, so leave room under the cap
_OVERLAP = timedelta(hours=1)
_OPEN_FOR = timedelta(days=40)  # GitHub itself ends a run after 35 days
_SECOND = timedelta(seconds=1)

DEPLOYING_NAMES = "deploy|release|roll.?out|roll.?back|promote|publish"


@dataclass(frozen=True)
class _Window:
    """Runs created from ``first`` to ``last``, both included, to the second; ``page`` is the next to ask for."""

    first: datetime
    last: datetime
    page: int = 1

    def split(self, total: int) -> list[_Window]:
        """Return windows that should each hold comfortably fewer than the cap."""
        parts = total // _AIMED_AT + 1
        step = max(_SECOND, (self.last - self.first) / parts)
        windows: list[_Window] = []
        first = self.first
        while first <= self.last:
            last = min(self.last, (first + step).replace(microsecond=0))
            windows.append(_Window(first, last))
            first = last + _SECOND
        return windows

    def cursor(self) -> str:
        return orjson.dumps({"first": iso(self.first), "last": iso(self.last), "page": self.page}).decode()


def run_pages(
    github: GitHub, store: RawStore, source: str, repository: str, created_at: datetime, position: Position
) -> Iterator[Page]:
    """Yield the runs created since the last reading, oldest windows first, then those that were still open."""
    now = github.client.clock.now().astimezone(UTC).replace(microsecond=0)
    windows = _windows(position, created_at, now)
    begun = windows[0].first
    while windows:
        window = windows.pop(0)
        response = _ask_runs(github, repository, window)
        total = int(response.body["total_count"])
        if total > _CAP and window.last > window.first and window.page == 1:
            windows = window.split(total) + windows
            continue
        pages = -(-min(total, _CAP) // _PER_PAGE)
        is_done = window.page >= pages
        yield page(
            github.client,
            response,
            # What GitHub counts is one window's runs, not those of the reading.
            replace(parse_runs(response), reported=None),
            repository,
            # The mark moves with every finished window, so that a kill costs no more than the window under way.
            watermark=iso(window.last) if is_done else None,
            cursor=None if is_done else _Window(window.first, window.last, window.page + 1).cursor(),
            window=(begun, now),
            is_last=is_done and not windows,
        )
        if not is_done:
            windows.insert(0, _Window(window.first, window.last, window.page + 1))
    for number in open_runs(store, source, repository, begun, now):
        yield _one_run(github, repository, number)


def _windows(position: Position, created_at: datetime, now: datetime) -> list[_Window]:
    if position.cursor and not position.since:
        left = orjson.loads(position.cursor)
        window = _Window(datetime.fromisoformat(left["first"]), datetime.fromisoformat(left["last"]), left["page"])
        rest = [_Window(window.last + _SECOND, now)] if window.last < now else []
        return [window, *rest]
    first = created_at
    if position.since:
        first = position.since.astimezone(UTC)
    elif position.watermark:
        first = datetime.fromisoformat(position.watermark) - _OVERLAP
    return [_Window(min(first.replace(microsecond=0), now), now)]


def _ask_runs(github: GitHub, repository: str, window: _Window) -> Response:
    created = f"{iso(window.first)}..{iso(window.last)}"
    query = {"created": created, "per_page": _PER_PAGE, "page": window.page}
    return github.client.get(github.rest(f"/repos/{repository}/actions/runs"), query)


def _one_run(github: GitHub, repository: str, number: str) -> Page:
    """Return a run that was open when last seen; one that is gone from GitHub stays as we know it."""
    try:
        response = github.client.get(github.rest(f"/repos/{repository}/actions/runs/{number}"))
    except NotFoundError:
        return Page(stream("workflow_runs"), scope=repository, requests=github.client.take_requests())
    return page(github.client, response, parse_run(response), repository)


_LATEST_RUNS = """
    select record_key, payload, version_at from raw.github_workflow_runs
    where source = $source and starts_with(record_key, $prefix)
    qualify row_number() over (
        partition by record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
"""


# Not completed when last seen; or run again since, which shows only in a deployment that names it as its origin.
_OPEN_RUNS = f"""
    with origins as (
        select
            regexp_extract(
                coalesce(payload->>'$.logUrl', payload->>'$.log_url', ''), '/([^/]+/[^/]+/actions/runs/[0-9]+)', 1
            ) as run,
            max(version_at) as last_at
        from raw.github_deployment_statuses
        where source = $source and lower(payload->>'$.state') <> 'inactive'
        group by 1
    )
    select split_part(record_key, '/run/', 1) as repository, split_part(record_key, '/run/', 2) as number
    from ({_LATEST_RUNS})
    left join origins on origins.run = replace(record_key, '/run/', '/actions/runs/')
    where payload->>'$.created_at' between $since and $before
        and (lower(payload->>'$.status') <> 'completed' or last_at > version_at + interval 5 minute)
    order by payload->>'$.created_at', record_key
"""


def open_runs(store: RawStore, source: str, repository: str, before: datetime, now: datetime) -> list[str]:
    """Return the numbers of runs created before an instant that may have moved since we saw them, oldest first."""
    rows = store.con.execute(
        _OPEN_RUNS,
        {"source": source, "prefix": f"{repository}/run/", "since": iso(now - _OPEN_FOR), "before": iso(before)},
    ).fetchall()
    return [str(number) for _, number in rows]


def repositories_with_open_runs(store: RawStore, source: str, now: datetime) -> set[str]:
    """Return the repositories in which a run may have moved since we saw it."""
    asked = {"source": source, "prefix": "", "since": iso(now - _OPEN_FOR), "before": iso(now)}
    return {str(repository) for repository, _ in store.con.execute(_OPEN_RUNS, asked).fetchall()}


def run_detail_pages(
    github: GitHub, store: RawStore, source: str, repository: str, position: Position
) -> Iterator[Page]:
    """Yield jobs and approvals of deploying workflows' runs that are new or have changed.

    The watermark says for each workflow how far we are, so that a workflow found out later to deploy is read whole.
    """
    marks: dict[str, str] = orjson.loads(position.watermark) if position.watermark and not position.since else {}
    left = _deploying_runs(store, source, repository, marks, position.since)
    size = PageSize(_PER_PAGE)
    while left:

        def request(count: int, attempts: int | None, wanted: Sequence[_DeployingRun] = left) -> Response:
            variables = {"ids": [run.node for run in wanted[:count]]}
            return github.ask("workflowRuns", RUN_DETAILS, variables, attempts=attempts, is_partial_fine=True)

        response = size.ask(github, request)
        answered = len(response.request["variables"]["ids"])
        marks |= {run.workflow: run.mark for run in left[:answered]}
        left = left[answered:]
        yield page(
            github.client,
            response,
            parse_run_details(response).with_rest(_rest_of_runs(github, response.body["data"]["nodes"])),
            repository,
            watermark=orjson.dumps(marks, option=orjson.OPT_SORT_KEYS).decode(),
            is_last=not left,
        )


def _rest_of_runs(github: GitHub, nodes: Sequence[Mapping[str, Any] | None]) -> Iterator[Parsed]:
    """Yield all jobs and approvals of the few runs that have more than one question tells, through REST."""
    for node in nodes:
        if not node:
            continue
        run = urlsplit(str(node["url"])).path
        if node["checkSuite"]["checkRuns"]["pageInfo"]["hasNextPage"]:
            path: str | None = github.rest(f"/repos{run}/jobs?per_page={_PER_PAGE}")
            while path:
                response = github.client.get(path)
                yield parse_jobs(response)
                path = github.next_page(path, response)
        if node["deploymentReviews"]["pageInfo"]["hasNextPage"]:
            yield parse_approvals(github.client.get(github.rest(f"/repos{run}/approvals")))


@dataclass(frozen=True)
class _DeployingRun:
    workflow: str
    mark: str
    node: str


def _deploying_runs(
    store: RawStore, source: str, repository: str, marks: Mapping[str, str], since: datetime | None
) -> list[_DeployingRun]:
    """Return runs past their workflow's mark, oldest change first.

    A workflow deploys if one of its runs is named as the origin of a deployment, or if its name says so.
    """
    rows = store.con.execute(
        f"""
        with runs as (
            select coalesce(payload->>'$.path', payload->>'$.name', '') as workflow, payload->>'$.id' as number,
                lower(coalesce(payload->>'$.path', '') || ' ' || coalesce(payload->>'$.name', '')) as words,
                coalesce(strftime(version_at, '%Y-%m-%dT%H:%M:%SZ'), '') || '|' || record_key as mark,
                payload->>'$.node_id' as node
            from ({_LATEST_RUNS})
        ),
        origins as (
            select distinct regexp_extract(
                coalesce(payload->>'$.logUrl', payload->>'$.log_url', ''), '/actions/runs/([0-9]+)', 1) as number
            from raw.github_deployment_statuses
            where source = $source and starts_with(record_key, $repository || '/deployment/')
        )
        select workflow, mark, node from runs
        where node is not null and mark >= $since and workflow in (
            select workflow from runs
            where number in (select number from origins) or regexp_matches(words, $names)
        )
        order by mark
        """,
        {
            "source": source,
            "repository": repository,
            "prefix": f"{repository}/run/",
            "since": iso(since) if since else "",
            "names": DEPLOYING_NAMES,
        },
    ).fetchall()
    runs = [_DeployingRun(str(workflow), str(mark), str(node)) for workflow, mark, node in rows]
    return [run for run in runs if run.mark > marks.get(run.workflow, "")]
