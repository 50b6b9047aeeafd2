"""Sections of a retrospective on metrics and their records: what changed, what is behind it, what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from app import families, findings, wording
from app.reports import practice, svg, weekly
from app.reports.blocks import Block, Bullets, Cell, Chart, Facts, Text, named, row, table_or
from app.reports.question import NamedPeriod, Scope, scope_condition
from app.reports.weekly import Compared
from models.metric import MetricValue, left_out
from sql.aggregate import Filter

if TYPE_CHECKING:
    from app.reports.retrospective import Asked

HEADLINES = ("approval_latency", "change_failure_rate", "overlapping_windows", "unauthorised_deployment_rate")
_GOVERNANCE = (
    "approval",
    "first_response",
    "pending",
    "conditions",
    "record",
    "incomplete",
    "emergency",
    "planned_emerg",
    "post_impl",
)
_CHARTS = 6
_BEHIND = 5
_ASKED = 4
_NAMED = 2
_TITLES = """
    select coalesce(c.title, d.title, w.title), coalesce(c.url, d.url, w.url)
    from (select ? as id) x
    left join marts.changes c on c.change_id = x.id
    left join marts.deployments d on d.deployment_id = x.id
    left join marts.windows w on w.window_id = x.id
"""


def counts(con: DuckDBPyConnection, chosen: Filter) -> tuple[int, int, bool]:
    """Return changes dated in the period, production deployments in it, and whether any source keeps approvals."""
    scope, values = scope_condition(chosen)
    changes, approvals = con.execute(
        f"""select count(*), coalesce(bool_or(is_approval_collectable), false) from marts.changes
        where coalesce(merged_at, closed_at, requested_at, created_at) >= ?
            and coalesce(merged_at, closed_at, requested_at, created_at) < ? and {scope}""",
        [chosen.start, chosen.end, *values],
    ).fetchall()[0]
    deployments = con.execute(
        "select count(*) from marts.deployments "
        f"where is_production and started_at >= ? and started_at < ? and {scope}",
        [chosen.start, chosen.end, *values],
    ).fetchall()[0][0]
    return changes, deployments, approvals


def headline(compared: Sequence[Compared]) -> str:
    """Return the report's first sentence: what left its limits, or that nothing did.

    Beside the headline metrics it names the first two others with a signal towards the worse.
    """
    by_name = {one.reading.definition.name: one.reading for one in compared}
    worse = [
        one.reading for one in _ordered(compared) if _is_worse(one) and one.reading.definition.name not in HEADLINES
    ]
    read = [*(by_name[name] for name in HEADLINES[:3] if name in by_name), *worse[:_NAMED]]
    return findings.overview_sentence(read, by_name.get("unauthorised_deployment_rate"))


def changed(compared: Sequence[Compared], period: NamedPeriod, as_of: datetime) -> tuple[Block, ...]:
    """Return every metric against the two periods it is compared with, and charts of those that matter most."""
    shown = [one for one in _ordered(compared) if _has_anything(one)]
    rows = [
        row(
            one.reading.definition.label,
            wording.metric_amount(one.reading.value),
            _n(one.reading.value),
            _against(one.reading.before),
            _against(one.year_before),
            _mark(one),
        )
        for one in shown
    ]
    blocks: list[Block] = [
        Text(
            "A signal is a week outside its process-behaviour limits, or eight weeks running on one side of the usual "
            "value. Everything else is routine variation: asking why of one such week finds no cause."
        ),
        table_or(
            "No metric has a value in this period or the two it is compared with.",
            "Every metric with a value",
            ("Metric", "This period", "n", "The period before", "A year before", "Reading"),
            rows,
            right=frozenset({1, 2, 3, 4}),
            widths=(3.2, 1.6, 0.9, 1.8, 1.8, 2.4),
        ),
    ]
    charted = [one for one in shown if one.reading.definition.name in HEADLINES or _is_worse(one)]
    blocks += [chart(one, period) for one in charted[:_CHARTS] if one.reading.behaviour.weeks]
    return tuple(blocks)


def chart(one: Compared, period: NamedPeriod) -> Chart:
    """Return a metric's weeks as a chart whose caption states the finding."""
    reading, judged_from = one.reading, weekly.judged_week(period.period)
    label = reading.definition.label
    words = svg.behaviour_in_words(reading.behaviour, reading.definition.unit, label)
    colour = svg.GOVERNANCE if reading.definition.name.startswith(_GOVERNANCE) else svg.EXECUTION

    def draw(font: str) -> str:
        return svg.behaviour_chart(reading.behaviour, reading.definition.unit, colour, judged_from, words, font)

    return Chart(f"{findings.metric_sentence(reading)}.", draw, words)


