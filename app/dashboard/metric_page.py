"""The parts of a metric's page: finding with limits, breakdown, distribution.

Every part, and the list of records below them, uses the same filter, so they cannot disagree. Pages say which metric
and in which order.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import findings, wording
from app.dashboard import annotating, components, exhibits, filters, frame, readings, record_list, take_away
from app.dashboard.frame import Frame
from app.families import Subject
from app.figures import charts, style
from app.figures.charts import Estimate
from app.findings import Reading
from app.journal import notes
from app.questions import queries, records
from models.metric import MetricValue, left_out

_FEW = 2
_GROUPS = {"Service": "service", "Team": "team", "Change type": "change_type"}
_SHOWN_GROUPS = 20
_MANY = {"day of a service": "days of services", "pair of windows": "pairs of windows"}


def choose_measure(asked: Frame, family: Sequence[Subject]) -> tuple[Subject, Reading] | None:
    """Let the reader pick one of a page's measures; ``None`` when the build holds none of them."""
    held = queries.definitions(asked.build)
    offered = {held[subject.name].label: subject for subject in family if subject.name in held}
    if not offered:
        return None
    label = filters.choose("Measure", list(offered), key="measure") if len(offered) > 1 else next(iter(offered))
    reading = readings.reading(asked, offered[label].name)
    return (offered[label], reading) if reading else None


def is_empty(reading: Reading) -> bool:
    """Whether not a single record, judged or left out, answers the question."""
    return not reading.value.denominator and not reading.value.excluded


def measures(asked: Frame, family: Sequence[Subject]) -> None:
    """Show all measures of a page at once; selecting one looks into it."""
    found = [reading for subject in family if (reading := readings.reading(asked, subject.name))]
    if len(found) < _FEW:
        return
    st.subheader("All measures of this page", anchor=False)
    rows = pd.DataFrame(
        {
            "Measure": [r.definition.label for r in found],
            "Value": [r.amount for r in found],
            "n": [r.value.denominator for r in found],
            "Compared with": [wording.metric_amount(r.before) if r.before else "" for r in found],
            "Limits": [components.standing(r.behaviour) for r in found],
            "Note": [r.value.note or r.scope_note for r in found],
            "What it says": [r.definition.description for r in found],
        }
    )
    if not rows["Note"].astype(bool).any():
        rows = rows.drop(columns="Note")
    columns = {
        "Measure": st.column_config.TextColumn(width=190), "Value": st.column_config.TextColumn(width=110),
        "n": st.column_config.NumberColumn(width=60, format="localized"),
        "Compared with": st.column_config.TextColumn(width=105),
        "Limits": st.column_config.TextColumn(width=110), "Note": st.column_config.TextColumn(width=120),
        "What it says": st.column_config.TextColumn(width=270 if "Note" not in rows.columns else 155),
    }  # fmt: skip
    components.table(
        rows, key="measures", alt="All measures of this page", of=take_away.provenance(asked),
        columns={name: columns[name] for name in rows.columns},
        on_pick=lambda row: pick("measure", found[row].definition.label),
    )  # fmt: skip
    st.caption("Select a row to look into it above.")


def pick(key: str, value: object) -> None:
    """Let a choice made in a chart or a table be that of a widget of the page; used in callbacks."""
    if value:
        st.session_state[key] = value


def headline(asked: Frame, subject: Subject, reading: Reading) -> None:
    """Show the finding, the metric week by week with its limits, and the same as a table."""
    title = findings.metric_sentence(reading)
    st.header(title, anchor=False)
    st.caption(_numbers(subject, reading))
    behaviour = reading.behaviour
    if all(week.value is None for week in behaviour.weeks):
        st.caption(_nothing_drawn(reading))
        annotating.offer(asked)
        return
    figure = charts.process_behaviour(
        behaviour,
        reading.value.unit,
        subject.track,
        style.palette(frame.is_dark()),
        judged_from=readings.judged_from(asked.choice.asked),
        notes=notes.notes_between(behaviour.weeks[0].week, behaviour.weeks[-1].week, *asked.choice.teams),
    )
    of = readings.provenance(asked, reading)
    exhibits.chart(
        figure,
        key=f"weeks_{subject.name}",
        of=of,
        on_select=lambda: pick("week", exhibits.picked_mark(f"weeks_{subject.name}")),
        alt=f"{title}. {reading.definition.label} week by week with its process-behaviour limits. "
        "The table below holds the same numbers.",
    )
    st.caption(f"{_limits_text(reading)} Choose a week to see its records.")
    _say_chosen("week", record_list.ALL_WEEKS, "the week of ")
    exhibits.same_as_table(
        _week_rows(reading), name=f"{subject.name}_by_week", alt=f"{reading.definition.label} by week", of=of,
        on_pick=lambda row: pick("week", behaviour.weeks[row].week.isoformat()),
    )  # fmt: skip
    annotating.offer(asked)


