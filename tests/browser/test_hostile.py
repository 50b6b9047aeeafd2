"""Records whose every text tries to be markup, a formula, a link or a command to the terminal, on every page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from app.dashboard.sections import SECTIONS
from tests.app.hostile import EVIL, hostile_space
from tests.browser.serving import CHROMIUM, page_of, serving, settled
from tests.once import Once

pytestmark = pytest.mark.browser

ADDRESSES = [
    *("" if address == "overview" else address for entries in SECTIONS.values() for _, address, _, _ in entries),
    "change?change=itsm%3ACHG-0003&tour=1",
    "change?deployment=itsm%3Apay-03-1",
    "approvals?service=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E**evilbold**&week=%3Cscript%3E&measure=[evil](javascript:0)",
    "change?change=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
]
# What a browser would make of the texts if any of them were read as markup.
MADE = (
    "a[href*='evil'], a[href^='javascript' i], img[src='x'], img[src*='evil'], script:not([src])[data-evil], .katex, "
    "iframe, object, embed"
)
WORDS = {"evilbold": "strong", "eviltag": "b", "evilcode": "code", "evilheading": "h1, h2, h3, h4", "evilitem": "li"}


@pytest.fixture(scope="module")
def hostile(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served workspace of hostile records."""
    if not CHROMIUM:
        pytest.skip("no Chromium is installed here")
    home = shutil.copytree(once("hostile", hostile_space), tmp_path_factory.mktemp("hostile") / "home")
    with serving(home) as server:
        yield server.address


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what happened on it that no record may cause."""
    happened: list[str] = []
    with page_of(browser) as page:
        page.on("dialog", lambda dialog: (happened.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda asked: EVIL in asked.url.split("?")[0] and happened.append(f"asked {asked.url}"))
        yield page, happened


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_text_of_a_record_or_a_link_is_anything_but_text(
    watched: tuple[Page, list[str]], hostile: str, path: str
) -> None:
    """Nothing runs, is asked for, links, formats or breaks out, on any page, folded parts included."""
    page, happened = watched
    page.goto(f"{hostile}/{path}")
    settled(page)
    for summary in page.locator("[data-testid=stExpander] summary").all():
        if summary.is_visible():
            summary.click()
    settled(page)
    assert happened == []
    assert page.locator("[data-testid=stApp]").locator(MADE).count() == 0
    for word, element in WORDS.items():
        marked = page.locator(element).filter(has_text=word)
        as_typed = [text for text in marked.all_inner_texts() if _was_read(word, text)]
        assert as_typed == [], f"{word} was read as markup"
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.get_by_text("could not be shown").count() == 0


def _was_read(word: str, text: str) -> bool:
    """Whether an element holds the word without the marks around it, which is how markup that was read looks."""
    marks = {"evilbold": "**evilbold", "eviltag": "<b>eviltag", "evilcode": "`evilcode", "evilheading": "# evilheading",
             "evilitem": "- evilitem"}  # fmt: skip
    return marks[word] not in text


def test_the_texts_are_shown_and_not_left_out(watched: tuple[Page, list[str]], hostile: str) -> None:
    """Inert means shown as typed: the title of a change reads as its record has it."""
    page, _ = watched
    page.goto(f"{hostile}/change?change=itsm%3ACHG-0003")
    settled(page)
    heading = page.get_by_role("heading", level=1).inner_text()
    assert "<img src=x onerror=alert(1)> <script>alert(2)</script> **evilbold**" in heading
    assert len(heading) < 400
