"""Who somebody is, what a word of a source means, and what two revisions have in common."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = dict[str, Any]
PLACEHOLDERS = {"ghost", "unknown", "n/a", "none", "null", "anonymous", "system", "-"}
PLATFORM = {"github", "web-flow", "gitlab", "bitbucket", "gerrit code review"}


@dataclass(frozen=True)
class Person:
    """A login resolved: ``name`` is null while nobody is known behind it, ``is_bot`` tells automation."""

    name: str | None
    is_bot: bool = False

    @property
    def is_human(self) -> bool:
        """Whether it is a known human."""
        return self.name is not None and not self.is_bot


class People:
    """Everybody whom the records name; whoever is called a bot once is one everywhere."""

    def __init__(self, records: dict[str, list[Row]]) -> None:
        self.bots = {
            row[field].lower()
            for rows in records.values()
            for row in rows
            for field in row
            if f"{field}_type" in row and row[field] and row[f"{field}_type"] == "bot"
        }

    def who(self, login: str | None) -> Person:
        """Resolve a login."""
        if login is None or login.lower() in PLACEHOLDERS:
            return Person(None)
        name = login.lower()
        is_bot = name in self.bots or name in PLATFORM or bool(re.search(r"(^|[^a-z0-9])bot([^a-z0-9]|$)", name))
        return Person(name, is_bot)


def alike(one: str | None, other: str | None) -> bool:
    """Whether two names may be one person under two spellings; two bare logins are two accounts."""
    if one is None or other is None or one == other or not (set(one + other) & set(" ,(@")):
        return False
    (full, short), (full_of_other, short_of_other) = spellings(one), spellings(other)
    return bool(full & (full_of_other | short_of_other) or short & full_of_other)


def spellings(name: str) -> tuple[set[str], set[str]]:
    """Return how a name may be written in full, and as initial and last name."""
    tag = re.search(r"[(]([^() ]+)[)]$", name)
    plain = re.sub(r"@.*$", "", re.sub(r" *[(][^()]*[)]$", "", name))
    if "," in plain:
        last, _, first = plain.partition(",")
        plain = f"{first.strip()} {last}"
    words = re.split(r"[._ -]+", plain.strip())
    full = {" ".join(words), "".join(words)} | ({tag[1]} if tag else set())
    return full - {""}, {words[0][0] + words[-1]} if len(words) > 1 else set()


def same_revision(one: str | None, other: str | None) -> bool:
    """Whether both name one commit; an abbreviation of seven letters or more is enough."""
    if not one or not other:
        return False
    short, long = sorted((one.lower(), other.lower()), key=len)
    return long == short or (len(short) >= 7 and long.startswith(short))


def by(rows: Iterable[Row], field: str) -> dict[Any, list[Row]]:
    """Group rows by a field, those without it left out."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row[field] is not None:
            found[row[field]].append(row)
    return found


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)


def latest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)


def seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
