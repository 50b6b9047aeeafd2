"""Process drift: whether a team's two processes are becoming one, since when, because of what; the records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, annotating, components, exhibits, filters, frame, mark_list, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.figures import charts, style
from app.journal import notes
from app.questions import drift, drift_rows, queries
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
    if not found and absent.is_missing(asked.build, "team"):
        return
    if not found:
        components.nothing_matches(
            asked.choice.describe(), "Drift is judged per team; no team of this choice has marks."
        )
        return
    absent.note_old_records(asked)
    finding = _chosen(found)
    st.header(wording.inert(finding.team, 80), anchor=False)
    st.markdown(wording.inert(finding.sentence, 600))
    parts = drift.components_of(asked.build, finding.team, finding.dimension)
    _because(asked, finding, parts)
    gaps = drift.gaps(asked.build, finding.team)
    _small_multiples(asked, finding, parts, [week for week, _ in gaps], queries.settings(asked.build).drift.level_weeks)
    _gap_text(gaps)
    mark_list.show(asked, finding, parts)
    _beside(asked, finding)
    _earlier(asked, finding)
    _teams(asked, found)
    _index(asked, finding)
    _annotations(asked, finding)


def _teams(asked: Frame, found: Sequence[Finding]) -> None:
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
        take_away.downloads(
            lambda: _team_rows(found), "drift-teams", take_away.provenance(asked, None, _scope(asked)),
            what="What is said of every team", count=len(found), is_quiet=True,
        )  # fmt: skip
        st.caption("Teams differ in size and staffing: levels are never ranked, each is compared with its own past.")


def _scope(asked: Frame) -> str:
    teams = asked.choice.teams
    return "all weeks on record" + (f" · team {wording.listed(list(teams))}" if teams else "")


def _team_rows(found: Sequence[Finding]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "team": [f.team for f in found],
            "state": [f.state for f in found],
            "dimension": [drift.LABELS.get(f.dimension or "", "") for f in found],
            "onset": [f.onset for f in found],
            "level": [f.level for f in found],
            "low": [f.low for f in found],
            "high": [f.high for f in found],
            "records": [f.n for f in found],
            "baseline_rate": [f.baseline_rate for f in found],
            "what_is_said": [f.sentence for f in found],
        }
    )


def _chosen(found: Sequence[Finding]) -> Finding:
    names = [finding.team for finding in found]
    picked = filters.choose("Team to look at", names, key="drift_team")
    return next(finding for finding in found if finding.team == picked)


def _because(asked: Frame, finding: Finding, parts: Sequence[Component]) -> None:
    """Say which part of the evidence the dimension named first has, and which records carry it."""
    if not (finding.is_drifting and finding.dimension and finding.onset):
        return
    share = next((part.share for part in parts if part.dimension == finding.dimension), None)
    since = drift.strata(asked.build, finding.team, finding.dimension, finding.onset)
    st.caption(
        f"{drift.LABELS[finding.dimension]} brings {wording.share(share)} of the evidence. Since then "
        f"{wording.inert(drift_rows.carried_by(since), 400)}."
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
    if measured and finding.is_drifting:
        st.caption(f"Below, every dimension as it stands now, over the last {trailing} weeks; above, since the onset.")
    for start in range(0, len(measured), COLUMNS):
        columns = st.columns(COLUMNS, gap="small")
        for column, part in zip(columns, measured[start : start + COLUMNS], strict=False):
            with column:
                _multiple(asked, finding, part, gaps)
    st.caption(
        f"Share of records without the separation that should be visible, over trailing {trailing} weeks; shaded: 95 % "
        "interval; dotted: the rate of the baseline, whose weeks the bar on top marks; dashed: the rate up to which "
        "nothing is counted as drift; grey columns: weeks left out as a data gap. Choose a point to see its "
        "records below."
    )
    silent = [
        f"{drift.LABELS.get(part.dimension, part.dimension).lower()} ({wording.inert(part.reason or 'no marks')})"
        for part in parts
        if not part.weeks
    ]
    if silent:
        st.caption(f"Not measured: {wording.listed(silent, 9)}.")
    _tables(asked, finding, parts, measured)


def _tables(asked: Frame, finding: Finding, parts: Sequence[Component], measured: Sequence[Component]) -> None:
    """Show the small multiples as tables, whose rows choose records as their points do."""
    exhibits.same_as_table(
        _rows(parts), name="dimensions", alt="Dimensions of drift", of=_of(asked, finding),
        title="The dimensions as a table, CSV and XLSX",
        on_pick=lambda row: mark_list.pick(parts[row].dimension, None) if parts[row].weeks else None,
    )  # fmt: skip
    points = [(part, *week) for part in measured for week in reversed(part.weeks)]
    exhibits.same_as_table(
        pd.DataFrame(
            [
                (drift.LABELS.get(part.dimension, part.dimension), end, wording.share(level), wording.share(low),
                 wording.share(high), n)
                for part, end, level, low, high, n in points
            ],
            columns=["Dimension", "Weeks to", "Level", "95 % from", "to", "n"],
        ),
        name="levels", alt="Every point of the lines", of=_of(asked, finding),
        title="Every point as a table, CSV and XLSX",
        on_pick=lambda row: mark_list.pick(points[row][0].dimension, points[row][1]),
    )  # fmt: skip


def _multiple(asked: Frame, finding: Finding, part: Component, gaps: Sequence[date]) -> None:
    label = drift.LABELS.get(part.dimension, part.dimension)
    now = wording.share(part.level)
    was = f", baseline {wording.share(part.baseline_rate)}" if part.baseline_rate is not None else ""
    state = f" · **{part.state}**" if part.state == "drifting" else ""
    # The sample is not torn apart at the end of a line.
    st.markdown(f"**{label}: {now}**{was}, n\u00a0=\u00a0{part.n:,}{state}")
    exhibits.chart(
        charts.level(
            part.weeks, style.palette(frame.is_dark()), baseline=part.baseline_rate, reference=part.reference_rate,
            baseline_span=(finding.baseline_start, finding.baseline_end), gaps=gaps,
            is_drifting=part.state == "drifting",
            onset=finding.onset if part.state == "drifting" and part.dimension == finding.dimension else None,
            notes=notes.notes_between(part.weeks[0][0], part.weeks[-1][0], finding.team),
        ),
        key=f"level_{part.dimension}", of=_of(asked, finding, part.n),
        on_select=lambda: mark_list.pick_mark(f"level_{part.dimension}", part.dimension),
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


def _index(asked: Frame, finding: Finding) -> None:
    weeks = drift.index_of(asked.build, finding.team)
    with st.expander("Overall index, and the weights that make it"):
        if finding.index is None or not weeks:
            st.markdown("No index: less than half of the weight is observed.")
        else:
            st.markdown(
                f"**{finding.index:.2f}** on a scale of 0 to 1: the weighted mean of the levels. It is no verdict; the "
                "dimensions above are judged one by one. The weights say how much each counts, here and in the "
                "evidence."
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
