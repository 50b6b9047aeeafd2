"""Cells that miss their goal: by how much, what was tried on each, and what the best of it would have cost.

Owns which figure is compared with which goal. Computes no result.
"""

from __future__ import annotations

import math
from typing import Any

from tests.simulator import tables
from tests.simulator.campaign import METHOD, SIMULATOR
from tests.simulator.regimes import REGIMES
from tests.simulator.tables import Row

FALSE_ALARM_GOAL, WANDER_GOAL = 0.02, 0.05
_FOUND_GOAL = {(100, 1.0): 0.90, (20, 1.0): 0.80, (100, 0.5): 0.75}
_DELAY_GOAL = {100: 6.0, 20: 12.0}
_BEST = 3


def missed(results: dict[str, Any]) -> list[str]:
    """Name every cell below its goal, say whether its interval reaches the goal, and what was tried on it.

    A cell misses where its teams of drawn marks do, or those from records.
    """
    cells, tried = results["cells"], results["alternatives"]
    told = {key(row): row for row in results.get("product", [])}
    lines: list[str] = []
    for row in cells:
        twin = told.get(key(row), row)
        regime, field, goal = REGIMES[row["regime"]], "early" if is_still(row) else "found", share_goal(row)
        if goal is None or not (misses(row) or misses(twin)):
            continue
        where = f"{regime.title}, {row['volume']} a month"
        what = f"{where}: false alarms in" if is_still(row) else f"{where}, {_strength(row)} strength: found in"
        reach = row["low"] <= goal if is_still(row) else row["high"] >= goal
        also = f", from records {tables.share(twin, field)}" if twin is not row else ""
        lines.append(_miss(f"{what} {tables.share(row, field)}{also}", goal, reach) + _tried(tried, row, field))
    for row in tables.must(cells, 100, 1.0) + tables.must(cells, 20, 1.0):
        twin, weeks = told.get(key(row), row), delay_goal(row)
        if weeks is None or all(one["delay"] is not None and one["delay"] <= weeks for one in (row, twin)):
            continue
        what = f"- {REGIMES[row['regime']].title}, {row['volume']} a month: median delay"
        also = f" (from records {tables.weeks(twin['delay'])})" if twin is not row else ""
        lines.append(f"{what} {tables.weeks(row['delay'])} weeks{also}, goal {weeks:g}." + _tried(tried, row, "delay"))
    if not lines:
        return ["None."]
    is_older = results["run"].get("simulators", {}).get("alternatives") != SIMULATOR
    older = " They were tried on teams of an earlier simulator (see the top)." if is_older else ""
    if results["run"].get("methods", {}).get("alternatives") != METHOD:
        older += " They were tried in place of parts of the method before, which *chosen* is there."
    return [
        *lines,
        "",
        "What was tried is explained [below](#what-was-tried); of each cell the best three are named, with their cost"
        " elsewhere."
        + older
        + " What most false alarms are is said in [decision 74](decisions/0074-few-marks-and-rare-releases.md), how"
        " the method was chosen on teams of other seeds in"
        " [decision 90](decisions/0090-weights-and-risks-that-move-alone.md)."
        + " The delay of most ramps is bounded by what can be known: one false alarm in ten team-years asks for"
        f" {math.log(520):.1f} units of evidence (natural logarithm). Somebody who knew both rates exactly, and looked"
        " at nothing but the dimension that moves, would have this much (median) when the ramp is half-way at full"
        " strength:",
        "",
        *tables.known_table(cells),
    ]


def is_still(row: Row) -> bool:
    """Return whether nothing drifts in a cell, so that an alarm in it is false."""
    return not REGIMES[row["regime"]].must_alarm


def share_goal(row: Row) -> float | None:
    """Return a cell's goal: the most teams with a false alarm, or the fewest found; none is set for every cell."""
    if is_still(row):
        return WANDER_GOAL if tables.wanders(row["regime"]) else FALSE_ALARM_GOAL
    return _FOUND_GOAL.get((row["volume"], row["strength"]))


def misses(row: Row) -> bool:
    """Return whether a cell's share misses its goal; a cell without a goal misses none."""
    goal = share_goal(row)
    return goal is not None and bool(row["early"] > goal if is_still(row) else row["found"] < goal)


def delay_goal(row: Row) -> float | None:
    """Return the weeks within which half of a cell's teams are to be found, where that is a goal."""
    ramp = REGIMES[row["regime"]].ramp_weeks
    if is_still(row) or row["strength"] != 1:
        return None
    if ramp:
        return ramp / 2 if row["volume"] == 100 else None
    return _DELAY_GOAL.get(row["volume"])


def _strength(row: Row) -> str:
    return "full" if row["strength"] == 1 else "half"


def key(row: Row) -> tuple[str, int, float]:
    """Return what tells a cell from every other: regime, changes a month and strength."""
    return row["regime"], row["volume"], row["strength"]


def _miss(what: str, goal: float, is_near: bool) -> str:
    reach = "the interval reaches the goal" if is_near else "the interval does not reach the goal"
    return f"- {what}, goal {tables.percent(goal)}; {reach}."


def _tried(rows: list[Row], cell: Row, field: str) -> str:
    """Say what the best alternatives give in a cell, on the teams on which they were tried, and what they cost."""
    key = cell["regime"], cell["volume"], cell["strength"]
    known = [row for row in rows if (row["regime"], row["volume"], row["strength"]) == key]
    others = [row for row in known if row["method"] != "chosen" and row[field] is not None]
    chosen = next((row for row in known if row["method"] == "chosen"), None)
    if chosen is None or not others:
        return " No alternative was tried on this cell."
    best = sorted(others, key=lambda row: -row[field] if field == "found" else row[field])[:_BEST]
    say = tables.weeks if field == "delay" else tables.percent
    listed = "; ".join(f"*{row['method']}* {say(row[field])} ({_cost(rows, row['method'], field)})" for row in best)
    return f" Tried: {len(others)} alternatives, chosen {say(chosen[field])} on the same teams; {listed}."


def _cost(rows: list[Row], method: str, field: str) -> str:
    """Say what a method costs where it gains: power for fewer false alarms, false alarms for more power."""
    own = [row for row in rows if row["method"] == method]
    if field == "early":
        half = tables.mean(tables.must(own, 100, 0.5), "found")
        return f"half strength at 100: {tables.percent(half)} found"
    still = [tables.cell(own, name, 20, 1.0)["early"] for name in ("stable", "turnover", "episodic")]
    return f"false alarms at 20: {', '.join(tables.percent(share) for share in still)}"
