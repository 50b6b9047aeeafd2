# ruff: noqa: E501 - each payload is one SQL expression, easier to read in one piece
"""A large raw store for benchmarks: changes, reviews, commits, deployments, incidents and windows, skewed.

One service holds a fifth of everything and one pair of teams three tenths. Records are written straight into the raw
tables in the shapes that the GitHub connector and the file import store, so that a build does all its work on them.
"""

from __future__ import annotations

from pathlib import Path

from ingest.store import RawStore

SERVICES = 200
TEAMS = 50
SETTINGS_HEAD = '[workspace]\nname = "Large"\n'


def settings_text() -> str:
    """Return the configuration: services by repository, teams in pairs."""
    services = "".join(
        f'[[service]]\nname = "service-{n}"\nteam = "team-{min(n, 1) if n < 2 else 2 + n % (TEAMS - 2)}"\n'
        f'repositories = ["acme/service-{n}"]\ncomponents = ["service-{n}"]\n'
        for n in range(SERVICES)
    )
    teams = "".join(f'[[team]]\nname = "team-{n}"\n' for n in range(TEAMS))
    return SETTINGS_HEAD + teams + services


def fill(path: Path, changes: int) -> dict[str, int]:
    """Write a raw store with ``changes`` pull requests and what goes with them; returns rows per stream."""
    with RawStore(path, memory_limit="4GB") as store:
        for source, kind in (("github", "github"), ("itsm", "record")):
            run = store.begin_run(source, kind, "benchmark")
            store.finish_run(run)
        for table, source, key, payload, rows in _streams(changes):
            store.con.execute(
                f"insert into raw.{table} select '{source}', {key}, {payload}, md5({key}), null, null, "
                f"timestamp '2026-06-30', 'bench' from (select i, {_service_of('i')} as s, "
                f"timestamp '2025-01-01' + (i * 47304000 // {changes}) * interval '1 second' as t from range({rows}) r(i))"
            )
        return {
            table: int((store.con.execute(f"select count(*) from raw.{table}").fetchone() or (0,))[0])
            for table, *_ in _streams(changes)
        }


def _instant(shift: str) -> str:
    return f"strftime(t + {shift}, '%Y-%m-%dT%H:%M:%SZ')"


def _streams(n: int) -> list[tuple[str, str, str, str, int]]:
    pull = "'acme/service-' || s || '#' || i"
    day = "interval '1 day'"
    hour = "interval '1 hour'"
    return [
        (
            "github_pull_requests", "github", pull,
            "json_object('number', i, 'title', 'Change the thing number ' || i, 'body', 'What and why', 'url', "
            "'https://github.example/acme/service-' || s || '/pull/' || i, 'state', 'MERGED', 'isDraft', false, "
            "'author', json_object('login', 'dev' || (i * 31 % 2000), '__typename', 'User'), "
            f"'createdAt', {_instant(hour)}, 'updatedAt', {_instant(f'2 * {day}')}, 'mergedAt', {_instant(day)}, "
            f"'closedAt', {_instant(day)}, 'mergedBy', json_object('login', 'dev' || (i * 31 % 2000), '__typename', 'User'), "
            "'headRefOid', md5('h' || i) || '00000000', 'mergeCommit', json_object('oid', md5('m' || i) || '00000000'), "
            "'baseRefName', 'main', 'additions', i % 500, 'deletions', i % 90)",
            n,
        ),
        (
            "github_reviews", "github", f"{_of('i // 2')} || '/review/' || i",
            "json_object('state', case when i % 17 = 0 then 'CHANGES_REQUESTED' when i % 5 = 0 then 'COMMENTED' else 'APPROVED' end, "
            "'author', json_object('login', 'dev' || (i * 17 % 2000), '__typename', 'User'), "
            f"'submittedAt', strftime({_at('i // 2', n)} + (2 + i % 2) * {hour}, '%Y-%m-%dT%H:%M:%SZ'), "
            "'commit', json_object('oid', md5('h' || (i // 2)) || '00000000'), 'body', case when i % 3 = 0 then 'Looks fine to me' end)",
            2 * n,
        ),
        (
            "github_pull_request_commits", "github", f"{_of('i // 4')} || '/commit/' || md5('c' || i)",
            "json_object('oid', case when i % 4 = 3 then md5('h' || (i // 4)) || '00000000' else md5('c' || i) || '00000000' end, "
            "'message', 'work', 'author', json_object('name', 'Dev', 'email', 'dev@acme.example', 'user', "
            "json_object('login', 'dev' || ((i // 4) * 31 % 2000))), "
            f"'committedDate', strftime({_at('i // 4', n)} + (i % 4) * interval '10 minutes', '%Y-%m-%dT%H:%M:%SZ'), "
            f"'authoredDate', strftime({_at('i // 4', n)} + (i % 4) * interval '10 minutes', '%Y-%m-%dT%H:%M:%SZ'))",
            4 * n,
        ),
        (
            "record_deployments", "itsm", "'d' || i",
            "json_object('record', json_object('key', 'd' || i, 'service', 'service-' || s, 'environment', 'production', "
            "'version', 'v' || i, 'revision', md5('m' || i) || '00000000', 'status', case when i % 40 = 0 then 'failed' else 'success' end, "
            f"'started_at', {_instant(f'30 * {hour}')}, 'finished_at', {_instant(f'31 * {hour}')}, 'deployed_by', 'dev' || (i * 13 % 2000)))",
            n,
        ),
        (
            "record_incidents", "itsm", "'n' || i",
            "json_object('record', json_object('key', 'n' || i, 'kind', 'incident', 'title', 'Something is slow', 'service', 'service-' || s, "
            f"'created_at', {_instant(f'50 * {hour}')}, 'resolved_at', {_instant(f'52 * {hour}')}, 'severity', 'sev' || (i % 4)))",
            n,
        ),
        (
            "record_windows", "itsm", "'w' || i",
            "json_object('record', json_object('key', 'w' || i, 'kind', 'change', 'service', 'service-' || s, 'component', 'host-' || (i * 101 % 50000), "
            f"'created_at', {_instant(hour)}, 'planned_start_at', {_instant(f'40 * {hour}')}, 'planned_end_at', {_instant(f'41 * {hour}')}))",
            n,
        ),
    ]  # fmt: skip


def _of(number: str) -> str:
    """Key of the pull request with that number."""
    return f"'acme/service-' || ({_service_of(number)}) || '#' || ({number})"


def _service_of(number: str) -> str:
    """A fifth of all numbers falls on service 0, a tenth on service 1 of the same pair of teams, the rest evenly."""
    return (
        f"case when ({number}) % 10 < 2 then 0 when ({number}) % 10 = 2 then 1 "
        f"else 2 + (({number}) * 7919) % {SERVICES - 2} end"
    )


def _at(number: str, changes: int) -> str:
    return f"(timestamp '2025-01-01' + (({number}) * 47304000 // {changes}) * interval '1 second')"
