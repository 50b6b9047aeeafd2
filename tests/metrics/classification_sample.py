"""The labelled sample of events: how it is drawn, shown to a reader, kept and read back.

It holds labels, event ids and signs, never the events' own text.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

SAMPLE = Path(__file__).with_name("classification_sample.csv")
EARLIER = Path(__file__).with_name("classification_earlier.csv")
SEED = 20261128
# Set → events drawn. The recorded answers of GitHub and Jira are small, so a third each comes from them.
DRAWN = {"github": 40, "jira": 30, "archive": 65, "wikimedia": 65}
# Events of every activity, drawn besides from what the rules call so: what is rare is in no sample of all.
PER_ACTIVITY = 15
# Activities that so few events left in doubt (15 of 16, 14 of 15), and how many more of each were drawn with a seed of
# their own, among as many comments that the rules call otherwise.
DOUBTFUL = {"change_governance/consulted": 60, "release_execution/coordinated": 60}
DOUBTFUL_SEED = 20261129
EVENTS = """
    select source_event_id, verb, min(sign) as sign,
        string_agg(track || '/' || activity, ' + ' order by track) as answer,
        min(subject_kind) as subject_kind, min(title) as title
    from marts.activities group by source_event_id, verb"""


@dataclass(frozen=True)
class Labelled:
    """An event of the sample: what its reader says it is, as ``track/activity``, several joined by `` + ``.

    Of the part ``all`` every event could be drawn; the part ``activity`` was drawn from what the rules call something,
    ``doubtful`` from two activities and other comments. ``rest`` is what was left of one of them, read knowing so.
    A note says that the label is a slip: found out later, and left as it was.
    """

    part: str
    set_name: str
    event_id: str
    verb: str
    sign: str
    label: str
    note: str = ""


def read_sample() -> list[Labelled]:
    """Return the labelled sample."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return [
            Labelled(row["part"], row["set"], row["event_id"], row["verb"], row["sign"], row["label"],
                     row["note"])
            for row in csv.DictReader(file)
        ]  # fmt: skip


def read_earlier() -> dict[str, list[Labelled]]:
    """Return the samples that the rules were changed after, by their seed."""
    found: dict[str, list[Labelled]] = {}
    with EARLIER.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            one = Labelled("all", row["set"], row["event_id"], row["verb"], "", row["label"])
            found.setdefault(row["seed"], []).append(one)
    return found


def drawn(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the events that the seed draws from the builds, as (part, set, event); the same builds give the same draw.

    They are shuffled, so that a reader cannot tell for what an event was drawn.
    """
    chance = random.Random(SEED)
    events = {
        name: builds[name].execute(f"select * from ({EVENTS}) order by source_event_id, verb").fetchall()
        for name in DRAWN
    }
    found = [("all", name, event) for name, count in DRAWN.items() for event in chance.sample(events[name], count)]
    taken = {(name, event[:2]) for _, name, event in found}
    claimed = Counter(answer for _, _, event in found for answer in event[3].split(" + "))
    for activity in sorted({event[3] for rows in events.values() for event in rows}):
        left = [("activity", name, event) for name in DRAWN for event in events[name]
                if event[3] == activity and (name, event[:2]) not in taken]  # fmt: skip
        found += chance.sample(left, max(0, min(PER_ACTIVITY - claimed[activity], len(left))))
    chance.shuffle(found)
    return found


def drawn_of_doubtful(
    builds: Mapping[str, duckdb.DuckDBPyConnection], sample: list[Labelled]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return more events of the doubtful activities, shuffled with other comments; none that ``sample`` holds."""
    chance = random.Random(DOUBTFUL_SEED)
    taken = {(one.set_name, one.event_id, one.verb) for one in sample if one.part != "doubtful"}
    events = [
        ("doubtful", name, event)
        for name in DRAWN
        for event in builds[name].execute(f"select * from ({EVENTS}) order by source_event_id, verb").fetchall()
        if (name, *event[:2]) not in taken
    ]
    found = []
    for activity, count in DOUBTFUL.items():
        left = [one for one in events if one[2][3] == activity]
        found += chance.sample(left, min(count, len(left)))
    others = [one for one in events if one[2][1] == "commented" and one[2][3] not in DOUBTFUL]
    found += chance.sample(others, len(found))
    chance.shuffle(found)
    return found


def readable(
    builds: Mapping[str, duckdb.DuckDBPyConnection], events: list[tuple[str, str, tuple[str, ...]]]
) -> Iterator[str]:
    """Yield what a reader needs of each event: record, act, who in what role, words. Nothing that a pattern found."""
    for _, name, (event, verb, sign, _, kind, title) in events:
        row = (
            builds[name]
            .execute(
                """select coalesce(max(c.record_type), ''), max(case when a.actor_type = 'bot' then 'automation'
                when a.actor = c.requester then 'author' else 'somebody else' end)
            from marts.activities a left join marts.changes c on c.change_id = a.change_id
            where a.source_event_id = ? and a.verb = ?""",
                [event, verb],
            )
            .fetchone()
        )
        vote = (
            builds[name].execute("select max(vote) from marts.decisions where source_event_id = ?", [event]).fetchone()
        )
        named = (
            re.sub(r" *\[(?!trigger)[^]]*\]", "", sign)
            if verb in ("ran", "ran_step", "labeled", "unlabeled")
            else (vote or ("",))[0] or ""
        )
        yield " | ".join(map(str, (name, kind, *(row or ()), verb, named, repr(title or ""))))


def write_sample(sample: list[Labelled]) -> None:
    """Store the sample."""
    with SAMPLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("part", "set", "event_id", "verb", "sign", "label", "note"))
        writer.writerows(
            (one.part, one.set_name, one.event_id, one.verb, one.sign, one.label, one.note) for one in sample
        )
