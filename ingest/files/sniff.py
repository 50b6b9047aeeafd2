"""A first look at a file: dialect, columns in order, sample rows.

Owns what can be told from the content alone. Refuses to say what a column means.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ingest.files.csv_rows import DELIMITERS, column_names
from ingest.files.documents import inner_lists, items_path
from ingest.files.formats import READERS, file_format
from ingest.files.mapping import FileMapping, parse_mapping
from ingest.files.rows import BadLine, at, cell_text
from ingest.files.tables import leading_rows
from models.errors import InputError

SAMPLE_ROWS = 5000
_NAMED = re.compile(r"^(fields[.])?(labels|tags|components|services|affected_?(services|components)|[a-z_]*systems)$")
_PLACEHOLDERS = frozenset(
    (
        "?",
        "??",
        "-",
        "--",
        "---",
        "–",
        "—",
        "n/a",
        "na",
        "n.a.",
        "#n/a",
        "null",
        "(null)",
        "(empty)",
        "(blank)",
        "tbd",
        "tba",
        "tbc",
    )
)


@dataclass(frozen=True)
class Look:
    """What a file looks like.

    Args:
        path: The file.
        format: csv, jsonl, json, parquet or xlsx.
        dialect: Settings of ``[dialect]`` that differ from the default.
        items: For a JSON document, the path of the list of rows.
        columns: Column names in the file's order; a field of a nested object is dotted.
        rows: Sample rows, column → text.
        lists: For JSON, paths of nested lists of objects.
        inner: Sample rows of each of these lists.
        unread: Lines among the first rows that are no rows.
    """

    path: Path
    format: str
    dialect: dict[str, str | int] = field(default_factory=dict)
    items: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    inner: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    unread: tuple[BadLine, ...] = ()

    def values(self, column: str) -> list[str]:
        """Return the texts of a column that are not blank."""
        return [text for row in self.rows if (text := row.get(column, "").strip())]

    def placeholders(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the texts of some columns by which people say that there is no value, as they are written."""
        found = {text for column in columns for text in self.values(column) if text.lower() in _PLACEHOLDERS}
        return tuple(sorted(found))

    def without(self, texts: Collection[str]) -> Look:
        """Return the look with these texts taken as blank."""
        rows = tuple({name: "" if text.strip() in texts else text for name, text in row.items()} for row in self.rows)
        return replace(self, rows=rows) if texts else self


def form_of(path: Path) -> tuple[str, dict[str, str | int]]:
    """Return a file's format and, where it is not UTF-8, the dialect that its encoding asks for.

    Raises:
        InputError: It cannot be read, is empty, or is none of the formats.
    """
    dialect: dict[str, str | int] = {}
    if path.is_file() and (encoding := _encoding(path)) != "utf-8":
        dialect["encoding"] = encoding
    return file_format(path, _probe(dialect)), dialect


def look_at(path: Path) -> Look:
    """Look at a file's first rows.

    Raises:
        InputError: It cannot be read, is empty, or is none of the formats.
    """
    form, dialect = form_of(path)
    probe = _probe(dialect)
    if form == "json" and _is_line_by_line(path):
        form = "jsonl"
    if form == "csv":
        delimiter, skipped = _delimiter(path, str(dialect.get("encoding", "utf-8")))
        if delimiter != ("\t" if path.suffix.lower() in {".tsv", ".tab"} else ","):
            dialect["delimiter"] = delimiter
        dialect |= {"skip_lines": skipped} if skipped else {}
        probe = _probe({**dialect, "delimiter": delimiter})
    elif form == "xlsx" and (skipped := _lines_before_header(leading_rows(path))):
        dialect["skip_lines"] = skipped
        probe = _probe(dialect)
    items = items_path(path) if form == "json" else ""
    probe = probe.model_copy(update={"format": form, "items": items})
    objects, unread = _objects(path, form, probe)
    if form == "csv":
        names = column_names(path, probe)
    else:
        names = list(dict.fromkeys(name for item in objects for name in _flat(item)))
    rows: tuple[Mapping[str, str], ...] = tuple(_texts(item) for item in objects)
    found = inner_lists(objects)
    lists = tuple(found)
    filled = {name for row in rows for name, text in row.items() if text.strip()}
    unnamed = {f"column_{place}" for place in range(1, len(names) + 1)}
    # A field that is an object in some rows and nothing in others is known by its parts.
    whole = {name.rpartition(".")[0] for name in names if "." in name} - filled
    columns = tuple(name for name in names if name not in {*lists, *whole} and (name in filled or name not in unnamed))
    inner = {name: tuple(_texts(one) for one in many if one) for name, many in found.items()}
    columns, rows = _with_names(columns, rows, objects, inner)
    if form == "csv" and _has_decimal_comma(rows, str(dialect.get("delimiter", ","))):
        dialect["decimal"] = ","
    return Look(path, form, dialect, items, columns, rows, lists, inner, unread)


def _with_names(
    columns: tuple[str, ...],
    rows: tuple[Mapping[str, str], ...],
    objects: Sequence[Mapping[str, Any]],
    inner: Mapping[str, Sequence[Mapping[str, str]]],
) -> tuple[tuple[str, ...], tuple[Mapping[str, str], ...]]:
    """Return columns and rows with the names in lists of named things, such as labels and components, as columns."""
    named = [name for name, many in inner.items() if _NAMED.search(name) and any(one.get("name") for one in many)]
    for name in named:
        path = f"{name}.name"
        columns = (*columns, path)
        rows = tuple({**row, path: cell_text(at(item, path)) or ""} for row, item in zip(rows, objects, strict=True))
    return columns, rows


