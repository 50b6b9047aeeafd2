"""The page on words: ``python -m tests.metrics.words_page``.

Measures the lists of words and patterns against recorded texts that were read one by one. Half of the texts of each
list were drawn from what the list found, half from what it did not; they were shuffled and read without its answers.
The sample holds labels, names of texts and what the list said when they had been read, never the texts.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from models.metric import wilson_interval
from models.workspace import CHECKOUT
from sql.configuration import load_seeds
from sql.header import read_models
from tests.conftest import SHARED
from tests.metrics.reading import rows_of
from tests.metrics.real import build_set

PAGE = CHECKOUT / "docs" / "words.md"
SAMPLE = Path(__file__).with_name("words_sample.csv")
SETS = ("github", "jira", "archive", "wikimedia")
# Source of texts → its file, the columns that name a text, and the text of a row.
FILES: dict[str, tuple[str, tuple[str, ...], Callable[[Mapping[str, str]], str]]] = {
    "osg:description": ("osg/downtimes_to_2023.csv", ("ID",), lambda row: row["Description"]),
    "govuk:pr": (
        "govuk/app_pull_requests_2023_2024.csv",
        ("app", "pr_number"),
        lambda row: f"{row['title']}\n{row['body']}",
    ),
    "wikimedia:subject": (
        "wikimedia/events_created_2016-07_2017-06.csv",
        ("change_number",),
        lambda row: row["subject"] if row["subject_line"] == "Create change" else "",
    ),
}
PATTERNS = {
    "rollback words": (
        ("taken back", "select pattern from seeds.run_purposes where purpose = 'rollback'"),
        ("taken back", "select pattern from seeds.outcome_meanings where outcome = 'backed_out'"),
    ),
    "change type words": tuple(
        (kind, f"select pattern from seeds.change_types where field = 'change_type' and change_type = '{kind}'")
        for kind in ("emergency", "standard")
    ),
}
MEANT = {
    "content lexicon": "what a text is about: steps and timing of carrying out, or risk",
    "remark kinds": "what the words of a remark do; three of five texts that it did not find contain a word such as "
    "*deploy*, *Monday* or *wait*",
    "rollback words": "names of runs and closure codes that say that something is taken back; read here in free texts, "
    "which they are not applied to",
    "change type words": "a record's own change type; read here in free texts, which they are not applied to",
    "planned reversals": "titles of a reversal and of what it takes back",
}


@dataclass(frozen=True)
class Read:
    """A text that was read: what the list said of it then, and what its reader says; empty for nothing."""

    of_list: str
    source: str
    name: str
    said: str
    label: str


def read_sample() -> list[Read]:
    """Return the texts that were read."""
    return [Read(row["list"], row["source"], row["id"], row["said"], row["label"]) for row in rows_of(SAMPLE)]


def texts_of(builds: Mapping[str, duckdb.DuckDBPyConnection], shared: Path) -> dict[tuple[str, str], str]:
    """Return the recorded texts by where they stand and their name there."""
    found: dict[tuple[str, str], str] = {}
    for name, con in builds.items():
        said = "select source_event_id, min(title) from marts.activities where verb = 'commented' group by 1"
        found |= {(f"{name}:comment", event): text or "" for event, text in con.execute(said).fetchall()}
    archive = json.loads((shared / "github-archives/mlswg+mls-protocol.json").read_text(encoding="utf-8"))
    found |= {
        ("archive:body", f"body:{one['number']}"): f"{one['title']}\n{one['body'] or ''}" for one in archive["pulls"]
    }
    for source, (file, key, text) in FILES.items():
        for row in rows_of(shared / file):
            if text(row):
                found.setdefault((source, "#".join(row[part] for part in key)), text(row))
    return found


def planned_of(builds: Mapping[str, duckdb.DuckDBPyConnection]) -> set[str]:
    """Return the reversals that today's rules call planned."""
    rows = builds["wikimedia"].execute("select change_id from marts.reversals where kind = 'planned'").fetchall()
    return {change for (change,) in rows}


