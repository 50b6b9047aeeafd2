from __future__ import annotations

import csv
import io
from datetime import date, datetime

import pandas as pd
import pytest
import python_calamine

from app.dashboard.take_away import Provenance, csv_bytes, file_name, xlsx_bytes
from app.questions import builds, hand_overs, queries, records, windows
from app.questions.builds import Build
from app.questions.windows import Day
from models.workspace import Workspace
from sql.aggregate import Filter

QUARTER = Filter(datetime(2026, 3, 30), datetime(2026, 6, 29))
ROWS = pd.DataFrame(
    {
        "title": ["=1+1", "<b>bold</b>", "\u202eright to left", "x" * 10_000],
        "hours": [1.5, None, 3.0, 4.0],
        "at": [datetime(2026, 5, 4, 12), None, datetime(2026, 5, 5), datetime(2026, 5, 6)],
    }
)


def answered(kind: str = "demo") -> Provenance:
    build = Build("20260701T000000-test", "", datetime(2026, 7, 1), kind, "Sample", frozenset())
    return Provenance("30 Mar to 28 Jun 2026 · service =payments", "the period before", 142, build)


@pytest.fixture
def build(sample: Workspace) -> Build:
    return builds.open_build(sample, sample.current_build())


def test_every_line_of_a_csv_says_what_it_answers() -> None:
    """Question, sample and build stand in the file itself, and survive sorting and joining."""
    rows = list(csv.DictReader(io.StringIO(csv_bytes(ROWS, answered()).decode())))
    assert len(rows) == len(ROWS)
    for row in rows:
        assert row["question"] == "30 Mar to 28 Jun 2026 · service =payments"
        assert (row["n"], row["build"], row["data"]) == ("142", "20260701T000000-test", "generated demo data")


def test_a_workbook_says_what_it_answers_and_runs_nothing() -> None:
    """Cells are text or numbers, whatever a record's text looks like; the second sheet holds the provenance."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(xlsx_bytes(ROWS, answered())))
    rows = book.get_sheet_by_name("Rows").to_python()
    assert rows[0] == ["title", "hours", "at"]
    assert rows[1] == ["'=1+1", 1.5, "2026-05-04T12:00:00Z"]
    assert rows[2][1:] == ["", ""]
    assert rows[4][0] == "x" * 10_000
    about = dict(book.get_sheet_by_name("About").to_python())
    assert about["N"] == 142 and about["Build"] == "20260701T000000-test"
    assert about["Compared with"] == "the period before"


def test_only_generated_data_is_called_so() -> None:
    """The label means something only if real data never carries it, in names and in files."""
    live = answered("live")
    assert "demo" not in file_name("rows", live.build, "csv") + live.line() + csv_bytes(ROWS, live).decode()
    assert "demo" in file_name("rows", answered().build, "csv")


def test_the_days_of_the_calendar_add_up_to_the_measure(build: Build) -> None:
    """The calendar counts the windows of the measure above it, no other ones, on every day of the period."""
    days = windows.days(build, QUARTER)
    value = queries.metric(build, "overlapping_windows", QUARTER)
    assert [day.day for day in days] == [date(2026, 3, 30) + pd.Timedelta(days=at).to_pytimedelta() for at in range(91)]
    assert sum(day.windows for day in days) == value.denominator
    assert sum(day.overlapping for day in days) == value.numerator


def test_the_busiest_week_is_the_one_with_most_overlaps() -> None:
    """The page opens on the week that matters; of equals, on the latest."""
    assert windows.busiest([]) is None
    days = [Day(date(2026, 5, 4), 9, 0), Day(date(2026, 5, 13), 2, 2), Day(date(2026, 5, 20), 2, 2)]
    assert windows.busiest(days) == date(2026, 5, 18)


def test_the_streams_of_the_hand_over_agree_with_the_measure(build: Build) -> None:
    """What leaked in the figure is the numerator of unauthorised changes, what was judged its denominator."""
    found = hand_overs.streams(build, QUARTER)
    value = queries.metric(build, hand_overs.MEASURE, QUARTER)
    for stream in found:
        if stream.details:
            rows = hand_overs.stream_rows(build, QUARTER, stream)
            assert len(rows) == min(stream.count, records.SHOWN), stream.said
    assert value.denominator > 0
    assert sum(stream.count for stream in found if stream.is_leak) == value.numerator
    judged = {"Deployed with valid approval", "Deployed without valid approval"}
    assert sum(stream.count for stream in found if stream.became in judged) == value.denominator
