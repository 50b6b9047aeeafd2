"""GitHub's two APIs behind one client: where they are (github.com, Enterprise servers) and how GraphQL is asked.

Owns addresses, and telling an answer from a refusal in disguise: GraphQL says "rate limited", "took too long" and
"not yours" with HTTP 200. Refuses to page and to parse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ingest.budget import Budget
from ingest.connector import Response
from ingest.http import Client, next_link
from ingest.http_errors import (
    AGAIN,
    LATER,
    NO_SOURCE,
    ForbiddenError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    UnreadableAnswerError,
)
from models.errors import SourceError

API_VERSION = "2022-11-28"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
GRAPHQL = "graphql"

_TOO_MUCH = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED")
_TOOK_TOO_LONG = re.compile(r"something went wrong while executing|respond to your request in time|timedout|timed out")
_NEWER_FIELD = re.compile(r"\bfullDatabaseId\b")


@dataclass(frozen=True)
class Endpoints:
    """Where a GitHub server answers: base address, and the paths below it."""

    base_url: str
    rest: str
    graphql: str


def endpoints(base_url: str) -> Endpoints:
    """Return the addresses of a GitHub server as people write it: empty, github.com, an Enterprise or ghe.com host."""
    parts = urlsplit(base_url or "https://github.com")
    host = parts.hostname or ""
    if host in ("github.com", "api.github.com", "www.github.com"):
        return Endpoints("https://api.github.com", "", "/graphql")
    if host.endswith(".ghe.com"):
        return Endpoints(f"https://api.{host.removeprefix('api.')}", "", "/graphql")
    root = base_url.rstrip("/").removesuffix("/api/v3").removesuffix("/api/graphql")
    return Endpoints(root, "/api/v3", "/api/graphql")


@dataclass
class GitHub:
    """A GitHub server we may ask."""

    client: Client
    at: Endpoints
    is_older_server: bool = False

    def rest(self, path: str) -> str:
        """Return the path of a REST address under the base address."""
        return self.at.rest + path

    def next_page(self, path: str, response: Response) -> str | None:
        """Return where a REST list goes on, ``None`` at its end.

        GitHub's own link names the repository by number (``/repositories/123/…``); ours goes on naming it by name.
        """
        link = next_link(response)
        return f"{path.partition('?')[0]}?{urlsplit(link).query}" if link else None

    def ask(
        self,
        operation: str,
        query: str,
        variables: Mapping[str, Any],
        *,
        attempts: int | None = None,
        is_partial_fine: bool = False,
    ) -> Response:
        """Ask a GraphQL query and return the answer, whose URL ends in ``#<operation>``.

        Args:
            operation: Name of the query.
            query: Its text.
            variables: Its variables.
            attempts: How often to try; the client's policy when ``None``.
            is_partial_fine: Whether parts of the answer may be missing (one alias per repository).

        Raises:
            SourceError: One of ``ingest.http_errors``; ``OverloadedError`` means that asking for less may help.
        """
        asked = _NEWER_FIELD.sub("databaseId", query) if self.is_older_server else query
        response = self.client.post(
            self.at.graphql,
            {"query": asked, "variables": dict(variables)},
            budget=GRAPHQL,
            label=operation,
            attempts=attempts,
            judge=self._judge,
        )
        errors = _errors(response.body)
        if errors and not self.is_older_server and any("fullDatabaseId" in error["message"] for error in errors):
            # Enterprise servers before 3.12 know only the 32-bit number.
            self.is_older_server = True
            return self.ask(operation, query, variables, attempts=attempts, is_partial_fine=is_partial_fine)
        data = response.body.get("data")
        if data is None or (errors and not is_partial_fine and any(value is None for value in data.values())):
            raise self._refused(errors, response.url)
        return response

    def _judge(self, response: Response) -> None:
        """Raise when a parsed answer is a rate limit or an overload; note the budget it states."""
        if not isinstance(response.body, dict):
            raise UnreadableAnswerError(
                "GitHub answered a query with something that is no object.", where=response.url, next_step=NO_SOURCE
            )
        self._note_budget(response.body)
        for error in _errors(response.body):
            words = error["message"].lower()
            if error["type"] == "RATE_LIMITED" or "rate limit" in words:
                raise RateLimitError("GitHub's GraphQL limit is used up.", where=response.url)
            # Then lists may be missing from the answer, or cut short, beside what it does hold.
            if error["type"] in _TOO_MUCH or _TOOK_TOO_LONG.search(words):
                raise OverloadedError("A query was too much for GitHub.", where=response.url, next_step=LATER)

    def _note_budget(self, body: Mapping[str, Any]) -> None:
        stated = (body.get("data") or {}).get("rateLimit")
        if isinstance(stated, dict):
            known = self.client.budgets.get(GRAPHQL, Budget())
            reset_at = datetime.fromisoformat(stated["resetAt"]) if stated.get("resetAt") else None
            self.client.budgets[GRAPHQL] = known.stated(stated.get("limit"), stated.get("remaining"), reset_at)

    def _refused(self, errors: list[dict[str, str]], where: str) -> SourceError:
        said = self.client.scrub.text("; ".join(dict.fromkeys(error["message"] for error in errors)))[:300]
        kinds = {error["type"] for error in errors}
        if "NOT_FOUND" in kinds:
            return NotFoundError(
                f"GitHub has no such thing, or hides it from this credential: {said}.",
                where=where,
                next_step="check the repository's name, and that the token or app may read it",
            )
        if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            return ForbiddenError(
                f"The credential may not read this: {said}.", where=where, next_step="grant the token read access to it"
            )
        return SourceError(f"GitHub refused a query: {said or 'it gave no reason'}.", where=where, next_step=AGAIN)


def _errors(body: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"message": str(error.get("message", "")), "type": str(error.get("type", ""))}
        for error in body.get("errors") or []
        if isinstance(error, dict)
    ]
