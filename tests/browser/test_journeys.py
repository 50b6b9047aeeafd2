from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from models.workspace import Workspace
from tests.browser.conftest import publish
from tests.browser.serving import SETTLES_WITHIN, page_of, settled, until

pytestmark = pytest.mark.browser


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    settled(page)


def select_first_row(page: Page, label: str) -> None:
    """Select the first row of a grid as a reader does: a click on its checkbox cell."""
    grid = page.get_by_role("region", name=label, exact=True)
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.wait_for_timeout(500)
    page.mouse.click(box["x"] + 18, box["y"] + 52)


def test_from_a_percentage_to_its_source_in_three_clicks(page: Page, address: str) -> None:
    """Card, row, source: the third click leaves for the record's own page."""
    open_page(page, address)
    page.get_by_role("link", name="See change failures").click()  # 1
    settled(page)
    expect(page).to_have_url(re.compile("/change-failures"))
    select_first_row(page, "Records behind the number")  # 2
    expect(page).to_have_url(re.compile(r"/change\?"))
    link = page.get_by_role("link", name="Open at the source")  # 3
    expect(link).to_have_attribute("href", re.compile("^https://deploys.example/"))


def test_filters_live_in_the_link_and_travel(page: Page, address: str) -> None:
    """A chosen service is in the address, on the next page, and after a reload."""
    open_page(page, f"{address}/?service=payments&period=Last+26+weeks")
    page.get_by_role("link", name="Approvals", exact=True).click()
    settled(page)
    assert query_of(page)["service"] == ["payments"]
    assert query_of(page)["period"] == ["Last 26 weeks"]
    page.reload()
    settled(page)
    # The charts say the question at their foot too.
    expect(page.get_by_test_id("stCaptionContainer").filter(has_text="service payments").first).to_be_visible()
    page.go_back()
    settled(page)
    assert query_of(page)["service"] == ["payments"]


def test_filters_survive_a_reader_who_is_quicker_than_the_page(page: Page, address: str) -> None:
    """Leaving before the filters are drawn loses none of them, nor the address that can be shared."""
    page.goto(f"{address}/?service=payments&period=Last+26+weeks")
    page.get_by_role("link", name="Approvals", exact=True).click()
    expect(page).to_have_url(re.compile("/approvals"), timeout=SETTLES_WITHIN)
    until(page, lambda: query_of(page).get("service") == ["payments"], "the service in the next page's address")
    assert query_of(page)["period"] == ["Last 26 weeks"]
    settled(page)
    expect(page.get_by_test_id("stCaptionContainer").filter(has_text="service payments").first).to_be_visible()


def test_filters_taken_away_stay_away(page: Page, address: str) -> None:
    """What a reader clears is not brought back, neither on this page nor on the next."""
    open_page(page, f"{address}/approvals?service=payments")
    page.get_by_role("button", name="Clear all").first.click()
    until(page, lambda: "service" not in query_of(page), "an address without a service")
    settled(page)
    page.get_by_role("link", name="Hand-over", exact=True).click()
    expect(page).to_have_url(re.compile("/hand-over"), timeout=SETTLES_WITHIN)
    settled(page)
    assert "service" not in query_of(page)
    assert page.get_by_text("service payments").count() == 0


def test_a_change_opened_from_the_list_keeps_the_filters_for_the_way_back(page: Page, address: str) -> None:
    """Looking at one change does not lose the question."""
    open_page(page, f"{address}/?service=ledger")
    page.get_by_role("link", name="CHG-").first.click()
    until(page, lambda: {"change", "service"} <= query_of(page).keys(), "the change's address with the filter")
    assert query_of(page)["service"] == ["ledger"]
    page.go_back()
    expect(page.get_by_role("heading", name="Needs a look")).to_be_visible(timeout=20_000)
    assert query_of(page)["service"] == ["ledger"]


def test_choosing_a_dot_filters_by_it(page: Page, address: str) -> None:
    """Charts select: a service's dot sets the service filter."""
    open_page(page, f"{address}/approvals")
    chart = page.get_by_label("Approval latency by service")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    dot = chart.locator("path.point").first
    box = dot.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, lambda: len(query_of(page).get("service", [])) == 1, "one service in the address")


def test_choosing_a_point_of_drift_leads_to_its_records(page: Page, address: str) -> None:
    """A point of a line is a level; its records, dimension and span, are what the rows below then show."""
    open_page(page, f"{address}/process-drift?drift_team=Money")
    chart = page.get_by_label("No approval before").first
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    box = chart.locator("path.point").last.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, lambda: query_of(page).get("behind", [""])[0].startswith("the point of"), "a point in the address")
    assert query_of(page)["dimension"] == ["No approval before"]
    settled(page)
    expect(page.get_by_text(re.compile(r"of [\d,]+ changes \(.*\) from .* lack it")).first).to_be_visible()
    expect(page.get_by_text(re.compile("records?, newest first")).first).to_be_visible()


def test_the_overview_says_all_of_it_above_the_fold_of_a_laptop(page: Page, address: str) -> None:
    """Sentence, cards, both lanes, every record that needs a look and how far the data reaches: without scrolling."""
    open_page(page, address)
    main = page.get_by_test_id("stMain")
    parts = {
        "sentence": main.get_by_role("heading", level=1),
        "cards": main.get_by_test_id("stMetric").last,
        "upper lane": main.get_by_text("Change governance: decisions"),
        "lower lane": main.get_by_text("Release execution: production deployments"),
        "records": main.get_by_role("link", name=re.compile(r"^\d+\. ")).last,
        "reach": main.get_by_text(re.compile("Records to .* build .* late sources .* unclassified")).last,
    }
    for what, part in parts.items():
        box = part.bounding_box()
        assert box is not None, what
        assert box["y"] + box["height"] / 2 <= 800, what
    assert main.get_by_role("link", name=re.compile(r"^\d+\. ")).count() == 10


