"""Identities of GitHub's records, and the taking apart of responses into them.

One record has one key whichever API spoke of it: REST numbers its records, GraphQL gives them a node id and, for most,
the same number as ``fullDatabaseId`` or ``databaseId``. A child's key begins with its parent's
(``owner/name#12/review/345``), so payloads stay verbatim and SQL still knows the parent.

=================== ===============================================
pull request, issue ``owner/name#12``
review              ``owner/name#12/review/<number>``
commit              ``owner/name#12/commit/<sha>``
timeline item       ``owner/name#12/event/<node id>``
comment             ``owner/name#12/comment/<number>``, ``…/review_comment/<number>``
closed issue        ``owner/name#12/closes/<owner/name#7>``
deployment, status  ``owner/name/deployment/<number>``, ``…/status/<node id>``
run, job            ``owner/name/run/<number>``, ``…/job/<number>``
run's approval      ``owner/name/run/<number>/approval/<login>:<state>/environment/<name>``
release, ruleset    ``owner/name/release/<number>``, ``owner/name/ruleset/<number>``
=================== ===============================================
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import orjson

from ingest.connector import Parsed, Response
from ingest.store_records import RawRecord, Rejected
from models.streams import Stream

Item = Mapping[str, Any]

_REPOSITORY = re.compile(r"/repos/([^/?#]+/[^/?#]+)")


@cache
def stream(name: str) -> Stream:
    """Return the GitHub stream of that name."""
    return Stream("github", name)


def repository_of(response: Response) -> str:
    """Return ``owner/name`` from a REST address or from a GraphQL request's variables; empty when neither says.

    The later pages of a REST list have addresses with a number in place of the name; what they list has the name.
    """
    if found := _REPOSITORY.search(response.url):
        return found.group(1)
    if "/repositories/" in response.url:
        listed = re.search(r"/repos/([^/\s]+/[^/\s]+)", _addresses(response.body))
        return listed.group(1) if listed else ""
    variables = response.request.get("variables", response.request)
    owner, name = variables.get("owner"), variables.get("name")
    return f"{owner}/{name}" if owner and name else ""


def _addresses(body: object) -> str:
    """Return the addresses in the first item of a REST list."""
    lists = [body] if isinstance(body, list) else list(body.values()) if isinstance(body, dict) else []
    items = next((found for found in lists if isinstance(found, list) and found), [])
    first = items[0] if items and isinstance(items[0], dict) else {}
    return f"{first.get('repository_url')} {first.get('url')} "


def number_of(response: Response, before: str) -> int:
    """Return the number that follows ``before`` in the address, as in ``/pulls/12/reviews``; raises ``ValueError``."""
    found = re.search(rf"{before}/(\d+)", response.url)
    if not found:
        raise ValueError(f"the address names no {before.strip('/')}")
    return int(found.group(1))


def identity(item: Item) -> str:
    """Return the number both APIs know a record by, else its node id, else a hash of its content."""
    for field in ("fullDatabaseId", "databaseId", "id", "node_id"):
        if item.get(field) not in (None, ""):
            return str(item[field])
    return hashlib.sha256(orjson.dumps(item, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def node_identity(item: Item) -> str:
    """Return the node id, which REST calls ``node_id``: what both APIs share where GraphQL gives no number."""
    node = item.get("node_id") or item.get("id")
    return str(node) if node not in (None, "") else identity(item)


def instant(item: Item, *fields: str) -> datetime | None:
    """Return the first of the fields that holds an instant."""
    for field in fields:
        value = item.get(field)
        if isinstance(value, str) and value:
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                continue
    return None


def nodes(item: Item, field: str) -> list[Item]:
    """Return the nodes of a GraphQL connection, empty where it was not asked for."""
    connection = item.get(field)
    found = connection.get("nodes") if isinstance(connection, dict) else None
    return [node for node in found or [] if isinstance(node, dict)]


def collect(
    response: Response,
    name: str,
    items: object,
    records_of: Callable[[Item], Iterable[RawRecord]],
    *,
    scope: str = "",
    reported: int | None = None,
) -> Parsed:
    """Turn each item into records; one that does not fit is set aside with the reason and never stops the others."""
    target = stream(name)
    records: list[RawRecord] = []
    rejected: list[Rejected] = []
    if not isinstance(items, list):
        rejected.append(Rejected(target, orjson.dumps(response.body).decode(), f"expected a list of {name}"))
        items = []
    for item in items:
        try:
            if not isinstance(item, dict):
                raise TypeError("not a JSON object")
            records.extend(records_of(item))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            rejected.append(Rejected(target, orjson.dumps(item).decode(), reason))
    return Parsed(target, scope or repository_of(response), records, rejected, reported)
