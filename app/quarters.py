"""The quarters that records span, as people and the command line call them: ``2026Q3``."""

from __future__ import annotations

from datetime import datetime

_MONTHS = 3


def spanned(first: datetime, last: datetime) -> list[str]:
    """Return the quarters with records, newest first."""
    found, year, quarter = [], first.year, (first.month - 1) // _MONTHS + 1
    while (year, quarter) <= (last.year, (last.month - 1) // _MONTHS + 1):
        found.append(f"{year}Q{quarter}")
        year, quarter = (year, quarter + 1) if quarter < 4 else (year + 1, 1)
    return found[::-1]


def newest_complete(quarters: list[str], as_of: datetime) -> int:
    """Return the place of the newest quarter that is over, else the first place."""
    for place, name in enumerate(quarters):
        year, quarter = int(name[:4]), int(name[-1])
        over = datetime(year + quarter // 4, quarter % 4 * _MONTHS + 1, 1)
        if over <= as_of:
            return place
    return 0
