"""Which rows of a build go into a pack: everything in the period and scope, and what ties to it.

Owns the statements that choose. They stand in the pack as they ran, with the question's values beside them.

A change is in when one of its instants lies in the period, when it was open at the period's end and not deployed before
it, when a deployment of the pack carried it, or when it is the request or the code of a change that is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

_IN_SCOPE = """(q.scope_kind = 'everything' or (q.scope_kind = 'team' and {0}.team = q.scope_name)
            or (q.scope_kind = 'service' and {0}.service = q.scope_name))"""
_CHANGE_INSTANTS = (
    "created_at", "requested_at", "first_response_at", "first_approval_at", "effective_approval_at", "merged_at",
    "closed_at", "first_deployed_at",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """One table of a pack and the statement that fills it from the build."""

    table: str
    statement: str


def _within(alias: str, *columns: str) -> str:
    return " or ".join(f"({alias}.{name} >= q.start_at and {alias}.{name} < q.end_at)" for name in columns)


# Run first, in this order, into schema ``pack``; what follows reads them.
MEMBERSHIP: tuple[Chosen, ...] = (
    Chosen("pack.chosen_deployments", f"""
        select d.deployment_id
        from build.marts.deployments d
        cross join pack.question q
        where {_IN_SCOPE.format("d")} and coalesce(d.is_production, true)
            and ({_within("d", "created_at", "started_at", "finished_at")})"""),
    Chosen("pack.members", f"""
        with reasons as (
            select c.change_id, 'dated in the period' as reason
            from build.marts.changes c cross join pack.question q
            where {_IN_SCOPE.format("c")} and ({_within("c", *_CHANGE_INSTANTS)})
            union
            select c.change_id, 'open at its end'
            from build.marts.changes c cross join pack.question q
            where {_IN_SCOPE.format("c")} and c.state = 'open' and c.created_at < q.end_at
                and (c.first_deployed_at is null or c.first_deployed_at >= q.start_at)
            union
            select x.change_id, 'carried by a deployment'
            from build.marts.deployment_changes x
            inner join pack.chosen_deployments d on d.deployment_id = x.deployment_id
            union
            select x.governing_change_id, 'governs what a deployment carried'
            from build.marts.deployment_changes x
            inner join pack.chosen_deployments d on d.deployment_id = x.deployment_id
        ),
        tied as (
            select * from reasons
            union
            select c.ticket_id, 'request of a change here'
            from build.marts.changes c where c.ticket_id is not null and c.change_id in (select change_id from reasons)
            union
            select c.change_id, 'code of a request here'
            from build.marts.changes c where c.ticket_id in (select change_id from reasons)
        )
        select change_id, string_agg(reason, ', ' order by reason) as why from tied group by change_id"""),
    Chosen("pack.chosen_windows", f"""
        with own as (
            select w.window_id
            from build.marts.windows w cross join pack.question q
            where w.change_id in (select change_id from pack.members)
                or ({_IN_SCOPE.format("w")} and (
                    {_within("w", "created_at", "planned_start_at", "actual_start_at")}
                    or (w.planned_start_at < q.end_at and w.planned_end_at > q.start_at)))
        )
        select window_id from own
        union
        -- A change is scheduled once, by all of its windows.
        select s.window_id from build.marts.windows s where s.change_id in (
            select w.change_id from build.marts.windows w where w.window_id in (select window_id from own))
        union
        select o.window_b from build.marts.window_overlaps o where o.window_a in (select window_id from own)
        union
        select o.window_a from build.marts.window_overlaps o where o.window_b in (select window_id from own)"""),
    Chosen("pack.services", """
        select service, count(*) filter (where is_production and started_at is not null) > 0 as has_deployments
        from build.marts.deployments where service is not null group by service"""),
)  # fmt: skip

_BY_CHANGE = "change_id in (select change_id from pack.members)"
_BY_DEPLOYMENT = "deployment_id in (select deployment_id from pack.chosen_deployments)"
_OF_SERVICE = (
    f"service in (select c.service from build.marts.changes c where c.{_BY_CHANGE} union "
    f"select c.first_deployment_service from build.marts.changes c where c.{_BY_CHANGE})"
)
_CONDITIONS: dict[str, str] = {
    "marts.changes": _BY_CHANGE,
    "marts.decisions": f"{_BY_CHANGE} or {_BY_DEPLOYMENT}",
    "marts.deployments": _BY_DEPLOYMENT,
    "marts.deployment_changes": _BY_DEPLOYMENT,
    "marts.incidents": f"{_BY_DEPLOYMENT} or incident_id in (select i.incident_id from build.marts.incidents i "
    f"cross join pack.question q where {_IN_SCOPE.format('i')} and ({_within('i', 'opened_at')}))",
    "marts.windows": "window_id in (select window_id from pack.chosen_windows)",
    "marts.scheduled_windows": "window_id in (select window_id from pack.chosen_windows)",
    # One row of a change with all of its windows, which go along with any of them.
    "marts.change_notice": "record_id in (select coalesce(w.change_id, w.window_id) from build.marts.windows w "
    "where w.window_id in (select window_id from pack.chosen_windows))",
    "marts.several_windows": "change_id in (select w.change_id from build.marts.windows w "
    "where w.window_id in (select window_id from pack.chosen_windows))",
    "marts.window_overlaps": "window_a in (select window_id from pack.chosen_windows) "
    "and window_b in (select window_id from pack.chosen_windows)",
    "marts.activities": f"{_BY_CHANGE} or {_BY_DEPLOYMENT}",
    "marts.separation_of_duties": f"{_BY_CHANGE} or {_BY_DEPLOYMENT}",
    "marts.conditions": _BY_CHANGE,
    "marts.change_completeness": _BY_CHANGE,
    "marts.freeze_deployments": _BY_DEPLOYMENT,
    "marts.verified_deployments": _BY_DEPLOYMENT,
    # Moves in other environments than production count too, so here the record's own date and scope decide.
    "marts.version_moves": f"{_BY_DEPLOYMENT} or deployment_id in (select v.deployment_id "
    "from build.marts.version_moves v "
    f"cross join pack.question q where {_IN_SCOPE.format('v')} and ({_within('v', 'finished_at')}))",
    # Rules belong to teams: those of the changes that are in.
    "marts.automated_rules": "team in (select c.team from build.marts.changes c where c." + _BY_CHANGE + ")",
    "marts.data_sources": "true",
    # What came before a service's first deployment seen is unknown, in whichever period that deployment was.
    "marts.service_first_deployments": _OF_SERVICE,
    "marts.service_days": "service || '|' || day in (select d.service || '|' || d.day "
    f"from build.marts.service_days d cross join pack.question q where {_IN_SCOPE.format('d')} "
    f"and ({_within('d', 'day')}))",
}
# What a raw record became decides where it is counted; a ticket with a window is a change.
_KINDS = (
    ("change", "marts.changes", "true"),
    ("deployment", "marts.deployments", "coalesce(x.is_production, true)"),
    ("incident", "marts.incidents", "true"),
    ("window", "marts.windows", "true"),
)


def _fate_of(place: int, kind: str, table: str, is_eligible: str) -> str:
    return f"""
            select x.source, x.source_event_id, '{kind}' as kind, {place} as place,
                coalesce({_CONDITIONS[table]}, false) as is_in,
                coalesce({_IN_SCOPE.format("x")}, false) as is_in_scope, {is_eligible} as is_eligible
            from build.{table} x cross join pack.question q
            where x.source_event_id is not null"""


# Every record of the build, the many outside the pack included, counted by what became of it.
FATES = Chosen("pack.fates", f"""
        with records as ({" union all".join(_fate_of(place, *kind) for place, kind in enumerate(_KINDS))}
        ),
        once as (
            select * from records
            -- What is here of a record decides: its window may be, where the change itself is of another period.
            qualify row_number() over (partition by source_event_id order by is_in desc, place, is_in_scope desc) = 1
        )
        select source, split_part(source_event_id, ':', 2) as noun, kind,
            case
                when is_in then 'in the pack'
                when not is_in_scope then 'outside the scope'
                when not is_eligible then 'not production'
                else 'outside the period'
            end as fate,
            count(*) as records
        from once
        group by source, noun, kind, fate""")  # fmt: skip
# What the pack's own SQL reads; metrics may ask for more.
ALWAYS = (
    *_CONDITIONS, "config.thresholds", "config.people", "config.person_logins", "config.person_emails",
    "config.person_entitlements", "config.bots", "config.business_days", "config.freezes", "meta.build",
)  # fmt: skip
_COMMENT = re.compile(r"--[^\n]*")
_HIDDEN = re.compile(r"\b(?:raw|staging|intermediate)\.[a-z_][a-z0-9_]*")
_READS = re.compile(r"\b(marts|config|seeds|meta)\.([a-z_][a-z0-9_]*)")


def choose(con: DuckDBPyConnection, table: str) -> Chosen | None:
    """Return how to fill a table of the pack from the attached ``build``; ``None`` when no rule says which rows belong.

    Rules and configuration go in whole. A mart without a rule of its own goes in by the change or deployment it names.
    """
    schema, _, name = table.partition(".")
    if schema in {"config", "seeds", "meta"}:
        return Chosen(table, f"select * from build.{table}")
    condition = _CONDITIONS.get(table)
    if condition is None:
        columns = {
            row[0]
            for row in con.execute(
                "select column_name from duckdb_columns() "
                "where database_name = 'build' and schema_name = ? and table_name = ?",
                [schema, name],
            ).fetchall()
        }
        keys = [
            rule for column, rule in (("change_id", _BY_CHANGE), ("deployment_id", _BY_DEPLOYMENT)) if column in columns
        ]
        if not keys:
            return None
        condition = " or ".join(keys)
    return Chosen(table, f"select * from build.{table} where {condition}")


def tables_read(statements: Iterable[str]) -> set[str]:
    """Return the published tables that SQL texts name, comments left out."""
    return {f"{schema}.{name}" for text in statements for schema, name in _READS.findall(_COMMENT.sub("", text))}


def unpublished(statements: Iterable[str]) -> set[str]:
    """Return the tables that SQL texts name and that a build keeps to itself."""
    return {found for text in statements for found in _HIDDEN.findall(_COMMENT.sub("", text))}
