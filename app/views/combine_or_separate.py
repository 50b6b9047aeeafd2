"""Combine or separate: per team, whether the two processes may be run as one; each criterion with its value."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, components, filters, frame, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.questions import practice
from app.questions.practice import ADVICE, Advice

NEEDS = ("marts.combine_advice", "marts.combine_or_separate")


def show() -> None:
    """Show the page."""
    asked = frame.current()
    if not asked.build.has(*NEEDS):
        components.page_title("Combine or separate", "", asked.build)
        components.missing("This build gives no advice.", "Build again with this version.", "twotrack build")
        return
    found = practice.advice(asked.build, asked.choice.teams)
    components.page_title(
        _title(found),
        "Over the last days before the build, which each criterion names. Of the filters, the team counts.",
        asked.build,
    )  # fmt: skip
    if not found and absent.is_missing(asked.build, "team"):
        return
    if not found:
        components.nothing_matches(
            asked.choice.describe(), "Advice is given per team; no team of this choice is known."
        )
        return
    for one in found:
        if _is_dangerous(one):
            st.warning(
                f"**{wording.inert(one.team, 60)}** already runs the two as one, although it should keep them apart: "
                f"{wording.inert(one.reason, 300)}.",
                icon=":material/warning:",
            )
    components.table(
        pd.DataFrame(
            {
                "Team": [one.team for one in found],
                "Advice": [ADVICE.get(one.advice, one.advice) for one in found],
                "Because": [wording.sentence(one.reason) for one in found],
                "Already one": ["yes" if one.is_already_combined else "no" for one in found],
            }
        ),
        key="advice", alt="Advice by team", of=_of(asked),
    )  # fmt: skip
    st.caption(
        "Any criterion for keeping apart decides; all criteria for combining together allow it; anything else, and too "
        "little data, means keeping apart."
    )
    picked = filters.choose("Criteria of", [one.team for one in found], key="advice_team")
    one = next(advice for advice in found if advice.team == picked)
    st.header(f"{wording.inert(one.team, 60)}: {ADVICE.get(one.advice, one.advice).lower()}", anchor=False)
    st.markdown(f"{wording.inert(wording.sentence(one.reason), 400)}.")
    criteria = practice.criteria(asked.build, one.team)
    for side in dict.fromkeys(criteria["Side"]):
        st.subheader(str(side), anchor=False)
        components.table(
            criteria[criteria["Side"] == side].drop(columns="Side"), key=f"criteria_{side}", alt=f"{side}: criteria",
            columns={
                "Criterion": st.column_config.TextColumn(width=240), "Holds": st.column_config.TextColumn(width=90),
                "Measured": st.column_config.TextColumn(width=460), "n": st.column_config.NumberColumn(width=60),
            }, of=_of(asked, one.team),
        )  # fmt: skip


def _of(asked: Frame, team: str = "") -> Provenance:
    teams = [team] if team else list(asked.choice.teams)
    return take_away.provenance(
        asked,
        None,
        "the last days before the build, as each criterion names them"
        + (f" · team {wording.listed(teams)}" if teams else ""),
    )


def _is_dangerous(one: Advice) -> bool:
    return one.is_already_combined and one.advice == "separate"


def _title(found: Sequence[Advice]) -> str:
    may = [one.team for one in found if one.advice == "may_combine"]
    merged = [one.team for one in found if _is_dangerous(one)]
    apart = (
        f"{wording.listed(merged)} should keep the two apart and {'does' if len(merged) == 1 else 'do'} not"
        if merged
        else ""
    )
    allowed = (
        f"{wording.listed(may)} may combine them"
        if may
        else ("no team may combine them" if found else "No team is known")
    )
    return wording.inert(wording.sentence("; ".join(part for part in (apart, allowed) if part)), 300)


if __name__ == "__main__":
    show()
