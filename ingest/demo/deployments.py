"""The demo's delivery of one service: what is deployed when, carrying what, and what follows when it goes wrong.

Owns the order of deployments of a service: each carries what was merged since the last one; a pipeline may fail and
run again; a deployment may fail in production and be followed by a rollback, a revert or a hotfix. How a team deploys
is given as a ``Delivery``; what a failure looks like in tickets is in ``demo.failures``.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ingest.demo.calendar import HOUR, MINUTE, instant
from ingest.demo.chance import Chance
from ingest.demo.model import Deployment, PullRequest, Step, Story
from ingest.demo.organisation import Service, Team

PRODUCTION = "production"
GATE = "Go/no-go"
EXAMPLE = "worked example"
_SETTLE = 45

_REFUSALS = (
    ("deploy", "Environment differs from staging: configuration key missing"),
    ("deploy", "Image digest differs from the one that was tested, stopped"),
    ("deploy", "Timed out waiting for a dependency to be deployed"),
    ("readiness", "Readiness check failed: runbook entry is open"),
    ("deploy", "Migration check failed before traffic"),
)


@dataclass(frozen=True)
class Delivery:
    """How a team deploys.

    Args:
        trigger: What starts the run: ``push`` or ``workflow_dispatch``.
        failed: Share of finished deployments that need intervention.
        minutes: Median length of a deployment.
        steps: Names of the run's jobs with their share of its time.
        prepare: Chooses who deploys and completes what is carried; called once per deployment that is going to be
            tried, with the deployment and what it carries.
        settled: Called after a successful deployment, for whatever a team writes then.
        most: How many changes one deployment carries at most; 0 means all that wait.
    """

    trigger: str
    failed: float
    minutes: int
    steps: tuple[tuple[str, float], ...]
    prepare: Callable[[Deployment], None]
    settled: Callable[[Deployment], None]
    most: int = 0


@dataclass
class Line:
    """A service's way to production as far as it has been told."""

    story: Story
    team: Team
    service: Service
    delivery: Delivery
    chance: Chance
    merged: list[tuple[int, int, PullRequest]] = field(default_factory=list)
    slots: list[tuple[int, int, int, str]] = field(default_factory=list)
    waiting: list[PullRequest] = field(default_factory=list)
    done: list[Deployment] = field(default_factory=list)
    good: list[Deployment] = field(default_factory=list)
    versions: int = 0

    def add(self, pull: PullRequest) -> None:
        """Queue a merged pull request."""
        heapq.heappush(self.merged, (pull.merged_at, id_of(pull), pull))

    def slot(self, at: int, cut: int = 0, kind: str = "normal") -> None:
        """Plan a deployment of what is merged until ``cut``."""
        heapq.heappush(self.slots, (at, len(self.slots) + len(self.done), cut or at - _SETTLE, kind))


def id_of(pull: PullRequest) -> int:
    """Return a number that orders pull requests merged in the same second."""
    return int(pull.merge_sha[:12], 16)


def deliver(line: Line, pulls: Iterable[PullRequest], failing: Callable[[Line, Deployment], None]) -> None:
    """Run a service's deployments in order; ``failing`` tells what happens after one that went wrong."""
    for pull in pulls:
        line.add(pull)
    everywhere = line.story.organisation.stories["everywhere"]
    while line.slots:
        at, _, cut, kind = heapq.heappop(line.slots)
        if at > line.story.organisation.end:
            break
        while line.merged and line.merged[0][0] <= cut:
            line.waiting.append(heapq.heappop(line.merged)[2])
        if not line.waiting:
            continue
        deployment = _begin(line, at)
        line.delivery.prepare(deployment)
        if kind == "normal" and line.chance.happens(float(everywhere["failed_attempt"])):
            _refuse(line, deployment)
            line.slot(deployment.finished_at + line.chance.around(25 * MINUTE), kind="again")
            continue
        _finish(line, deployment)
        line.waiting = line.waiting[len(deployment.carries) :]
        line.delivery.settled(deployment)
        if kind == EXAMPLE:
            continue
        if line.chance.happens(line.delivery.failed):
            failing(line, deployment)
        elif line.chance.happens(float(everywhere["re_release"])):
            again(line, deployment, deployment.finished_at + line.chance.around(6 * HOUR), is_rollback=False)
    line.done.sort(key=lambda deployment: deployment.created_at)


def again(line: Line, target: Deployment, at: int, *, is_rollback: bool, by: str = "") -> Deployment:
    """Deploy an artifact that ran before, with nothing new in it."""
    deployment = Deployment(
        service=line.service.name,
        environment=PRODUCTION,
        sha=target.sha,
        version=target.version,
        created_at=at,
        creator=by or target.triggered_by,
        triggered_by=by or target.triggered_by,
        trigger="workflow_dispatch",
        task="deploy:rollback" if is_rollback else "deploy",
        description=f"Roll back to {target.version}" if is_rollback else f"Deploy {target.version} again after restart",
        is_rollback=is_rollback,
        is_rerelease=True,
    )
    _finish(line, deployment)
    return deployment


