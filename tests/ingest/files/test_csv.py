"""Delimited text as real tools write it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.files.csv_rows import read_csv
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import changes, load, payloads, records, rejected, write

TITLES = changes('title = "title"')


def test_semicolons_crlf_and_a_byte_order_mark_are_read(store: RawStore, tmp_path: Path) -> None:
    """A dialect of a spreadsheet program: ; between cells, CRLF at the end of lines, a BOM at the start."""
    how = changes('title = "title"', '[dialect]\ndelimiter = ";"')
    result = load(store, tmp_path, b"\xef\xbb\xbfid;title\r\n1;One, two\r\n", how)
    assert (result.rows, result.total("stored")) == (1, 1)
    assert records(store) == [{"key": "1", "title": "One, two"}]


def test_trailing_empty_columns_are_dropped(store: RawStore, tmp_path: Path) -> None:
    """Extra blank cells of a row are no columns; cells under blank names may be left out, and are kept if filled."""
    how = changes('title = "title"', '[dialect]\ndelimiter = ";"')
    result = load(store, tmp_path, "id;title;;\n1;One;;\n2;Two\n3;Three;;;;\n4;Four;note\n", how)
    assert [record["title"] for record in records(store)] == ["One", "Two", "Three", "Four"]
    assert result.total("rejected") == 0
    assert payloads(store)[3]["row"] == {"id": "4", "title": "Four", "column_3": "note", "column_4": ""}


def test_a_row_with_another_number_of_columns_is_set_aside_with_its_line(store: RawStore, tmp_path: Path) -> None:
    """The other rows are stored; the bad one is kept as it was, with reason and line number."""
    result = load(store, tmp_path, "id,title\n1,One\n2,Two,extra\n3\n\n4,Four\n", TITLES)
    assert [record["key"] for record in records(store)] == ["1", "4"]
    assert [(row.line, row.reason) for row in result.rejected_rows] == [
        (3, "3 columns where the header has 2"),
        (4, "1 columns where the header has 2"),
    ]
    assert ("3 columns where the header has 2", "file:rows.csv#line=3", "2,Two,extra") in rejected(store)
    assert result.rejected_by_reason == {
        "1 columns where the header has 2": 1,
        "3 columns where the header has 2": 1,
    }


def test_short_rows_are_filled_where_the_mapping_says_so(store: RawStore, tmp_path: Path) -> None:
    """Some tools leave out blank cells at the end of a line."""
    how = changes('title = "title"\nrisk = "risk"', '[dialect]\nshort_rows = "fill"')
    load(store, tmp_path, "id,title,risk\n1,One\n", how)
    assert records(store) == [{"key": "1", "title": "One"}]


def test_an_unclosed_quote_costs_one_line_only(store: RawStore, tmp_path: Path) -> None:
    """Reading goes on at the line after the one with the quote that never ends."""
    result = load(store, tmp_path, 'id,title\n1,"One\n2,Two\n3,Three\n', TITLES)
    assert [record["key"] for record in records(store)] == ["2", "3"]
    assert [row.line for row in result.rejected_rows] == [2]


def test_a_quoted_line_break_does_not_shift_line_numbers(store: RawStore, tmp_path: Path) -> None:
    """Line numbers are those of the file, not of the rows."""
    result = load(store, tmp_path, 'id,title\n1,"One\nand more"\n2\n', TITLES)
    assert records(store)[0]["title"] == "One\nand more"
    assert [row.line for row in result.rejected_rows] == [4]


def test_a_nul_byte_sets_the_row_aside(store: RawStore, tmp_path: Path) -> None:
    """No text column may hold a NUL; text that only looks like an escaped one may stay."""
    result = load(store, tmp_path, b"id,title\n1,a\x00b\n2,a\\u0000b\n", TITLES)
    assert [record["title"] for record in records(store)] == ["a\\u0000b"]
    assert [row.reason for row in result.rejected_rows] == ["the line holds a NUL byte"]


def test_formulas_stay_text(store: RawStore, tmp_path: Path) -> None:
    """Nothing in a cell is ever calculated."""
    load(store, tmp_path, 'id,title\n1,"=1+1"\n2,@SUM(A1)\n', TITLES)
    assert [record["title"] for record in records(store)] == ["=1+1", "@SUM(A1)"]


def test_a_file_without_header_uses_the_given_names(store: RawStore, tmp_path: Path) -> None:
    """The first line is data then."""
    how = changes('title = "t"', '[dialect]\nheader = false\ncolumns = ["id", "t"]')
    assert load(store, tmp_path, "1,One\n2,Two\n", how).rows == 2
    assert [record["title"] for record in records(store)] == ["One", "Two"]


def test_columns_of_the_same_name_are_told_apart(store: RawStore, tmp_path: Path) -> None:
    """The second ``note`` is ``note_2``, so that the row is kept completely."""
    load(store, tmp_path, "id,note,note\n1,a,b\n", changes('title = "note_2"'))
    assert payloads(store)[0]["row"] == {"id": "1", "note": "a", "note_2": "b"}
    assert records(store)[0]["title"] == "b"


def test_latin_text_is_read_with_its_encoding(store: RawStore, tmp_path: Path) -> None:
    """The encoding is the mapping's."""
    how = changes('title = "title"', '[dialect]\nencoding = "windows-1252"')
    load(store, tmp_path, "id,title\n1,Größe €\n".encode("windows-1252"), how)
    assert records(store)[0]["title"] == "Größe €"


