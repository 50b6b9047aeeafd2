"""JSON Lines, JSON documents, Parquet, spreadsheets, and files that are not what they say."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.files.importing import import_file
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import changes, load, mapping, payloads, records, rejected, write

TITLES = changes('title = "title"')


def test_json_lines_keep_numbers_and_nested_values(store: RawStore, tmp_path: Path) -> None:
    """The row is kept as JSON; a path reads into it; a list of plain values is one text."""
    how = changes('title = "title"\nlabels = "labels"\nmerge_revision = "merge.oid"\nis_draft = "draft"')
    text = (
        '{"id":1,"title":"One","labels":["a","b"],"merge":{"oid":"c0ffee"},"draft":false,"size":1.5}\n\n'
        '{"id":2,"merge":null}\n'
    )
    result = load(store, tmp_path, text, how, "rows.jsonl")
    assert result.rows == 2
    assert records(store)[0] == {
        "key": "1",
        "title": "One",
        "labels": "a|b",
        "merge_revision": "c0ffee",
        "is_draft": False,
    }
    assert payloads(store)[0]["row"]["size"] == 1.5
    assert records(store)[1] == {"key": "2"}


def test_a_line_that_is_no_json_object_is_set_aside(store: RawStore, tmp_path: Path) -> None:
    """With its line number; the others are stored."""
    result = load(store, tmp_path, '{"id":1,"title":"a"}\n{"id":\n[1]\n{"id":2,"title":"b"}\n', TITLES, "rows.jsonl")
    assert [record["key"] for record in records(store)] == ["1", "2"]
    assert [(row.line, row.reason.partition(":")[0]) for row in result.rejected_rows] == [
        (2, "the line is not JSON"),
        (3, "not a JSON object"),
    ]
    assert [payload for _, _, payload in rejected(store)] == ['{"id":', "[1]"]


def test_a_column_no_object_has_is_an_error(store: RawStore, tmp_path: Path) -> None:
    """A key that is there and null is not missing."""
    with pytest.raises(InputError, match=r"no column 'title' \(nearest: 'titel'\)"):
        load(store, tmp_path, '{"id":1,"titel":"x"}\n', TITLES, "rows.jsonl")
    assert load(store, tmp_path, '{"id":1,"title":null}\n', TITLES, "more.jsonl").total("stored") == 1


@pytest.mark.parametrize("text", ['[{"id":1}]\n', '{\n"id": 1\n}\n'])
def test_a_document_called_json_lines_is_refused(store: RawStore, tmp_path: Path, text: str) -> None:
    """Else every one of its lines would be set aside."""
    with pytest.raises(InputError, match="one JSON document") as caught:
        load(store, tmp_path, text, TITLES, "rows.jsonl")
    assert 'format = "json"' in caught.value.next_step


def test_a_file_that_breaks_off_in_the_middle_is_refused(store: RawStore, tmp_path: Path) -> None:
    """A Parquet file whose pages are damaged: nothing of it is stored."""
    path = parquet(tmp_path)
    content = bytearray(path.read_bytes())
    content[4:200] = b"x" * 196
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="could not be imported"):
        import_file(store, path, TITLES)
    assert store.con.execute("select status from raw.runs").fetchall() == [("failed",)]
    assert records(store) == []


NESTED = """
[[record]]
kind = "change"
key = "number"
fields = { repository = "document.repo" }
[[record]]
kind = "decision"
each = "reviews"
key = "id"
fields = { change_key = "parent.number", decided_by = "author.login" }
[[record]]
kind = "event"
each = "reviews.comments"
key = { template = "{parent.parent.number}/{parent.id}/{n}" }
fields = { text = "body" }
"""


def test_nested_lists_are_records_of_their_own(store: RawStore, tmp_path: Path) -> None:
    """An item reads the objects around it, and keeps what it read of them; the parent's row is without the list."""
    document = {
        "repo": "a/b",
        "pulls": [
            {"number": 7, "reviews": [{"id": "r1", "author": {"login": "ann"}, "comments": [{"n": 1, "body": "Hm"}]}]},
            {"number": 8, "reviews": []},
            {"number": 9, "reviews": None},
        ],
    }
    result = load(store, tmp_path, orjson.dumps(document), mapping(NESTED, 'items = "pulls"'), "rows.json")
    assert result.rows == 3
    assert records(store) == [{"key": str(n), "repository": "a/b"} for n in (7, 8, 9)]
    assert payloads(store)[0]["row"] == {"number": 7}
    assert records(store, "record_decisions") == [{"key": "r1", "change_key": "7", "decided_by": "ann"}]
    assert payloads(store, "record_decisions")[0]["row"] == {
        "id": "r1",
        "author": {"login": "ann"},
        "parent.number": 7,
    }
    assert records(store, "record_events") == [{"key": "7/r1/1", "text": "Hm"}]


