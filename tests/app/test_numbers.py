from __future__ import annotations

import io
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from app import families
from app.dashboard import take_away
from app.dashboard.take_away import Provenance
from app.questions import attention, builds, change_story, lanes, queries, records
from app.questions.builds import Build
from models.workspace import Workspace
from sql import aggregate
from sql.aggregate import Filter
from tests.app.conftest import Opened, shown, text_of
from tests.app.sample import AS_OF, Records, approval, change, deployment, incident, published
from tests.once import Once

QUARTER = Filter(datetime(2026, 3, 30), datetime(2026, 6, 29))


def answered(build: Build | None = None) -> Provenance:
    """Return the provenance of a file in these tests."""
    shown_build = build or Build("20260701T000000-test", "", AS_OF, "demo", "Sample", frozenset())
    return Provenance("30 Mar–28 Jun 2026 · service payments", "", 142, shown_build)


@pytest.fixture
def build(sample: Workspace) -> Build:
    return builds.open_build(sample, sample.current_build())


@pytest.mark.parametrize("name", ["approval_latency", "change_failure_rate", "overlapping_windows"])
def test_a_card_shows_what_the_one_aggregation_says(sample: Workspace, opened: Opened, build: Build, name: str) -> None:
    """A card and the command line cannot disagree: both ask the same function."""
    app = opened()
    definition = aggregate.definition(builds.cursor(build), name)
    facts = queries.facts(build)
    assert facts is not None
    end = datetime.combine(facts.last.date(), datetime.min.time()) + timedelta(days=1)
    value = aggregate.value(builds.cursor(build), name, Filter(end - timedelta(weeks=13), end))[0]
    card = next(metric for metric in app.metric if metric.label.startswith(definition.label))
    from app import wording

    assert card.value == wording.metric_amount(value)
    assert f"{value.denominator:,}" in text_of(app)


def test_the_records_of_a_number_are_called_what_they_are(build: Build) -> None:
    """A page says of how many changes or deployments a number is; its rows are of that kind, and none of another."""
    called = {
        "change": {"change"},
        "deployed change": {"deployment"},
        "deployment": {"deployment"},
        "condition": {"condition"},
        "scheduled change": {"change", "window"},
        "pair of windows": {"window_pair"},
        "day of a service": {"service_day"},
    }
    for subject in (subject for family in families.PAGES.values() for subject in family):
        kinds = builds.cursor(build).execute(f"select distinct record_kind from metrics.{subject.name}").fetchall()
        assert {kind for (kind,) in kinds} <= called[subject.of], subject.name


@pytest.mark.parametrize(
    "name", ["approval_latency", "change_failure_rate", "overlapping_windows", "unauthorised_deployment_rate"]
)
def test_the_rows_behind_a_number_are_as_many_as_it_says(build: Build, name: str) -> None:
    """Judged and left out, the rows of the drill are the number's own."""
    value = queries.metric(build, name, QUARTER)
    for kind in ("judged", "excluded"):
        rows = records.rows(build, name, QUARTER, kind, by_value=False)
        assert len(rows) == min(records.total(value, kind), records.SHOWN)
    assert value.denominator > 0


def test_a_number_can_be_recomputed_from_its_download(build: Build) -> None:
    """The CSV holds every contributing record; median and share follow from it alone."""
    for name in ("approval_latency", "change_failure_rate"):
        data = take_away.csv_bytes(records.everything(build, name, QUARTER), answered(build))
        rows = pd.read_csv(io.BytesIO(data))
        judged = rows[rows["exclusion_reason"].isna()]
        value = queries.metric(build, name, QUARTER)
        assert len(judged) == value.denominator
        again = judged["value"].median() if name == "approval_latency" else judged["in_numerator"].astype(bool).mean()
        assert again == pytest.approx(value.value)


def test_the_weeks_of_a_metric_add_up_to_its_period(build: Build) -> None:
    """Nothing falls between two weeks."""
    found = queries.course(build, "change_failure_rate", QUARTER, None, QUARTER, AS_OF)
    assert sum(week.n for week in found.weeks) == found.value.denominator > 0


SERVICE = replace(QUARTER, services=("payments",))
BEFORE = Filter(datetime(2025, 12, 29), datetime(2026, 3, 30), ("payments",))


