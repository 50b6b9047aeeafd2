"""What holds on every page: each is opened once, and all of it is asked of the page that is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from app.dashboard.sections import SECTIONS
from tests.browser.serving import settled

pytestmark = pytest.mark.browser

CHANGE = "/change?change=itsm%3ACHG-0001&tour=1"
PAGES = [
    *(f"/{'' if address == 'overview' else address}" for entries in SECTIONS.values() for _, address, _, _ in entries),
    CHANGE, "/change?change=itsm%3ACHG-EVIL",
]  # fmt: skip
# The sample has no catch to chart.
WITH_CHARTS = ("/", "/approvals", "/change-failures", "/change-windows", "/process-drift", "/hand-over", CHANGE)


@dataclass
class Visit:
    """A page that was opened, what the browser's console said meanwhile, and whom the page asked for anything."""

    page: Page
    path: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note what happens from now on."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        self.page.on("response", self._response)
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(f"{message.type}: {message.text}")

    def _response(self, got: Response) -> None:
        if got.status >= 400:
            self.said.append(f"{got.status} {got.url}")

    def _request(self, asked: Request) -> None:
        self.asked.append(asked.url)


@pytest.fixture(scope="module", params=PAGES)
def visit(request: pytest.FixtureRequest, profile: BrowserContext, address: str) -> Iterator[Visit]:
    """One page after the other, each opened once."""
    opened = Visit(profile.new_page(), request.param)
    opened.watch()
    opened.page.goto(address + opened.path)
    settled(opened.page)
    yield opened
    opened.page.evaluate("localStorage.clear()")
    opened.page.close()
    profile.clear_cookies()


def test_the_console_of_the_browser_stays_empty(visit: Visit) -> None:
    """No error, no warning, no request that fails: whatever shows up there means something."""
    assert visit.said == []


def test_nothing_is_asked_of_any_other_host(visit: Visit, address: str) -> None:
    """Fonts, icons and scripts come from this server; no page tells anybody that it was opened."""
    assert any(url.startswith(address) for url in visit.asked)
    ours = (address, address.replace("http", "ws"), "data:", "blob:")
    assert [url for url in visit.asked if not url.startswith(ours)] == []


def test_the_tab_says_which_page_it_is(visit: Visit) -> None:
    """A screen reader reads it first, and of several open tabs it is all that is seen: a change's is its key."""
    named = {f"/{address}": title for entries in SECTIONS.values() for _, address, title, _ in entries}
    named |= {"/": named["/overview"]}
    asked = named.get(visit.path) or visit.path.partition("%3A")[2].partition("&")[0]
    assert visit.page.title() == f"{asked} · Twotrack"


def test_every_chart_has_a_name_and_a_table(visit: Visit) -> None:
    """Readers who do not see the chart get its name and the same numbers as a table."""
    page = visit.page
    charts = page.locator("[data-testid=stPlotlyChart]")
    if visit.path in WITH_CHARTS:
        charts.first.wait_for()
        assert page.get_by_text("The same as a table").count() + page.locator("[data-testid=stDataFrame]").count() > 0
    unnamed = charts.evaluate_all(
        "charts => charts.filter(c => !(c.getAttribute('aria-label') || c.querySelector('[aria-label]'))).length"
    )
    assert unnamed == 0


def test_a_page_fits_at_200_per_cent_zoom(visit: Visit) -> None:
    """A window of 1280 pixels zoomed to 200 % has 640 to lay out; nothing makes the page scroll sideways."""
    page = visit.page
    page.set_viewport_size({"width": 640, "height": 720})
    settled(page)
    overflow = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
    )
    assert overflow <= 1
