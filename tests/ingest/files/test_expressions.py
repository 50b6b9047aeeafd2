"""What an expression makes of a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.files.importing import import_file
from ingest.store import RawStore
from ingest.store_records import canonical_json
from models.errors import InputError
from tests.ingest.files.making import changes, load, mapping, records, write


@pytest.mark.parametrize(
    ("expression", "row", "expected"),
    [
        ('"a"', " text ,", "text"),
        ('"a"', " ,x", None),
        ('{ constant = "fixed" }', ",", "fixed"),
        ('{ template = "{a}#{b}" }', "app,7", "app#7"),
        ('{ template = "{a}#{b}" }', "app,", None),
        ('{ template = "{{{a}}}" }', "x,", "{x}"),
        ('{ first = ["a", "b"] }', ",second", "second"),
        ('{ join = ["a", "b"], separator = "; " }', "x,y", "x; y"),
        ('{ join = ["a", "b"] }', ",y", "y"),
        ('{ column = "a", split = "/", part = 2 }', "one/two/three,", "two"),
        ('{ column = "a", split = "/", part = -1 }', "one/two/three,", "three"),
        ('{ column = "a", split = "/", part = 9 }', "one/two,", None),
        ('{ column = "a", split = ";" }', " x ; ;y,", "x|y"),
        ('{ column = "a", values = { A = "alpha" } }', "A,", "alpha"),
        ('{ column = "a", values = { A = "alpha" } }', "B,", "B"),
        ('{ column = "a", values = { A = "alpha" }, otherwise = "" }', "B,", None),
        ('{ column = "a", values = { A = "" } }', "A,", None),
        ('{ column = "a", otherwise = "something" }', "B,", "something"),
        ('{ column = "a", otherwise = "something" }', ",", None),
        ('{ column = "a", when = { column = "b", equals = ["x", "y"] } }', "A,y", "A"),
        ('{ column = "a", when = { column = "b", equals = "x" } }', "A,", None),
        ('{ column = "a", when = { column = "b", not_equals = "x" } }', "A,", "A"),
        ('{ column = "a", when = { column = "b", empty = true } }', "A,", "A"),
        ('{ column = "a", when = { column = "b", starts_with = "re" } }', "A,release", "A"),
        ('{ column = "a", when = { column = "b", contains = "lea" } }', "A,release", "A"),
        ('{ column = "a", when = { column = "b", not_contains = "lea" } }', "A,release", None),
        ('{ column = "a", when = { column = "b", matches = "^v[0-9]+$" } }', "A,v12", "A"),
        ('{ column = "a", when = [{ column = "b", empty = false }, { column = "b", not_equals = "x" }] }', "A,x", None),
    ],
)  # fmt: skip
def test_an_expression_gives_a_text_or_nothing(
    store: RawStore, tmp_path: Path, expression: str, row: str, expected: str | None
) -> None:
    """Blank is unknown; a template with a blank part is unknown; nothing is filled in."""
    load(store, tmp_path, f"id,a,b\n1,{row}\n", changes(f"title = {expression}", 'optional_columns = ["a", "b"]'))
    assert records(store)[0].get("title") == expected


def test_empty_values_mean_no_value(store: RawStore, tmp_path: Path) -> None:
    """What people type for "nothing" is nothing, everywhere in the file."""
    how = changes('title = "t"\nclosed_at = "c"', 'empty_values = ["-", "n/a"]')
    load(store, tmp_path, "id,t,c\n1,-,n/a\n", how)
    assert records(store) == [{"key": "1"}]


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("12", ".", 12),
        ("+2", ".", 2),
        ("-1", ".", -1),
        ("1,234", ".", 1234),
        ("3.0", ".", 3),
        ("1.234,0", ",", 1234),
        ("7,0", ",", 7),
        ("3.7", ".", None),
        ("3,7", ".", None),
        ("3.7", ",", None),
        ("many", ".", None),
    ],
)
def test_numbers_follow_the_decimal_separator(
    store: RawStore, tmp_path: Path, text: str, decimal: str, expected: int | None
) -> None:
    """A text that is no whole number sets the row aside; 3,7 never becomes 37."""
    how = changes('size_lines = "n"', f'[dialect]\ndelimiter = ";"\ndecimal = "{decimal}"')
    result = load(store, tmp_path, f"id;n\n1;{text}\n", how)
    assert [record.get("size_lines") for record in records(store)] == ([] if expected is None else [expected])
    assert result.rejected_by_reason == ({} if expected is not None else {"size_lines: not a whole number": 1})


def test_truth_values_are_read_in_their_usual_spellings(store: RawStore, tmp_path: Path) -> None:
    """Anything else sets the row aside."""
    result = load(store, tmp_path, "id,d\n1,Yes\n2,0\n3,\n4,maybe\n", changes('is_draft = "d"'))
    assert [record.get("is_draft") for record in records(store)] == [True, False, None]
    assert result.rejected_by_reason == {"is_draft: neither true nor false": 1}


def test_a_required_field_sets_the_row_aside_when_it_is_missing(store: RawStore, tmp_path: Path) -> None:
    """So does a missing key; both with their reason."""
    result = load(store, tmp_path, "id,t\n1,\n,x\n2,y\n", changes('title = { column = "t", required = true }'))
    assert [record["key"] for record in records(store)] == ["2"]
    assert result.rejected_by_reason == {"the key is missing": 1, "title: required, and missing": 1}


def test_a_word_outside_the_products_own_vocabulary_sets_the_row_aside(store: RawStore, tmp_path: Path) -> None:
    """Such a word would otherwise fail a whole build later."""
    result = load(store, tmp_path, "id,t\n1,Robot\n2,bot\n", changes('requested_by_type = "t"'))
    assert [record["requested_by_type"] for record in records(store)] == ["bot"]
    assert result.rejected_by_reason == {"requested_by_type: none of human, bot": 1}


def test_one_row_gives_several_records(store: RawStore, tmp_path: Path) -> None:
    """A change ticket's row is a change, a window and a decision."""
    how = mapping("""
        [[record]]
        kind = "change"
        key = "id"
        fields = { title = "t" }
        [[record]]
        kind = "window"
        key = "id"
        when = { column = "start", empty = false }
        fields = { planned_start_at = "start", change_key = "id" }
        constants = { kind = "change" }
        [[record]]
        kind = "decision"
        key = "id"
        when = { column = "approval", equals = ["yes", "no"] }
        fields.change_key = "id"
        fields.verdict = { column = "approval", values = { yes = "approved", no = "rejected" } }
    """)
    result = load(store, tmp_path, "id,t,start,approval\n1,One,2024-01-01,yes\n2,Two,,later\n", how)
    assert [(counts.stream, counts.stored) for counts in result.streams] == [
        ("record.changes", 2),
        ("record.windows", 1),
        ("record.decisions", 1),
    ]
    assert records(store, "record_decisions") == [{"key": "1", "change_key": "1", "verdict": "approved"}]


