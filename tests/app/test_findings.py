"""The sentence at the top of the Overview."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from app.findings import Reading, metric_sentence, overview_sentence
from app.limits import Week, behaviour
from models.metric import MetricDefinition, MetricValue
from sql.aggregate import Filter

MONDAY = date(2026, 1, 5)
QUIET, LOUD = (0.05, 0.07), (0.05, 0.5)


def reading(label: str, last: tuple[float, float]) -> Reading:
    """Return a rate with ten usual weeks and two judged ones."""
    weeks = [Week(MONDAY + timedelta(weeks=i), value, 20) for i, value in enumerate([*(0.05, 0.07) * 5, *last])]
    definition = MetricDefinition(
        name=label.replace(" ", "_"), label=label, description="", unit="ratio", kind="rate", better="lower",
        statistic="share", dated_by="", source="",
    )  # fmt: skip
    values = [
        MetricValue(metric=label, label=label, unit="ratio", value=value, numerator=1, denominator=40, is_enough=True)
        for value in (0.3, 0.06)
    ]
    asked = Filter(datetime(2026, 3, 16), datetime(2026, 3, 30))
    return Reading(definition, *values, behaviour(weeks, MONDAY + timedelta(weeks=10)), asked)


def test_unauthorised_deployments_outside_their_limits_are_no_quiet_week() -> None:
    """'No measure left its limits' is not said beside one that did."""
    said = overview_sentence([reading("Change failure rate", QUIET)], reading("Unauthorised deployments", LOUD))
    assert said == (
        "Change failure rate stayed within limits; 30 % of production deployments began without valid approval "
        "(from 6 %, n = 40), outside the usual limits."
    )


def test_when_everything_is_quiet_that_is_said() -> None:
    """The share without approval is told all the same, without a comparison that would look like news."""
    said = overview_sentence([reading("Change failure rate", QUIET)], reading("Unauthorised deployments", QUIET))
    assert said == ("No measure left its limits; 30 % of production deployments began without valid approval (n = 40).")


def few(found: Reading) -> Reading:
    """The same of one record."""
    value = found.value.model_copy(update={"value": 1.0, "numerator": 1, "denominator": 1, "is_enough": False})
    return replace(found, value=value)


def test_a_share_of_too_few_is_no_headline() -> None:
    """One deployment of one is no hundred per cent; that there is one is said all the same."""
    said = overview_sentence([reading("Change failure rate", QUIET)], few(reading("Unauthorised deployments", QUIET)))
    assert said == (
        "No measure left its limits; 1 production deployment began without valid approval, of 1 that can be judged."
    )
    said = metric_sentence(few(reading("Change failure rate", QUIET)))
    assert said == "Change failure rate: 100 %, too few to judge (n = 1)"


def test_what_is_undefined_says_why_and_not_twice() -> None:
    """A title has one colon, no dash in place of a value, and leaves the reasons to the line of numbers."""
    found = reading("Change failure rate", QUIET)
    note = "undefined: no deployment finished; left out: did not finish (3)"
    found = replace(found, value=found.value.model_copy(update={"value": None, "denominator": 0, "note": note}))
    assert metric_sentence(found) == "Change failure rate is undefined: no deployment finished"