def _ordered(compared: Sequence[Compared]) -> list[Compared]:
    """Return the headline metrics, then signals, then the rest, each in the order of the pages that show them."""
    places = {subject.name: i for i, subject in enumerate(s for family in families.PAGES.values() for s in family)}

    def place(one: Compared) -> tuple[int, int, str]:
        name = one.reading.definition.name
        if name in HEADLINES:
            return 0, HEADLINES.index(name), name
        return (1 if one.is_signal else 2), places.get(name, len(places)), name

    return sorted(compared, key=place)


def _has_anything(one: Compared) -> bool:
    values = (one.reading.value, one.reading.before, one.year_before)
    return any(value is not None and value.value is not None for value in values)


def _against(value: MetricValue | None) -> str:
    return "—" if value is None or value.value is None else f"{wording.metric_amount(value)} (n {value.denominator:,})"


def _n(value: MetricValue) -> str:
    return f"{value.denominator:,}"


def _mark(one: Compared) -> Cell:
    if one.is_signal:
        weeks = one.reading.behaviour.signals
        since = wording.short_day(weeks[0].week)
        return Cell(
            f"signal, week of {since}" if len(weeks) == 1 else f"signal, {len(weeks)} weeks from {since}", tone="signal"
        )
    if one.reading.value.note and one.reading.value.value is not None:
        return Cell(one.reading.value.note, tone="quiet")
    return Cell(one.mark, tone="quiet")


def behind(
    con: DuckDBPyConnection, compared: Sequence[Compared], scope: Scope, period: NamedPeriod
) -> tuple[Block, ...]:
    """Return the records behind each signal; without a signal, those of the headline metrics."""
    signals = [one for one in _ordered(compared) if one.is_signal and one.reading.definition.better != "neither"]
    chosen = signals or [one for one in _ordered(compared) if one.reading.definition.name in HEADLINES]
    is_judged = any(one.reading.behaviour.limits for one in compared)
    blocks: list[Block] = []
    if not signals:
        blocks.append(
            Text(
                f"{'Nothing left its limits' if is_judged else 'Nothing has limits to judge it by'}. These are the "
                "records that the headline metrics count, as examples."
            )
        )
    columns = ("Record", "Title", "Service", "When", "What the records show")
    found = [(one, list(_records(con, one, scope.over(period.period)))) for one in chosen[:_CHARTS]]
    blocks += [
        table_or(
            "",
            f"{one.reading.definition.label}: {_of_how_many(one)}",
            columns,
            rows,
            widths=(2.4, 3.6, 1.5, 1.3, 2.8),
        )
        for one, rows in found
        if rows
    ]
    return tuple(blocks) or (Text("There are no records to show."),)


def _of_how_many(one: Compared) -> str:
    value = one.reading.value
    if _counts(one):
        return f"the latest of {value.numerator:,} counted among {value.denominator:,}"
    return f"the {'smallest' if one.reading.definition.better == 'higher' else 'largest'} of {value.denominator:,}"


def _is_worse(one: Compared) -> bool:
    """Whether the last signal of a metric points towards the worse."""
    better = one.reading.definition.better
    return one.is_signal and better != "neither" and one.reading.behaviour.signals[-1].is_high == (better == "lower")


def _counts(one: Compared) -> bool:
    """Whether a metric counts events rather than measuring each record."""
    return one.reading.definition.kind in {"rate", "count"}


