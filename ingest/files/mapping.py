"""What a mapping file may say: how a file is laid out, and which of its columns become which fields of which records.

Owns the vocabulary of the mapping TOML and its error messages. Refuses to know how rows are read or stored. A mapping
is validated completely before the first row of a file is read.
"""

from __future__ import annotations

import difflib
import hashlib
import string
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ingest.files.dates import CHOOSE, swapped
from models.errors import InputError
from models.records import KINDS
from models.settings import TimeZone

NAMED_FORMATS = ("iso", "epoch", "epoch_ms", "excel")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _time_format(text: str) -> str:
    if text in NAMED_FORMATS:
        return text
    if text == CHOOSE:
        raise ValueError(
            "nothing in the file shows whether the day or the month comes first: keep one of the two lines of formats "
            "that the proposal offers"
        )
    if "%" not in text:
        raise ValueError(f"'{text}' is neither one of {', '.join(NAMED_FORMATS)} nor a format such as '%d.%m.%Y %H:%M'")
    try:
        duckdb.execute("select try_strptime('', ?)", [text])
    except duckdb.Error as error:
        raise ValueError(f"'{text}' is not a time format: {error}") from None
    return text


def _one_order(formats: tuple[str, ...]) -> tuple[str, ...]:
    for form in formats:
        if swapped(form) != form and swapped(form) in formats:
            raise ValueError(
                f"'{form}' and '{swapped(form)}' read one text as two different days; give each column its own formats"
            )
    return formats


def _as_tuple(value: object) -> object:
    """Let a list of one be written without brackets."""
    return (value,) if isinstance(value, str | dict) else value


