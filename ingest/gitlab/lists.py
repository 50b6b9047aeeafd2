"""GitLab's lists, page by page without losing a record, and what hangs on records that changed.

Owns paging and where each list's reading stands. Refuses to know what an answer holds.

Numbered pages shift when a record changes while they are read. So a list is asked for by last update, oldest first,
each page beginning at the update the one before ended with; only records that share one instant are paged by number.
What changes meanwhile moves to the end and is met there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from ingest.connector import Parsed, Response
from ingest.followups import Due, due, follow_up
from ingest.gitlab.parse import (
    DEPLOYMENT_APPROVALS,
    DEPLOYMENTS,
    JOBS,
    MERGE_REQUESTS,
    PIPELINES,
    parse_deployment,
    parse_jobs,
    parse_pipeline,
    parse_releases,
)
from ingest.http import Client, next_link
from ingest.http_errors import NO_SOURCE, ForbiddenError, NotFoundError
from ingest.items import Item, Json, listed_at, parsed_instant, text_at
from ingest.pages import page
from ingest.source import Position
from ingest.store import RawStore
from ingest.store_records import Page
from models.errors import SourceError
from models.streams import Stream

PAGE_SIZE = 100
OVERLAP = timedelta(minutes=2)  # a transaction may be seen after one that began later
BEGINNING = "1970-01-01T00:00:00Z"

Parse = Callable[[Response], Parsed]


@dataclass
class Project:
    """One project: ``path`` as configured, which is also the scope of its watermarks; its number once asked for."""

    source: str
    client: Client
    store: RawStore
    path: str
    _number: str | SourceError | None = field(default=None, repr=False)

    @property
    def number(self) -> str:
        """GitLab's number of the project, which its records carry and which survives a rename.

        Raises:
            SourceError: GitLab does not know the project; said to every task, asked only once.
        """
        if self._number is None:
            try:
                self._number = self.path if self.path.isdigit() else self._ask_number()
            except SourceError as error:
                self._number = error
        if isinstance(self._number, SourceError):
            raise self._number
        return self._number

    def api(self, path: str) -> str:
        """Return the path of something of this project."""
        return f"/api/v4/projects/{self.number}/{path}"

    def _ask_number(self) -> str:
        found = self.client.get(f"/api/v4/projects/{quote(self.path, safe='')}", {"simple": "true"})
        if (number := text_at(found.body, "id")) is None:
            raise SourceError("GitLab's project has no number.", where=found.url, next_step=NO_SOURCE)
        return number


def updated_pages(project: Project, name: str, parse: Parse, position: Position) -> Iterator[Page]:
    """Yield a list's records in the order of their last update, from where the last reading ended."""
    after = _beginning(position)
    number = 1
    while True:
        asked = {"order_by": "updated_at", "sort": "asc", "per_page": PAGE_SIZE, "page": number, "updated_after": after}
        response = project.client.get(project.api(name), asked)
        parsed = parse(response)
        items = response.body if isinstance(response.body, list) else []
        newest = max((instant for item in items if (instant := _updated(item))), key=_moment, default=after)
        is_last = len(items) < PAGE_SIZE
        yield page(
            project.client,
            response,
            # The total is of what is left from here, not of the whole list.
            replace(parsed, reported=None),
            project.path,
            watermark=newest if items else None,
            is_last=is_last,
        )
        if is_last:
            return
        after, number = (newest, 1) if _moment(newest) > _moment(after) else (after, number + 1)


def counted(project: Project, name: str, *, is_refusal_told: bool = False) -> int | None:
    """Return how many records a list holds; ``None`` where GitLab does not count (beyond 10,000) or refuses.

    Raises:
        SourceError: GitLab refuses, and ``is_refusal_told``.
    """
    try:
        response = project.client.get(project.api(name), {"per_page": 1})
    except SourceError:
        if is_refusal_told:
            raise
        return None
    total = response.headers.get("x-total", "")
    return int(total) if total.isdigit() else None


def _beginning(position: Position) -> str:
    instant = position.since or parsed_instant(position.watermark)
    return (instant - OVERLAP).isoformat() if instant else BEGINNING


def _updated(item: Json) -> str | None:
    """Return an item's last update; a pipeline that has not begun states none and was last changed when created."""
    stated = text_at(item, "updated_at") or text_at(item, "created_at")
    return stated if parsed_instant(stated) else None


def _moment(text: str) -> datetime:
    instant = parsed_instant(text)
    if instant is None:
        raise ValueError(f"no instant: {text}")
    return instant


def newest_releases(project: Project, position: Position) -> Iterator[Page]:
    """Yield all releases the first time, then the newest page: releases state no last update."""
    asked = {"per_page": PAGE_SIZE, "order_by": "released_at", "sort": "desc"}
    response: Response | None = project.client.get(project.api("releases"), asked)
    reads_all = position.watermark is None or position.since is not None
    while response is not None:
        following = next_link(response) if reads_all else None
        yield page(
            project.client,
            response,
            parse_releases(response),
            project.path,
            watermark=None if following else response.fetched_at.isoformat(),
            is_last=not following,
        )
        response = project.client.get(following) if following else None