def test_a_json_document_may_be_the_list(store: RawStore, tmp_path: Path) -> None:
    """No path is needed then."""
    assert load(store, tmp_path, '[{"id":"1","title":"One"}]', TITLES, "rows.json").total("stored") == 1


def test_a_json_document_without_the_list_names_its_keys(store: RawStore, tmp_path: Path) -> None:
    """So that the path can be corrected."""
    with pytest.raises(InputError, match="no list at 'pulls'") as caught:
        load(store, tmp_path, '{"issues":[]}', changes(head='items = "pulls"'), "rows.json")
    assert "keys: issues" in caught.value.where
    with pytest.raises(InputError, match="not a JSON document"):
        load(store, tmp_path, '{"id":1}\n{"id":2}\n', TITLES, "rows.json")


def parquet(folder: Path, compression: str = "zstd") -> Path:
    """Write a Parquet file with typed columns."""
    path = folder / "rows.parquet"
    at = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "title": pa.array(["One", None]).dictionary_encode(),
            "at": pa.array([at, None], pa.timestamp("ns", "UTC")),
            "local": pa.array([dt.datetime(2024, 7, 1, 12)] * 2, pa.timestamp("ms")),
            "draft": [True, False],
            "labels": [["a", "b"], []],
            "who": [{"login": "ann"}, None],
        }
    )
    pq.write_table(table, path, compression=compression)
    return path


def test_parquet_is_read_by_type(store: RawStore, tmp_path: Path) -> None:
    """Instants stay instants, local times follow the mapping's zone, lists of names are one text."""
    fields = 'title = "title"\ncreated_at = "at"\nclosed_at = "local"\nis_draft = "draft"\nlabels = "labels"'
    result = import_file(store, parquet(tmp_path), changes(fields, 'time_zone = "Europe/Berlin"'))
    assert result.rows == 2
    assert records(store)[0] == {
        "key": "1",
        "title": "One",
        "created_at": "2024-07-01T12:00:00Z",
        "closed_at": "2024-07-01T10:00:00Z",
        "is_draft": True,
        "labels": "a|b",
    }
    assert payloads(store)[0]["row"]["who"] == '{"login":"ann"}'


def test_brotli_parquet_is_refused_before_it_is_read(store: RawStore, tmp_path: Path) -> None:
    """The error says what to do instead."""
    with pytest.raises(InputError, match="compressed with Brotli") as caught:
        import_file(store, parquet(tmp_path, "brotli"), TITLES)
    assert "zstd" in caught.value.next_step


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
WORKBOOK = {
    "[Content_Types].xml": f'''<Types xmlns="{PACKAGE}/content-types">
        <Default Extension="xml" ContentType="application/xml"/>
        <Default Extension="rels" ContentType="{RELATIONS}"/></Types>''',
    "_rels/.rels": f'''<Relationships xmlns="{PACKAGE}/relationships">
        <Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>''',
    "xl/workbook.xml": f'''<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">
        <sheets><sheet name="Changes" sheetId="1" r:id="r1"/></sheets></workbook>''',
    "xl/_rels/workbook.xml.rels": f'''<Relationships xmlns="{PACKAGE}/relationships">
        <Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="r2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>''',
    "xl/styles.xml": f'''<styleSheet xmlns="{MAIN}">
        <fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>
        <cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>''',
}


def sheet(folder: Path, rows: list[list[str]]) -> Path:
    """Write the smallest spreadsheet that programs accept; cells are given as XML."""
    path = folder / "rows.xlsx"
    lines = "".join(f'<row r="{n}">{"".join(cells)}</row>' for n, cells in enumerate(rows, start=1))
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in WORKBOOK.items():
            archive.writestr(inner, text)
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'
        )
    return path


