"""Teams whose practice was judged by hand from the definitions: records side by side with the other traps.

Owns the records; what must be said of each team stands in ``test_practice_from_files.py`` with its arithmetic.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.metrics.organisations import Records

BEGIN = datetime(2026, 5, 11, 10)
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
LOGISTICS = "deploy after 22:00 then restart the rollout order of nodes"
TEAMS = (
    "agenda-only", "agenda-unplanned", "agenda-planned", "meeting-once", "meeting-weekly", "stamp-same",
    "stamp-unknown", "stamp-by-risk", "nothing-to-release", "risk-unstated", "risk-low", "risk-high", "mended",
    "mended-late", "matching", "mismatched", "conditioned-by-risk", "conditioned-alike",
)  # fmt: skip
SETTINGS = "\n".join(f'[[team]]\nname = "{team}"\n[[service]]\nname = "{team}"\nteam = "{team}"\n' for team in TEAMS)


def practise(records: Records) -> None:
    """Add every team's records."""
    agendas(records)
    meetings(records)
    stamps(records)
    risks(records)
    outcomes(records)


def agendas(records: Records) -> None:
    """Thirty items of logistics each, and releases with and without plans."""
    for team in ("agenda-only", "agenda-unplanned", "agenda-planned"):
        for i in range(30):
            decide(records, team, i, asked=BEGIN + i * 7 * HOUR, after=HOUR, comment=LOGISTICS)
    for team, planned in (("agenda-unplanned", 4), ("agenda-planned", 5)):
        for i in range(10):
            deploy(records, team, i, BEGIN + i * DAY, plan="steps" if i < planned else None)


def meetings(records: Records) -> None:
    """Twenty decisions and deployments of one person in an hour, and twenty decisions that release nothing new."""
    for i in range(20):
        for team, gap in (("meeting-once", timedelta(0)), ("meeting-weekly", WEEK)):
            at = BEGIN + 2 * i * MINUTE + (i % 2) * gap
            decide(records, team, i, asked=at - DAY, after=DAY, comment="fine")
            deploy(records, team, i, at + MINUTE, change=True)
    for i in range(20):
        wait = 4 * DAY + 2 * i * MINUTE
        decide(records, "nothing-to-release", i, BEGIN, wait, risk="low" if i % 2 else "high")
    deploy(records, "nothing-to-release", 0, datetime(2026, 1, 5), version="v1")
    deploy(records, "nothing-to-release", 1, BEGIN + 9 * DAY, version="v1")


def stamps(records: Records) -> None:
    """Quick decisions without a word: all alike, one declined of unknown or of high risk, some under conditions."""
    for i in range(60):
        asked = BEGIN + i * HOUR
        if i < 50:
            decide(records, "stamp-same", i, asked, MINUTE)
        verdict = "rejected" if i == 0 else "approved"
        decide(records, "stamp-unknown", i, asked, MINUTE, verdict=verdict)
        decide(records, "stamp-by-risk", i, asked, MINUTE, verdict=verdict, risk="low" if i % 2 else "high")
    for i in range(20):
        risk = "low" if i % 2 else "high"
        for team, is_set in (("conditioned-by-risk", risk == "high"), ("conditioned-alike", True)):
            conditions = "Backup taken" if is_set else None
            decide(records, team, i, BEGIN + i * HOUR, MINUTE, risk=risk, conditions=conditions)


def risks(records: Records) -> None:
    """A hundred changes each: few state their risk, nearly all are low, too many are high."""
    for team, low, high in (("risk-unstated", 10, 0), ("risk-low", 95, 5), ("risk-high", 10, 6)):
        for i in range(100):
            risk = "low" if i < low else "high" if i < low + high else None
            records.add("change", f"{team}-{i}", record_type="change", service=team, created_at=BEGIN, risk=risk)


def outcomes(records: Records) -> None:
    """Failures mended within a day or a second later; artifacts as approved and others."""
    for team, on_time in (("mended", 8), ("mended-late", 7)):
        for i in range(10):
            at = BEGIN + i * 2 * DAY
            deploy(records, team, i, at)
            took = DAY if i < on_time else DAY + timedelta(seconds=1)
            opened = at + HOUR
            records.add(
                "incident", f"{team}-{i}", service=team, created_at=opened, resolved_at=opened + took,
                deployment_key=f"{team}-d{i}",
            )  # fmt: skip
    for team, other in (("matching", 1), ("mismatched", 2)):
        for i in range(20):
            asked = BEGIN + i * DAY
            decide(records, team, i, asked, HOUR, revision="f" * 40 if i < other else None)
            deploy(records, team, i, asked + 2 * HOUR, change=True)


def decide(
    records: Records, team: str, number: int, asked: datetime, after: timedelta, *, verdict: str = "approved",
    comment: str | None = None, risk: str | None = None, revision: str | None = None, conditions: str | None = None,
) -> None:  # fmt: skip
    """Ask for a change and let one person decide on it, of another revision where one is given.

    Conditions stand in a field of the change, not on the decision.
    """
    key = f"{team}-c{number}"
    records.add(
        "change", key, record_type="change", change_type="normal", service=team, requested_by="ann", risk=risk,
        requested_by_type="human", created_at=asked, requested_at=asked, head_revision=f"{number:08x}" * 5,
        conditions=conditions,
    )  # fmt: skip
    records.add(
        "decision", f"{key}-r", change_key=key, decided_by=f"{team}-boss", decided_by_type="human", verdict=verdict,
        decided_at=asked + after, comment=comment, revision=revision or f"{number:08x}" * 5,
    )  # fmt: skip


def deploy(
    records: Records, team: str, number: int, at: datetime, *, change: bool = False, plan: str | None = None,
    version: str | None = None,
) -> None:  # fmt: skip
    """Deploy to production: a version of its own, or the one given."""
    records.add(
        "deployment", f"{team}-d{number}", service=team, environment="production", status="success", started_at=at,
        finished_at=at + timedelta(seconds=30), version=version or f"r{number}", plan=plan, deployed_by=f"{team}-boss",
        deployed_by_type="human", change_key=f"{team}-c{number}" if change else None,
    )  # fmt: skip
