"""Whether a file writes the day or the month first.

Owns what the texts of a file show about it. Refuses to guess: ``03/04/2024`` alone is two days, and only a text such as
``13/04/2024``, in this column or in another one of the same file, tells which of them is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.files.written import comment_of, text_of

_NUMERIC = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d{2})(?!\d)")
CHOOSE = "day or month first?"
"""Stands in a proposal for the formats that its reader has to choose; a mapping that still holds it is refused."""


def swapped(form: str) -> str:
    """Return a time format with day and month the other way round; the same one where they are not both numbers.

    With dots the day is first wherever people write them, so that these formats have no counterpart.
    """
    if not re.match(r"%[dm][/-]%[dm][/-]%[yY]", form):
        return form
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


@dataclass(frozen=True)
class Evidence:
    """What the texts of one column show.

    Args:
        day_first: Texts that only fit with the day first.
        month_first: Texts that only fit with the month first.
        open: Texts that are two different days.
    """

    day_first: tuple[str, ...]
    month_first: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def is_mixed(self) -> bool:
        """Whether some texts have the day first and others the month."""
        return bool(self.day_first and self.month_first)


def evidence_of(values: Sequence[str]) -> Evidence:
    """Return what a column's texts show."""
    found: dict[str, list[str]] = {"day": [], "month": [], "open": []}
    for value in values:
        if match := _NUMERIC.match(value):
            first, second = int(match[1]), int(match[2])
            if first > 12 >= second:
                found["day"].append(value)
            elif second > 12 >= first:
                found["month"].append(value)
            elif first != second and first <= 12 and second <= 12:
                found["open"].append(value)
    return Evidence(tuple(found["day"]), tuple(found["month"]), tuple(found["open"]))


def shown_order(columns: Mapping[str, Evidence], column: str) -> tuple[bool | None, str]:
    """Return whether the day is first in a column (``None`` when nothing shows it) and which text shows so.

    A column's own texts go before those of the others, which count only where they agree.
    """
    own = columns[column]
    for evidence in ({column: own}, columns):
        day = next(((name, e.day_first[0]) for name, e in evidence.items() if e.day_first), None)
        month = next(((name, e.month_first[0]) for name, e in evidence.items() if e.month_first), None)
        if day and month:
            return None, ""
        if shown := day or month:
            return day is not None, shown[1] if shown[0] == column else f"{shown[1]} in {shown[0]}"
    return None, ""


def choice(columns: Sequence[tuple[str, Evidence]], formats: Sequence[str]) -> list[str]:
    """Return the two lists of formats of which the reader keeps one; a guess would make wrong dates of right ones."""
    texts = [text for _, evidence in columns for text in evidence.open]
    day = [swapped(form) if form.startswith("%m") else form for form in formats]
    lists = [f"formats = [{', '.join(text_of(form) for form in forms)}]" for forms in (day, [*map(swapped, day)])]
    return [
        f"# CHOOSE: {comment_of(', '.join(column for column, _ in columns))}: {len(texts):,} texts such as "
        f"{comment_of(texts[0])} could have the day or",
        "# the month first, and nothing in the file shows which. Keep one of these two lines instead of the third:",
        f"# {lists[0]}  # day first",
        f"# {lists[1]}  # month first",
        f"formats = [{text_of(CHOOSE)}]",
    ]


def mixed(name: str, evidence: Evidence) -> str:
    """Return why a column in which both orders occur is no instant that could be read."""
    return (
        f"looks like {name}, but {len(evidence.day_first):,} texts have the day first ({evidence.day_first[0]}), "
        f"{len(evidence.month_first):,} the month ({evidence.month_first[0]}), "
        f"and {len(evidence.open):,} could be either"
    )
