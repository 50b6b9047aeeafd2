from __future__ import annotations

import re
import sys
from datetime import date, datetime
from importlib import import_module
from pathlib import Path

import pytest

from app import quarters
from app.dashboard import own_command
from app.journal import decisions
from app.journal.decisions import Held
from models.errors import UserError
from models.settings import parse_settings
from models.workspace import Workspace
from tests.app.conftest import Opened, text_of


def test_quarters_are_those_the_records_span_newest_first() -> None:
    """A quarter is named as the command line names it."""
    assert quarters.spanned(datetime(2025, 11, 3), datetime(2026, 4, 1)) == ["2026Q2", "2026Q1", "2025Q4"]
    assert quarters.spanned(datetime(2026, 1, 1), datetime(2026, 3, 31)) == ["2026Q1"]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [(datetime(2026, 10, 1), "2026Q3"), (datetime(2026, 9, 30, 23), "2026Q2"), (datetime(2026, 1, 1), "2025Q4")],
)
def test_the_offered_quarter_is_the_newest_that_is_over(as_of: datetime, expected: str) -> None:
    """A retrospective looks back on a whole quarter."""
    known = quarters.spanned(datetime(2025, 7, 1), as_of)
    assert known[quarters.newest_complete(known, as_of)] == expected


def test_a_command_is_run_without_a_shell_and_its_error_is_one_to_act_on(sample: Workspace) -> None:
    """What a page passes stays one argument; what the command says is what the reader sees."""
    with pytest.raises(UserError, match="no period") as caught:
        own_command.run(sample, ["report", "--period", "2026Q9; touch x"])
    assert "2026Q3" in caught.value.next_step


def test_a_command_is_shown_as_it_can_be_pasted() -> None:
    """Anything a shell would read is quoted."""
    assert own_command.shown(["evidence", "--scope", "team:a b"]) == "twotrack evidence --scope 'team:a b'"
    assert own_command.shown(["x", "$(rm)", "it's"]) == "twotrack x '$(rm)' 'it'\\''s'"
    assert own_command.shown(["x", ""]) == "twotrack x ''"


def test_decisions_are_entered_and_settled_on_the_page(sample: Workspace, opened: Opened) -> None:
    """They are in the journal, and open the next retrospective."""
    app = opened("retrospective", retrospective="2026Q1")
    app.text_input("decision_text").set_value("Separate approver and deployer")
    app.text_input("decision_owner").set_value("Head of payments")
    next(button for button in app.button if button.label == "Decide").click().run()
    held = Held("2026Q1", date(2026, 1, 1), date(2026, 4, 1))
    taken = decisions.taken_in(sample.journal_path, held)
    assert [(one.text, one.owner, one.state) for one in taken] == [
        ("Separate approver and deployer", "Head of payments", "open")
    ]
    later = opened("retrospective", retrospective="2026Q2")
    assert "1 decision from last time, 1 still open" in text_of(later)
    later.selectbox(f"s_{taken[0].decision_id}").set_value("done")
    later.text_input(f"o_{taken[0].decision_id}").set_value("Two teams now")
    next(button for button in later.button if button.label == "Keep").click().run()
    settled = decisions.taken_in(sample.journal_path, held)[0]
    assert (settled.state, settled.outcome) == ("done", "Two teams now")


def test_the_report_is_written_from_the_build_the_page_shows(sample: Workspace, opened: Opened) -> None:
    """One HTML file and one PDF, named as demo data, with the questions for the meeting on the page."""
    sample.config_path.write_text('[workspace]\nname = "Sample"\nkind = "demo"\n', encoding="utf-8")
    app = opened("retrospective", retrospective="2026Q1")
    app.button("write_report").click().run(timeout=120)
    assert not app.error
    files = {button.proto.label for button in app.get("download_button")}
    assert files == {"Download HTML", "Download PDF"}


def test_an_evidence_command_names_what_was_chosen(sample: Workspace, opened: Opened) -> None:
    """The page and the command line ask for the same pack; the key stays with its owner."""
    app = opened("evidence_export", evidence="2026Q1", evidence_scope="Team Money")
    said = "\n".join(code.value for code in app.code)
    assert "--period 2026Q1" in said and "--scope team:Money" in said and "--key" in said
    assert sample.current_build() in said
    assert sys.executable not in said


def test_every_command_a_page_shows_can_be_run_as_it_stands(sample: Workspace, opened: Opened) -> None:
    """What is shown to be pasted is accepted by the command line: no option is missing, none is unknown."""
    from app.cli import COMMANDS

    shown = [
        line.split()[1:]
        for page in (opened("evidence_export", evidence="2026Q1"), opened("retrospective", retrospective="2026Q1"))
        for code in page.code
        for line in code.value.splitlines()
    ]
    assert {words[0] for words in shown} == {"evidence", "keygen", "verify", "report"}
    for name, *words in shown:
        command = import_module(f"app.commands.{COMMANDS[name][0]}").command
        command.make_context(name, words)


def test_a_pack_is_made_on_the_page_with_its_steps(sample: Workspace, opened: Opened) -> None:
    """The page is told of each step; the pack of the same question is offered again with the same count."""
    lines: list[str] = []
    arguments = ["evidence", "--period", "2026Q1", "--out", str(sample.home / "evidence"), "--zip"]
    answer = own_command.run_telling(sample, arguments, lines.append)
    assert lines and all(re.fullmatch(r"Evidence: .* \([0-4] of 5\)", line) for line in lines)
    with pytest.raises(UserError, match="no period"):
        own_command.run_telling(sample, ["report", "--period", "2026Q9"], lines.append)
    from app.views.evidence_export import _made_before

    assert _made_before(Path(answer["pack"]))["exceptions"] == answer["exceptions"]


def test_past_retrospectives_are_listed_on_the_page(sample: Workspace, opened: Opened) -> None:
    """Each one that took decisions, with what became of them."""
    decisions.decide(sample.journal_path, Held("2026Q1", date(2026, 1, 1), date(2026, 4, 1)), "x", state="done")
    app = opened("retrospective", retrospective="2026Q2")
    assert "All retrospectives" in [header.value for header in app.header]
    (table,) = app.dataframe
    assert table.value.iloc[0].tolist() == ["2026Q1", 1, 1, 0, 0, 0]


def test_the_sample_settings_are_valid() -> None:
    """The factories' configuration is one a user could have."""
    from tests.app.sample import SETTINGS

    assert parse_settings(SETTINGS.replace("{kind}", "demo"), "sample").workspace.kind == "demo"
