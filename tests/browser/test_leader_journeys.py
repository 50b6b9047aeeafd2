"""What a leader and an auditor come for, on the demo and on two sets that other people recorded.

A set takes minutes to load and build; ``TWOTRACK_TEST_DEMO``, ``…_GOVUK`` and ``…_WIKIMEDIA`` may name workspaces that
hold it already.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import CHROMIUM, page_of, served, settled, until
from tests.browser.test_journeys import open_page, select_first_row

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETS = ("demo", "govuk", "wikimedia")
PATIENCE = 60_000
# The set holds the changes created within one year; its last weeks hold little but late acts on them.
ASKED = {"wikimedia": "?period=All+records"}


@pytest.fixture(scope="module", params=SETS)
def at(request: pytest.FixtureRequest, real_home: Callable[[str], Path]) -> Iterator[tuple[str, str]]:
    """The name of a set and the address where it is served."""
    if not CHROMIUM:
        pytest.skip("no Chromium is installed here")
    name: str = request.param
    home: Path
    if given := os.environ.get(f"TWOTRACK_TEST_{name.upper()}"):
        home = Path(given)
    else:
        home = request.getfixturevalue("demo_home") if name == "demo" else real_home(name)
    with served(home) as url:
        yield name, url


def said(page: Page) -> list[str]:
    """Return every sentence and figure a reader sees on a page."""
    texts = page.locator(
        "[data-testid=stMain] :is(h1, h2, h3, [data-testid=stMetric], [data-testid=stCaptionContainer])"
    )
    return [text.strip() for text in texts.all_inner_texts() if text.strip()]


def test_the_overview_names_three_changes_to_open(page: Page, at: tuple[str, str]) -> None:
    """Cold, the page says what changed; three of its records open and say why they are there."""
    name, url = at
    url = f"{url}/{ASKED.get(name, '')}"
    open_page(page, url)
    heading = page.get_by_role("heading", level=1)
    assert len(heading.inner_text()) > 20
    links = page.get_by_test_id("stMain").get_by_role("link", name=re.compile(r"^\d+\. "))
    assert links.count() >= 3, f"{name} offers {links.all_inner_texts()}"
    for place in range(3):
        open_page(page, url)
        links.nth(place).click()
        expect(page).to_have_url(re.compile(r"/change\?"), timeout=PATIENCE)
        expect(page.get_by_text("Every event, and why it is in its track")).to_be_visible(timeout=PATIENCE)
        assert page.get_by_text("This build holds no record").count() == 0


def test_last_months_failure_rate_is_explained_or_said_to_be_undefined(page: Page, at: tuple[str, str]) -> None:
    """From the card to what moved: value, interval, n, what it is compared with, and the records that failed."""
    _, url = at
    open_page(page, f"{url}/change-failures?period=Last+4+weeks")
    finding = page.get_by_role("heading", level=2)
    if not finding.count():
        # A set without deployments has no failure rate; that is said, with what would unlock it.
        expect(page.get_by_text(re.compile("Nothing matches|No deployment to production is on record"))).to_be_visible()
        return
    assert "Change failure rate" in finding.first.inner_text()
    figures = page.get_by_test_id("stCaptionContainer").filter(has_text=re.compile(r"n = [\d,]+")).first.inner_text()
    assert re.search(r"Share [\d.]+ %.* 95 % interval .*compared with|no deployment", figures), figures
    kinds = page.get_by_role("radiogroup", name="Records").or_(page.get_by_label("Records", exact=True))
    assert kinds.count()
    expect(page.get_by_text(re.compile(r"^[\d,]+ (of [\d,]+ )?records?, |No such record")).first).to_be_visible()


def test_an_auditor_goes_from_a_percentage_to_its_source_in_three_clicks(page: Page, at: tuple[str, str]) -> None:
    """Number, row, source. Where the set states no address for its records, the change's page is the end."""
    name, url = at
    open_page(page, f"{url}/{ASKED.get(name, '')}")
    first = {"wikimedia": "See approvals"}.get(name, "See change failures")
    page.get_by_role("link", name=first).click()  # 1
    expect(page.get_by_role("heading", name="Records behind the number")).to_be_visible(timeout=PATIENCE)
    settled(page)
    if name == "govuk":
        # Nothing failed on record there: the same percentage's other records are the ones behind it.
        page.get_by_text("Did not fail", exact=True).click()
        settled(page)
    select_first_row(page, "Records behind the number")  # 2
    expect(page).to_have_url(re.compile(r"/change\?"), timeout=PATIENCE)
    settled(page)
    source = page.get_by_role("link", name="Open at the source")  # 3
    if source.count():
        expect(source).to_have_attribute("href", re.compile("^https?://"))
    else:
        assert name != "demo"


def test_a_shared_link_shows_the_same_numbers_to_somebody_else(
    browser: Browser, page: Page, at: tuple[str, str]
) -> None:
    """The address holds the whole question: another browser shows every figure alike."""
    _, url = at
    open_page(page, f"{url}/approvals?period=Last+26+weeks")
    chart = page.get_by_label(re.compile(" by service"))
    if chart.count():
        chart.first.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        box = chart.first.locator("path.point").first.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        until(page, lambda: "service" in parse_qs(urlsplit(page.url).query), "a service in the address")
    settled(page)
    mine = said(page)
    with page_of(browser) as other:
        open_page(other, page.url)
        assert said(other) == mine
    assert any("n = " in text for text in mine)


def test_the_worked_example_is_walked_from_request_to_rollout(page: Page, at: tuple[str, str]) -> None:
    """The demo's Overview leads to it; each step shows records, the last says that the tracks were two."""
    name, url = at
    open_page(page, url)
    if name != "demo":
        assert page.get_by_role("link", name="Guided tour").count() == 0
        return
    page.get_by_role("link", name="Guided tour").click()
    steps = []
    for step in range(1, 9):
        expect(page.get_by_text(f"Guided tour · step {step} of 8")).to_be_visible(timeout=PATIENCE)
        settled(page)
        steps.append(page.get_by_test_id("stMain").get_by_role("heading", level=2).first.inner_text())
        if step < 8:
            assert page.get_by_role("region", name=re.compile(f"Records of step {step}")).count() == 1
            page.get_by_role("button", name="Next").click()
    assert steps[0] == "What is asked for?"
    assert steps[-1] == "Were the two tracks two?"
    expect(page.get_by_text("4 of 4 conditions met in time.")).to_be_visible()
    expect(page.get_by_text("none failed")).to_be_visible()
    page.get_by_role("button", name="End the tour").click()
    expect(page.get_by_text("Guided tour · step")).to_have_count(0, timeout=PATIENCE)
