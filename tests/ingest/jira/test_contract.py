"""The imitation and our requests are held to Atlassian's own description of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft4Validator

from ingest.items import Item, Json
from ingest.jira.connector import CONNECTOR
from ingest.store import RawStore
from tests.conftest import SHARED, FixedClock
from tests.ingest.syncing import synced
from tests.servers.base import Answer, Asked
from tests.servers.jira import START, JiraImitation
from tests.servers.responding import Responding

DESCRIPTION = SHARED / "openapi" / "jira-platform-swagger.v3.json"


@cache
def description() -> Item:
    if not DESCRIPTION.is_file():
        pytest.skip("Atlassian's API description (../shared/data/openapi) is not on this machine")
    found: Item = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


def faults(body: Json, schema: Item) -> list[str]:
    whole = {**schema, "components": description()["components"]}
    return [f"{list(error.path)}: {error.message[:200]}" for error in Draft4Validator(whole).iter_errors(body)]


def operation(asked: Asked) -> Item | None:
    for path, methods in description()["paths"].items():
        parts, given = path.split("/"), asked.path.split("/")
        fits = len(parts) == len(given) and all(
            part == step or part.startswith("{") for part, step in zip(parts, given, strict=True)
        )
        if fits and asked.method.lower() in methods:
            found: Item = methods[asked.method.lower()]
            return found
    return None


@pytest.fixture
def exchanges(store: RawStore, fixed_clock: FixedClock) -> Iterator[list[tuple[Asked, Answer]]]:
    """Everything said in a sync with pages of every kind."""
    description()
    risk = {"id": "customfield_10005", "name": "Change risk", "custom": True, "schema": {"type": "option"}}
    jira = JiraImitation(fields=[risk])
    for number in range(1, 121):
        jira.add(number)
        jira.record(number, START, "status", "a", "b")
    for entry in range(25):
        jira.comment(3, START + timedelta(hours=entry), "text")
    said: list[tuple[Asked, Answer]] = []

    def respond(asked: Asked) -> Answer:
        answer = jira.respond(asked)
        said.append((asked, answer))
        return answer

    with Responding(respond) as server:
        assert synced(CONNECTOR, server, store, fixed_clock).failures == []
    yield said


def test_the_imitation_answers_as_described(exchanges: list[tuple[Asked, Answer]]) -> None:
    """Every answer fits its schema; the bulk changelog, newer than the description, fits that of a history entry."""
    checked = set()
    for asked, answer in exchanges:
        found = operation(asked)
        if found is None:
            assert asked.path.endswith("/changelog/bulkfetch")
            check_bulk(answer.body)
            continue
        schema: dict[str, Any] = found["responses"]["200"]["content"]["application/json"]["schema"]
        assert faults(answer.body, schema) == []
        checked.add(asked.path.rpartition("/")[2])
    assert checked == {"myself", "field", "status", "jql", "comment"}


def check_bulk(body: Json) -> None:
    schema = {"$ref": "#/components/schemas/Changelog"}
    entries = [entry for log in body["issueChangeLogs"] for entry in log["changeHistories"]]
    assert entries
    for entry in entries:
        # The real service states milliseconds here where the description of a history entry says text.
        assert faults({**entry, "created": "2026-07-01T12:00:00.000+0000"}, schema) == []
        assert isinstance(entry["created"], int)


def test_our_searches_are_as_described(exchanges: list[tuple[Asked, Answer]]) -> None:
    """The body of every search fits the schema, which allows no other fields."""
    bodies = [asked.body for asked, _ in exchanges if asked.path.endswith("/search/jql")]
    assert len(bodies) == 2
    for body in bodies:
        assert faults(body, {"$ref": "#/components/schemas/SearchAndReconcileRequestBean"}) == []


def test_the_description_can_refuse() -> None:
    """A body with a field that Jira does not know is found."""
    description()
    assert faults({"jql": "x", "startAt": 0}, {"$ref": "#/components/schemas/SearchAndReconcileRequestBean"})
