"""The computed sentence of a page: what left its limits and by how much, or that nothing did.

Owns the wording of findings. Every number in it comes in as a metric's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app import wording
from app.limits import Behaviour
from models.metric import MetricDefinition, MetricValue
from sql.aggregate import Filter

HEADLINE_METRICS = ("approval_latency", "change_failure_rate", "overlapping_windows")


@dataclass(frozen=True)
class Reading:
    """One metric as a page shows it.

    Args:
        definition: What it is.
        value: In the asked period and scope.
        before: In the compared period.
        behaviour: Week by week, with limits and signals.
        filter: The question the value answers.
        has_change_types: Whether its records belong to one type of change each.
        scope_note: What of the question it could not follow.
    """

    definition: MetricDefinition
    value: MetricValue
    before: MetricValue | None
    behaviour: Behaviour
    filter: Filter
    has_change_types: bool = True
    scope_note: str = ""

    @property
    def amount(self) -> str:
        """Value with its statistic: ``19 h median``."""
        is_median = self.definition.statistic in {"median", "kaplan_meier"} and self.value.value is not None
        return wording.metric_amount(self.value) + (" median" if is_median else "")


def overview_sentence(readings: Sequence[Reading], unauthorised: Reading | None, drifting: Sequence[str] = ()) -> str:
    """Return the sentence at the top of the Overview."""
    parts = []
    if drifting:
        named = wording.listed([wording.inert(team, 40) for team in drifting], 3)
        parts.append(f"{named} {'drifts' if len(drifting) == 1 else 'drift'} towards one process")
    has_leaked = unauthorised is not None and bool(unauthorised.value.value) and unauthorised.behaviour.is_signal
    parts += _limits_part(readings, has_more=bool(drifting), is_all=not has_leaked)
    if unauthorised is not None and unauthorised.value.value and not unauthorised.value.is_enough:
        # A share of a handful says what no one should decide on; that there are any is worth a look.
        count = round(unauthorised.value.numerator or 0)
        parts.append(
            f"{wording.plural(count, 'production deployment')} began without valid approval, of "
            f"{unauthorised.value.denominator:,} that can be judged"
        )
    elif unauthorised is not None and unauthorised.value.value:
        before = unauthorised.before
        was = f"from {wording.metric_amount(before)}, " if before and has_leaked else ""
        parts.append(
            f"{unauthorised.amount} of production deployments began without valid approval "
            f"({was}{_n(unauthorised.value)})" + (", outside the usual limits" if has_leaked else "")
        )
    return wording.sentence("; ".join(parts)) + "."


def _limits_part(readings: Sequence[Reading], *, has_more: bool, is_all: bool) -> list[str]:
    """Return what left its limits, or that nothing did, or that nothing can be said.

    Args:
        readings: The headline metrics.
        has_more: Whether the sentence has said something else before.
        is_all: Whether nothing else left its limits; else the quiet ones are named, since "no measure" would be untrue.
    """
    judged = [r for r in readings if r.behaviour.limits is not None]
    signals = [r for r in judged if r.behaviour.is_signal]
    if signals:
        quiet = [r.definition.label.lower() for r in judged if not r.behaviour.is_signal]
        said = [_lower_first(_moved(r)) for r in signals]
        return said + ([f"{wording.listed(quiet)} stayed within limits"] if quiet else [])
    if judged and not is_all:
        return [f"{wording.listed([r.definition.label.lower() for r in judged])} stayed within limits"]
    if judged:
        return [f"no {'other ' if has_more else ''}measure left its limits"]
    known = [r for r in readings if r.value.value is not None and r.value.is_enough]
    return ["there is too little history to say what is usual" + (f": {_values(known)}" if known else "")]


def _values(readings: Sequence[Reading]) -> str:
    return ", ".join(f"{r.definition.label.lower()} {r.amount} ({_n(r.value)})" for r in readings)


def metric_sentence(reading: Reading) -> str:
    """Return one metric's finding, as the title of its page's chart."""
    behaviour = reading.behaviour
    if reading.value.value is None:
        # What was left out is told with the numbers.
        return f"{reading.definition.label} is {reading.value.note.partition('; left out: ')[0]}"
    if not reading.value.is_enough:
        return f"{reading.definition.label}: {reading.amount}, too few to judge ({_n(reading.value)})"
    if behaviour.limits is None:
        return f"{reading.definition.label}: {reading.amount}; there is too little history for limits"
    if behaviour.is_signal:
        return _moved(reading)
    return f"{reading.definition.label} stayed within limits at {reading.amount}"


def _moved(reading: Reading) -> str:
    """Return how a metric left its limits, against the comparison where both agree on the direction."""
    signal, now, before = reading.behaviour.signals[-1], reading.value, reading.before
    label = reading.definition.label
    if before is not None and before.value is not None and now.value is not None:
        rose = now.value > before.value
        # "Rose to 22 h (from 22 h)" would say nothing.
        if rose == signal.is_high and wording.metric_amount(now) != wording.metric_amount(before):
            return (
                f"{label} {'rose' if rose else 'fell'} to {reading.amount} "
                f"(from {wording.metric_amount(before)}, {_n(now)})"
            )
    limits = reading.behaviour.limits
    usual = f", usual {wording.amount(limits.centre, now.unit)}" if limits else ""
    return (
        f"{label}: {wording.amount(signal.value, now.unit)} in the week of {wording.day(signal.week)}"
        f"{usual}: {signal.rule}"
    )


def _n(value: MetricValue) -> str:
    return f"n = {value.denominator:,}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
