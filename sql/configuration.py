"""Settings and seeds as tables: schemas ``config`` and ``seeds`` of a build.

Owns how ``twotrack.toml`` looks to SQL. A published build therefore carries what decided its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from duckdb import DuckDBPyConnection

from models.errors import BUILD_KEPT, BuildError, ConfigurationError
from models.settings import FreezeSettings, PersonSettings, Settings, TeamSettings
from models.workspace import CHECKOUT

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def seeds_dir() -> Path:
    """Return the folder of the shipped seeds: the checkout's, or the copy inside an installed wheel."""
    for folder in (CHECKOUT / "data" / "seeds", Path(__file__).resolve().parent / "seeds"):
        if folder.is_dir():
            return folder
    raise BuildError(
        "The shipped rules (seeds) are missing.",
        where="data/seeds",
        kept=BUILD_KEPT,
        next_step="install Twotrack again",
    )


def load_seeds(con: DuckDBPyConnection, catalog: str = "build") -> None:
    """Create ``seeds.<file>`` for every CSV file, all columns as text, with the line number as ``seed_order``."""
    con.execute(f"create schema if not exists {catalog}.seeds")
    for path in sorted(seeds_dir().glob("*.csv")):
        con.execute(
            f"create table {catalog}.seeds.{path.stem} as select row_number() over ()::BIGINT as seed_order, s.* "
            f"from read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"', parallel = false) s",
            [str(path)],
        )


def load_config(con: DuckDBPyConnection, settings: Settings, as_of: datetime, catalog: str = "build") -> None:
    """Create the ``config`` tables from settings; ``as_of`` is naive UTC."""
    con.execute(f"create schema if not exists {catalog}.config")
    _table(con, catalog, "build", "as_of TIMESTAMP, kind VARCHAR, name VARCHAR",
           [(as_of, settings.workspace.kind, settings.workspace.name)])  # fmt: skip
    _load_organisation(con, catalog, settings)
    _load_identity(con, catalog, settings)
    _table(con, catalog, "production_environments", "environment VARCHAR",
           [(name.strip().lower(),) for name in settings.production.environments if name.strip()])  # fmt: skip
    _table(con, catalog, "stage_environments", "environment VARCHAR",
           [(name.strip().lower(),) for name in settings.production.stage_below if name.strip()])  # fmt: skip
    freezes = [row for freeze in settings.freeze for row in _freeze_rows(freeze)]
    _table(con, catalog, "freezes", "name VARCHAR, start_at TIMESTAMP, end_at TIMESTAMP, service VARCHAR, "
           "exempt_change_types VARCHAR", freezes)  # fmt: skip
    # Every bucket that a span of that many buckets touches, as rows to join by equality: an inequality join is slow,
    # and table functions that count are named differently by each engine.
    con.execute(
        f"create table {catalog}.config.bucket_offsets as "
        f"select s.span::BIGINT as span, unnest(range(0, s.span + 1))::BIGINT as bucket_offset "
        f"from range(0, 120) s(span)"
    )
    for table, limits in (
        ("thresholds", settings.thresholds.model_dump()),
        ("practice", settings.practice.model_dump()),
    ):
        columns = ", ".join(f"{name} DOUBLE" for name in limits)
        _table(con, catalog, table, columns, [tuple(float(value) for value in limits.values())])
    _table(con, catalog, "rules", "seed_order BIGINT, rule_id VARCHAR, source VARCHAR, record_type VARCHAR, "
           "field VARCHAR, pattern VARCHAR, track VARCHAR, activity VARCHAR, reason VARCHAR",
           [(i, r.rule_id, r.source, r.record_type, r.field, r.pattern, r.track, r.activity, r.reason)
            for i, r in enumerate(settings.rule)])  # fmt: skip
    _table(con, catalog, "words", "what VARCHAR, word VARCHAR, means VARCHAR",
           [(one.what, re.sub("[ _-]+", " ", one.word.strip().lower()), one.means)
            for one in settings.word])  # fmt: skip


