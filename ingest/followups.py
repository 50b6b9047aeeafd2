"""What has to be asked for because of what was stored: the changelog of an issue that changed, the stages of a build.

Owns the mark up to which such follow-ups are done, as a place in the raw store's own order of arrival. So a sync that
is killed between a page and its follow-ups finds them again, without a second list that could get lost. Refuses to
know any source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.connector import Parsed, Response
from ingest.http import Client
from ingest.http_errors import NotFoundError
from ingest.pages import page
from ingest.store import RawStore
from ingest.store_records import Page
from models.streams import Stream

_START = "0001-01-01T00:00:00|"


@dataclass(frozen=True)
class Due:
    """A record that changed in what matters: its key, what else was asked of it, and the mark once it is done."""

    key: str
    detail: str
    mark: str


def due(
    store: RawStore,
    source: str,
    stream: Stream,
    mark: str | None,
    *,
    aspect: str = "payload_sha256",
    detail: str = "record_key",
    where: str = "true",
    values: Mapping[str, object] | None = None,
) -> list[Due]:
    """Return the records that arrived after ``mark`` with a new ``aspect``, in order of arrival, each once.

    Args:
        store: Where they lie.
        source: Whose they are.
        stream: Which they are.
        mark: ``mark`` of the last one that was done; ``None`` for all.
        aspect: SQL over a raw row; a version counts when this is not null and differs from the version before.
        detail: SQL over a raw row for what else to know; a row without it is left out.
        where: SQL over a raw row; only such rows are looked at.
        values: Bound parameters of the SQL given.
    """
    arrived, _, key = (mark or _START).partition("|")
    rows = store.con.execute(
        f"""
        with arrived as (
            select distinct record_key from raw.{stream.table}
            where source = $source and ({where})
                and (fetched_at, record_key) > (cast($arrived as timestamp), $key)
        ),
        versions as (
            select record_key, fetched_at, {aspect} as aspect, {detail} as detail,
                lag({aspect}) over (partition by record_key order by fetched_at, payload_sha256) as before
            from raw.{stream.table}
            where source = $source and ({where}) and record_key in (select record_key from arrived)
        )
        select record_key, detail, strftime(fetched_at, '%Y-%m-%dT%H:%M:%S.%f') from versions
        where (fetched_at, record_key) > (cast($arrived as timestamp), $key)
            and aspect is not null and aspect is distinct from before and detail is not null
        qualify row_number() over (partition by record_key order by fetched_at desc) = 1
        order by fetched_at, record_key
        """,
        {**(values or {}), "source": source, "arrived": arrived, "key": key},
    ).fetchall()
    return [Due(str(key), str(found), f"{at}|{key}") for key, found, at in rows]


def in_batches(records: Sequence[Due], size: int) -> Iterator[Sequence[Due]]:
    """Return the records in batches of at most ``size``."""
    return (records[start : start + size] for start in range(0, len(records), size))


def follow_up(
    client: Client,
    stream: Stream,
    scope: str,
    records: Iterable[Due],
    ask: Callable[[Due], Iterable[Response]],
    parse: Callable[[Response], Parsed],
    *,
    mark: str | None,
    end: str | None = None,
) -> Iterator[Page]:
    """Ask about each record and yield the answers as pages; the mark moves once a record is done.

    Args:
        client: What is asked through.
        stream: What the answers hold.
        scope: Part of the mark's key.
        records: What is due.
        ask: Yields the answers about one record. One the source no longer has (404) is done without an answer.
        parse: Takes an answer apart.
        mark: Where the last follow-up ended; the mark never goes back behind it.
        end: Mark to end at, where records were due that need not be asked about.
    """
    reached = mark or ""
    for record in records:
        try:
            answers = list(ask(record))
        except NotFoundError:
            answers = []
        before, reached = reached, max(record.mark, reached)
        pages = [page(client, answer, parse(answer), scope) for answer in answers]
        done = pages or [Page(stream, scope=scope, requests=client.take_requests())]
        done[-1].watermark = reached if reached != before else None
        yield from done
    if end and end > reached:
        yield Page(stream, scope=scope, requests=client.take_requests(), watermark=end)
