from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from ingest.demo.github import pull_request_responses
from ingest.demo.model import Story
from models.workspace import CHECKOUT as ROOT
from tests.ingest.demo import truth


def rates(story: Story, team: str) -> dict[str, float]:
    return dict(story.organisation.stories[team])


def test_the_page_about_the_demo_names_everything_that_is_planted(story: Story) -> None:
    """Whoever compares a finding with the truth finds every rate and date on one page."""
    page = (ROOT / "docs" / "scenarios" / "demo.md").read_text(encoding="utf-8")
    planted = {key for section in story.organisation.stories.values() if isinstance(section, dict) for key in section}
    assert {key for key in planted if f"`{key}`" not in page} == {"source", "weeks"}
    for week in (40, 48, 57, 31):
        day = truth.monday(story, week)
        assert f"{day.day} {day:%B %Y}" in page


def test_payments_approver_and_deployer_become_one_person(story: Story) -> None:
    """Rare before the onset, in most changes after it, and the gate takes over part of the decisions."""
    plan = rates(story, "payments")
    onset, ramp = plan["onset_week"], plan["ramp_weeks"]
    before, n = truth.same_person(story, 0, onset)
    after, m = truth.same_person(story, onset + ramp, 79)
    assert before == pytest.approx(plan["same_person_before"], abs=0.03)
    assert after == pytest.approx(plan["same_person_after"], abs=0.06)
    assert truth.gate_only(story, 0, onset)[0] == pytest.approx(plan["gate_only_before"], abs=0.02)
    assert truth.gate_only(story, onset + ramp, 79)[0] == pytest.approx(plan["gate_only_after"], abs=0.06)
    assert n > 800
    assert m > 250


def test_the_stated_dates_are_those_of_the_default_demo(story: Story) -> None:
    """The page about the demo names dates; they follow from weeks."""
    assert truth.monday(story, 57) == datetime(2026, 5, 4, tzinfo=UTC)
    assert truth.monday(story, 40) == datetime(2026, 1, 5, tzinfo=UTC)
    assert truth.monday(story, 48) == datetime(2026, 3, 2, tzinfo=UTC)
    assert truth.monday(story, 31) == datetime(2025, 11, 3, tzinfo=UTC)


def test_the_ledger_board_turns_to_logistics(story: Story) -> None:
    """The board's talk is about whether a change should go, and later about how it goes."""
    plan = rates(story, "ledger")
    onset, ramp = plan["onset_week"], plan["ramp_weeks"]
    assert truth.logistics(story, 0, onset)[0] == pytest.approx(plan["logistics_before"], abs=0.04)
    assert truth.logistics(story, onset + ramp, 79)[0] == pytest.approx(plan["logistics_after"], abs=0.05)


def test_the_mobile_train_takes_in_changes_without_a_decision(story: Story) -> None:
    """The share grows over sixteen weeks, and every such merge passed by the ruleset."""
    plan = rates(story, "mobile")
    onset, ramp = plan["onset_week"], plan["ramp_weeks"]
    assert truth.undecided(story, 0, onset)[0] == pytest.approx(plan["undecided_before"], abs=0.03)
    assert truth.undecided(story, onset + ramp, 79)[0] == pytest.approx(plan["undecided_after"], abs=0.08)


def test_fulfilment_has_a_rubber_stamp(story: Story) -> None:
    """More than fifty decisions, under three minutes, without a word, never a decline: the pattern's own limits."""
    seconds, commented, declined, n = truth.stamp(story)
    assert seconds < 180
    assert commented < 0.2
    assert declined == 0
    assert n > 500


def test_the_storefront_policy_decides_and_has_versions(story: Story) -> None:
    """Automated is not merged: the policy approves most changes, stops some, and was changed by a named person."""
    plan = rates(story, "storefront")
    assert truth.by_policy(story)[0] == pytest.approx(plan["policy_share"], abs=0.04)
    bot = story.organisation.bots["policy"]
    bodies = [
        (review.state, review.body)
        for service in story.organisation.teams["storefront"].services
        for pull in story.pull_requests[service.name]
        for review in pull.reviews
        if review.by == bot
    ]
    states = Counter(state for state, _ in bodies)
    assert states["CHANGES_REQUESTED"] / states["APPROVED"] == pytest.approx(plan["blocked"], abs=0.02)
    assert {body.split("low-risk-change v")[1][0] for _, body in bodies} == {"3", "4", "5", "6"}


def test_staff_tools_are_small_and_of_low_risk(story: Story) -> None:
    """At most eight people, one service, and nearly nothing above low risk: they may combine."""
    team = story.organisation.teams["staff tools"]
    pulls = [p for s in team.services for p in story.pull_requests[s.name] if p.change_type != "emergency"]
    assert len(team.people) <= 8
    assert truth.share(pull.risk == "low" for pull in pulls)[0] >= 0.95


@pytest.mark.parametrize("team", ["storefront", "payments", "ledger", "mobile", "fulfilment", "staff tools"])
def test_deployments_fail_about_as_often_as_planned(story: Story, team: str) -> None:
    """The planned share is of deployments that bring something new; rollbacks and hotfixes come on top of them."""
    plan = rates(story, team.replace(" ", "_"))["failed"]
    found, n = truth.failed(story, team)
    assert n > 150
    assert plan * 0.5 <= found <= plan * 1.6


