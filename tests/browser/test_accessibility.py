"""axe-core on every page, in both themes.

axe-core comes from npm and is no dependency of the product: ``npm install --no-save axe-core@4`` in the checkout, or
``AXE_CORE`` naming its ``axe.min.js``. Without it these tests are skipped, with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.dashboard.sections import SECTIONS
from tests.browser.serving import ROOT, Theme, page_of, settled

AXE = Path(os.environ.get("AXE_CORE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
# Said before anything is served: what these tests need otherwise costs as much as running some of them.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install --no-save axe-core@4"),
]
ADDRESSES = [
    *("" if address == "overview" else address for entries in SECTIONS.values() for _, address, _, _ in entries),
    "change?change=itsm%3ACHG-0001&tour=2",
]
GRAVE = {"serious", "critical"}
# Rule → the part of the page in which Streamlit itself breaks it and offers no setting; docs/accessibility.md says what
# each means for a reader.
OF_STREAMLIT = {"list": "[data-testid=stSidebarNav]", "listitem": "[data-testid=stSidebarNav]"}
_WITHIN = "([target, part]) => Boolean(document.querySelector(target)?.closest(part))"


@pytest.fixture(scope="module")
def axe() -> str:
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(params=["light", "dark"], scope="module")
def themed(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    theme: Theme = request.param
    with page_of(browser, theme) as page:
        yield page


def violations(page: Page, axe: str) -> list[dict[str, Any]]:
    """Return what axe-core finds by all its rules: WCAG A and AA, and its own good practice."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return list(found["violations"])


def grave(page: Page, found: list[dict[str, Any]]) -> list[str]:
    """Return the serious ones that are ours, one line for each place."""
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
        if not (one["id"] in OF_STREAMLIT and page.evaluate(_WITHIN, [node["target"][0], OF_STREAMLIT[one["id"]]]))
    ]


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_page_has_a_serious_violation_of_ours(themed: Page, address: str, axe: str, path: str) -> None:
    """What a screen reader, a keyboard or weak eyes would stumble over is not in what we put on the page."""
    themed.goto(f"{address}/{path}")
    settled(themed)
    assert grave(themed, violations(themed, axe)) == []
