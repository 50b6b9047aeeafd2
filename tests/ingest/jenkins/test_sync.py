"""Reading Jenkins over HTTP, against the imitation: budgets, builds that come and go, kills, refusals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.jenkins.connector import CONNECTOR
from ingest.jenkins.parse import BUILDS, STAGES
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.syncing import KilledError, killed_after, synced, tables
from tests.servers.base import Answer
from tests.servers.jenkins import FOLDER, MULTIBRANCH, START, JenkinsImitation, approver, parameters, stage
from tests.servers.responding import Responding, to
from tests.staging import staged


@pytest.fixture
def jenkins() -> JenkinsImitation:
    return JenkinsImitation()


@pytest.fixture
def server(jenkins: JenkinsImitation) -> Iterator[Responding]:
    with jenkins.serve() as opened:
        yield opened


def filled(jenkins: JenkinsImitation, job: str, count: int) -> None:
    for number in range(1, count + 1):
        jenkins.build(job, number)
        jenkins.stages[f"{job}#{number}"] = [stage(6, "deploy", start=START + number)]


def numbers(store: RawStore, job: str) -> set[int]:
    return {row["number"] for row in staged(store, "jenkins", "run") if row["workflow"] == job}


def test_a_request_brings_a_hundred_builds_and_each_deploying_build_costs_one(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The budget: 250 builds of a test job are 3 requests, 3 deployments are 1 and one each; one says who we are."""
    filled(jenkins, "unit-tests", 250)
    filled(jenkins, "deploy-web", 3)
    outcome = synced(CONNECTOR, server, store, fixed_clock, jobs=["unit-tests", "deploy-web"])
    assert outcome.failures == []
    assert len(server.asked) == 1 + 3 + 1 + 3
    assert numbers(store, "unit-tests") == set(range(1, 251))
    assert {row["run_key"] for row in staged(store, "jenkins", "run_step")} == {f"deploy-web#{n}" for n in (1, 2, 3)}