def hanging_on_merge_requests(
    project: Project, stream: Stream, name: str, parse: Parse, aspect: str, position: Position
) -> Iterator[Page]:
    """Yield what hangs on merge requests whose ``aspect`` (SQL over a raw row) is another than before."""
    records = due(
        project.store,
        project.source,
        MERGE_REQUESTS,
        _mark(position),
        aspect=aspect,
        where=f"starts_with(record_key, '{project.number}!')",
    )

    def ask(record: Due) -> Iterator[Response]:
        iid = record.key.partition("!")[2]
        return _pages_of(project, f"merge_requests/{iid}/{name}", {"per_page": PAGE_SIZE})

    return follow_up(project.client, stream, project.path, records, ask, parse, mark=position.watermark)


def deployment_approval_pages(project: Project, position: Position) -> Iterator[Page]:
    """Yield the approvals of deployments that wait for some, or whose environment asks for some."""
    changed = due(project.store, project.source, DEPLOYMENTS, _mark(position), where=_of_project(project))
    if not changed:
        return iter(())
    gated = due(
        project.store,
        project.source,
        DEPLOYMENTS,
        _mark(position),
        where=f"{_of_project(project)} and ((payload ->> '$.status') = 'blocked' "
        "or list_contains($environments, payload ->> '$.environment.name'))",
        values={"environments": _gated_environments(project)},
    )
    return follow_up(
        project.client,
        DEPLOYMENT_APPROVALS,
        project.path,
        gated,
        lambda record: [project.client.get(project.api(f"deployments/{record.key}"))],
        parse_deployment,
        mark=position.watermark,
        end=changed[-1].mark,
    )


def _gated_environments(project: Project) -> list[str]:
    """Return the environments that ask for approvals; a licence or token without that feature knows none."""
    try:
        answers = list(_pages_of(project, "protected_environments", {"per_page": PAGE_SIZE}))
    except (ForbiddenError, NotFoundError):
        return []
    return [
        str(entry.get("name"))
        for answer in answers
        for entry in listed_at({"all": answer.body}, "all")
        if entry.get("required_approval_count") or entry.get("approval_rules")
    ]


def pipeline_pages(project: Project, position: Position) -> Iterator[Page]:
    """Yield the page and the jobs of each pipeline that deployed, when it or its deployment changed."""
    deployments, _, lines = (_mark(position) or ";").partition(";")
    by_deployment = due(
        project.store,
        project.source,
        DEPLOYMENTS,
        deployments or None,
        detail="payload ->> '$.deployable.pipeline.id'",
        where=_of_project(project),
    )
    by_line = due(
        project.store,
        project.source,
        PIPELINES,
        lines or None,
        # Only lines of the list: a page that we read ourselves states its version and calls for nothing.
        where=f"version_at is null and record_key in (select payload ->> '$.deployable.pipeline.id' "
        f"from raw.{DEPLOYMENTS.table} where source = $source and {_of_project(project)})",
    )
    done: set[str] = set()
    for record, is_line in [*((each, False) for each in by_deployment), *((each, True) for each in by_line)]:
        if is_line:
            lines = max(lines, record.mark)
        else:
            deployments = max(deployments, record.mark)
        pipeline = record.key if is_line else record.detail
        if pipeline not in done:
            done.add(pipeline)
            yield from _pipeline(project, pipeline, f"{deployments};{lines}")
    if by_deployment or by_line:
        yield Page(
            JOBS, scope=project.path, requests=project.client.take_requests(), watermark=f"{deployments};{lines}"
        )


def _pipeline(project: Project, number: str, mark: str) -> Iterator[Page]:
    try:
        response = project.client.get(project.api(f"pipelines/{number}"))
        answers = list(
            _pages_of(project, f"pipelines/{number}/jobs", {"per_page": PAGE_SIZE, "include_retried": "true"})
        )
    except NotFoundError:
        yield Page(JOBS, scope=project.path, requests=project.client.take_requests(), watermark=mark)
        return
    # Everything of a pipeline comes as pages of its jobs: the list of pipelines has a mark of its own.
    for place, answer in enumerate([response, *answers]):
        parsed = replace(parse_pipeline(answer) if place == 0 else parse_jobs(answer), stream=JOBS)
        yield page(project.client, answer, parsed, project.path, watermark=mark if place == len(answers) else None)


def _pages_of(project: Project, path: str, asked: Item) -> Iterator[Response]:
    """Yield the pages of a list that only grows at its end, following the links the source gives."""
    response = project.client.get(project.api(path), asked)
    yield response
    while following := next_link(response):
        response = project.client.get(following)
        yield response


def _of_project(project: Project) -> str:
    return f"(payload ->> '$.twotrack.project') = '{project.number}'"


def _mark(position: Position) -> str | None:
    """Return where the follow-up stands; the user's ``since`` asks for everything that is stored."""
    return None if position.since else position.watermark
