"""The labelled sample of events: how it is drawn, shown to a reader, kept and read back.

It holds labels, event ids and signs, never the events' own text.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

SAMPLE = Path(__file__).with_name("classification_sample.csv")
EARLIER = Path(__file__).with_name("classification_earlier.csv")
SEED = 20261130
# Set → events drawn, more where people write in words of their own; the small sets are nearly all bots and builds.
DRAWN = {"github": 30, "jira": 25, "archive": 35, "wikimedia": 45, "gitlab": 15, "jenkins": 10, "osg": 20, "govuk": 20}
# Events of every activity, drawn besides from what the rules call so: what is rare is in no sample of all. Two hang on
# words alone, and earlier samples left them in doubt.
PER_ACTIVITY = 20
FROM_WORDS = {"change_governance/consulted": 40, "release_execution/coordinated": 40}
# Comments drawn from what the rules call anything else than those two: what they fail to find is in there.
OTHER_COMMENTS = 60
# What people say in words of their own, whatever the rules call it: most comments are sentences of systems.
REMARKS = 100
OWN_WORDS = re.compile(r"(?!.*\[(bot|says (revision|approves|vetoes|votes|asked|upkeep|nothing))).*")
EVENTS = """
    select source_event_id, verb, min(sign) as sign,
        string_agg(track || '/' || activity, ' + ' order by track) as answer,
        min(subject_kind) as subject_kind, min(title) as title
    from marts.activities group by source_event_id, verb"""


@dataclass(frozen=True)
class Labelled:
    """An event of the sample: what its reader says it is, as ``track/activity``, several joined by `` + ``.

    Beside it stands what the rules said of it when it had been read, which a change of the rules leaves as it was.
    Of the part ``all`` every event could be drawn; the part ``activity`` was drawn from what the rules call something,
    ``comment`` from comments that they call neither consulted nor coordinated, ``remark`` from what people say in words
    of their own. A note says why a miss is one.
    """

    part: str
    set_name: str
    event_id: str
    verb: str
    sign: str
    label: str
    said: str = ""
    note: str = ""


def read_sample() -> list[Labelled]:
    """Return the labelled sample."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return [
            Labelled(row["part"], row["set"], row["event_id"], row["verb"], row["sign"], row["label"],
                     row["said"], row["note"])
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

    What an earlier sample holds is left out, for rules were changed after it. They are shuffled, so that a reader
    cannot tell for what an event was drawn.
    """
    chance = random.Random(SEED)
    known = {(one.set_name, one.event_id, one.verb) for sample in read_earlier().values() for one in sample}
    events = {
        name: [
            event
            for event in builds[name].execute(f"select * from ({EVENTS}) order by source_event_id, verb").fetchall()
            if (name, *event[:2]) not in known
        ]
        for name in DRAWN
    }
    found = [("all", name, event) for name, count in DRAWN.items() for event in chance.sample(events[name], count)]
    taken = {(name, event[:2]) for _, name, event in found}
    claimed = Counter(answer for _, _, event in found for answer in event[3].split(" + "))

    def draw(part: str, count: int, is_meant: Callable[[tuple[str, ...]], bool]) -> None:
        left = [(part, name, event) for name in DRAWN for event in events[name]
                if is_meant(event) and (name, event[:2]) not in taken]  # fmt: skip
        new = chance.sample(left, max(0, min(count, len(left))))
        taken.update((name, event[:2]) for _, name, event in new)
        found.extend(new)

    for activity in sorted({event[3] for rows in events.values() for event in rows}):
        wanted = FROM_WORDS.get(activity, PER_ACTIVITY) - claimed[activity]
        draw("activity", wanted, partial(_is_called, activity))
    draw("comment", OTHER_COMMENTS, lambda event: event[1] == "commented" and event[3] not in FROM_WORDS)
    draw("remark", REMARKS, _is_in_own_words)
    chance.shuffle(found)
    return found


def _is_called(activity: str, event: tuple[str, ...]) -> bool:
    return event[3] == activity


def _is_in_own_words(event: tuple[str, ...]) -> bool:
    is_told = " " in (event[5] or "") and OWN_WORDS.fullmatch(event[2] or "") is not None
    return event[1] == "commented" and is_told


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
        writer.writerow(("part", "set", "event_id", "verb", "sign", "label", "said", "note"))
        writer.writerows(
            (one.part, one.set_name, one.event_id, one.verb, one.sign, one.label, one.said, one.note) for one in sample
        )
