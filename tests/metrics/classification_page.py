"""The page on classification: ``python -m tests.metrics.classification_page``.

Builds the recorded sets, lists what the rules made of every name and event in them, and measures the rules against a
sample that was read and labelled. The sample holds labels, event ids and signs, never the events' own text.

``--draw`` writes the sample anew for labelling, ``--read`` prints it with its text and without anything the rules made
of it, ``--said`` notes, once it is labelled, what the rules say of it. The labels follow docs/reading-events.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from models.metric import wilson_interval
from models.workspace import CHECKOUT
from tests.conftest import SHARED
from tests.metrics.classification_sample import (
    DRAWN,
    EVENTS,
    FROM_WORDS,
    OTHER_COMMENTS,
    PER_ACTIVITY,
    REMARKS,
    SEED,
    Labelled,
    drawn,
    read_earlier,
    read_sample,
    readable,
    write_sample,
)
from tests.metrics.real import build_set

PAGE = CHECKOUT / "docs" / "classification.md"
SETS = tuple(DRAWN)
"""Every recorded set with events."""
PARTS = ("all", "activity", "comment", "remark")
BY_KIND = "select kind, verb, sum(events) from marts.unclassified group by kind, verb order by kind, verb"
NAMELESS = "select count(*) from marts.activities where rule_id = 'run-other'"
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


def answers(builds: Mapping[str, duckdb.DuckDBPyConnection], sample: list[Labelled]) -> list[set[str]]:
    """Return what the rules say of each event of the sample; empty where the event is in no build."""
    known = {
        (name, event, verb): set(answer.split(" + "))
        for name in DRAWN
        for event, verb, answer in builds[name]
        .execute(f"select source_event_id, verb, answer from ({EVENTS})")
        .fetchall()
    }
    return [known.get((one.set_name, one.event_id, one.verb), set()) for one in sample]


def right(one: Labelled, answer: set[str]) -> bool:
    """Whether the rules say of an event all that its reader says and nothing else."""
    return set(one.label.split(" + ")) == answer


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
    return "\n\n".join([_head(builds), *_quality(sample, answered), _earlier(builds), *_names(builds)]) + "\n"


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
    for name in SETS:
        events, classified = shares(builds[name])
        lines.append(f"| {name} | {events:,} | {classified:,} | {_percent(classified, events)} |")
    counts = [row for name in SETS for row in builds[name].execute(BY_KIND).fetchall()]
    by_kind = ", ".join(f"{count:,} {verb} of {kind}" for kind, verb, count in counts) or "none"
    nameless = sum(int(row[0]) for name in SETS for row in builds[name].execute(NAMELESS).fetchall())
    lines += [
        "",
        f"Unclassified, by kind of record: {by_kind}. Classified without anything to go by are {nameless} runs and",
        "steps of pipelines whose names say nothing and that no push started: housekeeping, until a rule of the",
        "organisation names them.",
    ]
    return "\n".join(lines)


def said_of(sample: list[Labelled]) -> list[set[str]]:
    """Return what the rules said of each event when it had been read."""
    return [set(one.said.split(" + ")) for one in sample]


def _quality(sample: list[Labelled], answered: list[set[str]]) -> list[str]:
    said = said_of(sample)
    parts = {part: [place for place, one in enumerate(sample) if one.part == part] for part in PARTS}
    in_all, remarks = ([sample[place] for place in parts[part]] for part in ("all", "remark"))
    whole, told = (sum(right(sample[place], said[place]) for place in parts[part]) for part in ("all", "remark"))
    drawn_from = [f"{count} from {name}" for name, count in DRAWN.items()]
    more = " and ".join(f"{count} of *{activity.partition('/')[2]}*" for activity, count in FROM_WORDS.items())
    lines = [
        "## Precision and recall",
        "",
        f"{len(in_all)} events drawn with the seed {SEED}: {', '.join(drawn_from[:5])},",
        f"{', '.join(drawn_from[5:])}.",
        "What an earlier sample holds was left out. What is rare is in no such sample: as many more were drawn as",
        f"make {PER_ACTIVITY} of every activity that the rules name ({more}, as far as earlier samples",
        f"left any), {OTHER_COMMENTS} comments that the rules call neither of these two, and {REMARKS} remarks of",
        "people in words of their own; all were shuffled. They were read one by one and labelled from their text by",
        "[How to read an event](reading-events.md), the rules' answers not shown, by one reader who knows the rules;",
        "nobody has labelled them a second time. The rules were last changed before that draw, and the figures stand",
        "as they were found; misses led to changes afterwards, which *today* counts. Intervals are Wilson's, 95 %;",
        "numbers of fewer than ten events say little.",
        "",
        f"Right in every track and activity: {whole} of the {len(in_all)} ({_percent(whole, len(in_all))}),",
        f"{told} of the {len(remarks)} remarks, {sum(map(right, sample, said))} of all {len(sample)};"
        f" today {sum(map(right, sample, answered))}.",
        f"Precision is that of all that were drawn; recall is that of the {len(in_all)}, and of these and the remarks",
        f"together, which weighs people's words more than they occur. {_low(sample, said)}",
        "",
        "| track and activity | rules say | both | precision | today | reader says, of the first | both | recall "
        "| reader says, with remarks | both | recall |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    with_remarks = [*parts["all"], *parts["remark"]]
    recalled, widely = (
        {one.activity: one for one in scores([sample[at] for at in places], [said[at] for at in places])}
        for places in (parts["all"], with_remarks)
    )
    today = {one.activity: one for one in scores(sample, answered)}
    for one in scores(sample, said):
        none = Score(one.activity, 0, 0, 0)
        first, wide, now = (of.get(one.activity, none) for of in (recalled, widely, today))
        lines.append(
            f"| {one.activity} | {one.claimed} | {one.right} | {_share(one.right, one.claimed)} "
            f"| {now.right} of {now.claimed} | {first.meant} | {first.right} | {_share(first.right, first.meant)} "
            f"| {wide.meant} | {wide.right} | {_share(wide.right, wide.meant)} |"
        )
    misses = [
        "### Misses",
        "",
        "Every event of the sample where rule and reader differed, and what the rules say now. A label that turned",
        "out to be a slip is left as it was and counts as a miss.",
        "",
        "| event | what happened | rules said | reader says | rules say now | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    misses += [
        f"| `{one.event_id}` | {one.verb} | {one.said} | {one.label} "
        f"| {' + '.join(sorted(answer)) or 'not in the build'} | {one.note} |"
        for one, was, answer in zip(sample, said, answered, strict=True)
        if not right(one, was) or not right(one, answer)
    ]
    return ["\n".join(lines), "\n".join(misses)]


def _low(sample: list[Labelled], answered: list[set[str]]) -> str:
    low = [f"{one.activity} ({one.right} of {one.claimed})" for one in scores(sample, answered)
           if one.claimed >= 10 and (one.precision or 0) < 0.95]  # fmt: skip
    return f"Below 0.95 with ten events or more: {', '.join(low)}." if low else "None of ten or more is below 0.95."


def _earlier(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> str:
    """Return what the rules of today say of the samples that they were changed after."""
    lines = [
        "### Earlier samples",
        "",
        "Samples whose misses led to a change of the rules: they measure nothing any more and show only what a change",
        "breaks. The first was labelled before there was a page that says how to read an event, which calls many",
        "comments by other names. Events that are no longer told apart from the vote they repeat are left out.",
        "",
        "| seed | events | right now |",
        "| --- | ---: | ---: |",
    ]
    for seed, sample in read_earlier().items():
        told = [(one, answer) for one, answer in zip(sample, answers(builds, sample), strict=True) if answer]
        lines.append(f"| {seed} | {len(told)} | {sum(right(one, answer) for one, answer in told)} |")
    return "\n".join(lines)


def _names(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> list[str]:
    """Return a table for each kind of name in the recorded answers of GitHub and Jira."""
    parts = ["## Every name in the recorded answers\n\nWhat the recorded answers of GitHub and Jira hold, and what the "
             "rules make of it."]  # fmt: skip
    for title, condition in NAMES.items():
        rows = [
            (name, *row)
            for name in ("github", "jira")
            for row in builds[name]
            .execute(f"select verb, sign, answer, count(*) from ({EVENTS}) where {condition} group by all order by all")
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


def _share(part: int, whole: int) -> str:
    interval = wilson_interval(part, whole)
    return "" if interval is None else f"{part / whole:.2f} ({interval[0]:.2f}-{interval[1]:.2f})"


def main(arguments: list[str]) -> None:
    """Build the sets and write the page, or the sample."""
    with tempfile.TemporaryDirectory() as folder:
        builds = {
            name: duckdb.connect(str(build_set(name, SHARED, Path(folder) / name)), read_only=True) for name in SETS
        }
        if "--draw" in arguments:
            new = [Labelled(part, name, *event[:3], "") for part, name, event in drawn(builds)]
            write_sample(new)
        elif "--read" in arguments:
            for number, line in enumerate(readable(builds, drawn(builds)), start=1):
                sys.stdout.write(f"{number} | {line}\n")
        elif "--said" in arguments:
            sample = read_sample()
            told = zip(sample, answers(builds, sample), strict=True)
            write_sample([replace(one, said=" + ".join(sorted(answer))) for one, answer in told])
        else:
            PAGE.write_text(page(builds), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
