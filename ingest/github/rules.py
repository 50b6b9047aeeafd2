"""Reading what governs a GitHub repository and what it releases: releases, environments, rulesets, governing files.

Owns when these are worth asking again: lists come with a condition (ETag), so an unchanged one costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingest.connector import Parsed, Response
from ingest.github.api import GitHub
from ingest.github.delivery import (
    parse_branch_protections,
    parse_environments,
    parse_releases,
    parse_rule_files,
    parse_rule_suites,
    parse_rulesets,
)
from ingest.github.graphql import BRANCH_PROTECTIONS, RULE_PATHS, rule_files_query
from ingest.github.keys import stream
from ingest.github.walk import iso
from ingest.http_errors import ForbiddenError
from ingest.pages import page
from ingest.source import Position
from ingest.store import RawStore
from ingest.store_records import Page
from models.streams import Stream

_PER_PAGE = 100
# A commit arrives with its merge, under the date it was made on: weeks ago, for a long-lived branch.
_OVERLAP = timedelta(days=90)


def release_pages(github: GitHub, repository: str, position: Position) -> Iterator[Page]:
    """Yield releases, newest first, back to the newest that the last reading knew."""
    path = f"/repos/{repository}/releases"
    yield from _listed(github, stream("releases"), path, repository, position, parse_releases, "created_at")


def environment_pages(github: GitHub, repository: str, position: Position) -> Iterator[Page]:
    """Yield environments with their protection rules."""
    path = f"/repos/{repository}/environments"
    yield from _listed(github, stream("environments"), path, repository, position, parse_environments, None)


def rule_suite_pages(github: GitHub, repository: str, position: Position) -> Iterator[Page]:
    """Yield the last month's pushes as the rules judged them, bypasses included; GitHub keeps no more."""
    path = f"/repos/{repository}/rulesets/rule-suites?time_period=month"
    yield from _listed(github, stream("rule_suites"), path, repository, position, parse_rule_suites, "pushed_at")


def _listed(
    github: GitHub,
    of: Stream,
    path: str,
    repository: str,
    position: Position,
    parse: Callable[[Response], Parsed],
    ordered_by: str | None,
) -> Iterator[Page]:
    """Yield the pages of a REST list; with ``ordered_by`` (descending) only back to where the last reading began."""
    known: dict[str, str | None] = orjson.loads(position.watermark) if position.watermark and not position.since else {}
    joint = "&" if "?" in path else "?"
    path = github.rest(f"{path}{joint}per_page={_PER_PAGE}")
    response = github.client.get_if_changed(path, etag=known.get("etag"))
    if response is None:
        yield _unchanged(github, of, repository)
        return
    etag, newest = response.headers.get("etag"), None
    while response is not None:
        parsed = parse(response)
        instants = _instants(response.body, ordered_by)
        newest = newest or max(instants, default=None)
        is_known = bool(instants and known.get("newest") and min(instants) <= str(known["newest"]))
        following = None if is_known else github.next_page(path, response)
        mark = orjson.dumps({"etag": etag, "newest": newest or known.get("newest")}).decode()
        yield page(
            github.client,
            response,
            parsed,
            repository,
            watermark=None if following else mark,
            is_last=following is None,
        )
        response = github.client.get(following) if following else None


def ruleset_pages(github: GitHub, store: RawStore, source: str, repository: str, position: Position) -> Iterator[Page]:
    """Yield rulesets, their organisation's included; the list names them, their rules need a request each."""
    etag = position.watermark if not position.since else None
    rulesets = stream("rulesets")
    path = github.rest(f"/repos/{repository}/rulesets?includes_parents=true&per_page={_PER_PAGE}")
    response = github.client.get_if_changed(path, etag=etag)
    if response is None:
        yield _unchanged(github, rulesets, repository)
        return
    mark, known = response.headers.get("etag"), _known_rulesets(store, source, repository)
    while response is not None:
        for entry in response.body:
            if known.get(str(entry["id"])) == _instant_of(entry):
                continue
            rules = github.client.get(github.rest(f"/repos/{repository}/rulesets/{entry['id']}"))
            yield page(github.client, rules, parse_rulesets(rules), repository)
        following = github.next_page(path, response)
        response = github.client.get(following) if following else None
    yield Page(rulesets, scope=repository, requests=github.client.take_requests(), watermark=mark, is_last=True)


def branch_protection_pages(github: GitHub, repository: str, position: Position) -> Iterator[Page]:
    """Yield classic branch protection, which rulesets stand beside; without the right to see it GitHub shows none."""
    owner, _, name = repository.partition("/")
    after = None
    while True:
        asked = {"owner": owner, "name": name, "after": after}
        response = github.ask("branchProtections", BRANCH_PROTECTIONS, asked)
        connection = response.body["data"]["repository"]["branchProtectionRules"]
        if connection is None:
            raise ForbiddenError(
                "The credential may not read branch protection.",
                where=repository,
                next_step="grant the token read access to the repository's administration",
            )
        parsed = parse_branch_protections(response)
        after = connection["pageInfo"]["endCursor"] if connection["pageInfo"]["hasNextPage"] else None
        yield page(github.client, response, parsed, repository, is_last=after is None)
        if after is None:
            return


def rule_file_pages(github: GitHub, repository: str, position: Position) -> Iterator[Page]:
    """Yield the commits that touched code owners and workflows since the last reading."""
    owner, _, name = repository.partition("/")
    since = position.since
    if since is None and position.watermark:
        since = datetime.fromisoformat(position.watermark) - _OVERLAP
    began = iso(github.client.clock.now())
    cursors: dict[str, str | None] = dict.fromkeys(RULE_PATHS)
    while cursors:
        query, variables = rule_files_query(cursors)
        asked = {"owner": owner, "name": name, "since": iso(since) if since else None, **variables}
        response = github.ask("ruleFiles", query, asked)
        target = ((response.body["data"]["repository"]["defaultBranchRef"] or {}).get("target")) or {}
        cursors = {
            str(variables[alias]): history["pageInfo"]["endCursor"]
            for alias, history in target.items()
            if history and history["pageInfo"]["hasNextPage"]
        }
        yield page(
            github.client,
            response,
            parse_rule_files(response),
            repository,
            watermark=None if cursors else began,
            is_last=not cursors,
        )


def _unchanged(github: GitHub, of: Stream, repository: str) -> Page:
    return Page(of, scope=repository, requests=github.client.take_requests(), is_last=True)


def _instants(body: Any, field: str | None) -> list[str]:  # noqa: ANN401 - whatever the source put there
    if field is None or not isinstance(body, list):
        return []
    return [str(item[field]) for item in body if item.get(field)]


def _known_rulesets(store: RawStore, source: str, repository: str) -> dict[str, datetime | None]:
    rows = store.con.execute(
        """
        select payload->>'$.id', max(version_at) from raw.github_rulesets
        where source = ? and starts_with(record_key, ? || '/ruleset/') group by 1
        """,
        [source, repository],
    ).fetchall()
    return {str(number): at for number, at in rows}


def _instant_of(entry: dict[str, Any]) -> datetime | None:
    text = entry.get("updated_at")
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else None
