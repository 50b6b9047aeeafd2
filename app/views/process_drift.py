"""Process drift: whether a team's two processes are becoming one, since when, because of what; the records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import annotating, components, exhibits, filters, frame, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.figures import charts, style
from app.journal import notes
from app.periods import Period
from app.questions import drift, queries
from app.questions.drift import Component, Finding

COLUMNS = 3
_EXAMPLE_WEEKS_BACK = 13


def show() -> None:
    """Show the page."""
    asked = frame.current()
    if not asked.build.has(*drift.TABLES):
        components.page_title("Process drift", "", asked.build)
        components.missing("This build does not judge drift.", "Build again with this version.", "twotrack build")
        return
    found = drift.findings(asked.build, asked.choice.teams)
    components.page_title(
        wording.inert(drift.summary(found), 400),
        "An indicator, not proof. Judged over all weeks on record, each team against its own past; of the filters, the "
        "team counts, and the period for the records below.",
        asked.build,
    )
    if not found:
        components.nothing_matches(
            asked.choice.describe(), "Drift is judged per team; no team of this choice has marks."
        )
        return
    finding = _chosen(found)
    st.header(wording.inert(finding.team, 80), anchor=False)
    st.markdown(wording.inert(finding.sentence, 600))
    parts = drift.components_of(asked.build, finding.team, finding.dimension)
    _because(asked, finding, parts)
    gaps = drift.gaps(asked.build, finding.team)
    _small_multiples(asked, finding, parts, [week for week, _ in gaps], queries.settings(asked.build).drift.level_weeks)
    _gap_text(gaps)
    _beside(asked, finding)
    _earlier(asked, finding)
    _teams(found)
    _records(asked, finding, parts)
    _index(asked, finding)
    _annotations(asked, finding)


def _teams(found: Sequence[Finding]) -> None:
    with st.expander(f"What is said of all {wording.plural(len(found), 'team')}", expanded=len(found) > 1):
        # A table of text, which wraps: a grid would cut the sentences.
        st.table(
            pd.DataFrame(
                {
                    "State": [wording.inert(f.state) for f in found],
                    "Since about": [wording.day(f.onset) if f.is_drifting and f.onset else "" for f in found],
                    "What is said": [wording.inert(f.sentence, 600) for f in found],
                },
                index=[wording.inert(f.team, 60) for f in found],
            ),
            alt="Drift by team",
        )
        st.caption("Teams differ in size and staffing: levels are never ranked, each is compared with its own past.")


def _chosen(found: Sequence[Finding]) -> Finding:
    names = [finding.team for finding in found]
    picked = filters.choose("Team to look at", names, key="drift_team")
    return next(finding for finding in found if finding.team == picked)


def _because(asked: Frame, finding: Finding, parts: Sequence[Component]) -> None:
    """Say which part of the evidence the dimension named first has, and which records carry it."""
    if not (finding.is_drifting and finding.dimension and finding.onset):
        return
    share = next((part.share for part in parts if part.dimension == finding.dimension), None)
    carried = [
        f"{wording.inert(one.stratum)} {wording.share(one.share)} ({one.x:,} of {one.n:,})"
        for one in drift.strata(asked.build, finding.team, finding.dimension, finding.onset)
        if one.x
    ]
    st.caption(
        f"{drift.LABELS[finding.dimension]} brings {wording.share(share)} of the evidence. Its records without the "
        f"separation since then: {wording.listed(carried, 4)}."
    )


def _beside(asked: Frame, finding: Finding) -> None:
    """Show cadence and decision value, which are no part of drift."""
    beside = drift.context_of(asked.build, finding.team)
    if beside and beside.sentences():
        st.caption(
            f"Beside it, since {wording.day(beside.since)}, and no part of drift, as continuous delivery rightly moves "
            f"it: {' '.join(beside.sentences())}"
        )


def _earlier(asked: Frame, finding: Finding) -> None:
    """Keep visible what is said with the baselines that a newer one replaced."""
    older = drift.earlier(asked.build, finding.team)
    if older:
        with st.expander(f"Judged from {wording.plural(len(older), 'earlier baseline')}"):
            for one in older:
                span = f"{wording.day(one.baseline_start)} to {wording.day(one.baseline_end)}"
                st.markdown(f"**{span}** ({wording.inert(one.baseline_kind)}): {wording.inert(one.sentence, 600)}")


def _small_multiples(
    asked: Frame, finding: Finding, parts: Sequence[Component], gaps: Sequence[date], trailing: int
) -> None:
    measured = [part for part in parts if part.weeks]
    for start in range(0, len(measured), COLUMNS):
        columns = st.columns(COLUMNS, gap="small")
        for column, part in zip(columns, measured[start : start + COLUMNS], strict=False):
            with column:
                _multiple(asked, finding, part, gaps)
    st.caption(
        f"Share of records without the separation that should be visible, over trailing {trailing} weeks; shaded: 95 % "
        "interval; dotted: the rate of the baseline, whose weeks the bar on top marks; dashed: the rate up to which "
        "nothing is counted as drift; grey columns: weeks left out as a data gap."
    )
    silent = [
        f"{drift.LABELS.get(part.dimension, part.dimension).lower()} ({wording.inert(part.reason or 'no marks')})"
        for part in parts
        if not part.weeks
    ]
    if silent:
        st.caption(f"Not measured: {wording.listed(silent, 9)}.")
    exhibits.same_as_table(_rows(parts), name="dimensions", alt="Dimensions of drift", of=_of(asked, finding))


def _multiple(asked: Frame, finding: Finding, part: Component, gaps: Sequence[date]) -> None:
    label = drift.LABELS.get(part.dimension, part.dimension)
    now = wording.share(part.level)
    was = f", baseline {wording.share(part.baseline_rate)}" if part.baseline_rate is not None else ""
    state = f" · **{part.state}**" if part.state == "drifting" else ""
    st.markdown(f"**{label}: {now}**{was}, n = {part.n:,}{state}")
    exhibits.chart(
        charts.level(
            part.weeks, style.palette(frame.is_dark()), baseline=part.baseline_rate, reference=part.reference_rate,
            baseline_span=(finding.baseline_start, finding.baseline_end), gaps=gaps,
            is_drifting=part.state == "drifting",
            onset=finding.onset if part.state == "drifting" and part.dimension == finding.dimension else None,
            notes=notes.notes_between(part.weeks[0][0], part.weeks[-1][0], finding.team),
        ),
        key=f"level_{part.dimension}", of=_of(asked, finding, part.n), is_narrow=True,
        alt=f"{label} of {finding.team} by week: {now} now{was}, {part.state}. The table below holds the figures.",
    )  # fmt: skip


def _of(asked: Frame, finding: Finding, n: int | None = None) -> Provenance:
    return take_away.provenance(asked, n, f"team {finding.team}, all weeks on record")


def _rows(parts: Sequence[Component]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Dimension": [drift.LABELS.get(p.dimension, p.dimension) for p in parts],
            "State": [p.state for p in parts],
            "Now": [wording.share(p.level) for p in parts],
            "Baseline": [wording.share(p.baseline_rate) for p in parts],
            "Counted above": [wording.share(p.reference_rate) for p in parts],
            "n": [p.n for p in parts],
            "Evidence (e-value)": [f"{p.e_value:,.1f}" if p.e_value is not None else "—" for p in parts],
            "A mark means": [drift.MEANINGS.get(p.dimension, "") for p in parts],
            "Not watched because": [p.reason for p in parts],
        }
    )


def _gap_text(gaps: Sequence[tuple[date, str]]) -> None:
    if gaps:
        said = wording.listed([f"{wording.short_day(week)} ({wording.inert(reason, 90)})" for week, reason in gaps], 3)
        st.warning(
            f"{wording.plural(len(gaps), 'week')} left out as a data gap, never counted as missing approvals: {said}.",
            icon=":material/signal_disconnected:",
        )


def _records(asked: Frame, finding: Finding, parts: Sequence[Component]) -> None:
    st.subheader("The records behind it", anchor=False)
    labels = {drift.LABELS.get(part.dimension, part.dimension): part.dimension for part in parts if part.weeks}
    if not labels:
        st.caption("No dimension has a mark.")
        return
    periods = _periods(asked, finding, parts)
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    with left:
        picked = filters.choose("Dimension", list(labels), key="dimension")
    with middle:
        behind = filters.choose("Behind", list(periods), key="behind")
    with right:
        which = st.segmented_control(
            "Records",
            ["Separation missing", "Separation visible"],
            default="Separation missing",
            required=True,
            key="marks",
        )
    dimension, period = labels[picked], periods[behind]
    missing, total, left_out = drift.count_marks(asked.build, finding.team, dimension, period.start, period.end)
    level = f" ({wording.share(missing / total)})" if total else ""
    gap = f"; {left_out:,} more are of weeks left out as a data gap" if left_out else ""
    st.caption(
        f"{missing:,} of {total:,} {drift.UNITS.get(dimension, 'records')}{level} from "
        f"{wording.span(period.start, period.end)} lack it: {drift.MEANINGS.get(dimension, '')}{gap}."
    )
    found = drift.marks(
        asked.build, finding.team, dimension, period.start, period.end, is_missing=which != "Separation visible"
    )
    if found.empty:
        st.caption("No such record in the period.")
        return
    selected = components.table(
        found, key="mark_rows", alt="Records behind the dimension", is_selectable=True,
        columns={
            "occurred_at": st.column_config.DatetimeColumn("When (UTC)", format="D MMM YYYY, HH:mm", width=140),
            "key": st.column_config.TextColumn("Record", width=130),
            "title": st.column_config.TextColumn("Title", width=200),
            "reason": st.column_config.TextColumn("Why", width=200),
            "service": st.column_config.TextColumn("Service", width=100),
            "stratum": st.column_config.TextColumn("Stratum", width=80),
            "left_out": st.column_config.TextColumn("Left out", width=70),
        },
        of=take_away.provenance(
            asked, len(found),
            f"team {finding.team}, {wording.span(period.start, period.end)}, {picked.lower()}, {(which or '').lower()}",
        ),
    )  # fmt: skip
    components.open_selected(selected, found)
    st.caption(f"{wording.plural(len(found), 'record')}, newest first. Select a row to open it.")


def _periods(asked: Frame, finding: Finding, parts: Sequence[Component]) -> dict[str, Period]:
    """Return what the records can stand behind: the period asked, the finding, and each point of the lines."""
    trailing = timedelta(weeks=queries.settings(asked.build).drift.level_weeks)
    last = datetime.combine(asked.build.as_of.date(), time())
    periods = {"the period asked": asked.choice.asked}
    if finding.is_drifting and finding.onset:
        periods["the finding, since its onset"] = Period(datetime.combine(finding.onset, time()), last)
    for week_end in sorted({week[0] for part in parts for week in part.weeks}, reverse=True):
        end = datetime.combine(week_end + timedelta(days=1), time())
        periods[f"the point of {wording.day(week_end)}"] = Period(end - trailing, min(end, last))
    return periods


def _index(asked: Frame, finding: Finding) -> None:
    weeks = drift.index_of(asked.build, finding.team)
    with st.expander("Overall index, and the weights that make it"):
        if finding.index is None or not weeks:
            st.markdown("No index: less than half of the weight is observed.")
        else:
            st.markdown(
                f"**{finding.index:.2f}** on a scale of 0 to 1: the weighted mean of the levels. It is no verdict; the "
                "dimensions above are judged one by one."
            )
            exhibits.chart(
                charts.level(tuple(weeks), style.palette(frame.is_dark())), key="index", of=_of(asked, finding),
                alt=f"Index of {finding.team} by week, {finding.index:.2f} now.",
            )  # fmt: skip
        components.table(
            drift.weights(asked.build), key="weights", alt="Weights of the dimensions", of=_of(asked, finding)
        )


def _annotations(asked: Frame, finding: Finding) -> None:
    st.subheader("Deliberate changes", anchor=False)
    annotating.form(asked)
    with st.expander("Start a new baseline from such a change"):
        st.markdown(
            "A build judges by the configuration alone, so that it can be repeated. Add this to `twotrack.toml` and "
            "build again; the baseline of before stays visible."
        )
        st.code(_baseline_settings(finding, asked.facts.last), language=None, wrap_lines=True)


def _baseline_settings(finding: Finding, last: datetime) -> str:
    start = datetime.combine(last.date(), time()) - timedelta(weeks=_EXAMPLE_WEEKS_BACK)
    name = finding.team.replace("\\", "\\\\").replace('"', '\\"')
    return f'[[baseline]]\nteam = "{name}"\nstart = {start:%Y-%m-%d}\nnote = "what was changed on purpose"'


if __name__ == "__main__":
    show()
