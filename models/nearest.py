"""The names that somebody may have meant by one that nothing has.

Owns how near a name has to be and how many are offered, so that every command, setting and mapping answers a slip of
the pen alike. Refuses to know what the names are of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

# How alike two names are at least (difflib's ratio): ``chekout`` is near ``checkout`` (0.93), ``foo`` near nothing.
NEAR = 0.6
_OFFERED = 3
# More names than these are not read through; the near ones are shown instead, or else the first.
_LISTED = 20
_FIRST = 5


def nearest(name: str, known: Iterable[str], most: int = _OFFERED) -> list[str]:
    """Return the known names that are near ``name``, the nearest first; capitals make no difference.

    A name that begins with what was given is near as well: people leave off what a name ends with.
    """
    from difflib import get_close_matches  # most commands end well and never need it

    given = name.casefold()
    if not given:
        return []
    spelled: dict[str, list[str]] = {}
    for one in known:
        spelled.setdefault(one.casefold(), []).append(one)
    alike = get_close_matches(given, spelled, n=most, cutoff=NEAR)
    begun = sorted(one for one in spelled if one.startswith(given) and one not in alike)
    return [one for folded in [*alike, *begun] for one in spelled[folded]][:most]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question to ask, as ``did you mean checkout or checks?``; empty where nothing is near."""
    near = nearest(name, known)
    return f"did you mean {' or '.join(near)}?" if near else ""


def choices(name: str, known: Collection[str]) -> str:
    """Return which of the known names to choose from: all of a few, of many the near ones, the rest counted."""
    listed = list(known)
    if len(listed) > _LISTED:
        listed = nearest(name, known, _FIRST) or listed[:_LISTED]
    rest = len(known) - len(listed)
    return ", ".join(listed) + (f" and {rest:,} more" if rest else "")