def _probe(dialect: Mapping[str, str | int]) -> FileMapping:
    """Return a mapping that reads rows and means nothing."""
    settings = "\n".join(f"{name} = {orjson.dumps(value).decode()}" for name, value in dialect.items())
    text = f'name = "look"\nsource = "look"\n[dialect]\n{settings}\n[[record]]\nkind = "event"\n'
    return parse_mapping(text, "look")


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(1 << 20)
    except OSError:
        return "utf-8"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        # The last character may have been cut in two.
        start[: max(0, len(start) - 4)].decode("utf-8") if len(start) == 1 << 20 else start.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _delimiter(path: Path, encoding: str) -> tuple[str, int]:
    """Return the delimiter by which most of the first rows have the same number of cells, and the lines before them."""
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        lines = list(islice(file, 50))
    best, best_score, skipped = ",", (0, 0), 0
    clean = [delimiter for delimiter in DELIMITERS if _is_readable(lines, delimiter)]
    for delimiter in clean or DELIMITERS:
        reader = csv.reader(lines, delimiter=delimiter)
        rows = [(cells, reader.line_num) for cells in reader if cells]
        usual = _usual_width([cells for cells, _ in rows])
        score = (sum(len(cells) == usual for cells, _ in rows) if usual > 1 else 0, usual)
        if score > best_score:
            before = _lines_before_header([cells for cells, _ in rows])
            best, best_score, skipped = delimiter, score, rows[before - 1][1] if before else 0
    return best, skipped


def _is_readable(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the first row can be read with a delimiter, as strictly as the import reads it."""
    with suppress(csv.Error):
        next(csv.reader(lines, delimiter=delimiter, strict=True), None)
        return True
    return False


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of cells that most rows have; of equally many the one of the first row."""
    widths = [len(cells) for cells in rows]
    return Counter(widths).most_common(1)[0][0] if widths else 0


def _lines_before_header(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows stand before the one that names the columns: titles and remarks fill few of the cells."""
    usual = _usual_width(rows)
    if usual < 3:
        return 0
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in rows]
    before = next((place for place, count in enumerate(filled) if 2 * count >= max(filled)), 0)
    return before if before < len(rows) - 1 else 0


def _is_line_by_line(path: Path) -> bool:
    """Whether a file that is called JSON holds one object per line."""
    with path.open("rb") as file:
        lines = [line.removeprefix(b"\xef\xbb\xbf").strip() for line in islice(file, 2)]
    try:
        return len(lines) == 2 and lines[1].startswith(b"{") and isinstance(orjson.loads(lines[0]), dict)
    except orjson.JSONDecodeError:
        return False


def _objects(path: Path, form: str, probe: FileMapping) -> tuple[list[dict[str, Any]], tuple[BadLine, ...]]:
    """Return sample rows as objects, and the lines between them that are none; only the first batch is read."""
    batches = iter(READERS[form](path, probe, {"": []}))
    first = next(batches, None)
    if first is None or not first.rows:
        raise InputError(
            "The file has no rows to learn from.",
            where=str(path),
            kept="nothing was stored",
            next_step="export it with at least one row",
        )
    texts = first.tables[""].column("row").slice(0, SAMPLE_ROWS).to_pylist() if first.tables else []
    if not texts:
        counted = f"its first {first.rows:,} rows" if first.rows > 1 else "its only row"
        raise InputError(
            f"The file has no rows to learn from: {counted} cannot be read.",
            where=f"{path}, line {first.bad_lines[0].line}: {first.bad_lines[0].problem}"
            if first.bad_lines
            else str(path),
            kept="nothing was stored",
            next_step="look at how it was exported, and try again",
        )
    objects: list[dict[str, Any]] = [orjson.loads(text) for text in texts]
    if not any(text.strip() for item in objects[:SAMPLE_ROWS] for text in _texts(item).values()):
        raise InputError(
            "The file has no rows to learn from: every cell of its first rows is blank.",
            where=str(path),
            kept="nothing was stored",
            next_step="export it with at least one row",
        )
    return objects, tuple(first.bad_lines)


def _texts(item: Mapping[str, Any]) -> dict[str, str]:
    """Return what an object says, as the texts of columns."""
    return {name: text for name, value in _flat(item).items() if (text := cell_text(value)) is not None}


def _flat(item: Mapping[str, Any], depth: int = 3) -> dict[str, Any]:
    """Return an object with the fields of nested objects dotted."""
    flat: dict[str, Any] = {}
    for key, value in item.items():
        if isinstance(value, dict):
            deep = _flat(value, depth - 1) if depth else {}
            flat |= {f"{key}.{name}": one for name, one in deep.items() if depth == 3 or not _holds_objects(one)}
        else:
            flat[key] = value
    return flat


def _holds_objects(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict | list) for one in value)


def _has_decimal_comma(rows: Sequence[Mapping[str, str]], delimiter: str) -> bool:
    texts = [text.strip() for row in rows[:500] for text in row.values()]
    commas = sum(_is_number(text, ",") for text in texts)
    points = sum(_is_number(text, ".") for text in texts)
    return delimiter != "," and commas > points


def _is_number(text: str, separator: str) -> bool:
    whole, found, fraction = text.removeprefix("-").partition(separator)
    return bool(found) and whole.isdigit() and fraction.isdigit()