def test_the_outage_loses_the_reviews_of_three_weeks_and_nothing_else(story: Story) -> None:
    """The pull requests of those weeks are there and were merged; only how they were decided is gone at the source."""
    lost = truth.lost(story)
    keys = {(pull.service, pull.number) for pull in lost}
    assert len(lost) > 150
    for answer in pull_request_responses(story):
        found = answer.body["data"]["repository"]
        service = found["nameWithOwner"].partition("/")[2]
        for node in found["pullRequests"]["nodes"]:
            if (service, node.get("number")) in keys:
                assert node["mergedAt"]
                assert node["commits"]["totalCount"] > 0
                assert node["reviews"]["nodes"] == []
                keys.remove((service, node["number"]))
    assert not keys


def test_the_small_imperfections_are_all_there(story: Story) -> None:
    """Each trap of the metrics occurs often enough to be seen."""
    pulls = [pull for found in story.pull_requests.values() for pull in found]
    deployments = [d for found in story.deployments.values() for d in found]
    people = story.organisation.people
    stale = [p for p in pulls if (r := truth.approver(p)) and r.sha != p.commits[-1].sha and r.by in people]
    dismissed = [p for p in pulls if any(review.dismissed_at for review in p.reviews)]
    by_author = [p for p in pulls if any(review.by == p.author for review in p.reviews)]
    late = [p for p in pulls if p.change_type == "emergency" and p.reviews and p.reviews[0].at > p.merged_at]
    assert len(stale) > 50
    assert len(dismissed) > 50
    assert len(by_author) > 20
    assert len(late) > 3
    assert all(review.state == "COMMENTED" for p in by_author for review in p.reviews if review.by == p.author)
    assert sum(d.is_failed_attempt for d in deployments) > 100
    assert sum(d.is_rollback for d in deployments) > 50
    assert sum(d.is_rerelease and not d.is_rollback for d in deployments) > 20
    assert sum(p.reverts is not None for p in pulls) > 20
    assert sum(p.author.startswith("dependabot") for p in pulls) > 300
    assert sum("<script>" in p.title for p in pulls) >= 1
    assert sum(any(ord(letter) > 0x2000 for letter in p.title) for p in pulls) >= 3
    assert sum(bool(p.closed_at) and not p.merged_at for p in pulls) > 50


def test_board_tickets_end_in_every_way(story: Story) -> None:
    """Carried out, declined, withdrawn, approved and left lying, approved by the requester, or only afterwards."""
    tickets = [ticket for ticket in story.tickets if ticket.project == "LED"]
    states = Counter(ticket.status for ticket in tickets)
    assert {"Completed", "Declined", "Withdrawn", "Approved"} <= set(states)
    assert any(a.answers == [(t.reporter, "approved")] for t in tickets for a in t.approvals)
    emergencies = [t for t in tickets if t.fields["change_type"] == "Emergency" and "actual" in t.fields]
    late = [t for t in emergencies if t.approvals and t.approvals[0].completed_at > t.fields["actual"][0]]
    assert 0 < len(late) < len(emergencies)
    fates = Counter(fate for ticket in tickets for fate in ticket.fields.get("fates", []))
    assert set(fates) == {"met", "late", "never"}
    assert fates["met"] > fates["late"] + fates["never"]


def test_incidents_name_their_deployment_their_version_their_service_or_nothing(story: Story) -> None:
    """Every basis of linking occurs, and some incidents have no deployment to be linked to."""
    naming = Counter(ticket.naming for ticket in story.tickets if ticket.kind == "Incident")
    assert set(naming) == {"deployment", "version", "service", "nothing"}
    outside = [t for t in story.tickets if t.kind == "Incident" and t.naming == "nothing"]
    assert all(ticket.cause is None and not ticket.fields["service"] for ticket in outside)


def test_a_freeze_is_quiet_and_has_its_emergencies(story: Story) -> None:
    """Little is deployed over the turn of the year, and what is urgent is deployed all the same."""
    freeze = next(f for f in story.organisation.freezes if f.name.startswith("Year end 2025"))
    inside = [
        d
        for found in story.deployments.values()
        for d in found
        if d.environment == "production"
        and freeze.first <= datetime.fromtimestamp(d.created_at, UTC).date() <= freeze.last
    ]
    days = (freeze.last - freeze.first).days + 1
    everywhere = sum(len(found) for found in story.deployments.values())
    assert len(inside) < 0.5 * everywhere * days / (78 * 7)
    assert any(pull.change_type == "emergency" for d in inside for pull in d.carries)


def test_windows_overlap_where_overlaps_were_planned(story: Story) -> None:
    """Work on the same component of the warehouse collides at least six times; cancelled work does not count."""
    windows = [w for w in story.windows if w.service == "warehouse" and w.kind == "change" and w.state == "Closed"]
    pairs = [
        (a.number, b.number)
        for place, a in enumerate(windows)
        for b in windows[place + 1 :]
        if a.component == b.component and a.planned[0] < b.planned[1] and b.planned[0] < a.planned[1]
    ]
    assert len(pairs) >= 4
    assert sum(w.kind == "freeze" for w in story.windows) >= 15
    assert sum(w.opened_at > w.planned[0] for w in story.windows) >= 3
