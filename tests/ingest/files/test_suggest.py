"""Proposed mappings: they load, they run, and they say what they do not know."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.files.column_words import LEXICON
from ingest.files.importing import import_file
from ingest.files.lexicon import likely_kind, match_columns, plain_name
from ingest.files.mapping import parse_mapping
from ingest.files.results import ImportResult
from ingest.files.suggest import suggest_mapping
from ingest.store import RawStore
from models.errors import InputError
from models.records import KINDS
from tests.ingest.files.making import records, write

SERVICENOW = (
    "number,short_description,type,risk,approval,start_date,end_date,work_start,work_end,close_code,opened_by,"
    "sys_created_on,u_flag\n"
    "CHG1,Upgrade,Normal,Low,Approved,2024-03-01 10:00:00,2024-03-01 12:00:00,2024-03-01 10:05:00,,Successful,ann,"
    "2024-02-20 09:00:00,x\n"
    "CHG2,Patch,Emergency,High,Rejected,,,,,,bob,2024-02-21 09:00:00,y\n"
)


def proposed(store: RawStore, folder: Path, text: str | bytes, name: str) -> tuple[str, ImportResult]:
    """Return the proposal for a file and the result of importing the file through it."""
    path = write(folder, text, name)
    toml = suggest_mapping(path)
    return toml, import_file(store, path, parse_mapping(toml, "proposal"))


def test_a_change_export_becomes_changes_decisions_and_windows(store: RawStore, tmp_path: Path) -> None:
    """The usual names of an ITSM tool are known; a column nobody knows is listed, not guessed."""
    toml, result = proposed(store, tmp_path, SERVICENOW, "export.csv")
    assert records(store)[0] == {
        "key": "CHG1",
        "title": "Upgrade",
        "change_type": "normal",
        "risk": "Low",
        "outcome": "Successful",
        "requested_by": "ann",
        "created_at": "2024-02-20T09:00:00Z",
        "planned_start_at": "2024-03-01T10:00:00Z",
        "planned_end_at": "2024-03-01T12:00:00Z",
        "actual_start_at": "2024-03-01T10:05:00Z",
    }
    assert [r["verdict"] for r in records(store, "record_decisions")] == ["approved", "rejected"]
    assert [r["change_key"] for r in records(store, "record_windows")] == ["CHG1"]
    assert result.total("rejected") == 0
    assert "# not mapped: u_flag" in toml
    assert 'time_zone = "UTC"  # check' in toml


def test_a_change_repeated_per_component_keeps_the_component_for_its_windows(store: RawStore, tmp_path: Path) -> None:
    """Dialect, decimal comma and day-first times are seen; what differs between a change's rows is not its own."""
    text = (
        "CI Name (aff);Change ID;Change Type;Planned Start;Planned End;Hours;;\r\n"
        "CI1;C1;Standard;30-8-2012 7:00;30-8-2012 9:00;3,5;;\r\n"
        "CI2;C1;Standard;30-8-2012 7:00;30-8-2012 9:00;3,5;;\r\n"
        "CI2;C2;Normal;13-1-2013 7:00;14-1-2013 7:00;12,25;;\r\n"
    )
    toml, result = proposed(store, tmp_path, text, "Detail_Change.csv")
    settings_ = tomllib.loads(toml)
    assert settings_["dialect"] == {"delimiter": ";", "decimal": ","}
    assert settings_["formats"] == ["%d-%m-%Y %H:%M"]
    assert [(c.stream, c.records, c.conflicts) for c in result.streams] == [
        ("record.changes", 2, 0),
        ("record.windows", 3, 0),
    ]
    assert records(store, "record_windows")[1]["component"] == "CI2"


def test_numbers_that_repeat_per_repository_get_a_wider_key(store: RawStore, tmp_path: Path) -> None:
    """Request 1 of one repository is not request 1 of another."""
    text = "repo,pr_number,title,merged_at\na,1,One,2024-01-01T00:00:00Z\nb,1,Other,2024-01-02T00:00:00Z\n"
    _, result = proposed(store, tmp_path, text, "pulls.csv")
    assert [record["key"] for record in records(store)] == ["a:1", "b:1"]
    assert result.conflicts == ()


