"""One ``[[record]]`` of a mapping as DuckDB SQL: rows as text in, keys and canonical records out.

Owns the meaning of expressions, filters and field types. Refuses to know files and the store. Names of columns never
reach the SQL (a reader hands them over as ``c0``, ``c1``, …) and every text of the mapping is a quoted literal.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Union, get_args, get_origin

from ingest.files.expression import Expression, Filter, Length, template_columns
from ingest.files.mapping import FileMapping, Items, RecordMapping
from ingest.files.spans import later_sql, number_sql
from ingest.files.times import is_ambiguous, local_time, stated_instant, text_literal, utc_of_local
from models.records import KINDS, plural
from models.streams import Stream

ROWS = "import_rows"
"""Relation with one batch of rows: line, row (JSON text) and the mapped columns as text."""

MAPPED_COLUMNS = """
    line BIGINT, record_key VARCHAR, version_at TIMESTAMP, record VARCHAR, row VARCHAR, more_rows VARCHAR,
    payload_sha256 VARCHAR, problem VARCHAR, reason VARCHAR, notes VARCHAR
"""

# DuckDB's JSON writer and the canonical form differ in how they escape a few characters; a doubled backslash is
# hidden first so that text which only looks like an escape is left alone.
_ESCAPES = [(f"\\u00{code:02X}", f"\\u00{code:02x}") for code in range(32) if f"{code:02X}" != f"{code:02x}"]
_CANONICAL = "replace({text}, '\\\\', chr(1))"
for _written, _wanted in _ESCAPES:
    _CANONICAL = f"replace({_CANONICAL}, '{_written}', '{_wanted}')"
for _code in (0x2028, 0x2029):
    _CANONICAL = f"replace({_CANONICAL}, '\\u{_code:04X}', chr({_code}))"
MACROS = f"""
create or replace temp macro import_canonical(j) as
    case when contains(j, '\\u') then replace({_CANONICAL.format(text="j")}, chr(1), '\\\\') else j end;
"""


_ACTOR_TYPES = ("human", "bot")
VOCABULARY = {
    "window.kind": ("change", "outage", "freeze"),
    "incident.kind": ("incident", "rollback", "hotfix"),
    **{
        f"{kind}.{name}": _ACTOR_TYPES
        for kind, model in KINDS.items()
        for name in model.model_fields
        if name.endswith("_type") and name not in {"change_type", "record_type"}
    },
    **{
        f"{kind}.time_quality": ("exact", "bounded", "inferred")
        for kind, model in KINDS.items()
        if "time_quality" in model.model_fields
    },
}
"""Fields whose texts are the product's own words; any other text sets the row aside instead of failing a build."""


@dataclass(frozen=True)
class Field:
    """A mapped field: its name, type (text, instant, number or truth) and expression."""

    name: str
    type: str
    expression: Expression