def version(line: Line, at: int) -> str:
    """Return the next version of a service."""
    line.versions += 1
    if line.delivery.trigger == "push":
        return f"{instant(at):%Y%m%d}.{line.versions}"
    return f"v2.{line.versions}.0"


def _begin(line: Line, at: int) -> Deployment:
    carries = line.waiting[: line.delivery.most or None]
    last = carries[-1]
    triggered_by = last.merged_by
    deployment = Deployment(
        service=line.service.name,
        environment=PRODUCTION,
        sha=last.merge_sha,
        version=version(line, at),
        created_at=at,
        creator=line.story.organisation.bots["platform"],
        triggered_by=triggered_by,
        trigger=line.delivery.trigger,
        carries=carries,
    )
    deployment.description = f"Deploy {line.service.name} {deployment.version}"
    return deployment


def _finish(line: Line, deployment: Deployment) -> None:
    """Let a deployment run to its success."""
    start = _start(line, deployment)
    length = max(90, line.chance.around(line.delivery.minutes * MINUTE, 0.35))
    end = _steps(line, deployment, start, length, failed="")
    deployment.statuses.append((end, "SUCCESS", f"{deployment.version} is live"))
    line.done.append(deployment)
    line.good.append(deployment)


def _refuse(line: Line, deployment: Deployment) -> None:
    """Let a pipeline that tried production stop before traffic."""
    start = _start(line, deployment)
    length = max(60, line.chance.around(line.delivery.minutes * MINUTE * 0.6, 0.4))
    step, words = line.chance.pick(_REFUSALS)
    deployment.is_failed_attempt = True
    end = _steps(line, deployment, start, length, failed=step)
    deployment.statuses.append((end, "FAILURE", words))
    line.done.append(deployment)


def _start(line: Line, deployment: Deployment) -> int:
    at = deployment.created_at
    if deployment.gate:
        deployment.statuses.append((at, "WAITING", ""))
        at += line.chance.randrange(20, 240)
    deployment.statuses.append((at + 2, "QUEUED", ""))
    deployment.statuses.append((at + line.chance.randrange(5, 40), "IN_PROGRESS", ""))
    return deployment.statuses[-1][0]


def _steps(line: Line, deployment: Deployment, start: int, length: int, failed: str) -> int:
    """Run the jobs one after the other and return when the last one ended; a gate waits for somebody."""
    at = start
    names = [name for name, _ in line.delivery.steps]
    breaking = next((name for name in names if name.lower().startswith(failed)), names[-1]) if failed else ""
    for name, share in line.delivery.steps:
        pause = line.chance.randrange(MINUTE, 9 * MINUTE) if name == GATE else 0
        end = at + pause + max(5, int(length * share))
        deployment.steps.append(Step(name, at, end, "failure" if name == breaking else "success", pause))
        at = end
        if name == breaking:
            break
    return at


def working_slots(line: Line, per_week: float) -> None:
    """Plan deployments on working days between ten and four, seldom on Friday afternoons, fewer in a freeze."""
    for day, opens, closes in line.team.calendar.working_days():
        if opens > line.story.organisation.end or opens < line.story.organisation.start:
            continue
        freeze = line.story.organisation.frozen(line.service.name, day)
        rate = per_week / 5 * ((freeze.work * 0.3) if freeze else 1.0) * (0.6 if day.weekday() == 4 else 1.1)
        taken = int(rate) + line.chance.happens(rate - int(rate))
        for place in range(taken):
            width = (closes - opens - 3 * HOUR) // max(1, taken)
            line.slot(opens + HOUR + place * width + int(line.chance.random() * width))


def continuous_slots(line: Line, pulls: Iterable[PullRequest]) -> None:
    """Plan a deployment about a minute after every merge."""
    for pull in pulls:
        line.slot(pull.merged_at + 60 + line.chance.randrange(0, 40))


def train_slots(line: Line, weekday: int, hour: int, minute: int, cut_before: int) -> None:
    """Plan one deployment a week at a fixed local time, of what was merged before the cut."""
    for day, opens, _ in line.team.calendar.working_days():
        if day.weekday() != weekday or not line.story.organisation.start <= opens <= line.story.organisation.end:
            continue
        freeze = line.story.organisation.frozen(line.service.name, day)
        if freeze and freeze.work < 0.5:
            continue
        at = line.team.calendar.local(day, hour) + minute * MINUTE + line.chance.randrange(0, 9 * MINUTE)
        line.slot(at, at - cut_before)
