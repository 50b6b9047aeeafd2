# ruff: noqa: E501, T201 - SQL in one piece; the report is what this prints
"""How long marks and detector take in a build: ``python -m tests.bench.bench_marks [--teams N] [CHANGES…]``.

Changes, deployments, decisions and their activities are generated into the tables that the models of drift read, for
three years of so many teams; then these models alone run, as the build runs them, with their checks. What an import or
the rest of a build takes is ``bench_import`` and ``bench_build``. Prints seconds and rows per model, processor seconds,
load, the peak of memory, and the ratio between sizes. Not a test: machines differ.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from models.settings import Settings
from sql.build import Plan, plan, run_models
from sql.engines import prepare
from sql.header import read_models

TEAMS, SIZES = 2_000, (1_000_000, 2_000_000, 7_200_000)
STEPS = {
    "marks": (
        "drift_carried",
        "drift_single_marks",
        "drift_marks",
        "drift_daily",
        "drift_activity",
        "drift_weekly",
        "drift_team_levels",
    ),
    "the detector": ("drift_gate", "drift_findings", "drift_levels", "drift_dimensions", "drift_context"),
}
_AS_OF = datetime(2026, 1, 5)

# One in so many changes is an emergency, has no approval, …: shares as in the simulator's base rates, by hash, so that the
# same size gives the same tables. Four changes a deployment; a team's changes are spread evenly over three years.
_TABLES = """
create table drawn as
    select
        i, i % {teams} as t, i // {teams} as k, hash(i) as h, hash(i + 1000003) as g,
        'github:acme/service-' || lpad(cast(i % {teams} as varchar), 5, '0') || '#' || lpad(cast(i // {teams} as varchar), 6, '0') as change_id,
        'deploys:service-' || lpad(cast(i % {teams} as varchar), 5, '0') || '/' || lpad(cast(i // {teams} // 4 as varchar), 6, '0') as deployment_id,
        timestamp '2023-01-02 09:00:00' + to_seconds(cast((i // {teams}) * ({days} * 86400.0 / ({changes} / {teams})) as bigint)) as created_at,
        timestamp '2023-01-02 14:00:00' + to_seconds(cast((i // {teams} // 4 * 4 + 4) * ({days} * 86400.0 / ({changes} / {teams})) as bigint)) as started_at
    from range({changes}) r (i);
create table build.marts.changes as
    select
        change_id, 'github-' || (t % 40) as source, 'team-' || lpad(cast(t as varchar), 5, '0') as team,
        'service-' || lpad(cast(t as varchar), 5, '0') as service, case when h % 10 = 0 then 'emergency' else 'normal' end as change_type,
        case when h % 100 < 50 then 'low' when h % 100 < 80 then 'medium' else 'high' end as risk,
        created_at + interval '2 hours' as merged_at, cast(null as timestamp) as closed_at, true as is_approval_collectable,
        case when g % 100 < 8 then null else 'human' end as approval_basis,
        case when g % 100 < 8 then null else created_at + interval '1 hour' end as effective_approval_at,
        case when g % 100 < 8 then null when g % 100 < 20 then 'person-' || t || '-0' else 'person-' || t || '-' || (1 + h % 5) end as effective_approver,
        case when g % 100 < 8 then null else change_id || '/review/1' end as effective_decision_id,
        false as is_self_approved_only, 'person-' || t || '-5' as requester, g % 100 >= 15 as has_description
    from drawn;
create table build.marts.deployments as
    select
        deployment_id, 'team-' || lpad(cast(t as varchar), 5, '0') as team, 'service-' || lpad(cast(t as varchar), 5, '0') as service,
        min(started_at) as started_at, 'person-' || t || '-0' as deployer, 'human' as deployer_type, false as is_rerelease,
        true as is_production, 'succeeded' as outcome, min(h) % 10 > 0 as has_plan, cast(null as varchar) as version
    from drawn group by deployment_id, t;
create table build.marts.deployment_changes as
    select
        deployment_id, change_id, change_id as governing_change_id,
        case when g % 100 < 8 then 'none' else 'prior' end as authorisation_class,
        case when g % 100 < 8 then 'no approval is recorded' end as reason,
        case when g % 100 < 8 then null else created_at + interval '1 hour' end as effective_approval_at, 'revision' as link_basis
    from drawn;
create table build.marts.decisions as
    select change_id, created_at + interval '1 hour' as decided_at, 'approved' as verdict from drawn where g % 100 >= 8;
create table build.marts.activities as
    select change_id || '/event/' || n as source_event_id, n = 2 and h % 100 < 6 as is_dual,
        case n when 0 then 'opened' when 1 then 'commented' else 'approved' end as verb, 'change_governance' as track,
        case n when 0 then 'proposed' when 1 then 'assessed' else 'decided' end as activity, change_id
    from drawn cross join range(3) e (n);
create table build.marts.agenda_items as
    select case when g % 2 = 0 then 'change_governance' else 'release_execution' end as record_track, change_id || '/comment/1' as item_id,
        'team-' || lpad(cast(t as varchar), 5, '0') as team, 'service-' || lpad(cast(t as varchar), 5, '0') as service,
        created_at as occurred_at, h % 100 < 20 as is_misplaced, change_id
    from drawn where h % 2 = 0;
create table build.marts.verified_deployments as select deployment_id from build.marts.deployments where hash(deployment_id) % 10 = 0;
create table work.intermediate.int_deployments as
    select deployment_id, deployer, 'deploys' as source, cast(null as varchar) as run_key, cast(null as varchar) as release_key, true as is_production
    from build.marts.deployments;
create table work.intermediate.int_releases as
    select cast(null as varchar) as source, cast(null as varchar) as key, cast(null as timestamp) as cut_at where false;
create table work.intermediate.int_decisions as
    select change_id || '/review/1' as decision_id, cast(null as varchar) as run_id, cast(null as varchar) as deployment_id, 'approved' as verdict,
        created_at + interval '1 hour' as decided_at, 'person-' || t || '-1' as decided_by, 'human' as decided_by_type,
        change_id || '/event/2' as source_event_id, true as is_of_change, 'github-' || (t % 40) as source,
        'team-' || lpad(cast(t as varchar), 5, '0') as change_team
    from drawn where g % 100 >= 8;
create table work.intermediate.int_gate_approvals as
    select cast(null as varchar) as deployment_id, cast(null as varchar) as decision_id, cast(null as timestamp) as decided_at,
        cast(null as varchar) as decided_by, cast(null as varchar) as decided_by_type
    where false;
create table work.intermediate.int_joint_approvals as
    select cast(null as varchar) as decision_id, cast(null as varchar) as change_id, cast(null as timestamp) as decided_at,
        cast(null as varchar) as decided_by, cast(null as varchar) as decided_by_type
    where false;
create table work.intermediate.int_human_decisions as
    select change_id || '/review/1' as decision_id, h % 100 >= 15 as has_words, case when h % 100 < 15 then 90 else 300 end as handling_seconds
    from drawn where g % 100 >= 8;
drop table drawn
"""


def drift_alone() -> Plan:
    """Return the build's plan without all models but those of drift."""
    whole = plan(read_models())
    names = {name for step in STEPS.values() for name in step}
    kept = tuple(model for model in whole.models if model.layer == "marts" and model.name in names)
    # Nothing is dropped after its last reader: the tables that are read were not made by this plan.
    return replace(whole, models=kept, latest=set())


def processor_seconds() -> float:
    """Return the seconds that this process has kept processors busy."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(changes: int, teams: int, folder: Path) -> dict[str, float]:
    """Generate so many changes and run the models of drift; returns processor seconds by step."""
    con = duckdb.connect(":memory:")
    con.execute("set memory_limit = '5GB'")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set temp_directory = ?", [str(folder / "spill")])
    con.execute(f"attach '{folder / 'drift.duckdb'}' as build (recovery_mode no_wal_writes)")
    con.execute("attach ':memory:' as work")
    prepare(con)
    for text in _TABLES.format(changes=changes, teams=teams, days=1092).split(";"):
        con.execute(text)
    con.execute("checkpoint build")
    print(f"{changes:,} changes of {teams:,} teams", flush=True)
    begun: list[float] = []
    results = run_models(con, drift_alone(), Settings(), _AS_OF, lambda *_: begun.append(processor_seconds()))
    busy = [after - before for before, after in zip(begun, [*begun[1:], processor_seconds()], strict=True)]
    taken = {}
    for step, names in STEPS.items():
        own = [k for k, one in enumerate(results) if one.name.partition(".")[2] in names]
        for k in own:
            print(
                f"  {results[k].seconds:8.2f} s {busy[k]:8.2f} s of processors {results[k].rows:>12,} rows  {results[k].name}"
            )
        taken[step] = sum(busy[k] for k in own)
        seconds = sum(results[k].seconds for k in own)
        print(f"  {seconds:8.2f} s {taken[step]:8.2f} s of processors for {step}", flush=True)
    con.close()
    print(f"  peak memory so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    print(f"  load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    return taken


def main() -> None:
    """Measure each size given on the command line, smallest first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("changes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--teams", type=int, default=TEAMS)
    asked = parser.parse_args()
    sizes = sorted(asked.changes)
    taken = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            taken.append(measure(size, asked.teams, Path(folder)))
    for small, large, before, after in zip(sizes, sizes[1:], taken, taken[1:], strict=False):
        ratios = ", ".join(f"{step} {after[step] / before[step]:.1f} times the processor seconds" for step in after)
        print(f"{large / small:.1f} times the changes: {ratios}")


if __name__ == "__main__":
    main()
