from __future__ import annotations

from dataclasses import replace

import pytest

from app.questions import builds, change_story, tour
from app.questions.change_story import Story
from models.workspace import Workspace
from tests.app.conftest import Opened, text_of

CHANGE = "itsm:CHG-0001"


@pytest.fixture
def story(sample: Workspace) -> Story:
    found = change_story.of_change(builds.open_build(sample, sample.current_build()), CHANGE)
    assert found is not None
    return found


def test_the_tour_asks_governance_first_and_answers_with_records(story: Story) -> None:
    """Every act of either track that a question is about is in exactly one step; steps without records are left out."""
    steps = tour.steps(story)
    tracks = [step.track for step in steps]
    assert tracks[-1] == ""
    assert tracks[:-1] == sorted(tracks[:-1])
    assert all(step.events for step in steps[:-1])
    shown = [event for step in steps[:-1] for event in step.events]
    of_both = [event for event in story.events if event.track in ("change_governance", "release_execution")]
    assert sorted(map(id, shown)) == sorted(map(id, of_both))


def test_a_change_without_acts_has_no_tour(story: Story) -> None:
    """Nothing on record is nothing to walk through."""
    assert tour.steps(replace(story, events=())) == ()


def test_the_tour_ends_with_what_the_records_say_of_the_separation(story: Story) -> None:
    """Order, conditions and duties are said as they are, an unmet condition too."""
    open_one = {"text": "Support briefed", "status": "not met", "met_at": None}
    said = tour.steps(replace(story, conditions=(open_one,)))[-1].facts
    assert "0 of 1 condition met in time." in said
    assert "Support briefed: not met" in said
    assert any("its approval" in fact for fact in said)


def test_the_tour_begins_goes_on_and_ends_by_its_buttons(sample: Workspace, opened: Opened) -> None:
    """The step is in the address, so that it can be shared."""
    app = opened("change", change=CHANGE)
    app.button("tour_begin").click().run()
    assert app.query_params["tour"] == "1"
    assert "step 1 of" in text_of(app)
    app.button("tour_next").click().run()
    assert app.query_params["tour"] == "2"
    app.button("tour_end").click().run()
    assert "tour" not in app.query_params
    assert not app.exception


@pytest.mark.parametrize("step", ["0", "999", "x", "²"])
def test_a_step_that_is_not_there_is_the_nearest_one(sample: Workspace, opened: Opened, step: str) -> None:
    """An address that somebody typed is no fault."""
    app = opened("change", change=CHANGE, tour=step)
    assert not app.error
    assert "Guided tour" in text_of(app)
