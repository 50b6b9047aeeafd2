"""Cheat sheet: both processes side by side, filled in from data, and whether each still works."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, components, filters, frame, statement_records, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.questions import practice, practice_records
from app.questions.practice import EVERYBODY, SUBJECTS, VERDICTS, Verdict

NEEDS = ("marts.cheat_sheet", "marts.verdicts", "marts.verdict_conditions", "marts.periods")
_ICONS = {
    "working": ":material/check_circle:", "weakening": ":material/trending_down:", "not_working": ":material/cancel:",
    "cannot_tell": ":material/help:",
}  # fmt: skip
_ORGANISATION = "The whole organisation"


def show() -> None:
    """Show the page."""
    asked = frame.current()
    if not asked.build.has(*NEEDS):
        components.page_title("Cheat sheet", "", asked.build)
        components.missing("This build describes no practice.", "Build again with this version.", "twotrack build")
        return
    periods = {period.label: period.name for period in practice.periods(asked.build)}
    components.page_title(
        "Cheat sheet", "Judged over the period chosen below; the filters above do not apply.", asked.build
    )
    if not periods:
        absent.is_missing(asked.build, "decision", "production_deployment")
        return
    left, right = st.columns(2)
    with left:
        period = periods[filters.choose("Period judged", list(periods), key="quarter")]
    with right:
        names = [_ORGANISATION if team == EVERYBODY else team for team in practice.teams(asked.build, period)]
        picked = filters.choose("Team shown", names, key="sheet_team")
    absent.is_missing(asked.build, "decision", "production_deployment")
    team = EVERYBODY if picked == _ORGANISATION else picked
    _verdicts(asked, period, team)
    _sheet(asked, period, team, picked)
    _confusion(asked, period, team)
    _automated(asked, team)
    statement_records.show(
        asked, practice.statements(asked.build, period, team),
        lambda name: practice_records.span(asked.build, period, name), "team", team, key="behind",
    )  # fmt: skip


def _verdicts(asked: Frame, period: str, team: str) -> None:
    found = practice.verdicts(asked.build, period, team)
    if not found:
        return
    st.header(_verdict_title(found), anchor=False)
    for column, verdict in zip(st.columns(len(found), gap="small"), found, strict=True):
        with column, st.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f"**{SUBJECTS.get(verdict.subject, verdict.subject)}**")
            icon, word = _ICONS.get(verdict.verdict, ""), VERDICTS.get(verdict.verdict, verdict.verdict)
            st.markdown(f"### {icon} {wording.sentence(word)}")
            st.caption(wording.inert(wording.sentence(verdict.why), 300))
            st.caption(_tally(verdict))
    with st.expander("All conditions behind the verdicts"):
        components.prose(
            practice.conditions(asked.build, period, team),
            key="conditions",
            alt="Conditions of the verdicts",
            of=_of(asked, period, team),
        )
        st.caption(
            "One condition that does not hold decides. A fall by more than its sampling error reads as weakening."
        )


def _tally(verdict: Verdict) -> str:
    """Return how many conditions hold, naming only what there is."""
    if not verdict.held + verdict.failed:
        return f"None of {wording.plural(verdict.unknown, 'condition')} can be judged"
    known = f"{verdict.held} of {wording.plural(verdict.held + verdict.failed, 'condition')} hold"
    said = f"{known}s" if verdict.held == 1 else known
    return said if not verdict.unknown else f"{said}, {verdict.unknown} more cannot be judged"


def _of(asked: Frame, period: str, team: str) -> Provenance:
    return take_away.provenance(asked, None, wording.words(period) + (f" · team {team}" if team else ""))


def _verdict_title(found: Sequence[Verdict]) -> str:
    failing = [SUBJECTS.get(v.subject, v.subject).lower() for v in found if v.verdict == "not_working"]
    weak = [SUBJECTS.get(v.subject, v.subject).lower() for v in found if v.verdict == "weakening"]
    if failing:
        verb = "does" if len(failing) == 1 else "do"
        return wording.sentence(f"{wording.listed(failing)} {verb} not meet every condition of a working practice")
    if weak:
        return wording.sentence(f"{wording.listed(weak)} {'weakens' if len(weak) == 1 else 'weaken'}")
    if any(v.verdict == "cannot_tell" for v in found):
        return "Too few records to tell whether both still work"
    return "Both processes still work, and stay two"


def _sheet(asked: Frame, period: str, team: str, name: str) -> None:
    rows = practice.cheat_sheet(asked.build, period, team)
    st.subheader(
        f"The two processes of {wording.inert(name, 60).replace('The whole', 'the whole')}, side by side", anchor=False
    )
    st.table(
        pd.DataFrame(
            {
                "Change governance (should this go?)": [wording.inert(left, 400) for _, left, _ in rows],
                "Release execution (how does this go?)": [wording.inert(right, 400) for _, _, right in rows],
            },
            index=[wording.sentence(row) for row, _, _ in rows],
        ),
        alt="Cheat sheet: both processes side by side",
    )
    take_away.downloads(
        lambda: pd.DataFrame(rows, columns=["row", "change_governance", "release_execution"]), "cheat-sheet",
        take_away.provenance(asked, None, f"{wording.words(period)}, {name}"), what="The cheat sheet", count=len(rows),
    )  # fmt: skip


def _confusion(asked: Frame, period: str, team: str) -> None:
    if not asked.build.has("marts.confusion_patterns"):
        return
    found = practice.confusion(asked.build, period, team)
    if found.empty:
        return
    firing = list(found.loc[found["State"] == "fires", "Pattern"])
    title = f"Confusion of the two: {wording.listed(firing).lower()}" if firing else "No confusion pattern fires"
    st.subheader(title.replace("cab ", "CAB "), anchor=False)
    components.prose(found, key="confusion", alt="Confusion patterns with their figures", of=_of(asked, period, team))
    st.caption("Each pattern is a rule over records with a limit and a minimum sample, both shown.")


def _automated(asked: Frame, team: str) -> None:
    if not asked.build.has("marts.automated_rules"):
        return
    found = practice.automated_rules(asked.build, team)
    if found.empty:
        return
    st.subheader("What is automated, by which rule", anchor=False)
    widths = dict.fromkeys(found.columns) | {"Kind": st.column_config.TextColumn(width=120)}
    of = _of(asked, "all records of the build", team)
    components.table(found, key="automated", alt="Automated rules", columns=widths, of=of)
    st.caption(
        "Fast and automated is not merged: it stays two as long as the rules are named and still decide something. "
        f"Alive: it stopped something, or was changed, within {practice.alive_days(asked.build)} days of the build. "
        "A change of a rule is one that names it."
    )


if __name__ == "__main__":
    show()
