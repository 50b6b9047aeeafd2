"""How much the rules classify in recorded sets, and how well, against a labelled sample."""

from __future__ import annotations

import pytest

from tests.metrics.classification_page import PAGE, SETS, answers, page, right, scores, shares
from tests.metrics.classification_sample import DRAWN, read_earlier, read_sample
from tests.metrics.conftest import Set

# Fewest events of a set that make the share worth stating.
FEWEST = {"jenkins": 100, "gitlab": 200, "osg": 2000, "govuk": 50_000}


@pytest.mark.parametrize("name", SETS)
def test_at_least_98_of_100_events_are_classified(real_set: Set, name: str) -> None:
    """What no rule matches is listed, and is rare."""
    events, classified = shares(real_set(name))
    assert events > FEWEST.get(name, 400)
    assert classified / events >= 0.98
    listed = real_set(name).execute("select coalesce(sum(events), 0) from marts.unclassified").fetchone()
    assert listed == (events - classified,)


def test_every_event_of_the_sample_is_in_the_builds(real_set: Set) -> None:
    """A label for an event that is gone measures nothing."""
    sample = read_sample()
    assert sum(one.part == "all" for one in sample) == 200
    answered = answers({name: real_set(name) for name in DRAWN}, sample)
    assert [one for one, answer in zip(sample, answered, strict=True) if not answer] == []


def test_what_the_rules_name_is_so_and_is_found(real_set: Set) -> None:
    """Of every activity with ten events or more: 95 of 100 that the rules name are so, and nine of ten are found."""
    sample = read_sample()
    answered = answers({name: real_set(name) for name in DRAWN}, sample)
    read = [one for one in scores(sample, answered) if one.claimed >= 10]
    assert len(read) >= 12
    assert {one.activity: one.precision for one in read if (one.precision or 0) < 0.95} == {}
    assert {one.activity: one.recall for one in read if (one.recall or 0) < 0.9} == {}
    assert sum(map(right, sample, answered)) / len(sample) >= 0.95


def test_a_change_of_the_rules_keeps_what_earlier_samples_taught(real_set: Set) -> None:
    """Samples that were labelled by the reader's page and led to a change stay right in at least 97 of 100."""
    builds = {name: real_set(name) for name in DRAWN}
    for seed in ("20261126", "20261127", "20261128"):
        sample = read_earlier()[seed]
        told = [(one, answer) for one, answer in zip(sample, answers(builds, sample), strict=True) if answer]
        assert len(told) > 190
        assert sum(right(one, answer) for one, answer in told) / len(told) >= 0.97


def test_the_page_says_what_the_rules_do(real_set: Set) -> None:
    """Stale after a change of a rule: run python -m tests.metrics.classification_page."""
    assert PAGE.read_text(encoding="utf-8") == page({name: real_set(name) for name in SETS})
