"""Local times of freezes that the clocks skip or show twice."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from models.errors import ConfigurationError
from models.settings import parse_settings
from sql.configuration import load_config


def freeze(start: str, end: str) -> list[tuple[datetime, datetime]]:
    """Load one freeze in Berlin's time, and return its instants."""
    text = f'[[freeze]]\nname = "f"\nstart = {start}\nend = {end}\ntime_zone = "Europe/Berlin"\n'
    con = duckdb.connect()
    con.execute("attach ':memory:' as build")
    load_config(con, parse_settings(text, "test"), datetime(2026, 6, 30))
    return con.execute("select start_at, end_at from build.config.freezes").fetchall()


def test_a_local_time_that_does_not_exist_is_refused() -> None:
    """At 02:30 on the day the clocks go forward there is no instant; guessing one would move the freeze by an hour."""
    with pytest.raises(ConfigurationError, match="does not exist in Europe/Berlin"):
        freeze("2026-03-29T02:30:00", "2026-03-30T00:00:00")


def test_a_local_time_that_happens_twice_needs_its_offset() -> None:
    """At 02:30 on the day the clocks go back there are two instants; the offset says which."""
    with pytest.raises(ConfigurationError, match="happens twice in Europe/Berlin"):
        freeze("2026-10-25T02:30:00", "2026-10-26T00:00:00")
    first = freeze("2026-10-25T02:30:00+02:00", "2026-10-26T00:00:00")
    second = freeze("2026-10-25T02:30:00+01:00", "2026-10-26T00:00:00")
    assert first == [(datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 23))]
    assert second == [(datetime(2026, 10, 25, 1, 30), datetime(2026, 10, 25, 23))]
