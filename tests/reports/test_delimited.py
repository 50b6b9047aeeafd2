from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import wording
from app.reports import delimited, recompute

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=40)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\uff1d1", "\uff20x", "a;=1", "a\n=1", "a\t+1", '";=1']
)
def test_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    """Whatever list separator a spreadsheet assumes, no cell begins with a sign that starts a formula."""
    cell = delimited.encoded(text)
    (whole,) = next(csv.reader(io.StringIO(cell, newline="")))
    for separator in ",;\t\n\r":
        for part in [whole, *whole.split(separator)]:
            assert part.strip(" \"'")[:1] not in set("=+-@\uff1d\uff0b\uff0d\uff20") or part.lstrip(' "').startswith(
                "'"
            ), (text, part)


@given(TEXT)
def test_making_harmless_twice_is_making_it_once(text: str) -> None:
    """Results are written from tables that are harmless already; they must not gather apostrophes."""
    assert wording.harmless(wording.harmless(text)) == wording.harmless(text)


@given(TEXT)
def test_making_harmless_changes_nothing_else(text: str) -> None:
    """Only apostrophes are added; without them the text is as it was."""
    assert wording.harmless(text).replace("'", "") == text.replace("'", "")


NUMBER = st.floats(allow_nan=False, allow_infinity=False)
ROW = st.tuples(st.none() | TEXT, st.none() | NUMBER, st.none() | st.booleans())


@settings(deadline=None, max_examples=40)
@given(st.lists(ROW, max_size=8))
def test_what_is_written_is_loaded_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    """A table of a pack goes through its file without a changed, lost or invented value; null stays apart from ''."""
    data: Path = tmp_path_factory.mktemp("data")
    con = duckdb.connect()
    con.execute("create table t (place BIGINT, a VARCHAR, b DOUBLE, c BOOLEAN)")
    if rows:
        con.executemany("insert into t values (?, ?, ?, ?)", [[i, *row] for i, row in enumerate(rows)])
    written = delimited.write_query(con, "select * from t", data / "tables" / "marts.t.csv")
    text = (data / "tables" / "marts.t.csv").read_bytes().decode()
    numbered = [(i, *row) for i, row in enumerate(rows)]
    assert text == delimited.document([name for name, _ in written.columns], numbered), "SQL and Python write alike"
    columns = (("place", "BIGINT"), ("a", "VARCHAR"), ("b", "DOUBLE"), ("c", "BOOLEAN"))
    with recompute.loaded(data, (recompute.Table("marts.t", "tables/marts.t.csv", columns, written.rows),)) as loaded:
        found = loaded.execute("select a, b, c from marts.t order by place").fetchall()
    expected = [(wording.harmless(a) if isinstance(a, str) else a, b, c) for a, b, c in rows]
    assert found == expected