def test_a_deploy_log_in_json_lines_is_recognised(store: RawStore, tmp_path: Path) -> None:
    """Seconds since 1970 and fields of nested objects as well."""
    text = '{"id":1,"app":"shop","env":"prod","commit":{"sha":"c0ffee"},"deployed_by":"ann","started_at":1700000000}\n'
    _, result = proposed(store, tmp_path, text, "deploys.jsonl")
    assert records(store, "record_deployments") == [
        {
            "key": "1",
            "service": "shop",
            "environment": "prod",
            "revision": "c0ffee",
            "deployed_by": "ann",
            "started_at": "2023-11-14T22:13:20Z",
        }
    ]
    assert result.total("stored") == 1


def test_names_that_say_the_kind_again_or_end_otherwise_are_understood(store: RawStore, tmp_path: Path) -> None:
    """``CompletedTime`` is when it completed, ``Incident State`` the state; own columns begin with ``u_``."""
    text = (
        "Id;Project;EnvironmentName;ReleaseVersion;QueueTime;StartTime;CompletedTime;TaskState;DeployedBy\n"
        "D-1;shop;prod;4.2;13/06/2026 08:00;13/06/2026 08:02;13/06/2026 08:10;Failed;fred\n"
    )
    proposed(store, tmp_path, text, "octopus.csv")
    assert records(store, "record_deployments") == [
        {
            "key": "D-1", "service": "shop", "environment": "prod", "version": "4.2", "status": "Failed",
            "created_at": "2026-06-13T08:00:00Z", "started_at": "2026-06-13T08:02:00Z",
            "finished_at": "2026-06-13T08:10:00Z", "deployed_by": "fred",
        }
    ]  # fmt: skip
    names = ["Incident Number", "Incident State", "u_service", "Resolution Date", "severity"]
    assert match_columns("incident", names) == {
        "key": "Incident Number", "severity": "severity", "status": "Incident State", "service": "u_service",
        "resolved_at": "Resolution Date",
    }  # fmt: skip


def test_a_time_of_day_in_a_column_of_its_own_is_read_with_its_date(store: RawStore, tmp_path: Path) -> None:
    """Calendars are exported like that; a date alone would make every window last from midnight to midnight."""
    text = (
        "Subject;Start Date;Start Time;End Date;End Time;All day event\n"
        "Migration;13.06.2026;20:00;13.06.2026;22:30;False\n"
    )
    proposed(store, tmp_path, text, "cal.csv")
    (window,) = records(store, "record_windows")
    assert window["planned_start_at"] == "2026-06-13T20:00:00Z"
    assert window["planned_end_at"] == "2026-06-13T22:30:00Z"
    text = "title,start_date,start_time,end_date\nMove,2026-06-13,8:00:00 PM,2026-06-14\n"
    toml, _ = proposed(store, tmp_path, text, "freeze.csv")
    assert 'planned_start_at = { template = "{start_date} {start_time}" }' in toml
    assert {w["planned_start_at"] for w in records(store, "record_windows")} == {"2026-06-13T20:00:00Z"}


def test_an_export_of_jira_names_its_own_fields_in_brackets(store: RawStore, tmp_path: Path) -> None:
    """``Custom field (Change risk)`` is the risk; its instants are ``03/Jun/26 8:00 PM``."""
    text = (
        "Summary,Issue key,Issue Type,Status,Reporter,Created,Custom field (Change type),Custom field (Change risk),"
        "Custom field (Change start date),Component/s\n"
        "Upgrade,CHG-1,Change,Closed,ana,01/Jun/26 9:00 AM,Normal,Medium,03/Jun/26 8:00 PM,checkout\n"
    )
    proposed(store, tmp_path, text, "jira.csv")
    (change,) = records(store, "record_issues")
    assert change | {
        "record_type": "Change",
        "key": "CHG-1", "risk": "Medium", "change_type": "normal", "component": "checkout", "state": "Closed",
        "created_at": "2026-06-01T09:00:00Z", "planned_start_at": "2026-06-03T20:00:00Z", "requested_by": "ana",
    } == change  # fmt: skip


