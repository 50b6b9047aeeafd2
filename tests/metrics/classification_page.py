"""The page on classification: ``python -m tests.metrics.classification_page``.

Builds the recorded sets, lists what the rules made of every name and event in them, and measures the rules against a
sample that was read and labelled. The sample holds labels, event ids and signs, never the events' own text.

``--draw`` writes the sample anew for labelling, ``--read`` prints it with its text and without the rules' answer.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from models.workspace import CHECKOUT
from tests.conftest import SHARED
from tests.metrics.real import build_set

PAGE = CHECKOUT / "docs" / "classification.md"
SAMPLE = Path(__file__).with_name("classification_sample.csv")
SEED = 20260701
# Set → events drawn. The recorded answers of GitHub and Jira are small, so a third each comes from them.
DRAWN = {"github": 40, "jira": 30, "archive": 65, "wikimedia": 65}
# Rules and patterns that came after the sample was read.
LATER = ("decision-no-vote", "run-prepares", "run-scan", "run-test")
# What the page lists in full: names that organisations choose for themselves.
NAMES = {
    "Status names": "verb = 'status_changed'",
    "Workflows": "verb = 'ran'",
    "Jobs": "verb = 'ran_step'",
    "Labels": "verb in ('labeled', 'unlabeled')",
    "Changed fields": "verb = 'field_changed'",
    "Other kinds of event": "verb not in ('status_changed', 'ran', 'ran_step', 'labeled', 'unlabeled', "
    "'field_changed')",
}
_EVENTS = """
    select source_event_id, verb, min(sign) as sign,
        string_agg(track || '/' || activity, ' + ' order by track) as answer,
        min(subject_kind) as subject_kind, min(title) as title
    from marts.activities group by source_event_id, verb"""


@dataclass(frozen=True)
class Labelled:
    """An event of the sample: what its reader says it is, as ``track/activity``, several joined by `` + ``."""

    set_name: str
    event_id: str
    verb: str
    sign: str
    label: str


@dataclass(frozen=True)
class Score:
    """How the rules did for one activity."""

    activity: str
    right: int
    claimed: int
    meant: int

    @property
    def precision(self) -> float | None:
        """Share of what the rules called so that is so; ``None`` when they called nothing so."""
        return self.right / self.claimed if self.claimed else None

    @property
    def recall(self) -> float | None:
        """Share of what is so that the rules called so; ``None`` when nothing is so."""
        return self.right / self.meant if self.meant else None


def read_sample() -> list[Labelled]:
    """Return the labelled sample."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return [
            Labelled(row["set"], row["event_id"], row["verb"], row["sign"], row["label"])
            for row in csv.DictReader(file)
        ]


