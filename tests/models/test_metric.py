"""What is said of a value that is undefined or too thin."""

from __future__ import annotations

from models.metric import MetricDefinition, left_out, sample_note

DEFINITION = MetricDefinition(
    name="approval_latency", label="Approval latency", description="…", unit="seconds", kind="duration",
    better="lower", statistic="median", dated_by="requested_at", source="…",
    absent_reason="no change had an effective approval that can be timed",
)  # fmt: skip
EXCLUDED = {"no approval recorded": 1027, "not collectable: by rule, not by whom": 5, "ended without approval": 5}


def test_an_undefined_value_says_what_was_left_out_most_first() -> None:
    """Reasons hold commas and colons, so each is set off with its number behind it, written as people write numbers."""
    assert sample_note(DEFINITION, 0, EXCLUDED) == (
        "undefined: no change had an effective approval that can be timed; left out: no approval recorded (1,027); "
        "ended without approval (5); not collectable: by rule, not by whom (5)"
    )


def test_nothing_is_said_to_be_left_out_where_nothing_was() -> None:
    """An empty period is no pile of records that did not fit."""
    assert sample_note(DEFINITION, 0, {}) == "undefined: no change had an effective approval that can be timed"
    assert left_out({}) == ""


def test_too_few_are_counted_and_enough_need_no_note() -> None:
    """Below ten a value is shown and not judged."""
    assert sample_note(DEFINITION, 9, EXCLUDED) == "too few to judge (n = 9)"
    assert sample_note(DEFINITION, 10, EXCLUDED) == ""


def test_reasons_are_written_as_the_place_they_go_to_asks() -> None:
    """A page makes them inert; their numbers stay."""
    assert left_out({"a_b": 2}, lambda reason: reason.replace("_", " ")) == "a b (2)"
