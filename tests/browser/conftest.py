"""One served sample workspace and one browser for all journeys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from models.workspace import Workspace
from tests.app.sample import publish_sample
from tests.browser.serving import CHROMIUM, SETTLES_WITHIN, chromium, profile_of, served
from tests.once import Once

# A machine may be busy with other tests; what is there sooner is seen sooner.
expect.set_options(timeout=SETTLES_WITHIN)


@pytest.fixture(scope="session")
def sample_space(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the sample workspace, as a journey publishes another build in it."""
    if not CHROMIUM:
        pytest.skip("no Chromium is installed here")
    home = tmp_path_factory.mktemp("browser") / "home"
    shutil.copytree(once("sample", publish_sample), home)
    return Workspace(home)


@pytest.fixture(scope="session")
def address(sample_space: Workspace) -> Iterator[str]:
    """The served dashboard."""
    with served(sample_space.home) as url:
        yield url


@pytest.fixture(scope="session")
def browser(sample_space: Workspace) -> Iterator[Browser]:
    """The installed Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One reader's browser, light theme, 1280 pixels wide; what it has loaded of the dashboard stays loaded."""
    with profile_of(browser) as opened:
        yield opened


@pytest.fixture
def page(profile: BrowserContext) -> Iterator[Page]:
    """An empty page in a browser that remembers nothing of the page before."""
    opened = profile.new_page()
    yield opened
    if opened.url.startswith("http"):
        opened.evaluate("localStorage.clear()")
    opened.close()
    profile.clear_cookies()


@pytest.fixture
def newer_build(sample_space: Workspace) -> Iterator[str]:
    """A copy of the build, published as a newer one; taken back afterwards."""
    first, later = sample_space.current_build(), "29990101T000000-later"
    pointer = sample_space.pointer_path.read_text(encoding="utf-8")
    yield later
    sample_space.pointer_path.write_text(pointer, encoding="utf-8")
    sample_space.build_path(later).unlink(missing_ok=True)
    assert sample_space.current_build() == first


def publish(space: Workspace, build_id: str) -> None:
    """Publish a copy of the current build under another id."""
    shutil.copy(space.build_path(space.current_build()), space.build_path(build_id))
    space.pointer_path.write_text(json.dumps({"build_id": build_id}), encoding="utf-8")
