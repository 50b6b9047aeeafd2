"""Files in the forms in which other tools and other people write them: what is proposed reads what they say."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ingest.files.dates import evidence_of, shown_order, swapped
from ingest.files.importing import import_file
from ingest.files.mapping import parse_mapping
from ingest.files.suggest import suggest_mapping
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import records, write
from tests.ingest.files.test_suggest import proposed


def instants(store: RawStore, stream: str, field: str) -> list[str | None]:
    """Return one field of all records, by key."""
    return [record.get(field) for record in sorted(records(store, stream), key=lambda one: one["key"])]


def test_another_column_of_the_file_shows_the_order(store: RawStore, tmp_path: Path) -> None:
    """One program wrote the file; ``13/04`` in one column tells what ``03/04`` means in the other, and is named."""
    text = "number,opened_at,start_date\nC1,03/04/2026 09:00,13/04/2026 20:00\nC2,04/04/2026 09:00,05/04/2026 20:00\n"
    toml, _ = proposed(store, tmp_path, text, "changes.csv")
    assert "# check: opened_at is read day first, as 13/04/2026 20:00 in start_date shows" in toml
    assert instants(store, "record_changes", "created_at") == ["2026-04-03T09:00:00Z", "2026-04-04T09:00:00Z"]


def test_a_file_written_month_first_is_read_so(store: RawStore, tmp_path: Path) -> None:
    """With slashes, dashes, AM and PM, and years of two digits."""
    for number, (opened, other) in enumerate(
        (
            ("04/03/2026 09:00", "04/13/2026 09:00"),
            ("04-03-2026 09:00:00", "04-13-2026 09:00:00"),
            ("4/3/2026 9:00 AM", "4/13/2026 9:00 PM"),
            ("4/3/26 9:00", "4/13/26 9:00"),
        )
    ):
        text = f"number,opened_at\nA{number}1,{opened}\nA{number}2,{other}\n"
        proposed(store, tmp_path, text, f"changes-{number}.csv")
        found = {one["key"]: one["created_at"] for one in records(store, "record_changes")}
        assert found[f"A{number}1"] == "2026-04-03T09:00:00Z"


def test_a_column_in_which_both_orders_occur_is_left_out(store: RawStore, tmp_path: Path) -> None:
    """Spreadsheets turn only those dates that fit their own order; which the others are nobody can tell."""
    text = "number,opened_at\nC1,13/04/2026\nC2,04/14/2026\nC3,03/04/2026\n"
    toml, _ = proposed(store, tmp_path, text, "changes.csv")
    assert "1 texts have the day first (13/04/2026), 1 the month (04/14/2026), and 1 could be either" in toml
    assert instants(store, "record_changes", "created_at") == [None, None, None]


def test_columns_that_differ_in_their_order_are_each_read_in_their_own(store: RawStore, tmp_path: Path) -> None:
    """One list of formats for all columns would read the one column in the order of the other."""
    text = "number,opened_at,start_date\nC1,13/04/2026 09:00,04/14/2026 20:00\nC2,03/04/2026 09:00,04/05/2026 20:00\n"
    proposed(store, tmp_path, text, "changes.csv")
    assert instants(store, "record_changes", "created_at") == ["2026-04-13T09:00:00Z", "2026-04-03T09:00:00Z"]
    assert instants(store, "record_changes", "planned_start_at") == ["2026-04-14T20:00:00Z", "2026-04-05T20:00:00Z"]


def test_formats_that_read_one_text_as_two_days_are_refused(tmp_path: Path) -> None:
    """Tried one after the other they would guess, row by row."""
    text = 'name = "x"\nsource = "x"\nformats = ["%d/%m/%Y", "%m/%d/%Y"]\n[[record]]\nkind = "change"\n'
    with pytest.raises(InputError, match="read one text as two different days"):
        parse_mapping(text, "x.toml")


def test_a_year_of_two_digits_is_no_year_of_four(store: RawStore, tmp_path: Path) -> None:
    """``03/04/24`` read as ``%d/%m/%Y`` would be the year 24."""
    text = (
        'name = "x"\nsource = "x"\nformats = ["%d/%m/%Y"]\n'
        '[[record]]\nkind = "change"\nkey = "n"\n[record.fields]\ncreated_at = "t"\n'
    )
    result = import_file(store, write(tmp_path, "n,t\n1,13/04/24\n", "x.csv"), parse_mapping(text, "x"))
    assert (result.total("stored"), result.total("rejected")) == (0, 1)


def test_the_order_is_told_by_what_the_texts_show() -> None:
    """A text that fits both ways shows nothing; one whose day is its month neither."""
    columns = {"a": evidence_of(["03/04/2026", "04/04/2026"]), "b": evidence_of(["13-04-2026"])}
    assert columns["a"].open == ("03/04/2026",)
    assert shown_order(columns, "a") == (True, "13-04-2026 in b")
    assert shown_order({"a": columns["a"]}, "a") == (None, "")
    assert swapped("%m/%d/%y %I:%M %p") == "%d/%m/%y %I:%M %p"
    assert swapped("%d.%m.%Y") == "%d.%m.%Y"


def test_what_people_write_for_no_value_is_no_value(store: RawStore, tmp_path: Path) -> None:
    """``?``, ``N/A`` and ``TBD`` are listed in the proposal; incidents without a component share none."""
    text = (
        "number,state,cmdb_ci,opened_at,resolved_at,caused_by\n"
        "I1,Closed,?,2026-03-01 10:00,N/A,?\nI2,New,db1,TBD,,CHG7\n"
    )
    toml, result = proposed(store, tmp_path, text, "incidents.csv")
    assert tomllib.loads(toml)["empty_values"] == ["?", "N/A", "TBD"]
    assert result.total("rejected") == 0
    first, second = sorted(records(store, "record_incidents"), key=lambda one: one["key"])
    assert first.keys() & {"component", "change_key", "resolved_at"} == set()
    assert (second["component"], second["change_key"]) == ("db1", "CHG7")


def test_a_related_change_is_not_said_to_be_the_cause(store: RawStore, tmp_path: Path) -> None:
    """ServiceNow's ``rfc`` and Rabobank's "Related Change" are often what repaired the incident."""
    text = "Incident ID,Priority,Open Time,Related Change,rfc\nI1,2,2026-03-01 10:00,C1,C2\n"
    toml, _ = proposed(store, tmp_path, text, "incidents.csv")
    assert "change_key" not in records(store, "record_incidents")[0]
    assert "# not mapped: Related Change" in toml


@pytest.mark.parametrize("lines", [("# history v1",), ("Change log of 2026;;;", "exported by ann;;;", "")])
def test_titles_above_the_heading_are_skipped(store: RawStore, tmp_path: Path, lines: tuple[str, ...]) -> None:
    """The heading is the first row that fills about as many cells as the fullest."""
    text = "\n".join([*lines, "number;short_description;type;opened_at", "C1;One;Normal;2026-03-01 10:00", ""])
    toml, result = proposed(store, tmp_path, text, "changes.csv")
    assert tomllib.loads(toml)["dialect"] == {"delimiter": ";", "skip_lines": len([line for line in lines if line])}
    assert (result.total("stored"), result.total("rejected")) == (1, 0)


def test_a_row_of_totals_is_no_change(store: RawStore, tmp_path: Path) -> None:
    """It would be counted as one."""
    text = "number,title,hours,opened_at\nC1,One,3,2026-03-01\nC2,Two,4,2026-03-02\nTotal,,7,\n"
    proposed(store, tmp_path, text, "changes.csv")
    assert instants(store, "record_changes", "title") == ["One", "Two"]


def test_a_flag_says_which_changes_were_emergencies(store: RawStore, tmp_path: Path) -> None:
    """Whose type is a number that knows no emergencies; a need for an approval by a board is no approval.

    What is said to be no emergency is none, whatever its own type is called: else all of a known type would be.
    """
    text = (
        "Change ID;Change Type;Emergency Change;CAB-approval needed;Change record Open Time\n"
        "C1;Change Type 11;Y;N;13-9-2026 9:00\nC2;Standard Change Type 01;N;Y;14-9-2026 9:00\n"
        "C3;Release Type 04;N;Y;14-9-2026 9:00\n"
    )
    toml, _ = proposed(store, tmp_path, text, "changes.csv")
    assert instants(store, "record_changes", "change_type") == ["emergency", "Standard Change Type 01", "normal"]
    assert records(store, "record_decisions") == []
    assert "# not mapped: CAB-approval needed" in toml


def test_what_came_of_a_run_goes_before_where_it_stands(store: RawStore, tmp_path: Path) -> None:
    """A failed run of Azure DevOps or GitHub is completed; one that still runs has no result."""
    text = (
        '[{"id":1,"status":"completed","result":"failed","startTime":"2026-03-01T10:00:00Z","environment":"prod"},'
        '{"id":2,"status":"inProgress","result":null,"startTime":"2026-03-01T11:00:00Z","environment":"prod"}]'
    )
    proposed(store, tmp_path, text, "deployments.json")
    assert instants(store, "record_deployments", "status") == ["failed", "inProgress"]


def test_a_change_log_states_who_implemented_and_when(store: RawStore, tmp_path: Path) -> None:
    """Which is a deployment; that it was to production is for the reader to say."""
    text = (
        "change_id,system_id,requested_by,approved_by,approval_date,implementation_date,implemented_by,status\n"
        "C1,GL,E1,E2,2026-01-10 13:00,2026-01-09 22:00,E3,Closed - Rolled Back\n"
    )
    toml, _ = proposed(store, tmp_path, text, "change_log.csv")
    assert '# environment = { constant = "production" }' in toml
    (deployment,) = records(store, "record_deployments")
    assert deployment == {
        "key": "C1", "change_key": "C1", "service": "GL", "started_at": "2026-01-09T22:00:00Z", "deployed_by": "E3",
    }  # fmt: skip


def test_a_deploy_log_without_environment_or_result_says_what_is_missing(tmp_path: Path) -> None:
    """And that the ticket it names is the change it carried."""
    text = "deployment_id,ticket_id,system,deployer_id,deployment_date\nD1,CHG-1,SAP,E0038,2026-11-29\n"
    toml = suggest_mapping(write(tmp_path, text, "deployments.csv"))
    assert "no column says the environment" in toml
    assert "no column says whether it succeeded" in toml
    assert 'change_key = "ticket_id"' in toml


def test_values_and_what_a_page_shows_of_them_are_told_apart(store: RawStore, tmp_path: Path) -> None:
    """ServiceNow's API gives both: an instant's value is in UTC, what is shown of it is not."""
    text = (
        '{"result":[{"number":{"display_value":"CHG1","value":"CHG1"},'
        '"state":{"display_value":"Closed","value":"3"},"requested_by":{"display_value":"Ann Lee","value":"6816f79c"},'
        '"sys_created_on":{"display_value":"02/28/2026 22:00:00","value":"2026-03-01 06:00:00"}}]}'
    )
    proposed(store, tmp_path, text, "change_request.json")
    assert records(store, "record_changes") == [
        {"key": "CHG1", "state": "Closed", "requested_by": "Ann Lee", "created_at": "2026-03-01T06:00:00Z"}
    ]


def test_labels_in_repeated_columns_are_all_read(store: RawStore, tmp_path: Path) -> None:
    """Jira writes one column per label; a resolution that says unresolved is none."""
    text = (
        "Issue key,Issue Type,Status,Resolution,Labels,Labels,Created\n"
        "A-1,Change,To Do,Unresolved,network,emergency,13/Mar/26 9:00 AM\n"
    )
    proposed(store, tmp_path, text, "jira.csv")
    (issue,) = records(store, "record_issues")
    assert issue["labels"] == "network|emergency"
    assert "outcome" not in issue


def test_what_objects_group_is_read_as_what_it_says(store: RawStore, tmp_path: Path) -> None:
    """Logs of one's own making put when, where and what into objects; without them nothing counted as production."""
    row = {
        "id": "d1",
        "svc": {"name": "web"},
        "where": {"env": "prod", "region": "eu"},
        "what": {"image": {"digest": "sha256:ab", "tag": "1.2.0"}},
        "ts": {"begin": "2026-03-01T08:00:00Z", "end": "2026-03-01T08:04:00Z"},
        "who": {"login": "ann"},
        "result": "ok",
    }
    proposed(store, tmp_path, json.dumps(row), "deploys.jsonl")
    (record,) = records(store, "record_deployments")
    said = (record["service"], record["environment"], record["version"], record["artifact_digest"])
    assert said == ("web", "prod", "1.2.0", "sha256:ab")
    assert (record["started_at"][11:16], record["finished_at"][11:16]) == ("08:00", "08:04")


def test_a_release_of_heroku_ends_when_it_was_changed_last_and_its_slug_is_what_runs(
    store: RawStore, tmp_path: Path
) -> None:
    """No column is called its end, without which none of its releases was a finished deployment."""
    row = {"id": "r7", "app": {"name": "web"}, "version": 7, "status": "succeeded", "slug": {"id": "s5"},
           "created_at": "2026-03-01T08:00:00Z", "updated_at": "2026-03-01T08:02:00Z", "user": {"email": "a@b.example"},
           "description": "Rollback to v5"}  # fmt: skip
    proposed(store, tmp_path, json.dumps([row]), "releases.json")
    (record,) = records(store, "record_deployments")
    assert (record["artifact_digest"], record["version"], record["finished_at"]) == ("s5", "7", "2026-03-01T08:02:00Z")