@pytest.mark.parametrize("before", [None, BEFORE, replace(BEFORE, end=datetime(2026, 5, 1))])
def test_a_course_is_what_its_parts_are_one_by_one(build: Build, before: Filter | None) -> None:
    """One pass over a metric's records gives the value, the comparison and the weeks that three give.

    The last case is a comparison that overlaps the period asked.
    """
    con = builds.cursor(build)
    drawn = replace(SERVICE, start=datetime(2025, 6, 2))
    periods = [SERVICE] if before is None else [SERVICE, before]
    records_seen = 0
    for defined in aggregate.definitions(con).values():
        values, weeks = aggregate.course(con, defined, periods, drawn)
        assert values == [aggregate.value(con, defined, chosen)[0] for chosen in periods], defined.name
        assert weeks == aggregate.value(con, defined.name, drawn, by=("week",)), defined.name
        records_seen += values[0].denominator
    assert records_seen > 0


def test_the_records_of_a_class_are_as_many_as_its_bar_says(build: Build) -> None:
    """Choosing a bar of a distribution leads to its records, on the page and in the download."""
    found = records.classes(build, "approval_latency", QUARTER)
    assert sum(count > 0 for _, count in found) > 1
    for label, count in found:
        rows = records.rows(build, "approval_latency", QUARTER, "judged", by_value=True, in_class=label)
        assert len(rows) == min(count, records.SHOWN), label
        assert len(records.everything(build, "approval_latency", QUARTER, label)) == count, label


def test_a_class_in_the_link_narrows_the_records(sample: Workspace, opened: Opened, build: Build) -> None:
    """The link of a chosen bar shows the same records to somebody else."""
    app = opened("approvals", **{"class": "8-24 h"})
    shown_rows = next(frame.value for frame in app.dataframe if "occurred_at" in frame.value)
    assert len(shown_rows) > 0
    assert shown_rows["value"].between(8, 24, inclusive="left").all()


def test_the_classes_of_a_duration_add_up_to_its_sample(build: Build) -> None:
    """Every judged value falls into one class."""
    classes = records.classes(build, "approval_latency", QUARTER)
    assert sum(count for _, count in classes) == queries.metric(build, "approval_latency", QUARTER).denominator


def test_a_download_neutralises_what_a_spreadsheet_would_run() -> None:
    """Cells of records never start as a formula; numbers keep their sign."""
    rows = pd.DataFrame({"title": ["=1+1", "@x", "plain", None], "value": [-1.5, 2.0, 3.0, 4.0]})
    lines = take_away.csv_bytes(rows, answered()).decode().splitlines()
    own = [",".join(line.split(",")[:2]) for line in lines]
    assert own == ["title,value", "'=1+1,-1.5", "'@x,2.0", "plain,3.0", ",4.0"]


def test_a_hostile_title_stays_text_in_the_download(build: Build) -> None:
    """The sample's hostile change is neutralised where it appears."""
    rows = queries.frame(build, "select title from marts.changes where key = 'CHG-EVIL'")
    assert take_away.csv_bytes(rows, answered()).decode().splitlines()[1].lstrip('"').startswith("'=HYPERLINK")


def publish_planted(home: Path) -> None:
    """Publish one record for each reason to look, and one in order."""
    found = Records()
    day = timedelta(days=1)
    at = AS_OF - 20 * day
    for number in range(12):  # enough history that the service counts as known
        key = change(found, f"OK-{number}", at=at - 30 * day + number * day)
        approval(found, key, at=at - 29 * day + number * day)
        deployment(found, f"ok-{number}", at=at - 28 * day + number * day, carries=[key])
    never = change(found, "NEVER", at=at)
    deployment(found, "d-never", at=at + day, carries=[never])
    late = change(found, "LATE", at=at)
    deployment(found, "d-late", at=at + 3 * day, carries=[late])
    approval(found, late, at=at + 3 * day + timedelta(hours=5))
    failed = change(found, "FAILED", at=at)
    approval(found, failed, at=at + timedelta(hours=1))
    deployment(found, "d-failed", at=at + 5 * day, carries=[failed])
    incident(found, "INC", at=at + 5 * day + timedelta(hours=2))
    change(found, "WAITING", at=at + 6 * day, state="awaiting approval")
    own = change(found, "OWN", at=at + 7 * day, requested_by="ada")
    approval(found, own, at=at + 7 * day + timedelta(hours=1), by="ada")
    deployment(found, "d-own", at=at + 8 * day, carries=[own])
    for number in range(3):
        found.add("event", key=f"odd-{number}", subject_kind="change", subject_key=own, verb="frobnicated",
                  occurred_at=at + 7 * day, actor="ada", actor_type="human")  # fmt: skip
    published(home, found)


