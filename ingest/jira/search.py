"""Searching Jira for the issues that changed since the last sync, page by page, without losing one.

Owns the window of a search, its JQL and its paging. Refuses to know what an issue holds.

JQL compares minutes in the time zone of the account that asks. So a window begins some minutes before the last one's
start, in that zone, and where the clock was put back even earlier. Pages are in the order of keys, which no update
changes: an issue that is edited while we read stays where it is. Cloud continues by token. Data Center counts from
the start, where a deleted issue would move all others up; pages therefore overlap by one issue, and a page that shows
nothing we have seen is read again from further up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from ingest.budget import stated_time
from ingest.connector import Response
from ingest.http import Client
from ingest.http_errors import AGAIN
from ingest.items import Item, Json, at, parsed_instant, text_at
from ingest.jira.fields import FieldCatalogues
from ingest.jira.parse import parse_issues
from ingest.pages import page
from ingest.source import Position
from ingest.store import RawStore
from ingest.store_records import Page
from models.errors import SourceError

PAGE_SIZE = 100
OVERLAP = timedelta(minutes=10)  # the search index trails behind the records
ANY_ZONE = timedelta(hours=26)  # the furthest two places on earth can be apart
PUT_BACK = timedelta(hours=2)  # more than any clock is put back at once
BEGINNING = "1970-01-02 00:00"  # Cloud refuses a search that restricts nothing
STEPS_BACK = 50

STANDARD_FIELDS = (
    *("summary", "description", "issuetype", "status", "resolution", "resolutiondate", "created", "updated"),
    *("reporter", "creator", "assignee", "priority", "labels", "components", "fixVersions", "versions"),
    *("project", "parent", "issuelinks", "comment", "duedate", "environment"),
)


@dataclass(frozen=True)
class Jira:
    """One Jira and what is to be read of it.

    Args:
        name: Name of the configured source.
        client: What to ask through.
        store: To look up what arrived; never written to.
        version: Of the REST API: ``3`` is Cloud, ``2`` Data Center.
        projects: Keys of the projects to read; all visible ones where empty.
        scope: Part of the watermark's key.
        zone: Time zone in which JQL is read.
        is_zone_known: Whether Jira stated that zone.
        now: When the connection was opened, by Jira's clock.
        catalogues: The field lists read so far.
    """

    name: str
    client: Client
    store: RawStore
    version: str
    projects: tuple[str, ...]
    scope: str
    zone: ZoneInfo
    is_zone_known: bool
    now: datetime
    catalogues: FieldCatalogues

    @property
    def is_cloud(self) -> bool:
        """Whether this is Jira Cloud, which pages by token."""
        return self.version == "3"

    def api(self, path: str) -> str:
        """Return the path of a platform resource."""
        return f"/rest/api/{self.version}/{path}"


@dataclass(frozen=True)
class _Search:
    """A window and where its reading stands."""

    jql: str
    begins: datetime | None
    ends: datetime
    token: str | None = None
    start: int = 0
    last_id: str | None = None

    def at(self, **place: Json) -> str:
        """Return the cursor for a place in this window."""
        begins = self.begins.isoformat() if self.begins else None
        window = {"jql": self.jql, "begins": begins, "ends": self.ends.isoformat()}
        return orjson.dumps({**window, **place}).decode()


def issue_pages(jira: Jira, position: Position) -> Iterator[Page]:
    """Yield the pages of a new window, or the rest of one that was left unfinished."""
    search = _search(jira, position)
    return _by_token(jira, search) if jira.is_cloud else _by_count(jira, search)


def _search(jira: Jira, position: Position) -> _Search:
    if position.cursor and not position.since:
        left: Item = orjson.loads(position.cursor)
        return _Search(
            left["jql"],
            parsed_instant(left["begins"]),
            parsed_instant(left["ends"]) or jira.now,
            left.get("token"),
            left.get("start") or 0,
            left.get("last_id"),
        )
    begins = position.since or parsed_instant(position.watermark)
    return _Search(jql(jira.projects, begins, jira.zone, is_zone_known=jira.is_zone_known), begins, jira.now)


def jql(projects: tuple[str, ...], begins: datetime | None, zone: ZoneInfo, *, is_zone_known: bool = True) -> str:
    """Return the search for everything updated since ``begins`` or a little before."""
    minute = BEGINNING
    if begins is not None:
        early = begins - OVERLAP - (timedelta() if is_zone_known else ANY_ZONE)
        local = early.astimezone(zone)
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            local = (early - PUT_BACK).astimezone(zone)  # the minute comes twice, and JQL cannot say which is meant
        minute = f"{local:%Y-%m-%d %H:%M}"
    names = ", ".join(f'"{project}"' for project in projects)
    return (f"project in ({names}) AND " if names else "") + f'updated >= "{minute}" ORDER BY key ASC'


def count_issues(jira: Jira) -> int:
    """Return about how many issues there are to read, as Jira counts them; raises ``SourceError``."""
    everything = jql(jira.projects, None, jira.zone)
    if jira.is_cloud:
        counted = jira.client.post(jira.api("search/approximate-count"), {"jql": everything})
        return int(text_at(counted.body, "count") or 0)
    counted = jira.client.post(jira.api("search"), {"jql": everything, "maxResults": 0, "fields": ["key"]})
    return int(text_at(counted.body, "total") or 0)


def account_zone(myself: Json) -> tuple[ZoneInfo, bool]:
    """Return the account's time zone, and whether Jira stated one that is known here."""
    try:
        return ZoneInfo(text_at(myself, "timeZone") or ""), True
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC"), False


