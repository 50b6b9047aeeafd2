"""Taking an answer apart item by item, so that one bad item never costs the good ones.

Owns how a field of a parsed item is read, what makes an item unfit, and how it is set aside. Refuses to know any
source. ``ANNOTATION`` is the one key that a parser adds beside what the source returned: values that SQL could not
get at portably (a list joined by ``|``, an entry found by name). ``parent`` says what a nested item hung on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson

from ingest.http_errors import NO_SOURCE
from ingest.store_records import RawRecord, Rejected
from models.errors import SourceError
from models.streams import Stream

ANNOTATION = "twotrack"
PARENT = "parent"

Json: TypeAlias = Any  # parsed JSON whose shape is yet to be found out
Item = dict[str, Json]


def misshapen(error: Exception) -> str:
    """Say what an answer lacks, of the error that reading it raised: people know the answer, not our exceptions."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing" if error.args else "a part of it is missing"
    if isinstance(error, IndexError):
        return "a list in it is shorter than expected"
    return f"a value in it is of another kind than expected: {error}"


class UnfitItemError(ValueError):
    """An item that cannot be stored as what it should be; its text is the reason shown to users."""


@dataclass
class Intake:
    """What could be read of an answer so far, and what was set aside."""

    records: list[RawRecord] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def read(self, stream: Stream, items: Sequence[Json], reader: Callable[[Item], Iterable[RawRecord]]) -> None:
        """Add what ``reader`` makes of each item; an item it finds unfit is set aside under ``stream``."""
        for item in items:
            try:
                if not isinstance(item, dict):
                    raise UnfitItemError("is not a JSON object")
                self.records.extend(list(reader(item)))
            except UnfitItemError as error:
                key = text_at(item, "id") if isinstance(item, dict) else None
                self.rejected.append(Rejected(stream, orjson.dumps(item).decode(), str(error), key))


def listed(body: Json, *names: str) -> list[Json]:
    """Return an answer's list of items: the answer itself, or what it holds under the first of ``names`` it has.

    Raises:
        SourceError: The answer has no such list. It is not a page, so nothing may be concluded from it.
    """
    found = body
    if isinstance(body, dict):
        found = next((body[name] for name in names if name in body), None)
    if not isinstance(found, list):
        wanted = " or ".join(f"'{name}'" for name in names) or "items"
        raise SourceError(
            f"The source answered without a list of {wanted}.",
            kept="earlier pages were kept",
            next_step=NO_SOURCE,
        )
    return found


def at(value: Json, *path: str) -> Json:
    """Return what lies under ``path``, or ``None`` where a step is missing or no object."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def listed_at(value: Json, *path: str) -> list[Item]:
    """Return the objects of the list under ``path``; none where there is no list."""
    found = at(value, *path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def text_at(value: Json, *path: str) -> str | None:
    """Return the text (or number, as text) under ``path``; ``None`` where there is none or it is empty."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found).strip() or None


def required(item: Item, name: str) -> str:
    """Return the text under ``name``; raises ``UnfitItemError`` where the item has none."""
    if (found := text_at(item, name)) is None:
        raise UnfitItemError(f"has no '{name}'")
    return found


def instant_at(value: Json, *path: str) -> datetime | None:
    """Return the instant under ``path``, ``None`` where there is none.

    Raises:
        UnfitItemError: It is no ISO 8601 instant, or says no offset, so it names no point in time.
    """
    found = at(value, *path)
    if found is None or found == "":
        return None
    instant = parsed_instant(found)
    if instant is None:
        raise UnfitItemError(f"'{'.'.join(path)}' is no instant with an offset: {str(found)[:40]!r}")
    return instant


def require_instants(item: Item, *names: str) -> None:
    """Raise ``UnfitItemError`` where one of ``names`` (dotted paths) holds something that is no instant."""
    for name in names:
        instant_at(item, *name.split("."))


def parsed_instant(value: Json) -> datetime | None:
    """Return an ISO 8601 text with an offset as an aware instant, anything else as ``None``."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def epoch_instant(milliseconds: Json) -> datetime | None:
    """Return milliseconds since 1970 as an instant; ``None`` for anything else or out of range."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def joined(values: Iterable[str | None]) -> str | None:
    """Return names as one text joined by ``|``, each once, in the given order; ``None`` for no names."""
    return "|".join(dict.fromkeys(value for value in values if value)) or None


def joined_at(item: Json, *path: str, name: str = "name") -> str | None:
    """Return the list under ``path`` (texts, or objects with ``name``) joined by ``|``."""
    found = at(item, *path)
    if not isinstance(found, list):
        return None
    return joined(text_at(entry, name) if isinstance(entry, dict) else text_at({name: entry}, name) for entry in found)


def child(parent: Item, item: Item, **annotations: str | int | None) -> Item:
    """Return a nested item as it was, with what it hung on and the annotations that have a value."""
    return annotated({PARENT: parent, **item}, **annotations)


def annotated(item: Item, **annotations: str | int | None) -> Item:
    """Return an item as it was, with the annotations that have a value."""
    known = {name: value for name, value in annotations.items() if value is not None}
    return {**item, ANNOTATION: known} if known else item