@dataclass(frozen=True)
class Section:
    """One ``[[record]]`` ready to run.

    Args:
        index: Its place in the mapping.
        record: What the mapping says.
        mapping: The mapping it belongs to.
        columns: Source column → SQL column of the batch.
        far_limit: Instants after this are noted as far in the future.
    """

    index: int
    record: RecordMapping
    mapping: FileMapping
    columns: Mapping[str, str]
    far_limit: datetime

    @property
    def stream(self) -> Stream:
        """Where its records are stored."""
        return Stream("record", plural(self.record.kind))

    @property
    def table(self) -> str:
        """Temporary table of what was mapped, shared by all sections of one kind."""
        return f"import_{plural(self.record.kind)}"

    @property
    def gather_table(self) -> str:
        """Temporary table of rows that wait to be gathered by key."""
        return f"import_gather_{self.index}"

    @property
    def fields(self) -> list[Field]:
        """The mapped fields with their types."""
        kinds = KINDS[self.record.kind].model_fields
        return [
            Field(name, field_type(kinds[name].annotation), item) for name, item in self.record.all_fields().items()
        ]

    def texts_sql(self) -> str:
        """Return a SELECT from a batch: line, row, key ``k``, texts ``v0``… and order columns ``o0`` and on."""
        key = self.record.key_expression()
        hashed = "sha256(row || chr(31) || item)" if isinstance(self.record.each, Items) else "sha256(row)"
        values = [f"{hashed} as k" if key is None else f"{self._value(key)} as k"]
        values += [f"{self._value(field.expression)} as v{place}" for place, field in enumerate(self.fields)]
        values += [f"{self.columns[name]} as o{place}" for place, name in enumerate(self.record.gather)]
        where = " and ".join(self._condition(item) for item in self.record.when) or "true"
        return f"select line, row, {', '.join(values)} from ({self._clean_rows()}) where {where}"

    def _clean_rows(self) -> str:
        """Trim every column and make blanks and the mapping's empty values null."""
        source = ROWS
        if isinstance(self.record.each, Items):
            cell, separator = self.columns[self.record.each.column], text_literal(self.record.each.split)
            source = f"(select *, unnest(string_split({cell}, {separator})) as item from {ROWS})"
        cleaned = [f"{self._clean(column)} as {column}" for column in dict.fromkeys(self.columns.values())]
        cut = f"select line, row, {', '.join(cleaned)} from {source}"
        return f"select * from ({cut}) where item is not null" if isinstance(self.record.each, Items) else cut

    def _clean(self, column: str) -> str:
        text = f"nullif(trim({column}, ' ' || chr(9) || chr(10) || chr(13) || chr(160)), '')"
        for empty in self.mapping.empty_values:
            text = f"nullif({text}, {text_literal(empty)})" if empty else text
        return text

    def _value(self, expression: Expression) -> str:
        """Return an expression as SQL text (null when unknown)."""
        if expression.constant is not None:
            value = text_literal(constant_text(expression.constant))
        elif expression.template is not None:
            value = self._template(expression.template)
        elif expression.first is not None:
            value = f"coalesce({', '.join(self.columns[name] for name in expression.first)}, null)"
        elif expression.join is not None:
            cells = ", ".join(self.columns[name] for name in expression.join)
            value = f"nullif(concat_ws({text_literal(expression.separator)}, {cells}), '')"
        else:
            value = self.columns[str(expression.column)]
        if expression.split is not None:
            value = _split(value, expression.split, expression.part)
        if expression.values or expression.otherwise is not None:
            value = _replaced(value, expression)
        if expression.plus is not None:
            value = self._later(value, expression, expression.plus)
        if expression.when:
            value = f"case when {' and '.join(self._condition(item) for item in expression.when)} then {value} end"
        if expression.fallback is not None:
            value = f"coalesce({value}, {self._value(expression.fallback)})"
        return f"({value})"

    def _later(self, value: str, expression: Expression, plus: Length) -> str:
        formats = expression.formats or self.mapping.formats
        length = text_literal(str(plus.constant)) if plus.column is None else self.columns[plus.column]
        zone, decimal = expression.time_zone or self.mapping.time_zone, self.mapping.dialect.decimal
        return later_sql(value, length, plus.unit, decimal, formats, zone, self.mapping.ambiguous)

    def _template(self, template: str) -> str:
        names = template_columns(template)
        rest, pieces = template, []
        for name in names:
            before, _, rest = rest.partition("{" + name + "}")
            pieces += [text_literal(before.replace("{{", "{").replace("}}", "}"))] if before else []
            pieces.append(self.columns[name])
        pieces += [text_literal(rest.replace("{{", "{").replace("}}", "}"))] if rest else []
        return " || ".join(pieces)

    def _condition(self, item: Filter) -> str:
        column, checks = self.columns[item.column], []
        if item.equals is not None:
            checks.append(f"{column} in ({', '.join(text_literal(text) for text in item.equals)})")
        if item.not_equals is not None:
            checks.append(f"coalesce({column}, '') not in ({', '.join(text_literal(t) for t in item.not_equals)})")
        if item.empty is not None:
            checks.append(f"{column} is {'' if item.empty else 'not '}null")
        if item.starts_with is not None:
            checks.append(
                "(" + " or ".join(f"starts_with({column}, {text_literal(t)})" for t in item.starts_with) + ")"
            )
        if item.contains is not None:
            checks.append(f"contains({column}, {text_literal(item.contains)})")
        if item.not_contains is not None:
            checks.append(f"not contains(coalesce({column}, ''), {text_literal(item.not_contains)})")
        if item.matches is not None:
            checks.append(f"regexp_matches({column}, {text_literal(item.matches)})")
        return f"coalesce({' and '.join(checks)}, false)"

    def gathered_sql(self, part: str) -> str:
        """Return a SELECT that makes one row of all waiting rows of a key, of the keys that meet a condition."""
        order = ", ".join(f"try_cast(o{n} as double) nulls last, o{n}" for n in range(len(self.record.gather)))
        picked = [f"{_picked(field.expression, place)} as v{place}" for place, field in enumerate(self.fields)]
        return f"""
            select min(line) as line, arg_min(row, place) as row, k,
                nullif(array_to_string(list(row order by place)[2:], ','), '') as more_rows, {", ".join(picked)}
            from (
                select *, row_number() over (partition by k order by {order}, row) as place
                from {self.gather_table} where {part}
            )
            group by k
        """

    def mapped_sql(self, texts: str, *, has_more_rows: bool = False) -> str:
        """Return a SELECT with ``MAPPED_COLUMNS`` from a SELECT shaped like ``texts_sql``."""
        fields = list(enumerate(self.fields))
        parsed = [column for place, field in fields for column in self._parsed(place, field)]
        values = [column for place, field in fields for column in self._typed(place, field)]
        problems = [case for place, field in fields for case in self._problems(place, field)]
        reasons = " ".join(f"when {condition} then {problem}" for condition, problem, _ in problems)
        details = " ".join(f"when {condition} then {shown}" for condition, _, shown in problems)
        version = next((f"t{place}" for place, field in fields if field.name == "updated_at"), "null")
        notes = ", ".join(note for place, field in fields for note in self._notes(place, field))
        more_rows = "more_rows" if has_more_rows else "cast(null as varchar)"
        missing = "'the key is missing'"
        # The hash follows in a step of its own, so that the record's JSON is put together once.
        payload = payload_sql(self.mapping.name, "record", "row", "more_rows")
        return f"""
            select line, k, version_at, record, row, more_rows, case when problem is null then sha256({payload}) end,
                problem, reason, notes
            from (
                select line, k, cast({version} as timestamp) as version_at, row, {more_rows} as more_rows,
                    import_canonical('{{' || {self._json()} || '}}') as record,
                    case when k is null then {missing} {reasons} end as problem,
                    case when k is null then {missing} {details} end as reason,
                    {f"nullif(concat_ws('|', {notes}), '')" if notes else "null"} as notes
                from (
                    select *{"".join(", " + column for column in values)}
                    from (select *{"".join(", " + column for column in parsed)} from ({texts}))
                )
            )
        """

    def _parsed(self, place: int, field: Field) -> list[str]:
        formats = field.expression.formats or self.mapping.formats
        if field.type == "instant":
            # What was worked out is written as ISO whatever it was worked out from.
            formats = ("iso", *formats) if field.expression.is_worked_out else formats
            return [
                f"{stated_instant(f'v{place}', formats)} as s{place}",
                f"{local_time(f'v{place}', formats)} as l{place}",
            ]
        if field.type == "number":
            return [f"{number_sql(f'v{place}', self.mapping.dialect.decimal)} as d{place}"]
        return []

    def _typed(self, place: int, field: Field) -> list[str]:
        if field.type == "instant":
            utc = utc_of_local(f"l{place}", self._zone(field), self.mapping.ambiguous)
            instant = f"coalesce(s{place}, {utc})"
            if field.expression.unparsable == "unknown":
                instant = f"case when year({instant}) between 1 and 9999 then {instant} end"
            return [f"{instant} as t{place}"]
        if field.type == "number":
            return [f"case when d{place} = round(d{place}) then try_cast(d{place} as bigint) end as t{place}"]
        if field.type == "truth":
            low = f"lower(v{place})"
            return [
                f"case when {low} in ('true', 't', 'yes', 'y', '1') then true "
                f"when {low} in ('false', 'f', 'no', 'n', '0') then false end as t{place}"
            ]
        if field.expression.unparsable == "unknown" and (known := VOCABULARY.get(f"{self.record.kind}.{field.name}")):
            words = ", ".join(text_literal(word) for word in known)
            return [f"case when v{place} in ({words}) then v{place} end as t{place}"]
        return [f"v{place} as t{place}"]

    def _zone(self, field: Field) -> str:
        return field.expression.time_zone or self.mapping.time_zone

    def _problems(self, place: int, field: Field) -> list[tuple[str, str, str]]:
        """Return (condition, problem, problem with the offending text), in the order they are looked for."""
        found: list[tuple[str, str]] = []
        bad = f"v{place} is not null and t{place} is null"
        if field.type == "instant":
            zone, formats = self._zone(field), ", ".join(field.expression.formats or self.mapping.formats)
            found = [
                (f"{bad} and l{place} is not null", f"{field.name}: this local time does not exist in {zone}"),
                (bad, f"{field.name}: not a time in any of the formats {formats}"),
                (f"year(t{place}) not between 1 and 9999", f"{field.name}: the year is outside 1 to 9999"),
            ]
        elif field.type == "number":
            found = [(bad, f"{field.name}: not a whole number")]
        elif field.type == "truth":
            found = [(bad, f"{field.name}: neither true nor false")]
        elif known := VOCABULARY.get(f"{self.record.kind}.{field.name}"):
            words = ", ".join(text_literal(word) for word in known)
            found = [(f"t{place} not in ({words})", f"{field.name}: none of {', '.join(known)}")]
        if field.expression.unparsable == "unknown":
            found = []
        if field.expression.required:
            found.append((f"t{place} is null", f"{field.name}: required, and missing"))
        return [
            (condition, text_literal(text), f"{text_literal(text)} || coalesce(' (' || left(v{place}, 80) || ')', '')")
            for condition, text in found
        ]

    def _notes(self, place: int, field: Field) -> list[str]:
        if field.type != "instant":
            return []
        twice = is_ambiguous(f"l{place}", self._zone(field))
        far = f"t{place} > timestamp '{self.far_limit.isoformat(sep=' ')}'"
        return [
            f"case when {twice} then 'ambiguous:{field.name}' end",
            f"case when {far} then 'far_future:{field.name}' end",
        ]

    def _json(self) -> str:
        """Return the record's JSON members as SQL: sorted by name, unknown ones left out."""
        members = {"key": "'\"key\":' || to_json(k)"}
        for place, field in enumerate(self.fields):
            value = f"to_json(t{place})"
            if field.type == "instant":
                value = f"'\"' || import_instant(t{place}) || '\"'"
            members[field.name] = f"""'"{field.name}":' || {value}"""
        return f"concat_ws(',', {', '.join(members[name] for name in sorted(members))})"


