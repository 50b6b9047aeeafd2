"""A year of a real project's votes: what the records say about approver and author, and whether that moved."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from models.drift.assessment import STABLE, assess

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "wikimedia"
PERIOD = "created_2016-07_2017-06.csv"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded votes are not on this machine")


def self_approvals() -> pd.DataFrame:
    """Return marks of merged changes: x = 1 when the last +2 is by whoever uploaded the change."""
    events = pd.read_csv(FOLDER / f"events_{PERIOD}", dtype=str)
    votes = pd.read_csv(FOLDER / f"votes_{PERIOD}", dtype=str)
    owner = events[events["seq"] == "1"].set_index("change_number")["actor_id"]
    merged = events[events["status"] == "merged"].groupby("change_number")["at_utc"].first()
    plus_two = votes[(votes["label"] == "Code-Review") & (votes["value"] == "+2")]
    approver = (
        plus_two.iloc[plus_two["seq"].astype(int).argsort(kind="stable")].groupby("change_number")["voter_id"].last()
    )
    joined = pd.concat([owner.rename("owner"), merged.rename("at"), approver.rename("approver")], axis=1, join="inner")
    day = pd.to_datetime(joined["at"]).dt.tz_localize(None).dt.normalize()
    x = (joined["owner"] == joined["approver"]).astype("int64")
    marks = pd.DataFrame({"day": day, "x": x}).groupby("day", as_index=False).agg(n=("x", "size"), x=("x", "sum"))
    return marks.assign(team="mediawiki-config", dimension="owners", stratum="normal")


def test_a_project_that_always_approved_itself_has_no_drift() -> None:
    """Six of ten changes approved by their own author, all year round: bad for separation, and not a change."""
    marks = self_approvals()
    assert marks["n"].sum() == 2653
    assert marks["x"].sum() / marks["n"].sum() == pytest.approx(0.611, abs=0.001)
    found = assess(marks, as_of=date(2017, 6, 30)).findings.iloc[0]
    assert found["state"] == STABLE
    assert found["baseline_rate"] == pytest.approx(0.563, abs=0.001)
    assert found["low"] < found["current_level"] < found["high"]
    assert "no drift. Closest to it: same owner" in found["sentence"]


def test_the_same_project_is_found_when_its_separation_goes() -> None:
    """The real counts with every approval from March on given by the author: found, and dated to the month."""
    marks = self_approvals()
    marks["x"] = marks["x"].where(marks["day"] < "2017-03-01", marks["n"])
    found = assess(marks, as_of=date(2017, 6, 30)).findings.iloc[0]
    assert found["state"] == "drifting"
    assert abs((found["onset_week"] - pd.Timestamp("2017-03-01")).days) <= 14
    assert "approver and deployer are the same person in 100 % of changes" in found["sentence"]
