"""How much there is to read of repositories that were never read, by GitHub's own counts.

Owns what a page of each list holds and costs. Refuses to read any of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.github.api import GRAPHQL, GitHub
from ingest.github.keys import stream
from ingest.http_errors import ForbiddenError, NotFoundError
from ingest.source import Expected
from ingest.store import RawStore

_ASKED = 20  # repositories whose runs are counted, a request each; the others are taken to have as many per change
_RULES = 6  # lists of rules and releases, most of them one page
_PULL_REQUEST_POINTS = 4  # what GitHub's own reckoning makes of a page with its nested lists


def expected(github: GitHub, store: RawStore, source: str, polled: Mapping[str, Mapping[str, Any]]) -> list[Expected]:
    """Return what the first reading of each repository that has never been read to its end will bring."""
    seen = store.watermarks(source, stream("repositories"))
    new = {str(found["nameWithOwner"]): found for found in polled.values() if str(found["nameWithOwner"]) not in seen}
    runs = _runs(github, new)
    return [one for repository, found in new.items() for one in _of(repository, found, runs[repository])]


def _of(repository: str, found: Mapping[str, Any], runs: int) -> Iterator[Expected]:
    pulls, issues, deployments, releases = (
        int((found.get(name) or {}).get("totalCount") or 0)
        for name in ("pullRequests", "issues", "deployments", "releases")
    )
    pages = math.ceil(pulls / 50)
    yield Expected(stream("pull_requests"), repository, pulls, pages, pages * _PULL_REQUEST_POINTS, GRAPHQL)
    yield Expected(stream("issues"), repository, issues, math.ceil(issues / 100), budget=GRAPHQL)
    yield Expected(stream("deployments"), repository, deployments, math.ceil(deployments / 100), budget=GRAPHQL)
    yield Expected(stream("workflow_runs"), repository, runs, math.ceil(runs / 100))
    yield Expected(stream("releases"), repository, releases, math.ceil(releases / 100) + _RULES)


def _runs(github: GitHub, repositories: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the number of workflow runs of each repository, counted for those with the most pull requests."""
    changes = {name: int((found.get("pullRequests") or {}).get("totalCount") or 0)
               for name, found in repositories.items()}  # fmt: skip
    largest = sorted(changes, key=lambda name: (-changes[name], name))[:_ASKED]
    counted = {name: _counted(github, name) for name in largest}
    share = sum(counted.values()) / max(1, sum(changes[name] for name in largest))
    return {name: counted.get(name, round(share * changes[name])) for name in repositories}


def _counted(github: GitHub, repository: str) -> int:
    try:
        answer = github.client.get(github.rest(f"/repos/{repository}/actions/runs"), {"per_page": 1})
    except (ForbiddenError, NotFoundError):
        return 0
    return int(answer.body.get("total_count") or 0) if isinstance(answer.body, dict) else 0