def _load_organisation(con: DuckDBPyConnection, catalog: str, settings: Settings) -> None:
    _table(con, catalog, "teams", "team VARCHAR, time_zone VARCHAR", [(t.name, t.time_zone) for t in settings.team])
    _table(con, catalog, "services", "service VARCHAR, team VARCHAR, required_approvals BIGINT",
           [(s.name, s.team or None, s.required_approvals) for s in settings.service])  # fmt: skip
    names = [
        (kind, value.lower(), service.name)
        for service in settings.service
        for kind, values in (
            ("service", (service.name,)),
            ("repository", service.repositories),
            ("project", service.projects),
            ("component", service.components),
            ("job", service.jobs),
            ("environment", service.environments),
        )
        for value in values
    ]
    seen: dict[tuple[str, str], str] = {}
    for kind, value, service_name in names:
        if seen.setdefault((kind, value), service_name) != service_name:
            raise ConfigurationError(
                f"The {kind} '{value}' belongs to two services, {seen[kind, value]} and {service_name}.",
                where="service in twotrack.toml",
                next_step="name it in one service only",
                kept=BUILD_KEPT,
            )
    _table(con, catalog, "service_names", "kind VARCHAR, value VARCHAR, service VARCHAR", sorted(set(names)))
    _table(con, catalog, "service_dependencies", "service VARCHAR, depends_on VARCHAR",
           [(s.name, other) for s in settings.service for other in s.depends_on])  # fmt: skip
    _table(con, catalog, "service_tags", "service VARCHAR, tag VARCHAR",
           [(s.name, tag) for s in settings.service for tag in s.tags])  # fmt: skip
    _table(con, catalog, "business_days", "team VARCHAR, day TIMESTAMP, seconds_before DOUBLE, "
           "first_start_at TIMESTAMP, first_end_at TIMESTAMP, second_start_at TIMESTAMP, second_end_at TIMESTAMP",
           [])  # fmt: skip


def _load_identity(con: DuckDBPyConnection, catalog: str, settings: Settings) -> None:
    people = settings.identity.people
    members = {member: team.name for team in settings.team for member in team.members}
    _table(con, catalog, "people", "person VARCHAR, team VARCHAR",
           [(p.name, p.team or members.get(p.name)) for p in people])  # fmt: skip
    _table(con, catalog, "person_logins", "login VARCHAR, person VARCHAR",
           [(login.lower(), p.name) for p in people for login in p.logins])  # fmt: skip
    _table(con, catalog, "person_emails", "email VARCHAR, person VARCHAR",
           [(email.lower(), p.name) for p in people for email in p.emails])  # fmt: skip
    zones = {team.name: ZoneInfo(team.time_zone) for team in settings.team}
    rights = [
        row
        for person in people
        for row in _entitlement_rows(person, zones.get(person.team or members.get(person.name, ""), ZoneInfo("UTC")))
    ]
    columns = "person VARCHAR, entitled_to VARCHAR, start_at TIMESTAMP, end_at TIMESTAMP, up_to_risk VARCHAR"
    _table(con, catalog, "person_entitlements", columns, rights)
    _table(con, catalog, "team_members", "team VARCHAR, member VARCHAR",
           [(t.name, member.lower()) for t in settings.team for member in t.members])  # fmt: skip
    _table(con, catalog, "bots", "login VARCHAR, is_bot BOOLEAN",
           [(login.lower(), True) for login in settings.identity.bots]
           + [(login.lower(), False) for login in settings.identity.not_bots])  # fmt: skip


def _entitlement_rows(
    person: PersonSettings, zone: ZoneInfo
) -> Iterator[tuple[str, str, datetime | None, datetime | None, str | None]]:
    """Yield what somebody may approve, half-open, and up to which risk; null where nothing bounds it."""
    for scope in person.entitled:
        yield person.name, scope, None, None, None
    for one in person.entitlement:
        place = f"entitlement of {person.name} to {one.to}"
        start = _instant(one.start, zone, place) if one.start else None
        end = _instant(one.end, zone, place, is_end=True) if one.end else None
        yield person.name, one.to, start, end, one.up_to_risk