def test_choosing_a_week_of_the_lanes_leads_to_its_deployments(page: Page, address: str) -> None:
    """From the Overview's lanes to the records of one week, the filters kept."""
    open_page(page, f"{address}/?service=payments")
    chart = page.get_by_label("Two lanes by week")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    box = chart.locator("path.point").nth(4).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("/hand-over"), timeout=SETTLES_WITHIN)
    until(page, lambda: re.fullmatch(r"\d{4}-\d\d-\d\d", query_of(page).get("week", [""])[0]) is not None, "a week")
    settled(page)
    assert query_of(page)["service"] == ["payments"]


def test_the_keyboard_alone_reaches_a_change(page: Page, address: str) -> None:
    """Tab to a link of the list, Enter opens the change; the focus is visible on the way."""
    open_page(page, address)
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate("() => document.activeElement?.matches('a') ? document.activeElement.innerText : ''")
        if "CHG-" in focused:
            break
    else:
        raise AssertionError("the list of changes cannot be reached with Tab")
    shade = "() => getComputedStyle(document.activeElement).backgroundColor"
    focused_shade = page.evaluate(shade)
    page.keyboard.press("Tab")
    next_of = "() => [...document.querySelectorAll('a')].find(a => a.innerText.includes('CHG-'))"
    assert focused_shade != page.evaluate(f"() => getComputedStyle(({next_of})()).backgroundColor")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    until(page, lambda: "change" in query_of(page), "the address of a change")


def test_the_keyboard_alone_opens_a_row_of_a_grid(page: Page, address: str) -> None:
    """Arrow keys move in the grid, Shift and Space select the row, which opens its change."""
    open_page(page, f"{address}/approvals")
    grid = page.get_by_role("region", name="Records behind the number", exact=True)
    grid.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    grid.locator("canvas").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page).to_have_url(re.compile(r"/change\?"))


def test_hostile_text_stays_text(page: Page, address: str) -> None:
    """No script runs, no image is asked for, no link appears that a record wrote."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_page(page, f"{address}/change?change=itsm%3ACHG-EVIL")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("<img src=x onerror=alert(1)>")
    expect(heading).to_contain_text("**bold**")
    assert heading.locator("a, img, strong, em, .katex, script").count() == 0
    assert page.locator("[data-testid=stMain] a[href*='evil'], [data-testid=stMain] a[href^='javascript']").count() == 0
    assert dialogs == []


def test_a_download_is_complete_and_harmless(page: Page, address: str) -> None:
    """The CSV has a header, every contributing record and no cell that a spreadsheet would run."""
    open_page(page, f"{address}/approvals?period=All+records")
    button = page.get_by_role("button", name="contributing records (CSV)")
    button.scroll_into_view_if_needed()
    with page.expect_download() as caught:
        button.click()
    path = caught.value.path()
    assert "demo-" in caught.value.suggested_filename
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123 - playwright's own path
        rows = list(csv.reader(io.StringIO(file.read())))
    assert rows[0][0] == "record_id"
    said = button.inner_text().replace(",", "")
    assert str(len(rows) - 1) in said
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_a_new_build_is_offered_not_taken(page: Page, address: str, sample_space: Workspace, newer_build: str) -> None:
    """Numbers of an open page stay; the offer takes the reader to the new ones."""
    open_page(page, address)
    first = sample_space.current_build()
    publish(sample_space, newer_build)
    page.get_by_role("link", name="Approvals", exact=True).click()
    settled(page)
    expect(page.get_by_text("A newer build is available")).to_be_visible()
    page.get_by_role("link", name="Overview", exact=True).click()
    settled(page)
    expect(page.get_by_text(f"build {first}", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    settled(page)
    expect(page.get_by_text(f"build {newer_build}", exact=False).first).to_be_visible()


@pytest.mark.parametrize(("theme", "governance"), [("light", "rgb(18, 67, 109)"), ("dark", "rgb(107, 172, 230)")])
def test_the_tracks_have_their_colours_in_both_themes(
    browser: Browser, address: str, theme: str, governance: str
) -> None:
    """Governance and execution are told apart by colour, by marker and by a direct label."""
    with page_of(browser, "dark" if theme == "dark" else "light") as page:
        open_page(page, address)
        page.wait_for_selector(".js-plotly-plot .point")
        fills = page.evaluate(
            "() => [...document.querySelectorAll('.js-plotly-plot path.point')].map(p => getComputedStyle(p).fill)"
        )
        assert governance in fills
        assert "rgb(244, 106, 37)" in fills
        labels = page.locator(".js-plotly-plot .annotation-text").all_text_contents()
        assert any("Change governance" in label for label in labels)
        assert any("Release execution" in label for label in labels)


def test_charts_follow_a_change_of_theme_at_once(page: Page, address: str) -> None:
    """A reader whose system turns dark in the evening sees no pale line on a dark page until they click something."""
    open_page(page, address)
    page.wait_for_selector(".js-plotly-plot path.point")
    page.emulate_media(color_scheme="dark")
    fills = "() => [...document.querySelectorAll('.js-plotly-plot path.point')].map(p => getComputedStyle(p).fill)"
    until(page, lambda: "rgb(107, 172, 230)" in page.evaluate(fills), "the charts are those of the dark theme")
