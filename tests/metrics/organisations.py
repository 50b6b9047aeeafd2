"""Small invented organisations with every awkward mixture the definitions speak of; the seed decides every record.

Owns which records are drawn, and how they get into a workspace: one JSON Lines file through one mapping, as anybody's
records do. Refuses to know what any metric makes of them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from models.records import KINDS

SOURCE = "org"
START = datetime(2026, 2, 2)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PEOPLE = ("ann", "bob", "cat", "dan", "eve")
# A bot by its type, one by its name, a placeholder for a deleted account, and nobody at all.
ODD = (("robin", "bot"), ("deploy-bot", None), ("ghost", "human"), (None, None))
CHANGE_TYPES = ("normal", "normal", "Standard", "Emergency", None)
TICKET_STATES = ("open", "implemented", "done", "closed", "rejected", "cancelled")
OUTCOMES = ("Successful", "Successful with issues", "Unsuccessful", "Backed out", "Cancelled", None, None)
ENVIRONMENTS = ("production", "Production", "prod", "production", "staging", "production-eu", None)
LEADS = (0, 1, -1, -120, -121, -3600, 3600, -172800, -172801)
FIELDS = {kind: [name for name in model.model_fields if name != "key"] for kind, model in KINDS.items()}


@dataclass
class Records:
    """Records by kind, each a dictionary of the kind's fields; what is not stated is None."""

    of: dict[str, list[dict[str, object]]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, kind: str, key: str, /, **fields: object) -> str:
        """Keep a record and return its key."""
        assert set(fields) <= set(FIELDS[kind]), set(fields) - set(FIELDS[kind])
        self.of[kind].append({"key": key, **dict.fromkeys(FIELDS[kind]), **fields})
        return key