def answers(sample: list[Read], texts: Mapping[tuple[str, str], str], planned: set[str]) -> list[str]:
    """Return what the lists say of each text today: the models' own SELECTs, or the patterns of the seeds."""
    con = duckdb.connect()
    load_seeds(con, "memory")
    con.execute("create schema intermediate")
    con.execute("create table said (place bigint, of_list varchar, text varchar)")
    con.executemany(
        "insert into said values (?, ?, ?)",
        [
            (place, one.of_list, texts[one.source, one.name])
            for place, one in enumerate(sample)
            if one.of_list != "planned reversals"
        ],
    )
    con.execute("""create view intermediate.all_events as
        select cast(place as varchar) as source_event_id, '' as source, '' as actor, 'commented' as verb, text from said
        where of_list in ('content lexicon', 'remark kinds')""")
    nobody = "'' as source_event_id, '' as source, '' as comment, 'commented' as verdict"
    con.execute(f"create view intermediate.all_decisions as select {nobody}, '' as decided_by where false")
    con.execute(f"create view intermediate.int_votes as select {nobody}, '' as voter where false")
    con.execute("create table intermediate.int_actors (source varchar, login varchar, actor_type varchar)")
    models = read_models()
    found: dict[int, str] = {}
    for of_list, model, column in (("content lexicon", "int_texts", "topic"), ("remark kinds", "int_remarks", "kind")):
        sql = models[f"intermediate.{model}"].select
        rows: list[tuple[Any, ...]] = con.execute(f"select source_event_id, {column} from ({sql})").fetchall()
        found |= {int(place): word for place, word in rows if sample[int(place)].of_list == of_list}
    for of_list, kinds in PATTERNS.items():
        for kind, patterns in kinds:
            matching = f"""select distinct place from said, ({patterns}) p
                where of_list = '{of_list}' and regexp_matches(lower(text), p.pattern)"""
            found = {place: kind for (place,) in con.execute(matching).fetchall()} | found
    con.close()
    found |= {place: "planned" for place, one in enumerate(sample) if one.name in planned}
    return [found.get(place, "") for place in range(len(sample))]


@dataclass(frozen=True)
class Score:
    """How a list did for one of its words: of ``claimed`` texts ``right``; ``missed`` of the ``others``."""

    right: int
    claimed: int
    missed: int
    others: int


def score(sample: list[Read], said: list[str], of_list: str, kind: str) -> Score:
    """Return how the answers did for one kind of one list."""
    of = [(one.label == kind, word == kind) for one, word in zip(sample, said, strict=True) if one.of_list == of_list]
    claimed = [is_so for is_so, is_said in of if is_said]
    others = [is_so for is_so, is_said in of if not is_said]
    return Score(sum(claimed), len(claimed), sum(others), len(others))


def kinds_of(sample: list[Read], of_list: str) -> list[str]:
    """Return what a list and its reader call texts."""
    return sorted({word for one in sample if one.of_list == of_list for word in (one.said, one.label) if word})


def page(sample: list[Read], today: list[str]) -> str:
    """Return the page's text."""
    was = [one.said for one in sample]
    lines = [
        "# How well the lists of words read",
        "",
        "Several rules hang on lists of words and patterns in [data/seeds](../data/seeds). This page is written by",
        "`python -m tests.metrics.words_page` from recorded texts of public projects: remarks on changes, descriptions",
        "of pull requests and downtimes, titles. About half of the texts of each list were drawn from what it found",
        "and half from what it did not, with a seed; they were shuffled and read one by one, the lists' answers not",
        "shown, by one reader who knows the lists; nobody has read them a second time. The figures stand as they were",
        "found; *today* counts what changed after, so that it is no blind reading. Missed are those of the texts that",
        "a list did not call so: a share of the drawn, not of all. Intervals are Wilson's, 95 %.",
        "",
        "| list | says | right | precision | missed | today right | today missed |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for of_list in MEANT:
        for kind in kinds_of(sample, of_list):
            first, now = (score(sample, said, of_list, kind) for said in (was, today))
            lines.append(
                f"| {of_list} | {kind} | {first.right} of {first.claimed} | {_share(first.right, first.claimed)} "
                f"| {first.missed} of {first.others} | {now.right} of {now.claimed} | {now.missed} of {now.others} |"
            )
    lines += ["", "What each list is for:", "", *(f"- *{of_list}*: {text}." for of_list, text in MEANT.items()), ""]
    lines += [
        "What was changed after: a dozen wordings of *when* something goes live or is deployed count as coordination;",
        "a restored service is no change backed out; what was said to last *until* something is fixed, or *for now*,",
        "is taken back as planned, and only the words of what is taken back say so. The 23 recorded remarks that are",
        "called otherwise since then were read, knowing so, and so were the 3 reversals: all are right.",
        "",
        "What stays: on remarks about cryptography the lexicon takes talk of the protocol's security for risk of the",
        "change; names of deployment tools in titles read as steps. It is not asked on code reviews. No recorded text",
        "sets a condition of an approval, says that one is met, or asks or waits for one, so these words are held by",
        "cases alone; the words that tell conditions of the rollout matched 50 of these texts, of which 19 speak of a",
        "rollout, and no longer match *watchlist* or a share of tests.",
    ]
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    interval = wilson_interval(part, whole)
    return "" if interval is None else f"{part / whole:.2f} ({interval[0]:.2f}-{interval[1]:.2f})"


def main() -> None:
    """Build the sets and write the page."""
    csv.field_size_limit(2**31 - 1)
    sample = read_sample()
    with tempfile.TemporaryDirectory() as folder:
        builds = {
            name: duckdb.connect(str(build_set(name, SHARED, Path(folder) / name)), read_only=True) for name in SETS
        }
        today = answers(sample, texts_of(builds, SHARED), planned_of(builds))
        PAGE.write_text(page(sample, today), encoding="utf-8")


if __name__ == "__main__":
    main()
