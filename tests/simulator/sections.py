"""Sections of the page of operating characteristics about records: simulated ones through the product, and real ones.

Owns their words. Computes no result; what was not run is said.
"""

from __future__ import annotations

from typing import Any

from tests.simulator import tables, weak
from tests.simulator.campaign import METHOD, PARTS, SIMULATOR, plan_of_cells
from tests.simulator.pipeline import TEAMS_AT_ONCE
from tests.simulator.regimes import REGIMES
from tests.simulator.tables import Row
from tests.simulator.trial import interval

_ENOUGH = 200
_PARTS = {
    "cells": "found, false alarms, delay and naming in every cell",
    "compared": "the simple alarms",
    "alternatives": "what was tried",
    "organisation": "one organisation",
    "alone": "sources few can vouch for",
    "dating": "when it began",
    "product": "through the product",
}
_LABELS = {"owners": "same owner", "order": "no approval before"}


def origin(results: dict[str, Any]) -> list[str]:
    """Return which figures come from records and which from marks alone, and why the latter hold for the product."""
    batches, rows = results.get("pipeline", []), results.get("product", [])
    cells = len(plan_of_cells())
    unequal = sum(row["differences"] for row in batches)
    known = results["run"].get("simulators", {})
    older = [_PARTS[name] for name in PARTS if known.get(name) != SIMULATOR]
    methods = results["run"].get("methods", {})
    before = [words for name, words in _PARTS.items() if name != "compared" and methods.get(name) != METHOD]
    seen = "every cell" if len(rows) == cells else f"{len(rows)} of the {cells} cells" if rows else "none of the cells"
    return [
        "Every figure comes from single simulated changes: when each was asked for, decided and deployed, by whom, and"
        " what was missing. They are told in two ways. As *records* they are written to files, imported through a"
        " mapping, linked, classified and built, and the marks are read from the build. *Drawn marks* are what the"
        " records must come to, said a second time in Python and not from the SQL. A test tells teams of every regime,"
        " at full and at half strength, both ways and compares each team's marks by dimension, stratum and day, and its"
        " changes and decisions by week; another does so with large releases. No row differs, and at every volume the"
        " same code tells both, so a figure of drawn marks is one of the product. All tables below are of drawn marks,"
        + (" except where they say so and" if len(rows) == cells else " except")
        + f" [Through the product](#through-the-product), which has {seen} from records"
        + (
            f": {sum(row['records'] for row in batches):,} records and {sum(row['marks'] for row in batches):,} marks,"
            f" {unequal} rows of marks or activity differed."
            if batches
            else "."
        ),
        *(["", f"Measured before that was so, and not again yet: {'; '.join(older)}."] if older else []),
        *(["", f"Of the method before, and not measured again yet: {'; '.join(before)}."] if before else []),
    ]


def has_every_cell(results: dict[str, Any]) -> bool:
    """Return whether every cell was run from records, with enough teams."""
    rows = results.get("product", [])
    return len(rows) == len(plan_of_cells()) and all(row["teams"] >= _ENOUGH for row in rows)


