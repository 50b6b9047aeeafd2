"""How long something took: an end that no column states is worked out, in the unit that the file states."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.files.suggest import suggest_mapping
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import load, mapping, records, rejected, write
from tests.ingest.files.test_suggest import proposed

DEPLOYED = '[[record]]\nkind = "deployment"\nkey = "id"\n[record.fields]\nstarted_at = "start"\nfinished_at = {}\n'


def ends(store: RawStore) -> list[str | None]:
    """Return when each deployment finished, by key."""
    return [record.get("finished_at") for record in records(store, "record_deployments")]


@pytest.mark.parametrize(
    ("unit", "text", "end"),
    [
        ("milliseconds", "90500", "2026-03-01T08:01:30.500000Z"),
        ("seconds", "90", "2026-03-01T08:01:30Z"),
        ("minutes", "1.5", "2026-03-01T08:01:30Z"),
        ("hours", "1171.6", "2026-04-19T03:36:00Z"),
        ("hours", "1,171.6", "2026-04-19T03:36:00Z"),
        ("days", "1", "2026-03-02T08:00:00Z"),
        ("clock", "1:02:03", "2026-03-01T09:02:03Z"),
        ("clock", "26:30", "2026-03-02T10:30:00Z"),
    ],
)
def test_a_length_of_time_is_added_in_its_unit(store: RawStore, tmp_path: Path, unit: str, text: str, end: str) -> None:
    """In whatever it is counted, as a decimal or between colons."""
    how = mapping(DEPLOYED.format(f'{{ column = "start", plus = {{ column = "took", unit = "{unit}" }} }}'))
    load(store, tmp_path, f'id,start,took\nd1,2026-03-01T08:00:00Z,"{text}"\n', how)
    assert ends(store) == [end]


def test_a_length_is_added_to_a_local_time_of_any_format(store: RawStore, tmp_path: Path) -> None:
    """Over the hour that the clocks skip, too: an hour and a half is no longer for it. Commas may be decimal."""
    how = mapping(
        DEPLOYED.format('{ column = "start", plus = { column = "took", unit = "hours" } }'),
        'time_zone = "Europe/Berlin"\nformats = "%d.%m.%Y %H:%M"\n[dialect]\ndelimiter = ";"\ndecimal = ","',
    )
    load(store, tmp_path, "id;start;took\nd1;29.03.2026 01:30;1,5\n", how)
    assert ends(store) == ["2026-03-29T02:00:00Z"]


def test_what_is_no_length_sets_its_row_aside_and_a_missing_one_leaves_the_end_unknown(
    store: RawStore, tmp_path: Path
) -> None:
    """A length below none would end before the start."""
    how = mapping(DEPLOYED.format('{ column = "start", plus = { column = "took", unit = "seconds" } }'))
    start = "2026-03-01T08:00:00Z"
    load(store, tmp_path, f"id,start,took\nd1,{start},\nd2,{start},soon\nd3,{start},-5\nd4,,5\n", how)
    assert ends(store) == [None, None]
    form = "finished_at: not a time in any of the formats iso (no length of time: {})"
    assert sorted(reason for reason, _, _ in rejected(store)) == [form.format(text) for text in ("-5", "soon")]


def test_only_an_instant_is_worked_out() -> None:
    """A service and an hour are nothing."""
    with pytest.raises(InputError, match="'plus' gives an instant, and 'service' is none"):
        mapping(
            '[[record]]\nkind = "deployment"\nkey = "id"\n[record.fields]\n'
            'service = { column = "app", plus = { column = "took", unit = "hours" } }\n'
        )


@pytest.mark.parametrize(
    ("name", "text", "table", "field", "end"),
    [
        ("deploys.csv", "deploy_id,app,env,started,duration_sec\n1,pay,prod,2026-03-01 08:00:00,90\n",
         "record_deployments", "finished_at", "2026-03-01T08:01:30Z"),
        ("builds.csv", "build_id,job_name,result,started_at,Duration (ms)\n1,deploy,ok,2026-03-01 08:00:00,90000\n",
         "record_runs", "finished_at", "2026-03-01T08:01:30Z"),
        ("incidents.csv", "incident_id,severity,opened_at,time_to_restore_hours\n1,SEV1,2026-03-01 08:00:00,1171.6\n",
         "record_incidents", "resolved_at", "2026-04-19T03:36:00Z"),
        ("freezes.csv", "id,title,start,Duration\n1,Freeze,2026-03-01 08:00:00,30:00:00\n",
         "record_windows", "planned_end_at", "2026-03-02T14:00:00Z"),
    ],
)  # fmt: skip
def test_a_proposal_works_out_an_end_that_no_column_states(
    store: RawStore, tmp_path: Path, name: str, text: str, table: str, field: str, end: str
) -> None:
    """From the start, with the unit that the column's name or its texts show."""
    toml, _ = proposed(store, tmp_path, text, name)
    assert [record[field] for record in records(store, table)] == [end]
    assert "# check: no column says when it ended" in toml


