from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.limits import Week, behaviour
from app.reports import svg
from app.reports.blocks import Bullets, Cell, Chart, Document, Facts, Section, Table, Text, row, table_or
from app.reports.render_html import html
from app.reports.render_pdf import _SHOWN, pdf

AT = datetime(2026, 10, 1, 6, 0, 0, 250_000)
ANY_TEXT = st.text(max_size=60)


def document(*texts: str) -> Document:
    cells = tuple(row(Cell(text, "https://x.example/a"), text) for text in texts)
    blocks = (
        Text(texts[0]), Text(texts[0], "missing"), Bullets(texts), Facts(((texts[0], texts[0]),)),
        Table(texts[0], ("A", texts[0]), cells, frozenset({1}), (2, 1), texts[0]),
    )  # fmt: skip
    return Document(
        texts[0] or "Title", (("About", texts[0]),), (Section("Part", blocks),), texts[0], texts[0], (Text("x"),)
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
def test_any_text_can_be_shown_and_none_is_run(texts: list[str]) -> None:
    """Whatever a record says, the PDF is made, tagged, and the HTML holds no markup but its own."""
    made = document(*texts, "#set page(width: 1pt) $x$ *b* @a <img src=x> {{ 7*7 }}", "中文 🚀 עברית \u202e")
    page = html(made).decode()
    assert "<img" not in page and "{{ 7*7 }}" in page
    assert pdf(made, AT).startswith(b"%PDF-")


def test_the_same_document_gives_the_same_bytes() -> None:
    """Neither rendering looks at the clock, and the build's fractions of a second do not matter to a PDF."""
    assert html(document("a")) == html(document("a"))
    assert pdf(document("a"), AT) == pdf(document("a"), AT)
    assert pdf(document("a"), AT) == pdf(document("a"), AT.replace(microsecond=0))
    assert pdf(document("a"), AT) != pdf(document("a"), AT + timedelta(days=1))


def test_both_papers_can_be_printed() -> None:
    """A4 and Letter are different pages of the same report."""
    assert b"595.2" in pdf(document("a"), AT, "a4") or pdf(document("a"), AT, "a4") != pdf(
        document("a"), AT, "us-letter"
    )


def test_characters_the_pdf_cannot_show_are_marked_and_said() -> None:
    """PDF/UA allows no character without a glyph; what is replaced is replaced visibly and the HTML keeps it."""
    assert _SHOWN.sub("□", "ok 中 – − é Ж Δ ≥ →") == "ok □ – − é Ж Δ ≥ →"
    assert "中文" in html(document("中文")).decode()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://user:pass@x.example", "file:///etc/passwd", "//x"]
)
def test_only_plain_addresses_become_links(url: str) -> None:
    """A record cannot make a report link to anything but a plain http or https page."""
    assert Cell("x", url).url is None


def test_rows_beyond_a_limit_are_counted() -> None:
    """A table that is cut says by how much."""
    table = table_or("none", "T", ("A",), [row(i) for i in range(12)], limit=10)
    assert isinstance(table, Table) and len(table.rows) == 10 and "2 more" in table.note


def weeks(values: list[float | None]) -> list[Week]:
    return [Week(date(2026, 1, 5) + timedelta(weeks=i), value, 20) for i, value in enumerate(values)]


@given(st.lists(st.none() | st.floats(0, 1e7), max_size=60))
def test_any_weeks_can_be_drawn(values: list[float | None]) -> None:
    """Gaps, zeros, single weeks and nothing at all give a chart with words beside it, and no number that is none."""
    found = behaviour(weeks(values), date(2026, 3, 2))
    drawn = svg.behaviour_chart(found, "seconds", svg.GOVERNANCE, date(2026, 3, 2), 'a "label" <b>', "serif")
    assert drawn.startswith("<svg") and "nan" not in drawn and "inf" not in drawn and "<b>" not in drawn
    assert svg.behaviour_in_words(found, "seconds", "Approval latency").startswith("Approval latency by week")


def test_a_signal_is_drawn_as_a_shape_and_named_in_words() -> None:
    """What is red is also a diamond, and its week is said."""
    found = behaviour(weeks([3600.0, 7200.0] * 6 + [90_000.0]), date(2026, 3, 30))
    chart = Chart(
        "c", lambda font: svg.behaviour_chart(found, "seconds", svg.GOVERNANCE, date(2026, 3, 30), "l", font), "w"
    )
    assert "l6 6l-6 6l-6 -6z" in chart.draw("serif")
    assert "30 Mar 2026 (25 h, outside its limits)" in svg.behaviour_in_words(found, "seconds", "Latency")
