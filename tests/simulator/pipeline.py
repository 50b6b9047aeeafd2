"""Simulated records through the product: files are imported, what leads to drift is built, findings are read.

Owns the way from a story to the product's own tables, and which teams share a source. Scores are those of ``trial``.
"""

from __future__ import annotations

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
from tests.simulator.life import START
from tests.simulator.records import Story, simulate_records
from tests.simulator.regimes import REGIMES, WEEKS, Regime
from tests.simulator.trial import Alarms, Ints, Method, alarms_among, score

Row = dict[str, Any]
_TEAMS_PER_FAULTY_SOURCE = 20
# Somebody must vouch for a source whose teams bypass approval; half as many others are enough.
_FELLOWS = 0.5
_FAULTS = frozenset({"outage", "renamed_field", "lost_third"})
_MARK = ["team", "dimension", "stratum", "day"]
TEAMS_AT_ONCE = 40
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
    "findings": "select team, state, dimension, cast(first_alarm_date as date) as alarm, "
    "cast(onset_week as date) as onset, baseline_rate, n, sentence "
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
    return Built(records, tables["marks"], tables["gate"], tables["findings"])


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


@dataclass(frozen=True)
class Batch:
    """Some teams of a cell: an organisation of their own, small enough to be done before somebody needs the machine."""

    regime: Regime
    volume: int
    strength: float
    first: int
    seed: int

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from every other batch."""
        return self.regime.name, self.volume, self.strength, self.first, self.seed


def batches(cells: Iterable[tuple[Regime, int, float]], teams: int, seed: int) -> list[Batch]:
    """Return what so many teams a cell need, in the order in which it is worth its time.

    A run may end at any moment: cells that a goal is about come first, cheap before dear, weak before strong, and the
    cells of a round grow together.
    """

    def place(batch: Batch) -> tuple[int, int, int]:
        name = batch.regime.name
        weakness = _WEAK_FIRST.index(name) if name in _WEAK_FIRST else len(_WEAK_FIRST)
        return _ROUNDS.index((batch.volume, batch.strength)), batch.first, weakness

    made = [Batch(*cell, first, seed) for cell in cells for first in range(0, teams, TEAMS_AT_ONCE)]
    return sorted(made, key=place)


def measure(batch: Batch, teams: int = TEAMS_AT_ONCE) -> Row:
    """Send a batch of teams through the product; returns each team's onset and first alarm, and whether all agrees.

    ``marks_agree``: every day's marks are those the records mean. ``alarms_agree``: the table of findings has the first
    alarms that are scored.
    """
    started = process_time()
    stories = _stories(batch, teams)
    built = build_stories(stories)
    onsets = {name: week for story in stories for name, week in story.onsets.items()}
    names = [name for name in onsets if name.startswith(batch.regime.name.replace("_", "-"))]
    alarms = alarms_among(names, START, read_marks(built.marks, built.gate), Method("chosen"))
    said = built.findings.set_index("team")["alarm"].reindex(names)
    days = (pd.to_datetime(said) - pd.Timestamp(START)).dt.days.fillna(-1).to_numpy(np.int64)
    return {
        "regime": batch.regime.name,
        "volume": batch.volume,
        "strength": batch.strength,
        "first": batch.first,
        "seed": batch.seed,
        "onset": [onsets[name] for name in names],
        "alarm": alarms.day.tolist(),
        "named": alarms.named.tolist(),
        "records": built.records,
        "marks_agree": agreement(stories, built, WEEKS) == 1.0,
        "alarms_agree": bool((days == alarms.day).all()),
        "seconds": round(process_time() - started),
    }


def scores(rows: Iterable[Row]) -> list[Row]:
    """Return the score of every cell of which a batch was measured, over all its batches."""
    cells: dict[tuple[str, int, float], list[Row]] = {}
    for row in rows:
        cells.setdefault((row["regime"], row["volume"], row["strength"]), []).append(row)
    found = []
    for (regime, volume, strength), parts in cells.items():
        onset, alarm, named = (
            np.array([value for part in parts for value in part[name]]) for name in ("onset", "alarm", "named")
        )
        alarms = Alarms(alarm, named, np.zeros(len(alarm), dtype=bool))
        found.append(
            score(_Told(REGIMES[regime], volume, strength, onset), alarms).as_json()
            | {
                "organisations": len(parts),
                "records": sum(part["records"] for part in parts),
                "marks_agree": all(part["marks_agree"] for part in parts),
                "alarms_agree": all(part["alarms_agree"] for part in parts),
            }
        )
    return found


def _stories(batch: Batch, teams: int) -> list[Story]:
    """Tell the teams' records: faults in several sources, each with its onset; all others in one source."""
    is_faulty = bool(batch.regime.traits & _FAULTS)
    size = _TEAMS_PER_FAULTY_SOURCE if is_faulty else teams
    stories = []
    for first in range(batch.first, batch.first + teams, size):
        story = Story(source=f"source-{first}")
        simulate_records(
            batch.regime,
            batch.volume,
            min(size, batch.first + teams - first),
            batch.seed,
            strength=batch.strength,
            story=story,
            first=first,
            is_shared=is_faulty,
        )
        stories.append(story)
    if "decisions_follow_order" in batch.regime.traits:
        fellows = round(_FELLOWS * teams)
        simulate_records(REGIMES["stable"], batch.volume, fellows, batch.seed, story=stories[0], first=batch.first)
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
