"""Times as text: formats, zones, and the hours that clocks skip or repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files.times import MACROS, is_ambiguous, local_time, stated_instant, utc_of_local
from ingest.store import RawStore
from tests.ingest.files.making import changes, load, records

CON = duckdb.connect()
CON.execute(MACROS)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC")


def utc(text: str, formats: tuple[str, ...] = ("iso",), zone: str = "UTC", ambiguous: str = "earlier") -> str | None:
    """Return the instant of a text as a build would see it."""
    sql = f"""
        select import_instant(coalesce(s, {utc_of_local("l", zone, ambiguous)}))
        from (select {stated_instant("x", formats)} as s, {local_time("x", formats)} as l from (select $1 as x))
    """
    row = CON.execute(sql, [text]).fetchone()
    return None if row is None or row[0] is None else str(row[0])


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("2023-01-03T08:17:59Z", ("iso",), "2023-01-03T08:17:59Z"),
        ("2023-01-03T08:17:59.5+02:00", ("iso",), "2023-01-03T06:17:59.500000Z"),
        ("2023-01-03 08:17:59 -0700", ("iso",), "2023-01-03T15:17:59Z"),
        ("2023-01-03 08:17:59,25", ("iso",), "2023-01-03T08:17:59.250000Z"),
        ("2023-01-03 08:17:59 UTC", ("iso",), "2023-01-03T08:17:59Z"),
        ("2023-01-03", ("iso",), "2023-01-03T00:00:00Z"),
        ("30-8-2012 7:00", ("%d-%m-%Y %H:%M",), "2012-08-30T07:00:00Z"),
        ("Sep 9, 2018 15:00 -0700", ("%b %d, %Y %H:%M %z",), "2018-09-09T22:00:00Z"),
        ("3/14/2024 1:05 PM", ("%m/%d/%Y %I:%M %p",), "2024-03-14T13:05:00Z"),
        ("1700000000", ("epoch",), "2023-11-14T22:13:20Z"),
        ("1700000000.25", ("epoch",), "2023-11-14T22:13:20.250000Z"),
        ("1700000000123", ("epoch_ms",), "2023-11-14T22:13:20.123000Z"),
        ("45123.5", ("excel",), "2023-07-16T12:00:00Z"),
        ("2012-08-30 07:00", ("%d-%m-%Y %H:%M", "iso"), "2012-08-30T07:00:00Z"),
        ("2024-02-30", ("iso",), None),
        ("infinity", ("iso",), None),
        ("next week", ("iso", "%d.%m.%Y"), None),
        ("30-8-2012 7:00 or so", ("%d-%m-%Y %H:%M",), None),
        ("99999999999999999999", ("epoch",), None),
    ],
)
def test_a_text_is_read_by_the_first_format_that_fits(
    text: str, formats: tuple[str, ...], expected: str | None
) -> None:
    """What fits no format is no time; it is never guessed."""
    assert utc(text, formats) == expected


def test_an_offset_in_the_text_wins_over_the_zone() -> None:
    """The zone is only for times that state none."""
    assert utc("2024-07-01T12:00:00Z", zone="Europe/Berlin") == "2024-07-01T12:00:00Z"
    assert utc("2024-07-01T12:00:00", zone="Europe/Berlin") == "2024-07-01T10:00:00Z"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(datetime(1995, 1, 1), datetime(2037, 1, 1)), st.booleans())
def test_local_times_agree_with_the_time_zone_database(zone: str, at: datetime, later: bool) -> None:
    """Against an independent implementation: which times exist, which occur twice, and which instants they are."""
    at = at.replace(second=0, microsecond=0)
    aware = at.replace(tzinfo=ZoneInfo(zone), fold=int(later))
    exists = aware.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == at
    twice = exists and aware.replace(fold=0).utcoffset() != aware.replace(fold=1).utcoffset()
    expected = aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if exists else None
    assert utc(at.isoformat(sep=" "), zone=zone, ambiguous="later" if later else "earlier") == expected
    row = CON.execute(f"select {is_ambiguous('t', zone)} from (select $1::timestamp as t)", [at]).fetchone()
    assert row == (twice,)


@given(st.sampled_from(ZONES), st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1)))
@settings(max_examples=100, deadline=None)
def test_an_hour_around_every_clock_change_is_consistent(zone: str, near: datetime) -> None:
    """The same check where it matters: minutes around the changes of that year."""
    step = timedelta(days=1)
    day = datetime(near.year, near.month, near.day)
    for _ in range(200):
        if day.replace(tzinfo=ZoneInfo(zone)).utcoffset() != (day + step).replace(tzinfo=ZoneInfo(zone)).utcoffset():
            break
        day += step
    else:
        return
    for minutes in range(0, 300, 30):
        at = day + timedelta(minutes=minutes)
        aware = at.replace(tzinfo=ZoneInfo(zone))
        exists = aware.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == at
        assert (utc(at.isoformat(sep=" "), zone=zone) is not None) == exists


def test_a_local_time_the_clocks_skipped_is_set_aside_with_its_reason(store: RawStore, tmp_path: Path) -> None:
    """There was no 02:30 in Berlin on 31 March 2024."""
    how = changes('created_at = "at"', 'time_zone = "Europe/Berlin"')
    result = load(store, tmp_path, "id,at\n1,2024-03-31 02:30\n2,2024-03-31 03:30\n", how)
    assert records(store) == [{"key": "2", "created_at": "2024-03-31T01:30:00Z"}]
    assert [row.reason for row in result.rejected_rows] == [
        "created_at: this local time does not exist in Europe/Berlin (2024-03-31 02:30)"
    ]


@pytest.mark.parametrize(("ambiguous", "hour"), [("earlier", "00"), ("later", "01")])
def test_a_local_time_that_occurs_twice_is_counted(store: RawStore, tmp_path: Path, ambiguous: str, hour: str) -> None:
    """Which instant it means is the mapping's choice, and the result says how often it had to be made."""
    how = changes('created_at = "at"', f'time_zone = "Europe/Berlin"\nambiguous = "{ambiguous}"')
    result = load(store, tmp_path, "id,at\n1,2024-10-27 02:30\n", how)
    assert records(store)[0]["created_at"] == f"2024-10-27T{hour}:30:00Z"
    assert result.notes == (
        f"1 local times of created_at occur twice, when clocks are turned back; the {ambiguous} instant was taken.",
    )


