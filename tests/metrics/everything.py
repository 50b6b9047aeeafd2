"""Records of every kind with almost anything in every field, on a coarse grid of instants: much happens at once.

Owns the draws of kinds and fields that the awkward organisations leave out: votes, runs and their steps, releases,
issues, words in comments, labels, several requests of one pull request. Refuses to know what any of it means: there is
no second implementation of it, only relations between builds (``test_relations.py``).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.metrics.organisations import PEOPLE, Records

START = datetime(2026, 3, 2)
GRID = timedelta(hours=12)
DAYS = 110
VERBS = (
    "pushed", "review_requested", "ready_for_review", "converted_to_draft", "status_changed", "status_changed",
    "commented", "commented", "field_changed", "field_changed", "reopened", "bypassed", "rule_changed",
    "post_reviewed", "condition_met", "labeled", "reverted", "conflict_checked", "checklist_completed",
    "on_call_confirmed", "announced", "rolled_out", "reviewer_added", "rule_checked",
)  # fmt: skip
TEXTS = (
    "Looks fine to me", "approved with conditions: Backup taken; Flag off",
    "the risk to customers is high, security must agree",
    "deploy after 22:00 then restart the rollout order of nodes", "Condition 1 met", "all conditions met",
    "who is on call?", "needs approval of the other team", "rollback failed, config differs from staging",
    "please tell support before", "checklist open: monitoring missing", "waits for the database migration",
)  # fmt: skip
LABELS = ("hotfix", "risk:low", "risk:high", "security", "planned", "pci", "cross-team", "customer-facing")
CHANGED = ("risk", "planned start", "description", "approver", "condition", "fix version", "customer impact")
VALUES = ("high", "Awaiting approval", "Implementing", "Done", "Rejected", "security")
SETTINGS = """
[[team]]
name = "t{seed}"
[[team]]
name = "t{seed}0"
[[service]]
name = "o{seed}-web"
team = "t{seed}"
repositories = ["acme/o{seed}-web"]
depends_on = ["o{seed}-api"]
tags = ["pci"]
[[service]]
name = "o{seed}-api"
team = "t{seed}0"
"""


def everything(seeds: Iterable[int]) -> tuple[Records, str]:
    """Return the records of one organisation per seed, and its settings; people are those of the others."""
    records, text = Records(), ""
    for seed in seeds:
        Everything(seed, records).draw()
        text += SETTINGS.format(seed=seed)
    return records, text


class Everything:
    """One organisation of two teams and three services."""

    def __init__(self, seed: int, records: Records) -> None:
        self.chance = random.Random(f"everything {seed}")
        self.name, self.seed, self.records = f"o{seed}", seed, records
        self.services = [f"{self.name}-{name}" for name in ("web", "api", "pay")]
        self.keys = {letter: [f"{self.name}{letter}{i}" for i in range(20)] for letter in "cdrlix"}
        self.revisions = [f"{self.chance.getrandbits(160):040x}" for _ in range(10)]
        self.versions = [f"1.{self.chance.randint(0, 4)}.{self.chance.randint(0, 3)}" for _ in range(6)]
        self.spoken: set[tuple[object, ...]] = set()

    def draw(self) -> None:
        """Draw all records."""
        for key in self.keys["c"]:
            self.change(key)
        for key in self.keys["d"]:
            self.deployment(key)
        for key in self.keys["r"][:10]:
            self.run(key)
        for key in self.keys["l"][:4]:
            self.release(key)
        for key in self.keys["i"][:10]:
            self.incident(key)
            self.issue(key.replace("i", "x"))
            self.window(key.replace("i", "w"))
        self.requests()

    def one_of(self, *values: Any) -> Any:  # noqa: ANN401 - values of any type, and one of them back
        """Return one of the values."""
        return self.chance.choice(values)

    def maybe(self, share: float, value: Any) -> Any:  # noqa: ANN401 - as above
        """Return the value or, as often as the share leaves over, nothing."""
        return value if self.chance.random() < share else None

    def instant(self, share: float = 0.95) -> Any:  # noqa: ANN401 - an instant or None
        """Return an instant of the grid, or none."""
        return self.maybe(share, START + GRID * self.chance.randint(0, DAYS * 2))

    def after(self, at: Any) -> Any:  # noqa: ANN401 - an instant or None
        """Return an instant of the grid not before the given one."""
        return at + GRID * self.one_of(0, 0, 1, 2, 6) if at else None

    def person(self, field: str) -> dict[str, object]:
        """Return a login in the field, and its type beside it."""
        name = self.one_of(*PEOPLE, *PEOPLE, *PEOPLE, "robin", "deploy-bot", "ghost", None)
        return {field: name, f"{field}_type": "bot" if name in ("robin", "deploy-bot") else self.one_of("human", None)}

    def change(self, key: str) -> None:
        """Draw a change, with commits, decisions, votes and events."""
        kind = self.one_of("pull_request", "pull_request", "change", "change", "merge_request", "gerrit_change")
        created, planned = self.instant(), self.instant(0.3)
        merged = self.maybe(0.75, self.after(self.after(created))) if kind != "change" else None
        self.records.add(
            "change", key, record_type=kind,
            title=self.one_of(f"Work on {key}", "Upgrade the database", "Emergency fix", None),
            description=self.one_of("why", "rollout at night, customers notice", None),
            impact=self.one_of("customers", None),
            change_type=self.one_of("normal", "normal", "standard", "emergency", None),
            risk=self.one_of("low", "low", "medium", "high", None), rollback_plan=self.one_of("back", None),
            stakeholders=self.one_of("ops|support", None), template=self.one_of("Restart", None, None),
            conditions=self.maybe(0.1, "1. Support is briefed; 2. Rollback tested"),
            service=self.one_of(*self.services, None),
            state="merged" if merged else self.one_of("open", "done", "rejected", "cancelled", "awaiting approval"),
            outcome=self.one_of("Successful", "Unsuccessful", "Backed out", None) if kind == "change" else None,
            component=self.one_of("db1", "db2", None),
            team=self.one_of(None, None, f"t{self.seed}", f"t{self.seed}0"),
            repository=self.one_of(f"acme/{self.services[0]}", None),
            labels=self.maybe(0.3, "|".join(self.chance.sample(LABELS, 2))),
            contributors=self.one_of(None, None, "eve", "cat|dan"), created_at=created,
            requested_at=self.maybe(0.4, self.after(created)),
            approved_at=self.maybe(0.5, self.after(created)) if kind == "change" else None,
            approved_by=self.one_of(*PEOPLE, None), planned_start_at=planned,
            planned_end_at=planned and self.maybe(0.8, planned + GRID * self.one_of(0, 1, 1, 2)),
            actual_start_at=self.maybe(0.5, planned), actual_end_at=planned and self.maybe(0.5, planned + GRID),
            merged_at=merged, closed_at=merged or self.maybe(0.5, self.after(created)),
            base_branch=self.one_of("main", None), head_revision=self.one_of(*self.revisions, None),
            merge_revision=self.one_of(*self.revisions, None), size_lines=self.one_of(None, 10, 400),
            reverts_key=self.maybe(0.07, self.one_of(*self.keys["c"])),
            post_review_at=self.maybe(0.2, self.after(self.after(created))),
            post_review_by=self.one_of(*PEOPLE, None), **self.person("requested_by"),
            **(self.person("merged_by") if merged else {}),
        )  # fmt: skip
        for i in range(self.chance.randint(0, 3)):
            self.records.add(
                "commit", f"{key}k{i}", change_key=key, revision=self.one_of(*self.revisions),
                committer=self.one_of("GitHub", "dan"), authored_at=self.instant(), committed_at=self.instant(),
                message=self.one_of(None, "Fix"), **self.person("author"),
            )  # fmt: skip
            self.decision(
                f"{key}g{i}", self.after(self.after(created)), change_key=key, conditions=self.maybe(0.1, "Flag off")
            )
            self.event("change", key)
            self.records.add(
                "vote", f"{key}v{i}", change_key=key, voted_at=self.after(created),
                label=self.one_of("Code-Review", "Verified"), value=self.one_of(-2, -1, 1, 2),
                revision=self.one_of(*self.revisions, None), voter=f"voter{i}", voter_type="human",
                comment=self.one_of(*TEXTS, None, None),
            )  # fmt: skip

    def decision(self, key: str, at: object, **about: object) -> None:
        """Draw a decision; nobody speaks twice of one thing at one instant, of which no source knows the order."""
        who = self.person("decided_by")
        said = (who["decided_by"], at, *about.values())
        if said[:3] not in self.spoken:
            self.spoken.add(said[:3])
            self.records.add(
                "decision", key, decided_at=at, comment=self.one_of(*TEXTS, *[None] * 10), environment="production",
                verdict=self.one_of("approved", "approved", "approved", "changes_requested", "rejected", "commented"),
                policy=self.one_of(None, None, "low-risk"), revision=self.one_of(*self.revisions, *[None] * 9), **who,
                **about,
            )  # fmt: skip

    def event(self, kind: str, key: str) -> None:
        """Draw something that happened to a record."""
        verb = self.one_of(*VERBS)
        field = {"status_changed": "status", "field_changed": self.one_of(*CHANGED), "labeled": "label"}.get(verb)
        self.records.add(
            "event", f"{self.name}e{len(self.records.of['event'])}", subject_kind=kind, subject_key=key, verb=verb,
            field=field, occurred_at=self.instant(), old_value=self.one_of(None, "low", "Open"),
            new_value=self.one_of(None, *VALUES), text=self.one_of(*TEXTS, *[None] * 6), **self.person("actor"),
        )  # fmt: skip

    def link(self, from_kind: str, from_key: str, relation: str, to_kind: str, to_key: str) -> None:
        """State a relation."""
        self.records.add(
            "link", f"{from_key}>{relation}>{to_key}", from_kind=from_kind, from_key=from_key, relation=relation,
            to_kind=to_kind, to_key=to_key,
        )  # fmt: skip

    def deployment(self, key: str) -> None:
        """Draw a deployment, with what it carries, who let it go and its statuses."""
        started = self.instant()
        self.records.add(
            "deployment", key, service=self.one_of(*self.services, self.services[0]),
            component=self.one_of("db1", None),
            environment=self.one_of("production", "production", "production", "prod", "staging", "uat", None),
            version=self.one_of(*self.versions, None, None), revision=self.one_of(*self.revisions, None, None),
            status=self.one_of(*["success"] * 5, "failed", "cancelled", "in_progress", None),
            plan=self.one_of(None, None, "steps"), run_key=self.one_of(*self.keys["r"][:10], *[None] * 8),
            change_key=self.maybe(0.2, self.one_of(*self.keys["c"])),
            release_key=self.one_of(*self.keys["l"][:4], *[None] * 6),
            rollback_of_key=self.maybe(0.08, self.one_of(*self.keys["d"])), started_at=started,
            finished_at=self.maybe(0.9, self.after(started)), verified_at=self.maybe(0.2, self.after(started)),
            verification=self.one_of(None, None, "smoke tests"), triggered_by=self.one_of(None, "bob"),
            **self.person("deployed_by"),
        )  # fmt: skip
        for change in self.chance.sample(self.keys["c"], self.one_of(0, 0, 1, 2, 3)):
            self.link("deployment", key, "carries", "change", change)
        for i in range(self.one_of(0, 0, 1, 2)):
            self.decision(f"{key}g{i}", started, deployment_key=key)
            self.event("deployment", key)
        if self.chance.random() < 0.2:
            for i, status in enumerate(("queued", "in_progress", self.one_of("success", "failure", "inactive"))):
                self.records.add(
                    "deployment_status", f"{key}s{i}", deployment_key=key, status=status,
                    occurred_at=self.after(started), description=self.one_of(*TEXTS, None),
                )  # fmt: skip

    def run(self, key: str) -> None:
        """Draw a run of a pipeline with its steps."""
        started = self.instant()
        names = ("deploy to production", "build", "release", "security scan", "smoke test", "rollback")
        self.records.add(
            "run", key, name=self.one_of(*names), repository=f"acme/{self.services[0]}",
            trigger=self.one_of("push", "pull_request"), branch="main", revision=self.one_of(*self.revisions),
            outcome=self.one_of("success", "success", "failure", "cancelled"),
            environment=self.one_of("production", None), started_at=started, finished_at=self.after(started),
            **self.person("triggered_by"),
        )  # fmt: skip
        for i in range(self.chance.randint(0, 2)):
            self.records.add(
                "run_step", f"{key}p{i}", run_key=key,
                name=self.one_of("Deploy", "smoke tests", "db migration", "health check"),
                outcome=self.one_of("success", "failure", "skipped"), started_at=started,
                finished_at=self.after(started),
            )  # fmt: skip
        self.decision(f"{key}g0", started, run_key=key)

    def release(self, key: str) -> None:
        """Draw a release, and two changes that it carries."""
        self.records.add(
            "release", key, service=self.one_of(*self.services), version=self.one_of(*self.versions),
            notes=self.one_of("notes", None), plan=self.one_of("plan", None), created_by=self.one_of(*PEOPLE),
            cut_at=self.instant(), released_at=self.instant(0.6),
        )  # fmt: skip
        self.event("release", key)
        for change in self.chance.sample(self.keys["c"], 2):
            self.link("release", key, "carries", "change", change)

    def incident(self, key: str) -> None:
        """Draw an incident, with a cause now and then."""
        created = self.instant()
        self.records.add(
            "incident", key, kind=self.one_of(None, "incident", "rollback", "hotfix"),
            severity=self.one_of("high", "low", None),
            title=self.one_of("Down", "config differs", "dependency missing", None),
            service=self.one_of(*self.services), environment=self.one_of("production", None),
            is_planned=self.one_of(None, None, False, True), created_at=created,
            deployment_key=self.maybe(0.3, self.one_of(*self.keys["d"])),
            change_key=self.maybe(0.15, self.one_of(*self.keys["c"])),
            resolved_at=self.maybe(0.7, self.after(self.after(created))),
        )  # fmt: skip

    def issue(self, key: str) -> None:
        """Draw an item of a tracker that may be a change, an incident or neither."""
        created = self.instant()
        self.records.add(
            "issue", key, record_type=self.one_of("Change", "Incident", "Story", "Bug"),
            title=self.one_of("Fix", "Upgrade", None),
            state=self.one_of("Open", "Done", "Released", "Awaiting approval"),
            service=self.one_of(*self.services, None), requested_by=self.one_of(*PEOPLE), created_at=created,
            closed_at=self.maybe(0.5, self.after(created)), risk=self.one_of("low", "high", None),
            labels=self.one_of(*LABELS, None),
        )  # fmt: skip
        self.event("issue", key)

    def window(self, key: str) -> None:
        """Draw a window."""
        start = self.instant(0.9)
        self.records.add(
            "window", key, kind=self.one_of("change", "change", "outage", "freeze", None),
            change_key=self.one_of(*self.keys["c"], None), service=self.one_of(*self.services, None),
            component=self.one_of("db1", "db1|db2", None), created_at=self.instant(0.9),
            environment=self.one_of("production", None), implementer=self.one_of(*PEOPLE, None),
            planned_start_at=start, planned_end_at=start and self.maybe(0.8, start + GRID * self.one_of(0, 1, 2, 4)),
            state=self.one_of(None, None, "Cancelled"), actual_start_at=self.maybe(0.4, start),
            actual_end_at=start and self.maybe(0.3, start + GRID),
        )  # fmt: skip

    def requests(self) -> None:
        """Say of some pull requests which change requests and items they implement: one, or two."""
        changes = [row for row in self.records.of["change"] if str(row["key"]).startswith(f"{self.name}c")]
        tickets = [str(row["key"]) for row in changes if row["record_type"] == "change"]
        for row in changes:
            if row["record_type"] != "change" and self.chance.random() < 0.5:
                for ticket in self.chance.sample(tickets, min(len(tickets), self.one_of(1, 2))):
                    self.link("change", str(row["key"]), "implements", "change", ticket)
                self.link("change", str(row["key"]), "implements", "issue", self.one_of(*self.keys["x"][:10]))
