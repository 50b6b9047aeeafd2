"""Records of the product's own kinds, as any tool may send them: ``{"kind": "deployment", "record": {"key": "…", …}}``.

Owns how one is checked and how it becomes a raw record. The fields are those of ``models.records``; an instant must
state its offset, since a local time names no point in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ingest.store_records import RawRecord
from models.records import KINDS, Record, plural
from models.streams import Stream

_LARGEST = 2**63


def problems_of(value: object) -> list[str]:
    """Return what keeps a parsed JSON value from being a record; nothing if it is one."""
    if not isinstance(value, dict):
        return ["is not a JSON object"]
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return [f"'kind' must be one of {', '.join(KINDS)}"]
    if set(value) != {"kind", "record"}:
        return ["must have 'kind' and 'record' and nothing else"]
    try:
        record = _record(value)
    except ValidationError as error:
        return [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return list(_further_problems(record))


def raw_record(value: dict[str, Any], received_at: datetime) -> RawRecord:
    """Return a checked record as the raw store keeps it: the record, and beside it the object as it was sent."""
    record = _record(value)
    fields = record.model_dump(mode="json", exclude_none=True)
    stream = Stream("record", plural(str(value["kind"])))
    return RawRecord(stream, record.key, {"record": fields, "row": value["record"]}, record.updated_at, received_at)


def _record(value: dict[str, Any]) -> Record:
    return KINDS[str(value["kind"])].model_validate(value["record"])


def _further_problems(record: Record) -> Iterator[str]:
    if not record.key:
        yield "key: must not be empty"
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, datetime) and value.tzinfo is None:
            yield f"{name}: must state its offset, as in 2026-07-01T14:30:00+02:00 or …Z"
        elif isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            yield f"{name}: is larger than any number of its kind"
        elif isinstance(value, str) and "\x00" in value:
            yield f"{name}: holds a NUL character"
