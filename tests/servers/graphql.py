"""Just enough GraphQL to answer the queries of our connectors as a real server would: only what was asked, by alias.

Objects are dictionaries with ``__typename``. A list is a connection (first, last, after); a callable gets the field's
arguments. A field that an object does not have is refused as GitHub refuses it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

Json: TypeAlias = Any  # values of a query and of its answer, whatever they are

_TOKEN = re.compile(r'\s*(?:,|(\.\.\.)|("(?:[^"\\]|\\.)*")|(-?\d+)|([$A-Za-z_]\w*)|([!(){}:\[\]=]))')


class UndefinedFieldError(Exception):
    """The query asks for a field that does not exist."""


@dataclass(frozen=True)
class Field:
    """A field that was asked for, under its alias."""

    alias: str
    name: str
    arguments: tuple[tuple[str, Any], ...]
    selections: tuple[Any, ...]


@dataclass(frozen=True)
class OnType:
    """Fields asked for of one type only."""

    type_name: str
    selections: tuple[Any, ...]


@dataclass(frozen=True)
class Variable:
    """A variable's use."""

    name: str


@dataclass(frozen=True)
class Connection:
    """A list in an order, whose cursors name a place in that order and not a number, as GitHub's do."""

    items: Sequence[Mapping[str, Any]]
    place: Callable[[Mapping[str, Any]], str]


@dataclass
class _Reader:
    tokens: list[str] = field(default_factory=list)
    at: int = 0

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        return self.tokens[self.at]

    def skip(self, opening: str, closing: str) -> None:
        depth = 0
        while True:
            token = self.next()
            depth += (token == opening) - (token == closing)
            if depth == 0:
                return


@lru_cache(maxsize=500)
def parse(text: str) -> tuple[str, tuple[Any, ...]]:
    """Return a query's name and what it selects."""
    tokens: list[str] = []
    position = 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if not found:
            raise ValueError(f"not GraphQL: {text[position : position + 40]!r}")
        tokens += [group for group in found.groups() if group is not None]
        position = found.end()
    reader = _Reader(tokens)
    if reader.next() != "query":
        raise ValueError("only queries are answered")
    name = reader.next()
    if reader.peek() == "(":
        reader.skip("(", ")")
    return name, _selections(reader)


def _selections(reader: _Reader) -> tuple[Any, ...]:
    found: list[Any] = []
    assert reader.next() == "{"
    while reader.peek() != "}":
        token = reader.next()
        if token == "...":
            assert reader.next() == "on"
            found.append(OnType(reader.next(), _selections(reader)))
            continue
        alias = name = token
        if reader.peek() == ":":
            reader.next()
            name = reader.next()
        arguments = _arguments(reader) if reader.peek() == "(" else ()
        found.append(Field(alias, name, arguments, _selections(reader) if reader.peek() == "{" else ()))
    reader.next()
    return tuple(found)


def _arguments(reader: _Reader) -> tuple[tuple[str, Any], ...]:
    found = []
    reader.next()
    while reader.peek() != ")":
        name = reader.next()
        assert reader.next() == ":"
        found.append((name, _value(reader)))
    reader.next()
    return tuple(found)


def _value(reader: _Reader) -> Json:
    token = reader.next()
    if token == "[":
        items = []
        while reader.peek() != "]":
            items.append(_value(reader))
        reader.next()
        return tuple(items)
    if token == "{":
        pairs = []
        while reader.peek() != "}":
            name = reader.next()
            reader.next()
            pairs.append((name, _value(reader)))
        reader.next()
        return tuple(pairs)
    if token.startswith("$"):
        return Variable(token[1:])
    if token.startswith('"'):
        return token[1:-1]
    if token.lstrip("-").isdigit():
        return int(token)
    return {"true": True, "false": False, "null": None}.get(token, token)


def select(selections: Sequence[Any], value: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for of an object. Raises ``UndefinedFieldError``."""
    found: dict[str, Any] = {}
    for selection in selections:
        if isinstance(selection, OnType):
            if selection.type_name in ("Node", value.get("__typename")):
                found |= select(selection.selections, value, variables)
        elif selection.name not in value:
            raise UndefinedFieldError(
                f"Field '{selection.name}' doesn't exist on type '{value.get('__typename', 'Query')}'"
            )
        else:
            found[selection.alias] = _resolved(selection, value[selection.name], variables)
    return found


def _resolved(asked: Field, value: Json, variables: Mapping[str, Json]) -> Json:
    arguments: dict[str, Any] = {}
    if asked.arguments:
        arguments = {
            name: variables.get(given.name) if isinstance(given, Variable) else given for name, given in asked.arguments
        }
    if callable(value):
        value = value(**arguments)
        if isinstance(value, list):  # a plain list, such as nodes(ids:)
            return [None if item is None else select(asked.selections, item, variables) for item in value]
    if isinstance(value, Connection):
        return _page(asked, value, arguments, variables)
    if isinstance(value, list):
        numbered = Connection(value, lambda item: "")
        return _page(asked, numbered, arguments, variables)
    if isinstance(value, dict):
        return select(asked.selections, value, variables)
    return value


def _page(asked: Field, connection: Connection, arguments: Mapping[str, Any], variables: Mapping[str, Json]) -> Json:
    items = connection.items
    start = 0
    after = arguments.get("after")
    is_placed = bool(items) and connection.place(items[0]) != ""
    if after:
        cursor = base64.b64decode(after).decode()
        start = int(cursor) if not is_placed else sum(1 for item in items if connection.place(item) >= cursor)
    if "last" in arguments:
        start = max(0, len(items) - arguments["last"])
    page = items[start : start + arguments.get("first", len(items))]
    end = start + len(page)
    last = connection.place(page[-1]) if is_placed and page else str(end)
    whole = {
        "__typename": "Connection",
        "totalCount": len(items),
        "pageInfo": {
            "hasNextPage": end < len(items),
            "endCursor": base64.b64encode(last.encode()).decode() if page else None,
        },
    }
    found: dict[str, Any] = {}
    for selection in asked.selections:
        if selection.name == "nodes":
            found["nodes"] = [select(selection.selections, item, variables) for item in page]
        else:
            found |= select([selection], whole, variables)
    return found
