"""Simulated records through the product: files are imported, what leads to drift is built, findings are read.

Owns the way from a story to the product's own tables, and which teams share a source. Scores are those of ``trial``.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
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
from tests.simulator.life import START
from tests.simulator.records import Story, simulate_records
from tests.simulator.regimes import REGIMES, WEEKS, Regime
from tests.simulator.trial import Ints, Method, alarms_among, score

_TEAMS_PER_FAULTY_SOURCE = 20
# Somebody must vouch for a source whose teams bypass approval; half as many others are enough.
_FELLOWS = 0.5
_FAULTS = frozenset({"outage", "renamed_field", "lost_third"})
_MARK = ["team", "dimension", "stratum", "day"]
# A run may end before all cells are done: those that a goal is about come first, cheap before dear, weak before strong.
_ROUNDS = ((20, 1.0), (100, 0.5), (100, 1.0), (20, 0.5), (500, 1.0), (500, 0.5))
_WEAK_FIRST = (
    "owners_merge",
    "stable",
    "hollow_rules",
    "slow_wander_97",
    "lost_third",
    "train_bypass",
    "act_collapse",
    "outage",
    "cab_logistics",
    "rubber_stamping",
)
_WANTED = ("marts.drift_findings",)
_TABLES = {
    "marks": "select team, dimension, stratum, cast(day as date) as day, n, x from build.marts.drift_daily",
    "gate": "select team, cast(week as date) as week, reason from build.marts.drift_gate",
    "findings": "select team, state, dimension, cast(first_alarm_date as date) as alarm, n, sentence "
    "from build.marts.drift_findings where is_current order by team",
}


@dataclass(frozen=True)
class Built:
    """What the build says: daily marks, weeks left out, and each team's state, dimension and first alarm."""

    records: int
    marks: pd.DataFrame
    gate: pd.DataFrame
    findings: pd.DataFrame


def build_stories(stories: Iterable[Story], weeks: int = WEEKS) -> Built:
    """Import stories, one source each, into one workspace and build what drift needs.

    Args:
        stories: Records by source.
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
        return _built(workspace, datetime.combine(START, datetime.min.time()) + timedelta(weeks=weeks), count)
    finally:
        shutil.rmtree(work)


def _built(workspace: Workspace, as_of: datetime, count: int) -> Built:
    workspace.build_dir.mkdir(parents=True, exist_ok=True)
    finished = workspace.build_dir / "drift.duckdb"
    con = connect(workspace, finished, "2GB")
    try:
        con.execute("set threads = 1")
        run_models(con, drift_plan(), Settings(), as_of, None)
        tables = {name: con.execute(query).fetchdf() for name, query in _TABLES.items()}
    finally:
        con.close()
    return Built(count, tables["marks"], tables["gate"], tables["findings"])


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
class _Told:
    """Teams of one regime whose records were told, as ``trial`` scores them."""

    regime: Regime
    volume: int
    strength: float
    onset_weeks: Ints


def measure(regime: Regime, volume: int, strength: float, teams: int, seed: int) -> dict[str, Any]:
    """Send teams of one regime through the product; returns their score, and whether the product agrees.

    ``marks_agree``: every day's marks are those the records mean. ``alarms_agree``: the table of findings has the first
    alarms that are scored.
    """
    started = time.process_time()
    stories = _stories(regime, volume, strength, teams, seed)
    built = build_stories(stories)
    onsets = {name: week for story in stories for name, week in story.onsets.items()}
    names = [name for name in onsets if name.startswith(regime.name.replace("_", "-"))]
    alarms = alarms_among(names, START, read_marks(built.marks, built.gate), Method("chosen"))
    said = built.findings.set_index("team")["alarm"].reindex(names)
    days = (pd.to_datetime(said) - pd.Timestamp(START)).dt.days.fillna(-1).to_numpy(np.int64)
    told = _Told(regime, volume, strength, np.array([onsets[name] for name in names]))
    return score(told, alarms).as_json() | {
        "seed": seed,
        "records": built.records,
        "marks_agree": agreement(stories, built, WEEKS) == 1.0,
        "alarms_agree": bool((days == alarms.day).all()),
        "seconds": round(time.process_time() - started),
    }


def worth_first(cells: Iterable[tuple[Regime, int, float]]) -> list[tuple[Regime, int, float]]:
    """Return cells (regime, volume, strength) in the order in which they are worth their time."""

    def place(cell: tuple[Regime, int, float]) -> tuple[int, int]:
        name = cell[0].name
        return _ROUNDS.index(cell[1:]), _WEAK_FIRST.index(name) if name in _WEAK_FIRST else len(_WEAK_FIRST)

    return sorted(cells, key=place)


def _stories(regime: Regime, volume: int, strength: float, teams: int, seed: int) -> list[Story]:
    """Tell the teams' records: faults in several sources, each with its onset; all others in one source."""
    size = _TEAMS_PER_FAULTY_SOURCE if regime.traits & _FAULTS else teams
    stories = []
    for first in range(0, teams, size):
        story = Story(source=f"source-{first}")
        simulate_records(
            regime,
            volume,
            min(size, teams - first),
            seed,
            strength=strength,
            story=story,
            first=first,
            is_shared=bool(regime.traits & _FAULTS),
        )
        stories.append(story)
    if "decisions_follow_order" in regime.traits:
        simulate_records(REGIMES["stable"], volume, round(_FELLOWS * teams), seed, story=stories[0])
    return stories


def agreement(stories: Iterable[Story], built: Built, weeks: int) -> float:
    """Return the share of team, dimension, stratum and day rows that the build has as the records mean them."""
    meant = pd.concat([story.truth() for story in stories], ignore_index=True)
    end = pd.Timestamp(START) + pd.Timedelta(weeks=weeks)
    meant = meant[meant["day"] < end]
    found = built.marks.assign(day=pd.to_datetime(built.marks["day"]))
    found = found[found["day"] < end]
    both = found.merge(meant, on=_MARK, how="outer", suffixes=("", "_meant"))
    return float(((both["n"] == both["n_meant"]) & (both["x"] == both["x_meant"])).mean())
