"""The definitions' traps as records: one service for each."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.metrics.organisations import Records

START = datetime(2026, 3, 1, 9)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def deploy(records: Records, service: str, day: int, **more: object) -> str:
    """Deploy a new version to production on a day of March 2026."""
    at = START + day * DAY
    fields = {"environment": "production", "version": f"v{day}", "status": "success"} | more
    key = f"{service}-{day}-{fields['environment']}"
    return records.add("deployment", key, service=service, started_at=at, finished_at=at + 10 * MINUTE, **fields)


def fail(records: Records, service: str, day: int, times: int) -> None:
    """Open incidents in the hours after the deployment of a day."""
    for number in range(times):
        opened = START + day * DAY + HOUR + number * MINUTE
        records.add("incident", f"{service}-{day}-{number}", service=service, created_at=opened)


def fill(records: Records) -> None:
    """One service for each trap."""
    for service, deployments, incidents in (
        ("ten", 10, {3: 2}),
        ("twenty", 20, {4: 20}),
        ("twenty-three", 23, {1: 1, 6: 2, 10: 1, 19: 2}),
    ):
        for day in range(deployments):
            deploy(records, service, day)
        for day, times in incidents.items():
            fail(records, service, day, times)
    deploy(records, "none", 0, environment="production-like")
    fail(records, "none", 0, 1)
    review(records, "old", merged_at=START - 210 * DAY)
    deploy(records, "old", 0, version=None, revision="old-merge")
    decided = {"change_key": "old", "verdict": "commented"}
    records.add(
        "decision", "by-bot", decided_at=START - 210 * DAY, decided_by="ci-bot", decided_by_type="bot", **decided
    )
    for component in ("db1", "db2", "db3"):
        for change in ("one", "other"):
            window(records, change, component)


def review(records: Records, key: str, merged_at: datetime) -> None:
    """Merge a pull request of the service of that name, opened an hour before."""
    records.add(
        "change", key, record_type="pull_request", service=key, requested_by="ann", requested_by_type="human",
        created_at=merged_at - HOUR, merged_at=merged_at, merge_revision=f"{key}-merge", state="merged",
    )  # fmt: skip


def window(records: Records, change: str, component: str) -> None:
    """Give one row of an export that repeats each change per component."""
    records.add(
        "window", f"{change}-{component}", kind="change", change_key=change, service="windows", component=component,
        planned_start_at=START, planned_end_at=START + HOUR,
    )  # fmt: skip