def test_a_field_may_have_its_own_zone_and_format(store: RawStore, tmp_path: Path) -> None:
    """Real exports mix them."""
    fields = """
        created_at = "made"
        closed_at = { column = "done", formats = ["%d.%m.%Y %H:%M"], time_zone = "America/New_York" }
    """
    load(store, tmp_path, "id,made,done\n1,2024-07-01 12:00,01.07.2024 12:00\n", changes(fields))
    assert records(store) == [{"key": "1", "created_at": "2024-07-01T12:00:00Z", "closed_at": "2024-07-01T16:00:00Z"}]


def test_a_date_far_in_the_future_is_kept_and_flagged(store: RawStore, tmp_path: Path) -> None:
    """It may be a placeholder or a mistake; that is not for the import to say."""
    result = load(store, tmp_path, "id,at\n1,2999-12-31\n2,2020-01-01\n", changes('planned_end_at = "at"'))
    assert [record["planned_end_at"] for record in records(store)] == ["2999-12-31T00:00:00Z", "2020-01-01T00:00:00Z"]
    assert result.notes == ("1 values of planned_end_at lie more than ten years ahead; they were kept.",)


def test_an_instant_outside_the_calendar_is_set_aside(store: RawStore, tmp_path: Path) -> None:
    """The end of the year 9999 in New York is already the year 10000 in UTC, which nothing downstream can hold."""
    how = changes('planned_end_at = "at"', 'time_zone = "America/New_York"')
    result = load(store, tmp_path, "id,at\n1,9999-12-31 23:00\n", how)
    assert result.rejected_by_reason == {"planned_end_at: the year is outside 1 to 9999": 1}


def test_an_unparsable_time_is_set_aside_or_unknown_as_the_mapping_says(store: RawStore, tmp_path: Path) -> None:
    """By default the row is set aside; where the mapping allows it the value is unknown."""
    rows = "id,at\n1,soon\n2,2024-01-01\n"
    result = load(store, tmp_path, rows, changes('created_at = "at"'))
    assert result.rejected_by_reason == {"created_at: not a time in any of the formats iso": 1}
    assert result.rejected_rows[0].reason.endswith("(soon)")
    load(store, tmp_path, rows, changes('created_at = { column = "at", unparsable = "unknown" }'))
    assert {"key": "1"} in records(store)
