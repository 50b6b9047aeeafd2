"""What a report is made of, before it becomes HTML or PDF: sections of text, tables, charts and lists.

Owns the parts. Refuses to know records, or how a part looks: both renderings show the same parts in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app import wording

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h|days?)(?![\w-]))")

Tone = Literal["plain", "signal", "quiet", "governance", "execution"]


@dataclass(frozen=True)
class Cell:
    """A table's cell: text, perhaps a link (plain http or https only), perhaps a tone."""

    text: str
    url: str | None = None
    tone: Tone = "plain"

    def __post_init__(self) -> None:
        """Drop an address that a reader should not follow."""
        object.__setattr__(self, "url", wording.safe_url(self.url))


@dataclass(frozen=True)
class Text:
    """A paragraph. ``note`` is an aside, ``missing`` says what cannot be told and why, ``warning`` stands out."""

    text: str
    kind: Literal["plain", "note", "missing", "warning", "lead"] = "plain"


@dataclass(frozen=True)
class Facts:
    """Labels and values, one per line."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with a caption. ``right`` names the columns of numbers; ``widths`` are relative."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[int] = frozenset()
    widths: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture as SVG, made for the font it is shown with, and the same in words."""

    caption: str
    draw: Callable[[str], str] = field(repr=False)
    alternative: str


Block = Text | Facts | Bullets | Table | Chart


@dataclass(frozen=True)
class Section:
    """A part of a report with its heading; ``parts`` are subsections."""

    title: str
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report: title, what it is about, sections, a banner for generated records, and how it was made.

    ``opening`` stands before the first section.
    """

    title: str
    about: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    banner: str = ""
    footer: str = ""
    opening: tuple[Block, ...] = ()


def row(*values: object) -> tuple[Cell, ...]:
    """Return a table's row from texts, numbers and cells."""
    return tuple(value if isinstance(value, Cell) else Cell("" if value is None else str(value)) for value in values)


def named(record_id: str | None, url: str | None) -> Cell:
    """Return a cell that names a record as people know it, linked to its own page."""
    key = (record_id or "").partition(":")[2] or record_id or ""
    last = key.rpartition(":")[2]
    return Cell(wording.short_key(last if last.isdigit() else key, url), url)


def table_or(
    empty: str, caption: str, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]], *,
    right: frozenset[int] = frozenset(), widths: tuple[float, ...] = (), limit: int | None = None, note: str = "",
) -> Block:  # fmt: skip
    """Return a table, or the sentence ``empty`` when it has no rows; beyond ``limit`` rows the rest is counted."""
    if not rows:
        return Text(empty)
    shown = tuple(rows if limit is None else rows[:limit])
    rest = len(rows) - len(shown)
    more = f"{rest:,} more are not shown here." if rest else ""
    return Table(caption, tuple(columns), shown, right, widths, " ".join(part for part in (more, note) if part))


def glued(text: str) -> str:
    """Return a text in which no line can end between a number and its unit."""
    return _BEFORE_UNIT.sub("\u00a0", text)
