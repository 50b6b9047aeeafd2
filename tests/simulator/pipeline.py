"""Simulated records through the product: files are imported, what leads to drift is built, findings are read.

Owns the way from a story to the product's own tables, and which teams share a source. Scores are those of ``trial``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.store import RawStore
from models.drift.weeks import read_marks
from models.settings import Settings
from models.workspace import Workspace
from sql.build import Plan, connect, plan, run_models
from sql.header import read_models
from tests.simulator.changes import BLOCK as TEAMS_AT_ONCE
from tests.simulator.life import START
from tests.simulator.marks import simulate
from tests.simulator.records import Story, simulate_sources
from tests.simulator.regimes import WEEKS, Regime
from tests.simulator.trial import Method, alarms_among, alarms_of, score

Row = dict[str, Any]
Cell = tuple[Regime, int, float]
_MARK = ["team", "dimension", "stratum", "day"]
_ACTIVITY = ["source", "team", "week"]
_WANTED = ("marts.drift_findings",)
_CELLS_AT_ONCE = {20: 3, 100: 1, 500: 1}  # a build's memory grows with its records
_TABLES = {
    "activity": "select source, team, cast(week as date) as week, changes, decisions from build.marts.drift_activity",
    "marks": "select team, dimension, stratum, cast(day as date) as day, n, x from build.marts.drift_daily",
    "gate": "select team, cast(week as date) as week, reason from build.marts.drift_gate",
    "findings": "select team, state, dimension, cast(first_alarm_date as date) as alarm, "
    "cast(onset_week as date) as onset, baseline_rate, n, sentence "
    "from build.marts.drift_findings where is_current order by team",
}


@dataclass(frozen=True)
class Built:
    """What the build says: daily marks, activity, weeks left out, and each team's state, dimension and first alarm."""

    records: int
    marks: pd.DataFrame
    activity: pd.DataFrame
    gate: pd.DataFrame
    findings: pd.DataFrame


def build_stories(stories: Iterable[Story], weeks: int = WEEKS) -> Built:
    """Import stories, one source each, into one workspace and build what drift needs.

    Args:
        stories: Records by source; told one at a time where they are many.
        weeks: Length of their history; the build knows the days up to its end.
    """
    work = Path(tempfile.mkdtemp())
    try:
        workspace = Workspace(work / "home")
        workspace.home.mkdir()
        count = 0
        with RawStore(workspace.raw_path) as store:
            for story in stories:
                for file, mapping in story.write(work / "files" / story.source):
                    count += import_file(store, file, load_mapping(mapping)).rows
                    file.unlink()
        return build_workspace(workspace, datetime.combine(START, time.min) + timedelta(weeks=weeks), records=count)
    finally:
        shutil.rmtree(work)


def build_workspace(
    workspace: Workspace, as_of: datetime, settings: Settings | None = None, *, records: int = 0
) -> Built:
    """Build what drift needs from a workspace's raw records.

    Args:
        workspace: Where they lie.
        as_of: The instant the build knows.
        settings: What decides.
        records: How many were imported, to be said with the result.
    """
    workspace.build_dir.mkdir(parents=True, exist_ok=True)
    con = connect(workspace, workspace.build_dir / "drift.duckdb", "2GB")
    try:
        con.execute("set threads = 1")
        run_models(con, drift_plan(), settings or Settings(), as_of, None)
        tables = {name: con.execute(query).fetchdf() for name, query in _TABLES.items()}
    finally:
        con.close()
    return Built(records, tables["marks"], tables["activity"], tables["gate"], tables["findings"])


def drift_plan() -> Plan:
    """Return the product's plan without the models that drift does not read."""
    whole = plan(read_models())
    wanted: set[str] = set()
    waiting = list(_WANTED)
    while waiting:
        name = waiting.pop()
        if name in whole.reads and name not in wanted:
            wanted.add(name)
            waiting += whole.reads[name]
    return replace(whole, models=tuple(model for model in whole.models if model.full_name in wanted))


@dataclass(frozen=True)
class Batch:
    """Some teams of some cells of a volume, imported and built together."""

    volume: int
    first: int
    seed: int
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """What tells it from every other batch."""
        return f"batch-{_block_name(self.cells[0], self.first, self.seed)}"


def batches(cells: Iterable[Cell], teams: int, seed: int, done: Iterable[Row] = ()) -> list[Batch]:
    """Return what is left of what so many teams a cell need, cells in the order in which they are given.

    A run may end at any moment, so that the teams of some cells are all there before the next ones begin. A build
    never holds more cells than fit into memory.
    """
    known = {
        (name, row["volume"], strength, row["first"])
        for row in done
        if row["seed"] == seed
        for name, strength in row["cells"]
    }
    found = []
    wanted = list(cells)
    for volume in dict.fromkeys(volume for _, volume, _ in wanted):
        own = [cell for cell in wanted if cell[1] == volume]
        for begin in range(0, len(own), _CELLS_AT_ONCE[volume]):
            for first in range(0, teams, TEAMS_AT_ONCE):
                group = own[begin : begin + _CELLS_AT_ONCE[volume]]
                left = tuple(cell for cell in group if (cell[0].name, volume, cell[2], first) not in known)
                if left:
                    found.append(Batch(volume, first, seed, left))
    return found


