"""Teams of which little, or nothing of one kind, is recorded, through import and build: each gets its honest word."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pandas as pd
import pytest

from models.drift.assessment import MOVING, NOT_ENOUGH_DATA, STABLE
from tests.simulator.life import START
from tests.simulator.pipeline import Built, build_stories
from tests.simulator.records import Story

WEEKS = 44


class Teller:
    """Tells a team's changes, each deployed two hours after it was asked for; what is missing is asked for by name."""

    def __init__(self, story: Story, team: str) -> None:
        self.story, self.team, self.serial = story, team, 0

    def change(self, day: int, **given: object) -> None:
        """One change and its deployment; ``approver=None``: no decision, ``started=None``: nobody knows when."""
        self.serial += 1
        key, at = f"{self.team}-{self.serial}", datetime.combine(START + timedelta(days=day), time(9), UTC)
        deployment, started = f"{key}-deployment", given.get("started", at + timedelta(hours=2))
        self.story.add(
            "change", key, record_type="change_request", title=f"Change {key}", service=self.team, team=self.team,
            change_type=given.get("change_type", "normal"), risk=given.get("risk", "low"), description="What and why.",
            template=given.get("template"),
            requested_by=given.get("requester", f"{self.team}-ana"), requested_by_type="human", created_at=at,
            requested_at=at, merged_at=at + timedelta(hours=1), state="closed", closed_at=at + timedelta(hours=3),
        )  # fmt: skip
        if approver := given.get("approver", f"{self.team}-bo"):
            self.story.add(
                "decision", f"{key}-decision", change_key=key, decided_at=at + timedelta(minutes=10),
                decided_by=approver, decided_by_type="human", verdict="approved", comment="Looked at the risk.",
            )  # fmt: skip
        self.story.add(
            "deployment", deployment, service=self.team, team=self.team, environment="production", status="success",
            started_at=started, finished_at=at + timedelta(hours=2, minutes=5), plan="Plan with steps.",
            deployed_by=given.get("deployer", f"{self.team}-chi"),
            deployed_by_type="human" if given.get("deployer", "") is not None else None,
        )  # fmt: skip
        self.story.add(
            "link", f"{deployment}|{key}", from_kind="deployment", from_key=deployment, relation="carries",
            to_kind="change", to_key=key,
        )  # fmt: skip

    def weekly(self, **given: object) -> None:
        """Two changes a week until the end."""
        for week in range(WEEKS):
            for day in (1, 3):
                self.change(7 * week + day, **given)


def tell(story: Story) -> Story:
    """Tell all teams."""
    five = Teller(story, "five-marks")
    for week in range(0, 40, 8):
        five.change(7 * week + 1)
    week_long = Teller(story, "one-week")
    for day in range(5):
        for _ in range(6):
            week_long.change(7 * 40 + day)
    Teller(story, "no-approvals").weekly(approver=None)
    Teller(story, "one-person").weekly(requester="solo", approver="solo", deployer="solo")
    Teller(story, "all-standard").weekly(change_type="standard", template="restart", approver=None)
    Teller(story, "standard-by-name").weekly(change_type="standard")
    Teller(story, "no-risk").weekly(risk=None)
    Teller(story, "no-types").weekly(change_type=None, risk=None)
    Teller(story, "nobody-known").weekly(approver=None, deployer=None)
    Teller(story, "no-start").weekly(started=None)
    Teller(story, "as-it-should-be").weekly()
    stopped = Teller(story, "stopped")
    for day in range(5):
        for _ in range(6):
            stopped.change(day)
    return story


@pytest.fixture(scope="module")
def built() -> Built:
    return build_stories([tell(Story())], WEEKS)


def said(built: Built, team: str) -> pd.Series:
    return built.findings.set_index("team").loc[team]


def marks_of(built: Built, team: str) -> pd.DataFrame:
    return built.marks[built.marks["team"] == team].groupby("dimension")[["n", "x"]].sum()


def test_nobody_is_left_out_and_nobody_alarms(built: Built) -> None:
    """Every team that has a mark has a word; little data is no drift, and no source is said to be silent."""
    assert set(built.findings["team"]) == {
        "five-marks", "one-week", "stopped", "no-approvals", "one-person", "all-standard", "standard-by-name",
        "no-risk", "no-types", "nobody-known", "no-start", "as-it-should-be",
    }  # fmt: skip
    assert set(built.findings["state"]) <= {NOT_ENOUGH_DATA, STABLE, MOVING}
    assert built.findings["alarm"].isna().all()
    assert built.gate.empty
    assert not built.findings["sentence"].str.contains(r"\bnan\b|\bNone\b|no value", regex=True).any()