@pytest.fixture
def planted(once: Once, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """A copy of the workspace with one record for each reason to look, and one in order."""
    home = shutil.copytree(once("planted", publish_planted), tmp_path / "planted")
    for space in shown(Workspace(home), monkeypatch):
        yield builds.open_build(space, space.current_build())


def test_every_planted_reason_is_said_in_plain_words(planted: Build) -> None:
    """Without approval, approved late, failed, waiting, approved by its own requester: each is found and named."""
    found = {item.key: item.reasons for item in attention.items(planted, Filter(AS_OF - timedelta(days=30), AS_OF))}
    assert "without approval" in found["NEVER"]
    assert "Approved 5.0 h after its deployment began" in found["LATE"]
    assert "incident 2.0 h after it began" in found["FAILED"]
    assert "waiting for approval for 14 days" in found["WAITING"].lower()
    assert "requester" in found["OWN"]
    assert not any(key.startswith("OK-") for key in found)


def test_the_unclassified_share_is_what_a_count_of_all_events_gives(planted: Build) -> None:
    """Three events that no rule knows, among all that are told: what the build counted is what its log holds."""
    unknown, events = builds.cursor(planted).execute(
        "select count(*) filter (where track = 'unclassified'), count(*) from marts.activities"
    ).fetchall()[0]  # fmt: skip
    assert unknown == 3
    assert queries.unclassified_share(planted) == pytest.approx(3 / events)


def test_needs_a_look_lists_at_most_ten_and_respects_the_scope(planted: Build, build: Build) -> None:
    """A list to act on, narrowed like every number."""
    assert len(attention.items(build, Filter(AS_OF - timedelta(days=400), AS_OF))) == attention.SHOWN
    assert attention.items(planted, Filter(AS_OF - timedelta(days=30), AS_OF, services=("ledger",))) == []


def test_hand_overs_cross_between_the_weeks_of_approval_and_deployment(planted: Build) -> None:
    """One backwards: the change that was approved after its deployment began."""
    crossed = lanes.crossings(planted, Filter(AS_OF - timedelta(days=30), AS_OF))
    assert sum(c.count for c in crossed if c.is_backwards) == 1
    weeks = lanes.lane_weeks(planted, Filter(AS_OF - timedelta(days=90), AS_OF))
    assert sum(week.deployments for week in weeks) == 16
    assert lanes.title(crossed).startswith("1 of ")


def test_a_change_shows_both_tracks_with_the_reason_of_every_event(planted: Build) -> None:
    """Each event names the rule that put it where it is, or says that none did."""
    story = change_story.of_change(planted, "itsm:LATE")
    assert story is not None
    assert {event.track for event in story.events} >= {"change_governance", "release_execution"}
    assert all(event.rule_id and (event.reason or event.rule_id == "unclassified") for event in story.events)
    assert "before its approval" in change_story.sentence(story)


def test_persons_appear_by_their_part_not_by_name(planted: Build) -> None:
    """Names are for evidence; here the same person has the same part throughout."""
    story = change_story.of_change(planted, "itsm:LATE")
    assert story is not None
    who = {event.who for event in story.events}
    assert "requester" in who
    assert not who & {"ada", "grace", "lin"}


def test_a_deployment_has_a_page_with_the_changes_it_carried(planted: Build) -> None:
    """Deployments are as reachable as changes."""
    story = change_story.of_deployment(planted, "itsm:d-failed")
    assert story is not None
    assert [row["key"] for row in story.changes] == ["FAILED"]
    assert "needed intervention" in change_story.sentence(story)
    assert len(story.incidents) == 1


@pytest.mark.parametrize("asked", ["itsm:NOWHERE", "' or 1=1 --", ""])
def test_an_unknown_change_is_said_not_guessed(planted: Build, opened: Opened, asked: str) -> None:
    """A link from elsewhere gives a sentence, whatever it holds."""
    app = opened("change", change=asked)
    assert not app.exception and not app.error
    assert "holds no record" in text_of(app) or "Open it from a row" in text_of(app)


def test_nothing_of_a_hostile_change_becomes_markup_or_a_link(sample: Workspace, opened: Opened) -> None:
    """Title, address and description arrive as text; the address that is no http(s) is not linked."""
    app = opened("change", change="itsm:CHG-EVIL")
    said = text_of(app)
    assert "it is not linked" in said
    title = app.title[0].value
    assert "\\<img" in title and "\\[a\\]" in title and "https://" not in title
    assert not app.get("link_button")
