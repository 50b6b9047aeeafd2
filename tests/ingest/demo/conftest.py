"""The demo told once, and written into a store once, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest import demo
from ingest.demo_model import Story
from ingest.progress import Progress
from ingest.store import RawStore


@pytest.fixture(scope="session")
def story() -> Story:
    return demo.tell()


@pytest.fixture(scope="session")
def steps() -> list[Progress]:
    """What was reported while the demo was written."""
    return []


@pytest.fixture(scope="session")
def written(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Progress]
) -> Iterator[tuple[RawStore, demo.DemoSummary]]:
    """A store with the whole demo; tests only read it."""
    with RawStore(tmp_path_factory.mktemp("demo") / "store.duckdb") as store:
        yield store, demo.generate(store, progress=steps.append)
