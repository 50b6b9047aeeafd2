"""The sample's test sheet as a workbook to fill in. The CSV beside it is what is checked; this is a convenience."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import xlsxwriter

from app.wording import harmless

_WIDTHS = {"change_id": 34, "title": 44, "reason": 44, "controls": 34, "url": 34, "conclusion": 22, "notes": 44}
_LONGEST = 32_000


def test_sheet(columns: Sequence[str], rows: Sequence[Sequence[object]], made_at: datetime) -> bytes:
    """Return the sheet as XLSX; every cell is text or a number, never a formula; the same rows give the same bytes."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": "Test sheet", "created": made_at.replace(tzinfo=UTC)})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet("Test sheet")
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(columns):
        sheet.write_string(0, at, name, head)
        sheet.set_column(at, at, _WIDTHS.get(name, 15))
    for number, values in enumerate(rows, start=1):
        for at, value in enumerate(values):
            if isinstance(value, int | float) and not isinstance(value, bool):
                sheet.write_number(number, at, value, body)
            elif value is not None:
                sheet.write_string(number, at, harmless(str(value))[:_LONGEST], body)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        if "conclusion" in columns:
            at = columns.index("conclusion")
            choices = ["no exception", "exception", "not applicable"]
            sheet.data_validation(1, at, len(rows), at, {"validate": "list", "source": choices})
    book.close()
    return out.getvalue()
