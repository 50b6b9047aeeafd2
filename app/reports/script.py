"""The script of a pack: plain DuckDB SQL that computes every figure again and lists what differs from the pack.

Owns the wording of ``sql/recompute.sql``. It is for a reader who has DuckDB and none of our code, so it repeats what
:mod:`app.reports.recompute` and :mod:`sql.aggregate` do, in SQL that can be read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.metric import MetricDefinition

FILE = "sql/recompute.sql"
_CSV = (
    "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
    "allow_quoted_nulls = false, parallel = false, max_line_size = 67108864"
)
_HEAD = """\
-- Computes everything in this pack again, with DuckDB alone: in the pack's folder,
--
--     duckdb -init /dev/null < data/sql/recompute.sql
--
-- Reads data/tables and the results beside it, writes nothing. The last tables it shows are the metrics, the sample's
-- sizes with the chance to find nothing although as many deviate as tolerable, and what differs from the pack: no row.
set threads = 1;
set TimeZone = 'UTC';
create schema if not exists pack;
create schema if not exists held;
create schema if not exists evidence;
create schema if not exists metrics;
"""
_SAMPLE = """\
-- The sample is drawn again: in each stratum the changes with the smallest hash, as many as the selection says.
create table pack.selection as
select seed, confidence_percent, tolerable_deviation_percent, size_given, unnest(strata, recursive := true)
from read_json('data/sample/selection.json', columns = {
    seed: 'VARCHAR', confidence_percent: 'BIGINT', tolerable_deviation_percent: 'BIGINT', size_given: 'BIGINT',
    strata: 'STRUCT(stratum VARCHAR, population BIGINT, sample BIGINT)[]'});
create table pack.sample as
select f.change_id, f.stratum, f.place
from (
    select change_id, f.stratum, s.sample,
        row_number() over (partition by f.stratum order by sha256(s.seed || ':' || change_id)) as place
    from evidence.sample_frame f inner join pack.selection s on s.stratum = f.stratum
) f
where f.place <= f.sample;
create table evidence.sample_sample as
select p.stratum, p.place, p.change_id, sha256(s.seed || ':' || p.change_id) as sha256
from pack.sample p inner join pack.selection s on s.stratum = p.stratum;
"""
_SIZES = """\
-- P(nothing found) = C(N - D, n) / C(N, n), D the tolerable deviations among N. It is at most 1 - confidence with n
-- drawn, and more than that with one fewer.
create macro pack.nothing_found(total, deviating, n) as coalesce(list_product(
    list_transform(range(n), lambda i: greatest(total - deviating - i, 0) / (total - i))), 1.0);
create table pack.sizes as
select stratum, population, sample, confidence_percent, tolerable_deviation_percent,
    pack.nothing_found(population, ceil(population * tolerable_deviation_percent / 100), sample) as nothing_found,
    pack.nothing_found(population, ceil(population * tolerable_deviation_percent / 100), sample - 1) as with_one_fewer
from pack.selection where population > 0;
"""
_IN_QUESTION = """\
    occurred_at >= q.start_at and occurred_at < q.end_at and (q.scope_kind = 'everything'
        or (q.scope_kind = 'team' and team = q.scope_name) or (q.scope_kind = 'service' and service = q.scope_name))"""
_Z = "1.959963984540054"


@dataclass(frozen=True)
class Result:
    """A result that the script computes: its file, its table, the file's columns, and those that SQL does not make."""

    file: str
    table: str
    columns: tuple[tuple[str, str], ...]
    not_compared: tuple[str, ...] = ()


def script(
    tables: Iterable[tuple[str, str, Sequence[tuple[str, str]]]], metrics: Mapping[str, str],
    definitions: Mapping[str, MetricDefinition], evidence: Sequence[tuple[str, str]], results: Sequence[Result],
    record_columns: Sequence[str],
) -> str:  # fmt: skip
    """Return the script's text.

    Args:
        tables: Packed tables as (name, file, columns with types).
        metrics: SQL of each metric.
        definitions: What each metric is.
        evidence: (name, SQL) of each result, in the order in which they read each other.
        results: What the pack holds and the script compares with.
        record_columns: Columns of a metric's contributing records.
    """
    schemas = sorted({name.partition(".")[0] for name, _, _ in tables} - {"pack"})
    parts = [_HEAD + "".join(f"create schema if not exists {name};\n" for name in schemas)]
    parts += [_load(name, file, columns) for name, file, columns in tables]
    for name, text in metrics.items():
        parts.append(f"create table metrics.{name} as (\n{text.rstrip()}\n);\n")
        parts.append(_records(name, record_columns))
    parts.append(_values([definitions[name] for name in metrics]))
    is_drawn = False
    for name, text in evidence:
        if not is_drawn and "pack.sample" in text:
            parts.append(_SAMPLE)
            is_drawn = True
        parts.append(f"create table evidence.{name} as (\n{text.rstrip()}\n);\n")
    parts += [_SIZES, _compare(results)]
    return "\n".join(parts)