def _records(con: DuckDBPyConnection, one: Compared, chosen: Filter) -> Iterator[tuple[Cell, ...]]:
    where, values = chosen.where()
    counts_events = _counts(one)
    picked = (
        ("in_numerator", "occurred_at desc, record_id")
        if counts_events
        else ("value is not null", "value desc, record_id")
    )
    if one.reading.definition.better == "higher":
        picked = ("not coalesce(in_numerator, false)", picked[1]) if counts_events else (picked[0], "value, record_id")
    rows = con.execute(
        f"""select record_id, service, occurred_at, value, detail from metrics.{one.reading.definition.name}
        where {where} and exclusion_reason is null and {picked[0]} order by {picked[1]} limit {_BEHIND}""",
        values,
    ).fetchall()
    for record, service, at, value, detail in rows:
        # A record of a hand-over names a deployment and the change in it; the change tells more.
        shown = str(record).rpartition("|")[2]
        title, url = con.execute(_TITLES, [shown]).fetchall()[0]
        shows = (
            wording.record_detail(one.reading.definition.name, detail)
            if counts_events or value is None
            else wording.amount(value, one.reading.definition.unit)
        )
        yield row(named(shown, url), title, service, wording.day(at), shows or "")


def questions(found: Sequence[str]) -> tuple[Block, ...]:
    """Return the questions as a list."""
    if not found:
        return (Text("The records raise no question by themselves. What would you do less of?"),)
    return (Bullets(tuple(found)),)


def signal_questions(compared: Sequence[Compared]) -> list[str]:
    """Return a question per signal that goes one way or the other, towards the worse first."""
    found: list[tuple[bool, str]] = []
    for one in _ordered(compared):
        if not one.is_signal or one.reading.definition.better == "neither":
            continue
        is_worse = _is_worse(one)
        ask = (
            "what was different then, and does it still hold?"
            if is_worse
            else "what made it better, and how do we keep it?"
        )
        found.append((is_worse, f"{findings.metric_sentence(one.reading)}: {ask}"))
    worse = [text for is_worse, text in found if is_worse]
    return worse[:_ASKED] + [text for is_worse, text in found if not is_worse][:1]


def incomplete(con: DuckDBPyConnection) -> list[str]:
    """Return sentences on sources whose records may be incomplete."""
    from app.reports import provenance

    if not practice.has(con, "data_sources"):
        return []
    rows = con.execute(
        """select source, stream, concat_ws('; ',
            case when last_run_status <> 'ok' then 'last run ' || last_run_status end, last_error,
            case when rejected > 0 then cast(rejected as varchar) || ' set aside' end)
        from marts.data_sources where last_run_status <> 'ok' or last_error is not null or rejected > 0
        order by source, stream"""
    ).fetchall()
    return provenance.problems(rows)


def sources(con: DuckDBPyConnection, asked: Asked, compared: Sequence[Compared]) -> tuple[Block, ...]:
    """Return what was read, how each metric is defined, and what is left out of which."""
    blocks: list[Block] = []
    if practice.has(con, "data_sources"):
        rows = con.execute(
            """select source, count(*), sum(received), sum(rejected), max(last_run_at),
                string_agg(distinct last_run_status, ', ' order by last_run_status)
            from marts.data_sources group by source order by source"""
        ).fetchall()
        blocks.append(
            table_or(
                "The build says nothing of its sources.",
                "Sources of the build",
                ("Source", "Streams", "Records received", "Set aside", "Last read", "Last runs"),
                [row(s, n, f"{int(a):,}", f"{int(b):,}", wording.instant(at), st) for s, n, a, b, at, st in rows],
                right=frozenset({1, 2, 3}),
                widths=(2, 1, 1.6, 1.2, 2.4, 1.6),
            )
        )
    defined = tuple(
        (one.reading.definition.label, one.reading.definition.description)
        for one in _ordered(compared)
        if _has_anything(one)
    )
    if defined:
        blocks += [Text("What each metric is:"), Facts(defined)]
    excluded = [
        f"{one.reading.definition.label}: {left_out(one.reading.value.excluded)}"
        for one in _ordered(compared)
        if one.reading.value.excluded and _has_anything(one)
    ]
    if excluded:
        blocks += [Text("Left out of each, and why:"), Bullets(tuple(excluded))]
    return tuple(blocks)
