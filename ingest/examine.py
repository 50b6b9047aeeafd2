"""Trying a source without reading it: who we are there, what we may, whose clock is off, what the limits leave.

Owns the order of the questions and what their answers mean. Refuses to store and to print.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.budget import Budget
from ingest.forecast import Forecast, forecast
from ingest.manners import Policy
from ingest.source import Connector, Permission, Surroundings
from ingest.store import RawStore
from ingest.sync import connected
from models.errors import SourceError
from models.settings import SourceSettings

# Somebody waits for the result, so a source that is busy is not waited for.
IMPATIENT = Policy(connect_timeout=10, read_timeout=30, attempts=2, deadline=60, patience=5)


@dataclass(frozen=True)
class Examined:
    """A source that answered.

    Args:
        principal: Who it takes us for.
        scopes: What that principal may do, as the source puts it.
        clock_ahead: Seconds by which our clock is ahead of the source's; ``None`` where it does not state the time.
        budgets: Limits by name, as its last answers left them.
        granted: Permissions that it let us use.
        missing: Permissions that it refused, with the refusal.
        first_reading: How long a first reading of everything would take; ``None`` where the source does not say.
    """

    principal: str | None
    scopes: str | None
    clock_ahead: float | None
    budgets: Mapping[str, Budget]
    granted: Sequence[Permission]
    missing: Sequence[tuple[Permission, SourceError]]
    first_reading: Forecast | None


def examine(source: SourceSettings, connector: Connector, *, policy: Policy = IMPATIENT) -> Examined:
    """Connect to a source and try what we may; nothing is stored.

    Raises:
        UserError: The settings do not fit, or the source refuses or cannot be reached.
    """
    with tempfile.TemporaryDirectory() as folder, RawStore(Path(folder) / "store.duckdb") as nothing_yet:
        connection = connected(connector, source, Surroundings(nothing_yet, policy=policy))
        try:
            granted: list[Permission] = []
            missing: list[tuple[Permission, SourceError]] = []
            for permission in connection.permissions:
                try:
                    permission.probe()
                    granted.append(permission)
                except SourceError as error:
                    missing.append((permission, error))
            try:
                first_reading = forecast(connection, nothing_yet, source.name)
            except SourceError:
                first_reading = None
            client = connection.client
            return Examined(
                connection.principal,
                connection.scopes,
                client.clock_ahead,
                dict(client.budgets),
                granted,
                missing,
                first_reading,
            )
        finally:
            connection.client.close()