def measure(batch: Batch, folder: Path, teams: int = TEAMS_AT_ONCE) -> Row:
    """Send a batch through the product; keeps the build's marks and gate in ``folder`` and returns what agrees.

    ``differences``: how many rows of marks and activity that are not what the records mean. ``alarms_agree``: the
    table of findings has the first alarms that the scored way gives over the same teams.
    """
    started = process_time()
    told: list[Story] = []
    built = build_stories(_let_go(batch, teams, told))
    read = read_marks(built.marks, built.gate)
    names = [subject.team for subject in read.subjects]
    alarms = alarms_among(names, START, read, Method("chosen"))
    said = built.findings.set_index("team")["alarm"].reindex(names)
    days = (pd.to_datetime(said) - pd.Timestamp(START)).dt.days.fillna(-1).to_numpy(np.int64)
    apart = differences(told, built, WEEKS)
    row = {
        "volume": batch.volume,
        "first": batch.first,
        "seed": batch.seed,
        "cells": [[regime.name, strength] for regime, _, strength in batch.cells],
        "records": built.records,
        "marks": int(built.marks["n"].sum()),
        "differences": len(apart),
        "alarms_agree": bool((days == alarms.day).all()),
        "seconds": round(process_time() - started),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for cell in batch.cells:
        own, name = _base_name(cell), _block_name(cell, batch.first, batch.seed)
        for table, frame in (("marks", built.marks), ("gate", built.gate)):
            frame[frame["team"].str.startswith(f"{own}-")].to_parquet(folder / f"{table}-{name}.parquet")
    # Written last and at once: where it is, everything else of the batch is too.
    part = folder / f"{batch.name}.part"
    part.write_text(json.dumps(row), encoding="utf-8")
    part.replace(folder / f"{batch.name}.json")
    return row


def _base_name(cell: Cell) -> str:
    regime, volume, strength = cell
    return f"{regime.name.replace('_', '-')}-{volume}-{100 * strength:.0f}"


def _block_name(cell: Cell, first: int, seed: int) -> str:
    return f"{_base_name(cell)}-{first}-{seed}"


def measured(folder: Path) -> list[Row]:
    """Return the rows of the batches that a folder holds, whichever run made them."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("batch-*.json"))]
    return sorted(rows, key=lambda row: (row["volume"], row["cells"], row["first"]))


def _let_go(batch: Batch, teams: int, told: list[Story]) -> Iterable[Story]:
    """Tell one source after the other; of those that were imported only what they must come to is kept."""
    for regime, volume, strength in batch.cells:
        for story in simulate_sources(regime, volume, teams, batch.seed, strength=strength, first=batch.first):
            yield story
            story.records.clear()
            told.append(story)


def scores(known: Iterable[Row], cells: Iterable[Cell], folder: Path, seed: int) -> list[Row]:
    """Return, per cell, the score of its teams by the marks that builds made, and whether drawn marks give the same."""
    told: dict[tuple[str, int, float], set[int]] = {}
    for row in known:
        for name, strength in row["cells"] if row["seed"] == seed else ():
            told.setdefault((name, row["volume"], strength), set()).add(row["first"])
    found = []
    for cell in cells:
        regime, volume, strength = cell
        firsts = told.get((regime.name, volume, strength), set())
        blocks = next(count for count in range(len(firsts) + 1) if count * TEAMS_AT_ONCE not in firsts)
        if not blocks:
            continue
        names = [_block_name(cell, block * TEAMS_AT_ONCE, seed) for block in range(blocks)]
        marks, gate = (
            pd.concat([pd.read_parquet(folder / f"{table}-{name}.parquet") for name in names], ignore_index=True)
            for table in ("marks", "gate")
        )
        cohort = simulate(regime, volume, TEAMS_AT_ONCE * blocks, seed, strength=strength)
        # Teams beside them share their source and are not of the cell.
        own = marks[marks["team"].isin(cohort.names)], gate[gate["team"].isin(cohort.names)]
        alarms = alarms_among(list(cohort.names), START, read_marks(*own), Method("chosen"))
        drawn = alarms_of([cohort], Method("chosen"))
        same = (alarms.day == drawn.day).all() and (alarms.named == drawn.named).all()
        found.append(score(cohort, alarms).as_json() | {"marks": int(own[0]["n"].sum()), "as_drawn": bool(same)})
    return found


def differences(stories: Iterable[Story], built: Built, weeks: int) -> pd.DataFrame:
    """Return the rows of marks and activity that the build has otherwise than the records mean them.

    Marks by team, dimension, stratum and day; changes and decisions by source, team and week. Empty where all agree.
    """
    told = list(stories)
    end = pd.Timestamp(START) + pd.Timedelta(weeks=weeks)
    marks = pd.concat([story.truth() for story in told], ignore_index=True)
    activity = pd.concat([frame for story in told for frame in story.activity], ignore_index=True)
    activity = activity[(activity["changes"] > 0) | (activity["decisions"] > 0)]
    apart = [
        _apart(marks, built.marks, _MARK, ["n", "x"], end),
        _apart(activity, built.activity, _ACTIVITY, ["changes", "decisions"], end),
    ]
    return pd.concat(apart, ignore_index=True)


def _apart(meant: pd.DataFrame, found: pd.DataFrame, keys: list[str], counts: list[str], end: pd.Timestamp) -> Any:  # noqa: ANN401
    """Return the rows before ``end`` that are missing on one side or differ."""
    when = keys[-1]
    sides = [frame.assign(**{when: pd.to_datetime(frame[when]).astype("datetime64[s]")}) for frame in (meant, found)]
    sides = [frame[frame[when] < end].astype(dict.fromkeys(keys[:-1], "str")) for frame in sides]
    both = sides[0].merge(sides[1], on=keys, how="outer", suffixes=("_meant", "_found"))
    same = pd.concat([both[f"{name}_meant"] == both[f"{name}_found"] for name in counts], axis=1).all(axis=1)
    return both[~same]
