"""A report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from app.reports import blocks
from app.reports.blocks import Chart, Document

FONT = "Source Sans 3, Segoe UI, Helvetica Neue, Arial, sans-serif"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("app.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["kind"] = lambda block: type(block).__name__.lower()
    environment.globals["drawn"] = _drawn
    return environment.get_template("report.html.j2")


def _drawn(chart: Chart) -> Markup:
    """Return a chart's SVG as markup; everything that came from records is escaped where it is drawn."""
    return Markup(chart.draw(FONT))  # noqa: S704 (our own SVG)


def html(document: Document) -> bytes:
    """Return the report as UTF-8; the same document gives the same bytes."""
    return _template().render(document=document, blocks=blocks).encode()
