from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from app.dashboard.sections import BY_LINK, SECTIONS
from app.journal import notes
from app.periods import DEFAULT_PERIOD
from models.workspace import Workspace
from tests.app.conftest import MAIN, Opened, shown, text_of
from tests.app.sample import AS_OF, Records, change, published
from tests.once import Once

PAGES = tuple(path.stem for path in sorted((MAIN.parent / "views").glob("*.py")))
DEMO = "Demo data: generated"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_says_that_its_data_is_generated(sample: Workspace, opened: Opened, page: str) -> None:
    """No page fails on the sample, and none shows demo data without its label."""
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert app.title
    assert DEMO in text_of(app)


@pytest.mark.parametrize("page", PAGES)
def test_every_table_can_be_taken_away(sample: Workspace, opened: Opened, page: str) -> None:
    """Each table on a page, small ones too, is offered as CSV; a figure in a slide can be traced back to it."""
    app = opened(page, change="itsm:CHG-0001", tour="2") if page == "change" else opened(page)
    files = [button for button in app.get("download_button") if "_csv" in button.proto.id]
    assert len(files) == len(app.dataframe) + len(app.table)


def test_every_view_is_reachable_and_every_entry_exists(sample: Workspace, opened: Opened) -> None:
    """A page is in the navigation or opens by link; a listed page has its file."""
    listed = [entry[0] for entries in SECTIONS.values() for entry in entries] + [entry[0] for entry in BY_LINK]
    assert sorted(listed) == sorted(PAGES)


def test_a_live_workspace_carries_no_demo_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """The label means something only if real data never has it."""
    records = Records()
    for number in range(12):
        change(records, f"CHG-{number}", at=AS_OF - timedelta(days=number))
    for _ in shown(published(tmp_path, records, kind="live"), monkeypatch):
        assert DEMO not in text_of(opened())


@pytest.mark.parametrize("page", PAGES)
def test_without_a_build_every_page_offers_the_demo_and_its_command(
    empty: Workspace, opened: Opened, page: str
) -> None:
    """A reader without data is told the exact command, never shown an error."""
    app = opened(page)
    assert not app.exception
    said = [code.value for code in app.code]
    assert "twotrack demo" in said
    assert any("twotrack sync" in text for text in said)


def test_records_without_a_build_are_not_offered_to_begin_anew(empty: Workspace, opened: Opened) -> None:
    """Whoever has synced or imported is one command away, and is told which."""
    empty.raw_path.parent.mkdir(parents=True, exist_ok=True)
    empty.raw_path.touch()
    app = opened()
    assert [code.value for code in app.code] == ["twotrack build"]
    assert "nothing has been built of them" in text_of(app)


@pytest.mark.parametrize("pointer", ["junk", '{"build_id": "gone"}'])
def test_a_lost_build_is_said_to_be_lost(sample: Workspace, opened: Opened, pointer: str) -> None:
    """It is no empty workspace: the page says what is wrong, what is kept, and how to publish again."""
    sample.pointer_path.write_text(pointer, encoding="utf-8")
    app = opened()
    assert not app.exception
    assert [code.value for code in app.code] == ["twotrack build"]
    assert "untouched" in text_of(app)
    assert "Nothing to show yet" not in text_of(app)


def test_a_build_without_records_says_what_would_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """An empty build is no error and no wall of zeros."""
    for _ in shown(published(tmp_path, Records()), monkeypatch):
        app = opened()
        assert not app.error
        assert "holds no change, decision, deployment" in text_of(app)
        health = text_of(opened("data_health"))  # what was set aside is asked for most where nothing came of it
        assert "holds no change" not in health
        assert "What is uncertain" in health
        assert "Approval latency" in text_of(opened("definitions"))
        assert any("twotrack sync" in code.value for code in app.code)