def source_time(response: Response) -> datetime:
    """Return when an answer was given: by the source's clock if it says so, else by ours."""
    return stated_time(response.headers.get("date", "")) or response.fetched_at


def _ask(jira: Jira, search: _Search, **place: Json) -> Response:
    fields = [*STANDARD_FIELDS, *jira.catalogues.of(f"{jira.client.base_url}/rest/").field_ids()]
    body = {"jql": search.jql, "fields": fields, "maxResults": PAGE_SIZE, **place}
    return jira.client.post(jira.api("search/jql" if jira.is_cloud else "search"), body)


def _by_token(jira: Jira, search: _Search) -> Iterator[Page]:
    token = search.token
    asked: set[str] = set()
    while True:
        try:
            response = _ask(jira, search, **({"nextPageToken": token} if token else {}))
        except SourceError as error:
            if not token or token != search.token or type(error) is not SourceError:
                raise
            token = None  # a token from an earlier sync has expired; the window is read again from its beginning
            continue
        token = text_at(response.body, "nextPageToken")
        if token in asked:
            raise SourceError(
                "Jira repeats a page's token.", where=response.url, kept="earlier pages were kept", next_step=AGAIN
            )
        asked |= {token} if token else set()
        yield page(
            jira.client,
            response,
            parse_issues(jira.catalogues, response),
            jira.scope,
            watermark=None if token else search.ends.isoformat(),
            cursor=search.at(token=token) if token else None,
            window=(search.begins, search.ends),
            is_last=not token,
        )
        if not token:
            return


def _by_count(jira: Jira, search: _Search) -> Iterator[Page]:
    start, seen, steps = search.start, {search.last_id} - {None}, 0
    while True:
        response = _ask(jira, search, startAt=start, expand=["changelog"])
        ids = [text_at(issue, "id") for issue in at(response.body, "issues") or []]
        if start > 0 and not seen.intersection(ids):
            start, steps = max(0, start - PAGE_SIZE), steps + 1
            if steps > STEPS_BACK:
                raise SourceError("Jira's list of issues keeps changing.", where=response.url, next_step=AGAIN)
            continue
        parsed = parse_issues(jira.catalogues, response)
        is_last = not set(ids) - seen or start + len(ids) >= (parsed.reported or 0)
        seen.update(ids)
        start += len(ids) - 1
        yield page(
            jira.client,
            response,
            parsed,
            jira.scope,
            watermark=search.ends.isoformat() if is_last else None,
            cursor=None if is_last else search.at(start=start, last_id=ids[-1]),
            window=(search.begins, search.ends),
            is_last=is_last,
        )
        if is_last:
            return
