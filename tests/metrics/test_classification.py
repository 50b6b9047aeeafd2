"""How much the rules classify in recorded sets, and how well, against a labelled sample."""

from __future__ import annotations

import pytest

from tests.metrics.classification_page import DRAWN, PAGE, answers, page, read_sample, scores, shares
from tests.metrics.conftest import Set


@pytest.mark.parametrize("name", DRAWN)
def test_at_least_98_of_100_events_are_classified(real_set: Set, name: str) -> None:
    """What no rule matches is listed, and is rare."""
    events, classified = shares(real_set(name))
    assert events > 400
    assert classified / events >= 0.98
    listed = real_set(name).execute("select coalesce(sum(events), 0) from marts.unclassified").fetchone()
    assert listed == (events - classified,)


def test_every_event_of_the_sample_is_in_the_builds(real_set: Set) -> None:
    """A label for an event that is gone measures nothing."""
    sample = read_sample()
    assert len(sample) == 200
    answered = answers({name: real_set(name) for name in DRAWN}, sample)
    assert [one for one, answer in zip(sample, answered, strict=True) if not answer] == []


def test_what_is_counted_most_is_told_precisely(real_set: Set) -> None:
    """Approvals, requests and planning carry the metrics: nine of ten that the rules name are so, and are found."""
    sample = read_sample()
    by_name = {one.activity: one for one in scores(sample, answers({n: real_set(n) for n in DRAWN}, sample))}
    for activity in ("change_governance/approved", "change_governance/proposed", "release_execution/planned"):
        assert (by_name[activity].precision or 0) >= 0.9
        assert (by_name[activity].recall or 0) >= 0.9


def test_the_page_says_what_the_rules_do(real_set: Set) -> None:
    """Stale after a change of a rule: run python -m tests.metrics.classification_page."""
    assert PAGE.read_text(encoding="utf-8") == page({name: real_set(name) for name in DRAWN})
