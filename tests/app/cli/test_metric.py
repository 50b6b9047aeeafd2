from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest

from app.commands.metric import require_known
from app.published import open_build
from models.errors import InputError
from models.workspace import Workspace
from sql.aggregate import Filter, definitions
from tests.app.cli.conftest import Twotrack


@pytest.fixture(autouse=True)
def here(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWOTRACK_HOME", str(published))
    return published


def test_all_prints_every_metric_of_the_build(twotrack: Twotrack, here: Path) -> None:
    """Nothing that was built is left out."""
    with open_build(Workspace(here)) as (_, con):
        known = definitions(con)
    document = twotrack("metric", "all", "--json").document
    assert [value["metric"] for value in document["values"]] == list(known)
    text = twotrack("metric", "all").out
    assert all(definition.label in text for definition in known.values())


def test_a_value_and_its_records_agree(twotrack: Twotrack) -> None:
    """A number can be recounted from the records that the same command prints."""
    (value,) = twotrack("metric", "change_failure_rate", "--json").document["values"]
    records = twotrack("metric", "change_failure_rate", "--records", "--json").document["records"]
    judged = [record for record in records if record["exclusion_reason"] is None]
    assert value["denominator"] == len(judged) > 0
    assert value["numerator"] == sum(record["in_numerator"] for record in judged) > 0
    assert value["value"] == pytest.approx(value["numerator"] / value["denominator"])
    assert sum(value["excluded"].values()) == len(records) - len(judged)


def test_groups_add_up_to_the_whole(twotrack: Twotrack) -> None:
    """Splitting by service loses and doubles nothing."""
    (whole,) = twotrack("metric", "unauthorised_deployment_rate", "--json").document["values"]
    parts = twotrack("metric", "unauthorised_deployment_rate", "--by", "service", "--json").document["values"]
    assert {part["group"]["service"] for part in parts} == {"checkout", "ledger", "search"}
    assert sum(part["denominator"] for part in parts) == whole["denominator"]
    assert sum(part["numerator"] for part in parts) == whole["numerator"]


def test_the_period_is_half_open_and_in_utc(twotrack: Twotrack) -> None:
    """Two periods that touch share no record, and an offset is converted."""

    def count(*period: str) -> int:
        return len(twotrack("metric", "approval_latency", "--records", "--json", *period).document["records"])

    edge = twotrack("metric", "approval_latency", "--records", "--json").document["records"][3]["occurred_at"]
    assert count("--to", edge) + count("--from", edge) == count()
    assert count("--from", edge) == count("--from", edge.replace("Z", "+00:00"))
    local = edge.replace("Z", "+02:00")
    assert count("--from", edge) <= count("--from", local)


def test_a_service_without_records_in_the_period_is_undefined_not_zero(twotrack: Twotrack) -> None:
    """No deployments means nobody knows the rate."""
    asked = ("metric", "change_failure_rate", "--service", "checkout", "--to", "2025-01-01")
    (value,) = twotrack(*asked, "--json").document["values"]
    assert value["value"] is None
    assert value["note"].startswith("undefined")
    text = twotrack(*asked).out
    assert "—" in text
    assert "undefined" in text
    assert "0 %" not in text


@pytest.mark.parametrize(
    ("asked", "said", "offered"),
    [
        (("--service", "chekout"), "is of service 'chekout'", "checkout"),
        (("--team", "nobody at all"), "is of team 'nobody at all'", ""),
        (("--change-type", "emergencies"), "is of change type 'emergencies'", "emergency"),
        (("--service", "checkout", "--service", "nope", "--records"), "is of service 'nope'", "checkout"),
    ],
)
def test_a_name_that_nothing_is_of_is_refused_with_those_there_are(
    twotrack: Twotrack, asked: tuple[str, ...], said: str, offered: str
) -> None:
    """A slip of the pen would read like an empty period; drift, reports and packs refuse it as well."""
    answer = twotrack("metric", "change_failure_rate", *asked)
    assert answer.code == 4
    assert answer.out == ""
    assert f"No change, deployment or window of this build {said}" in answer.err
    assert offered in answer.err.split("next:")[1]


def test_a_change_type_that_exists_is_answered_although_the_build_has_none(twotrack: Twotrack) -> None:
    """That nothing was an emergency is a result, not a slip."""
    assert twotrack("metric", "change_failure_rate", "--change-type", "emergency").code == 0


def test_a_configured_name_is_answered_although_no_record_has_it_yet() -> None:
    """A new service has no deployments: its rates are undefined, and asking is no slip."""
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute("create schema config")
        for table in ("changes", "deployments", "windows"):
            con.execute(f"create table marts.{table} (service varchar, team varchar, change_type varchar)")
        con.execute("create table config.services as select 'checkout' as service")
        con.execute("create table config.teams as select 'payments' as team")
        require_known(con, Filter(None, None, ("checkout",), ("payments",), ()))
        with pytest.raises(InputError, match="of service 'chekout'"):
            require_known(con, Filter(None, None, ("chekout",), (), ()))


def test_too_few_records_are_not_judged(twotrack: Twotrack) -> None:
    """A value on a handful of records says how many there are."""
    said = twotrack("metric", "change_failure_rate", "--to", "2026-01-06T12:00:00Z", "--json").document["values"][0]
    assert 0 < said["denominator"] < 10
    assert not said["is_enough"]
    assert "too few to judge" in said["note"]


def test_an_unknown_metric_or_group_lists_what_there_is(twotrack: Twotrack) -> None:
    """Whoever guesses wrong is shown the choices."""
    said = twotrack("metric", "lead_tme")
    assert said.code == 4
    assert "approval_latency" in said.err
    said = twotrack("metric", "approval_latency", "--by", "colour")
    assert said.code == 4
    assert "service, team, change_type" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("all", "--records"),
        ("approval_latency", "--records", "--by", "service"),
        ("approval_latency", "--csv", "--json"),
        ("approval_latency", "--from", "2026-02-01", "--to", "2026-01-01"),
        ("approval_latency", "--from", "yesterday"),
    ],
)
def test_questions_that_make_no_sense_are_refused(twotrack: Twotrack, arguments: tuple[str, ...]) -> None:
    """Better no answer than the answer to another question."""
    said = twotrack("metric", *arguments)
    assert said.code == 2


def test_csv_can_be_read_back(twotrack: Twotrack) -> None:
    """Both forms are plain CSV with a header, instants in ISO 8601."""
    said = twotrack("metric", "approval_latency", "--records", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    expected = twotrack("metric", "approval_latency", "--records", "--json").document["records"]
    assert [row["record_id"] for row in rows] == [record["record_id"] for record in expected]
    assert rows[0]["occurred_at"] == expected[0]["occurred_at"]
    values = list(csv.DictReader(io.StringIO(twotrack("metric", "all", "--by", "month", "--csv").out)))
    assert {"metric", "month", "value", "numerator", "denominator"} <= set(values[0])


def test_text_prints_the_newest_records_and_says_there_are_more(
    twotrack: Twotrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen is not flooded, and nothing is silently left out."""
    monkeypatch.setattr("app.commands.metric._SHOWN_RECORDS", 5)
    lines = twotrack("metric", "approval_latency", "--records").out.splitlines()
    assert len(lines) == 2 + 5 + 1
    assert lines[-1].startswith("… the newest 5")
    assert len(twotrack("metric", "approval_latency", "--records", "--limit", "7").out.splitlines()) == 2 + 7