def product_section(results: dict[str, Any]) -> list[str]:
    """Return what the product finds in simulated records, cell by cell, beside what it finds in drawn marks."""
    rows, batches = list(results.get("product", [])), results.get("pipeline", [])
    intro = (
        "The same teams told as records (changes, decisions, deployments, releases, links, comments), written as"
        " files, imported, linked, classified and built by the product's own code. Of the build's models only those run"
        " that drift is computed from, by the same runner on the same SQL: the closure upstream of"
        f" `marts.drift_findings`. A build holds {TEAMS_AT_ONCE} teams of some cells; the detector then judges each"
        " cell's teams by the marks of the builds, as an organisation of their own. *Drawn marks* is the cell of above,"
        " with more teams."
    )
    if not rows:
        return [intro, "", "No cell was run with this version."]
    order = {(regime.name, volume, strength): place for place, (regime, volume, strength) in enumerate(plan_of_cells())}
    rows.sort(key=lambda row: order[row["regime"], row["volume"], row["strength"]])
    table = [_line(row, tables.cell(results["cells"], *weak.key(row))) for row in rows]
    apart = [row for row in rows if not _overlap(row, tables.cell(results["cells"], *weak.key(row)))]
    enough = [row for row in rows if row["teams"] >= _ENOUGH]
    said = (
        f"{len(rows)} of {len(order)} cells were run from records, {len(enough)} of them with {_ENOUGH} teams or more."
        + (" The others are known from drawn marks alone." if len(rows) < len(order) else "")
        + f" {sum(row['teams'] for row in rows):,} teams, {sum(row['records'] for row in batches):,} records."
    )
    unequal = sum(row["differences"] for row in batches)
    exact = all(row["as_drawn"] for row in rows)
    checks = (
        f"{unequal} of their rows of marks and activity differ from what the records mean; the first alarm and the"
        f" dimension named of {'every team are' if exact else 'NOT every team are'} those of its drawn marks; the table"
        f" of findings {'has' if all(row['alarms_agree'] for row in batches) else 'does NOT have'} the alarms that this"
        " way of judging gives over all teams of a build."
    )
    beside = (
        "All intervals overlap those of the larger cells of drawn marks."
        if not apart
        else "Intervals that do not overlap those of the larger cells of drawn marks: "
        + "; ".join(f"{REGIMES[row['regime']].title}, {row['volume']} a month" for row in apart)
        + "."
    )
    return [
        intro,
        "",
        f"{said} {checks} {beside}",
        "",
        *tables.table(
            [
                "regime",
                "a month",
                "strength",
                "teams",
                "found, or false alarm",
                "goal",
                "met",
                "drawn marks",
                "weeks",
                "goal",
                "named",
            ],
            table,
        ),
    ]


def _line(row: Row, drawn: Row) -> list[str]:
    goal, weeks = weak.share_goal(row), weak.delay_goal(row)
    return [
        REGIMES[row["regime"]].title,
        str(row["volume"]),
        "full" if row["strength"] == 1 else "half",
        str(row["teams"]),
        tables.share(row, _field(row)),
        "" if goal is None else f"{'≤' if weak.is_still(row) else '≥'} {tables.percent(goal)}",
        "" if goal is None else "no" if weak.misses(row) else "yes",
        tables.share(drawn, _field(row)),
        "" if weak.is_still(row) else tables.weeks(row["delay"]),
        "" if weeks is None else f"≤ {weeks:g}",
        "" if row["named"] is None else tables.percent(row["named"]),
    ]


def _field(row: Row) -> str:
    return "early" if weak.is_still(row) else "found"


def _overlap(one: Row, other: Row) -> bool:
    return bool(one["low"] <= other["high"] and other["low"] <= one["high"])


def real_section(results: dict[str, Any]) -> list[str]:
    """Return what the product says of recorded projects, month by month, and whether to believe it."""
    sets = {row["set"]: row for row in results.get("real", [])}
    if not sets:
        return ["The recorded input was not there when this page was made."]
    author, merger, archive = sets["gerrit_author"], sets["gerrit_merger"], sets["archive"]
    return [
        "Recorded by two public projects, imported with the mappings that are shipped, built and judged as any other."
        " Neither records deployments, so the merge is read as one: that is our reading, not theirs. Brackets are 95 %"
        " intervals; by month they are widened as the levels of a build are.",
        "",
        "### Votes on a configuration repository",
        "",
        f"Gerrit, 2016-07 to 2017-06. {_sum(author, 'order')[1]:,} merged changes with a +2;"
        f" {author['counted'][0]:,} of them ({tables.percent(author['counted'][0] / author['counted'][1])}) were given"
        " +2 by their author alone, counted in the files without the product, and the build has the same"
        f" {_sum(author, 'order')[0]:,}. A robot merged all but {_sum(merger, 'owners')[1]} of them, so who executed is"
        " not recorded; taken to be the author, *same owner* and *no approval before* count the same changes, as an"
        " author's own +2 is no approval.",
        "",
        *_months(author, ["owners", "order"]),
        "",
        f"What the product says, with the author as who executes: *{author['sentence']}* With whoever merged:"
        f" *{merger['sentence']}* In that reading {_sum(merger, 'owners')[1]} changes have a human who merged, and"
        f" {_sum(merger, 'owners')[0]} of these were approved by whoever merged.",
        "",
        _gerrit_belief(author),
        "",
        "### Pull requests of a standards group",
        "",
        f"2017-11 to 2023-07, executed by whoever merged. Of {archive['counted'][1]} merged pull requests"
        f" {archive['counted'][0]} were merged by their author, counted in the file. By year:",
        "",
        *_years(archive),
        "",
        f"What the product says: *{archive['sentence']}* *Same owner*: {archive['dimensions'][0]['reason']}. An"
        " approval of an earlier revision does not count. A month has"
        f" {_range(archive)} marks; the months are in `results.json`.",
        "",
        "Not drift, and we believe that: approval by another before the merge became more usual after 2018, not less,"
        " and in the months of the baseline there was next to none to lose. It says little about the method, since that"
        " baseline leaves no room to rise, and *same owner* is never watched because the project began slowly: four"
        " marks in the first half-year. Somebody who wants to watch it from, say, 2020 on restarts the baseline there.",
    ]


