"""What a reader takes away from a page: rows as CSV and XLSX, figures as PNG, each saying what it answers.

Owns the files' form and the line of provenance: question, sample and build are written into every file, so that a
number in a slide can be traced back. Refuses to query.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st
import xlsxwriter

from app import wording
from app.dashboard.frame import Frame
from app.questions.builds import Build

# A sheet holds 1,048,576 rows; long before that a browser and a spreadsheet program struggle, and CSV is wanted.
MOST_SHEET_ROWS = 200_000
_WIDEST = 60


@dataclass(frozen=True)
class Provenance:
    """What shown figures answer.

    Args:
        question: Period and filters, as text.
        compared: What they are compared with; empty for nothing.
        n: How many records stand behind them, or ``None`` where no one number says it.
        build: The build they were read from.
    """

    question: str
    compared: str
    n: int | None
    build: Build

    def line(self) -> str:
        """Return one line for the foot of a figure."""
        parts = [self.question, f"n = {self.n:,}" if self.n is not None else "", f"build {self.build.build_id}"]
        return " · ".join(part for part in parts if part) + (" · generated demo data" if self.build.is_demo else "")

    def facts(self) -> dict[str, str | int]:
        """Return the same as named facts, for files."""
        found: dict[str, str | int] = {"question": self.question}
        if self.compared:
            found["compared_with"] = self.compared
        if self.n is not None:
            found["n"] = self.n
        found["build"] = self.build.build_id
        if self.build.is_demo:
            found["data"] = "generated demo data"
        return found


def provenance(asked: Frame, n: int | None = None, question: str = "") -> Provenance:
    """Return what a page's figures answer: its filters, or ``question`` where other choices decide."""
    compared = "" if question else asked.choice.compared_with()
    return Provenance(question or asked.choice.describe(), compared, n, asked.build)


def downloads(
    rows: Callable[[], pd.DataFrame],
    name: str,
    of: Provenance,
    *,
    what: str = "These rows",
    count: int = 0,
    is_quiet: bool = False,
) -> None:
    """Offer rows as CSV and XLSX; ``rows`` makes them when they are asked for.

    Args:
        rows: Makes the rows.
        name: Of the files, and of the buttons within the page.
        of: What the rows answer; written into the files.
        what: What the rows are, for the buttons.
        count: How many there are; too many for a sheet are offered as CSV only.
        is_quiet: Whether the buttons stand back, where a page has many tables.
    """
    with st.container(horizontal=True, gap="small"):
        _button(lambda: csv_bytes(rows(), of), name, of, "csv", f"{what} (CSV)", is_quiet=is_quiet)
        if count <= MOST_SHEET_ROWS:
            _button(
                lambda: xlsx_bytes(rows(), of),
                name,
                of,
                "xlsx",
                f"{what} (XLSX)" if count else "XLSX",
                is_quiet=is_quiet,
            )


_MIME = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def _button(made: Callable[[], bytes], name: str, of: Provenance, form: str, label: str, *, is_quiet: bool) -> None:
    st.download_button(
        label, made, file_name=file_name(name, of.build, form), mime=_MIME[form], key=f"download_{name}_{form}",
        icon=":material/download:", on_click="ignore", type="tertiary" if is_quiet else "secondary",
    )  # fmt: skip


def file_name(name: str, build: Build, form: str = "") -> str:
    """Return a file's name: product, demo or not, what it holds, build."""
    base = f"twotrack-{'demo-' if build.is_demo else ''}{name}-{build.build_id}"
    return f"{base}.{form}" if form else base


def csv_bytes(rows: pd.DataFrame, of: Provenance) -> bytes:
    """Return rows as CSV (UTF-8, RFC 4180), what they answer in the last columns, formulas neutralised."""
    safe = rows.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_datetime64_any_dtype(safe[name]):
            safe[name] = safe[name].map(wording.cell)
    # Columns rather than lines of comment: RFC 4180 knows no comments, and columns survive sorting and joining.
    for name, value in of.facts().items():
        column = name if name not in safe.columns else f"asked_{name}"
        safe.insert(len(safe.columns), column, [wording.cell(value)] * len(safe))
    out = io.StringIO()
    safe.to_csv(out, index=False, lineterminator="\r\n", date_format="%Y-%m-%dT%H:%M:%SZ")
    return out.getvalue().encode()


def xlsx_bytes(rows: pd.DataFrame, of: Provenance) -> bytes:
    """Return rows as a workbook: the rows, then a sheet that says what they answer; every cell text or a number."""
    out = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, {"in_memory": True, **plain})
    head = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet("Rows")
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(rows.columns):
        sheet.write_string(0, at, str(name), head)
        values = [_sheet_value(value) for value in rows[name]]
        for number, value in enumerate(values, start=1):
            _write(sheet, number, at, value)
        longest = max([len(str(name)), *(len(str(value)) for value in values[:500] if value is not None)])
        sheet.set_column(at, at, min(longest + 2, _WIDEST))
    about = book.add_worksheet("About")
    about.set_column(0, 0, 18)
    about.set_column(1, 1, _WIDEST)
    for number, (name, fact) in enumerate(of.facts().items()):
        about.write_string(number, 0, wording.sentence(wording.words(name)), head)
        _write(about, number, 1, fact)
    book.close()
    return out.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object) -> None:
    if isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, str(wording.cell(value))[:32_000])


def _sheet_value(value: object) -> object:
    """Return a cell as a number, a text or nothing; instants as ISO 8601, truth as words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if isinstance(value, int | float) else str(value)
