"""Record factories and workspaces for the dashboard's tests: raw records through the real build, nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.store import RawStore
from ingest.store_records import Page, RawRecord
from models.records import KINDS, plural
from models.settings import Settings, parse_settings
from models.streams import stream
from models.workspace import Workspace
from sql.build import build

AS_OF = datetime(2026, 6, 29, 6)
FIRST_WEEK = datetime(2025, 5, 5)
WEEKS = 60
SETTINGS = """
[workspace]
name = "Sample"
kind = "{kind}"
[[team]]
name = "Money"
[[team]]
name = "Shop"
[[service]]
name = "payments"
team = "Money"
[[service]]
name = "ledger"
team = "Money"
depends_on = ["payments"]
[[service]]
name = "checkout"
team = "Shop"
"""


@dataclass
class Records:
    """Records by kind, on their way into a raw store."""

    by_kind: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, kind_of_record: str, /, **fields: object) -> str:
        """Add one record and return its key; instants are naive UTC, unknown fields are refused."""
        record = KINDS[kind_of_record].model_validate(
            {k: v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for k, v in fields.items()}
        )
        self.by_kind.setdefault(kind_of_record, []).append(record.model_dump(mode="json", exclude_none=True))
        return record.key


def change(records: Records, key: str, *, at: datetime, service: str = "payments", **more: object) -> str:
    """Add a change that was asked for when it was created."""
    base: dict[str, object] = {
        "record_type": "change_request", "title": f"Change {key}", "url": f"https://changes.example/{key}",
        "change_type": "normal", "risk": "low", "state": "implemented", "requested_by": "ada",
        "requested_by_type": "human", "created_at": at, "requested_at": at,
    }  # fmt: skip
    return records.add("change", key=key, service=service, **{**base, **more})


def approval(
    records: Records, change_key: str, *, at: datetime, by: str = "grace", verdict: str = "approved", **more: object
) -> str:
    """Add a decision on a change."""
    return records.add(
        "decision", key=f"{change_key}-{verdict}-{by}", change_key=change_key, decided_at=at, decided_by=by,
        decided_by_type="human", verdict=verdict, **more,
    )  # fmt: skip


def deployment(
    records: Records, key: str, *, at: datetime, carries: Iterable[str] = (), service: str = "payments", **more: object
) -> str:
    """Add a finished production deployment, with the changes it states it carries."""
    base: dict[str, object] = {
        "environment": "production", "status": "success", "title": f"Deploy {service} {key}", "version": key,
        "url": f"https://deploys.example/{key}", "created_at": at, "started_at": at,
        "finished_at": at + timedelta(minutes=9),
        "deployed_by": "lin", "deployed_by_type": "human",
    }  # fmt: skip
    records.add("deployment", key=key, service=service, **{**base, **more})
    for carried in carries:
        records.add("link", key=f"{key}:{carried}", from_kind="deployment", from_key=key, relation="carries",
                    to_kind="change", to_key=carried)  # fmt: skip
    return key


def incident(records: Records, key: str, *, at: datetime, service: str = "payments", **more: object) -> str:
    """Add an incident that lasted two hours."""
    base: dict[str, object] = {
        "kind": "incident", "title": f"Errors in {service}", "severity": "2", "url": f"https://incidents.example/{key}",
        "created_at": at, "started_at": at, "resolved_at": at + timedelta(hours=2),
    }  # fmt: skip
    return records.add("incident", key=key, service=service, **{**base, **more})


def store_records(home: Path, records: Records, *, fetched_at: datetime = AS_OF - timedelta(hours=2)) -> Workspace:
    """Write records into a workspace's raw store, as an import would."""
    space = Workspace(home)
    with RawStore(space.raw_path) as store:
        run = store.begin_run("itsm", "record", "test")
        for kind, rows in records.by_kind.items():
            of = stream(f"record.{plural(kind)}")
            raw = [RawRecord(of, row["key"], {"record": row}) for row in rows]
            store.write_page(run, Page(stream=of, records=raw, fetched_at=fetched_at.replace(tzinfo=UTC), is_last=True))
        store.finish_run(run)
        # The run's own times are the clock's; tests need them fixed.
        store.con.execute("update raw.runs set started_at = ?, finished_at = ?", [fetched_at, fetched_at])
    return space


