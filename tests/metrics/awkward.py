"""More of what goes wrong with records: reviews, conditions, stages, versions of versions, and how files arrive.

Owns the draws that the base organisation does not make, and the writing of records as exports have them: in any order,
some of them twice, some in an older version beside the current one, from two sources that number alike.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from tests.metrics.organisations import (
    DAY,
    HOUR,
    MINUTE,
    OUTCOMES,
    START,
    TICKET_STATES,
    Organisation,
    Records,
    text,
    write,
)

VERSIONS = (
    "1.2.0", "1.10.0", "1.9.2", "v1.2.0", "1.2", "2.0-rc1", "2.0-rc.10", "2.0-beta", "2.0.0+7", "2.0.1", "release_9",
    "release_10", "main", "1.2.3.4.5.6.7", "1.2.3.4.5.6.8", "2026-03-01", "\u0661.\u0662",
)  # fmt: skip
CONDITIONS = (
    "1. Support is briefed; 2. Rollback tested",
    "- Flag off\n- Roll out at 10 % for 48 hours",
    "Größe geprüft; '); drop table x; --",
    "[x] Ticked already\n[ ] Backup taken",
    "2) Second\n1) First",
    "1. Backup taken; 2. Rollback tested; 3. Flag off",
    "2.5 hours of freeze are agreed; Flag off",
)
# What files hold as text: nothing in it may mean anything to anybody but its reader.
HOSTILE = ("'; drop table marts.changes; --", "=1+1", "Ünïcödé 変更 🚀", 'a "quoted" | piped, \\ text', "%s {0} $1")
SUPERSEDED = ("change", "deployment", "incident", "window")


# The same people as other tools write them; whom the configuration names is written in one way.
SPELLINGS = {"ann": ("Ann (ann)", "ann@example.org"), "dan": ("dan@example.org",), "eve": ("Eve (eve)",)}


class Awkward(Organisation):
    """An organisation with everything that the rest of the definitions speak of."""

    def somebody(self, odd: float = 0.15) -> tuple[str | None, str | None]:
        """Return a login and its type, now and then under another spelling."""
        login, kind = super().somebody(odd)
        return (self.one_of(*SPELLINGS[login]) if login in SPELLINGS and self.likely(0.1) else login), kind

    def change(self, key: str) -> dict[str, object]:
        """Draw a change, and what was asked of it, done about it and said of it afterwards."""
        known = super().change(key)
        row = self.records.of["change"][-1]
        created = row["created_at"] or self.instant()
        assert isinstance(created, datetime)
        if self.likely(0.3):
            row["title"] = self.one_of(*HOSTILE)
        if self.likely(0.3):
            row["first_commit_at"] = created - self.one_of(timedelta(0), HOUR, 40 * DAY)
        if row["change_type"] == "Emergency" or row["labels"] == "hotfix" or self.likely(0.05):
            self.review(key, row, created)
        if row["record_type"] == "change":
            self.work(row, created)
            if self.likely(0.3):
                self.conditions(key, row, created)
        if self.likely(0.2):
            self.take_back(key, row)
        if row["state"] == "open" and self.likely(0.2):
            # Closed once, and opened again: the closing stayed in the record.
            row["closed_at"] = created + 2 * HOUR
            row["outcome"] = self.one_of(None, row["outcome"], "Successful")
        return known | row

    def take_back(self, key: str, row: dict[str, object]) -> None:
        """Say, in one way or another, that a change takes back another of before; as planned now and then."""
        older = [other for other in self.records.of["change"][:-1] if self.owns(other["key"])]
        if not older:
            return
        other = self.chance.choice(older)
        way = self.one_of("field", "link", "event", "title", "title")
        if way == "field":
            row["reverts_key"] = other["key"]
        elif way == "link":
            self.link("change", key, "reverts", "change", other["key"])
        elif way == "event":
            self.event("change", str(other["key"]), "reverted", self.instant(), "ann", new_value=key)
        elif other["title"]:
            row["title"] = f'Revert "{other["title"]}"'
        if self.likely(0.15):
            row["labels"] = self.one_of("planned", "Temporary|risk:low")

    def deployment(
        self, key: str, changes: list[dict[str, object]], before: list[dict[str, object]]
    ) -> dict[str, object]:
        """Draw a deployment, now and then let go by somebody in its pipeline."""
        drawn = super().deployment(key, changes, before)
        for i in range(self.one_of(0, 0, 0, 0, 1, 2)):
            person, kind = self.one_of((drawn["deployed_by"], None), self.somebody(0.2))
            at = drawn["started_at"] - HOUR if isinstance(drawn["started_at"], datetime) else self.instant()
            self.records.add(
                "decision", f"{key}g{i}", deployment_key=key, decided_by=person, decided_by_type=kind, decided_at=at,
                verdict=self.one_of("approved", "approved", "approved", "rejected"),
            )  # fmt: skip
        return drawn

    def review(self, key: str, row: dict[str, object], created: datetime) -> None:
        """Review an emergency: before its end, in time, on the last instant, late; by anybody, by nobody known."""
        at = created + self.one_of(HOUR, DAY, 5 * DAY, 6 * DAY, 30 * DAY)
        if self.likely(0.5):
            row |= {
                "post_review_at": at,
                "post_review_by": self.one_of("bob", "eve", row["requested_by"], "ghost", None),
            }
        if self.likely(0.4):
            for i in range(self.chance.randint(1, 2)):
                self.event(
                    "change", key, "post_reviewed", at + i * HOUR, self.one_of("cat", "eve", row["requested_by"])
                )

    def work(self, row: dict[str, object], created: datetime) -> None:
        """Say when a ticket was worked on, with or without a plan."""
        start = created + self.one_of(timedelta(0), HOUR, 3 * DAY)
        row |= self.one_of(
            {}, {}, {},
            {"actual_start_at": start, "actual_end_at": start + self.one_of(HOUR, DAY, -HOUR)},
            {"actual_start_at": start},
            {"actual_end_at": start},
        )  # fmt: skip
        if self.likely(0.15):
            row["planned_start_at"] = created + self.one_of(48 * HOUR, 48 * HOUR + timedelta(seconds=1), -HOUR)
        if self.likely(0.05):
            row["planned_end_at"] = start + HOUR

    def conditions(self, key: str, row: dict[str, object], created: datetime) -> None:
        """Set conditions, and say of some that they are met: too early, in time, late, or of another one."""
        row["conditions"] = self.one_of(*CONDITIONS)
        for _ in range(self.chance.randint(0, 3)):
            at = created + self.one_of(-HOUR, HOUR, 6 * HOUR, DAY, 4 * DAY)
            words, verb = self.one_of(
                (f"Condition {self.chance.randint(1, 3)} met: yes", "commented"),
                (self.one_of("Conditions 1 and 2 have been met.", "all conditions met"), "commented"),
                ("Looks fine to me", "commented"),
                ("Rollback tested", "condition_met"),
                ("größe GEPRÜFT", "condition_met"),
                ("flag off", "condition_met"),
            )
            self.event("change", key, verb, at, self.one_of("cat", "robin", "ghost"), text=words)

    def load(
        self, key: str, fields: dict[str, object], changes: list[dict[str, object]], before: list[dict[str, object]]
    ) -> None:
        """Say what is brought: often a numbered version, often what another environment had before."""
        super().load(key, fields, changes, before)
        if self.likely(0.45):
            first = int(self.name[1:]) % (len(VERSIONS) - 3)
            fields["version"] = self.one_of(*VERSIONS[first : first + 4])
            fields["revision"] = fields["artifact_digest"] = None
        older = [row for row in before if row["service"] == fields["service"]]
        if older and self.likely(0.3):
            again = self.chance.choice(older)
            fields |= {name: again.get(name) for name in ("revision", "version", "artifact_digest")}
            fields["environment"] = self.one_of("production", "prod", "staging", "UAT")
        fields["component"] = self.one_of(None, None, "db1", "db2")

    def window(self, key: str, changes: list[dict[str, object]]) -> None:
        """Draw a window; a freeze more often than the base does, named as its file names it."""
        super().window(key, changes)
        row = self.records.of["window"][-1]
        if self.likely(0.15):
            row["kind"] = "freeze"
        if row["kind"] == "freeze":
            row["component"] = self.one_of(None, None, None, "db1", "DB2|db1")
            row["environment"] = self.one_of(None, "Production", "staging", "production-eu")
            row["title"] = self.one_of(None, "weekly", "weekly", *HOSTILE)


def awkward_organisations(seeds: Iterable[int], renamed: str = "") -> Records:
    """Return organisations side by side; renamed ones have the same keys, services of their own and no windows."""
    records = Records()
    for seed in seeds:
        organisation = Awkward(seed + 500_000 if renamed else seed, records)
        if renamed:
            organisation.name = f"o{seed}"
            organisation.services = [f"{renamed}-{name}" for name in organisation.services]
        organisation.draw()
    if renamed:
        records.of["window"].clear()
        for row in records.of["change"]:
            row |= dict.fromkeys(("planned_start_at", "planned_end_at", "actual_start_at", "actual_end_at"))
    return records


def add_sure(records: Records, number: int) -> None:
    """Add what a batch has to hold whatever is drawn, under any limits that are.

    A change that two people approved before it was deployed, one that nobody approved, and one that takes that back and
    was approved after its deployment. An incident is of the first deployment, and the last one held.
    """
    created = START + 8 * DAY
    for name, begun, approved, deployed in (("a", 0, (2, 3), 8), ("b", 0, (), 12), ("c", 13, (20, 21), 16)):
        key = f"sure{number}{name}"
        asked = created + begun * HOUR
        records.add(
            "change", key, record_type="pull_request", title=f"Surely {key}", requested_by="ann",
            requested_by_type="human", created_at=asked, requested_at=asked + HOUR, state="merged",
            merged_at=created + (deployed - 1) * HOUR, merged_by="dan", merged_by_type="human",
            head_revision=f"{key}-head", merge_revision=f"{key}-merge",
            reverts_key=f"sure{number}b" if name == "c" else None,
        )  # fmt: skip
        for hours, person in zip(approved, ("bob", "cat"), strict=False):
            records.add(
                "decision", f"{key}r{hours}", change_key=key, decided_by=person, decided_by_type="human",
                decided_at=created + hours * HOUR, verdict="approved", revision=f"{key}-head",
            )  # fmt: skip
        records.add(
            "deployment", f"{key}d", service=f"sure{number}", environment="production", status="success",
            started_at=created + deployed * HOUR, finished_at=created + deployed * HOUR + MINUTE, deployed_by="eve",
            deployed_by_type="human", revision=f"{key}-built", change_key=key,
        )  # fmt: skip
    records.add(
        "incident", f"sure{number}i", service=f"sure{number}", created_at=created + 9 * HOUR,
        resolved_at=created + 10 * HOUR, deployment_key=f"sure{number}ad",
    )  # fmt: skip


def write_awkwardly(records: Records, folder: Path, source: str, seed: int) -> dict[Path, Path]:
    """Write the records with earlier versions of some, some of them twice, and all in any order."""
    chance = random.Random(f"{source} {seed}")
    ((path, mapping),) = write(records, folder, source).items()
    lines = path.read_text(encoding="utf-8").splitlines()
    for kind in SUPERSEDED:
        for row in records.of[kind]:
            if chance.random() < 0.12:
                lines += superseded(kind, row, chance)
                lines.remove(line(kind, row))
    lines += chance.sample(lines, k=len(lines) // 20)
    chance.shuffle(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {path: mapping}


def superseded(kind: str, row: dict[str, object], chance: random.Random) -> list[str]:
    """Return the record in its current version and one or two that it replaced."""
    seen = datetime(2026, 5, 1) + timedelta(hours=chance.randint(0, 500))
    versions = [line(kind, {**row, "updated_at": seen})]
    for age in range(1, chance.randint(2, 3)):
        old = {**row, "updated_at": seen - age * HOUR}
        if kind == "change":
            old |= {"state": chance.choice(TICKET_STATES), "outcome": chance.choice(OUTCOMES), "approved_at": None}
        elif kind == "deployment":
            old |= {"status": "in_progress", "finished_at": None, "version": "0.0.1"}
        elif kind == "incident":
            old |= {"resolved_at": None, "deployment_key": None}
        else:
            old |= {"planned_start_at": None, "state": "cancelled"}
        versions.append(line(kind, old))
    return versions


def line(kind: str, row: dict[str, object]) -> str:
    stated = {name: text(value) for name, value in row.items() if value is not None}
    return json.dumps({"record_kind": kind, **stated})
