"""Take the pictures of docs/screenshots from the demo: ``python -m tests.browser.screenshots [DEMO HOME] [PAGE …]``.

Not a test. Without a workspace, the demo is generated and built first. Every page is taken in both themes as a laptop
of 1280 by 800 shows it. Every picture is of generated data and says so. Pictures are stored with 256 colours, which a
dashboard does not exceed to the eye.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from app.dashboard.sections import BY_LINK, SECTIONS
from tests.browser.serving import ROOT, Theme, chromium, page_of, served, settled

TARGET = ROOT / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 800
DRAWN = 1500
COLOURS = 256
EXAMPLE = "Guided tour"
THEMES: tuple[Theme, ...] = ("light", "dark")
PAGES = [address for entries in (*SECTIONS.values(), BY_LINK) for _, address, _, _ in entries]


def main() -> None:
    """Take every picture, or those that are named."""
    TARGET.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:] or PAGES
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(sys.argv[1]) if len(sys.argv) > 1 else _demo(Path(scratch))
        with served(home) as address, chromium() as browser:
            for name in wanted:
                for theme in THEMES:
                    _take(browser, address, name, theme)


def _demo(home: Path) -> Path:
    subprocess.run([sys.executable, "-m", "app.cli", "--home", str(home), "demo", "--no-app"], cwd=ROOT, check=True)
    return home


def _take(browser: Browser, address: str, name: str, theme: Theme) -> None:
    with page_of(browser, theme, width=WIDTH, height=HEIGHT) as page:
        if name == "change":
            _open_example(page, address)
        else:
            page.goto(f"{address}/{'' if name == 'overview' else name}")
        settled(page)
        page.wait_for_timeout(DRAWN)
        _save(page, TARGET / f"{name}-{theme}.png")


def _open_example(page: Page, address: str) -> None:
    """The change that the Overview's guided tour walks through, as a reader reaches it."""
    page.goto(address)
    settled(page)
    page.get_by_role("link", name=EXAMPLE).click()
    page.get_by_role("heading", name="Every event").wait_for()


def _save(page: Page, target: Path) -> None:
    page.screenshot(path=str(target))
    with Image.open(target) as taken:
        small = taken.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


if __name__ == "__main__":
    main()
