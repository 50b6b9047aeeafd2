"""Parts that several pages show: states, banners, cards, tables with their download, links to one change.

Owns how things are said and escaped on screen. Refuses to query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, Literal

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import filters, frame, take_away
from app.dashboard.filters import Choice
from app.dashboard.take_away import Provenance
from app.figures import sparkline, style
from app.findings import Reading
from app.limits import Behaviour
from app.questions.builds import Build
from models.errors import UserError
from models.metric import MetricDefinition, MetricValue

CHANGE_PAGE = "views/change.py"
# A grid sends every row to the browser; downloads hold texts in whole.
LONGEST_CELL = 2000
_DeltaColor = Literal["off", "red", "green"]
_DeltaArrow = Literal["off", "up", "down"]


def page_title(title: str, subtitle: str, build: Build) -> None:
    """Show a page's title, and below it the demo label and one line on what is shown."""
    st.title(title, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if build.is_demo:
            st.badge("Demo data: generated", icon=":material/science:", color="gray")
        if subtitle:
            st.caption(subtitle, width="content")


def name_tab(what: str) -> None:
    """Name the browser's tab by what it shows: of several open ones, and in the history, that is all that is read."""
    st.set_page_config(page_title=f"{wording.plain(what, 60)} · Twotrack")


def question(choice: Choice) -> str:
    """Return what was asked, as text for a page: period, scope and comparison."""
    compared = choice.compared_with()
    return wording.inert(choice.describe(), 300) + (
        f", compared with {compared}" if compared else ", compared with nothing"
    )


def problem(error: UserError) -> None:
    """Show an error a person can act on within a page: one sentence, what was kept, the next step."""
    st.error(wording.inert(error.what, 500), icon=":material/error:")
    if error.next_step:
        st.markdown("Next step:")
        st.code(error.next_step, language=None, wrap_lines=True)
    if error.kept:
        st.caption(f"Kept: {wording.inert(error.kept)}")


def error_state(error: UserError, reference: str) -> None:
    """Show in place of a page why it could not be shown, with the reference under which the log has the cause."""
    st.title("This page could not be shown", anchor=False)
    problem(error)
    st.caption(f"Reference: {wording.inert(reference)}")


def nothing_matches(question: str, detail: str = "") -> None:
    """Say what was asked and found empty, and offer to clear the filters."""
    with st.container(border=True):
        st.markdown(f"**Nothing matches** {wording.inert(question, 400)}.")
        if detail:
            st.markdown(detail)
        st.button("Clear filters", on_click=filters.clear, key="clear_filters", icon=":material/filter_alt_off:")


def missing(what: str, unlocks: str, command: str = "") -> None:
    """Say that a source or model is missing, what it would unlock, and the command that adds it."""
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.markdown(unlocks)
        if command:
            st.code(command, language=None, wrap_lines=True)


def definition_help(definition: MetricDefinition) -> str:
    """Return a metric's definition as help text."""
    statistic = {
        "median": "The value is the median.", "kaplan_meier": "The value is the Kaplan-Meier median.",
        "share": "The value is a share.", "count": "The value is a count.",
        "ratio": "The value is a ratio and may exceed 1.",
    }[definition.statistic]  # fmt: skip
    return (
        f"{definition.description} {statistic} Dated by the {definition.dated_by}. "
        f"Judged from n = {definition.minimum_sample} on. Definition: {definition.source}."
    )


def sample(found: MetricValue) -> str:
    """Return a value's sample as text: ``n = 142``, ``7 of 142``."""
    if found.numerator is None:
        return f"n = {found.denominator:,}"
    return f"{found.numerator:,} of {found.denominator:,}"


def metric_card(reading: Reading, page: str, link: str) -> None:
    """Show one metric: value, change against a named comparison, sparkline, n and the way to its records."""
    definition, found, before, weeks = reading.definition, reading.value, reading.before, reading.behaviour
    with st.container(border=True, height="stretch", gap="xsmall"):
        delta, description = None, None
        if found.value is not None and before is not None and before.value is not None:
            delta = wording.difference(found.value, before.value, found.unit)
            description = f"from {wording.metric_amount(before)}"
        st.metric(
            f"{definition.label}{', median' if definition.statistic == 'median' else ''}",
            wording.metric_amount(found) if found.value is not None else "—",
            delta=delta,
            delta_color=_delta_color(definition, weeks),
            delta_arrow=_arrow(found, before),
            delta_description=description,
            help=definition_help(definition),
            border=False,
        )
        drawn = [week.value for week in weeks.weeks if week.value is not None and week.is_complete]
        spark(drawn, f"{definition.label} by week, {wording.plural(len(drawn), 'week')}")
        said = (sample(found) if found.denominator else "", found.note, reading.scope_note, standing(weeks))
        card_foot(" · ".join(part for part in said if part), page, link)


def spark(values: Sequence[float], alt: str) -> None:
    """Show a card's small line, named for screen readers."""
    if values:
        colour = style.palette(frame.is_dark()).muted
        st.image(sparkline.svg(values, colour), width="stretch", alt=alt)


def card_foot(said: str, page: str, link: str) -> None:
    """Show a card's last lines: what stands behind the number, and the way to it."""
    st.caption(said)
    st.page_link(page, label=link, icon=":material/arrow_forward:", icon_position="right")


def absent_card(label: str, why: str) -> None:
    """Show a card for what this build cannot say, and why."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(label, "—", border=False)
        st.caption(why)


def standing(weeks: Behaviour) -> str:
    """Return whether a metric's weeks left their limits, as a few words."""
    if weeks.limits is None:
        return "no limits yet"
    if not weeks.signals:
        return "within its limits"
    return "left its limits"


def _delta_color(definition: MetricDefinition, weeks: Behaviour) -> _DeltaColor:
    """Return colour only for a signal: what stays within its limits is routine, however it moved."""
    if not weeks.signals or definition.better == "neither":
        return "off"
    is_worse = weeks.signals[-1].is_high == (definition.better == "lower")
    return "red" if is_worse else "green"


def _arrow(found: MetricValue, before: MetricValue | None) -> _DeltaArrow:
    if found.value is None or before is None or before.value is None or found.value == before.value:
        return "off"
    return "up" if found.value > before.value else "down"


def change_link(change_id: str, title: object, key: str = "") -> None:
    """Show a link to one change's page; the title is record text and stays text."""
    label = f"{wording.inert(key, 60)} {wording.inert(title, 120)}" if key else wording.inert(title, 120)
    st.page_link(CHANGE_PAGE, label=label, query_params={"change": change_id})


def source_link(url: str | None, label: str = "Open at the source") -> None:
    """Show a link to the record's own page; an address that is not plain http(s) is said, not linked."""
    if safe := wording.safe_url(url):
        st.link_button(label, safe, icon=":material/open_in_new:")
    elif url:
        st.caption("The source gave an address that is not http(s); it is not linked.")


def table(
    shown: pd.DataFrame,
    *,
    key: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
    is_selectable: bool = False,
    on_pick: Callable[[int], None] | None = None,
    height: int | None = None,
    of: Provenance | None = None,
) -> list[int]:
    """Show rows as a grid and return the positions of the selected ones (at most one).

    With ``on_pick``, selecting a row calls it with the row's position, as a mark of a chart does. With ``of``, what the
    rows answer, they are offered as CSV and XLSX below; columns that are not shown included.
    """
    rows = shown
    if columns:
        # A grid sends every column to the browser, shown or not; the downloads have them all.
        shown = shown[[name for name in columns if name in shown.columns]]
    configured = {name: config for name, config in (columns or {}).items() if config}
    shown = _presentable(shown, configured)
    options: dict[str, Any] = {
        "hide_index": True, "column_config": {**_dates(shown), **_counts(shown), **configured},
        "column_order": list(columns) if columns else None, "key": key, "alt": alt,
    }  # fmt: skip
    if height is not None:
        options["height"] = height
    selected: list[int] = []
    if on_pick is not None:
        st.dataframe(shown, on_select=lambda: _picked(key, on_pick), selection_mode="single-row", **options)
    elif not is_selectable:
        st.dataframe(shown, **options)
    else:
        state = st.dataframe(shown, on_select="rerun", selection_mode="single-row", **options)
        selected = list(state.selection.rows)
    if of is not None:
        take_away.downloads(lambda: rows, key.replace("_", "-"), of, count=len(rows), is_quiet=True)
    return selected


def prose(shown: pd.DataFrame, *, key: str, alt: str, of: Provenance) -> None:
    """Show rows whose sentences are read in full, as a table that wraps them; the first column names each row."""
    index, *rest = shown.columns
    st.table(
        pd.DataFrame(
            {name: [wording.inert(_written(value), 600) for value in shown[name]] for name in rest},
            index=[wording.inert(str(value), 120) for value in shown[index]],
        ),
        alt=alt,
    )
    take_away.downloads(lambda: shown, key.replace("_", "-"), of, count=len(shown), is_quiet=True)


def _written(value: object) -> str:
    """Return a cell as text; counts have their thousands set apart, as grids show them."""
    return f"{value:,}" if isinstance(value, Integral) and not isinstance(value, bool) else str(value)


def _picked(key: str, on_pick: Callable[[int], None]) -> None:
    state = st.session_state.get(key)
    if state and state.selection.rows:
        on_pick(state.selection.rows[0])


def _presentable(rows: pd.DataFrame, configured: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows in which a missing text or instant is empty rather than the word None."""
    texts = [name for name in rows.columns if rows[name].dtype == object or pd.api.types.is_string_dtype(rows[name])]
    instants = [n for n in rows.columns if pd.api.types.is_datetime64_any_dtype(rows[n]) and n not in configured]
    gaps = [name for name in instants if rows[name].isna().any()]
    return rows.assign(
        **{
            name: [
                wording.plain(v, LONGEST_CELL) if isinstance(v, str) else "" if pd.isna(v) else v for v in rows[name]
            ]
            for name in texts
        },
        **{name: [f"{at.day} {at:%b %Y, %H:%M}" if pd.notna(at) else "" for at in rows[name]] for name in gaps},
    )


def instants(label: str | None = None, *, width: int) -> object:
    """Return how a column of instants is shown, as the rest of the pages writes them."""
    return st.column_config.DatetimeColumn(label, format="D MMM YYYY, HH:mm", width=width)


def _dates(rows: pd.DataFrame) -> dict[str, Any]:
    """Return how instants are shown unless a page says otherwise."""
    return {name: instants(width=140) for name in rows.columns if pd.api.types.is_datetime64_any_dtype(rows[name])}


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    """Return how whole numbers are shown unless a page says otherwise: thousands set apart."""
    return {
        name: st.column_config.NumberColumn(format="localized")
        for name in rows.columns
        if pd.api.types.is_integer_dtype(rows[name])
    }


def open_selected(selected: Sequence[int], rows: pd.DataFrame) -> None:
    """Go to the page of the selected row's change or deployment, when it has one."""
    if not selected:
        return
    row = rows.iloc[selected[0]]
    for name in ("change_id", "deployment_id"):
        if name in rows.columns and isinstance(row[name], str) and row[name]:
            st.switch_page(CHANGE_PAGE, query_params={name.removesuffix("_id"): row[name]})
    st.info("This row has no page of its own.")