def test_five_marks_are_not_enough(built: Built) -> None:
    """Five deployments in most of a year: no verdict, and what is missing."""
    assert marks_of(built, "five-marks").loc["order", "n"] == 5
    assert said(built, "five-marks")["state"] == NOT_ENOUGH_DATA
    assert (
        "not enough data to judge drift (4 marks in the baseline, 12 needed)" in said(built, "five-marks")["sentence"]
    )


def test_one_week_is_not_enough(built: Built) -> None:
    """Thirty changes within one week are no past to compare with, neither while they are new nor a year later."""
    assert marks_of(built, "one-week").loc["order", "n"] == 30
    assert said(built, "one-week")["state"] == NOT_ENOUGH_DATA
    assert "5 of 26 baseline weeks" in said(built, "one-week")["sentence"]
    assert said(built, "stopped")["state"] == NOT_ENOUGH_DATA
    assert "no marks in the last 13 weeks" in said(built, "stopped")["sentence"]


def test_without_any_approval_there_is_no_drift_and_no_praise(built: Built) -> None:
    """What was never apart cannot drift together: that is said, with its rate, and owners are not guessed."""
    marks = marks_of(built, "no-approvals")
    assert (marks.loc["order", "n"], marks.loc["order", "x"]) == (88, 88)
    assert not {"owners", "act", "bare_decision", "governance_agenda"} & set(marks.index)
    assert said(built, "no-approvals")["state"] == STABLE
    sentence = said(built, "no-approvals")["sentence"]
    assert "Never apart to begin with: no approval before (100 % in the baseline)" in sentence
    assert "Closest to it: no change record" in sentence


def test_one_person_who_does_it_all_never_had_two_processes(built: Built) -> None:
    """Requests, approves and deploys alone: the same owner and no approval by another from the start; no drift."""
    marks = marks_of(built, "one-person")
    assert (marks.loc["owners", "n"], marks.loc["owners", "x"]) == (88, 88)
    assert said(built, "one-person")["state"] == STABLE
    assert "Never apart to begin with: same owner (100 % in the baseline)" in said(built, "one-person")["sentence"]


def test_standard_changes_give_marks_of_their_releases_alone(built: Built) -> None:
    """Pre-approved by a template: no mark where the design has none. Named standard without one: judged as others."""
    assert set(marks_of(built, "all-standard").index) == {"release_record"}
    assert said(built, "all-standard")["state"] == STABLE
    assert said(built, "all-standard")["n"] == 24
    assert {"owners", "act", "order", "change_record"} <= set(marks_of(built, "standard-by-name").index)


@pytest.mark.parametrize(("team", "stratum"), [("no-risk", "normal unknown"), ("no-types", "unknown unknown")])
def test_an_unknown_risk_or_type_is_a_stratum_of_its_own(built: Built, team: str, stratum: str) -> None:
    """Null everywhere: judged like any other, without a guess at what it might be."""
    own = built.marks[(built.marks["team"] == team) & (built.marks["dimension"] == "bare_decision")]
    assert set(own["stratum"]) == {stratum}
    assert own["n"].sum() == 88
    assert said(built, team)["state"] == STABLE
    usual = said(built, "as-it-should-be")["sentence"].replace("as-it-should-be", team)
    assert said(built, team)["sentence"] == usual


def test_what_nobody_knows_gives_no_mark(built: Built) -> None:
    """Unknown people own nothing; a deployment without a start dates nothing."""
    assert not {"owners", "act"} & set(marks_of(built, "nobody-known").index)
    assert set(marks_of(built, "no-start").index) == {"bare_decision", "governance_agenda"}
    assert said(built, "no-start")["state"] == STABLE


def test_the_same_records_build_the_same_tables_and_a_later_day_restates_nothing(built: Built) -> None:
    """Built again: every row as before. Built half a year earlier: each mark of then is as it is known now."""
    again, earlier = (build_stories([tell(Story())], weeks) for weeks in (WEEKS, WEEKS - 20))
    for name in ("marks", "gate", "findings"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(built, name))
    end = pd.Timestamp(START) + pd.Timedelta(weeks=WEEKS - 20)
    assert set(earlier.findings["state"]) == {NOT_ENOUGH_DATA}
    then, now = (one.marks[pd.to_datetime(one.marks["day"]) < end] for one in (earlier, built))
    pd.testing.assert_frame_equal(then.reset_index(drop=True), now.reset_index(drop=True))
