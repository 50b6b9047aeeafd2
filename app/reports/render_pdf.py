"""A report as a tagged PDF (PDF/UA-1), typeset by Typst from the same parts as the HTML.

Owns how parts become data for the template. Record texts travel as data, never as markup, so nothing in them is run.
Fonts come with Typst, so the same document gives the same bytes on every machine.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import typst

from app.reports.blocks import Block, Bullets, Cell, Chart, Document, Facts, Section, Table, Text, glued

Paper = Literal["a4", "us-letter"]
FONT = "Libertinus Serif"
# What the fonts that come with Typst can show; PDF/UA allows no character without a glyph.
_SHOWN = re.compile(
    "[^\u0020-\u007e\u00a0-\u03ff\u0400-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u2040\u2042\u2044-\u2052\u2054-\u205e"
    "\u2070-\u209f\u20a0-\u20bf\u2190-\u23ff\u2500-\u25ff\n]"
)
_ABSENT = "□"
_LONG_WORD = re.compile(r"\S{16,}")
_BREAKS = re.compile(r"(?<=[/#:_.\-=,;])(?=[^\s/#:_.\-=,;])")


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(ignore_system_fonts=True)


def pdf(document: Document, made_at: datetime, paper: Paper = "a4") -> bytes:
    """Return the report as PDF; ``made_at`` (naive UTC) becomes its date, so that nothing depends on the clock."""
    shaped = _document(document)
    text = json.dumps(shaped, ensure_ascii=False)
    if _ABSENT in text and "absent" not in shaped:
        shaped["absent"] = f"{_ABSENT} stands for characters that this PDF's font lacks; the HTML report has them."
    template = files("app.reports").joinpath("templates/report.typ").read_bytes()
    inputs = {
        "document": json.dumps(shaped, ensure_ascii=False), "paper": paper,
        "date": json.dumps([made_at.year, made_at.month, made_at.day]),
    }  # fmt: skip
    # A PDF's date has no fractions of a second.
    stamp = made_at.replace(tzinfo=UTC, microsecond=0)
    made = _compiler().compile(template, format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"], timestamp=stamp)
    if not isinstance(made, bytes):
        raise TypeError("Typst returned no single PDF")
    return made


def _document(document: Document) -> dict[str, Any]:
    return {
        "title": _shown(document.title),
        "about": _pairs(document.about),
        "banner": _shown(document.banner),
        "footer": _shown(document.footer),
        "opening": [_block(one) for one in document.opening],
        "sections": [_section(one) for one in document.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": _shown(section.title),
        "blocks": [_block(one) for one in section.blocks],
        "parts": [_section(one) for one in section.parts],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text():
            return {"is": "text", "kind": block.kind, "text": _shown(block.text)}
        case Facts():
            return {"is": "facts", "rows": _pairs(block.rows)}
        case Bullets():
            return {"is": "bullets", "items": [_shown(item) for item in block.items]}
        case Chart():
            return {
                "is": "chart", "caption": _shown(block.caption), "alternative": _shown(block.alternative),
                "svg": _SHOWN.sub(_ABSENT, block.draw(FONT)),
            }  # fmt: skip
        case Table():
            return {
                "is": "table", "caption": _shown(block.caption), "note": _shown(block.note),
                "columns": [_shown(name) for name in block.columns],
                "align": ["right" if i in block.right else "left" for i in range(len(block.columns))],
                "widths": list(block.widths) or [0] * len(block.columns),
                "rows": [[_cell(cell) for cell in cells] for cells in block.rows],
            }  # fmt: skip


def _cell(cell: Cell) -> dict[str, str]:
    return {"text": _shown(cell.text), "url": cell.url or "", "tone": cell.tone}


def _pairs(rows: tuple[tuple[str, str], ...]) -> list[list[str]]:
    return [[_shown(label), _shown(value)] for label, value in rows]


def _shown(text: str) -> str:
    """Return a text as the PDF can show it: characters without a glyph replaced, long words given places to break."""
    flat = _SHOWN.sub(_ABSENT, glued(text).replace("\t", " ").replace("\r", " "))
    return _LONG_WORD.sub(lambda word: _BREAKS.sub("\u200b", word.group()), flat)
