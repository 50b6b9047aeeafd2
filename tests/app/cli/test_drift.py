from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from app.published import open_build
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.once import Once
from tests.simulator.life import START
from tests.simulator.records import Story, simulate_records
from tests.simulator.regimes import REGIMES

WEEKS = 56
DRIFTING, STEADY, YOUNG, SILENT = (
    "act-collapse-60-100-0000",
    "stable-60-100-0000",
    "stable-20-100-0100",
    "renamed-field-60-100-0000",
)
ASKING = "only-asks"  # has a change and no mark


@pytest.fixture(scope="module")
def judged(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a team that drifts, one that does not, one with a silent source and one that ended early."""
    return Path(shutil.copytree(once("drift", judge) / "home", tmp_path_factory.mktemp("drift") / "home"))


def judge(folder: Path) -> None:
    prefix = ("--home", str(folder / "home"), "--quiet")
    asking = Story(source="asking")
    asking.add("change", "wish-1", record_type="change_request", team=ASKING, created_at=datetime(2024, 5, 1, 9))
    stories = [
        simulate_records(REGIMES["act_collapse"], 60, 1, 5, weeks=WEEKS),
        simulate_records(REGIMES["renamed_field"], 60, 1, 5, weeks=WEEKS),
    ]
    simulate_records(REGIMES["stable"], 60, 1, 5, weeks=WEEKS, story=stories[0])
    simulate_records(REGIMES["stable"], 20, 1, 5, weeks=10, story=stories[0], first=100)
    for number, story in enumerate([*stories, asking]):
        story.source = f"tool-{number}"
        for file, mapping in story.write(folder / story.source):
            assert run([*prefix, "import", str(file), "--map", str(mapping)]) == 0
    as_of = START + timedelta(weeks=WEEKS)
    assert run([*prefix, "build", "--as-of", f"{as_of}T00:00:00Z", "--memory", "500MB"]) == 0


@pytest.fixture(autouse=True)
def here(judged: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWOTRACK_HOME", str(judged))
    return judged


def document(twotrack: Twotrack, team: str) -> dict[str, Any]:
    (found,) = twotrack("drift", "--team", team, "--json").document["teams"]
    return dict(found)


def test_a_drift_is_told_with_since_when_because_of_what_and_how_much(twotrack: Twotrack) -> None:
    """The finding of a team whose decision and execution became one act: dated, named, with level, baseline and n."""
    found = document(twotrack, DRIFTING)
    assert found["state"] == "drifting"
    assert found["dimension"] == found["because"]["dimension"] == "act"
    assert abs((date.fromisoformat(found["since"]) - START).days // 7 - 38) <= 8
    assert date.fromisoformat(found["since"]) <= date.fromisoformat(found["alarm"])
    assert found["low"] < found["level"] < found["high"]
    assert found["level"] > found["reference_rate"] > found["baseline"]["rate"]
    assert 0.5 < found["because"]["evidence_share"] <= 1
    carried = found["because"]["strata"]
    assert sum(stratum["share"] for stratum in carried) == pytest.approx(1)
    assert sum(stratum["n"] for stratum in carried) == found["n"]
    assert sum(stratum["x"] for stratum in carried) == round(found["level"] * found["n"])
    assert found["sentence"].startswith("Since about ")
    assert f"n = {found['n']}" in found["sentence"]
    said = twotrack("drift", "--team", DRIFTING).out
    assert f"since then {sum(one['x'] for one in carried)} of {found['n']} records lack the separation (" in said
    assert all(f"{one['stratum']} {one['x']} of {one['n']}" in said for one in carried)


def test_drifting_teams_come_first_and_every_team_has_a_word(twotrack: Twotrack) -> None:
    """Nobody is left out, and the order is that of urgency."""
    whole = twotrack("drift", "--json").document
    assert whole["teams"][0]["team"] == DRIFTING
    states = {one["team"]: one["state"] for one in whole["teams"]}
    silent = young = "not enough data"
    assert states == {DRIFTING: "drifting", STEADY: states[STEADY], SILENT: silent, YOUNG: young}
    assert states[STEADY] in {"stable", "moving"}
    assert "not proof" in whole["note"]
    assert whole["settings"]["run_length_weeks"] == 520


def test_too_little_is_said_to_be_too_little_and_a_gap_to_be_a_gap(twotrack: Twotrack) -> None:
    """A young team has no judgement but a reason; weeks of a silent source are named and never counted."""
    young = document(twotrack, YOUNG)
    assert young["because"] is None
    assert young["since"] is None
    assert {part["state"] for part in young["dimensions"]} == {"not enough data"}
    assert all(part["reason"] for part in young["dimensions"])
    assert "not enough data to judge drift (no marks in the last 13 weeks)" in young["sentence"]
    silent = document(twotrack, SILENT)
    assert len(silent["gaps"]) >= 4
    assert all("decisions for" in gap["reason"] for gap in silent["gaps"])
    assert "most of the last 13 weeks are a data gap" in silent["sentence"]
    assert "left out as a data gap: tool-1 brought " in silent["sentence"]


def test_the_text_says_what_the_document_says(twotrack: Twotrack) -> None:
    """For people: the sentence, because of what, and every dimension with its level, baseline and n."""
    text = twotrack("drift", "--team", DRIFTING).out
    found = document(twotrack, DRIFTING)
    assert found["sentence"] in text
    assert "Because of same act: " in text
    assert "An indicator, not proof" in text
    lines = text.splitlines()
    for part in found["dimensions"]:
        (line,) = [line for line in lines if line.startswith(f"  {part['label'].lower()}  ")]
        assert f" {part['n']:,} " in line
        assert f" {part['baseline_n']:,} " in line


def test_a_level_can_be_recounted_from_its_records(twotrack: Twotrack, here: Path) -> None:
    """Every team and dimension: the records that --records prints over a level's weeks give the level and its n."""
    with open_build(Workspace(here)) as (_, con):
        rows = con.execute(
            "select team, dimension, cast(week_end as date), level, n from marts.drift_levels "
            "where dimension <> 'index' "
            "qualify row_number() over (partition by team, dimension order by week_end desc) in (1, 9)"
        ).fetchall()
    assert len(rows) > 40
    seen = set()
    for team, dimension, week_end, level, n in rows:
        period = ("--from", str(week_end - timedelta(days=7 * 13 - 1)), "--to", str(week_end + timedelta(days=1)))
        found = twotrack("drift", "--team", team, "--records", "--dimension", dimension, "--json", *period).document
        assert (found["n"], found["x"]) == (n, round(level * n)), (team, dimension, week_end)
        assert sum(not record["left_out"] for record in found["records"]) == n
        seen.add(found["left_out"] > 0)
    assert seen == {True, False}


def test_the_records_of_a_finding_are_those_since_its_onset(twotrack: Twotrack) -> None:
    """Without a period and a dimension: what carries the finding, newest first."""
    found = document(twotrack, DRIFTING)
    records = twotrack("drift", "--team", DRIFTING, "--records", "--json").document
    assert records["dimension"] == "act"
    assert records["from"][:10] == found["since"]
    assert (records["x"], records["n"]) == (round(found["level"] * found["n"]), found["n"])
    instants = [record["occurred_at"] for record in records["records"]]
    assert instants == sorted(instants, reverse=True)
    assert len(twotrack("drift", "--team", DRIFTING, "--records", "--json", "--limit", "3").document["records"]) == 3
    now = twotrack("drift", "--team", STEADY, "--records", "--json").document
    steady = document(twotrack, STEADY)
    assert (now["dimension"], now["n"]) == (steady["dimension"], steady["n"])


def test_records_as_csv_can_be_read_back(twotrack: Twotrack) -> None:
    """The same records as with --json."""
    rows = list(csv.DictReader(io.StringIO(twotrack("drift", "--team", DRIFTING, "--records", "--csv").out)))
    expected = twotrack("drift", "--team", DRIFTING, "--records", "--json").document["records"]
    assert [row["record_id"] for row in rows] == [record["record_id"] for record in expected]
    assert {row["is_missing"] for row in rows} == {"True", "False"}


def test_text_prints_the_newest_records_and_what_they_come_to(
    twotrack: Twotrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen is not flooded, and the count is that of all records."""
    monkeypatch.setattr("app.commands.drift._SHOWN_RECORDS", 5)
    lines = twotrack("drift", "--team", DRIFTING, "--records").out.splitlines()
    assert len(lines) == 2 + 5 + 2
    assert lines[-2].startswith("… the newest 5")
    found = document(twotrack, DRIFTING)
    assert f" of {found['n']} records " in lines[-1]


def test_cadence_and_decision_value_stand_beside_it(twotrack: Twotrack) -> None:
    """Context, never part of drift: from decisions and deployments of half a year; what is unknown is null."""
    beside = document(twotrack, STEADY)["context"]
    assert beside["decisions"] > 50 < beside["deployments"]
    assert 0 <= beside["together"] <= 1
    assert beside["changes_per_release"] >= 1
    assert beside["decision_value"] is None  # every decision of these records approves
    text = twotrack("drift", "--team", STEADY).out
    assert "Beside it, no part of it: " in text
    assert "changes per release" in text
    assert document(twotrack, YOUNG)["context"]["changes_per_release"] is None


def test_an_unknown_team_is_refused_with_those_there_are(twotrack: Twotrack) -> None:
    """Whoever guesses wrong is shown the choices."""
    said = twotrack("drift", "--team", "stable-60")
    assert said.code == 4
    assert STEADY in said.err
    assert twotrack("drift", "--team", "nobody", "--json").document["error"] == "InputError"


def test_a_team_without_a_mark_is_told_apart_from_one_that_nobody_knows(twotrack: Twotrack) -> None:
    """It exists, but none of its records is one that drift is judged on."""
    said = twotrack("drift", "--team", ASKING)
    assert said.code == 4
    assert "it has no mark" in said.err
    assert ASKING not in {one["team"] for one in twotrack("drift", "--json").document["teams"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--records",),
        ("--records", "--team", STEADY, "--team", DRIFTING),
        ("--dimension", "act"),
        ("--team", STEADY, "--limit", "3"),
        ("--csv",),
        ("--records", "--team", STEADY, "--csv", "--json"),
        ("--records", "--team", STEADY, "--dimension", "speed"),
        ("--records", "--team", STEADY, "--from", "2024-05-01", "--to", "2024-04-01"),
    ],
)
def test_questions_that_make_no_sense_are_refused(twotrack: Twotrack, arguments: tuple[str, ...]) -> None:
    """Better no answer than the answer to another question."""
    assert twotrack("drift", *arguments).code == 2


def test_without_a_build_or_without_drift_in_it_the_next_step_is_a_build(
    twotrack: Twotrack, tmp_path: Path, here: Path
) -> None:
    """No traceback and no empty answer: what is missing and the command that makes it."""
    said = twotrack("--home", tmp_path / "empty", "drift")
    assert said.code == 7
    assert "twotrack" in said.err
    old = Workspace(tmp_path / "old")
    old.published_dir.mkdir(parents=True)
    import duckdb

    with duckdb.connect(str(old.build_path("20260101T000000Z-abcdefab"))) as con:
        con.execute("create schema meta; create table meta.build as select timestamp '2026-01-01' as as_of")
    current = json.loads((here / "published" / "current.json").read_text(encoding="utf-8"))
    (old.published_dir / "current.json").write_text(
        json.dumps({**current, "build_id": "20260101T000000Z-abcdefab"}), encoding="utf-8"
    )
    said = twotrack("--home", old.home, "drift")
    assert said.code == 7
    assert "does not judge drift" in said.err