def drawn(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the events that the seed draws from the builds, as (set, event); the same builds give the same draw."""
    found = []
    for name, count in DRAWN.items():
        events = builds[name].execute(f"select * from ({_EVENTS}) order by source_event_id, verb").fetchall()
        found += [(name, event) for event in random.Random(SEED).sample(events, count)]
    return found


def answers(builds: Mapping[str, duckdb.DuckDBPyConnection], sample: list[Labelled]) -> list[set[str]]:
    """Return what the rules say of each event of the sample; empty where the event is in no build."""
    known = {
        (name, event, verb): set(answer.split(" + "))
        for name in DRAWN
        for event, verb, answer in builds[name]
        .execute(f"select source_event_id, verb, answer from ({_EVENTS})")
        .fetchall()
    }
    return [known.get((one.set_name, one.event_id, one.verb), set()) for one in sample]


def scores(sample: list[Labelled], answered: list[set[str]]) -> list[Score]:
    """Return one score per activity that the rules or the labels name."""
    right, claimed, meant = Counter[str](), Counter[str](), Counter[str]()
    for one, answer in zip(sample, answered, strict=True):
        label = set(one.label.split(" + "))
        right.update(label & answer)
        claimed.update(answer)
        meant.update(label)
    return [Score(name, right[name], claimed[name], meant[name]) for name in sorted(set(claimed) | set(meant))]


def shares(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return how many source events there are, and how many of them some rule classified."""
    row = con.execute(
        "select count(distinct source_event_id || ':' || verb), "
        "count(distinct source_event_id || ':' || verb) filter (where track <> 'unclassified') from marts.activities"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def page(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> str:
    """Return the page's text."""
    sample = read_sample()
    answered = answers(builds, sample)
    return "\n\n".join([_head(builds), *_quality(sample, answered), *_names(builds)]) + "\n"


def _head(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> str:
    lines = [
        "# How well the rules classify",
        "",
        "Every source event gets a track and an activity from the first rule that matches it; the rules are rows in",
        "[classification_rules.csv](../data/seeds/classification_rules.csv), and an organisation puts its own before",
        "them. This page is written by `python -m tests.metrics.classification_page` from recorded sets of public",
        "projects. What no rule matches is shown on Data health and never counts as compliant.",
        "",
        "## Share classified",
        "",
        "Events of *neither* track are classified too: development work belongs to neither.",
        "",
        "| set | events | classified | share |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in DRAWN:
        events, classified = shares(builds[name])
        lines.append(f"| {name} | {events:,} | {classified:,} | {_percent(classified, events)} |")
    return "\n".join(lines)


def _quality(sample: list[Labelled], answered: list[set[str]]) -> list[str]:
    whole = sum(set(one.label.split(" + ")) == answer for one, answer in zip(sample, answered, strict=True))
    drawn_from = ", ".join(f"{count} from {name}" for name, count in DRAWN.items())
    lines = [
        "## Precision and recall",
        "",
        f"{len(sample)} events drawn with a fixed seed: {drawn_from}. They were read one by one and labelled",
        "from their text, the rules' answers not shown, by one reader who knows the rules; nobody has labelled them a",
        "second time. A rule that is changed because of a miss below needs a new sample to be measured again. Numbers",
        "of fewer than ten events say little.",
        "",
        f"Rules written or widened after the sample was read: {', '.join(f'`{rule}`' for rule in LATER)}.",
        "Where they decide, the figures below are not blind, and flatter the rules.",
        "",
        f"Right in every track and activity: {whole} of {len(sample)} ({_percent(whole, len(sample))}).",
        "",
        "| track and activity | rules say | reader says | both | precision | recall |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {one.activity} | {one.claimed} | {one.meant} | {one.right} "
        f"| {_share(one.precision)} | {_share(one.recall)} |"
        for one in scores(sample, answered)
    ]
    wrong = Counter(
        (one.set_name, one.verb, _named(one.sign), " + ".join(sorted(answer)) or "not in the build", one.label)
        for one, answer in zip(sample, answered, strict=True)
        if set(one.label.split(" + ")) != answer
    )
    misses = [
        "### Misses",
        "",
        "Every event of the sample where rule and reader differ.",
        "",
        "| set | what happened | sign | rules say | reader says | events |",
        "| --- | --- | --- | --- | --- | ---: |",
    ]
    misses += [f"| {' | '.join(key)} | {count} |" for key, count in sorted(wrong.items())]
    return ["\n".join(lines), "\n".join(misses)]


def _names(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> list[str]:
    """Return a table for each kind of name in the recorded answers of GitHub and Jira."""
    parts = ["## Every name in the recorded answers\n\nWhat the recorded answers of GitHub and Jira hold, and what the "
             "rules make of it."]  # fmt: skip
    for title, condition in NAMES.items():
        rows = [
            (name, *row)
            for name in ("github", "jira")
            for row in builds[name]
            .execute(
                f"select verb, sign, answer, count(*) from ({_EVENTS}) where {condition} group by all order by all"
            )
            .fetchall()
        ]
        lines = [f"### {title}", "", "| source | what happened | sign | track and activity | events |",
                 "| --- | --- | --- | --- | ---: |"]  # fmt: skip
        lines += [
            f"| {name} | {verb} | {_named(sign)} | {answer} | {count:,} |" for name, verb, sign, answer, count in rows
        ]
        parts.append("\n".join(lines))
    return parts


def _named(sign: str) -> str:
    return f"`{sign.replace('|', ' ')}`" if sign else ""


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}".replace("%", " %") if whole else "unknown"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.2f}"


def main(arguments: list[str]) -> None:
    """Build the sets and write the page, or the sample."""
    with tempfile.TemporaryDirectory() as folder:
        builds = {
            name: duckdb.connect(str(build_set(name, SHARED, Path(folder) / name)), read_only=True) for name in DRAWN
        }
        if "--draw" in arguments:
            with SAMPLE.open("w", encoding="utf-8", newline="") as file:
                rows = [(name, event[0], event[1], event[2], "") for name, event in drawn(builds)]
                csv.writer(file, lineterminator="\n").writerows([("set", "event_id", "verb", "sign", "label"), *rows])
        elif "--read" in arguments:
            for name, (event, verb, sign, _, kind, title) in drawn(builds):
                sys.stdout.write(" | ".join(map(str, (name, event, kind, verb, sign, title))) + "\n")
        else:
            PAGE.write_text(page(builds), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
