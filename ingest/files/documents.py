"""How JSON documents are built: where their list of rows is, and which lists their rows hold.

Owns the way to rows through objects around them. Refuses to know what a row means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

_DEPTH = 5
_LIST_DEPTH = 3
# Gerrit puts this before each answer, so that no browser takes the answer for a script.
_GUARD = b")]}'"


def document_bytes(path: Path) -> bytes:
    """Return the JSON of a file without a byte-order mark and without the line by which servers guard an answer."""
    return path.read_bytes().removeprefix(b"\xef\xbb\xbf").removeprefix(_GUARD)


def items_path(path: Path) -> str:
    """Return the path of a JSON document's list of objects; empty when the document is the list.

    Of several the one with the fewest objects around it counts, then the longest.
    """
    try:
        document = orjson.loads(document_bytes(path))
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(document, dict):
        return ""
    lists = dict(_lists_around(document, _DEPTH))
    return min(lists, key=lambda name: (name.count("."), -lists[name])) if lists else ""


def _lists_around(value: Mapping[str, Any], depth: int, before: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path and length of each list of objects that is in objects only."""
    for key, one in value.items():
        if isinstance(one, list) and is_list_of_objects(one):
            yield before + key, len(one)
        elif isinstance(one, dict) and depth and "." not in key:
            yield from _lists_around(one, depth - 1, f"{before}{key}.")


def is_list_of_objects(value: Sequence[Any]) -> bool:
    """Whether a list holds something, and nothing but objects."""
    return bool(value) and all(isinstance(item, dict) for item in value)


def inner_lists(items: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the objects of every list that rows hold, by the path to it: through objects, and through other lists."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        for name, one in _lists_within(item, _LIST_DEPTH):
            found.setdefault(name, []).extend(one)
    return dict(sorted(found.items()))


def _lists_within(
    item: Mapping[str, Any], depth: int, before: str = ""
) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    for key, value in item.items():
        if "." in key or not depth:
            continue
        if isinstance(value, list) and is_list_of_objects(value):
            yield before + key, value
            for one in value:
                yield from _lists_within(one, depth - 1, f"{before}{key}.")
        elif isinstance(value, dict):
            yield from _lists_within(value, depth - 1, f"{before}{key}.")