def _load(name: str, file: str, columns: Sequence[tuple[str, str]]) -> str:
    texts = ", ".join(f"'{column}': 'VARCHAR'" for column, _ in columns)
    casts = ", ".join(f'cast("{column}" as {kind}) as "{column}"' for column, kind in columns)
    return f"create table {name} as select {casts}\nfrom read_csv('data/{file}', {_CSV},\n    columns = {{{texts}}});\n"


def _records(metric: str, columns: Sequence[str]) -> str:
    return (
        f"create table evidence.records_{metric} as\nselect {', '.join(columns)}\n"
        f"from metrics.{metric} cross join pack.question q where\n{_IN_QUESTION};\n"
    )


def _values(definitions: Sequence[MetricDefinition]) -> str:
    """Return the statement that computes every metric's value, as ``metrics.csv`` states it."""
    parts = "\nunion all\n".join(_value(defined) for defined in definitions)
    return f"""\
-- The value of each metric: of a rate hits ÷ judged with its Wilson interval, of a duration the median and the 90th
-- percentile, of a ratio sum ÷ judged, of waiting times the Kaplan–Meier median. Undefined is empty, never 0.
create table pack.metric_parts as
{parts};
create table evidence.metrics as
select metric, label, unit,
    case kind when 'rate' then hits / nullif(judged, 0) when 'duration' then middle when 'survival' then survival
        when 'count' then case when judged > 0 then cast(hits as double) end
        when 'ratio' then total / nullif(judged, 0) end as "value",
    case when kind <> 'duration' then hits end as numerator, judged as denominator,
    case when kind <> 'rate' or judged = 0 then null when hits = 0 then 0.0 else greatest(0.0,
        (hits / judged + {_Z} * {_Z} / (2 * judged) - {_Z} * sqrt(hits / judged * (1 - hits / judged) / judged
            + {_Z} * {_Z} / (4 * judged * judged))) / (1 + {_Z} * {_Z} / judged)) end as low,
    case when kind <> 'rate' or judged = 0 then null when hits = judged then 1.0 else least(1.0,
        (hits / judged + {_Z} * {_Z} / (2 * judged) + {_Z} * sqrt(hits / judged * (1 - hits / judged) / judged
            + {_Z} * {_Z} / (4 * judged * judged))) / (1 + {_Z} * {_Z} / judged)) end as high,
    case when kind = 'duration' then p90 end as p90, judged >= minimum as is_enough, excluded
from pack.metric_parts;
"""


def _value(defined: MetricDefinition) -> str:
    name = defined.name
    return f"""\
select {_quoted(name)} as metric, {_quoted(defined.label)} as label, {_quoted(defined.unit)} as unit,
    {_quoted(defined.kind)} as kind, {defined.minimum_sample} as minimum,
    count(*) filter (where exclusion_reason is null) as judged,
    count(*) filter (where exclusion_reason is null and in_numerator) as hits,
    sum("value") filter (where exclusion_reason is null) as total,
    quantile_cont("value", 0.5) filter (where exclusion_reason is null) as middle,
    quantile_cont("value", 0.9) filter (where exclusion_reason is null) as p90,
    {_survival(name) if defined.kind == "survival" else "cast(null as double)"} as survival,
    (select '{{' || string_agg('"' || exclusion_reason || '": ' || n, ', ' order by exclusion_reason) || '}}' from (
        select exclusion_reason, count(*) as n from evidence.records_{name}
        where exclusion_reason is not null group by exclusion_reason)) as excluded
from evidence.records_{name}"""


def _survival(metric: str) -> str:
    return f"""(with steps as (
        select "value", count(*) filter (where in_numerator) as events, count(*) as leaving
        from evidence.records_{metric} where exclusion_reason is null and "value" is not null group by "value"),
    at_risk as (select *, sum(leaving) over (order by "value" desc) as remaining from steps),
    estimate as (select *, sum(case when events = remaining then -1e9 else ln(1 - events / remaining) end)
        over (order by "value") as log_survival from at_risk)
    select min("value") from estimate where log_survival <= ln(0.5) + 1e-12)"""


def _compare(results: Sequence[Result]) -> str:
    """Return the statements that hold each result against the pack's file, numbers to the ninth digit."""
    parts = [
        "-- What was computed against what the pack holds, row by row.\n"
        "create table held.differences (file VARCHAR, computed_only BIGINT, in_pack_only BIGINT);\n"
    ]
    for number, one in enumerate(results):
        held = f"held.result_{number}"
        shown = ", ".join(
            f'round("{name}", 9) as "{name}"' if kind == "DOUBLE" else f'"{name}"'
            for name, kind in one.columns
            if name not in one.not_compared
        )
        parts.append(_load(held, one.file, one.columns))
        parts.append(
            f"insert into held.differences select '{one.file}',\n"
            f"    (select count(*) from (select {shown} from {one.table} except all select {shown} from {held})),\n"
            f"    (select count(*) from (select {shown} from {held} except all select {shown} from {one.table}));\n"
        )
    parts.append(
        'select metric, "value", numerator, denominator, low, high from evidence.metrics order by metric;\n'
        "select * from pack.sizes order by stratum;\n"
        "select count(*) as results_compared from held.differences;\n"
        "select * from held.differences where computed_only + in_pack_only > 0 order by file;\n"
    )
    return "\n".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
