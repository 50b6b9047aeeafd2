"""Workspaces and pages for the dashboard's tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from models.workspace import Workspace
from tests.app.sample import publish_sample
from tests.once import Once

MAIN = Path(__file__).resolve().parent.parent.parent / "app" / "main.py"
Opened = Callable[..., AppTest]


@pytest.fixture(scope="session")
def sample_home(once: Once) -> Path:
    """The sample workspace; built once, never written to."""
    return once("sample", publish_sample)


@pytest.fixture
def sample(sample_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A copy of the sample workspace that the server under test shows."""
    shutil.copytree(sample_home, tmp_path / "home")
    yield from shown(Workspace(tmp_path / "home"), monkeypatch)


def shown(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Let the server under test show a workspace, with nothing remembered from another one."""
    monkeypatch.setenv("TWOTRACK_HOME", str(space.home))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield space
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace in which nothing has been built."""
    yield from shown(Workspace(tmp_path / "empty"), monkeypatch)


@pytest.fixture
def opened() -> Opened:
    """Return a function that opens a page as a reader would: ``opened("approvals", period="All records")``."""

    def open_page(page: str = "overview", **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if page != "overview":
            for name, value in query.items():
                app.query_params[name] = value
            app.switch_page(f"views/{page}.py").run()
        return app

    return open_page


def text_of(app: AppTest) -> str:
    """Return everything a page says, as one text."""
    parts = [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.info, *app.error]
    return "\n".join(str(part.value) for part in (*parts, *app.text, *app.code))
