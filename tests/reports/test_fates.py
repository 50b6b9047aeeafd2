"""What becomes of each record of a build, counted for the sums of completeness."""

from __future__ import annotations

import duckdb

from app.reports import selection

# Of one issue: its change, of another quarter, and its window, which overlaps one of this quarter.
BUILD = """
create schema build.marts; create schema pack;
create table pack.question as select timestamp '2026-04-01' as start_at, timestamp '2026-07-01' as end_at,
    'everything' as scope_kind, cast(null as varchar) as scope_name;
create table pack.members as select 'jira:2' as change_id;
create table pack.chosen_deployments (deployment_id varchar);
create table pack.chosen_windows as select unnest(['w:1', 'w:2']) as window_id;
create table build.marts.changes as select 'jira' as source, 'jira:issue:' || n as source_event_id,
    'jira:' || n as change_id, 'payments' as service, 'Money' as team from range(1, 4) r(n);
create table build.marts.windows as select 'jira' as source, 'jira:issue:' || n as source_event_id,
    'w:' || n as window_id, 'payments' as service, 'Money' as team from range(1, 4) r(n);
create table build.marts.deployments (source varchar, source_event_id varchar, deployment_id varchar, service varchar,
    team varchar, is_production boolean);
create table build.marts.incidents (source varchar, source_event_id varchar, incident_id varchar, deployment_id varchar,
    service varchar, team varchar, opened_at timestamp);
"""


def test_a_record_is_counted_once_and_as_what_is_here_of_it() -> None:
    """A window in the pack whose change is of another period counts as here; a change with its window counts once."""
    con = duckdb.connect()
    con.execute("attach ':memory:' as build")
    con.execute(BUILD)
    con.execute(f"create table {selection.FATES.table} as {selection.FATES.statement}")
    found = con.execute("select kind, fate, records from pack.fates order by all").fetchall()
    assert found == [("change", "in the pack", 1), ("change", "outside the period", 1), ("window", "in the pack", 1)]