def test_a_wrong_encoding_is_an_error_that_names_the_line(store: RawStore, tmp_path: Path) -> None:
    """Half of a file in the wrong encoding would be worse than none."""
    with pytest.raises(InputError, match="not utf-8 text: byte 0xf6") as caught:
        load(store, tmp_path, "id,title\n1,Größe\n".encode("windows-1252"), TITLES)
    assert "windows-1252" in caught.value.next_step
    assert store.con.execute("select status from raw.runs").fetchall() == [("failed",)]


def test_a_wrong_delimiter_names_the_likely_one(store: RawStore, tmp_path: Path) -> None:
    """One column was found where the header holds semicolons."""
    with pytest.raises(InputError, match="Only one column") as caught:
        load(store, tmp_path, "id;title\n1;One\n", TITLES)
    assert 'dialect.delimiter = ";"' in caught.value.next_step


def test_a_missing_column_names_its_neighbours(store: RawStore, tmp_path: Path) -> None:
    """The error lists what there is."""
    with pytest.raises(InputError, match=r"no column 'title' \(nearest: 'Titel'\)"):
        load(store, tmp_path, "id,Titel\n1,One\n", TITLES)


def test_an_optional_column_may_be_missing(store: RawStore, tmp_path: Path) -> None:
    """Its values are unknown then."""
    how = changes('title = "title"\nrisk = "risk"', 'optional_columns = ["risk"]')
    load(store, tmp_path, "id,title\n1,One\n", how)
    assert records(store) == [{"key": "1", "title": "One"}]


def test_a_header_alone_is_a_file_without_rows(store: RawStore, tmp_path: Path) -> None:
    """Nothing is wrong with it, and the result says so."""
    result = load(store, tmp_path, "id,title\n", TITLES)
    assert (result.rows, result.notes) == (0, ("The file has no rows.",))


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=20), st.sampled_from(";,|\t"))
def test_whatever_is_written_is_read(tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Every cell comes back as it was written, with the line it stands on."""
    lines = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path = write(tmp_path, "\n".join([delimiter.join("abc"), *lines]))
    how = changes('title = "a"', f"[dialect]\ndelimiter = {orjson.dumps(delimiter).decode()}", 'key = "b"')
    batches = list(read_csv(path, how, {"": ["a", "b", "c"]}))
    found = [
        row
        for batch in batches
        for row in zip(*(batch.tables[""].column(n).to_pylist() for n in range(2, 5)), strict=True)
    ]
    assert found == rows
    assert [n for b in batches for n in b.tables[""].column("line").to_pylist()] == list(range(2, len(rows) + 2))