def cell(ref: str, text: str) -> str:
    """Return a text cell."""
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_spreadsheet_is_read_by_type_and_never_calculated(store: RawStore, tmp_path: Path) -> None:
    """Whole numbers are no fractions, times are times, a formula is the result that was saved with it."""
    header = [cell("A1", "id"), cell("B1", "title"), cell("C1", "at"), cell("D1", "n")]
    row = [
        '<c r="A2"><v>12</v></c>',
        cell("B2", "=1+1"),
        '<c r="C2" s="1"><v>45123.5</v></c>',
        '<c r="D2"><f>6*7</f><v>42</v></c>',
    ]
    how = changes('title = "title"\ncreated_at = "at"\nsize_lines = "n"')
    result = import_file(store, sheet(tmp_path, [header, row, [], ['<c r="A4"><v>13</v></c>']]), how)
    assert result.rows == 2
    assert records(store)[0] == {
        "key": "12",
        "title": "=1+1",
        "created_at": "2023-07-16T12:00:00Z",
        "size_lines": 42,
    }
    with pytest.raises(InputError, match="no sheet 'Other'; there are: Changes"):
        import_file(store, sheet(tmp_path, [header]), changes(head='sheet = "Other"'))


@pytest.mark.parametrize(
    ("name", "content", "message", "next_step"),
    [
        ("a.csv", b"", "The file is empty", "export"),
        ("a.csv", b"\xef\xbb\xbf \n", "The file is empty", "export"),
        ("a.csv", b"<!DOCTYPE html><title>Sign in</title>", "said to be csv, but it is HTML", "login page"),
        ("a.csv", b"PK\x03\x04xxxx", "said to be csv, but it is xlsx", "set format"),
        ("a.csv", b"\x1f\x8b\x08\x00", "said to be csv, but it is gzip", "gunzip --keep a.csv"),
        ("a.csv", bytes(range(32)) * 20, "said to be csv, but it is binary", "export"),
        ("a.csv", "id,title\n".encode("utf-16"), "UTF-16 text, not utf-8", 'encoding = "utf-16"'),
        ("a.parquet", b"id,title\n1,2\n", "said to be parquet, but it is something else", "export"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0xxxx", "but it is an old Excel workbook", "save it as"),
        ("a.xlsx", b"PK\x03\x04 no spreadsheet", "not XLSX", ""),
        ("a.parquet", b"PAR1 no parquet", "not Parquet", ""),
        ("a.data", b"id,title\n", "does not tell the file's format", "set format"),
        ("minutes.pdf", b"%PDF-1.7", "The file is PDF, which is not read", "export it as one of csv, jsonl"),
        ("all changes.gz", b"\x1f\x8b\x08\x00", "The file is gzip", "gunzip --keep 'all changes.gz'"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_by_name(
    store: RawStore, tmp_path: Path, name: str, content: bytes, message: str, next_step: str
) -> None:
    """What it is, that nothing was stored, and what to do."""
    with pytest.raises(InputError) as caught:
        import_file(store, write(tmp_path, content, name), TITLES)
    assert message in caught.value.what
    assert caught.value.kept == "nothing was stored"
    assert next_step in caught.value.next_step
    assert str(tmp_path) in caught.value.where


def test_a_folder_and_a_missing_file_are_refused(store: RawStore, tmp_path: Path) -> None:
    """Before anything is logged."""
    with pytest.raises(InputError, match="a folder"):
        import_file(store, tmp_path, TITLES)
    with pytest.raises(InputError, match="no such file"):
        import_file(store, tmp_path / "none.csv", TITLES)
    assert store.con.execute("select count(*) from raw.runs").fetchone() == (0,)


def test_a_file_without_permission_is_refused(store: RawStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the permission, not the format."""
    path = write(tmp_path, "id,title\n1,a\n")

    def denied(self: Path, *args: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match="permission denied"):
        import_file(store, path, TITLES)


def test_utf_16_text_is_read_where_the_mapping_says_so(store: RawStore, tmp_path: Path) -> None:
    """As some spreadsheet programs write "Unicode text"."""
    how = changes('title = "title"', '[dialect]\nencoding = "utf-16"\ndelimiter = "\\t"')
    assert load(store, tmp_path, "id\ttitle\n1\tGröße\n".encode("utf-16"), how, "rows.txt").total("stored") == 1
    assert records(store)[0]["title"] == "Größe"
