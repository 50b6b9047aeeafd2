"""The demo told once, and written into a store once, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.demo import generator
from ingest.demo.model import Story
from ingest.progress import Progress
from ingest.store import RawStore


@pytest.fixture(scope="session")
def story() -> Story:
    return generator.tell()


@pytest.fixture(scope="session")
def steps() -> list[Progress]:
    """What was reported while the demo was written."""
    return []


@pytest.fixture(scope="session")
def written(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Progress]
) -> Iterator[tuple[RawStore, generator.DemoSummary]]:
    """A store with the whole demo; tests only read it."""
    with RawStore(tmp_path_factory.mktemp("demo") / "store.duckdb") as store:
        yield store, generator.generate(store, progress=steps.append)
