"""What a mapping file may say: how a file is laid out, and which of its columns become which fields of which records.

Owns the vocabulary of the mapping TOML and its error messages. Refuses to know how rows are read or stored. A mapping
is validated completely before the first row of a file is read.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from ingest.files.expression import Expression, FieldExpression, Filter, Filters, Part, Texts, TimeFormats
from models.errors import InputError
from models.nearest import nearest
from models.records import KINDS
from models.settings import TimeZone


class Items(Part):
    """The pieces of one cell: each becomes a record of its own, its text being the column ``item``."""

    column: str
    split: str


class RecordMapping(Part):
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
    fields: dict[str, FieldExpression] = Field(default_factory=dict)
    constants: dict[str, str | int | bool] = Field(default_factory=dict)

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
        for name, item in self.fields.items():
            if item.is_worked_out and not name.endswith("_at"):
                raise ValueError(f"'plus' gives an instant, and '{name}' is none")
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


class Dialect(Part):
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


class FileMapping(Part):
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
        raise InputError(
            "There is no such mapping.", where=str(path), kept="nothing was stored",
            next_step="name a file that is there, or have one proposed: twotrack import --suggest FILE",
        ) from None  # fmt: skip
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The mapping cannot be read: {error}.",
            where=str(path),
            kept="nothing was stored",
            next_step="check that you may read the file, and that it is UTF-8 text",
        ) from error
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
        found = error.errors()
        # A list whose entries do not fit is empty only because of them.
        told = [item for item in found if item["type"] != "too_short"] or found
        problems = "; ".join(_problem(dict(item)) for item in told)
        raise InputError(
            f"The mapping does not fit: {problems}.",
            where=where,
            kept="nothing was stored",
            next_step="correct the mapping; docs/sources/files.md lists what it may say",
        ) from error


_PARTS: dict[str, type[Part]] = {
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
    near = nearest(name, known, most=1)
    return f", nearest known is '{near[0]}'" if near else f", known are {', '.join(sorted(known))}"