def write(records: Records, folder: Path, source: str = SOURCE) -> dict[Path, Path]:
    """Write the records as JSON Lines with the mapping that reads them back; return file → mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = sorted({name for fields in FIELDS.values() for name in fields})
    mapping = ['name = "everything"', f'source = "{source}"', 'file = "*.jsonl"', f"optional_columns = {columns}"]
    for kind, fields in FIELDS.items():
        mapping += ["[[record]]", f'kind = "{kind}"', 'key = "key"']
        mapping += [f'when = {{ column = "record_kind", equals = "{kind}" }}', "[record.fields]"]
        mapping += [f'{name} = "{name}"' for name in fields]
    (folder / "everything.toml").write_text("\n".join(mapping), encoding="utf-8")
    with (folder / "everything.jsonl").open("w", encoding="utf-8") as file:
        for kind, rows in records.of.items():
            for row in rows:
                stated = {name: text(value) for name, value in row.items() if value is not None}
                file.write(json.dumps({"record_kind": kind, **stated}) + "\n")
    return {folder / "everything.jsonl": folder / "everything.toml"}


def text(value: object) -> object:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def organisations(seeds: Iterable[int]) -> Records:
    """Return the records of one organisation per seed, side by side: services and keys differ, people are the same."""
    records = Records()
    for seed in seeds:
        Organisation(seed, records).draw()
    return records


class Organisation:
    """One organisation: a few services, a fortnight, and everything that may go wrong with records."""

    def __init__(self, seed: int, records: Records) -> None:
        self.chance = random.Random(seed)
        self.name = f"o{seed}"
        self.records = records
        self.begin = START + DAY * self.chance.randint(0, 100)
        self.services = [f"{self.name}-{name}" for name in ("web", "api", "pay")[: self.chance.randint(1, 3)]]

    def draw(self) -> None:
        """Draw all records."""
        changes = [self.change(f"{self.name}c{i}") for i in range(self.chance.randint(3, 10))]
        tickets = [change for change in changes if change["record_type"] == "change"]
        for change in changes:
            if change["record_type"] == "pull_request" and tickets and self.chance.random() < 0.2:
                self.link("change", change["key"], "implements", "change", self.chance.choice(tickets)["key"])
        deployments: list[dict[str, object]] = []
        for i in range(self.chance.randint(2, 10)):
            deployments.append(self.deployment(f"{self.name}d{i}", changes, deployments))
        for i in range(self.chance.randint(0, 6)):
            self.incident(f"{self.name}i{i}", deployments, changes)
        for i in range(self.chance.randint(0, 8)):
            self.window(f"{self.name}w{i}", changes)

    def one_of(self, *values: Any) -> Any:  # noqa: ANN401 - values of any type, and one of them back
        """Return one of the values."""
        return self.chance.choice(values)

    def likely(self, share: float) -> bool:
        """Draw whether something happens."""
        return self.chance.random() < share

    def instant(self, days: int = 12) -> datetime:
        """Return an instant on a coarse grid, so that ties are common, sometimes a second off."""
        on_grid = self.begin + timedelta(hours=6 * self.chance.randint(0, days * 4))
        return on_grid + timedelta(seconds=self.one_of(0, 0, 0, 0, 1, -1, 1800))

    def after(self, instant: datetime) -> datetime:
        """Return an instant not before the given one: often the same, or a step of the grid."""
        return instant + timedelta(seconds=self.one_of(0, 1, 60, 120, 121, 3600, 3600, 7200, 21600, 86400))

    def owns(self, key: object) -> bool:
        """Whether a record is one of this organisation's."""
        return str(key).startswith(f"{self.name}c")

    def sha(self) -> str:
        """Return a new commit."""
        return f"{self.chance.getrandbits(160):040x}"

    def somebody(self, odd: float = 0.15) -> tuple[str | None, str | None]:
        """Return a login and its type: a person, now and then something else."""
        return self.chance.choice(ODD) if self.likely(odd) else (self.chance.choice(PEOPLE), self.one_of("human", None))

    def link(self, from_kind: str, from_key: object, relation: str, to_kind: str, to_key: object) -> None:
        """State a relation, once."""
        key = f"{from_key}>{relation}>{to_key}"
        if all(row["key"] != key for row in self.records.of["link"]):
            self.records.add(
                "link", key, from_kind=from_kind, from_key=from_key, relation=relation, to_kind=to_kind, to_key=to_key
            )

    def change(self, key: str) -> dict[str, object]:
        """Draw a pull request or a change ticket with its commits, pushes and decisions."""
        is_ticket = self.likely(0.35)
        created = self.instant()
        requester, requester_type = self.somebody()
        fields: dict[str, object] = {
            "record_type": "change" if is_ticket else "pull_request",
            "title": self.one_of(f"Work on {key}", None),
            "description": self.one_of("why and what", "  ", None),
            "service": self.chance.choice(self.services) if self.likely(0.95) else None,
            "change_type": self.one_of(*CHANGE_TYPES) if is_ticket or self.likely(0.2) else None,
            "requested_by": requester,
            "requested_by_type": requester_type,
            "created_at": created if self.likely(0.95) else None,
            "risk": self.one_of("low", "high", None),
            "rollback_plan": self.one_of("go back", None),
            "stakeholders": self.one_of("ops", None),
            "contributors": self.one_of(None, None, "eve", "cat|dan", "ghost"),
        }
        if fields["change_type"] == "Standard":
            fields |= self.one_of({}, {"template": "Restart", "template_version": "3"}, {"template": "Restart"})
        self.ask(key, fields, created)
        if is_ticket:
            self.end_ticket(fields, created)
        else:
            self.end_pull_request(key, fields, created)
        self.records.add("change", key, **fields)
        for i in range(self.chance.randint(0, 2)):
            self.commit(f"{key}k{i}", key, created)
        for i in range(self.chance.choice((0, 0, 1, 1, 2, 3))):
            self.decision(f"{key}r{i}", key, fields, created)
        return {"key": key, **dict.fromkeys(FIELDS["change"]), **fields}

    def ask(self, key: str, fields: dict[str, object], created: datetime) -> None:
        """State, in one way or another, when approval was asked for."""
        way = self.chance.random()
        if way < 0.3:
            fields["requested_at"] = self.after(created)
        elif way < 0.4:
            fields |= {"ready_at": self.after(created), "requested_at": self.after(created)}
        elif way < 0.6 and fields["record_type"] == "pull_request":
            for verb in ("ready_for_review", "review_requested", "review_requested"):
                if self.likely(0.6):
                    self.event("change", key, verb, self.after(created), fields["requested_by"])
        elif way < 0.7 and fields["record_type"] == "change":
            self.event("change", key, "status_changed", self.after(created), "ann", new_value="Awaiting approval")

    def end_ticket(self, fields: dict[str, object], created: datetime) -> None:
        """Close a ticket or leave it open, with its approval, plan and conditions as fields."""
        fields["state"] = self.one_of(*TICKET_STATES)
        if fields["state"] != "open":
            fields["closed_at"] = self.after(self.after(created)) if self.likely(0.8) else None
            fields["outcome"] = self.one_of(*OUTCOMES)
        if self.likely(0.5):
            fields |= {"approved_at": self.after(created) - self.one_of(timedelta(0), DAY), "approved_by": "bob"}
            fields["approved_by"] = self.one_of("bob", "cat", fields["requested_by"], "ghost")
        if self.likely(0.3):
            start = self.after(created) + self.one_of(timedelta(0), 3 * DAY)
            fields |= {"planned_start_at": start, "planned_end_at": start + self.one_of(HOUR, DAY, 2 * DAY)}
        if self.likely(0.15):
            fields["conditions"] = self.one_of("Support is briefed", "Rollback tested; Flag off")
        if self.likely(0.3):
            fields["merge_revision"] = self.sha()

    def end_pull_request(self, key: str, fields: dict[str, object], created: datetime) -> None:
        """Merge or close a pull request, past a protection now and then."""
        fields["head_revision"] = self.sha() if self.likely(0.8) else None
        fields["state"] = self.one_of("merged", "merged", "merged", "open", "closed")
        if self.likely(0.1):
            fields["labels"] = self.one_of("hotfix", "risk:low")
        if fields["state"] == "merged":
            fields["merged_at"] = self.after(self.after(created))
            fields["closed_at"] = self.one_of(None, fields["merged_at"])
            fields["merge_revision"] = self.sha()
            fields["merged_by"], fields["merged_by_type"] = self.somebody()
            if self.likely(0.1):
                self.event("change", key, "bypassed", fields["merged_at"], fields["merged_by"])
        elif fields["state"] == "closed":
            fields["closed_at"] = self.after(self.after(created)) if self.likely(0.8) else None
        if self.likely(0.3):
            self.event("change", key, "pushed", self.after(self.after(created)), fields["requested_by"])

    def event(self, subject: str, key: str, verb: str, at: object, actor: object, **more: object) -> None:
        """State that something happened to a record."""
        number = len(self.records.of["event"])
        if verb == "status_changed":
            more["field"] = "status"
        self.records.add(
            "event", f"e{number}", subject_kind=subject, subject_key=key, verb=verb, occurred_at=at, actor=actor, **more
        )

    def commit(self, key: str, change: str, created: datetime) -> None:
        """Draw a commit, the platform or a person as its committer, alone or with co-authors."""
        author, author_type = self.somebody(0.1)
        self.records.add(
            "commit", key, change_key=change, author=author, author_type=author_type, revision=self.sha(),
            committer=self.one_of(author, "GitHub", "web-flow", "dan"), co_authors=self.one_of(None, None, "eve|bob"),
            authored_at=created - self.one_of(HOUR, DAY), committed_at=created - self.one_of(MINUTE, HOUR),
        )  # fmt: skip

    def decision(self, key: str, change: str, fields: dict[str, object], created: datetime) -> None:
        """Draw a decision: before the request, of another revision, dismissed, without a time, by anything."""
        person, kind = self.somebody(0.2)
        if self.likely(0.1):
            person, kind = fields["requested_by"], None  # type: ignore[assignment]
        at = self.after(created) + timedelta(seconds=self.one_of(0, 0, 17, -3600, 3617))
        # One person decides twice at one instant in no source that knows which came first.
        at += timedelta(seconds=self.chance.randint(0, 29)) if self.likely(0.5) else timedelta(0)
        head = fields.get("head_revision")
        more: dict[str, object] = {}
        verdict = self.one_of("approved", "approved", "approved", "changes_requested", "commented", "rejected")
        if verdict == "approved" and self.likely(0.2):
            more["dismissed_at"] = self.after(at)
        elif self.likely(0.1):
            # Taken back before anybody looked: what it was, and often when it ended, nothing says.
            verdict, more["dismissed_at"] = "dismissed", self.one_of(None, self.after(at))
        if person in ("robin", "deploy-bot") and self.likely(0.5):
            more |= {"policy": "low-risk", "policy_version": "4"}
        is_twice = any(
            row["change_key"] == change and row["decided_by"] == person and row["decided_at"] == at
            for row in self.records.of["decision"]
        ) or (fields.get("approved_by"), fields.get("approved_at")) == (person, at)
        if not is_twice:
            self.records.add(
                "decision", key, change_key=change, decided_by=person, decided_by_type=kind, verdict=verdict,
                decided_at=at if self.likely(0.95) else None,
                revision=self.one_of(head, head, head, self.sha(), None), **more,
            )  # fmt: skip

    def deployment(
        self, key: str, changes: list[dict[str, object]], before: list[dict[str, object]]
    ) -> dict[str, object]:
        """Draw a deployment: of a change by any link, again, back to an older one, or of something unknown."""
        service = self.chance.choice(self.services)
        started = self.instant()
        decided: list[dict[str, Any]] = [
            row for row in self.records.of["decision"] if row["decided_at"] and self.owns(row["key"])
        ]
        if decided and self.likely(0.4):
            # Begun about the instant of an approval, exactly at the borders of what counts as before it.
            decision = self.chance.choice(decided)
            started = decision["decided_at"] + timedelta(seconds=self.one_of(*LEADS))
            self.link("deployment", key, "carries", "change", decision["change_key"])
        deployer, deployer_type = self.somebody()
        fields: dict[str, object] = {
            "service": service if self.likely(0.97) else None,
            "environment": self.one_of(*ENVIRONMENTS),
            "status": self.one_of("success", "success", "success", "success", "inactive", "failed", "cancelled", None),
            "started_at": started,
            "finished_at": started + self.one_of(timedelta(0), MINUTE, 10 * MINUTE, HOUR),
            "deployed_by": deployer,
            "deployed_by_type": deployer_type,
            "triggered_by": self.one_of(None, None, "bob"),
        }
        self.load(key, fields, changes, before)
        if self.likely(0.25):
            self.statuses(key, fields, started)
        elif self.likely(0.1):
            fields[self.one_of("started_at", "finished_at")] = None
        self.records.add("deployment", key, **fields)
        return {"key": key, **fields}

    def load(
        self, key: str, fields: dict[str, object], changes: list[dict[str, object]], before: list[dict[str, object]]
    ) -> None:
        """Say what the deployment brings."""
        mine = [change for change in changes if change["service"] == fields["service"]]
        older = [row for row in before if row["service"] == fields["service"]]
        draw = self.chance.random()
        if draw < 0.35 and older:
            again = self.chance.choice(older)
            fields |= {name: again.get(name) for name in ("revision", "version", "artifact_digest")}
            if self.likely(0.2):
                fields["rollback_of_key"] = self.chance.choice(older)["key"]
        elif draw < 0.7 and mine:
            named = self.one_of("merge_revision", "merge_revision", "merge_revision", "head_revision")
            fields["revision"] = self.chance.choice(mine).get(named)
        elif draw < 0.9:
            fields["version"] = f"v{self.chance.randint(1, 12)}"
        else:
            fields["artifact_digest"] = f"sha256:{self.sha()[:8]}"
        if self.likely(0.5):
            for change in self.chance.sample(changes, k=self.chance.randint(1, min(3, len(changes)))):
                self.link("deployment", key, "carries", "change", change["key"])
        elif self.likely(0.2):
            fields["change_key"] = self.chance.choice(changes)["key"]

    def statuses(self, key: str, fields: dict[str, object], started: datetime) -> None:
        """Give the deployment a history instead of a status and instants of its own."""
        fields |= {"started_at": None, "finished_at": None, "created_at": started}
        ends = self.one_of(("success",), ("success", "inactive"), ("failure",), ("failure", "success"), ())
        at = started
        began = self.one_of(*[("queued", "in_progress")] * 5, ("waiting", "in_progress"), ("waiting",), ("queued",))
        for i, status in enumerate((*began, *ends)):
            at = self.after(at)
            self.records.add("deployment_status", f"{key}s{i}", deployment_key=key, status=status, occurred_at=at)
            fields["status"] = status

    def incident(self, key: str, deployments: list[dict[str, object]], changes: list[dict[str, object]]) -> None:
        """Draw an incident, often exactly at a border of a deployment's time."""
        about = self.chance.choice(deployments)
        finished, started = about["finished_at"], about["started_at"]
        opened: object = self.instant()
        if isinstance(finished, datetime) and self.likely(0.6):
            opened = finished + self.one_of(timedelta(0), MINUTE, HOUR, DAY, DAY + timedelta(seconds=1), 3 * DAY)
        elif isinstance(started, datetime) and self.likely(0.6):
            opened = started + self.one_of(timedelta(0), timedelta(seconds=-1), timedelta(seconds=1))
        assert isinstance(opened, datetime)
        more: dict[str, object] = {}
        if self.likely(0.2):
            more["deployment_key"] = self.chance.choice(deployments)["key"]
        elif self.likely(0.2):
            more |= {name: about.get(name) for name in ("revision", "version")}
        self.records.add(
            "incident", key, service=about["service"] if self.likely(0.85) else self.chance.choice(self.services),
            kind=self.one_of(None, "incident", "rollback", "hotfix"),
            environment=self.one_of(None, None, "Production", "staging ", "UAT", about["environment"]),
            is_planned=self.one_of(None, None, None, False, True),
            **{self.one_of("created_at", "started_at"): opened if self.likely(0.97) else None},
            resolved_at=opened + self.one_of(HOUR, DAY, timedelta(0), -HOUR) if self.likely(0.7) else None, **more,
        )  # fmt: skip

    def window(self, key: str, changes: list[dict[str, object]]) -> None:
        """Draw a window: touching, reversed, of no length, without an end or a start, of the same change."""
        start, actual = self.instant(4), self.instant(4)
        entered = start - self.one_of(DAY, timedelta(0), timedelta(seconds=-1), 9 * DAY)
        change = self.chance.choice([*changes, None, None])
        self.records.add(
            "window", key, kind=self.one_of("change", "change", "change", "change", None, "outage", "freeze"),
            change_key=change["key"] if change else None, release_key=self.one_of(None, None, None, f"{self.name}-r1"),
            service=self.one_of(*self.services, None), component=self.one_of(None, "db1", "db1|db2", "db2|db1|db1"),
            environment=self.one_of(f"production-{self.name}", None, "production"),
            implementer=self.one_of("ann", "bob", "ghost", None),
            change_type=self.one_of(None, "normal", "emergency"),
            state=self.one_of(None, None, None, "approved", "Cancelled", "rejected"),
            created_at=entered if self.likely(0.9) else None,
            planned_start_at=start if self.likely(0.9) else None,
            planned_end_at=self.one_of(None, start, start - HOUR, *(start + 6 * HOUR * i for i in range(1, 5))),
            **self.one_of(
                {},
                {"actual_start_at": actual, "actual_end_at": actual + 6 * HOUR},
                {"actual_start_at": actual},
                {"actual_end_at": actual},
                {"actual_start_at": start - self.one_of(timedelta(0), HOUR), "actual_end_at": start + 9 * HOUR},
            ),
        )  # fmt: skip
