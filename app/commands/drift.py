"""``twotrack drift``: whether teams' two processes are becoming one, since when, because of what; the records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from app.options import INSTANT, Command, shared_options
from app.session import Session, aligned
from models.drift.settings import DIMENSION_NAMES
from models.errors import InputError, NotBuiltError
from models.nearest import choices

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from app.questions.drift_rows import Component, Finding, Stratum
    from models.drift.settings import DriftSettings

_SHOWN_RECORDS = 50
_NOTE = "An indicator, not proof: each team against its own past, never against other teams."
_HEADING = ("dimension", "state", "now", "95 % interval", "n", "baseline", "n", "counted above", "e-value", "share")
_NUMBERS = frozenset({2, 4, 5, 6, 7, 8, 9})


@click.command(
    "drift",
    cls=Command,
    examples=(
        "twotrack drift",
        "twotrack drift --team payments --json",
        "twotrack drift --team payments --records",
        "twotrack drift --team payments --records --dimension order --from 2026-05-01 --csv > order.csv",
    ),
)
@click.option("--team", "teams", multiple=True, help="Only this team; may be repeated.")
@click.option("--records", "shows_records", is_flag=True, help="Print the records behind a level instead.")
@click.option("--dimension", type=click.Choice(DIMENSION_NAMES),
              help="With --records: of this dimension. [default: the one named first]")  # fmt: skip
@click.option("--from", "start", type=INSTANT,
              help="With --records: first day. [default: the onset; without one, the weeks of the level]")  # fmt: skip
@click.option("--to", "end", type=INSTANT, help="With --records: first day after the period. [default: all]")
@click.option("--limit", type=click.IntRange(min=1), help="With --records: at most this many.")
@click.option("--csv", "is_csv", is_flag=True, help="With --records: print as CSV.")
@shared_options
@click.pass_obj
def command(
    session: Session, teams: tuple[str, ...], shows_records: bool, dimension: str | None, start: datetime | None,
    end: datetime | None, limit: int | None, is_csv: bool,
) -> None:  # fmt: skip
    """Print whether teams' two processes drift into one, since when, because of what.

    Each team is judged against its own past, one dimension at a time: not enough data, stable, moving or drifting. A
    level is the share of records in which the separation that should be visible is missing; the baseline is the same
    share in the team's first weeks. --records prints the records behind a level, those with the separation missing
    and those without; records of weeks left out as a data gap are marked and do not count. Findings are indicators,
    not proof.
    """
    from app.published import open_build

    if not shows_records and (dimension or start or end or limit or is_csv):
        raise click.UsageError("--dimension, --from, --to, --limit and --csv go with --records.")
    if shows_records and len(teams) != 1:
        raise click.UsageError("--records takes one --team.")
    if is_csv and session.is_json:
        raise click.UsageError("Choose either --csv or --json.")
    if start and end and end <= start:
        raise click.UsageError("--to must be later than --from.")
    with open_build(session.workspace) as (build_id, con):
        _require(con, teams)
        if shows_records:
            _print_records(session, con, build_id, teams[0], dimension, start, end, limit, is_csv=is_csv)
        else:
            _print_findings(session, con, build_id, teams)


def _require(con: DuckDBPyConnection, teams: tuple[str, ...]) -> None:
    """Raise unless the build judges drift, and each of the teams."""
    from app.questions.drift_rows import CONTEXT, TABLES, has_records, known_teams

    held = {f"{schema}.{name}" for schema, name in con.execute(
        "select table_schema, table_name from information_schema.tables"
    ).fetchall()}  # fmt: skip
    if not held >= {CONTEXT, *TABLES}:
        raise NotBuiltError("This build does not judge drift.", kept="the build", next_step="twotrack build")
    known = known_teams(con)
    for team in teams:
        if team not in known and has_records(con, team):
            raise InputError(
                f"Nothing of team '{team}' can be judged for drift: it has no mark.",
                where="a mark is of a change in a production deployment, of a decision, or of an item of a record",
                next_step="twotrack doctor",
            )
        if team not in known:
            raise InputError(
                f"No team '{team}' is judged for drift.",
                next_step=f"choose one of: {choices(team, known)}" if known else "twotrack doctor",
            )


def _settings(con: DuckDBPyConnection) -> DriftSettings:
    from models.settings import Settings

    (stored,) = con.execute("select settings_json from meta.build").fetchall()[0]
    return Settings.model_validate_json(stored).drift


def _print_findings(session: Session, con: DuckDBPyConnection, build_id: str, teams: tuple[str, ...]) -> None:
    from app.questions import drift_rows

    found = drift_rows.findings(con, teams)
    settings, as_of = _settings(con), drift_rows.instant_of(con)
    older = drift_rows.findings(con, teams, is_current=False)
    parts = {one.team: drift_rows.components_of(con, one.team, one.dimension, settings.weights) for one in found}
    session.answer(
        {
            "build_id": build_id,
            "as_of": as_of,
            "note": _NOTE,
            "settings": settings.model_dump(include=set(_DECIDING)),
            "teams": [
                _team_document(con, one, parts[one.team], settings, [old for old in older if old.team == one.team])
                for one in found
            ],
        }
    )
    if session.is_json:
        return
    if not found:
        session.say("No team has a mark: nothing that drift is judged on is recorded yet.")
        return
    for one in found:
        _say_team(session, con, one, parts[one.team], settings)
    session.say(f"{_NOTE} As of {as_of:%Y-%m-%d}; levels now are over {settings.level_weeks} weeks.")


_DECIDING = (
    "baseline_weeks",
    "minimum_marks",
    "level_weeks",
    "run_length_weeks",
    "false_discovery_rate",
    "weights",
)


def _team_document(
    con: DuckDBPyConnection, one: Finding, parts: list[Component], settings: DriftSettings, older: list[Finding]
) -> dict[str, Any]:
    from app.questions import drift_rows

    because = _because(con, one, parts, settings)
    return _finding_document(one) | {
        "because": because and {
            "dimension": one.dimension,
            "label": drift_rows.LABELS.get(one.dimension or ""),
            "meaning": drift_rows.MEANINGS.get(one.dimension or ""),
            "evidence_share": next((part.share for part in parts if part.dimension == one.dimension), None),
            "strata": [stratum.__dict__ for stratum in because],
        },
        "dimensions": [
            {name: value for name, value in part.__dict__.items() if name not in ("weeks", "share")}
            | {
                "evidence_share": part.share,
                "label": drift_rows.LABELS.get(part.dimension),
                "unit": drift_rows.UNITS.get(part.dimension),
            }
            for part in parts
        ],
        "gaps": [{"week": week, "reason": reason} for week, reason in drift_rows.gaps(con, one.team)],
        "context": (beside := drift_rows.context_of(con, one.team)) and beside.__dict__,
        "earlier_baselines": [_finding_document(old) for old in older],
    }  # fmt: skip


def _finding_document(one: Finding) -> dict[str, Any]:
    return {
        "team": one.team,
        "state": one.state,
        "sentence": one.sentence,
        "since": one.onset,
        "dimension": one.dimension,
        "level": one.level,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "baseline": {
            "kind": one.baseline_kind,
            "start": one.baseline_start,
            "end": one.baseline_end,
            "note": one.baseline_note,
            "rate": one.baseline_rate,
        },
        "reference_rate": one.reference_rate,
        "alarm": one.alarm,
        "recovered": one.recovered,
        "first_alarm": one.first_alarm,
        "is_discovery": one.is_discovery,
        "index": one.index,
    }


def _because(
    con: DuckDBPyConnection, one: Finding, parts: list[Component], settings: DriftSettings
) -> list[Stratum] | None:
    """Return the strata that carry a finding since its onset; ``None`` without a finding."""
    from app.questions import drift_rows

    if not (one.is_drifting and one.dimension and one.onset):
        return None
    _, end = drift_rows.level_period(con, settings.level_weeks)
    return drift_rows.strata(con, one.team, one.dimension, one.onset, end)


def _say_team(
    session: Session, con: DuckDBPyConnection, one: Finding, parts: list[Component], settings: DriftSettings
) -> None:
    from app.questions import drift_rows
    from app.wording import share

    session.say(f"{one.team}: {one.state}")
    session.say(f"  {one.sentence}")
    because = _because(con, one, parts, settings)
    if because and one.dimension:
        part = next((part for part in parts if part.dimension == one.dimension), None)
        session.say(
            f"  Because of {drift_rows.LABELS[one.dimension].lower()}: {share(part.share if part else None)} of the "
            f"evidence; since then {drift_rows.carried_by(because)}."
        )
    session.say(aligned([("  " + _cells(part)[0], *_cells(part)[1:]) for part in parts],
                        ("  " + _HEADING[0], *_HEADING[1:]), right=_NUMBERS))  # fmt: skip
    beside = drift_rows.context_of(con, one.team)
    if beside and beside.sentences():
        session.say(f"  Beside it, no part of it: {' '.join(beside.sentences())}")
    session.say()


def _cells(part: Component) -> tuple[str, ...]:
    from app.questions.drift_rows import LABELS
    from app.wording import share

    between = "" if part.low is None or part.high is None else f"{share(part.low)} to {share(part.high)}"
    state = f"{part.state}: {part.reason}" if part.reason else part.state
    return (
        LABELS.get(part.dimension, part.dimension).lower(),
        state,
        share(part.level),
        between,
        f"{part.n:,}",
        share(part.baseline_rate),
        f"{part.baseline_n:,}",
        share(part.reference_rate),
        "—" if part.e_value is None else f"{part.e_value:,.1f}" if part.e_value < 1e6 else f"{part.e_value:.0e}",
        share(part.share),
    )


def _print_records(
    session: Session, con: DuckDBPyConnection, build_id: str, team: str, dimension: str | None,
    start: datetime | None, end: datetime | None, limit: int | None, *, is_csv: bool,
) -> None:  # fmt: skip
    from app.questions import drift_rows
    from app.wording import cell, plural, share

    (one,) = drift_rows.findings(con, (team,))
    chosen = dimension or one.dimension
    if chosen is None:
        raise InputError(
            f"No dimension of {team} is named first: {one.sentence}", next_step="choose one with --dimension"
        )
    trailing = drift_rows.level_period(con, _settings(con).level_weeks)
    onset = one.onset if one.is_drifting and chosen == one.dimension else None
    first = start or datetime.combine(onset or trailing[0], datetime.min.time())
    last = end or datetime.combine(trailing[1], datetime.min.time())
    rows = drift_rows.marks(con, team, chosen, first, last)
    counted = [row for row in rows if not row["left_out"]]
    x, n = sum(row["is_missing"] for row in counted), len(counted)
    columns = drift_rows.MARK_COLUMNS
    if is_csv:
        session.table(columns, [[cell(row[column]) for column in columns] for row in rows[:limit]])
        return
    session.answer(
        {
            "build_id": build_id,
            "team": team,
            "dimension": chosen,
            "from": first,
            "to": last,
            "x": x,
            "n": n,
            "left_out": len(rows) - n,
            "records": rows[:limit],
        }
    )
    shown = rows[: limit or _SHOWN_RECORDS]
    session.say(aligned([[row[column] for column in columns] for row in shown], columns))
    if len(rows) > len(shown) and not limit:
        session.say(f"… the newest {_SHOWN_RECORDS}; --limit, --csv or --json print more.")
    session.say(
        f"{drift_rows.LABELS[chosen]}: {x:,} of {plural(n, 'record')} ({share(x / n if n else None)}) from "
        f"{first:%Y-%m-%d} to {last - timedelta(days=1):%Y-%m-%d}"
        + (f"; {plural(len(rows) - n, 'record')} of weeks left out." if len(rows) > n else ".")
    )