@pytest.fixture(scope="module")
def bare_home(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose only source brought tickets: no decision, deployment, window, incident or team."""

    def make(home: Path) -> None:
        records = Records()
        for number in range(12):
            change(records, f"CHG-{number}", at=AS_OF - timedelta(days=number), service="unheard-of")
        published(home, records)

    return Path(shutil.copytree(once("bare", make), tmp_path_factory.mktemp("bare") / "home"))


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        ("approvals", "No decision is on record"),
        ("change_failures", "No deployment to production is on record"),
        ("change_windows", "No change window is on record"),
        ("process_drift", "No record has a team"),
        ("hand_over", "No deployment to production is on record"),
        ("cheat_sheet", "No decision is on record"),
        ("catches", "No decision is on record"),
        ("combine_or_separate", "No record has a team"),
    ],
)
def test_a_page_without_a_source_of_its_kind_says_what_it_would_unlock(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened, page: str, missing: str
) -> None:
    """Never brought is not the same as nothing in the period: the page says what to add, and offers no other filter."""
    for _ in shown(Workspace(bare_home), monkeypatch):
        app = opened(page)
        assert not app.exception
        assert not app.error
        assert missing in text_of(app)
        assert "Nothing matches" not in text_of(app)
        assert any("twotrack" in code.value or "team" in code.value for code in app.code)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_what_only_tickets_can_say(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened, page: str
) -> None:
    """No page fails, and none turns what is unknown into a zero per cent."""
    for _ in shown(Workspace(bare_home), monkeypatch):
        app = opened(page)
        assert not app.exception
        assert not app.error
        assert [metric.value for metric in app.metric if metric.value.startswith("0 %")] == []


def test_filters_come_from_the_link_and_narrow_every_number(sample: Workspace, opened: Opened) -> None:
    """Opening a link with a service shows that service only."""
    app = opened("approvals", period="Last 4 weeks", service="payments")
    assert app.selectbox("period").value == "Last 4 weeks"
    assert app.multiselect("service").value == ["payments"]
    assert "service payments" in text_of(app)


@pytest.mark.parametrize(
    ("page", "asked", "said"),
    [
        ("overview", {"servce": "payments"}, "“servce” (did you mean service?), which no page knows"),
        ("approvals", {"measure": "First respons"}, "“First respons” of the link is not among them"),
        ("change_windows", {"span": "yesterday"}, "“yesterday” of the link is no day of the period"),
        ("change", {"change": "itsm:CHG-0001", "tour": "99"}, "The tour has no step “99”"),
    ],
)
def test_what_a_link_asks_for_in_vain_is_said(
    sample: Workspace, opened: Opened, page: str, asked: dict[str, str], said: str
) -> None:
    """A slip in a name or a value would show everything as if it were the part that was asked for."""
    app = opened(page, **asked)
    assert not app.exception
    assert said in text_of(app)


def test_a_measure_without_any_value_says_so_in_place_of_its_chart(sample: Workspace, opened: Opened) -> None:
    """Axes without a mark look like a fault; the line of numbers says what was left out and why."""
    app = opened("approvals", change_type="standard")
    assert "There is nothing to draw" in text_of(app)
    assert "— median" not in text_of(app)
    assert not app.get("plotly_chart")
    assert opened("approvals").get("plotly_chart")


def test_filters_travel_to_the_next_page(sample: Workspace, opened: Opened) -> None:
    """What was asked on one page is asked on the next."""
    app = opened("overview", period="Last 26 weeks", team="Money")
    app.switch_page("views/change_failures.py").run()
    assert app.selectbox("period").value == "Last 26 weeks"
    assert app.multiselect("team").value == ["Money"]


def test_what_a_link_asks_and_the_build_does_not_know_is_said(sample: Workspace, opened: Opened) -> None:
    """Unknown values are named until the reader changes a filter; the rest of the link holds."""
    app = opened("overview", period="Last 5 weeks", service=["payments", "nowhere"], dates="tomorrow")
    said = "\n".join(warning.value for warning in app.warning)
    assert "nowhere" in said and "Last 5 weeks" in said and "tomorrow" in said
    assert app.multiselect("service").value == ["payments"]
    assert app.selectbox("period").value == DEFAULT_PERIOD
    app.run()
    assert "nowhere" in "\n".join(warning.value for warning in app.warning)
    app.multiselect("service").set_value([]).run()
    assert "nowhere" not in "\n".join(warning.value for warning in app.warning)


def test_a_question_without_records_says_what_was_asked_and_clears(sample: Workspace, opened: Opened) -> None:
    """No match is a state with a way out, not a page of dashes."""
    app = opened("overview", period="Chosen dates", dates=["2024-01-01", "2024-01-07"], service="ledger")
    assert "Nothing matches" in text_of(app)
    assert "ledger" in text_of(app)
    app.button("clear_filters").click().run()
    assert "Nothing matches" not in text_of(app)
    assert app.multiselect("service").value == []


def test_a_link_can_pin_a_build(sample: Workspace, opened: Opened) -> None:
    """The pinned build is shown although a newer one is current."""
    pinned = _publish_another(sample)
    app = opened("overview", build=pinned)
    assert f"build {pinned}" in text_of(app)


def test_a_pinned_build_that_is_gone_is_said(sample: Workspace, opened: Opened) -> None:
    """The current build is shown instead, and the page says so."""
    app = opened("overview", build="20200101T000000-gone")
    assert any("no longer kept" in warning.value for warning in app.warning)
    assert f"build {sample.current_build()}" in text_of(app)


def test_a_new_build_is_offered_and_numbers_stay_until_it_is_taken(sample: Workspace, opened: Opened) -> None:
    """An open page never changes its numbers by itself."""
    first = sample.current_build()
    app = opened()
    _publish_another(sample)
    app.run()
    assert f"build {first}" in text_of(app)
    assert any("newer build" in info.value for info in app.info)
    app.button("take_newer").click().run()
    assert f"build {sample.current_build()}" in text_of(app)
    assert not any("newer build" in info.value for info in app.info)


def test_work_in_progress_is_said(sample: Workspace, opened: Opened) -> None:
    """While a command writes, the page says which one and keeps its numbers."""
    with sample.writing("twotrack sync"):
        app = opened()
    assert any("twotrack sync" in info.value for info in app.info)


def test_a_source_read_long_before_the_build_is_named_as_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """Stale data carries a banner with the source and its age."""
    records = Records()
    for number in range(12):
        change(records, f"CHG-{number}", at=AS_OF - timedelta(days=20 + number))
    # The records were read two hours before AS_OF; the build is of nine days later.
    for _ in shown(published(tmp_path, records, as_of=AS_OF + timedelta(days=9)), monkeypatch):
        app = opened()
        assert any("itsm" in warning.value and "9 days" in warning.value for warning in app.warning)
        assert "late sources: itsm" in text_of(app)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("failing", ["one stream", "all"])
def test_a_source_that_came_through_partly_or_not_is_named_on_every_page(
    sample: Workspace, opened: Opened, page: str, failing: str
) -> None:
    """Whoever reads a number on any page is told that a source, or a part of it, is missing since its last run."""
    with duckdb.connect(str(sample.build_path(sample.current_build()))) as con:
        where = "where stream = 'record.deployments'" if failing == "one stream" else ""
        con.execute(f"update marts.data_sources set last_run_status = 'failed' {where}")
        ((whole,),) = con.execute("select count(*) from marts.data_sources where last_run_status = 'ok'").fetchall()
    assert bool(whole) == (failing == "one stream")
    said = "\n".join(warning.value for warning in opened(page).warning)
    assert "Late or partial sources" in said
    assert ("partly read: record" if failing == "one stream" else "last run failed") in said.replace("\\", "")


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((), None),
        (("continued",), "Nothing is missing between 1 reading"),
        (("continued", "gap"), "After 1 of 2 readings"),
    ],
)
def test_readings_after_which_something_may_be_missing_are_listed(
    sample: Workspace, opened: Opened, states: tuple[str, ...], told: str | None
) -> None:
    """Data health says so of sources that leave marks, with the reading; without marks there is nothing to say."""
    with duckdb.connect(str(sample.build_path(sample.current_build()))) as con:
        for state in states:
            con.execute(
                "insert into marts.watermark_continuity by name select 'code' as source, 'github.pulls' as stream, "
                f"'shop' as scope, '{state}' as run_id, timestamp '2026-06-01 08:00:00' as started_at, "
                "'10' as known_until, '12' as began_from, '20' as reached, "
                f"'{state}' as state, {state != 'gap'} as is_continuous"
            )
    page = opened("data_health")
    assert (told in text_of(page)) if told else ("readings of the sources" not in text_of(page))
    broken = [
        table.value for table in page.dataframe if "What happened" in table.value.columns and "Reached" in table.value
    ]
    assert [row["Began from"] for table in broken for _, row in table.iterrows()] == ["12"] * states.count("gap")
    if broken:
        assert broken[0]["What happened"].tolist() == ["a part was never read"]


@pytest.mark.parametrize(
    ("rows", "told", "listed"),
    [
        ([], None, []),
        ([("OPS-", 40, 40, 0, None)], "No number is missing in 1 series of numbered keys", []),
        ([("OPS-", 40, 37, 3, 12), ("", 9, 9, 0, None), ("A-", 90, 2, None, None)],
         "3 numbers without a record, in 1 of 2 series of numbered keys", [["OPS-"]]),
    ],
)  # fmt: skip
def test_numbers_of_keys_without_a_record_are_told(
    sample: Workspace, opened: Opened, rows: list[tuple[str, int, int, int | None, int | None]],
    told: str | None, listed: list[list[str]],
) -> None:  # fmt: skip
    """Data health says which rows of keys have holes; a row that is not numbered one after the other is not judged."""
    with duckdb.connect(str(sample.build_path(sample.current_build()))) as con:
        con.execute("delete from marts.key_gaps")
        for row in rows:
            con.execute("insert into marts.key_gaps values ('code', ?, 1, ?, ?, 0, ?, ?)", row)
    page = opened("data_health")
    assert (told in text_of(page)) if told else ("numbered keys" not in text_of(page))
    holes = [table.value for table in page.dataframe if "The first without" in table.value.columns]
    assert [list(table["Keys"]) for table in holes] == listed


def test_a_damaged_build_is_an_error_to_act_on(sample: Workspace, opened: Opened) -> None:
    """One sentence, the next step and a reference; no traceback."""
    sample.build_path(sample.current_build()).write_bytes(b"not a database")
    app = opened()
    assert not app.exception
    assert any("cannot be opened" in error.value for error in app.error)
    assert any("twotrack build" in code.value for code in app.code)
    assert "Reference" in text_of(app)


def test_a_fault_in_a_page_gives_a_reference_and_no_traceback(
    sample: Workspace, opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader gets a sentence; the log gets the cause under the same reference."""
    from app.questions import attention

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(attention, "items", broken)
    app = opened()
    assert not app.exception
    assert "secret detail" not in text_of(app)
    reference = next(c.value for c in app.caption if c.value.startswith("Reference")).split()[-1]
    assert any(reference in record.getMessage() for record in caplog.records)


def test_a_note_in_the_journal_shows_on_the_charts(sample: Workspace, opened: Opened) -> None:
    """Deliberate changes stand where they happened, on a measure's weeks and on the two lanes."""
    notes.annotate(sample.journal_path, AS_OF.date() - timedelta(weeks=6), "Automated approvals")
    for page in ("approvals", "overview"):
        app = opened(page)
        assert any("Automated approvals" in element.proto.spec for element in app.get("plotly_chart")), page


def _publish_another(space: Workspace) -> str:
    """Publish a copy of the current build under a later id; return the earlier id."""
    first = space.current_build()
    later = "29990101T000000-later"
    shutil.copy(space.build_path(first), space.build_path(later))
    space.pointer_path.write_text(json.dumps({"build_id": later}), encoding="utf-8")
    return first
