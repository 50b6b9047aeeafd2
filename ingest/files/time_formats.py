"""In which form a column's instants are written, told from its sample values.

Owns the forms that are known and how many values must fit one. Refuses to read instants; that is ``times``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from ingest.files.sniff import Look
from ingest.files.times import MACROS, local_time, stated_instant

_MOSTLY = 0.75
_OFFSET = re.compile(r"[0-9]([Zz]| ?(UTC|GMT))$|[0-9]:[0-9]{2}.*[+-][0-9]{2}(:?[0-9]{2})?$|[+-][0-9]{4} [0-9]{4}$")
TIME_FORMATS = (
    "iso",
    # Without the zeros that the standard asks for: 2023-4-10 6:51:47.
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%m-%d-%Y %H:%M",
    "%m-%d-%Y %H:%M:%S",
    "%d-%m-%Y %I:%M %p",
    "%d-%m-%Y %I:%M:%S %p",
    "%m-%d-%Y %I:%M %p",
    "%m-%d-%Y %I:%M:%S %p",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%y %H:%M",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M:%S",
    "%m/%d/%y %H:%M:%S",
    "%d/%m/%y %I:%M %p",
    "%m/%d/%y %I:%M %p",
    "%d/%m/%y %I:%M:%S %p",
    "%m/%d/%y %I:%M:%S %p",
    "%d.%m.%y %H:%M",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%b %d, %Y %H:%M %z",
    "%b %d, %Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d-%b-%Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d/%b/%y %I:%M %p",
    "%d/%b/%y %H:%M",
    "%d/%b/%Y %I:%M %p",
    "%d/%b/%Y %H:%M",
    "%a %b %d %H:%M:%S %Y %z",
    "%a %b %d %H:%M:%S %Y",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d.%m.%y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d/%b/%y",
    "%d %b %Y",
    "%Y/%m/%d",
    "epoch",
    "epoch_ms",
)


def time_formats(look: Look, column: str) -> tuple[str, ...]:
    """Return the known time formats that fit most sample values of a column, all equally many; empty when none does.

    An export may hold a few values that are no time; their rows are set aside at import. So a format need not fit all
    values, but three of four, and as many as any other does, which still tells day first from month first.
    """
    values = look.values(column)
    if not values:
        return ()
    plain_numbers = all(value.replace(".", "", 1).isdigit() for value in values)
    forms = [
        form
        for form in TIME_FORMATS
        if plain_numbers == form.startswith("epoch") and (not form.startswith("epoch") or _epoch(values, form))
    ]
    if not forms:
        return ()
    counts = ", ".join(f"count(coalesce({stated_instant('x', (form,))}, {local_time('x', (form,))}))" for form in forms)
    with duckdb.connect() as con:
        con.execute(MACROS)
        row = con.execute(f"select {counts} from (select unnest($1::varchar[]) as x)", [values]).fetchone()
    fits = dict(zip(forms, row or (), strict=True))
    best = max(fits.values(), default=0)
    return tuple(form for form, count in fits.items() if count == best and best >= _MOSTLY * len(values))


def _epoch(values: Sequence[str], form: str) -> bool:
    """Whether numbers lie between 2000 and 2100 when read as seconds or milliseconds since 1970."""
    scale = 1.0 if form == "epoch" else 1000.0
    return all(946684800 <= float(value) / scale <= 4102444800 for value in values)


def states_offset(look: Look, column: str) -> bool:
    """Whether the times of a column say how far they are from UTC; a date alone says nothing of it."""
    return any(_OFFSET.search(value) for value in look.values(column)[:50])
