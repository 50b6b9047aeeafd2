"""What happens in the demo before it is written in a source's words: pull requests, deployments, tickets, windows.

Owns the shape of happenings. Instants are epoch seconds. Whatever lies after the demo's end has not happened yet; the
writers leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ingest.demo.organisation import Organisation, Service


@dataclass(slots=True)
class Approval:
    """A request for approval in the service desk; ``answers`` are (login, decision)."""

    name: str
    created_at: int
    completed_at: int
    decision: str
    answers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Ticket:
    """An issue of the tracker: change, release or incident."""

    project: str
    kind: str
    title: str
    reporter: str
    created_at: int
    service: str
    team: str
    number: int = 0
    description: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    moves: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    comments: list[tuple[int, str, str]] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    links: list[Ticket] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    status: str = "Open"
    resolution: str = ""
    resolved_at: int = 0
    assignee: str = ""
    issue_id: int = 0
    cause: Deployment | None = None
    naming: str = ""

    @property
    def key(self) -> str:
        """The key people read."""
        return f"{self.project}-{self.number}"

    def move(self, at: int, by: str, status: str) -> None:
        """Move to a status and remember it."""
        self.moves.append((at, by, "status", self.status, status))
        self.status = status

    def edit(self, at: int, by: str, name: str, old: str, new: str) -> None:
        """Change a field and remember it."""
        self.moves.append((at, by, name, old, new))


@dataclass(slots=True)
class Commit:
    """A commit of a pull request."""

    sha: str
    at: int
    author: str
    message: str
    pushed_at: int


@dataclass(slots=True)
class Review:
    """A review as submitted; ``dismissed_at`` says that it no longer counts."""

    by: str
    at: int
    state: str
    body: str = ""
    sha: str = ""
    dismissed_at: int = 0
    dismissed_by: str = ""


@dataclass(slots=True)
class PullRequest:
    """A pull request with everything that happened to it."""

    service: str
    title: str
    author: str
    created_at: int
    ready_at: int
    risk: str
    change_type: str
    body: str = ""
    branch: str = ""
    base: str = "main"
    number: int = 0
    is_draft_first: bool = False
    commits: list[Commit] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    requests: list[tuple[int, str, str]] = field(default_factory=list)
    comments: list[tuple[int, str, str]] = field(default_factory=list)
    force_pushed: list[tuple[int, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    closes_issue: bool = False
    size: tuple[int, int] = (1, 0)
    merged_at: int = 0
    merged_by: str = ""
    merge_sha: str = ""
    closed_at: int = 0
    closed_by: str = ""
    ticket: Ticket | None = None
    reverts: PullRequest | None = None

    @property
    def approval(self) -> Review | None:
        """The last approving review that was not dismissed before the merge."""
        valid = [r for r in self.reviews if r.state == "APPROVED" and not r.dismissed_at]
        return valid[-1] if valid else None


@dataclass(slots=True)
class Step:
    """A job or stage of a run."""

    name: str
    start: int
    end: int
    outcome: str = "success"
    pause: int = 0


@dataclass(slots=True)
class Deployment:
    """An attempt to deploy, with the run that made it."""

    service: str
    environment: str
    sha: str
    version: str
    created_at: int
    creator: str
    triggered_by: str
    trigger: str
    statuses: list[tuple[int, str, str]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    carries: list[PullRequest] = field(default_factory=list)
    gate: list[tuple[str, str, str]] = field(default_factory=list)
    task: str = "deploy"
    description: str = ""
    number: int = 0
    run: int = 0
    is_failed_attempt: bool = False
    is_rollback: bool = False
    is_rerelease: bool = False
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def finished_at(self) -> int:
        """First success, else the last status."""
        return next((at for at, state, _ in self.statuses if state == "SUCCESS"), self.statuses[-1][0])


@dataclass(slots=True)
class Release:
    """A named version with its notes."""

    service: str
    version: str
    sha: str
    by: str
    created_at: int
    published_at: int
    notes: str = ""
    number: int = 0


@dataclass(slots=True)
class PlannedWindow:
    """An entry of the change calendar."""

    number: str
    kind: str
    title: str
    service: str
    component: str
    environment: str
    group: str
    implementer: str
    change_type: str
    state: str
    risk: str
    opened_at: int
    planned: tuple[int, int]
    actual: tuple[int, int] | None = None
    release: str = ""


@dataclass(slots=True)
class FlagFlip:
    """A change of a feature flag, which is a change without a release."""

    flag: str
    service: str
    environment: str
    by: str
    at: int
    old: str
    new: str
    comment: str = ""
    ticket: str = ""


@dataclass
class Story:
    """Everything that happened, by source, and the counters that give it names."""

    organisation: Organisation
    seed: int
    pull_requests: dict[str, list[PullRequest]] = field(default_factory=dict)
    deployments: dict[str, list[Deployment]] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    windows: list[PlannedWindow] = field(default_factory=list)
    flips: list[FlagFlip] = field(default_factory=list)
    failures: list[tuple[Deployment, str]] = field(default_factory=list)

    def week(self, at: int) -> float:
        """Return the demo's week of an instant, with its fraction."""
        return (at - self.organisation.start) / 604800

    def is_lost(self, at: int) -> bool:
        """Return whether a review of this instant is gone at the source."""
        outage = self.organisation.stories["outage"]
        return 0 <= self.week(at) - float(outage["from_week"]) < float(outage["weeks"])

    def service(self, name: str) -> Service:
        """Return a service by name."""
        return self.organisation.services[name]
