"""An imitated GitHub with one empty repository, and a way to sync it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.github.syncing import Syncing
from tests.servers.github import GitHubServer, Repository


@pytest.fixture
def repository() -> Repository:
    """The repository acme/shop."""
    return Repository()


@pytest.fixture
def server(repository: Repository) -> Iterator[GitHubServer]:
    """A server that knows the repository."""
    with GitHubServer(repository) as running:
        yield running


@pytest.fixture
def syncing(server: GitHubServer, store: RawStore, fixed_clock: FixedClock) -> Syncing:
    """Syncs the repository from the server into the store."""
    return Syncing(server, store, fixed_clock)
