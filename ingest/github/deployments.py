"""Reading GitHub's deployments and their statuses.

Owns the revisiting of deployments that may still change: GitHub lists them by creation only, so one that was superseded
or failed later would never come up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ingest.connector import Parsed, Response
from ingest.github.api import GitHub
from ingest.github.delivery import parse_deployment_nodes, parse_deployments_by_id, parse_more_statuses
from ingest.github.graphql import DEPLOYMENTS, DEPLOYMENTS_BY_ID, further_statuses_query
from ingest.github.walk import PageSize, Walk, iso, walk_pages
from ingest.http_errors import AGAIN, NotFoundError
from ingest.pages import page
from ingest.source import Position
from ingest.store import RawStore
from ingest.store_records import Page

_AT_ONCE = 100
_REVISITED = timedelta(days=90)  # GitHub drops statuses after that; what we have is then all there will ever be
_STANDING = ("success", "active")
_RECENT_SUCCESSES = 100


def further_statuses(github: GitHub, repository: str, nodes: list[Mapping[str, Any]]) -> Iterator[Parsed]:
    """Yield the statuses beyond the first page of each deployment."""
    owner, _, name = repository.partition("/")
    unfinished, size = _unfinished(nodes), PageSize(20)
    while unfinished:

        def request(count: int, attempts: int | None, wanted: Sequence[tuple[str, str]] = unfinished) -> Response:
            query = further_statuses_query(wanted[:count])
            return github.ask("deploymentStatuses", query, {"owner": owner, "name": name}, attempts=attempts)

        response = size.ask(github, request)
        yield parse_more_statuses(response)
        answered = [node for alias, node in response.body["data"].items() if alias.startswith("d") and node]
        if not answered:
            raise NotFoundError(
                "GitHub no longer tells of deployments that it has just listed.", where=repository, next_step=AGAIN
            )
        ids = {node["id"] for node in answered}
        unfinished = [entry for entry in unfinished if entry[0] not in ids] + _unfinished(answered)


def deployment_pages(
    github: GitHub, store: RawStore, source: str, repository: str, position: Position
) -> Iterator[Page]:
    """Yield new deployments, then again those that we know and that may have changed since."""
    known = revisited(store, source, repository, github.client.clock.now())
    seen: set[str] = set()
    for one in walk_pages(github, DEPLOYMENT_WALK, repository, position):
        seen |= {record.key for record in one.records}
        yield one
    left, size = [node for key, node in known if key not in seen], PageSize(_AT_ONCE)
    while left:

        def request(count: int, attempts: int | None, wanted: Sequence[str] = left) -> Response:
            variables = {"ids": list(wanted[:count])}
            return github.ask("deploymentNodes", DEPLOYMENTS_BY_ID, variables, attempts=attempts, is_partial_fine=True)

        response = size.ask(github, request)
        yield _page(github, repository, response)
        left = left[len(response.request["variables"]["ids"]) :]


def _page(github: GitHub, repository: str, response: Response) -> Page:
    nodes = [node for node in response.body["data"]["nodes"] if node]
    parsed = parse_deployments_by_id(response).with_rest(further_statuses(github, repository, nodes))
    return page(github.client, response, parsed, repository)


def _unfinished(nodes: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return node id and cursor of deployments with more statuses than we were given."""
    return [
        (str(node["id"]), str(node["statuses"]["pageInfo"]["endCursor"]))
        for node in nodes
        if node["statuses"]["pageInfo"]["hasNextPage"]
    ]


def repositories_with_pending(store: RawStore, source: str, now: datetime) -> set[str]:
    """Return the repositories in which a deployment was still under way when last seen."""
    unsettled = _unsettled(store, source, "", now)
    return {key.partition("/deployment/")[0] for key, _, state in unsettled if state not in _STANDING}


def revisited(store: RawStore, source: str, repository: str, now: datetime) -> list[tuple[str, str]]:
    """Return key and node id of deployments under way, and of the latest that stand and may be superseded."""
    unsettled = _unsettled(store, source, f"{repository}/deployment/", now)
    standing = [row for row in unsettled if row[2] in _STANDING][:_RECENT_SUCCESSES]
    pending = [row for row in unsettled if row[2] not in _STANDING]
    return [(key, node) for key, node, _ in pending + standing]


def _unsettled(store: RawStore, source: str, prefix: str, now: datetime) -> list[tuple[str, str, str]]:
    rows = store.con.execute(
        """
        select record_key, node, state from (
            select record_key, coalesce(payload->>'$.node_id', payload->>'$.id') as node,
                coalesce(payload->>'$.createdAt', payload->>'$.created_at') as created_at,
                lower(coalesce(payload->>'$.latestStatus.state', payload->>'$.state', 'pending')) as state
            from raw.github_deployments
            where source = ? and starts_with(record_key, ?)
            qualify row_number() over (
                partition by record_key
                order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
            ) = 1
        )
        where created_at >= ? and state not in ('inactive', 'failure', 'error', 'destroyed', 'abandoned')
        order by created_at desc, record_key
        """,
        [source, prefix, iso(now - _REVISITED)],
    ).fetchall()
    return [(str(key), str(node), str(state)) for key, node, state in rows]


DEPLOYMENT_WALK = Walk(
    "deployments",
    DEPLOYMENTS,
    "deployments",
    "createdAt",
    parse_deployment_nodes,
    further_statuses,
    lists=("statuses",),
)
