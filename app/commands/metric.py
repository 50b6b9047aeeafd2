"""``twotrack metric``: a metric's value, or the records behind it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from app.options import INSTANT, Command, shared_options
from app.session import Session, aligned
from models.errors import InputError
from models.nearest import choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from models.metric import MetricValue
    from sql.aggregate import Filter

_SHOWN_RECORDS = 50
_VALUE_COLUMNS = ("value", "numerator", "denominator", "low", "high", "p90", "unit", "is_enough", "note")


@click.command(
    "metric",
    cls=Command,
    examples=(
        "twotrack metric all",
        "twotrack metric approval_latency --from 2026-04-01 --to 2026-07-01 --by service",
        "twotrack metric change_failure_rate --service checkout --by month --json",
        "twotrack metric change_failure_rate --records --csv > failures.csv",
    ),
)
@click.argument("name", metavar="NAME|all")
@click.option("--from", "start", type=INSTANT, help="First instant of the period (UTC).")
@click.option("--to", "end", type=INSTANT, help="First instant after the period (UTC).")
@click.option("--service", "services", multiple=True, help="Only this service; may be repeated.")
@click.option("--team", "teams", multiple=True, help="Only this team; may be repeated.")
@click.option("--change-type", "change_types", multiple=True, help="Only this change type; may be repeated.")
@click.option("--by", multiple=True, metavar="GROUP",
              help="One value per service, team, change_type, day, week or month; may be repeated.")  # fmt: skip
@click.option("--records", "shows_records", is_flag=True, help="Print the contributing records instead of the value.")
@click.option("--limit", type=click.IntRange(min=1), help="Print at most this many records.")
@click.option("--csv", "is_csv", is_flag=True, help="Print as CSV.")
@shared_options
@click.pass_obj
def command(
    session: Session, name: str, start: datetime | None, end: datetime | None, services: tuple[str, ...],
    teams: tuple[str, ...], change_types: tuple[str, ...], by: tuple[str, ...], shows_records: bool,
    limit: int | None, is_csv: bool,
) -> None:  # fmt: skip
    """Print a metric of the published build, or the records behind it.

    The period is half-open: --from is in, --to is out. Which event of a record dates it is part of the metric's
    definition. A service, team or change type that nothing is of is refused, since it would read like an empty period.
    An undefined metric is said to be undefined, never 0; below its minimum sample it is not judged.
    """
    from app.published import open_build
    from sql.aggregate import Filter, definition, definitions

    if is_csv and session.is_json:
        raise click.UsageError("Choose either --csv or --json.")
    if shows_records and (name == "all" or by):
        raise click.UsageError("--records takes one metric and no --by.")
    if start and end and end <= start:
        raise click.UsageError("--to must be later than --from.")
    chosen = Filter(start, end, services, teams, change_types)
    with open_build(session.workspace) as (build_id, con):
        names = list(definitions(con)) if name == "all" else [definition(con, name).name]
        require_known(con, chosen)
        if shows_records:
            _print_records(session, con, names[0], chosen, limit, build_id, is_csv=is_csv)
        else:
            _print_values(session, con, names, chosen, by, build_id, is_csv=is_csv)


def require_known(con: DuckDBPyConnection, chosen: Filter) -> None:
    """Raise unless records or the configuration name each asked service, team, type; a slip reads as an empty period.

    What only the configuration names has no records yet, and its metrics are undefined.

    Raises:
        InputError: Nothing is; the names that records have are listed.
    """
    from app.reports.question import names
    from models.settings import WORD_MEANINGS

    def named(column: Literal["service", "team"]) -> list[str]:
        configured = con.execute(f"select {column} from config.{column}s").fetchall()
        return sorted({*names(con, column), *(name for (name,) in configured)})

    def types() -> list[str]:
        rows = con.execute("select distinct change_type from marts.changes where change_type is not null").fetchall()
        return sorted({*WORD_MEANINGS["change_type"], *(name for (name,) in rows)})

    for noun, asked, held in (
        ("service", chosen.services, named("service") if chosen.services else []),
        ("team", chosen.teams, named("team") if chosen.teams else []),
        ("change type", chosen.change_types, types() if chosen.change_types else []),
    ):
        for value in asked:
            if value not in held:
                raise InputError(
                    f"No change, deployment or window of this build is of {noun} '{value}'.",
                    next_step=f"choose one of: {choices(value, held)}" if held else "twotrack doctor",
                )


def _print_values(
    session: Session, con: DuckDBPyConnection, names: list[str], chosen: Filter, by: tuple[str, ...], build_id: str,
    *, is_csv: bool,
) -> None:  # fmt: skip
    from app.wording import cell
    from sql.aggregate import value

    found = [one for name in names for one in value(con, name, chosen, by=by)]
    if is_csv:
        rows = [[one.metric, *one.group.values(), *(getattr(one, name) for name in _VALUE_COLUMNS)] for one in found]
        session.table(("metric", *by, *_VALUE_COLUMNS), [[cell(item) for item in row] for row in rows])
        return
    session.answer({"build_id": build_id, "filter": chosen.__dict__, "by": by,
                    "values": [one.model_dump() for one in found]})  # fmt: skip
    heading = ("metric", *by, "value", "n", "95 % interval", "")
    session.say(aligned([_line(one) for one in found], heading) if found else _nothing(by))


def _nothing(by: Sequence[str]) -> str:
    return "No records match." + (" Leave out --by to see why the metric is undefined." if by else "")


def _line(one: MetricValue) -> list[str]:
    from app.wording import amount, metric_amount, share

    counted = "" if one.numerator is None else f"{one.numerator:,} of "
    between = "" if one.low is None or one.high is None else f"{share(one.low)} to {share(one.high)}"
    notes = [one.note]
    if one.p90 is not None:
        notes.append(f"median; 90 % within {amount(one.p90, one.unit)}")
    if one.excluded and one.denominator:
        notes.append(f"{sum(one.excluded.values()):,} left out")
    groups = (group or "unknown" for group in one.group.values())
    return [one.label, *groups, metric_amount(one), f"{counted}{one.denominator:,}", between,
            "; ".join(note for note in notes if note)]  # fmt: skip


def _print_records(
    session: Session, con: DuckDBPyConnection, name: str, chosen: Filter, limit: int | None, build_id: str, *,
    is_csv: bool,
) -> None:  # fmt: skip
    from app.wording import cell, record_detail
    from sql.aggregate import RECORD_COLUMNS, records

    is_text = not (is_csv or session.is_json)
    bound = limit or (_SHOWN_RECORDS + 1 if is_text else None)
    rows: list[dict[str, Any]] = records(con, name, chosen, limit=bound).to_pylist()
    if is_csv:
        session.table(RECORD_COLUMNS, [[cell(row[column]) for column in RECORD_COLUMNS] for row in rows])
        return
    session.answer({"build_id": build_id, "metric": name, "filter": chosen.__dict__, "records": rows})
    shown = rows if limit else rows[:_SHOWN_RECORDS]
    worded = ({**row, "detail": record_detail(name, row["detail"])} for row in shown)
    session.say(aligned([[row[column] for column in RECORD_COLUMNS] for row in worded], RECORD_COLUMNS))
    if len(rows) > len(shown):
        session.say(f"… the newest {_SHOWN_RECORDS}; --limit, --csv or --json print more.")
