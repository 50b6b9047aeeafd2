"""Take the pictures of docs/screenshots from the demo: ``python -m tests.browser.screenshots [DEMO WORKSPACE]``.

Not a test. Without a workspace, the demo is generated and built first. Every picture is of generated data and says so.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.serving import ROOT, Theme, chromium, page_of, served, settled

TARGET = ROOT / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 800
DRAWN = 1500
# Name → address, theme and height; None takes the whole page.
PICTURES: dict[str, tuple[str, Theme, int | None]] = {
    "overview-light": ("/", "light", 1120),
    "overview-dark": ("/", "dark", 1120),
    "approvals-light": ("/approvals", "light", 1350),
    "change-failures-light": ("/change-failures", "light", 1350),
    "change-windows-light": ("/change-windows", "light", 1350),
    "process-drift-light": ("/process-drift", "light", None),
    "process-drift-dark": ("/process-drift", "dark", 1350),
    "hand-over-light": ("/hand-over", "light", 1350),
    "cheat-sheet-light": ("/cheat-sheet", "light", None),
    "catches-light": ("/catches", "light", 1350),
    "combine-or-separate-light": ("/combine-or-separate", "light", None),
    "data-health-light": ("/data-health", "light", None),
    "definitions-light": ("/definitions", "light", 1020),
}


def main() -> None:
    """Take every picture."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(sys.argv[1]) if len(sys.argv) > 1 else _demo(Path(scratch))
        with served(home) as address, chromium() as browser:
            for name, (path, theme, height) in PICTURES.items():
                _take(browser, address + path, theme, height, TARGET / f"{name}.png")
            _worked_example(browser, address)


def _demo(home: Path) -> Path:
    subprocess.run([sys.executable, "-m", "app.cli", "--home", str(home), "demo", "--no-app"], cwd=ROOT, check=True)
    return home


def _take(browser: Browser, url: str, theme: Theme, height: int | None, target: Path) -> None:
    with page_of(browser, theme, width=WIDTH, height=height or HEIGHT) as page:
        page.goto(url)
        settled(page)
        page.wait_for_timeout(DRAWN)
        _grow(page, height)
        page.screenshot(path=str(target))


def _grow(page: Page, height: int | None) -> None:
    if height is None:
        full = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": WIDTH, "height": int(full)})
        page.wait_for_timeout(DRAWN)


def _worked_example(browser: Browser, address: str) -> None:
    """The change that the Overview offers as an example, as a reader reaches it."""
    themes: tuple[Theme, ...] = ("light", "dark")
    for theme in themes:
        with page_of(browser, theme, width=WIDTH, height=HEIGHT) as page:
            page.goto(address)
            settled(page)
            page.get_by_role("link", name="Guided tour").click()
            page.get_by_role("heading", name="Every event").wait_for()
            settled(page)
            page.wait_for_timeout(DRAWN)
            _grow(page, None)
            page.screenshot(path=str(TARGET / f"change-{theme}.png"))


if __name__ == "__main__":
    main()