def payload_sql(name: str, record: str, row: str, more_rows: str) -> str:
    """Return a payload as SQL: the mapping's name, the record and what it was made from, in canonical order."""
    return (
        f"""('{{"mapping":"{name}",' """
        f"""|| case when {more_rows} is null then '' else '"more_rows":[' || {more_rows} || '],' end """
        f"""|| '"record":' || {record} || ',"row":' || {row} || '}}')"""
    )


def field_type(annotation: object) -> str:
    """Return text, instant, number or truth for the annotation of a record's field."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return {datetime: "instant", int: "number", bool: "truth"}.get(annotation, "text")  # type: ignore[call-overload, no-any-return]


def constant_text(value: str | int | bool) -> str:
    """Return a constant as the text a cell would hold."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def sections_of(mapping: FileMapping, columns: Mapping[str, Sequence[str]], far_limit: datetime) -> list[Section]:
    """Return the mapping's sections, each told how the reader calls its columns.

    Args:
        mapping: What the mapping file says.
        columns: Per list path the source columns that a batch holds, in order.
        far_limit: Instants after this are noted as far in the future.
    """
    sections = []
    for index, record in enumerate(mapping.record):
        names = {name: f"c{place}" for place, name in enumerate(columns[record.list_path])}
        used = {name: names[name] for name in record.columns()}
        if isinstance(record.each, Items):
            used["item"] = "item"
        sections.append(Section(index, record, mapping, used, far_limit))
    return sections