def test_one_cell_gives_several_records(store: RawStore, tmp_path: Path) -> None:
    """The pieces of a cell are the column ``item``; a blank cell gives none."""
    how = mapping("""
        [[record]]
        kind = "link"
        key = ["id", "item"]
        each = { column = "windows", split = "|" }
        fields = { from_key = "id", to_key = "item" }
        constants = { from_kind = "change", relation = "schedules", to_kind = "window" }
    """)
    load(store, tmp_path, "id,windows\n1,a | b\n2,\n", how)
    assert [(r["key"], r["to_key"]) for r in records(store, "record_links")] == [("1:a", "a"), ("1:b", "b")]


def test_without_a_key_equal_rows_are_one_record(store: RawStore, tmp_path: Path) -> None:
    """The key is the hash of the row."""
    result = load(store, tmp_path, "title\nOne\nTwo\nOne\n", changes(key=""))
    assert (result.streams[0].records, result.streams[0].duplicates) == (2, 1)
    assert all(len(record["key"]) == 64 for record in records(store))


def test_gathered_rows_of_one_key_make_one_record(store: RawStore, tmp_path: Path) -> None:
    """A log of what happened to a change is that change: first and last values by the order column, as a number."""
    how = mapping("""
        [[record]]
        kind = "change"
        key = "id"
        gather = "seq"
        [record.fields]
        title = "subject"
        created_at = { column = "at", pick = "first" }
        merged_at = { column = "at", when = { column = "what", equals = "merged" } }
        contributors = { column = "who", pick = "all" }
    """)
    rows = [
        "1,10,2024-01-10,merged,bob,",
        "1,9,2024-01-09,push,ann,New subject",
        "1,1,2024-01-01,push,ann,Subject",
        ",3,,,,",
    ]
    for order in (rows, rows[::-1]):
        result = load(store, tmp_path, "\n".join(["id,seq,at,what,who,subject", *order]), how)
        assert result.rejected_by_reason == {"the key is missing": 1}
    assert records(store) == [
        {
            "key": "1",
            "title": "New subject",
            "created_at": "2024-01-01T00:00:00Z",
            "merged_at": "2024-01-10T00:00:00Z",
            "contributors": "ann|bob",
        }
    ]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), TEXTS)
