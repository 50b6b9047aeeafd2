"""A chart is read on a phone: nothing that it says is cut by its edge, and no word lies over another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from app.dashboard.exhibits import foot_lines
from tests.browser.serving import page_of, settled

pytestmark = pytest.mark.browser
PAGES = ["", "approvals", "hand-over", "process-drift", "change?change=itsm%3ACHG-0001"]
# What a chart writes beyond its own edge, and pairs of its texts of which one lies on the other by more than a hair.
CUT = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => {
    const frame = plot.getBoundingClientRect()
    const texts = [...plot.querySelectorAll('text')].filter(one => one.textContent.trim())
    const boxes = texts.map(one => one.getBoundingClientRect())
    const out = boxes.map(box => Math.max(
        frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom))
    const beyond = texts.filter((one, at) => out[at] > 1.5).map(one => 'cut: ' + one.textContent)
    const over = texts.flatMap((one, at) => texts.slice(at + 1).filter((other, further) => {
        const [a, b] = [boxes[at], boxes[at + 1 + further]]
        return Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5
    }).map(other => one.textContent + ' lies on ' + other.textContent))
    return [...beyond, ...over]
})"""


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    """A page as wide as a phone, and high enough to draw all that is on it."""
    with page_of(browser, width=390, height=4000) as page:
        yield page


@pytest.mark.parametrize("path", PAGES)
def test_no_word_of_a_chart_is_cut_on_a_phone(phone: Page, address: str, path: str) -> None:
    """Period, filters, number of records and build stand at the foot of every chart, and are read there."""
    phone.goto(f"{address}/{path}")
    settled(phone)
    phone.locator(".js-plotly-plot .gtitle").first.wait_for()
    phone.wait_for_timeout(1500)
    assert phone.evaluate(CUT) == []


def test_the_finding_is_on_the_first_screen_of_a_phone(phone: Page, address: str) -> None:
    """Whoever opens a link on a phone reads what was found before they scroll: the filters leave it half the screen."""
    phone.goto(address)
    settled(phone)
    finding = phone.get_by_role("heading", level=1).bounding_box()
    assert finding
    assert finding["y"] < 844 / 2
    assert finding["y"] + finding["height"] < 844


def test_a_long_line_at_the_foot_is_broken_between_its_parts() -> None:
    """A part that is longer than a line by itself is broken between words, and nothing of it is lost."""
    scope = "31 Mar–29 Jun 2026, service with-a-rather-long-name, team with a rather long name"
    line = f"{scope} · n = 1,280 · build 20261127T103350880810-439a077f · generated demo data"
    lines = foot_lines(line)
    assert max(map(len, lines)) <= 62
    assert lines[-1] == "build 20261127T103350880810-439a077f · generated demo data"
    assert " ".join(lines).replace(" · ", " ").split() == line.replace(" · ", " ").split()
