from __future__ import annotations

import pytest

from ingest.demo import generator
from ingest.demo.calendar import HOUR
from ingest.demo.example import CONDITIONS, DEPLOYMENT_NUMBER, FLAG, ISSUE_ID, PULL_REQUEST_NUMBER, SERVICE, is_example
from ingest.demo.model import Deployment, PullRequest, Story, Ticket
from ingest.store import RawStore


def example(story: Story) -> tuple[Ticket, PullRequest, Deployment]:
    ticket = next(t for t in story.tickets if is_example(t))
    pull = next(p for p in story.pull_requests[SERVICE] if p.ticket is ticket)
    return ticket, pull, next(d for d in story.deployments[SERVICE] if pull in d.carries)


@pytest.mark.parametrize("seed", [generator.DEFAULT_SEED, 1, 2, 3])
def test_its_keys_do_not_depend_on_the_seed(seed: int) -> None:
    """Documentation, guided tour and tests name it by the same keys for everybody; it is alone in its deployment."""
    ticket, pull, deployment = example(generator.tell(seed))
    assert (ticket.key, ticket.issue_id) == ("PAY-500", ISSUE_ID)
    assert pull.number == PULL_REQUEST_NUMBER
    assert deployment.number == DEPLOYMENT_NUMBER
    assert deployment.carries == [pull]
    assert not deployment.is_failed_attempt


def test_governance_comes_first_and_release_follows(story: Story) -> None:
    """Request, risk, stakeholders, approval with conditions, merge, schedule, deployment, rollout, review, in order."""
    ticket, pull, deployment = example(story)
    approval = ticket.approvals[0]
    released = next(r for r in story.releases if r.service == SERVICE and r.version == deployment.version)
    flips = [flip for flip in story.flips if flip.flag == FLAG]
    order = [ticket.created_at, approval.created_at, approval.completed_at, pull.merged_at, released.created_at,
             deployment.created_at, deployment.finished_at, *(flip.at for flip in flips), ticket.resolved_at,
             ticket.fields["reviewed"]]  # fmt: skip
    assert order == sorted(order)
    assert [flip.new for flip in flips] == ["1 %", "10 %", "50 %", "100 %"]
    assert {login for login, _ in approval.answers} & {pull.author, deployment.triggered_by} == set()


def test_every_condition_of_the_approval_is_met_by_a_record(story: Story) -> None:
    """Flag, one per cent for two days, support briefed, reconciliation tested: each met before what it guards."""
    ticket, _, deployment = example(story)
    assert len(CONDITIONS) == 4
    met = {
        place: at
        for at, _, text in ticket.comments
        for place in range(1, 5)
        if text.startswith(f"Condition {place} met")
    }
    assert set(met) == {1, 2, 3, 4}
    flips = [flip for flip in story.flips if flip.flag == FLAG]
    assert flips[1].at - flips[0].at >= 48 * HOUR
    assert flips[0].at > deployment.finished_at
    assert max(met[1], met[3], met[4]) < deployment.created_at
    assert met[2] < flips[1].at


def test_nothing_else_is_deployed_to_its_service_during_the_rollout(story: Story) -> None:
    """What the schedule promises is true: the rollout has the service for itself."""
    _, _, deployment = example(story)
    end = max(flip.at for flip in story.flips if flip.flag == FLAG)
    others = [d for d in story.deployments[SERVICE] if deployment.created_at < d.created_at < end]
    assert others == []


def test_all_of_it_lies_in_the_store_under_its_keys(written: tuple[RawStore, generator.DemoSummary]) -> None:
    """The example is no page of its own: each of its records is where every other record is."""
    store, _ = written
    stored = {
        "jira_issues": f"record_key = '{ISSUE_ID}'",
        "jira_approvals": f"record_key like '{ISSUE_ID}/%'",
        "jira_changelog": f"record_key like '{ISSUE_ID}/%'",
        "jira_comments": f"record_key like '{ISSUE_ID}/%'",
        "github_pull_requests": f"record_key = 'larkfield/payments#{PULL_REQUEST_NUMBER}'",
        "github_reviews": f"record_key like 'larkfield/payments#{PULL_REQUEST_NUMBER}/%'",
        "github_deployment_statuses": f"record_key like 'larkfield/payments/deployment/{DEPLOYMENT_NUMBER}/%'",
        "record_changes": "payload like '%PAY-500%'",
        "record_links": "payload like '%PAY-500%'",
    }
    missing = [
        table
        for table, condition in stored.items()
        if not store.con.execute(f"select 1 from raw.{table} where {condition}").fetchone()
    ]
    assert missing == []
