"""The workspace's configuration, ``twotrack.toml``: its fields, defaults and error messages.

Secrets are never values here: a setting holds a reference (``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/NAME``).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.drift.settings import DriftSettings
from models.errors import ConfigurationError
from models.practice import PracticeSettings
from models.settings_problems import problem


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"'{name}' is not a time zone; use a name such as 'Europe/Berlin' or 'UTC'") from None
    return name


def checked_reference(value: str) -> str:
    """Return the reference of a secret; raises ``ValueError``, whose text never repeats what was given."""
    if value.partition(":")[0] not in {"env", "file", "keyring"} or not value.partition(":")[2]:
        raise ValueError("must be a reference: env:NAME, file:PATH or keyring:SERVICE/NAME, never the secret itself")
    return value


TimeZone = Annotated[str, AfterValidator(_known_zone)]
SecretReference = Annotated[str, AfterValidator(checked_reference)]


class WorkspaceSettings(_Section):
    """What this workspace is; ``demo`` workspaces say so on every page and export."""

    name: str = "Workspace"
    kind: Literal["live", "demo"] = "live"


class SourceSettings(_Section):
    """One source to sync from; ``name`` prefixes the ids of its records."""

    type: Literal["github", "jira", "gitlab", "jenkins"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    base_url: str = ""
    repositories: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    user: str = ""
    token: SecretReference | None = None
    app_id: str = ""
    installation_id: str = ""
    private_key: SecretReference | None = None
    client_id: str = ""
    client_secret: SecretReference | None = None
    token_url: str = ""
    deployment: Literal["cloud", "data_center"] = "cloud"


class PushReceiverSettings(_Section):
    """One sender, who posts to ``/push/<name>``; ``name`` prefixes the ids of its records as a source's does.

    A GitHub receiver may bear the name of a GitHub source: what is pushed and what is synced are then the same records.
    Every secret listed is valid, so a new one can be added before the old one is taken away. ``user`` makes the secret
    the password of HTTP basic authentication and ``header`` the value of that header; both are for senders that sign
    nothing (Opsgenie).
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    type: Literal["github", "pagerduty", "opsgenie", "records"]
    secrets: Annotated[tuple[SecretReference, ...], Field(min_length=1)]
    user: str = ""
    header: str = ""