def test_a_length_without_a_unit_is_the_readers_to_tell(store: RawStore, tmp_path: Path) -> None:
    """Seconds and milliseconds look alike; the line to use stands there."""
    text = "deploy_id,app,env,started,duration\n1,pay,prod,2026-03-01 08:00:00,90\n"
    toml, _ = proposed(store, tmp_path, text, "deploys.csv")
    assert ends(store) == [None]
    assert '# finished_at = { column = "started", plus = { column = "duration", unit = "seconds" } }' in toml


def test_a_stated_end_goes_before_one_that_could_be_worked_out(tmp_path: Path) -> None:
    """And what only sums up records says that figures are worked out from instants."""
    text = (
        "deploy_id,app,env,started,finished,duration_sec,lead_time_hours\n1,pay,prod,2026-03-01,2026-03-02,90,1171.6\n"
    )
    toml = suggest_mapping(write(tmp_path, text, "deploys.csv"))
    assert 'finished_at = "finished"' in toml and "plus" not in toml
    assert "# not mapped: lead_time_hours: a length of time; figures are worked out from instants" in toml


def test_a_day_later_is_the_same_time_of_the_next_day(store: RawStore, tmp_path: Path) -> None:
    """Where the clocks are changed between, it is 23 or 25 hours later."""
    how = mapping(
        DEPLOYED.format('{ column = "start", plus = { constant = 1, unit = "days" } }'), 'time_zone = "Europe/Berlin"'
    )
    load(store, tmp_path, "id,start\nd1,2026-03-28 12:00\nd2,2026-10-25\n", how)
    assert ends(store) == ["2026-03-29T10:00:00Z", "2026-10-25T23:00:00Z"]


def test_a_length_is_of_a_column_or_of_all_rows() -> None:
    """Both would be two lengths, neither none."""
    for said in ('unit = "days"', 'column = "took", constant = 1, unit = "days"'):
        with pytest.raises(InputError, match="exactly one of column and constant"):
            mapping(DEPLOYED.format(f'{{ column = "start", plus = {{ {said} }} }}'))


def test_all_day_events_begin_at_midnight_and_last_to_the_end_of_their_last_day(
    store: RawStore, tmp_path: Path
) -> None:
    """They have no time of day and were lost for it; one that ends on the day it begins shows that this day counts."""
    text = (
        "Subject,Start Date,Start Time,End Date,End Time,All day event\n"
        "Freeze,12/24/2026,,12/26/2026,,True\nTest,12/28/2026,,12/28/2026,,True\n"
        "Move,12/29/2026,8:00 AM,12/29/2026,5:00 PM,False\n"
    )
    proposed(store, tmp_path, text, "freeze_calendar.csv")
    windows = {w["title"]: (w["planned_start_at"], w["planned_end_at"]) for w in records(store, "record_windows")}
    assert windows == {
        "Freeze": ("2026-12-24T00:00:00Z", "2026-12-27T00:00:00Z"),
        "Test": ("2026-12-28T00:00:00Z", "2026-12-29T00:00:00Z"),
        "Move": ("2026-12-29T08:00:00Z", "2026-12-29T17:00:00Z"),
    }


@pytest.mark.parametrize(("last", "end"), [("2026-12-24", "2026-12-27"), ("2026-12-25", "2026-12-26")])
def test_days_without_times_last_as_the_file_shows(store: RawStore, tmp_path: Path, last: str, end: str) -> None:
    """Where no row ends on the day it begins, the last one may be the first free day again, as in calendars."""
    text = f"id,title,start,end\nf1,Freeze,2026-12-24,2026-12-26\nf2,Eve,2026-12-24,{last}\n"
    proposed(store, tmp_path, text, "freezes.csv")
    assert records(store, "record_windows")[0]["planned_end_at"] == f"{end}T00:00:00Z"