def test_the_instant_of_a_refusal_is_never_read_as_an_approval(store: RawStore, tmp_path: Path) -> None:
    """One column holds when it was decided, whatever was; only the decision, which knows what, takes it."""
    text = (
        "number,type,approval,approval_set,approved_by,opened_at,start_date\n"
        "CHG1,Normal,Approved,2026-06-02 10:00:00,bob,2026-06-01 09:00:00,2026-06-03 20:00:00\n"
        "CHG2,Normal,Rejected,2026-06-02 11:00:00,bob,2026-06-01 09:00:00,2026-06-04 20:00:00\n"
    )
    proposed(store, tmp_path, text, "changes.csv")
    assert [change.keys() & {"approved_at", "approved_by"} for change in records(store, "record_changes")] == [
        set()
    ] * 2
    found = {one["change_key"]: one for one in records(store, "record_decisions")}
    assert {key: (one["verdict"], one["decided_by"], one["decided_at"][11:13]) for key, one in found.items()} == {
        "CHG1": ("approved", "bob", "10"),
        "CHG2": ("rejected", "bob", "11"),
    }
    assert {window["created_at"] for window in records(store, "record_windows")} == {"2026-06-01T09:00:00Z"}


def test_dates_that_could_be_either_way_round_are_for_the_reader_to_choose(tmp_path: Path) -> None:
    """Neither order is assumed: the proposal says how many texts, shows one, and is refused until a line is kept."""
    toml = suggest_mapping(write(tmp_path, "title,start,end\nFreeze,03/04/2024,05/04/2024\n", "freeze.csv"))
    assert "# CHOOSE: end, start: 2 texts such as 05/04/2024" in toml
    assert "no column looks like a key" in toml
    with pytest.raises(InputError, match="whether the day or the month comes first"):
        parse_mapping(toml, "proposal")
    for order, form in (("day", "%d/%m/%Y"), ("month", "%m/%d/%Y")):
        line = f'formats = ["{form}"]'
        assert f"# {line}  # {order} first" in toml
        assert parse_mapping(toml.replace('formats = ["day or month first?"]', line), "kept").formats == (form,)
    sure = suggest_mapping(write(tmp_path, "title,start,end\nFreeze,13/04/2024,15/04/2024\n", "freeze.csv"))
    assert "CHOOSE" not in sure and 'formats = ["%d/%m/%Y"]' in sure


def test_times_that_state_their_offset_need_no_zone(tmp_path: Path) -> None:
    """And a name that says UTC is believed."""
    with_offset = suggest_mapping(write(tmp_path, "number,opened_at\nC1,2024-03-01T10:00:00+01:00\n", "changes.csv"))
    assert "time_zone" not in with_offset
    named = suggest_mapping(
        write(tmp_path, "change_number,voter,label,value,at_utc\n1,a,b,1,2024-03-01 10:00\n", "votes.csv")
    )
    assert 'time_zone = "UTC"  # as the columns\' names say' in named


def test_a_column_in_no_known_time_format_is_left_out_with_the_reason(store: RawStore, tmp_path: Path) -> None:
    """The proposal must run: a field that would set every row aside is no proposal."""
    toml, result = proposed(store, tmp_path, "number,title,opened_at\nC1,One,last Tuesday\n", "changes.csv")
    assert "# not mapped: opened_at: looks like created_at, but its texts are in no known time format" in toml
    assert result.total("stored") == 1


def test_a_few_texts_that_are_no_time_do_not_hide_a_column(store: RawStore, tmp_path: Path) -> None:
    """The column keeps the format that most of its texts have; the row that does not fit is set aside at import."""
    rows = [f"{day};payments;production;{day}-8-2012 7:00\n" for day in range(1, 20)]
    text = "id;service;environment;started\n" + "".join(rows) + "20;payments;production;20-8-2012 25:00\n"
    toml, result = proposed(store, tmp_path, text, "deployments.csv")
    assert 'formats = ["%d-%m-%Y %H:%M"]' in toml
    assert (result.total("stored"), result.total("rejected")) == (19, 1)


def test_windows_text_is_recognised(store: RawStore, tmp_path: Path) -> None:
    """An encoding other than UTF-8 is part of the proposal."""
    toml, _ = proposed(store, tmp_path, "number;title\nC1;Größe\n".encode("windows-1252"), "changes.csv")
    assert tomllib.loads(toml)["dialect"] == {"encoding": "windows-1252", "delimiter": ";"}
    assert records(store)[0]["title"] == "Größe"


