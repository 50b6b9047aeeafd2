"""A walk through one change: the questions each track asks, in order, and the records that answer them.

Owns the order of the questions and which acts answer which. A question that no record answers is left out: the tour
shows what is on record, it does not tell a story of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app import wording
from app.questions.change_story import Event, Story

_GOVERNANCE, _EXECUTION = "change_governance", "release_execution"


@dataclass(frozen=True)
class Step:
    """One question of the tour: what to look at, and the acts that answer it."""

    title: str
    explains: str
    track: str
    events: tuple[Event, ...]
    facts: tuple[str, ...] = ()

    @property
    def instants(self) -> tuple[datetime, ...]:
        """When its acts happened."""
        return tuple(event.at for event in self.events if event.at)


# Title, what to look at, track, activities that answer it.
_QUESTIONS: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    (
        "What is asked for",
        "Governance begins with a request that says what is modified, why, at which risk, and how it is undone.",
        _GOVERNANCE, frozenset({"proposed"}),
    ),
    (
        "How risky is it",
        "The risk is assessed by people who answer for it and by checks; it may change while more becomes known.",
        _GOVERNANCE, frozenset({"assessed"}),
    ),
    (
        "Whom does it touch, and who looked at it",
        "Those it touches are consulted, and somebody other than the author reviews it. What they ask for can become "
        "a condition.",
        _GOVERNANCE, frozenset({"consulted", "reviewed"}),
    ),
    (
        "Should this go",
        "The decision, and the conditions it sets for the release. With it, governance hands over.",
        _GOVERNANCE, frozenset({"approved", "pre_approved", "conditioned", "rejected"}),
    ),
    (
        "What exactly will run, and when",
        "Release execution begins: a candidate, its plan and readiness, and a time that collides with nothing else.",
        _EXECUTION, frozenset({"planned", "built", "noted", "readied", "scheduled", "coordinated"}),
    ),
    (
        "Is it in production, and does it work",
        "The deployment and its verification are acts of execution. They follow the decision and do not replace it.",
        _EXECUTION, frozenset({"deployed", "verified", "rolled_back"}),
    ),
    (
        "How far did it go",
        "The rollout in steps. Each further step is allowed by a condition of the approval, not by habit.",
        _EXECUTION, frozenset({"rolled_out"}),
    ),
)  # fmt: skip


def steps(story: Story) -> tuple[Step, ...]:
    """Return the tour of a change, ending with what the hand-over between the tracks looks like."""
    found = []
    for title, explains, track, activities in _QUESTIONS:
        events = tuple(e for e in story.events if e.track == track and e.activity in activities)
        if events:
            found.append(Step(title, explains, track, events, _facts(story, title)))
    return (*found, _hand_over(story)) if found else ()


def _facts(story: Story, title: str) -> tuple[str, ...]:
    if title == "Should this go":
        return tuple(f"Condition: {row['text']}" for row in story.conditions)
    if title == "What exactly will run, and when":
        return tuple(
            f"Planned window: {wording.instant(row['planned_start_at'])} to {wording.instant(row['planned_end_at'])}"
            for row in story.windows
            if row["planned_start_at"] and row["planned_end_at"]
        )
    return ()


def _hand_over(story: Story) -> Step:
    """Return the last step: whether the two tracks were two, by the records."""
    # An act in both tracks is listed once per track; here it is one act.
    events = tuple(event for event in story.events if event.is_dual and event.track == _GOVERNANCE)
    return Step(
        "Were the two tracks two",
        "Look for the decision before the deployment, conditions met by a record of their own, and different people. "
        "Where one act decides and executes at once, the tracks have become one.",
        "", events, tuple(_separation(story, len(events))),
    )  # fmt: skip


def _separation(story: Story, both: int) -> Iterable[str]:
    approved, deployed = story.record.get("effective_approval_at"), story.record.get("first_deployed_at")
    if approved and deployed:
        lead = (deployed - approved).total_seconds()
        yield f"First deployed {wording.duration(abs(lead))} {'after' if lead >= 0 else 'before'} its approval."
    if story.conditions:
        met = sum(row["status"] == "met" for row in story.conditions)
        yield f"{met:,} of {wording.plural(len(story.conditions), 'condition')} met in time."
    for row in story.conditions:
        when = f"met on {wording.instant(row['met_at'])}" if row["met_at"] else wording.words(row["status"])
        yield f"{row['text']}: {when}"
    if judged := [row for row in story.duties if row["result"] in {"pass", "fail"}]:
        failed = sum(row["result"] == "fail" for row in judged)
        yield (
            f"{failed:,} of {wording.plural(len(judged), 'test')} of separation of duties failed."
            if failed
            else f"Requester, approver and deployer: {wording.plural(len(judged), 'test')} of separation, none failed."
        )
    yield f"{wording.plural(both, 'act')} decided and executed at once." if both else "No act did both at once."