def _nothing_drawn(reading: Reading) -> str:
    """Return why there is no chart: axes alone would look like a fault."""
    weeks = reading.behaviour.weeks
    if not weeks:
        return "There is nothing to draw: no record of it in the period or the weeks before it."
    since = f"in the {wording.plural(len(weeks), 'week')} since {wording.day(weeks[0].week)}"
    return f"There is nothing to draw: {since}, no week has a record that can be judged."


def _numbers(subject: Subject, reading: Reading) -> str:
    """Return value, sample, spread, comparison and what was left out, as one line."""
    value, parts = reading.value, []
    if value.value is not None:
        parts.append(f"{wording.sentence(wording.words(reading.definition.statistic))} {wording.metric_amount(value)}")
    if value.p90 is not None:
        parts.append(f"90th percentile {wording.duration(value.p90)}")
    if value.low is not None and value.high is not None:
        parts.append(f"95 % interval {wording.share(value.low)} to {wording.share(value.high)}")
    counted = f" ({value.numerator:,} {subject.counted.lower()})" if value.numerator is not None else ""
    parts.append(f"n = {wording.plural(value.denominator, subject.of, _MANY.get(subject.of, ''))}{counted}")
    if reading.before is not None and reading.before.value is not None:
        parts.append(f"compared with {wording.metric_amount(reading.before)} (n = {reading.before.denominator:,})")
    if value.note and value.value is not None:
        parts.append(value.note)
    if value.excluded:
        parts.append(f"left out: {left_out(value.excluded, lambda reason: wording.inert(reason, 90))}")
    if reading.scope_note:
        parts.append(reading.scope_note)
    return " · ".join(parts)


def _say_chosen(key: str, everything: str, what: str = "") -> None:
    """Say what is chosen of a chart, and lead to its records, which are further down."""
    chosen = st.session_state.get(key)
    if chosen and chosen != everything:
        st.markdown(f"Chosen: {what}{wording.inert(chosen, 40)}. [Go to its records](#{record_list.ANCHOR})")


def _limits_text(reading: Reading) -> str:
    limits, unit = reading.behaviour.limits, reading.value.unit
    if limits is None:
        return "No limits yet: they need eight weeks with at least five records each. Hollow weeks are not judged."
    before = "judged weeks before the asked period"
    basis = f"the {limits.weeks} {before}" if limits.is_before else f"all {limits.weeks} judged weeks"
    return (
        f"Limits from {basis}: usually {wording.amount(limits.centre, unit)}, routine between "
        f"{wording.amount(limits.lower, unit)} and {wording.amount(limits.upper, unit)} (XmR chart). A signal is a "
        "week outside them, or eight running on one side of the centre; hollow weeks are too thin or not over."
    )


def _week_rows(reading: Reading) -> pd.DataFrame:
    hits = {signal.week: signal.rule for signal in reading.behaviour.signals}
    weeks = reading.behaviour.weeks
    return pd.DataFrame(
        {
            "Week beginning": [w.week for w in weeks],
            reading.definition.label: [wording.amount(w.value, reading.value.unit) for w in weeks],
            "n": [w.n for w in weeks],
            "Signal": [hits.get(w.week, "" if w.is_judged else "not judged") for w in weeks],
        }
    )


def split(asked: Frame, subject: Subject, reading: Reading) -> None:
    """Show the metric's spread, where it has one, beside its breakdown."""
    if reading.definition.unit != "seconds":
        breakdown(asked, subject, reading, "Where it is high and low")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        distribution(asked, subject, reading)
    with right:
        breakdown(asked, subject, reading, "Where it took long")