def test_a_build_with_an_environment_is_asked_for_its_stages_whatever_its_job_is_called(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A generic job that is told where to go may deploy; a freestyle build has no stages to ask for."""
    jenkins.build("run-anything", 1, parameters(ENVIRONMENT="production"))
    jenkins.build("run-anything", 2)
    jenkins.build("deploy-old", 1, _class="hudson.model.FreeStyleBuild")
    synced(CONNECTOR, server, store, fixed_clock, jobs=["run-anything", "deploy-old"])
    asked = [asked.path for asked in server.asked if "wfapi" in asked.path]
    assert asked == ["/job/run-anything/1/wfapi/describe"]


def test_folders_and_branches_are_found(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Without configured jobs all are read; names with spaces, slashes and Chinese keep their builds apart."""
    jenkins.folders = {"shop": FOLDER, "shop/web": MULTIBRANCH}
    for job in ("shop/web/main", "shop/web/feature%2Fx", "shop/部署 二", "top"):
        jenkins.build(job, 1)
    outcome = synced(CONNECTOR, server, store, fixed_clock)
    assert outcome.failures == []
    assert {row["workflow"] for row in staged(store, "jenkins", "run")} == set(jenkins.jobs)


def test_branches_without_a_new_build_cost_nothing(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The listing of a folder says each job's last number; only those that moved are asked about."""
    jenkins.folders = {"web": MULTIBRANCH}
    for branch in range(20):
        jenkins.build(f"web/branch-{branch}", 1)
    synced(CONNECTOR, server, store, fixed_clock, jobs=["web"])
    server.asked.clear()
    jenkins.build("web/branch-7", 2)
    synced(CONNECTOR, server, store, fixed_clock, jobs=["web"])
    assert len(server.asked) == 3
    assert numbers(store, "web/branch-7") == {1, 2}


def test_a_running_build_is_read_again_until_it_ends(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The mark stays below the oldest running build, also when later ones have ended."""
    filled(jenkins, "deploy-web", 5)
    jenkins.build("deploy-web", 3, building=True, result=None, duration=0)
    synced(CONNECTOR, server, store, fixed_clock, jobs=["deploy-web"])
    assert store.watermark("here", BUILDS, "deploy-web")[0] == "2"
    jenkins.build("deploy-web", 3, approver("ben"), result="FAILURE")
    synced(CONNECTOR, server, store, fixed_clock, jobs=["deploy-web"])
    row = next(row for row in staged(store, "jenkins", "run") if row["number"] == 3)
    assert (row["status"], row["outcome"]) == ("completed", "failure")
    assert store.watermark("here", BUILDS, "deploy-web")[0] == "5"
    assert [row["decided_by"] for row in staged(store, "jenkins", "decision")] == ["ben"]


def test_builds_that_come_and_go_between_pages_are_not_lost(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """New builds push the list down, deleted ones pull it up; all that stay are there in the end."""
    filled(jenkins, "unit-tests", 450)

    def meanwhile(state: JenkinsImitation, lists: int) -> None:
        if lists == 1:
            state.build("unit-tests", 451)
            state.build("unit-tests", 452)
        if lists == 2:
            state.delete("unit-tests", *range(380, 440), 260, 261)
        if lists == 3:
            state.delete("unit-tests", *range(300, 380))

    jenkins.between = meanwhile
    assert synced(CONNECTOR, server, store, fixed_clock, jobs=["unit-tests"]).failures == []
    jenkins.between = lambda state, lists: None
    synced(CONNECTOR, server, store, fixed_clock, jobs=["unit-tests"])
    assert {build["number"] for build in jenkins.jobs["unit-tests"]} <= numbers(store, "unit-tests")


def test_a_job_made_anew_is_read_although_its_numbers_began_again(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Numbers below the mark are new builds when the newest is below it too."""
    filled(jenkins, "unit-tests", 30)
    synced(CONNECTOR, server, store, fixed_clock, jobs=["unit-tests"])
    jenkins.jobs["unit-tests"] = []
    jenkins.build("unit-tests", 1, result="FAILURE")
    synced(CONNECTOR, server, store, fixed_clock, jobs=["unit-tests"])
    row = next(row for row in staged(store, "jenkins", "run") if row["number"] == 1)
    assert row["outcome"] == "failure"


@pytest.mark.slow
@pytest.mark.parametrize("pages", range(8))
def test_a_killed_sync_goes_on_where_it_stopped(
    pages: int, jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Killed at any page boundary and run again, the tables are those of a sync that was never killed."""
    filled(jenkins, "unit-tests", 320)
    filled(jenkins, "deploy-web", 4)
    jobs = ["unit-tests", "deploy-web"]
    undo = killed_after(store, pages)
    with pytest.raises(KilledError):
        synced(CONNECTOR, server, store, fixed_clock, jobs=jobs)
    undo()
    assert synced(CONNECTOR, server, store, fixed_clock, jobs=jobs).failures == []
    with RawStore(store.path.parent / "whole.duckdb") as whole:
        synced(CONNECTOR, server, whole, fixed_clock, jobs=jobs)
        assert tables(store, "jenkins") == tables(whole, "jenkins")
        assert (whole.count(BUILDS), whole.count(STAGES)) == (324, 4)


def test_one_unknown_job_does_not_stop_the_others(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The failure is told and the rest is read."""
    jenkins.build("web", 1)
    outcome = synced(CONNECTOR, server, store, fixed_clock, jobs=["gone", "web"])
    assert len(outcome.failures) == 1
    assert numbers(store, "web") == {1}


def test_a_build_without_stages_is_asked_once(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A 404, as servers without the stage view give it, ends nothing and is not asked again."""
    jenkins.build("deploy-web", 1)
    assert synced(CONNECTOR, server, store, fixed_clock, jobs=["deploy-web"]).failures == []
    synced(CONNECTOR, server, store, fixed_clock, jobs=["deploy-web"])
    assert server.count(to("wfapi")) == 1


def test_a_failing_server_is_asked_again(
    jenkins: JenkinsImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A 503 of a restarting Jenkins costs time only."""
    filled(jenkins, "web", 3)
    server.fail(Answer(b"<html>Please wait while Jenkins is getting ready to work</html>", 503), times=3)
    assert synced(CONNECTOR, server, store, fixed_clock, jobs=["web"]).failures == []
    assert numbers(store, "web") == {1, 2, 3}
