from __future__ import annotations

import re
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from app.journal import decisions
from app.journal.decisions import Held
from app.reports import retrospective
from app.reports.question import parse_period
from models.errors import InputError
from models.workspace import Workspace

PERIOD = parse_period("2026Q2")
BEFORE = Held("2026Q1", date(2026, 1, 1), date(2026, 4, 1))
ORDER = (
    "What we decided last time", "The two practices as the records show them", "What changed", "The changes behind it",
    "What each process caught and missed", "Drift: are the two becoming one?", "Combine or separate",
    "Questions for the meeting", "Decisions of this retrospective", "What this rests on",
)  # fmt: skip


@pytest.fixture
def space(workspace: Workspace, tmp_path: Path) -> Workspace:
    """The built workspace with a journal of its own."""
    home = tmp_path / "home"
    shutil.copytree(workspace.home, home)
    return Workspace(home)


def page(space: Workspace, out: Path, period: str = "2026Q2", scope: str | None = None) -> str:
    return retrospective.write(space, parse_period(period), scope, out).html.read_text(encoding="utf-8")


def test_the_report_has_its_parts_in_order(space: Workspace, tmp_path: Path) -> None:
    """Last time's decisions come first, this time's last, and what lies between keeps its order."""
    text = page(space, tmp_path / "out")
    assert tuple(re.findall(r"<h2>(.*?)</h2>", text)) == ORDER


def test_the_same_build_period_and_journal_give_the_same_bytes(space: Workspace, tmp_path: Path) -> None:
    """Neither HTML nor PDF depends on the clock or the folder."""
    one, two = (retrospective.write(space, PERIOD, "payments", tmp_path / name) for name in ("a", "b"))
    assert one.html.read_bytes() == two.html.read_bytes()
    assert one.pdf.read_bytes() == two.pdf.read_bytes()


def test_every_metric_is_marked_signal_or_routine_or_says_why_not(space: Workspace, tmp_path: Path) -> None:
    """No number stands there as if a wiggle meant something."""
    text = page(space, tmp_path / "out")
    table = text.split("Every metric with a value")[1].split("</table>")[0]
    marks = re.findall(r"<tr>.*?<td><span class=\"\w+\">(.*?)</span></td></tr>", table)
    assert len(marks) == table.count("<tr>") - 1 > 10
    assert all(
        re.match(r"signal|routine variation|too little history|too few to judge|nothing to judge|undefined", m)
        for m in marks
    )


def test_last_times_decisions_open_the_next_report(space: Workspace, tmp_path: Path) -> None:
    """What was decided stands first with what became of it; what is overdue is asked about."""
    decisions.decide(space.journal_path, BEFORE, "Name a deployer", owner="Head of payments", due_on=date(2026, 5, 1))
    decisions.decide(space.journal_path, BEFORE, "Write notes", state="done", outcome="in the template")
    made = retrospective.write(space, PERIOD, None, tmp_path / "out")
    text = made.html.read_text(encoding="utf-8")
    first = text.split("What we decided last time</h2>")[1].split("<h2>")[0]
    assert "1 of 2 decisions done, 1 overdue" in first and "done: in the template" in first and "open, overdue" in first
    assert "Name a deployer" in made.questions[0]


def test_decisions_of_a_file_are_kept_and_carried(space: Workspace, tmp_path: Path) -> None:
    """A TOML file fills the journal; the next period's report opens with it."""
    file = tmp_path / "d.toml"
    file.write_text('[[decision]]\ntext = "Split the CAB agenda"\nowner = "Change manager"\ndue = 2026-09-01\n')
    retrospective.write(space, PERIOD, None, tmp_path / "out", entries=decisions.read_file(file))
    later = page(space, tmp_path / "later", "2026Q3")
    assert "Split the CAB agenda" in later.split("What we decided last time</h2>")[1].split("<h2>")[0]


def test_a_first_retrospective_says_that_it_starts_the_list(space: Workspace, tmp_path: Path) -> None:
    """No earlier decisions is said, not left blank."""
    assert "this one starts the list" in page(space, tmp_path / "out")


def test_an_empty_period_says_that_there_is_nothing_to_look_back_on(space: Workspace, tmp_path: Path) -> None:
    """Without records there is no sentence about latency, only that there is nothing."""
    text = page(space, tmp_path / "out", "2019Q1")
    assert "nothing to look back on" in text and "stayed within" not in text


def test_a_period_that_is_not_over_says_so(space: Workspace, tmp_path: Path) -> None:
    """A build of 29 June cannot have seen the quarter's end."""
    assert "The period is not over" in page(space, tmp_path / "out")


def test_a_period_without_practice_tables_says_what_is_missing(space: Workspace, tmp_path: Path) -> None:
    """The cheat sheet is made for quarters; for a month the report says so instead of showing another period's."""
    text = page(space, tmp_path / "out", "2026-05")
    assert "Missing: the cheat sheet" in text and "Cheat sheet, 2026Q2" not in text


