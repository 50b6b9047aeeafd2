"""One quarter of an invented team: every kind of change that a pack speaks of, through the real build."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from app.periods import Period
from models.workspace import Workspace
from tests.app.sample import AS_OF, Records, approval, change, deployment, hostile, incident, published

PERIOD = Period(datetime(2026, 4, 1), datetime(2026, 7, 1))
BEFORE = Period(datetime(2026, 1, 1), datetime(2026, 4, 1))
_MONDAY = datetime(2026, 4, 6, 9)


def records() -> Records:
    """Return the quarter's records, and one change of the quarter before."""
    made = Records()
    change(made, "CHG-OLD", at=datetime(2026, 2, 2, 9))
    approval(made, "CHG-OLD", at=datetime(2026, 2, 2, 10))
    deployment(made, "D-OLD", at=datetime(2026, 2, 3, 9), carries=["CHG-OLD"])
    for number in range(30):
        _usual(made, number)
    _unusual(made)
    hostile(made, at=_MONDAY + timedelta(days=60))
    return made


def _usual(made: Records, number: int) -> None:
    """Add a change that was approved and deployed, every third of another service, every fifth a standard one."""
    at = _MONDAY + timedelta(days=2 * number)
    service = "checkout" if number % 3 == 0 else "payments"
    standard = {"change_type": "standard", "template": "restart", "template_version": "2"} if number % 5 == 0 else {}
    key = change(made, f"CHG-{number:03d}", at=at, service=service, rollback_plan="put it back", **standard)
    if not standard:
        approval(made, key, at=at + timedelta(hours=3 + number % 4))
    deployment(made, f"D-{number:03d}", at=at + timedelta(days=1), service=service, carries=[key])


def _unusual(made: Records) -> None:
    at = _MONDAY + timedelta(days=1)
    change(made, "CHG-NEVER", at=at)
    deployment(made, "D-NEVER", at=at + timedelta(hours=4), carries=["CHG-NEVER"])
    change(made, "CHG-LATE", at=at)
    approval(made, "CHG-LATE", at=at + timedelta(hours=9))
    deployment(made, "D-LATE", at=at + timedelta(hours=6), carries=["CHG-LATE"])
    change(made, "CHG-SELF", at=at)
    approval(made, "CHG-SELF", at=at + timedelta(hours=1), by="ada")
    deployment(made, "D-SELF", at=at + timedelta(hours=7), carries=["CHG-SELF"])
    change(made, "CHG-FIRE", at=at, change_type="emergency")
    approval(made, "CHG-FIRE", at=at + timedelta(hours=2), by="barbara")
    deployment(made, "D-FIRE", at=at + timedelta(hours=1), carries=["CHG-FIRE"])
    incident(made, "INC-1", at=at + timedelta(hours=6, minutes=30))
    change(made, "CHG-OPEN", at=at + timedelta(days=70), state="open", conditions=None)
    for number, version in enumerate(("v1.0", "v1.2", "v1.1")):
        deployment(made, f"S-{number}", at=at + timedelta(days=number), environment="staging", version=version)
    for key, hours in (("W-A", 0), ("W-B", 1)):
        made.add(
            "window", key=key, kind="change", service="payments", component="api", environment="production",
            planned_start_at=at + timedelta(hours=hours), planned_end_at=at + timedelta(hours=hours + 2), created_at=at,
        )  # fmt: skip


def built(home: Path) -> Workspace:
    """Return a workspace with the quarter built."""
    return published(home, records(), kind="live", as_of=AS_OF + timedelta(microseconds=123_456))
