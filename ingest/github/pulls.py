"""Reading GitHub's pull requests with everything nested in them, and its issues.

Owns how the nested lists are completed: GraphQL gives the first part of each, and whatever has more is asked for again,
several pull requests a request, until nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.connector import Parsed, Response
from ingest.github.api import GitHub
from ingest.github.graphql import ISSUES, LISTS, PULL_REQUESTS, further_lists_query
from ingest.github.parse import parse_issue_nodes, parse_more_of_pull_requests, parse_pull_request_nodes
from ingest.github.walk import PageSize, Walk
from ingest.http_errors import AGAIN, NotFoundError

_AT_ONCE = 10

Unfinished = list[tuple[int, dict[str, str]]]


def further_lists(github: GitHub, repository: str, nodes: list[Mapping[str, Any]]) -> Iterator[Parsed]:
    """Yield what the nested lists of pull requests hold beyond their first page."""
    owner, _, name = repository.partition("/")
    unfinished, size = _unfinished(nodes), PageSize(_AT_ONCE)
    while unfinished:

        def request(count: int, attempts: int | None, wanted: Unfinished = unfinished) -> Response:
            query = further_lists_query(wanted[:count])
            return github.ask("pullRequestLists", query, {"owner": owner, "name": name}, attempts=attempts)

        response = size.ask(github, request)
        yield parse_more_of_pull_requests(response)
        answered = [
            node for alias, node in response.body["data"]["repository"].items() if alias.startswith("p") and node
        ]
        if not answered:
            raise NotFoundError(
                "GitHub no longer tells of pull requests that it has just listed.", where=repository, next_step=AGAIN
            )
        numbers = {int(node["number"]) for node in answered}
        unfinished = [entry for entry in unfinished if entry[0] not in numbers] + _unfinished(answered)


def _unfinished(nodes: list[Mapping[str, Any]]) -> Unfinished:
    """Return, for each pull request with more to tell, the cursors of its unfinished lists."""
    found: Unfinished = []
    for node in nodes:
        cursors = {
            field: str(node[field]["pageInfo"]["endCursor"])
            for field in LISTS
            if isinstance(node.get(field), dict) and node[field].get("pageInfo", {}).get("hasNextPage")
        }
        if cursors:
            found.append((int(node["number"]), cursors))
    return found


PULL_REQUEST_WALK = Walk(
    "pullRequests",
    PULL_REQUESTS,
    "pullRequests",
    "updatedAt",
    parse_pull_request_nodes,
    further_lists,
    size=50,
    lists=tuple(LISTS),
)
ISSUE_WALK = Walk("issues", ISSUES, "issues", "updatedAt", parse_issue_nodes)