def test_charts_have_their_words_beside_them(space: Workspace, tmp_path: Path) -> None:
    """Each picture carries a label and the same content as text."""
    text = page(space, tmp_path / "out")
    assert text.count("<svg") == text.count('role="img"') == text.count('class="words"') > 0


def test_a_report_is_about_one_scope(space: Workspace, tmp_path: Path) -> None:
    """A service's report counts that service's records only, and says whose practice it shows."""
    text = page(space, tmp_path / "out", scope="service:checkout")
    assert "11 changes" in text or "10 changes" in text
    assert "The practice of a service is that of its team, Shop" in text


def test_generated_records_are_called_generated(tmp_path: Path) -> None:
    """A demo workspace's report says so at the top."""
    from tests.app.sample import published
    from tests.reports import quarter

    demo = published(tmp_path / "home", quarter.records(), kind="demo")
    assert "Generated example data" in page(demo, tmp_path / "out")


def test_an_unknown_team_lists_the_known_ones(space: Workspace, tmp_path: Path) -> None:
    """A wrong name is answered with the right ones, and nothing is written."""
    with pytest.raises(InputError) as refused:
        retrospective.write(space, PERIOD, "team:Payments", tmp_path / "out")
    assert "team:Money" in refused.value.next_step and not (tmp_path / "out").exists()


def test_verdicts_stand_with_every_condition_and_its_figures(space: Workspace, tmp_path: Path) -> None:
    """Whoever doubts a verdict finds below it what had to hold, whether it did, and the numbers that say so."""
    from app.published import open_build

    text = page(space, tmp_path / "out")
    table = text.split("What these verdicts rest on, 2026Q2")[1].split("</table>")[0]
    with open_build(space) as (_, con):
        conditions = con.execute(
            "select sentence from marts.verdict_conditions where period = '2026Q2' and team = '(all)'"
        ).fetchall()
    assert len(conditions) > 8 and table.count("<tr>") == len(conditions) + 1
    assert re.search(
        r"\d+\.\d\u00a0% decided before the start, \d+ of \d+ deployments \(at least 95\u00a0% wanted\)", table
    )


def test_no_line_ends_between_a_number_and_its_unit(space: Workspace, tmp_path: Path) -> None:
    """A percentage or a duration is not torn apart where a line of the report ends."""
    text = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", page(space, tmp_path / "out"), flags=re.DOTALL)
    assert re.findall(r"\d (?:%|h|min)[ ,.<)]", text) == []


def test_the_report_lists_the_retrospectives_before_it(space: Workspace, tmp_path: Path) -> None:
    """From the third on, what became of the decisions of each stands in one table, newest first."""
    earlier = Held("2025Q4", date(2025, 10, 1), date(2026, 1, 1))
    decisions.decide(space.journal_path, earlier, "Old one", state="done")
    assert "Retrospectives so far" not in page(space, tmp_path / "one")
    decisions.decide(space.journal_path, BEFORE, "Newer one", due_on=date(2026, 5, 1))
    text = page(space, tmp_path / "two")
    table = text.split("Retrospectives so far")[1].split("</table>")[0]
    rows = [re.findall(r">([^<]*)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]]
    assert rows == [["2026Q1", "1", "0", "0", "1", "1"], ["2025Q4", "1", "1", "0", "0", "0"]]


def test_a_source_read_in_part_is_named_in_the_report(tmp_path: Path) -> None:
    """When the last run of a source failed, the report says at its top that it may be incomplete."""
    from ingest.store import RawStore
    from models.settings import parse_settings
    from sql.build import build
    from tests.app.sample import AS_OF, SETTINGS, store_records
    from tests.reports import quarter

    part = store_records(tmp_path / "home", quarter.records())
    with RawStore(part.raw_path) as store:
        store.con.execute("update raw.runs set status = 'failed', error = 'the source closed the connection'")
    build(part, parse_settings(SETTINGS.replace("{kind}", "live"), "test"), as_of=AS_OF, memory_limit="1GB")
    made = retrospective.write(part, PERIOD, None, tmp_path / "out")
    opening = made.html.read_text(encoding="utf-8").split("<main>")[0]
    assert made.incomplete and "itsm may be incomplete" in opening


def test_a_workspace_without_approvals_says_so_at_the_top(tmp_path: Path) -> None:
    """No approval on record is told before any figure, and nothing is called unauthorised for it."""
    from tests.app.sample import Records, change, deployment, published

    made = Records()
    for number in range(12):
        at = datetime(2026, 4, 6 + number, 9)
        deployment(made, f"D{number}", at=at, carries=[change(made, f"C{number}", at=at)])
    text = page(published(tmp_path / "home", made, kind="live"), tmp_path / "out")
    assert "approval" in text.split("<main>")[0].lower()
    assert "began without valid approval" not in text