def breakdown(asked: Frame, subject: Subject, reading: Reading, heading: str) -> None:
    """Show the metric per service, team or change type; choosing a group sets the filter.

    The title says which group stands out, or is ``heading``: where none can be judged, and for teams, which differ in
    size and staffing and are never ranked.
    """
    title = st.container()
    available = [label for label, scope in _GROUPS.items() if len(asked.facts.options(scope)) > 1]
    if reading.scope_note or not reading.has_change_types:
        available = [label for label in available if label != "Change type"]
    if not available:
        title.subheader(heading, anchor=False)
        return
    by_label = st.segmented_control(
        "Divided by", available, default=available[0], required=True, key=f"by_{subject.name}"
    )
    by = _GROUPS[by_label or available[0]]
    groups = [v for v in queries.metric_by(asked.build, subject.name, reading.filter, by) if v.value is not None]
    if not groups:
        title.subheader(heading, anchor=False)
        st.caption("No group has a value.")
        return
    groups.sort(key=lambda v: v.value or 0.0, reverse=True)
    title.subheader(_standing_out(groups, by) or heading, anchor=False)
    if by == "team":
        groups.sort(key=lambda v: v.group[by] or "")
    shown = groups[:_SHOWN_GROUPS]
    figure = charts.estimates(
        [_estimate(v, by) for v in shown], reading.value.unit, subject.track, style.palette(frame.is_dark()),
        overall=reading.value.value,
    )  # fmt: skip
    of = readings.provenance(asked, reading)
    exhibits.chart(
        figure, key=f"groups_{subject.name}_{by}", of=of,
        on_select=lambda: _pick_group(by, exhibits.picked_mark(f"groups_{subject.name}_{by}")),
        alt=f"{reading.definition.label} by {wording.words(by)}. The table below holds the same numbers.",
    )  # fmt: skip
    spread = {"duration": "; line: to the 90th percentile", "rate": "; line: 95 % interval"}.get(
        reading.definition.kind, ""
    )
    more = f"; {len(groups) - len(shown)} more in the table" if len(groups) > len(shown) else ""
    st.caption(
        f"Dot: {wording.words(reading.definition.statistic)}{spread}; hollow: too few to judge{more}. "
        "Choose a dot to filter by it."
    )
    exhibits.same_as_table(
        _group_rows(groups, by, reading), name=f"{subject.name}_by_{by}", alt=f"By {wording.words(by)}", of=of,
        on_pick=lambda row: _pick_group(by, groups[row].group[by]),
    )  # fmt: skip


def _standing_out(groups: Sequence[MetricValue], by: str) -> str:
    """Return the group with the highest value of those that can be judged; empty where nothing stands out."""
    judged = [value for value in groups if value.is_enough and value.group[by]]
    if by == "team" or len(judged) < _FEW or judged[0].value == judged[-1].value:
        return ""
    return f"Highest: {wording.inert(judged[0].group[by], 40)}, {wording.metric_amount(judged[0])}"


def _estimate(value: MetricValue, by: str) -> Estimate:
    high = value.p90 if value.p90 is not None else value.high
    low = value.value if value.p90 is not None else value.low
    return Estimate(value.group[by] or "unknown", value.value or 0.0, low, high, value.denominator, value.is_enough)


def _group_rows(groups: list[MetricValue], by: str, reading: Reading) -> pd.DataFrame:
    rows = {
        wording.sentence(wording.words(by)): [v.group[by] or "unknown" for v in groups],
        reading.definition.label: [wording.metric_amount(v) for v in groups],
        "n": [v.denominator for v in groups],
    }
    if any(v.p90 is not None for v in groups):
        rows["90th percentile"] = [wording.duration(v.p90) for v in groups]
    if any(v.low is not None for v in groups):
        rows["95 % interval"] = [f"{wording.share(v.low)} to {wording.share(v.high)}" for v in groups]
    rows["Left out"] = [sum(v.excluded.values()) for v in groups]
    rows["Note"] = [v.note for v in groups]
    return pd.DataFrame(rows)


def _pick_group(by: str, name: str | None) -> None:
    if name and name != "unknown":
        st.session_state[by] = [name]


def distribution(asked: Frame, subject: Subject, reading: Reading) -> None:
    """Show how the values of a duration spread over classes."""
    if reading.definition.unit != "seconds":
        return
    classes = records.classes(asked.build, subject.name, reading.filter)
    if not classes:
        st.subheader("How long it took", anchor=False)
        st.caption("No record has a duration.")
        return
    label, most = max(classes, key=lambda one: one[1])
    total = sum(count for _, count in classes)
    st.subheader(f"Most often {wording.inert(label)}: {most:,} of {total:,}", anchor=False)
    figure = charts.bars(
        [label for label, _ in classes], [count for _, count in classes],
        style.palette(frame.is_dark()), subject.track,
        axis=reading.definition.label.lower(), unit_axis="records",
    )  # fmt: skip
    of = readings.provenance(asked, reading)
    exhibits.chart(
        figure, key=f"classes_{subject.name}", of=of,
        on_select=lambda: pick("class", exhibits.picked_mark(f"classes_{subject.name}")),
        alt=f"Records by class of {reading.definition.label.lower()}. The table below holds the same numbers.",
    )  # fmt: skip
    st.caption("Choose a bar to see its records.")
    _say_chosen("class", record_list.ALL_CLASSES)
    exhibits.same_as_table(
        pd.DataFrame(classes, columns=[reading.definition.label, "Records"]), name=f"{subject.name}_classes",
        alt=f"Distribution of {reading.definition.label.lower()}", of=of,
        on_pick=lambda row: pick("class", classes[row][0]),
    )  # fmt: skip
