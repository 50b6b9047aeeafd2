"""The names offered for one that nothing has are those somebody may have meant."""

from __future__ import annotations

import pytest

from models.nearest import choices, did_you_mean, nearest

TEAMS = ["checkout", "Checkout-API", "ledger", "payments", "platform"]


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("chekout", ["checkout", "Checkout-API"]),
        ("PAYMENT", ["payments"]),
        ("pay", ["payments"]),
        ("leger", ["ledger"]),
        ("zebra", []),
        ("", []),
    ],
)
def test_a_slip_of_the_pen_finds_the_name_and_something_else_finds_none(given: str, near: list[str]) -> None:
    """A letter left out, other capitals or an end left off are slips; another word is not."""
    assert nearest(given, TEAMS) == near


def test_names_that_differ_only_in_capitals_are_all_offered() -> None:
    """Which of the two was meant is for the person to say."""
    assert nearest("CORE", ["Core", "shore", "core"]) == ["Core", "core", "shore"]


def test_the_question_is_empty_where_nothing_is_near() -> None:
    """A guess that is no help is worse than none."""
    assert did_you_mean("legder", TEAMS) == "did you mean ledger?"
    assert did_you_mean("zebra", TEAMS) == ""


def test_of_few_names_all_are_listed_and_of_many_the_near_ones() -> None:
    """Nobody reads through a hundred names, and nobody has to guess among three."""
    assert choices("zebra", TEAMS) == ", ".join(TEAMS)
    many = [f"team-{number:03}" for number in range(100)] + ["ledger"]
    assert choices("legder", many) == "ledger and 100 more"
    assert choices("zebra", many).endswith("team-019 and 81 more")
