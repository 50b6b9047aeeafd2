"""What each kind of answer of Jenkins becomes in the raw store and in staging, on recorded and on written answers."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from ingest.items import Item, Json
from ingest.jenkins.parse import job_of, routes
from ingest.store import RawStore
from models.errors import SourceError
from tests.ingest.answers import answer, keep, parsed, recorded, replayed
from tests.servers.jenkins import START, JenkinsImitation, approver, cause, checkout, parameters, rejection, stage
from tests.staging import staged

JOB = "https://ci.example.com/job/shop/job/deploy"
BUILDS = f"{JOB}/api/json?tree=allBuilds[number]{{0,100}}"


def built(store: RawStore, *actions: Item, number: int = 1, **fields: Json) -> None:
    build = JenkinsImitation().build("shop/deploy", number, *actions, **fields)
    keep(store, routes(), answer(BUILDS, {"allBuilds": [build]}))


def described(store: RawStore, *stages: Item, number: int = 1) -> None:
    keep(store, routes(), answer(f"{JOB}/{number}/wfapi/describe", {"stages": list(stages)}))


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)


def test_every_recorded_build_and_stage_is_a_row(store: RawStore) -> None:
    """29 builds of eight jobs; 89 stages of 31 builds, of which some were recorded twice: one row per build and id."""
    replayed(store, "jenkins", routes())
    builds, stages = set(), set()
    for name in ("_raw_jenkins_api_builds.csv", "_raw_jenkins_api_builds_multibranch.csv"):
        with (recorded("jenkins") / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = row["url"].partition("/api/json")[0].partition("/job/")[2]
                builds.add((unquote(path.replace("/job/", "/")), json.loads(row["data"])["number"]))
    for name in ("_raw_jenkins_api_stages.csv", "_raw_jenkins_api_stages_multibranch.csv"):
        with (recorded("jenkins") / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = row["url"].partition("/wfapi")[0].partition("/job/")[2]
                job, _, number = unquote(path.replace("/job/", "/")).rpartition("/")
                stages.add(f"{job}#{number}/{json.loads(row['data'])['id']}")
    assert {(row["workflow"], row["number"]) for row in staged(store, "jenkins", "run")} == builds
    assert len(builds) == 29
    assert {row["key"] for row in staged(store, "jenkins", "run_step")} == stages
    assert len(stages) == 81


def test_a_recorded_build_says_who_what_and_when(store: RawStore) -> None:
    """Milliseconds become instants, actions in any place become columns, a Chinese job keeps its name."""
    replayed(store, "jenkins", routes())
    rows = {row["key"]: row for row in staged(store, "jenkins", "run")}
    build = rows["devlake#31"]
    assert (build["triggered_by"], build["trigger"], build["outcome"]) == ("merico", "manual", "success")
    assert (build["repository"], build["branch"]) == ("merico-dev/lake", "main")
    assert build["revision"] == "0f886c74949c3ee7e489188911c7dc0c1d547418"
    assert build["created_at"] == datetime(2022, 4, 15, 12, 0, 49, 161000)
    assert build["finished_at"] == datetime(2022, 4, 15, 12, 0, 50, 748000)
    assert rows["这是一个改了名字的测试任务#47"]["workflow"] == "这是一个改了名字的测试任务"
    assert rows["github_org/devlake-jenkins/main#2"]["repository"] == "gustavobini/devlake-jenkins"


@pytest.mark.parametrize(
    ("url", "job", "number"),
    [
        ("https://h/job/web/api/json", "web", None),
        ("https://h/view/all/job/org/job/web/job/main/2/wfapi/describe", "org/web/main", 2),
        ("https://h/jenkins/job/a%20b/job/job/job/view/7/wfapi/describe", "a b/job/view", 7),
        ("https://h/job/org/job/feature%252Fx/api/json", "org/feature%2Fx", None),
        ("https://h/job/12/13/wfapi/describe", "12", 13),
    ],
)
def test_an_address_names_its_job(url: str, job: str, number: int | None) -> None:
    """Views and a path before the first job are not part of the name; a job may be called job, view or 12."""
    assert (job_of(url)[0], job_of(url)[2]) == (job, number)


def test_an_address_without_a_job_is_refused() -> None:
    """Builds that belong to no job cannot be stored."""
    with pytest.raises(SourceError, match="names no job"):
        job_of("https://h/api/json")


def test_a_running_build_has_no_outcome_yet(store: RawStore) -> None:
    """A pipeline may set its result before it ends; until then it is not what happened."""
    built(store, building=True, result="UNSTABLE", duration=0)
    (row,) = staged(store, "jenkins", "run")
    assert (row["status"], row["outcome"], row["finished_at"]) == ("in_progress", None, None)


def test_two_checked_out_repositories_leave_the_revision_open(store: RawStore) -> None:
    """A shared library is checked out like the thing that is built; which is which is not stated."""
    built(store, checkout("a" * 40), checkout("b" * 40, "https://git.example.com/shop/library.git"))
    (row,) = staged(store, "jenkins", "run")
    assert (row["revision"], row["repository"]) == (None, None)


def test_passwords_in_builds_do_not_reach_the_store(store: RawStore) -> None:
    """People put them into remotes and parameters; only parameters that name an environment keep their value."""
    built(
        store,
        checkout("a" * 40, "https://bot:planted-secret@git.example.com/shop/web.git"),
        parameters(TARGET_ENV="production", API_KEY="planted-secret"),
    )
    (row,) = staged(store, "jenkins", "run")
    assert (row["repository"], row["environment"]) == ("shop/web", "production")
    (payload,) = store.con.execute("select payload from raw.jenkins_builds").fetchone() or ("",)
    assert "planted-secret" not in payload
    assert "API_KEY" in payload


def test_an_approved_input_is_a_decision_timed_by_its_pause(store: RawStore) -> None:
    """Jenkins does not say when an input was approved; the wait it ended says the earliest."""
    built(store, approver("ben"), checkout("c" * 40), parameters(ENVIRONMENT="production"))
    described(
        store,
        stage(6, "build", start=START, duration=5000),
        stage(9, "approve", start=START + 5000, duration=61_000, pause=60_000),
    )
    (row,) = staged(store, "jenkins", "decision")
    assert (row["key"], row["run_key"]) == ("shop/deploy#1/0", "shop/deploy#1")
    assert (row["decided_by"], row["verdict"], row["environment"]) == ("ben", "approved", "production")
    assert (row["decided_at"], row["time_quality"]) == (at(START + 65_000), "inferred")
    assert row["revision"] == "c" * 40


def test_answers_and_waits_are_paired_in_order(store: RawStore) -> None:
    """Two inputs, two waits: the first answer ended the first wait."""
    built(store, approver("ben"), approver("anna"))
    described(
        store,
        stage(9, "staging", start=START, duration=10_000, pause=5000),
        stage(12, "production", start=START + 20_000, duration=90_000, pause=80_000),
    )
    rows = [(row["decided_by"], row["decided_at"]) for row in staged(store, "jenkins", "decision")]
    assert rows == [("ben", at(START + 5000)), ("anna", at(START + 100_000))]


def test_unequal_numbers_of_answers_and_waits_leave_the_time_open(store: RawStore) -> None:
    """One answer and two waits cannot be paired, so no time is made up."""
    built(store, approver("ben"))
    described(store, stage(9, "a", start=START, pause=5000), stage(12, "b", start=START + 20_000, pause=80_000))
    (row,) = staged(store, "jenkins", "decision")
    assert (row["decided_at"], row["time_quality"]) == (None, None)


def test_a_wait_that_goes_on_is_paired_with_nothing(store: RawStore) -> None:
    """A stage that still waits was answered by nobody; the answer belongs to the wait before."""
    built(store, approver("ben"), building=True, result=None)
    described(
        store,
        stage(9, "a", start=START, pause=5000),
        stage(12, "b", start=START + 20_000, pause=80_000, status="PAUSED_PENDING_INPUT"),
    )
    (row,) = staged(store, "jenkins", "decision")
    assert row["decided_at"] == at(START + 5000)
    assert [row["status"] for row in staged(store, "jenkins", "run_step")] == ["waiting", "completed"]


def test_a_stage_that_asked_for_an_answer_began_its_work_after_the_wait(store: RawStore) -> None:
    """What a stage deploys goes after it was let go, not when it asked; whose answer is awaited has only asked."""
    built(store, approver("ben"))
    described(
        store,
        stage(9, "deploy", start=START, duration=90_000, pause=80_000),
        stage(12, "deploy again", start=START + 90_000, pause=5000, status="PAUSED_PENDING_INPUT"),
    )
    rows = {row["name"]: (row["started_at"], row["finished_at"]) for row in staged(store, "jenkins", "run_step")}
    assert rows == {"deploy": (at(START + 80_000), at(START + 90_000)), "deploy again": (at(START + 90_000), None)}


def test_a_rejected_input_is_a_decision_with_its_own_time(store: RawStore) -> None:
    """A rejection says who and when; it started nothing, so it is no reason for the build."""
    built(store, rejection("ben", START + 9000), result="ABORTED")
    (row,) = staged(store, "jenkins", "decision")
    assert (row["decided_by"], row["verdict"]) == ("ben", "rejected")
    assert (row["decided_at"], row["time_quality"]) == (at(START + 9000), "exact")
    assert staged(store, "jenkins", "run")[0]["trigger"] == "manual"


@pytest.mark.parametrize(
    ("kind", "text", "trigger"),
    [
        ("hudson.triggers.TimerTrigger$TimerTriggerCause", "", "schedule"),
        ("hudson.model.Cause$UpstreamCause", "", "upstream"),
        ("jenkins.branch.BranchEventCause", "Push event to branch main", "push"),
        ("jenkins.branch.BranchEventCause", "Pull request #2 opened", "pull_request"),
        ("org.example.OwnCause", "", "org.example.OwnCause"),
    ],
)
def test_a_cause_is_named(kind: str, text: str, trigger: str, store: RawStore) -> None:
    """Known causes have a word of their own, others keep their class."""
    build = JenkinsImitation().build("shop/deploy", 1)
    build["actions"] = [cause(kind, shortDescription=text)]
    keep(store, routes(), answer(BUILDS, {"allBuilds": [build]}))
    assert [row["trigger"] for row in staged(store, "jenkins", "run")] == [trigger]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"number": None}, "has no 'number'"),
        ({"number": "x"}, "has a 'number' that is none"),
        ({"timestamp": "today"}, "has no 'timestamp' in milliseconds"),
        ({"duration": "long"}, "has a 'duration' that is no number of milliseconds"),
    ],
)
def test_a_bad_build_is_set_aside_and_the_good_ones_are_kept(fields: Item, reason: str, store: RawStore) -> None:
    """One item never costs the page, and its reason is written down."""
    jenkins = JenkinsImitation()
    good, bad = jenkins.build("shop/deploy", 1), {**jenkins.build("shop/deploy", 2), **fields}
    keep(store, routes(), answer(BUILDS, {"allBuilds": [bad, good]}))
    assert [row["key"] for row in staged(store, "jenkins", "run")] == ["shop/deploy#1"]
    assert store.con.execute("select reason from raw.rejected").fetchall() == [(reason,)]


def test_a_page_without_builds_listed_is_no_empty_page() -> None:
    """An answer of another shape must not look like 'no builds'."""
    with pytest.raises(SourceError, match="without a list"):
        parsed(routes(), answer(BUILDS, {"_class": "hudson.model.FreeStyleProject"}))
