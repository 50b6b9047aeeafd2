"""The kinds of record Twotrack understands.

Every source ends as rows of these kinds: a staging SQL model ``stg_<source>_<kind>s`` has exactly the columns of the
kind here plus ``source`` and ``source_event_id``; files and pushed events are mapped onto the same fields. So this
module is the one place that says what can be known about a change, a decision, a deployment and so on. What a source
does not hold stays ``None``; nothing is ever filled in.

Instants are UTC. ``*_type`` fields of an actor are ``human`` or ``bot`` where the source says so. Lists of names are
one text joined by ``|``, since only :class:`Link` records join things.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """What all kinds share; ``key`` is unique within source and kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    key: str
    url: str | None = None
    updated_at: datetime | None = None


class Change(Record):
    """A request to modify production: a pull request, a change ticket, a Gerrit change, a flag flip."""

    record_type: str | None = None
    title: str | None = None
    description: str | None = None
    change_type: str | None = None
    risk: str | None = None
    impact: str | None = None
    rollback_plan: str | None = None
    test_plan: str | None = None
    stakeholders: str | None = None
    conditions: str | None = None
    template: str | None = None
    template_version: str | None = None
    state: str | None = None
    outcome: str | None = None
    is_draft: bool | None = None
    service: str | None = None
    component: str | None = None
    team: str | None = None
    environment: str | None = None
    repository: str | None = None
    labels: str | None = None
    requested_by: str | None = None
    requested_by_type: str | None = None
    contributors: str | None = None
    created_at: datetime | None = None
    ready_at: datetime | None = None
    requested_at: datetime | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    planned_start_at: datetime | None = None
    planned_end_at: datetime | None = None
    actual_start_at: datetime | None = None
    actual_end_at: datetime | None = None
    first_commit_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None
    merged_by_type: str | None = None
    closed_at: datetime | None = None
    base_branch: str | None = None
    head_branch: str | None = None
    base_revision: str | None = None
    head_revision: str | None = None
    merge_revision: str | None = None
    size_lines: int | None = None
    reverts_key: str | None = None
    post_review_at: datetime | None = None
    post_review_by: str | None = None


class Issue(Change):
    """A tracker's item before it is known whether it is a change, an incident or development work."""

    severity: str | None = None
    started_at: datetime | None = None
    detected_at: datetime | None = None
    resolved_at: datetime | None = None


class Commit(Record):
    """One commit of a change (or of a branch, when ``change_key`` is unknown)."""

    change_key: str | None = None
    revision: str | None = None
    repository: str | None = None
    author: str | None = None
    author_email: str | None = None
    author_type: str | None = None
    committer: str | None = None
    committer_email: str | None = None
    co_authors: str | None = None
    authored_at: datetime | None = None
    committed_at: datetime | None = None
    message: str | None = None


class Decision(Record):
    """A decision on a change or a deployment: review, approval, rejection, gate; a comment is a neutral one."""

    change_key: str | None = None
    deployment_key: str | None = None
    run_key: str | None = None
    environment: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_by_type: str | None = None
    verdict: str | None = None
    revision: str | None = None
    comment: str | None = None
    conditions: str | None = None
    authority: str | None = None
    policy: str | None = None
    policy_version: str | None = None
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    time_quality: str | None = None


class Vote(Record):
    """A vote with a value on one revision of a change (Gerrit's labels); ``comment`` is what was written with it."""

    change_key: str | None = None
    voted_at: datetime | None = None
    voter: str | None = None
    voter_type: str | None = None
    label: str | None = None
    value: int | None = None
    revision: str | None = None
    comment: str | None = None


class Event(Record):
    """Something that happened to a record: a status move, a field edit, a comment, a push, a rule change."""

    subject_kind: str | None = None
    subject_key: str | None = None
    occurred_at: datetime | None = None
    actor: str | None = None
    actor_type: str | None = None
    verb: str | None = None
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    text: str | None = None
    revision: str | None = None
    time_quality: str | None = None