def test_a_file_with_nothing_to_learn_from_is_an_error(tmp_path: Path) -> None:
    """A header alone says nothing about formats."""
    with pytest.raises(InputError, match="no rows to learn from"):
        suggest_mapping(write(tmp_path, "number,title\n", "changes.csv"))
    with pytest.raises(InputError, match="The file is empty"):
        suggest_mapping(write(tmp_path, "", "changes.csv"))
    with pytest.raises(InputError, match="every cell of its first rows is blank"):
        suggest_mapping(write(tmp_path, "number,title\n, \n", "changes.csv"))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("C1,a", "2 columns where the header has 4"),
        ("C1,a,open,2026-01-01,x", "5 columns where the header has 4"),
        ('C1,"a,open,2026-01-01', "unexpected end of data"),
        ("C1,\0,open,2026-01-01", "the line holds a NUL byte"),
    ],
)
def test_a_file_whose_only_row_is_broken_is_an_error_that_says_how(tmp_path: Path, row: str, problem: str) -> None:
    """A mapping proposed from nothing would look like one that was learned."""
    with pytest.raises(InputError, match="its only row cannot be read") as raised:
        suggest_mapping(write(tmp_path, f"number,title,state,opened_at\n{row}\n", "changes.csv"))
    assert "line 2: " in raised.value.where and problem in raised.value.where


def test_a_proposal_says_which_lines_it_did_not_learn_from(tmp_path: Path) -> None:
    """They would be set aside at import; the first of them is named with what is wrong."""
    text = suggest_mapping(write(tmp_path, "number,title,opened_at\nC1,a,2026-01-01\nC2\nC3,c,d,e\n", "changes.csv"))
    assert "# check: 2 of the first lines are no rows and would be set aside; line 3: 1 columns where" in text
    assert "Proposed from the one row of" in text


def test_the_lexicon_names_only_fields_that_exist() -> None:
    """In the form in which names are compared."""
    for kind, fields in LEXICON.items():
        assert set(fields) <= set(KINDS[kind].model_fields)
        assert all(word == plain_name(word) for words in fields.values() for word in words)


@pytest.mark.parametrize(
    ("columns", "name", "kind"),
    [
        (["number", "short_description", "type", "backout_plan"], "export.csv", "change"),
        (["number", "short_description", "priority", "resolved_at", "caused_by"], "export.csv", "incident"),
        (["app", "env", "image_tag", "deployed_at", "deployed_by"], "log.csv", "deployment"),
        (["summary", "dtstart", "dtend"], "export.csv", "window"),
        (["change_number", "voter", "label", "value"], "export.csv", "vote"),
        (["fieldname", "oldvalue", "newvalue", "documentkey", "sys_created_on"], "sys_audit.csv", "event"),
        (["sysapproval", "approver", "state", "comments"], "export.csv", "decision"),
        (["tag_name", "name", "published_at", "body"], "export.csv", "release"),
    ],
)
def test_a_kind_is_recognised_by_its_columns(columns: list[str], name: str, kind: str) -> None:
    """What only one kind of export has weighs most."""
    assert likely_kind(columns, name) == kind


def test_a_column_speaks_for_one_field_only() -> None:
    """Two fields never read the same column by name."""
    found = match_columns("incident", ["number", "opened_at", "closed_at", "state"])
    assert sorted(found.values()) == sorted(set(found.values()))


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(NAMES, min_size=2, max_size=5), st.lists(st.text("ab1-:/ ,.|\"'{}", max_size=8), min_size=5, max_size=5)
)
def test_every_proposal_loads_and_runs(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], cells: list[str]
) -> None:
    """Whatever the columns are called and hold."""
    folder = tmp_path_factory.mktemp("any")
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row[: len(header)]) for row in (header, cells)]
    with RawStore(folder / "store.duckdb") as store:
        _, result = proposed(store, folder, "number," + lines[0] + "\nC1," + lines[1] + "\n", "changes.csv")
        assert result.streams[0].stored == 1
