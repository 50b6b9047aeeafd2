"""The imitation and our requests are held to GitHub's own descriptions of its APIs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, GraphQLType, SelectionSetNode, build_schema, get_named_type, parse, validate
from graphql.language import FieldNode, InlineFragmentNode, OperationDefinitionNode
from graphql.type import is_leaf_type, is_list_type, is_non_null_type
from jsonschema import Draft202012Validator

from ingest.items import Json
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.github.contract.queries import queries
from tests.ingest.github.large import ANN, large_repository
from tests.ingest.github.syncing import Syncing
from tests.servers.base import Answer, Asked
from tests.servers.github import GitHubServer
from tests.servers.github_data import branch_protection, event, review, status

HERE = Path(__file__).resolve().parent / "contract"
Exchange = tuple[Asked, Answer]


@cache
def schema() -> GraphQLSchema:
    # Published with fields that are deprecated in a type and not in its interface: valid for GitHub, not for a linter.
    return build_schema((HERE / "schema.graphql").read_text(encoding="utf-8"), assume_valid=True)


@cache
def description() -> dict[str, Any]:
    found: dict[str, Any] = partial(json.loads((HERE / "rest.json").read_text(encoding="utf-8")))
    return found


def partial(node: Json) -> Json:
    """Return a description that an answer fits with some of the fields, but not with others nor with other types."""
    if isinstance(node, list):
        return [partial(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {name: partial(value) for name, value in node.items() if name not in ("required", "nullable", "oneOf")}
    if "oneOf" in node:  # without what is required, several may fit
        found["anyOf"] = partial(node["oneOf"])
    if "properties" in node and "allOf" not in node:
        found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if node.get("nullable") is True else found


def unfitting(data: Json, given: GraphQLType, selections: SelectionSetNode | None, path: str = "") -> Iterator[str]:
    """Yield what an answer to a query says that the schema does not allow."""
    if is_non_null_type(given):
        if data is None:
            yield f"{path}: null"
        given = given.of_type  # type: ignore[attr-defined]
    if data is None:
        return
    if is_list_type(given):
        for item in data:
            yield from unfitting(item, given.of_type, selections, f"{path}[]")  # type: ignore[attr-defined]
    elif is_leaf_type(given):
        try:
            given.parse_value(data)  # type: ignore[attr-defined]
        except Exception as error:
            yield f"{path}: {error}"
    elif selections is not None:
        yield from _fields(data, get_named_type(given).name, selections, path)


def _fields(data: Mapping[str, Any], type_name: str, selections: SelectionSetNode, path: str) -> Iterator[str]:
    for one in selections.selections:
        if isinstance(one, InlineFragmentNode):
            condition = one.type_condition.name.value if one.type_condition else type_name
            if data.get("__typename") == condition:
                yield from _fields(data, condition, one.selection_set, path)
        elif isinstance(one, FieldNode) and one.name.value != "__typename":
            name = one.alias.value if one.alias else one.name.value
            found = schema().type_map[type_name].fields[one.name.value]  # type: ignore[attr-defined]
            if name in data:
                yield from unfitting(data[name], found.type, one.selection_set, f"{path}.{name}")


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """Everything said in a sync with lists of every kind, and in the next after something moved."""
    repository = large_repository(pull_requests=55, deployments=20, runs=100, jobs=2)
    repository.pull_requests[0]["reviews"] = [review(9000 + i, ANN, "COMMENTED", i) for i in range(120)]
    repository.pull_requests[0]["timelineItems"] += [
        event("ConvertToDraft", "x", ANN, 5),
        event("Reopened", "x", ANN, 6),
    ]
    repository.branch_protections = [branch_protection(1)]
    repository.deployments[0]["statuses"] = [status(f"many{i}", "IN_PROGRESS", i) for i in range(30)]
    said: list[Exchange] = []

    class Overheard(GitHubServer):
        def answer(self, asked: Asked) -> Answer:
            answer = super().answer(asked)
            said.append((asked, answer))
            return answer

    with Overheard(repository) as server, RawStore(tmp_path_factory.mktemp("contract") / "store.duckdb") as store:
        syncing = Syncing(server, store, FixedClock())
        syncing.clean()
        repository.head = "1"
        syncing.clean()
    return said


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.split("(")[0].removeprefix("query "))
def test_every_query_is_one_that_github_publishes(query: str) -> None:
    """Fields, arguments, their types and the nesting are those of the public schema."""
    assert [error.message for error in validate(schema(), parse(query))] == []


def test_the_schema_can_refuse() -> None:
    """A field, an argument and an enumerated value that GitHub does not know are found."""
    for query in (
        "{viewer{shoeSize}}",
        '{repository(owner:"a",name:"b"){pullRequests(firstly:3){totalCount}}}',
        '{repository(owner:"a",name:"b"){pullRequests(first:3,orderBy:{field:SIZE,direction:ASC}){totalCount}}}',
    ):
        assert validate(schema(), parse(query))


def test_the_imitation_answers_queries_as_the_schema_says(exchanges: list[Exchange]) -> None:
    """What was asked in fact is valid, and every value of the answer has its type; nothing is null that may not be."""
    asked_of = Counter[str]()
    for asked, answer in exchanges:
        if not asked.path.endswith("/graphql"):
            continue
        document = parse(asked.body["query"])
        assert [error.message for error in validate(schema(), document)] == []
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        found = list(unfitting(answer.body["data"], schema().query_type, operation.selection_set))  # type: ignore[arg-type]
        assert found == []
        asked_of[operation.name.value if operation.name else ""] += 1
    assert {"repositories", "pullRequests", "pullRequestLists", "deployments", "deploymentStatuses", "ruleFiles",
            "workflowRuns", "branchProtections"} <= set(asked_of)  # fmt: skip


def test_the_imitation_answers_rest_as_described(exchanges: list[Exchange]) -> None:
    """Addresses and parameters are published; an answer may lack fields, but has no other and none of another type."""
    whole = {"components": description()["components"]}
    seen = set()
    for asked, answer in exchanges:
        if asked.path.endswith("/graphql") or answer.status == 304:
            continue
        path, parameters, expected = published(asked.path)
        assert set(asked.query) <= parameters, f"{path}: {set(asked.query) - parameters}"
        faults = Draft202012Validator({**expected, **whole}).iter_errors(answer.body)
        assert [f"{list(fault.path)}: {fault.message[:300]}" for fault in faults] == [], path
        seen.add(path.rpartition("{repo}/")[2])
    assert seen >= {"actions/runs", "environments", "releases", "rulesets", "rulesets/{ruleset_id}"}


def published(path: str) -> tuple[str, set[str], dict[str, Any]]:
    """Return a path's description: its template, the names of its parameters, and the schema of its answer."""
    for template, found in description()["paths"].items():
        if re.fullmatch(r"/api/v3" + re.sub(r"\{[^}]+\}", "[^/]+", template), path) is None:
            continue
        if template.endswith("{ruleset_id}") and path.endswith("rule-suites"):
            continue
        names = {
            description()["components"]["parameters"][one["$ref"].rpartition("/")[2]]["name"] if "$ref" in one
            else one["name"]
            for one in found["parameters"]
        }  # fmt: skip
        return template, names, found["schema"]
    raise AssertionError(f"{path} is no address that GitHub publishes")


def test_the_descriptions_can_refuse() -> None:
    """A field that is not published, and a value of another type, are found."""
    whole = {"components": description()["components"]}
    schema_of_runs = description()["paths"]["/repos/{owner}/{repo}/actions/runs"]["schema"]
    check = Draft202012Validator({**schema_of_runs, **whole})
    assert check.is_valid({"total_count": 1, "workflow_runs": [{"id": 5}]})
    assert not check.is_valid({"total_count": 1, "workflow_runs": [{"id": 5, "mood": "good"}]})
    assert not check.is_valid({"total_count": 1, "workflow_runs": [{"id": "five"}]})