def wanted_columns(mapping: FileMapping) -> dict[str, list[str]]:
    """Return per list path the source columns that any section reads, each once; the empty path is always there."""
    wanted: dict[str, list[str]] = {"": []}
    for record in mapping.record:
        have = wanted.setdefault(record.list_path, [])
        have += [name for name in record.columns() if name not in have]
    return wanted


def _split(value: str, separator: str, part: int | None) -> str:
    pieces = f"string_split({value}, {text_literal(separator)})"
    if part is not None:
        return f"nullif(trim(list_extract({pieces}, {part})), '')"
    kept = f"list_filter(list_transform({pieces}, lambda piece: trim(piece)), lambda piece: piece <> '')"
    return f"nullif(array_to_string({kept}, '|'), '')"


def _replaced(value: str, expression: Expression) -> str:
    cases = " ".join(
        f"when {text_literal(old)} then nullif({text_literal(new)}, '')" for old, new in expression.values.items()
    )
    if expression.otherwise is None:
        return f"case {value} {cases} else {value} end"
    other = f"case when {value} is not null then nullif({text_literal(expression.otherwise)}, '') end"
    return f"case {value} {cases} else {other} end" if cases else other


def _picked(expression: Expression, place: int) -> str:
    if expression.pick == "all":
        pieces = f"list(v{place}) filter (where v{place} is not null)"
        return f"nullif(array_to_string(list_sort(list_distinct({pieces})), '|'), '')"
    function = "arg_min" if expression.pick == "first" else "arg_max"
    return f"{function}(v{place}, place) filter (where v{place} is not null)"
