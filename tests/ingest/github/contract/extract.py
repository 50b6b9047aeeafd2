"""Cut what our connector asks out of GitHub's published descriptions.

npm pack @octokit/openapi @octokit/graphql-schema        # and unpack both
python -m tests.ingest.github.contract.extract OPENAPI_PACKAGE GRAPHQL_PACKAGE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLNamedType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    is_input_type,
    is_leaf_type,
    parse,
    print_type,
    visit,
)
from graphql.language import FieldNode, InlineFragmentNode
from graphql.type import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    is_specified_scalar_type,
)

from ingest.items import Json
from tests.ingest.github.contract.queries import queries

HERE = Path(__file__).resolve().parent
PATHS = (
    "/repos/{owner}/{repo}/actions/runs",
    "/repos/{owner}/{repo}/actions/runs/{run_id}",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/approvals",
    "/repos/{owner}/{repo}/environments",
    "/repos/{owner}/{repo}/releases",
    "/repos/{owner}/{repo}/rulesets",
    "/repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "/repos/{owner}/{repo}/rulesets/rule-suites",
)
_PROSE = ("description", "example", "examples", "title", "externalDocs", "x-github", "summary")


def rest(description: dict[str, Any]) -> dict[str, Any]:
    """Return parameters and the schema of the good answer by path, and the components that they name."""
    parts: dict[str, Any] = {"schemas": {}, "parameters": {}}

    def kept(node: Json) -> Json:
        if isinstance(node, list):
            return [kept(one) for one in node]
        if not isinstance(node, dict):
            return node
        if reference := node.get("$ref"):
            kind, name = reference.split("/")[2:]
            if name not in parts[kind]:
                parts[kind][name] = None  # before what it holds: descriptions refer to themselves
                parts[kind][name] = kept(description["components"][kind][name])
        names = node.get("properties")
        found = {name: kept(value) for name, value in node.items() if name not in _PROSE and name != "properties"}
        return found if names is None else found | {"properties": {name: kept(one) for name, one in names.items()}}

    paths = {}
    for path in PATHS:
        operation = description["paths"][path]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        paths[path] = {"parameters": kept(operation.get("parameters", [])), "schema": kept(schema)}
    return {"paths": paths, "components": parts}


def graphql(schema: GraphQLSchema, documents: list[DocumentNode]) -> str:
    """Return the types that the queries touch, with those of their fields whose types are touched too."""
    touched: dict[str, GraphQLNamedType] = {}
    info = TypeInfo(schema)

    class Touching(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            for found in (info.get_parent_type(), get_named_type(info.get_type())):
                if found is not None:
                    touched[found.name] = found

        def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
            if found := get_named_type(info.get_type()):
                touched[found.name] = found

    for document in documents:
        visit(document, TypeInfoVisitor(info, Touching()))
    for found in list(touched.values()):
        for interface in getattr(found, "interfaces", ()):
            touched[interface.name] = interface
    _narrow(touched)
    for name in [name for name, found in touched.items() if getattr(found, "fields", True) == {}]:
        del touched[name]  # an interface of which nothing is asked
    _narrow(touched)
    texts = [print_type(found) for name, found in sorted(touched.items()) if not is_specified_scalar_type(found)]
    return "\n\n".join(texts) + "\n"


def _narrow(touched: dict[str, GraphQLNamedType]) -> None:
    """Take out fields, members and interfaces that lead away; take in the types of arguments."""
    for found in list(touched.values()):
        found.description = None
        if isinstance(found, GraphQLUnionType):
            found.types = tuple(one for one in found.types if one.name in touched)
        if isinstance(found, GraphQLObjectType | GraphQLInterfaceType):
            found.interfaces = tuple(one for one in found.interfaces if one.name in touched)
            found.fields = {
                name: one
                for name, one in found.fields.items()
                if get_named_type(one.type).name in touched or is_leaf_type(get_named_type(one.type))
            }
            for one in found.fields.values():
                _take_in(one, touched)


def _take_in(found: GraphQLField, touched: dict[str, GraphQLNamedType]) -> None:
    found.description = None
    waiting = [get_named_type(found.type), *(get_named_type(one.type) for one in found.args.values())]
    for argument in found.args.values():
        argument.description = None
    while waiting:
        one = waiting.pop()
        one.description = None
        for value in [*getattr(one, "values", {}).values()]:
            value.description = None
        if one.name not in touched and (is_input_type(one) or is_leaf_type(one)):
            touched[one.name] = one
            for part in getattr(one, "fields", {}).values():
                part.description = None
                waiting.append(get_named_type(part.type))


def main() -> None:
    """Write both extracts beside this file."""
    openapi, schema = (Path(given) for given in sys.argv[1:])
    description = json.loads((openapi / "generated" / "api.github.com.json").read_text(encoding="utf-8"))
    text = json.dumps(rest(description), sort_keys=True, separators=(",", ":"))
    (HERE / "rest.json").write_text(text + "\n", encoding="utf-8")
    # As published it defines two fields twice.
    whole = build_schema((schema / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)
    text = graphql(whole, [parse(query) for query in queries()])
    (HERE / "schema.graphql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
