"""Exports of an invented tool with the mappings that read them; count and seed decide every row."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
AS_OF = "2026-07-01T00:00:00Z"
SERVICES = ("checkout", "ledger", "search")
PEOPLE = ("ana", "bo", "chi", "dee", "eli")

MAPPINGS = {
    "example-changes": """
name = "example-changes"
source = "example"
file = "example-changes*.csv"

[[record]]
kind = "change"
key = "number"
[record.fields]
title = "title"
service = "service"
change_type = "type"
risk = "risk"
requested_by = "requester"
requested_by_type = { constant = "human" }
created_at = "created"
requested_at = "requested"
merged_at = "merged"
closed_at = "merged"
merge_revision = "revision"
head_revision = "revision"
[record.constants]
record_type = "change_request"
state = "merged"

[[record]]
kind = "decision"
key = { template = "{number}:approval" }
when = { column = "approved", empty = false }
[record.fields]
change_key = "number"
decided_at = "approved"
decided_by = "approver"
revision = "revision"
[record.constants]
verdict = "approved"
decided_by_type = "human"
time_quality = "exact"
""",
    "example-deployments": """
name = "example-deployments"
source = "example"
file = "example-deployments*.csv"

[[record]]
kind = "deployment"
key = "id"
[record.fields]
service = "service"
environment = "environment"
change_key = "change"
revision = "revision"
started_at = "started"
finished_at = "finished"
status = "status"
deployed_by = "deployer"
[record.constants]
deployed_by_type = "human"
time_quality = "exact"
""",
    "example-incidents": """
name = "example-incidents"
source = "example"
file = "example-incidents*.csv"

[[record]]
kind = "incident"
key = "id"
[record.fields]
title = "title"
service = "service"
deployment_key = "deployment"
started_at = "started"
resolved_at = "resolved"
[record.constants]
kind = "incident"
environment = "production"
""",
    "example-windows": """
name = "example-windows"
source = "example"
file = "example-windows*.csv"

[[record]]
kind = "window"
key = "id"
[record.fields]
change_key = "change"
service = "service"
created_at = "created"
planned_start_at = "start"
planned_end_at = "end"
[record.constants]
kind = "change"
environment = "production"
""",
}


def write_mappings(home: Path) -> None:
    """Put the mappings where a workspace looks for its own."""
    folder = home / "mappings"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in MAPPINGS.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def write_exports(folder: Path, changes: int, *, seed: int = 7, shuffled: int | None = None) -> list[Path]:
    """Write the tool's four exports and return their paths; ``shuffled`` puts the same rows into another order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (heading, rows) in tables(changes, seed).items():
        ordered = list(rows)
        if shuffled is not None:
            random.Random(shuffled).shuffle(ordered)
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([heading, *ordered])
        paths.append(path)
    return paths


def tables(changes: int, seed: int) -> dict[str, tuple[Sequence[str], list[list[str]]]]:
    """Return heading and rows of each export: every change asked for, most approved in time, each deployed once."""
    chance = random.Random(seed)
    made: dict[str, list[list[str]]] = {name: [] for name in MAPPINGS}
    for i in range(changes):
        number, service, revision = f"CHG{i:05d}", SERVICES[i % len(SERVICES)], f"{i:040x}"
        requester, approver, deployer = chance.sample(PEOPLE, 3)
        requested = START + timedelta(minutes=37 * i)
        approved = requested + timedelta(minutes=chance.randint(5, 3_000))
        started = approved + timedelta(minutes=chance.randint(-30, 2_000))
        finished = started + timedelta(minutes=chance.randint(2, 40))
        is_approved, is_failed, has_incident = chance.random() < 0.9, chance.random() < 0.05, chance.random() < 0.1
        made["example-changes"].append(
            [number, f"Change {i} of {service}", service, "normal", chance.choice(("low", "medium", "high")), requester,
             at(requested - timedelta(hours=2)), at(requested), at(approved) if is_approved else "", approver,
             at(max(approved, started)), revision]
        )  # fmt: skip
        made["example-deployments"].append(
            [f"D{i:05d}", service, "production", number, revision, at(started), at(finished),
             "failed" if is_failed else "succeeded", deployer]
        )  # fmt: skip
        if has_incident and not is_failed:
            opened = finished + timedelta(minutes=chance.randint(1, 300))
            made["example-incidents"].append(
                [f"INC{i:05d}", f"Trouble after change {i}", service, f"D{i:05d}", at(opened),
                 at(opened + timedelta(minutes=50))]
            )  # fmt: skip
        made["example-windows"].append(
            [f"W{i:05d}", number, service, at(requested), at(started), at(started + timedelta(minutes=60))]
        )
    headings = {
        "example-changes": "number title service type risk requester created requested approved approver merged"
        " revision",
        "example-deployments": "id service environment change revision started finished status deployer",
        "example-incidents": "id title service deployment started resolved",
        "example-windows": "id change service created start end",
    }
    return {name: (headings[name].split(), made[name]) for name in MAPPINGS}


def at(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
