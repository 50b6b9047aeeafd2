"""What pages say where records are few and late, long over, or of a kind that others do not have."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app import wording
from app.published import all_after, open_build
from models.workspace import Workspace
from tests.app.conftest import Opened, shown, text_of
from tests.app.sample import AS_OF, Records, change, published

LATE = AS_OF - timedelta(days=2)
USUAL_END = AS_OF - timedelta(days=700)
HARDLY = "The newest 13 weeks hold 1 of 301 records; most are older."


def straggling(home: Path, *, with_late: bool) -> Workspace:
    """Three hundred changes that ended two years ago, and one of now."""
    records = Records()
    for number in range(300):
        change(records, f"CHG-{number}", at=USUAL_END - timedelta(days=number))
    if with_late:
        change(records, "CHG-LATE", at=LATE)
    return published(home, records, kind="live")


def test_hardly_any_record_in_the_newest_weeks_is_said_and_the_usual_ones_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """One late record must not leave a reader before pages without numbers; one click leads to where records are."""
    for _ in shown(straggling(tmp_path, with_late=True), monkeypatch):
        app = opened("approvals")
        assert HARDLY in text_of(app)
        button = app.button(key="show_usual")
        button.click().run()
        assert not app.exception
        assert HARDLY not in text_of(app)
        assert app.selectbox(key="period").value == "Chosen dates"
        assert wording.day(USUAL_END - timedelta(days=1)) in text_of(app)  # its own week had only begun


def test_a_longer_period_and_records_that_just_ended_long_ago_are_not_called_thin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """What reaches back to the records shows them; where all ended together, the newest weeks are the usual ones."""
    for _ in shown(straggling(tmp_path / "late", with_late=True), monkeypatch):
        assert HARDLY not in text_of(opened("approvals", period="All records"))
    for _ in shown(straggling(tmp_path / "old", with_late=False), monkeypatch):
        assert "most are older" not in text_of(opened("approvals"))


def test_records_that_are_all_later_than_a_build_point_to_the_clock(sample_home: Path) -> None:
    """A machine whose clock is years behind builds as of then: its records are not of a kind that nobody knows."""
    with open_build(Workspace(sample_home)) as (_, con):
        assert "machine's clock, or at --as-of" in all_after(con, datetime(2000, 1, 1))
        assert all_after(con, AS_OF) == ""


def test_practice_opens_on_a_period_with_records_and_says_how_to_judge_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """What is judged over the days before a build has nothing where all records are years old."""
    for _ in shown(straggling(tmp_path, with_late=False), monkeypatch):
        picked = opened("cheat_sheet").selectbox(key="quarter")
        assert picked.value.startswith("2024, quarter 3")
        assert picked.options[-1].endswith(": no records")
        advice = text_of(opened("combine_or_separate"))
        assert f"twotrack build --as-of {USUAL_END + timedelta(days=1):%Y-%m-%d}" in advice
    for _ in shown(straggling(tmp_path / "late", with_late=True), monkeypatch):
        assert "Most records end on" in text_of(opened("combine_or_separate"))


def test_advice_that_no_criterion_decided_is_no_headline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """Where nothing could be judged, "no service may combine them" would sound like a finding."""
    records = Records()
    for number in range(3):
        change(records, f"CHG-{number}", at=USUAL_END - timedelta(days=number))
    for _ in shown(published(tmp_path, records, kind="live", settings='[workspace]\nkind = "{kind}"\n'), monkeypatch):
        assert "Too few records to advise any service" in text_of(opened("combine_or_separate"))


def test_windows_alone_are_records_that_pages_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """A calendar of downtimes without any change, approval or deployment is not an empty build."""
    records = Records()
    for number in range(12):
        start = AS_OF - timedelta(days=number)
        records.add(
            "window", key=f"W-{number}", service="grid", created_at=start - timedelta(days=2),
            planned_start_at=start, planned_end_at=start + timedelta(hours=30),
        )  # fmt: skip
    for _ in shown(published(tmp_path, records, kind="live"), monkeypatch):
        assert "n = 12 scheduled changes" in text_of(opened("change_windows"))
        assert "grid" in opened("change_windows").multiselect(key="service").options


def test_items_that_are_no_changes_are_counted_and_their_types_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """Read items are not denied; which of a tracker's types are changes is the organisation's to say."""
    records = Records()
    records.add("issue", key="T-1", record_type="Deployment request", title="Ship it", created_at=AS_OF)
    for _ in shown(published(tmp_path, records, kind="live"), monkeypatch):
        app = opened()
        assert "It does hold 1 event," in text_of(app)
        assert any('what = "issue_type"' in code.value for code in app.code)
