"""Where a field's value comes from and which rows count, as a mapping says it.

Owns the smallest parts of the mapping TOML. Refuses to know which fields there are (``ingest.files.mapping``).
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Annotated, Literal

import duckdb
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from ingest.files.dates import CHOOSE, swapped
from models.settings import TimeZone

NAMED_FORMATS = ("iso", "epoch", "epoch_ms", "excel")


class Part(BaseModel):
    """Any table of a mapping: what it does not know is an error."""

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


class Filter(Part):
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


class Length(Part):
    """A length of time in a column, or the same one for every row, and its unit.

    ``clock`` is hours, minutes and maybe seconds between colons. A day after a local time is the same time of the next
    day, also where clocks are changed between.
    """

    column: str | None = None
    constant: int | None = None
    unit: Literal["milliseconds", "seconds", "minutes", "hours", "days", "clock"]

    @model_validator(mode="after")
    def _has_one_origin(self) -> Length:
        if (self.column is None) == (self.constant is None):
            raise ValueError("'plus' needs exactly one of column and constant")
        return self


class Expression(Part):
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
        plus: For an instant: a length of time that is added to it.
        fallback: Column, or another expression, that is taken where all of this gives nothing.
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
    plus: Length | None = None
    fallback: Annotated[Expression, BeforeValidator(lambda value: _as_expression(value))] | None = None
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

    @property
    def is_worked_out(self) -> bool:
        """Whether it, or what stands in for it, is an instant worked out from another one."""
        return self.plus is not None or (self.fallback is not None and self.fallback.is_worked_out)

    def columns(self) -> Iterator[str]:
        """Return the columns it reads, conditions included."""
        if self.column is not None:
            yield self.column
        yield from self.first or ()
        yield from self.join or ()
        if self.template is not None:
            yield from template_columns(self.template)
        if self.plus is not None and self.plus.column is not None:
            yield self.plus.column
        if self.fallback is not None:
            yield from self.fallback.columns()
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