@example([("\x1b\x7f\u2028\u2029\x01", '\\u001B \\ \\\\u2028 "')], "\x0b\x1f/<é")
def test_every_payload_is_canonical_and_hashed_as_such(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]], constant: str
) -> None:
    """Whoever recomputes the hash of a payload, in whatever language, finds the one that is stored."""
    folder = tmp_path_factory.mktemp("canonical")
    quoted = ["".join(f'"{cell.replace(chr(34), chr(34) * 2)}",' for cell in row)[:-1] for row in cells]
    # Plain text at the start: a file that opens with control characters is refused as binary.
    path = write(folder, "id,t\n" + "x" * 4096 + ",\n" + "\n".join(quoted))
    how = changes('title = "t"\ndescription = { template = "{t} {id}" }', key="")
    how = how.model_copy(update={"record": (how.record[0].model_copy(update={"constants": {"risk": constant}}),)})
    with RawStore(folder / "store.duckdb") as store:
        import_file(store, path, how)
        stored = store.con.execute("select payload, payload_sha256 from raw.record_changes").fetchall()
    assert stored
    for payload, digest in stored:
        assert canonical_json(payload)[1] == digest


def test_texts_of_a_mapping_never_become_sql(store: RawStore, tmp_path: Path) -> None:
    """Column names, constants, values and separators may hold anything."""
    how = mapping("""
        [[record]]
        kind = "change"
        key = "i'd"
        [record.fields]
        title = { column = "t\\"); drop table raw.runs; --", values = { "'" = "''" } }
        description = { join = ["i'd", "i'd"], separator = "'; drop table raw.runs; --" }
        [record.constants]
        risk = "'; drop table raw.runs; --"
    """)
    load(store, tmp_path, 'i\'d,"t""); drop table raw.runs; --"\n1,\'\n', how)
    assert records(store)[0]["title"] == "''"
    assert records(store)[0]["risk"] == "'; drop table raw.runs; --"
    assert store.con.execute("select count(*) from raw.runs").fetchone() == (1,)


def test_a_column_named_in_a_condition_must_exist(store: RawStore, tmp_path: Path) -> None:
    """Conditions read columns as fields do."""
    how = changes('title = { column = "t", when = { column = "gone", empty = true } }')
    with pytest.raises(InputError, match="no column 'gone'"):
        load(store, tmp_path, "id,t\n1,x\n", how)
