from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from app.commands import why
from tests.app.cli.conftest import Twotrack


@pytest.fixture(autouse=True)
def here(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_HOME", str(published))


def test_a_change_is_explained_event_by_event_with_the_rule_that_decided(twotrack: Twotrack) -> None:
    """Every event says which track it counts for, by which rule, and why, in the order of time."""
    document = twotrack("why", "example:CHG00003", "--json").document
    assert (document["kind"], document["id"]) == ("change", "example:CHG00003")
    assert document["record"]["service"] == "checkout"
    events = document["activities"]
    assert {event["track"] for event in events} <= {"change_governance", "release_execution", "neither", "unclassified"}
    assert {"change_governance", "release_execution"} <= {event["track"] for event in events}
    assert all(event["rule_id"] and event["reason"] for event in events if event["track"] != "unclassified")
    times = [event["occurred_at"] for event in events if event["occurred_at"]]
    assert times == sorted(times)
    text = twotrack("why", "example:CHG00003").out
    assert all(event["rule_id"] in text for event in events if event["rule_id"])


@pytest.mark.parametrize("name", ["CHG00003", "example:CHG00003"])
def test_a_change_may_be_named_by_its_id_or_by_its_sources_key(twotrack: Twotrack, name: str) -> None:
    """People paste what they see in the tracker."""
    assert twotrack("why", name, "--json").document["id"] == "example:CHG00003"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PAY-500", ("change", "jira:20505")),
        ("checkout#42", ("change", "github:acme/checkout#42")),
        ("400270", ("deployment", "github:acme/checkout/deployment/400270")),
        ("20505", ("change", "jira:20505")),
    ],
)
def test_a_record_may_be_named_as_pages_call_it(name: str, found: tuple[str, str]) -> None:
    """An issue by the name in its address, a pull request and a deployment by the last part of their id."""
    con = duckdb.connect()
    con.execute(
        "create schema marts; create table marts.changes as select * from (values "
        "('jira:20505', '20505', 'https://t.example/browse/PAY-500'), ('jira:20506', '20506', "
        "'https://t.example/browse/XPAY-500'), ('github:acme/checkout#42', 'acme/checkout#42', null)) "
        "t(change_id, key, url); create table marts.deployments as select "
        "'github:acme/checkout/deployment/400270' as deployment_id, null::varchar as url"
    )
    assert why.find(con, name)[:2] == found


def test_a_deployment_is_explained_by_its_own_events(twotrack: Twotrack) -> None:
    """What a metric's records name can be asked about."""
    record = twotrack("metric", "change_failure_rate", "--records", "--json").document["records"][0]
    document = twotrack("why", record["record_id"], "--json").document
    assert (document["kind"], document["id"]) == ("deployment", record["record_id"])
    assert any(event["activity"] == "deployed" for event in document["activities"])


def test_an_unknown_record_offers_those_that_contain_what_was_typed(twotrack: Twotrack) -> None:
    """Half an id is enough to find the whole."""
    said = twotrack("why", "CHG0003")
    assert said.code == 4
    assert "example:CHG00030" in said.err
    said = twotrack("why", "nothing like it")
    assert said.code == 4
    assert "--records lists ids" in said.err


def test_what_is_typed_is_a_value_and_never_sql(twotrack: Twotrack) -> None:
    """A quote in a key finds nothing and breaks nothing."""
    assert twotrack("why", "x' or '1'='1").code == 4
