"""Instants written as text, as DuckDB expressions: formats, time zones, times that do not exist or occur twice.

Owns how a text becomes a UTC instant. Refuses to guess: a text that fits no format is nothing, a local time that the
clocks skipped is nothing, and which of two instants a repeated local time means is the caller's choice.
"""

from __future__ import annotations

from ingest.files.expression import NAMED_FORMATS

_ISO = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?( ?([Zz]|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?$"
)
_ZONE = r"([Zz]|UTC|[T ].*[+-][0-9]{2}(:?[0-9]{2})?)$"

MACROS = """
create or replace temp macro import_local(i, zone) as timezone(zone, timezone('UTC', i));
create or replace temp macro import_offset(i, zone) as import_local(i, zone) - i;
create or replace temp macro import_before(t, zone) as t - import_offset(t - interval 1 day, zone);
create or replace temp macro import_after(t, zone) as t - import_offset(t + interval 1 day, zone);
create or replace temp macro import_is_twice(t, zone) as
    import_before(t, zone) <> import_after(t, zone)
    and import_local(import_before(t, zone), zone) = t and import_local(import_after(t, zone), zone) = t;
create or replace temp macro import_earlier(t, zone) as case
    when import_local(import_before(t, zone), zone) = t then import_before(t, zone)
    when import_local(import_after(t, zone), zone) = t then import_after(t, zone) end;
create or replace temp macro import_later(t, zone) as case
    when import_local(import_after(t, zone), zone) = t then import_after(t, zone)
    when import_local(import_before(t, zone), zone) = t then import_before(t, zone) end;
create or replace temp macro import_instant(t) as
    strftime(t, '%Y-%m-%dT%H:%M:%S')
    || case when epoch_us(t) % 1000000 = 0 then '' else '.' || strftime(t, '%f') end || 'Z';
"""
"""``import_before`` and ``import_after`` read a local time with the offset in force a day before and a day after. Where
they differ a change of offset lies near: one holds, both hold (the time occurs twice) or none (it was skipped)."""


def text_literal(text: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def stated_instant(text: str, formats: tuple[str, ...]) -> str:
    """Return the UTC timestamp of a text that states its own offset, by the first of the formats that does."""
    found = []
    for form in formats:
        if form == "iso":
            is_zoned = f"regexp_matches({text}, '{_ISO}') and regexp_matches({text}, '{_ZONE}')"
            plain = f"replace(replace(replace(replace({text}, ',', '.'), ' UTC', 'Z'), ' +', '+'), ' -', '-')"
            found.append(f"case when {is_zoned} then timezone('UTC', try_cast({plain} as timestamptz)) end")
        elif form in {"epoch", "epoch_ms"}:
            scale = 1000000 if form == "epoch" else 1000
            micros = f"try_cast(round(try_cast({text} as decimal(38, 6)) * {scale}) as bigint)"
            found.append(f"try(make_timestamp({micros}))")
        elif form not in NAMED_FORMATS and "%z" in form.lower():
            found.append(f"timezone('UTC', {_in_form(text, form)})")
    return f"coalesce({', '.join(found)})" if found else "cast(null as timestamp)"


def local_time(text: str, formats: tuple[str, ...]) -> str:
    """Return the local timestamp of a text that states no offset, by the first of the formats that fits."""
    found = []
    for form in formats:
        if form == "iso":
            is_local = f"regexp_matches({text}, '{_ISO}') and not regexp_matches({text}, '{_ZONE}')"
            found.append(f"case when {is_local} then try_cast(replace({text}, ',', '.') as timestamp) end")
        elif form == "excel":
            # Day 0 is 1899-12-30 because the format counts a 29 February 1900 that never was.
            days = f"try_cast(replace({text}, ',', '.') as double)"
            found.append(
                f"case when {days} between 1 and 2958465 then make_timestamp(cast(round({days} * 86400) as bigint) "
                "* 1000000 - 2209161600000000) end"
            )
        elif form not in NAMED_FORMATS and "%z" not in form.lower():
            found.append(_in_form(text, form))
    return f"coalesce({', '.join(found)})" if found else "cast(null as timestamp)"


def _in_form(text: str, form: str) -> str:
    """Return the timestamp of a text in a written format; a year of two digits is none of four."""
    parsed = f"try_strptime({text}, {text_literal(form)})"
    return f"case when year({parsed}) >= 1000 then {parsed} end" if "%Y" in form else parsed


def utc_of_local(local: str, zone: str, ambiguous: str) -> str:
    """Return the UTC timestamp of a local one; null where the clocks skipped it."""
    if zone == "UTC":
        return local
    macro = "import_earlier" if ambiguous == "earlier" else "import_later"
    return f"{macro}({local}, {text_literal(zone)})"


def is_ambiguous(local: str, zone: str) -> str:
    """Return whether a local timestamp occurs twice in its zone."""
    return "false" if zone == "UTC" else f"coalesce(import_is_twice({local}, {text_literal(zone)}), false)"