class PushSettings(_Section):
    """The endpoint of ``twotrack serve-push``; none of it changes a number.

    ``max_body_bytes`` is what GitHub sends at most. A body must have arrived within ``body_seconds``. Senders that sign
    a time may be off by ``clock_tolerance_seconds``. ``store_every_seconds`` is how often deliveries go from the spool
    into the raw store; a sync, an import and a build take over what is waiting as well.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8787
    max_body_bytes: Annotated[int, Field(gt=0)] = 25 * 1024 * 1024
    body_seconds: Annotated[float, Field(gt=0)] = 10.0
    clock_tolerance_seconds: Annotated[int, Field(gt=0)] = 300
    store_every_seconds: Annotated[float, Field(gt=0)] = 60.0
    receiver: tuple[PushReceiverSettings, ...] = ()


class TeamSettings(_Section):
    """One team; ``members`` are person names or source logins."""

    name: str
    members: tuple[str, ...] = ()
    time_zone: TimeZone = "UTC"
    business_days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
    )
    business_start: time = time(9)
    business_end: time = time(17)
    holidays: tuple[date, ...] = ()


class ServiceSettings(_Section):
    """One service, and how records of the sources name it.

    ``required_approvals`` is how many people must approve a change of it, where that differs from the threshold of the
    same name.
    """

    name: str
    team: str = ""
    required_approvals: Annotated[int, Field(ge=1)] | None = None
    repositories: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class EntitlementSettings(_Section):
    """What somebody may approve, for a time or up to a risk: a service, a team, or ``*`` for everything.

    Without ``start`` since ever, without ``end`` until further notice. The last day counts whole; days are those of the
    time zone of the person's team, UTC without one. ``up_to_risk`` is the highest risk that they may approve, any
    without it; whether a change that states no risk lies within it is not known.
    """

    to: str
    start: date | None = None
    end: date | None = None
    up_to_risk: Literal["low", "medium", "high"] | None = None

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> EntitlementSettings:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"the entitlement to '{self.to}' ends on {self.end}, before it starts on {self.start}")
        return self


class PersonSettings(_Section):
    """One person and the logins that are theirs, written ``source:login``.

    ``entitled`` lists what they may approve at any time, ``entitlement`` what for a time or up to a risk. An approval
    is judged by what was so when it was given.
    """

    name: str
    logins: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    team: str = ""
    entitled: tuple[str, ...] = ()
    entitlement: tuple[EntitlementSettings, ...] = ()


class IdentitySettings(_Section):
    """Who is who, and which accounts are automation."""

    people: tuple[PersonSettings, ...] = ()
    bots: tuple[str, ...] = ()
    not_bots: tuple[str, ...] = ()


class ProductionSettings(_Section):
    """Which environments are production, and which an artifact passes right before it (``stage_below``).

    Exact names, compared without case. Empty means none, never all.
    """

    environments: tuple[str, ...] = ("production", "prod", "prd", "live")
    stage_below: tuple[str, ...] = ("staging", "stage", "stg", "preprod", "pre-production", "preproduction", "uat")


class FreezeSettings(_Section):
    """A period in which nothing may be deployed; all-day dates run local midnight to local midnight."""

    name: str
    start: datetime | date
    end: datetime | date
    time_zone: TimeZone = "UTC"
    services: tuple[str, ...] = ()
    exempt_change_types: tuple[str, ...] = ("emergency",)


WORD_MEANINGS: Mapping[str, tuple[str, ...]] = {
    "status": ("open", "awaiting_approval", "approved", "rejected", "cancelled", "implementing", "in_review", "done",
               "unsuccessful"),
    "outcome": ("successful", "successful_with_issues", "unsuccessful", "backed_out", "cancelled"),
    "change_type": ("standard", "normal", "emergency"),
    "risk": ("low", "medium", "high"),
    "deployment_status": ("succeeded", "failed", "cancelled", "in_progress"),
    "issue_type": ("change", "incident", "release", "work_item"),
}  # fmt: skip


class ClassificationRule(_Section):
    """A rule of the organisation, tried before the shipped ones (``data/seeds/classification_rules.csv``)."""

    rule_id: str
    source: str = "*"
    record_type: str = "*"
    field: str = "*"
    pattern: str
    track: Literal["change_governance", "release_execution", "neither"]
    activity: str
    reason: str


class WordRule(_Section):
    """What a word of the organisation's sources means, before the shipped word lists are asked.

    Compared whole and without case; spaces, ``_`` and ``-`` are the same. Data health lists words that nothing knows.
    ``issue_type`` says which of a tracker's items are change requests, incidents or releases where their type does not.
    """

    what: Literal["status", "outcome", "change_type", "risk", "deployment_status", "issue_type"]
    word: Annotated[str, Field(min_length=1)]
    means: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.means not in WORD_MEANINGS[self.what]:
            raise ValueError(f"a {self.what} means one of {', '.join(WORD_MEANINGS[self.what])}, not {self.means!r}")
        return self


class Thresholds(_Section):
    """Limits that decide; shown wherever they do. Durations are in seconds unless the name says otherwise."""

    clock_skew_seconds: int = 120
    incident_window_hours: float = 24.0
    revert_window_hours: float = 72.0
    emergency_sla_hours: float = 48.0
    adjacent_buffer_seconds: int = 0
    default_window_minutes: int = 60
    window_median_minimum: int = 10
    minimum_sample: int = 10
    approval_expiry_days: int = 0
    required_approvals: Annotated[int, Field(ge=1)] = 1
    planned_emergency_hours: float = 48.0
    post_review_sla_days: float = 5.0


class BaselineSettings(_Section):
    """A drift baseline that people chose: a pinned period, or without ``end`` a restart after a deliberate change."""

    team: str
    start: date
    end: date | None = None
    note: str = ""


class Settings(_Section):
    """All of ``twotrack.toml``. Unknown keys are errors that name the nearest known key."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    source: tuple[SourceSettings, ...] = ()
    push: PushSettings = PushSettings()
    team: tuple[TeamSettings, ...] = ()
    service: tuple[ServiceSettings, ...] = ()
    identity: IdentitySettings = IdentitySettings()
    production: ProductionSettings = ProductionSettings()
    freeze: tuple[FreezeSettings, ...] = ()
    rule: tuple[ClassificationRule, ...] = ()
    word: tuple[WordRule, ...] = ()
    thresholds: Thresholds = Thresholds()
    practice: PracticeSettings = PracticeSettings()
    drift: DriftSettings = DriftSettings()
    baseline: tuple[BaselineSettings, ...] = ()

    @field_validator("source")
    @classmethod
    def _names_differ(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two sources are called {', '.join(twice)}; each needs its own name")
        return sources

    @model_validator(mode="after")
    def _receivers_are_told_apart(self) -> Self:
        """Refuse names that would mix the records of two senders, or of a sender and a source of another kind."""
        names = [receiver.name for receiver in self.push.receiver]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two push receivers are called {', '.join(twice)}; each needs its own name")
        kinds = {source.name: source.type for source in self.source}
        for receiver in self.push.receiver:
            kind = kinds.get(receiver.name, receiver.type)
            if kind != receiver.type:
                raise ValueError(
                    f"push receiver '{receiver.name}' has type {receiver.type}, the source of that name has {kind}"
                )
        return self

    def fingerprint(self) -> str:
        """Return a SHA-256 over everything that can change a number, as 64 hex digits."""
        return hashlib.sha256(self.model_dump_json(exclude={"push"}).encode()).hexdigest()


def load_settings(path: Path) -> Settings:
    """Read a workspace's configuration; a missing file means all defaults.

    Raises:
        ConfigurationError: Not TOML, an unknown key, or a value that does not fit, each named with its place.
    """
    try:
        return parse_settings(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The configuration cannot be read: {error}.",
            where=str(path),
            kept="nothing was changed",
            next_step="check that you may read the file, and that it is UTF-8 text",
        ) from error


def parse_settings(text: str, where: str) -> Settings:
    """Parse configuration text; ``where`` names it in errors. Raises as ``load_settings``."""
    document: dict[str, Any] = {}
    try:
        document = tomllib.loads(text)
        return Settings.model_validate(document)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"The configuration is not valid TOML: {error}.",
            where=where,
            next_step="correct that line and run again",
            kept="nothing was changed",
        ) from error
    except ValidationError as error:
        problems = "; ".join(problem(dict(item), document, Settings) for item in error.errors())
        raise ConfigurationError(
            f"The configuration does not fit: {problems}.",
            where=where,
            kept="nothing was changed",
            next_step="correct it there; `twotrack --home $(mktemp -d) config show` prints every key and default",
        ) from error
