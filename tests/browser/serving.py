"""Serving a workspace's dashboard on a free port of this machine, and driving it with the installed Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
STARTS_WITHIN, SETTLES_WITHIN = 90, 90_000
Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Server:
    """A dashboard being served: where, and by which process."""

    address: str
    process: int


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve a workspace; yields the address."""
    with serving(home) as server:
        yield server.address


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """Serve a workspace on a free port of this machine until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app/server.py", f"--server.port={port}",
        "--server.address=127.0.0.1", "--server.headless=true", "--browser.gatherUsageStats=false",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch, (log := Path(scratch) / "server.log").open("w") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "TWOTRACK_HOME": str(home)}, stdout=output, stderr=output
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, log)
            yield Server(f"http://127.0.0.1:{port}", server.pid)
        finally:
            server.terminate()
            server.wait(60)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server on this machine
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the dashboard did not start: {log.read_text(encoding='utf-8')[-2000:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the installed Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def profile_of(
    browser: Browser, theme: Theme = "light", *, width: int = 1280, height: int = 800
) -> Iterator[BrowserContext]:
    """Open a browser profile of one theme and size, which has loaded nothing yet."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    context.set_default_timeout(SETTLES_WITHIN)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def page_of(browser: Browser, theme: Theme = "light", *, width: int = 1280, height: int = 800) -> Iterator[Page]:
    """Open an empty page of one theme and size, in a profile of its own."""
    with profile_of(browser, theme, width=width, height=height) as context:
        yield context.new_page()


def until(page: Page, holds: Callable[[], bool], what: str, *, within: float = 60.0) -> None:
    """Wait until something holds; fails naming what did not come about."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if holds():
            return
        page.wait_for_timeout(150)
    raise AssertionError(f"did not come about within {within:.0f} s: {what}; the address is {page.url}")


def settled(page: Page) -> None:
    """Wait until the page has its title, the server has nothing more to send, and every part of it is drawn."""
    page.wait_for_selector("h1", timeout=SETTLES_WITHIN)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')",
        timeout=SETTLES_WITHIN,
    )
    page.wait_for_timeout(600)
