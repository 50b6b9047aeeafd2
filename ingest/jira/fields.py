"""What a Jira instance's custom fields mean, found by name and kind through its field list, never by a fixed id.

Owns the names under which sites keep a change's type, risk, plans and times, and how a value of any field kind reads
as plain text. Refuses to guess: a field of the right name and the wrong kind (a date where an instant is needed) is
not used, and where several fields carry the name the first with a value counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from ingest.items import Json, at, joined, parsed_instant, text_at

_TEXT = frozenset({"string", "option", "option-with-child", "array", "any", "team", "number"})
_PERSON = frozenset({"user", "array", "any"})
_INSTANT = frozenset({"datetime"})
_SEPARATORS = re.compile(r"[\s_\-/]+")
APPROVALS_KIND = ":sd-approvals"


@dataclass(frozen=True)
class Meaning:
    """One thing to know of an issue: the names of fields that say it, in order of preference, and their kinds."""

    target: str
    names: tuple[str, ...]
    kinds: frozenset[str] = _TEXT


MEANINGS = (
    Meaning("change_type", ("change type", "type of change")),
    Meaning("risk", ("change risk", "risk", "risk level", "risk rating")),
    Meaning("impact", ("impact", "change impact", "business impact")),
    Meaning("rollback_plan", ("backout plan", "back out plan", "rollback plan", "roll back plan")),
    Meaning("test_plan", ("test plan", "verification plan", "validation plan")),
    Meaning("stakeholders", ("stakeholders", "affected stakeholders", "stakeholder groups", "affected teams")),
    Meaning("conditions", ("approval conditions", "conditions of approval", "conditions")),
    Meaning("template", ("change template", "standard change template", "change model")),
    Meaning("template_version", ("change template version", "template version")),
    Meaning("outcome", ("change outcome", "implementation result", "change result", "closure code", "close code")),
    Meaning("service", ("affected services", "affected service", "services", "service", "business service")),
    Meaning("environment", ("target environment", "affected environment", "environment")),
    Meaning("team", ("owning team", "responsible team", "team", "squad")),
    Meaning("severity", ("severity", "incident severity")),
    Meaning("planned_start_at", ("planned start", "planned start date", "change start date"), _INSTANT),
    Meaning("planned_end_at", ("planned end", "planned end date", "change completion date"), _INSTANT),
    Meaning("actual_start_at", ("actual start", "actual start date", "implementation start"), _INSTANT),
    Meaning("actual_end_at", ("actual end", "actual end date", "implementation end"), _INSTANT),
    Meaning("started_at", ("incident start", "incident start time", "impact start", "outage start"), _INSTANT),
    Meaning("detected_at", ("detected at", "incident detected", "time detected", "detection time"), _INSTANT),
    Meaning("resolved_at", ("incident end", "incident end time", "impact end", "outage end"), _INSTANT),
    Meaning("post_review_at", ("post implementation review date", "pir date", "pir completed"), _INSTANT),
    Meaning("post_review_by", ("post implementation reviewer", "pir reviewer", "pir owner"), _PERSON),
)


@dataclass
class FieldCatalogue:
    """The fields of one Jira instance, learned from its own answer; empty until that has been read."""

    _names: dict[str, list[str]] = field(default_factory=dict)
    _kinds: dict[str, str] = field(default_factory=dict)
    approvals: tuple[str, ...] = ()

    def learn(self, fields: Sequence[Json]) -> None:
        """Take in the answer of ``/field``, replacing what was known."""
        self._names, self._kinds, approvals = {}, {}, []
        for entry in fields:
            if (field_id := text_at(entry, "id")) is None:
                continue
            self._kinds[field_id] = text_at(entry, "schema", "type") or "any"
            if (text_at(entry, "schema", "custom") or "").endswith(APPROVALS_KIND):
                approvals.append(field_id)
            for name in {text_at(entry, "name"), text_at(entry, "untranslatedName")} - {None}:
                self._names.setdefault(_normal(str(name)), []).append(field_id)
        self.approvals = tuple(sorted(approvals))

    def field_ids(self) -> tuple[str, ...]:
        """Return the ids of all fields that mean something here, sorted."""
        known = {field_id for meaning in MEANINGS for field_id in self._candidates(meaning)}
        return tuple(sorted(known | set(self.approvals)))

    def resolve(self, fields: Mapping[str, Json]) -> dict[str, str]:
        """Return target → plain value for everything that an issue's fields say."""
        found: dict[str, str] = {}
        for meaning in MEANINGS:
            for field_id in self._candidates(meaning):
                value = plain_value(fields.get(field_id))
                if value is None or (meaning.kinds is _INSTANT and parsed_instant(value) is None):
                    continue
                found[meaning.target] = value
                break
        return found

    def approval_state(self, fields: Mapping[str, Json]) -> str | None:
        """Return a text that changes whenever an approval of the issue does; ``None`` where it has no approvals."""
        values = [fields[field_id] for field_id in self.approvals if fields.get(field_id)]
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode() if values else None

    def _candidates(self, meaning: Meaning) -> list[str]:
        ids = [field_id for name in meaning.names for field_id in sorted(self._names.get(name, []))]
        return [field_id for field_id in ids if self._kinds[field_id] in meaning.kinds]


class FieldCatalogues(defaultdict[str, FieldCatalogue]):
    """One catalogue per Jira instance, so that recordings of several never borrow each other's names."""

    def __init__(self) -> None:
        super().__init__(FieldCatalogue)

    def of(self, url: str) -> FieldCatalogue:
        """Return the catalogue of the instance that ``url`` belongs to."""
        return self[url.partition("/rest/")[0]]


def plain_value(value: Json) -> str | None:
    """Return a field's value as plain text: option, person, group, rich text, number, or a list of these."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return joined(plain_value(entry) for entry in value)
    if isinstance(value, dict):
        if value.get("type") == "doc":
            return rich_text(value)
        return login_of(value) or text_at(value, "value") or text_at(value, "name") or text_at(value, "title")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return text_at({"": value}, "")


def login_of(person: Json) -> str | None:
    """Return a person's identity: account id (Cloud) or login name (Data Center); never the name shown."""
    if account := text_at(person, "accountId"):
        return account
    return text_at(person, "name") if at(person, "displayName") is not None else None


_BLOCKS = frozenset({"paragraph", "heading", "listItem", "codeBlock", "blockquote", "tableRow", "rule", "panel"})


def rich_text(node: Json) -> str | None:
    """Return the text of an Atlassian document, a line per block."""
    lines = (line.strip() for line in "".join(_pieces(node)).splitlines())
    return "\n".join(line for line in lines if line) or None


def _pieces(node: Json) -> list[str]:
    kind = at(node, "type")
    if kind == "text" and "text" in node:
        return [node["text"]] if isinstance(node["text"], str) else []
    if kind == "hardBreak":
        return ["\n"]
    pieces = [text for text in (text_at(node, "attrs", "text"), text_at(node, "attrs", "url")) if text]
    for entry in at(node, "content") or []:
        pieces += _pieces(entry)
    return [*pieces, "\n"] if kind in _BLOCKS else pieces


def _normal(name: str) -> str:
    return _SEPARATORS.sub(" ", name).strip().casefold()
