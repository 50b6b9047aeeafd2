"""Continuity of marks against the second implementation, over random logs of runs."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import duckdb

from sql.build import plan, run_model
from sql.engines import prepare
from sql.header import read_models
from tests.metrics.reference.marks import Run, continuity

MODEL = "marts.watermark_continuity"
STREAMS = 400


def logs(chance: random.Random) -> dict[str, list[Run]]:
    """Draw runs of many streams: most go on, some skip, move back or break off; marks are counts or days."""
    found = {}
    for stream in range(STREAMS):
        is_count = chance.random() < 0.5
        at, runs = 8, []
        for number in range(chance.randint(1, 8)):
            began = chance.choice((at, at, at, at - 1, at - 3, at + 1, None))
            ended = chance.choice((at + 1, at + 1, at + 2, at, at - 2, None))
            is_finished = ended is not None and chance.random() < 0.85
            marks = [
                None if mark is None else str(mark) if is_count else f"2026-03-{mark + 5:02}" for mark in (began, ended)
            ]
            runs.append(Run(f"s{stream}r{number}", marks[0], marks[1], is_finished))
            at = max(at, ended or at)
        found[f"s{stream}"] = [run for run in runs if run.began is not None or run.reached is not None]
    return found


def published(found: dict[str, list[Run]]) -> dict[str, tuple[str | None, str, bool]]:
    """Run the model over the logs alone; return known mark, state and continuity by run."""
    con = duckdb.connect(":memory:")
    con.execute("attach ':memory:' as work")
    con.execute("attach ':memory:' as build")
    prepare(con)
    models = read_models()
    for name in ("stg_sync_runs", "stg_sync_streams"):
        columns = models[f"staging.{name}"].columns
        typed = [f"{column} {'TIMESTAMP' if column.endswith('_at') else 'VARCHAR'}" for column in columns]
        con.execute(f"create table work.staging.{name} ({', '.join(typed)})")
    begin = datetime(2026, 3, 1)
    for stream, runs in found.items():
        for place, run in enumerate(runs):
            started = begin + timedelta(hours=place)
            con.execute(
                "insert into work.staging.stg_sync_runs (run_id, source, started_at) values (?, 'gh', ?)",
                [run.key, started],
            )
            con.execute(
                "insert into work.staging.stg_sync_streams "
                "(run_id, source, stream, scope, watermark_before, watermark_after, finished_at) "
                "values (?, 'gh', ?, '', ?, ?, ?)",
                [run.key, stream, run.began, run.reached, started if run.is_finished else None],
            )
    run_model(con, models[MODEL], plan(models).statements[MODEL])
    rows = con.execute(f"select run_id, known_until, state, is_continuous from build.{MODEL}").fetchall()
    return {key: (known, state, is_continuous) for key, known, state, is_continuous in rows}


def test_every_run_goes_on_or_leaves_a_gap_as_the_definitions_say() -> None:
    """Each state occurs, and not one of the runs differs."""
    found = logs(random.Random(20261127))
    expected = {key: row for runs in found.values() for key, row in continuity(runs).items()}
    assert published(found) == expected
    assert {state for _, state, _ in expected.values()} == {
        "first", "continued", "read_again", "from_the_start", "gap", "moved_back", "broke_off",
    }  # fmt: skip
