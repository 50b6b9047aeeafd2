"""What the reader asked for: period, service, team, change type and comparison, kept in the URL on every page.

Owns the widgets, their URL parameters and what is said of values the build does not know. Refuses to query anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import streamlit as st

from app import periods, wording
from app.dashboard import carrying, links
from app.periods import Period
from app.questions.queries import Facts
from sql.aggregate import Filter

SCOPES = {"service": "Service", "team": "Team", "change_type": "Change type"}
NEWEST = "Newest"
_CHOICES = {"period": periods.PERIODS, "compare": periods.COMPARISONS}
_SHOWN_UNKNOWN = 5
# The presets that lie within the weeks that are thin where a build's records straggle.
_THIN = (4, 13)
_UNKNOWN = "unknown_in_link"
_TOLD = "unknown_told"


@dataclass(frozen=True)
class Choice:
    """A complete question: which period, compared with which, in which scope."""

    name: str
    asked: Period
    comparison: str
    compared: Period | None
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    change_types: tuple[str, ...] = ()

    @property
    def filter(self) -> Filter:
        """The question as the one aggregation takes it."""
        return self.over(self.asked)

    @property
    def before(self) -> Filter | None:
        """The same scope in the compared period."""
        return self.over(self.compared) if self.compared else None

    def over(self, chosen: Period) -> Filter:
        """Return the same scope over another period."""
        return Filter(chosen.start, chosen.end, self.services, self.teams, self.change_types)

    @property
    def has_scope(self) -> bool:
        """Whether anything but the period narrows the question."""
        return bool(self.services or self.teams or self.change_types)

    def describe(self, period: Period | None = None) -> str:
        """Return the question, or the same over another period, as text: dates, then ``service payments``; plain."""
        over = period or self.asked
        parts = [wording.span(over.start, over.end)]
        for noun, chosen in (
            ("service", self.services),
            ("team", self.teams),
            ("change type", self.change_types),
        ):
            if chosen:
                parts.append(
                    f"{noun}{'s' if len(chosen) > 1 and noun != 'change type' else ''} {wording.listed(list(chosen))}"
                )
        return " · ".join(parts)

    def compared_with(self) -> str:
        """Return what the comparison is called: its first and last day; empty without one."""
        return wording.span(self.compared.start, self.compared.end) if self.compared else ""


def ask(facts: Facts) -> Choice:
    """Show the filter bar and return the question it holds; the URL carries it."""
    _note_unknown(facts)
    _give_back(facts)
    # Side by side as far as they fit: columns would stand below each other on a phone, and fill its screen.
    bar = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    name = bar.selectbox(
        "Period",
        periods.PERIODS,
        index=periods.PERIODS.index(periods.DEFAULT_PERIOD),
        key="period",
        bind="query-params",
        help=f"Presets end with the last day on record, {wording.day(facts.last)}. Days and weeks are UTC.",
    )
    chosen = {
        scope: tuple(
            bar.multiselect(
                label,
                facts.options(scope),
                key=scope,
                bind="query-params",
                placeholder="All",
                disabled=not facts.options(scope),
            )
        )
        for scope, label in SCOPES.items()
    }
    comparison = bar.selectbox(
        "Compare with",
        periods.COMPARISONS,
        key="compare",
        bind="query-params",
        help="What every change is measured against.",
    )
    asked = periods.period(name, facts.first, facts.last, _dates(facts) if name == periods.CHOSEN_DATES else ())
    choice = Choice(
        name, asked, comparison, periods.compared(comparison, asked, facts.first),
        chosen["service"], chosen["team"], chosen["change_type"],
    )  # fmt: skip
    links.say_unknown()
    _say_unknown(choice)
    _say_straggling(facts, choice)
    carrying.note({key: _as_in_link(st.session_state[key]) for key in links.CARRIED if key in st.session_state})
    return choice


def _give_back(facts: Facts) -> None:
    """Set what a quick change of page dropped, as far as this build holds it."""
    for key, values in _CHOICES.items():
        carrying.give_back(key, partial(_one_of, values))
    for scope in SCOPES:
        carrying.give_back(scope, partial(_some_of, facts.options(scope)))
    carrying.give_back("dates", _days)


def _one_of(offered: Sequence[str], asked: Sequence[str]) -> str | None:
    return asked[-1] if asked[-1] in offered else None


def _some_of(offered: Sequence[str], asked: Sequence[str]) -> list[str]:
    return [value for value in asked if value in offered]


def _days(asked: Sequence[str]) -> tuple[date, ...] | None:
    return tuple(date.fromisoformat(value) for value in asked if value and _is_date(value)) or None


def _as_in_link(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple) else [str(value)]


def _dates(facts: Facts) -> tuple[date, ...]:
    """Ask for first and last day; while only one is picked, the period is that day."""
    default = periods.period(periods.DEFAULT_PERIOD, facts.first, facts.last)
    first = max(default.start.date(), facts.first.date())
    picked = st.date_input(
        "First and last day (UTC)", (first, facts.last.date()), key="dates", bind="query-params", format="YYYY-MM-DD"
    )
    days: Sequence[date] = picked if isinstance(picked, tuple) else (picked,)  # type: ignore[unreachable,unused-ignore]
    return tuple(days)


def _note_unknown(facts: Facts) -> None:
    """Remember what the link asks for and the build does not hold; Streamlit drops such values from the URL."""
    asked: list[str] = []
    for key, values in _CHOICES.items():
        asked += [f"{key} “{value}”" for value in st.query_params.get_all(key) if value not in values]
    for scope, label in SCOPES.items():
        options = set(facts.options(scope))
        asked += [
            f"{label.lower()} “{value}”" for value in st.query_params.get_all(scope) if value and value not in options
        ]
    asked += [f"date “{value}”" for value in st.query_params.get_all("dates") if not _is_date(value)]
    told: list[str] = st.session_state.setdefault(_TOLD, [])
    if new := [text for text in asked if text not in told]:
        told += new
        earlier, _ = st.session_state.get(_UNKNOWN, ([], None))
        st.session_state[_UNKNOWN] = ([*earlier, *new], None)


def _say_unknown(choice: Choice) -> None:
    """Say what was asked and not known, until the reader changes a filter."""
    noted = st.session_state.get(_UNKNOWN)
    if not noted:
        return
    asked, seen_with = noted
    if seen_with is None:
        st.session_state[_UNKNOWN] = (asked, choice)
    elif seen_with != choice:
        del st.session_state[_UNKNOWN]
        return
    shown = wording.listed([wording.inert(text, 70) for text in asked], _SHOWN_UNKNOWN)
    st.warning(
        f"The link asked for {shown}, which this build does not hold. The numbers below are without "
        f"{'it' if len(asked) == 1 else 'them'}.",
        icon=":material/filter_alt_off:",
    )


def _say_straggling(facts: Facts, choice: Choice) -> None:
    """Say that the newest weeks hold hardly any record, and offer the latest that are as usual."""
    thin = facts.straggling
    if thin is None or periods.PRESETS.get(choice.name, None) not in _THIN:
        return
    first, last = thin.usual.start.date(), thin.usual.end.date() - timedelta(days=1)
    said, button = st.columns([3, 1.4], gap="small", vertical_alignment="center")
    said.info(
        f"The newest 13 weeks hold {thin.recent:,} of {wording.plural(thin.records, 'record')}; most are older.",
        icon=":material/history:",
    )
    button.button(
        f"Show {wording.span(thin.usual.start, thin.usual.end)}",
        on_click=_choose_dates, args=(first, last), key="show_usual", width="stretch",
    )  # fmt: skip


def _choose_dates(first: date, last: date) -> None:
    st.session_state["period"] = periods.CHOSEN_DATES
    st.session_state["dates"] = (first, last)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return not value
    return True


def choose(label: str, options: Sequence[str], *, key: links.Choosable) -> str:
    """Show a select box of one page, kept in the URL; a value of the link that is not on offer is said."""
    asked = [value for value in st.query_params.get_all(key) if value not in options]
    chosen = st.selectbox(label, options, key=key, bind="query-params")
    if asked:
        st.caption(f"“{wording.inert(asked[0], 60)}” of the link is not among them.")
    return chosen or options[0]


def clear() -> None:
    """Set every filter back; used as a button's callback."""
    st.session_state["period"] = periods.DEFAULT_PERIOD
    st.session_state["compare"] = periods.BEFORE
    for scope in SCOPES:
        st.session_state[scope] = []


def query_params(**more: str) -> dict[str, str]:
    """Return the parameters a page link adds; the bound filters travel by themselves."""
    return dict(more)