def _gerrit_belief(author: Row) -> str:
    _, state, reference, evidence = author["alone"]
    _, without, narrow, more = author["without_wander"]
    order = author["dimensions"][1]
    return (
        f"Do we believe it? Self-approval does rise, from {tables.percent(order['baseline'])} in the baseline to about"
        " two thirds in 2017. But single months swing as far as that within the first half-year, and the rise stays"
        f" within what such swings allow. Judged alone, its reference rate is {tables.percent(reference)} and its"
        f" evidence {evidence:.1f} of the 520 that an alarm asks ({state}); without the allowance for wander,"
        f" {tables.percent(narrow)} and {more:.0f} ({without}). So there is no alarm either way, and the evidence"
        " without the allowance says that a small, lasting rise is likely. As *same owner* and *no approval before* are"
        " one count here, each also vouches for the other's wander (reference"
        f" {tables.percent(order['reference'])}): where two dimensions are one in a source, the method is too patient."
        " What stands out is the level: six in ten changes approved by their author, all year round."
    )


def _range(row: Row) -> str:
    counts = [month[1] for part in row["dimensions"] for month in part["months"]]
    return f"{min(counts)} to {max(counts)}"


def _sum(row: Row, dimension: str) -> tuple[int, int]:
    """Return (marks without the separation, marks) of a dimension over all months."""
    months = next(part for part in row["dimensions"] if part["dimension"] == dimension)["months"]
    return sum(month[2] for month in months), sum(month[1] for month in months)


def _months(row: Row, names: list[str]) -> list[str]:
    parts = {part["dimension"]: {month[0]: month for month in part["months"]} for part in row["dimensions"]}
    labels = sorted({label for name in names for label in parts[name]})
    head = ["month", *(f"{_LABELS[name]}" for name in names), "n"]
    return tables.table(
        head,
        [
            [label, *(_level(parts[name].get(label)) for name in names), str(parts[names[0]].get(label, (0, 0))[1])]
            for label in labels
        ],
    )


def _level(month: list[Any] | None) -> str:
    if month is None:
        return "–"
    _, n, x, low, high = month
    return f"{tables.percent(x / n)} ({100 * low:.0f}-{100 * high:.0f})"


def _counted(x: int, n: int) -> str:
    low, high = interval(x, n)
    return f"{x} of {n} ({100 * low:.0f}-{100 * high:.0f} %)"


def _years(row: Row) -> list[str]:
    counts: dict[str, dict[str, list[int]]] = {}
    for part in row["dimensions"]:
        for label, n, x, _, _ in part["months"]:
            year = counts.setdefault(label[:4], {}).setdefault(part["dimension"], [0, 0])
            year[0] += x
            year[1] += n
    return tables.table(
        ["year", *(f"{_LABELS[name]}" for name in _LABELS)],
        [
            [year, *("–" if name not in of else _counted(*of[name]) for name in _LABELS)]
            for year, of in sorted(counts.items())
        ],
    )