def published(
    home: Path, records: Records, *, kind: str = "demo", as_of: datetime = AS_OF, settings: str = SETTINGS
) -> Workspace:
    """Return a workspace with one published build of the records."""
    space = store_records(home, records)
    build(space, _settings(settings, kind), as_of=as_of, memory_limit="1GB")
    return space


def publish_sample(home: Path) -> None:
    """Publish a demo workspace with sixty weeks of records and one hostile change."""
    records = sixty_weeks()
    hostile(records, at=AS_OF - timedelta(days=9))
    published(home, records)


def _settings(text: str, kind: str) -> Settings:
    return parse_settings(text.replace("{kind}", kind), "test")


def sixty_weeks(seed: int = 7) -> Records:
    """Return sixty weeks of three services: steady, until approval in payments slows in the last six weeks."""
    chance = random.Random(seed)
    records = Records()
    number = 0
    for week in range(WEEKS):
        monday = FIRST_WEEK + timedelta(weeks=week)
        for service in ("payments", "ledger", "checkout"):
            for part in range(2):
                release = monday + timedelta(days=2 + 2 * part, hours=9 + chance.random() * 6)
                carried = []
                for _ in range(chance.randint(2, 4)):
                    number += 1
                    carried.append(_one_change(records, chance, number, monday, release, service, week))
                _one_release(records, chance, f"{service[:3]}-{week:02d}-{part}", release, service, carried)
    return records


def _one_change(
    records: Records, chance: random.Random, number: int, monday: datetime, release: datetime, service: str, week: int
) -> str:
    asked = monday - timedelta(days=chance.randrange(4), hours=chance.random() * 8)
    slow = 4.0 if service == "payments" and week >= WEEKS - 6 else 1.0
    kind = chance.choices(("normal", "standard", "emergency"), (80, 14, 6))[0]
    start = release - timedelta(minutes=chance.randrange(5, 40)) + timedelta(days=chance.random() < 0.03)
    key = change(
        records, f"CHG-{number:04d}", at=asked, service=service, change_type=kind, state="closed",
        risk=chance.choice(("low", "low", "medium", "high")), requested_by=chance.choice(("ada", "alan", "edsger")),
        planned_start_at=start, planned_end_at=start + timedelta(minutes=chance.choice((45, 60, 120))),
        title=f"{chance.choice(('Raise limit', 'Fix rounding', 'Add retry', 'Move queue'))} in {service}",
        **({"template": "restart", "template_version": "2"} if kind == "standard" else {}),
    )  # fmt: skip
    if kind != "standard" and chance.random() > 0.04:
        waited = timedelta(hours=slow * chance.lognormvariate(1.6, 0.7))
        approval(records, key, at=asked + waited, by=chance.choice(("grace", "barbara")), comment="Looked at the plan.")
    return key


def _one_release(
    records: Records, chance: random.Random, key: str, at: datetime, service: str, carried: list[str]
) -> None:
    deployment(records, key, at=at, service=service, carries=carried)
    if chance.random() < 0.12:
        incident(records, f"INC-{key}", at=at + timedelta(hours=2), service=service)


def hostile(records: Records, *, at: datetime) -> Mapping[str, str]:
    """Add one change whose every text tries to be something else; returns what it tried."""
    texts = {
        "title": '=HYPERLINK("http://evil.example","x") <img src=x onerror=alert(1)> **bold** '
        "[a](javascript:alert(1)) https://evil.example $x$",
        "url": "javascript:alert(document.cookie)",
        "description": "<script>alert(1)</script>",
    }
    change(records, "CHG-EVIL", at=at, **texts)
    return texts
