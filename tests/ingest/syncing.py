"""Runs a connector against an imitation server, the way a sync does."""

from __future__ import annotations

from collections.abc import Callable

from ingest.source import Connector, Surroundings
from ingest.store import RawStore
from ingest.sync import SourceOutcome, sync
from models.settings import SourceSettings
from tests.conftest import FixedClock
from tests.servers.base import ImitationServer


class KilledError(Exception):
    """Stands for the process being killed."""


def synced(
    connector: Connector, server: ImitationServer, store: RawStore, clock: FixedClock, **settings: object
) -> SourceOutcome:
    """Sync the server once, a minute later than the time before."""
    clock.sleep(60)
    source = SourceSettings.model_validate(
        {"type": connector.source_type, "name": "here", "base_url": server.url, **settings}
    )
    (outcome,) = sync([source], {connector.source_type: connector}, Surroundings(store, clock=clock.clock))
    return outcome


def killed_after(store: RawStore, pages: int) -> Callable[[], None]:
    """Make the store fail at the page after ``pages``, as a killed process would; returns what undoes that."""
    write = store.write_page
    written = 0

    def failing(*args: object, **kwargs: object) -> dict[str, int]:
        nonlocal written
        if written == pages:
            raise KilledError
        written += 1
        return write(*args, **kwargs)  # type: ignore[arg-type]

    store.write_page = failing  # type: ignore[assignment, method-assign]

    def undo() -> None:
        store.write_page = write  # type: ignore[method-assign]

    return undo


def tables(store: RawStore, source_type: str) -> dict[str, list[tuple[object, ...]]]:
    """Return what the raw tables hold, without the bookkeeping that differs from run to run."""
    names = store.con.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' and starts_with(table_name, ?) order by 1",
        [f"{source_type}_"],
    ).fetchall()
    return {
        name: store.con.execute(
            f"select record_key, payload_sha256, version_at from raw.{name} order by all"
        ).fetchall()
        for (name,) in names
    }
