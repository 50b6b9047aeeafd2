"""Tables of the page of operating characteristics: rows of results in, lines of Markdown out.

Owns how a share, an interval and a delay are written. Knows nothing of goals.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from statistics import fmean
from typing import Any

from tests.simulator.regimes import MUST_ALARM, MUST_NOT, REGIMES

Row = dict[str, Any]
VOLUMES = (20, 100, 500)


def found_table(cells: list[Row]) -> list[str]:
    head = ["regime", *(f"{volume}, full" for volume in VOLUMES), *(f"{volume}, half" for volume in VOLUMES)]
    rows = [
        [
            regime.title,
            *(
                share(cell(cells, regime.name, volume, strength), "found")
                for strength in (1.0, 0.5)
                for volume in VOLUMES
            ),
        ]
        for regime in MUST_ALARM
    ]
    mean = [
        percent(fsum(row["found"] for row in must(cells, volume, strength)) / len(MUST_ALARM))
        for strength in (1.0, 0.5)
        for volume in VOLUMES
    ]
    return table(head, [*rows, ["*mean*", *mean]])


def delay_table(cells: list[Row]) -> list[str]:
    head = ["regime", "ramp", *(f"{volume}, full" for volume in VOLUMES), *(f"{volume}, half" for volume in VOLUMES)]
    rows = [
        [
            regime.title,
            f"{regime.ramp_weeks} weeks" if regime.ramp_weeks else "none",
            *(
                weeks(cell(cells, regime.name, volume, strength)["delay"])
                for strength in (1.0, 0.5)
                for volume in VOLUMES
            ),
        ]
        for regime in MUST_ALARM
    ]
    return table(head, rows)


def named_table(cells: list[Row]) -> list[str]:
    head = [
        "regime",
        "dimension",
        *(f"{volume}, full" for volume in VOLUMES),
        *(f"{volume}, half" for volume in VOLUMES),
    ]
    rows = [
        [
            regime.title,
            f"`{regime.moves[0].dimension}`",
            *(
                percent(cell(cells, regime.name, volume, strength)["named"])
                for strength in (1.0, 0.5)
                for volume in VOLUMES
            ),
        ]
        for regime in MUST_ALARM
    ]
    return table(head, rows)


def false_table(cells: list[Row]) -> list[str]:
    rows = [
        [regime.title, *(share(cell(cells, regime.name, volume, 1.0), "early") for volume in VOLUMES)]
        for regime in MUST_NOT
    ]
    before = [
        percent(max(row["early"] for row in must(cells, volume, strength))) for volume in VOLUMES for strength in (1.0,)
    ]
    return table(
        ["regime", *(str(volume) for volume in VOLUMES)],
        [*rows, ["*before the onset in a regime that must alarm, largest*", *before]],
    )


def organisation_table(rows: list[Row]) -> list[str]:
    names = list(dict.fromkeys(row["name"] for row in rows))

    def cell(name: str, volume: int) -> str:
        row = next(row for row in rows if row["name"] == name and row["volume"] == volume)
        if not row["teams"]:
            return "–"
        return f"{percent(row['hits'] / row['teams'])} ({row['hits']} of {row['teams']}; {between(row)})"

    return table(
        ["share", *(str(volume) for volume in VOLUMES)], [[name, *(cell(name, v) for v in VOLUMES)] for name in names]
    )


def alone_table(rows: list[Row]) -> list[str]:
    listed = []
    for name, sharing in dict.fromkeys((row["regime"], row["sharing"]) for row in rows):
        regime, own = REGIMES[name], [row for row in rows if row["sharing"] == sharing]
        field = "found" if regime.must_alarm else "early"
        what = "found" if regime.must_alarm else "false alarm"
        shares = (share(cell(own, name, volume, 1.0), field) for volume in VOLUMES)
        listed.append([regime.title, str(sharing), what, *shares])
    return table(["regime", "teams on a source", "share of teams", *(str(volume) for volume in VOLUMES)], listed)


def dating_table(rows: list[Row]) -> list[str]:
    def cell(name: str, volume: int) -> str:
        row = next(row for row in rows if row["regime"] == name and row["volume"] == volume)
        return f"{row['error_median']:+.0f} ({row['error_quarter']:+.0f} to {row['error_three_quarters']:+.0f})"

    listed = [[regime.title, *(cell(regime.name, volume) for volume in VOLUMES)] for regime in MUST_ALARM]
    return table(["regime", *(str(volume) for volume in VOLUMES)], listed)


def compared_table(results: dict[str, Any]) -> list[str]:
    methods = list(dict.fromkeys(row["method"] for row in results["compared"]))
    named = [("e-detector", results["cells"])] + [
        (method, [row for row in results["compared"] if row["method"] == method]) for method in methods
    ]
    rows = []
    for name, cells in named:
        for volume in VOLUMES:
            full, half = (mean(must(cells, volume, strength), "found") for strength in (1.0, 0.5))
            early = mean(must(cells, volume, 1.0), "early")
            others = [row for row in cells if not REGIMES[row["regime"]].must_alarm and row["volume"] == volume]
            worst = max(others, key=lambda row: float(row["early"]))
            rows.append(
                [
                    name,
                    str(volume),
                    percent(full),
                    percent(half),
                    percent(early),
                    percent(mean(others, "early")),
                    f"{percent(worst['early'])} ({REGIMES[worst['regime']].title})",
                ]
            )
    head = [
        "method",
        "changes a month",
        "found, full",
        "found, half",
        "alarm before the onset",
        "false alarms, mean",
        "false alarms, worst",
    ]
    return table(head, rows)


def alternatives_table(rows: list[Row]) -> list[str]:
    methods = list(dict.fromkeys(row["method"] for row in rows))
    head = [
        "method", "half, 100: mean", "half, 100: least", "full, 20: mean", "full, 20: least", "named", "abrupt, 20:"
        " weeks",
        "wander 0.97: 100 / 500", "wander 0.9: 100 / 500", "stable, turnover: 20", "episodic: 20",
    ]  # fmt: skip
    listed = []
    for method in methods:
        own = [row for row in rows if row["method"] == method]
        half, full = must(own, 100, 0.5), must(own, 20, 1.0)

        def early(name: str, volume: int, own: list[Row] = own) -> str:
            return percent(cell(own, name, volume, 1.0)["early"])

        abrupt = [row["delay"] for row in full if not REGIMES[row["regime"]].ramp_weeks]
        named = [row["named"] for row in half + full if row["named"] is not None]
        listed.append(
            [
                f"**{method}**" if method == "chosen" else method,
                percent(mean(half, "found")),
                percent(min(row["found"] for row in half)),
                percent(mean(full, "found")),
                percent(min(row["found"] for row in full)),
                percent(min(named)) if named else "–",
                " / ".join(weeks(delay) for delay in abrupt),
                f"{early('slow_wander_97', 100)} / {early('slow_wander_97', 500)}",
                f"{early('slow_wander_90', 100)} / {early('slow_wander_90', 500)}",
                f"{early('stable', 20)}, {early('turnover', 20)}",
                early("episodic", 20),
            ]
        )
    return table(head, listed)


def known_table(cells: list[Row]) -> list[str]:
    rows = [
        [regime.title, *(f"{cell(cells, regime.name, volume, 1.0)['known']:.1f}" for volume in VOLUMES)]
        for regime in MUST_ALARM
        if regime.ramp_weeks
    ]
    return table(["regime", *(str(volume) for volume in VOLUMES)], rows)


def must(cells: Iterable[Row], volume: int, strength: float) -> list[Row]:
    listed = list(cells)
    return [cell(listed, regime.name, volume, strength) for regime in MUST_ALARM]


def cell(cells: list[Row], regime: str, volume: int, strength: float) -> Row:
    return next(
        row for row in cells if row["regime"] == regime and row["volume"] == volume and row["strength"] == strength
    )


def wanders(regime: str) -> bool:
    return regime.startswith("slow_wander")


def mean(rows: list[Row], field: str) -> float:
    # Exact before it is divided: sum() rounds differently from Python 3.12 on, and the page is compared to the letter.
    return fmean(row[field] for row in rows)


def share(row: Row, field: str) -> str:
    return f"{percent(row[field])} ({between(row)})"


def between(row: Row) -> str:
    return (
        f"{100 * row['low']:.0f}-{100 * row['high']:.0f}"
        if row["high"] > 0.2
        else f"{100 * row['low']:.1f}-{100 * row['high']:.1f}"
    )


def percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def weeks(weeks: float | None) -> str:
    return "–" if weeks is None else f"{weeks:.1f}"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
