"""A report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from markupsafe import Markup

from app.reports.blocks import Block, Chart, Document
from app.reports.templating import rendered

FONT = "Source Sans 3, Segoe UI, Helvetica Neue, Arial, sans-serif"


def html(document: Document) -> bytes:
    """Return the report as UTF-8; the same document gives the same bytes."""
    return rendered("report.html.j2", document=document, kind=_kind, drawn=_drawn).encode()


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def _drawn(chart: Chart) -> Markup:
    """Return a chart's SVG as markup; everything in it that came from records was escaped where it was drawn."""
    return Markup(chart.draw(FONT))  # noqa: S704 (our own SVG)