def _table(con: DuckDBPyConnection, catalog: str, name: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    con.execute(f"create table {catalog}.config.{name} ({columns})")
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        con.executemany(f"insert into {catalog}.config.{name} values ({marks})", [list(row) for row in rows])


def _freeze_rows(freeze: FreezeSettings) -> Iterable[tuple[object, ...]]:
    zone = ZoneInfo(freeze.time_zone)
    place = f"freeze '{freeze.name}'"
    start, end = _instant(freeze.start, zone, place), _instant(freeze.end, zone, place, is_end=True)
    if end <= start:
        raise ConfigurationError(
            f"The freeze '{freeze.name}' ends before it starts.",
            where=f"{place} in twotrack.toml",
            kept=BUILD_KEPT,
            next_step="correct its start or end and build again",
        )
    exempt = "|".join(sorted(kind.lower() for kind in freeze.exempt_change_types))
    for service in freeze.services or (None,):
        yield freeze.name, start, end, service, exempt


def _instant(value: datetime | date, zone: ZoneInfo, place: str, *, is_end: bool = False) -> datetime:
    """Return naive UTC; a date means local midnight, and a freeze's last day counts whole (23 or 25 h on DST days)."""
    if not isinstance(value, datetime):
        day = value + timedelta(days=1) if is_end else value
        return datetime.combine(day, clock_time(), zone).astimezone(UTC).replace(tzinfo=None)
    local = value if value.tzinfo else value.replace(tzinfo=zone)
    if value.tzinfo is None and local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != value:
        raise ConfigurationError(
            f"The {place} names {value}, which does not exist in {zone.key} (clocks go forward then).",
            where=f"{place} in twotrack.toml",
            kept=BUILD_KEPT,
            next_step="name an hour before or after, or write the offset",
        )
    if value.tzinfo is None and local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ConfigurationError(
            f"The {place} names {value}, which happens twice in {zone.key} (clocks go back then).",
            where=f"{place} in twotrack.toml",
            next_step=f"write the offset, for example {local.isoformat()}",
            kept=BUILD_KEPT,
        )
    return local.astimezone(UTC).replace(tzinfo=None)


def business_hours(team: TeamSettings, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """Return a team's working intervals as naive UTC pairs, one per business day from ``first`` to ``last``."""
    zone = ZoneInfo(team.time_zone)
    spans = []
    day = first
    while day <= last:
        if _DAYS[day.weekday()] in team.business_days and day not in team.holidays:
            start = datetime.combine(day, team.business_start, zone).astimezone(UTC).replace(tzinfo=None)
            end = datetime.combine(day, team.business_end, zone).astimezone(UTC).replace(tzinfo=None)
            spans.append((start, end))
        day += timedelta(days=1)
    return spans


def load_business_days(
    con: DuckDBPyConnection, settings: Settings, span: tuple[date, date] | None, catalog: str = "build"
) -> None:
    """Fill ``config.business_days``: per team and UTC day the working time before it, and its working intervals.

    Working time between two instants is then the difference of two look-ups. A UTC day holds at most two pieces of
    local working days. ``team`` '' is the default calendar (Monday to Friday, nine to five UTC).
    """
    if span is None:
        return
    rows: list[tuple[object, ...]] = []
    for team in (*settings.team, TeamSettings(name="")):
        rows += _business_days(team, *span)
    columns = [list(values) for values in zip(*rows, strict=True)]
    batch = pa.table(
        {
            "team": pa.array(columns[0], pa.string()),
            "day": pa.array(columns[1], pa.timestamp("us")),
            "seconds_before": pa.array(columns[2], pa.float64()),
            **{f"at_{i}": pa.array(columns[i], pa.timestamp("us")) for i in range(3, 7)},
        }
    )
    con.register("batch", batch)
    con.execute(f"insert into {catalog}.config.business_days select * from batch")
    con.unregister("batch")


def _business_days(team: TeamSettings, first: date, last: date) -> list[tuple[object, ...]]:
    pieces: dict[date, list[tuple[datetime, datetime]]] = {}
    for start, end in business_hours(team, first - timedelta(days=1), last + timedelta(days=1)):
        while start < end:
            midnight = datetime.combine(start.date() + timedelta(days=1), clock_time())
            pieces.setdefault(start.date(), []).append((start, min(end, midnight)))
            start = min(end, midnight)
    rows: list[tuple[object, ...]] = []
    total, day = 0.0, first
    while day <= last + timedelta(days=1):
        found = [*pieces.get(day, []), (None, None), (None, None)][:2]
        rows.append((team.name, datetime.combine(day, clock_time()), total, *found[0], *found[1]))
        total += sum((end - start).total_seconds() for start, end in pieces.get(day, []))
        day += timedelta(days=1)
    return rows


def is_safe_name(name: str) -> bool:
    """Return whether a text may stand as an SQL identifier unquoted."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
