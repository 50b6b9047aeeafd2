"""One build of many invented organisations beside what the reference makes of the same records.

Owns how they are drawn, imported and built, and the comparison row by row; what is compared stands in the tests.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.metrics.awkward import add_sure, awkward_organisations, write_awkwardly
from tests.metrics.configured import configured
from tests.metrics.organisations import SOURCE, Records
from tests.metrics.real import load
from tests.metrics.reference import approvals, conditions, deployments, failures, handover, rates, windows
from tests.metrics.reference.basics import People
from tests.metrics.reference.limits import Limits

AT_ONCE = int(os.environ.get("REFERENCE_AT_ONCE", "30"))
COUNT = int(os.environ.get("REFERENCE_ORGANISATIONS", str(2 * AT_ONCE)))
SEED = int(os.environ.get("REFERENCE_SEED", "0"))
# A second source whose records bear the same keys, about services of its own.
SECOND = "two"
Rows = Mapping[str, Mapping[str, object]]


@dataclass
class Compared:
    """One build, and what the reference makes of the records of one of its sources."""

    con: duckdb.DuckDBPyConnection
    source: str
    limits: Limits
    records: Records
    people: People
    deployments: dict[str, deployments.Deployment]
    changes: dict[str, approvals.Change]
    failures: list[failures.Failure]
    windows: dict[str, windows.Window]
    conditions: list[conditions.Condition]
    carried: list[handover.Carried]
    first: dict[str, deployments.Deployment]

    def published(self, table: str, key: str) -> dict[str, dict[str, Any]]:
        """Return the source's rows of a table by a column, the source's name taken off."""
        cursor = self.con.execute(f"select * from {table}")
        names = [column[0] for column in cursor.description]
        rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
        mine = (row for row in rows if str(row[key]).startswith(f"{self.source}:"))
        return {str(row[key]).replace(f"{self.source}:", ""): row for row in mine}

    def metric(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the source's records of a metric by their ids."""
        return self.published(f"metrics.{name}", "record_id")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return a query's rows whose first column is of the source, its name taken off every text."""
        found = [row for row in self.con.execute(query).fetchall() if str(row[0]).startswith(f"{self.source}:")]
        return [tuple(c.replace(f"{self.source}:", "") if isinstance(c, str) else c for c in row) for row in found]

    def named(self, key: str | None) -> str | None:
        """Return a record's id as it is published."""
        return None if key is None else f"{self.source}:{key}"


def drawn(first_seed: int) -> tuple[dict[str, Records], str, Limits]:
    """Return the records by source, the settings, and the same for the reference; every other batch is unusual."""
    seeds = range(first_seed, first_seed + AT_ONCE)
    settings, limits = configured(seeds, is_unusual=bool(first_seed // AT_ONCE % 2))
    every = {
        SOURCE: awkward_organisations(seeds),
        SECOND: awkward_organisations(list(seeds)[: AT_ONCE // 3], renamed=SECOND),
    }
    for number, records in enumerate(every.values()):
        add_sure(records, number)
    return every, settings, limits


def build_batch(first_seed: int, home: Path) -> Path:
    """Import and build some dozens of organisations side by side, and return the build's path."""
    records, settings, limits = drawn(first_seed)
    files: dict[Path, Path] = {}
    for source, of in records.items():
        files |= write_awkwardly(of, home / f"files-{source}", source, first_seed)
    return load(home, files, settings, limits.as_of)


def compare(con: duckdb.DuckDBPyConnection, first_seed: int, source: str) -> Compared:
    """Return the build beside the reference."""
    every, _, limits = drawn(first_seed)
    records = every[source]
    people = People(records.of)
    attempts = deployments.deployments(records.of, people)
    starts = deployments.first_starts(records.of, attempts)
    changes = approvals.changes(records.of, people, limits.as_of, starts, limits.required)
    planned = windows.windows(records.of, people, limits)
    first = rates.first_in_production(records.of, attempts)
    ledger = conditions.ledger(records.of, changes, first, limits.as_of)
    carried = handover.handover(
        records.of, attempts, changes, planned, ledger, handover.gated(records.of, people), limits.expiry
    )
    handover.authorised_before(attempts, changes, carried)
    return Compared(
        con, source, limits, records, people, attempts, changes, failures.failures(records.of, attempts, first),
        planned, ledger, carried, first,
    )  # fmt: skip


def differing(expected: Rows, found: Rows) -> list[str]:
    """Return one line per record and column that differs, missing and extra records included."""
    lines = [f"{key}: in one of them only" for key in sorted(set(expected) ^ set(found))]
    for key in sorted(set(expected) & set(found)):
        lines += [
            f"{key}.{name}: {value!r} by the definitions, {found[key][name]!r} published"
            for name, value in expected[key].items()
            if found[key][name] != value
        ]
    return lines
