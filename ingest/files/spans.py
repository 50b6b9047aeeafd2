"""Numbers and lengths of time written as text, as DuckDB expressions.

Owns how a text becomes a number or a length of time, and an instant that is so long after another. Refuses to guess a
unit: a length is in what the mapping says.
"""

from __future__ import annotations

from ingest.files.times import local_time, stated_instant, text_literal, utc_of_local

_SCALES = {"milliseconds": 1_000, "seconds": 1_000_000, "minutes": 60_000_000, "hours": 3_600_000_000,
           "days": 86_400_000_000}  # fmt: skip
_CLOCK = "^[0-9]+:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$"


def number_sql(value: str, decimal: str) -> str:
    """Return the number of a text; the separator that is not the decimal one groups thousands."""
    group = "," if decimal == "." else "."
    grouped = rf"^[+-]?[0-9]{{1,3}}([{group} ][0-9]{{3}})+([{decimal}][0-9]+)?$"
    plain = f"replace(replace({value}, '{group}', ''), ' ', '')"
    text = f"case when regexp_matches({value}, '{grouped}') then {plain} else {value} end"
    if decimal == ",":
        # A point that groups nothing is neither a decimal separator nor a grouping one here: not a number.
        text = f"case when contains({text}, '.') then null else replace({text}, ',', '.') end"
    return f"try_cast({text} as decimal(38, 9))"


def _micros(value: str, unit: str, decimal: str) -> str:
    """Return a length of time in microseconds; null where the text is none, or would lead before its start."""
    if unit == "clock":
        part = f"try_cast(split_part({value}, ':', {{}}) as decimal(18, 6))"
        pieces = [
            f"coalesce({part.format(place)}, 0) * {_SCALES[name]}"
            for place, name in ((1, "hours"), (2, "minutes"), (3, "seconds"))
        ]
        return f"case when regexp_matches({value}, '{_CLOCK}') then try_cast({' + '.join(pieces)} as bigint) end"
    number = number_sql(value, decimal)
    return f"case when {number} >= 0 then try_cast(round({number} * {_SCALES[unit]}) as bigint) end"


def later_sql(value: str, length: str, unit: str, decimal: str, formats: tuple[str, ...], zone: str, twice: str) -> str:
    """Return the instant, as UTC text, that a length of time after the instant of a text.

    Null where one of them is missing. A text that is no instant stays, and a length that is none is shown as such, so
    that the row is set aside for it.

    Args:
        value: SQL of the instant's text.
        length: SQL of the length's text.
        unit: Unit of the length; ``clock`` for hours, minutes and seconds between colons.
        decimal: Decimal separator of the file.
        formats: Time formats of the instant.
        zone: Time zone of an instant that states none.
        twice: Which instant a local time means that occurs twice.
    """
    micros = _micros(length, unit, decimal)
    span = f"to_microseconds({micros})"
    stated, local = stated_instant(value, formats), local_time(value, formats)
    if unit == "days":
        # The same time of another day, however long the days between are.
        ended = f"coalesce({stated} + {span}, {utc_of_local(f'({local} + {span})', zone, twice)})"
    else:
        ended = f"coalesce({stated}, {utc_of_local(local, zone, twice)}) + {span}"
    return (
        f"case when {value} is null or {length} is null then null "
        f"when {micros} is null then {text_literal('no length of time: ')} || {length} "
        f"when {ended} is null then {value} else import_instant({ended}) end"
    )
