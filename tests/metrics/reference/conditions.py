"""The condition ledger: each condition of an approval and the event that met it, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.metrics.reference.approvals import Change, is_implemented
from tests.metrics.reference.basics import Row, by, earliest
from tests.metrics.reference.deployments import Deployment

ROLLOUT = timedelta(days=30)
TOLD = ("commented", "condition_met")


@dataclass
class Condition:
    """One condition; ``status`` is met, late, unmet, open, lapsed or unverifiable."""

    change: Change
    position: int
    text: str
    is_for_rollout: bool
    is_ticked: bool
    is_verifiable: bool
    due_at: datetime | None
    met_at: datetime | None
    status: str

    def is_unmet_at(self, instant: datetime) -> bool:
        """Whether records could say that it was met by then, and do not; those of the rollout are met while it runs."""
        if self.is_for_rollout or not self.is_verifiable or (self.is_ticked and self.met_at is None):
            return False
        return self.met_at is None or self.met_at > instant


def ledger(
    records: dict[str, list[Row]], changes: dict[str, Change], first: dict[str, Deployment], as_of: datetime
) -> list[Condition]:
    """Return every condition; ``first`` is the first successful production deployment of each change."""
    told = by([event for event in records["event"] if event["verb"] in TOLD], "subject_key")
    found = []
    for change in changes.values():
        said = told.get(change.key, [])
        started = first[change.key].started_at if change.key in first else None
        for position, words, is_ticked in lines(change.row["conditions"] or ""):
            is_for_rollout = "%" in words or "roll out" in words.lower()
            closed = change.row["closed_at"] if change.state != "open" else None
            due_at = closed or (started and started + ROLLOUT) if is_for_rollout else started or closed
            is_given_up = change.state != "open" and not is_implemented(change, first, as_of)
            due_at = None if is_given_up else due_at
            met_at = earliest(
                event["occurred_at"]
                for event in said
                if is_said(event, position, words)
                and (change.effective_at is None or event["occurred_at"] >= change.effective_at)
            )
            is_verifiable = bool(said) or is_ticked
            found.append(
                Condition(
                    change, position, words, is_for_rollout, is_ticked, is_verifiable, due_at, met_at,
                    status(met_at, due_at, is_ticked, is_verifiable, as_of, is_given_up),
                )
            )  # fmt: skip
    return found


def lines(text: str) -> list[tuple[int, str, bool]]:
    """Return position, words and whether it was ticked: numbered as written, else in the order written."""
    found: dict[str, tuple[int | None, bool]] = {}
    for line in re.split(r"[;\r\n]", text):
        match = re.fullmatch(r"\s*(?:(\d+)[.)](?!\d)|[-*•])?\s*(\[[ xX]\])?\s*(.*?)\s*", line)
        if match and match[3]:
            found.setdefault(match[3], (int(match[1]) if match[1] else None, (match[2] or "").lower() == "[x]"))
    is_numbered = all(number for number, _ in found.values())
    return [
        (number if is_numbered and number else place, words, is_ticked)
        for place, (words, (number, is_ticked)) in enumerate(found.items(), start=1)
    ]


def is_said(event: Row, position: int, words: str) -> bool:
    """Whether an event says that the condition is met: by its number, or by its words."""
    text = str(event["text"] or "").lower()
    numbered = re.search(r"conditions? ([\d, and]+?)(?: has been| have been)? met", text)
    if numbered:
        return position in {int(number) for number in re.findall(r"\d+", numbered[1])}
    if "all conditions met" in text:
        return True
    return event["verb"] == "condition_met" and text == words.lower()


def status(
    met_at: datetime | None,
    due_at: datetime | None,
    is_ticked: bool,
    is_verifiable: bool,
    as_of: datetime,
    is_given_up: bool,
) -> str:
    """Name what became of it by the instant of the build."""
    if met_at is not None:
        return "met" if due_at is None or met_at <= due_at else "late"
    if is_ticked:
        return "met"
    if not is_verifiable:
        return "unverifiable"
    if is_given_up:
        return "lapsed"
    return "open" if due_at is None or due_at > as_of else "unmet"
