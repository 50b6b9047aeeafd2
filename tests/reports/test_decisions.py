from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.journal import decisions
from app.journal.decisions import Held, carried_into, decide, read_file, settle, taken_in
from models.errors import InputError

Q1 = Held("2026Q1", date(2026, 1, 1), date(2026, 4, 1))
Q2 = Held("2026Q2", date(2026, 4, 1), date(2026, 7, 1))
Q3 = Held("2026Q3", date(2026, 7, 1), date(2026, 10, 1))
Q3_MONEY = Held("2026Q3", date(2026, 7, 1), date(2026, 10, 1), "Money")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.sqlite"


def test_a_retrospective_opens_with_the_last_ones_decisions_and_what_is_still_open(journal: Path) -> None:
    """Done things are told once; open ones come again until they are settled."""
    decide(journal, Q1, "old and done", state="done")
    decide(journal, Q1, "old and open")
    decide(journal, Q2, "last time, done", state="done")
    decide(journal, Q2, "last time, open")
    decide(journal, Q3, "of this one")
    assert [one.text for one in carried_into(journal, Q3)] == ["old and open", "last time, done", "last time, open"]
    assert [one.text for one in taken_in(journal, Q3)] == ["of this one"]


def test_teams_have_their_own_retrospectives(journal: Path) -> None:
    """A team's decisions do not turn up in everybody's retrospective, nor the reverse."""
    decide(journal, Q2, "for all")
    decide(journal, Held(Q2.period, Q2.start, Q2.end, "Money"), "for Money")
    assert [one.text for one in carried_into(journal, Q3)] == ["for all"]
    assert [one.text for one in carried_into(journal, Q3_MONEY)] == ["for Money"]


def test_entering_a_decision_again_corrects_it(journal: Path) -> None:
    """A file may be read as often as one likes."""
    decide(journal, Q2, "Name a  deployer\n", owner="Head of payments")
    decide(
        journal,
        Q2,
        "Name a deployer",
        owner="Release manager",
        due_on=date(2026, 8, 1),
        state="dropped",
        outcome="moot",
    )
    (one,) = taken_in(journal, Q2)
    assert (one.owner, one.due_on, one.state, one.outcome) == ("Release manager", date(2026, 8, 1), "dropped", "moot")


def test_a_decision_can_be_settled(journal: Path) -> None:
    """What became of it is kept with it; there is no settling what was never decided."""
    decide(journal, Q2, "x", due_on=date(2026, 8, 1))
    (one,) = taken_in(journal, Q2)
    assert one.is_overdue(date(2026, 8, 2)) and not one.is_overdue(date(2026, 8, 1))
    settle(journal, one.decision_id, "done", "in the template")
    (one,) = taken_in(journal, Q2)
    assert (one.state, one.outcome, one.is_overdue(date(2027, 1, 1))) == ("done", "in the template", False)
    with pytest.raises(InputError):
        settle(journal, 99, "done")


def test_without_a_journal_there_is_nothing_and_none_is_made(journal: Path) -> None:
    """Reading leaves no file behind."""
    assert carried_into(journal, Q3) == [] and not journal.exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * (decisions.LONGEST + 1)])
def test_a_decision_has_words_and_not_too_many(journal: Path, text: str) -> None:
    """An empty or endless decision is refused."""
    with pytest.raises(InputError):
        decide(journal, Q2, text)


def test_a_file_of_decisions_is_read(tmp_path: Path) -> None:
    """Owner, due date, state, outcome, period and team may stand beside the text."""
    path = tmp_path / "d.toml"
    path.write_text(
        '[[decision]]\ntext = "a"\nowner = "b"\ndue = 2026-08-01\nstate = "done"\noutcome = "c"\nperiod = "2026Q2"\n'
    )
    (one,) = read_file(path)
    assert (one.text, one.owner, one.due_on, one.state, one.outcome, one.period) == (
        "a",
        "b",
        date(2026, 8, 1),
        "done",
        "c",
        "2026Q2",
    )


@pytest.mark.parametrize(
    "text",
    ["[[decision]]\n", '[[decision]]\ntext = "a"\nwho = "b"\n', "not toml", '[[decision]]\ntext = "a"\nstate = "x"\n'],
)
def test_a_file_that_does_not_fit_is_refused_with_what_it_may_hold(tmp_path: Path, text: str) -> None:
    """A wrong key, a missing text or an unknown state is named."""
    path = tmp_path / "d.toml"
    path.write_text(text)
    with pytest.raises(InputError):
        read_file(path)


def test_the_history_counts_what_became_of_each_retrospectives_decisions(tmp_path: Path) -> None:
    """Newest first, a team's apart from everybody's, and nothing of a quarter that has not begun."""
    path = tmp_path / "journal.sqlite"
    first = Held("2026Q1", date(2026, 1, 1), date(2026, 4, 1))
    second = Held("2026Q2", date(2026, 4, 1), date(2026, 7, 1))
    decisions.decide(path, first, "a", state="done")
    decisions.decide(path, first, "b", state="dropped")
    decisions.decide(path, second, "c", due_on=date(2026, 7, 5))
    decisions.decide(path, second, "d", due_on=date(2026, 9, 5))
    decisions.decide(path, Held("2026Q2", date(2026, 4, 1), date(2026, 7, 1), "Money"), "e")
    decisions.decide(path, Held("2027Q1", date(2027, 1, 1), date(2027, 4, 1)), "f")
    past = decisions.history(path, "", date(2026, 8, 1))
    assert [(one.held.period, one.decided, one.done, one.dropped, one.still_open, one.overdue) for one in past] == [
        ("2026Q2", 2, 0, 0, 2, 1),
        ("2026Q1", 2, 1, 1, 0, 0),
    ]
    assert [one.decided for one in decisions.history(path, "Money", date(2026, 8, 1))] == [1]
