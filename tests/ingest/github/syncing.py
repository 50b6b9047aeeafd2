"""Syncs an imitated GitHub into a store, as the command does."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ingest.github.connector import GITHUB
from ingest.manners import Clock, Policy
from ingest.source import Position, Surroundings
from ingest.store import RawStore
from ingest.store_records import Page, Run
from ingest.sync import SourceOutcome, sync
from models.settings import SourceSettings
from tests.conftest import FixedClock
from tests.servers.github import GitHubServer

TOKEN = "GITHUB_TOKEN_OF_THE_TESTS"
PATIENCE = Policy(read_timeout=5, backoff=0.01, backoff_max=0.02)


class KilledError(BaseException):
    """What a killed process never gets to handle."""


@dataclass
class Syncing:
    """A source to sync, its server and its store."""

    server: GitHubServer
    store: RawStore
    clock: FixedClock
    repositories: tuple[str, ...] = ("acme/shop",)
    token: str = "good-token"
    policy: Policy = PATIENCE
    settings: dict[str, str] | None = None
    waits: bool = False

    def __call__(self, since: datetime | None = None) -> SourceOutcome:
        """Sync once and return how it went."""
        source, surroundings = self._prepared(since)
        return sync([source], {"github": GITHUB}, surroundings)[0]

    def mark_all_read(self) -> None:
        """Leave the marks of a complete sync without reading anything but whether something moved."""
        tasks = GITHUB.connect(*self._prepared(None)).tasks
        pages = [page for task in tasks if task.stream.name == "repositories" for page in task.pages(Position())]
        self.store.con.executemany(
            "insert into raw.watermarks values ('hub', 'github.repositories', ?, ?, null, current_date, 'none')",
            [[page.scope, page.watermark] for page in pages],
        )

    def _prepared(self, since: datetime | None) -> tuple[SourceSettings, Surroundings]:
        os.environ[TOKEN] = self.token
        fields = {"type": "github", "name": "hub", "base_url": self.server.url, "repositories": self.repositories}
        credential = {"token": f"env:{TOKEN}"} if self.settings is None else {}
        source = SourceSettings.model_validate(fields | credential | (self.settings or {}))
        clock = Clock() if self.waits else self.clock.clock
        surroundings = Surroundings(self.store, since, clock, self.policy)
        return source, surroundings

    def clean(self, since: datetime | None = None) -> SourceOutcome:
        """Sync once; nothing may fail."""
        outcome = self(since)
        problems = [str(error) for error in outcome.failures]
        assert problems == [], problems
        return outcome

    def requests(self) -> int:
        """Return how many requests the server has answered."""
        return len(self.server.asked)


def killed_after(store: RawStore, pages: int) -> Callable[[], None]:
    """Let the store die after so many written pages; returns the way back."""
    write, left = store.write_page, [pages]

    def dying(run: Run, page: Page) -> dict[str, int]:
        if left[0] == 0:
            raise KilledError
        left[0] -= 1
        return write(run, page)

    store.write_page = dying  # type: ignore[method-assign]

    def revive() -> None:
        store.write_page = write  # type: ignore[method-assign]

    return revive