TimeFormat = Annotated[str, AfterValidator(_time_format)]
TimeFormats = Annotated[tuple[TimeFormat, ...], BeforeValidator(_as_tuple), AfterValidator(_one_order)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Filter(_Part):
    """A condition on one column of a row; all conditions given must hold.

    ``equals`` and ``not_equals`` take one text or several; ``empty = true`` asks for a blank cell, ``empty = false``
    for a filled one; ``matches`` is a regular expression (RE2) that must be found in the text.
    """

    column: str
    equals: Texts | None = None
    not_equals: Texts | None = None
    empty: bool | None = None
    starts_with: Texts | None = None
    contains: str | None = None
    not_contains: str | None = None
    matches: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Filter:
        if all(getattr(self, name) is None for name in type(self).model_fields if name != "column"):
            raise ValueError("needs one of equals, not_equals, empty, starts_with, contains, not_contains or matches")
        if self.matches is not None:
            try:
                duckdb.execute("select regexp_matches('', ?)", [self.matches])
            except duckdb.Error as error:
                raise ValueError(f"'{self.matches}' is not a regular expression: {error}") from None
        return self


Filters = Annotated[tuple[Filter, ...], BeforeValidator(_as_tuple)]


class Expression(_Part):
    """Where a field's value comes from: exactly one of ``column``, ``constant``, ``template``, ``first`` and ``join``.

    Args:
        column: The text of a column, without surrounding spaces. A plain string in the TOML means this.
        constant: The same value for every row.
        template: Text with columns in braces, ``{app}#{number}``; unknown when any of them is blank.
        first: The first of these columns that is not blank.
        join: These columns that are not blank, joined by ``separator``.
        separator: Between joined values; the house separator of lists is ``|``.
        split: Cut the text at this separator. Without ``part`` the pieces are joined again by ``|``.
        part: Which piece to take, counted from 1, or from the end with -1.
        values: Replace these texts by those.
        otherwise: What any other text becomes; left out it stays as it is, ``""`` makes it unknown.
        fallback: Column whose text is taken where all of this gives nothing.
        formats: Time formats of this field, instead of the mapping's.
        time_zone: Time zone of this field's local times, instead of the mapping's.
        when: Take the value only from rows that meet these conditions.
        pick: Of gathered rows: the ``first`` or ``last`` value that is not blank, or ``all`` different ones.
        required: Set rows aside in which the value is missing.
        unparsable: What to do with a text that is no time, number or truth value: ``reject`` the row, or take the
            value as ``unknown``.
    """

    column: str | None = None
    constant: str | int | bool | None = None
    template: str | None = None
    first: tuple[str, ...] | None = None
    join: tuple[str, ...] | None = None
    separator: str = "|"
    split: str | None = None
    part: int | None = None
    values: dict[str, str] = {}
    otherwise: str | None = None
    fallback: str | None = None
    formats: TimeFormats = ()
    time_zone: TimeZone | None = None
    when: Filters = ()
    pick: Literal["first", "last", "all"] = "last"
    required: bool = False
    unparsable: Literal["reject", "unknown"] = "reject"

    @model_validator(mode="after")
    def _has_one_origin(self) -> Expression:
        given = [n for n in ("column", "constant", "template", "first", "join") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of column, constant, template, first or join")
        if self.part is not None and self.split is None:
            raise ValueError("'part' needs 'split'")
        if self.part == 0:
            raise ValueError("'part' counts from 1, or from the end with -1")
        if self.template is not None:
            template_columns(self.template)
        return self

    def columns(self) -> Iterator[str]:
        """Return the columns it reads, conditions included."""
        if self.column is not None:
            yield self.column
        yield from self.first or ()
        yield from self.join or ()
        if self.template is not None:
            yield from template_columns(self.template)
        if self.fallback is not None:
            yield self.fallback
        yield from (item.column for item in self.when)


def template_columns(template: str) -> list[str]:
    """Return the columns named in a template; raises ``ValueError`` when it holds anything but plain names."""
    columns = []
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name or spec or conversion:
            raise ValueError(f"'{template}' may only hold column names in braces, such as '{{app}}#{{number}}'")
        columns.append(name)
    if not columns:
        raise ValueError(f"'{template}' names no column; use 'constant' for a fixed text")
    return columns


def _as_expression(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


FieldExpression = Annotated[Expression, BeforeValidator(_as_expression)]


class Items(_Part):
    """The pieces of one cell: each becomes a record of its own, its text being the column ``item``."""

    column: str
    split: str


class RecordMapping(_Part):
    """One kind of record that every row (or every item of a nested list) gives.

    Args:
        kind: A kind of record, such as ``change`` or ``deployment``.
        key: Column, list of columns (joined by ``:``) or expression whose value identifies the record within the
            source; left out, the key is the hash of the row, so equal rows are one record.
        each: For JSON, the path of a nested list (``reviews``, ``reviews.comments``); its items are the rows then, and
            ``parent.number`` reads the object around the list. Or ``{column = "ids", split = "|"}``.
        when: Only rows that meet all these conditions give a record.
        gather: All rows of one key make one record; the columns named here put them in order.
        fields: Field of the kind → where its value comes from.
        constants: Field of the kind → fixed value.
    """

    kind: str
    key: tuple[str, ...] | Expression | None = None
    each: str | Items | None = None
    when: Filters = ()
    gather: Texts = ()
    fields: dict[str, FieldExpression] = {}
    constants: dict[str, str | int | bool] = {}

    @model_validator(mode="before")
    @classmethod
    def _key_may_be_one_column(cls, values: object) -> object:
        if isinstance(values, AnyMapping) and isinstance(values.get("key"), str):
            return {**values, "key": (values["key"],)}
        return values

    @model_validator(mode="after")
    def _fits_its_kind(self) -> RecordMapping:
        if self.kind not in KINDS:
            raise ValueError(f"'{self.kind}' is not a kind of record{_nearest(self.kind, KINDS)}")
        known = [name for name in KINDS[self.kind].model_fields if name != "key"]
        for name in (*self.fields, *self.constants):
            if name == "key":
                raise ValueError("the key is set with 'key', beside 'kind'")
            if name not in known:
                raise ValueError(f"unknown field '{name}' of {self.kind}{_nearest(name, known)}")
        if twice := sorted(set(self.fields) & set(self.constants)):
            raise ValueError(f"'{twice[0]}' is both a field and a constant")
        if self.gather and self.key is None:
            raise ValueError("'gather' needs a key: which rows belong together")
        self.key_expression()
        return self

    @property
    def list_path(self) -> str:
        """Path of the nested list whose items are the rows; empty when the rows themselves are."""
        return self.each if isinstance(self.each, str) else ""

    def all_fields(self) -> dict[str, Expression]:
        """Return every mapped field with its expression, constants included, in a fixed order."""
        constants = {name: Expression(constant=value) for name, value in self.constants.items()}
        return dict(sorted({**self.fields, **constants}.items()))

    def key_expression(self) -> Expression | None:
        """Return the key as an expression, ``None`` when the row's hash is the key."""
        if self.key is None or isinstance(self.key, Expression):
            return self.key
        if len(self.key) == 1:
            return Expression(column=self.key[0])
        return Expression(template=":".join(f"{{{column}}}" for column in self.key))

    def columns(self) -> list[str]:
        """Return every column the record reads, each once, in a fixed order."""
        found: list[str] = []
        if key := self.key_expression():
            found += key.columns()
        found += [item.column for item in self.when]
        found += self.gather
        for expression in self.all_fields().values():
            found += expression.columns()
        if isinstance(self.each, Items):
            found = [self.each.column, *(name for name in found if name != "item")]
        return list(dict.fromkeys(found))


class Dialect(_Part):
    """How a delimited text file is written.

    Args:
        delimiter: One character between cells.
        quote: Character around cells that hold the delimiter or line breaks; empty for none.
        encoding: Name of the character encoding; a byte-order mark is accepted and dropped.
        decimal: Decimal separator of numbers; the other one of ``.`` and ``,`` groups thousands.
        header: Whether the first line names the columns; else they are ``columns``, or ``column_1`` and so on.
        columns: Names of the columns when there is no header.
        skip_lines: Lines before the header.
        short_rows: What to do with rows that have fewer cells than the header: ``reject`` them, or ``fill`` up with
            blanks. Extra blank cells at the end are always dropped.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Field(max_length=1)] = '"'
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    header: bool = True
    columns: tuple[str, ...] = ()
    skip_lines: Annotated[int, Field(ge=0)] = 0
    short_rows: Literal["reject", "fill"] = "reject"

    @model_validator(mode="after")
    def _encoding_exists(self) -> Dialect:
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"'{self.encoding}' is not an encoding; use a name such as 'utf-8'") from None
        return self


class FileMapping(_Part):
    """All of a mapping file.

    Args:
        name: Name of the mapping, kept with every record it made.
        source: Source the records belong to; part of their identity, so several files may share one.
        description: What the file is and where it comes from.
        file: Pattern of the names of files it is meant for, such as ``deployments*.csv``.
        format: Told by the file's extension where left out.
        time_zone: Time zone of times that state none.
        formats: Time formats, tried in order: ``iso``, ``epoch``, ``epoch_ms``, ``excel`` or strptime's.
        ambiguous: Which of the two instants a local time means that occurs twice when clocks are turned back.
        empty_values: Texts that mean "no value", besides the blank one.
        optional_columns: Columns that may be missing from the file; their values are unknown then.
        items: For a JSON document, path of the list whose items are the rows; empty when the document is the list.
        sheet: For XLSX, name of the sheet; the first one where left out.
        dialect: How a delimited text file is written.
        record: The records that every row gives.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    description: str = ""
    file: str = "*"
    format: Literal["csv", "jsonl", "json", "parquet", "xlsx"] | None = None
    time_zone: TimeZone = "UTC"
    formats: TimeFormats = ("iso",)
    ambiguous: Literal["earlier", "later"] = "earlier"
    empty_values: tuple[str, ...] = ()
    optional_columns: tuple[str, ...] = ()
    items: str = ""
    sheet: str | None = None
    dialect: Dialect = Dialect()
    record: Annotated[tuple[RecordMapping, ...], Field(min_length=1)]

    def fingerprint(self) -> str:
        """Return a SHA-256 over everything that decides what a file becomes, as 64 hex digits."""
        return hashlib.sha256(self.model_dump_json(exclude={"description"}).encode()).hexdigest()


def load_mapping(path: Path) -> FileMapping:
    """Read a mapping file.

    Raises:
        InputError: It cannot be read, is not TOML, or says something that a mapping cannot say.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("There is no such mapping.", where=str(path), kept="nothing was stored") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The mapping cannot be read: {error}.", where=str(path), kept="nothing was stored") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, where: str) -> FileMapping:
    """Parse a mapping's text; ``where`` names it in errors. Raises as ``load_mapping``."""
    try:
        return FileMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"The mapping is not valid TOML: {error}.",
            where=where,
            kept="nothing was stored",
            next_step="correct that line and run again",
        ) from error
    except ValidationError as error:
        problems = "; ".join(_problem(dict(item)) for item in error.errors())
        raise InputError(
            f"The mapping does not fit: {problems}.",
            where=where,
            kept="nothing was stored",
            next_step="correct the mapping; docs/sources/files.md lists what it may say",
        ) from error


_PARTS: dict[str, type[_Part]] = {
    "record": RecordMapping,
    "dialect": Dialect,
    "fields": Expression,
    "key": Expression,
    "when": Filter,
    "each": Items,
}


def _problem(item: dict[str, Any]) -> str:
    location = [part for part in item["loc"] if part not in {"Expression", "Items", "tuple[str, ...]", "str"}]
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    if item["type"] == "extra_forbidden":
        section = next((_PARTS[part] for part in reversed(location[:-1]) if part in _PARTS), FileMapping)
        return f"unknown key '{place}'{_nearest(str(location[-1]), section.model_fields)}"
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _nearest(name: str, known: AnyMapping[str, object] | list[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f", nearest known is '{near[0]}'" if near else ""