class Deployment(Record):
    """One attempt to bring an artifact into an environment."""

    service: str | None = None
    component: str | None = None
    team: str | None = None
    repository: str | None = None
    environment: str | None = None
    version: str | None = None
    artifact_digest: str | None = None
    revision: str | None = None
    status: str | None = None
    task: str | None = None
    title: str | None = None
    run_key: str | None = None
    change_key: str | None = None
    release_key: str | None = None
    rollback_of_key: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    verified_at: datetime | None = None
    verification: str | None = None
    plan: str | None = None
    deployed_by: str | None = None
    deployed_by_type: str | None = None
    triggered_by: str | None = None
    time_quality: str | None = None


class DeploymentStatus(Record):
    """One status a deployment went through."""

    deployment_key: str | None = None
    status: str | None = None
    occurred_at: datetime | None = None
    actor: str | None = None
    actor_type: str | None = None
    description: str | None = None


class Run(Record):
    """One run of a pipeline or build job."""

    name: str | None = None
    workflow: str | None = None
    repository: str | None = None
    number: int | None = None
    attempt: int | None = None
    trigger: str | None = None
    branch: str | None = None
    revision: str | None = None
    status: str | None = None
    outcome: str | None = None
    environment: str | None = None
    triggered_by: str | None = None
    triggered_by_type: str | None = None
    change_key: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class RunStep(Record):
    """One job or stage of a run."""

    run_key: str | None = None
    name: str | None = None
    status: str | None = None
    outcome: str | None = None
    environment: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Release(Record):
    """A named version that is meant to be deployed."""

    service: str | None = None
    repository: str | None = None
    version: str | None = None
    title: str | None = None
    notes: str | None = None
    plan: str | None = None
    revision: str | None = None
    artifact_digest: str | None = None
    status: str | None = None
    created_by: str | None = None
    created_by_type: str | None = None
    cut_at: datetime | None = None
    planned_at: datetime | None = None
    released_at: datetime | None = None


class Incident(Record):
    """Something that went wrong in production: an incident, rollback or hotfix; ``is_planned`` a planned reversal."""

    kind: str | None = None
    title: str | None = None
    description: str | None = None
    severity: str | None = None
    status: str | None = None
    service: str | None = None
    component: str | None = None
    team: str | None = None
    environment: str | None = None
    is_planned: bool | None = None
    deployment_key: str | None = None
    change_key: str | None = None
    revision: str | None = None
    version: str | None = None
    opened_by: str | None = None
    opened_by_type: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    detected_at: datetime | None = None
    resolved_at: datetime | None = None


class Window(Record):
    """A period in which something is, or must not be, worked on; ``kind`` is change, outage or freeze."""

    kind: str | None = None
    title: str | None = None
    description: str | None = None
    change_key: str | None = None
    release_key: str | None = None
    service: str | None = None
    component: str | None = None
    team: str | None = None
    environment: str | None = None
    implementer: str | None = None
    change_type: str | None = None
    severity: str | None = None
    state: str | None = None
    created_at: datetime | None = None
    planned_start_at: datetime | None = None
    planned_end_at: datetime | None = None
    actual_start_at: datetime | None = None
    actual_end_at: datetime | None = None


class Link(Record):
    """A stated relation between two records; ``relation`` such as carries, closes, reverts, caused_by, blocks."""

    from_kind: str | None = None
    from_key: str | None = None
    relation: str | None = None
    to_kind: str | None = None
    to_key: str | None = None


KINDS: dict[str, type[Record]] = {
    "change": Change,
    "issue": Issue,
    "commit": Commit,
    "decision": Decision,
    "vote": Vote,
    "event": Event,
    "deployment": Deployment,
    "deployment_status": DeploymentStatus,
    "run": Run,
    "run_step": RunStep,
    "release": Release,
    "incident": Incident,
    "window": Window,
    "link": Link,
}


def plural(kind: str) -> str:
    """Return the kind's plural as used in table names: ``deployment_status`` → ``deployment_statuses``."""
    return kind + ("es" if kind.endswith("s") else "s")
