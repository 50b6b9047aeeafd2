"""Combine or separate: per team and per service, whether the two may be run as one; each criterion with its value."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, components, filters, frame, statement_records, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.questions import practice, practice_records
from app.questions.practice import ADVICE, Advice

NEEDS = ("marts.combine_advice", "marts.combine_criteria")


def show() -> None:
    """Show the page."""
    asked = frame.current()
    if not asked.build.has(*NEEDS):
        components.page_title("Combine or separate", "", asked.build)
        components.missing("This build gives no advice.", "Build again with this version.", "twotrack build")
        return
    found = practice.advice(asked.build, asked.choice.teams, asked.choice.services)
    teams = [one for one in found if one.scope == "team"]
    components.page_title(
        _title(teams or found),
        "Over the last days before the build, which each criterion names. Of the filters, team and service count.",
        asked.build,
    )  # fmt: skip
    # Services have advice also where no record has a team, which is said all the same.
    if not teams and absent.is_missing(asked.build, "team") and not found:
        return
    if not found:
        components.nothing_matches(
            asked.choice.describe(), "Advice is given per team and service; none of this choice is known."
        )
        return
    absent.note_old_records(asked)
    _dangers(found)
    _table(asked, teams, "team", "Team")
    _table(asked, [one for one in found if one.scope == "service"], "service", "Service")
    st.caption(
        "Any criterion for keeping apart decides; all criteria for combining together allow it; anything else, and too "
        "little data, means keeping apart."
    )
    labels = {_label(one): one for one in found}
    one = labels[filters.choose("Criteria of", list(labels), key="advice_team")]
    st.header(f"{wording.inert(_label(one), 90)}: {ADVICE.get(one.advice, one.advice).lower()}", anchor=False)
    st.markdown(f"{wording.inert(wording.sentence(one.reason), 400)}.")
    criteria = practice.criteria(asked.build, one.scope, one.name)
    for side in dict.fromkeys(criteria["Side"]):
        st.subheader(str(side), anchor=False)
        components.prose(
            criteria[criteria["Side"] == side].drop(columns="Side"), key=f"criteria_{side}", alt=f"{side}: criteria",
            of=_of(asked, _label(one)),
        )  # fmt: skip
    statement_records.show(
        asked, {name: ("criterion", name[:1].lower() + name[1:]) for name in criteria["Criterion"]},
        lambda name: practice_records.recent_span(asked.build, name), one.scope, one.name, key="behind",
    )  # fmt: skip


def _dangers(found: Sequence[Advice]) -> None:
    """Say first where the two are one already although they should be kept apart; services in one sentence."""
    for one in found:
        if one.is_dangerous and one.scope == "team":
            st.warning(
                f"**{wording.inert(one.name, 60)}** already runs the two as one, although it should keep them apart: "
                f"{wording.inert(one.reason, 300)}.",
                icon=":material/warning:",
            )
    services = [one.name for one in found if one.is_dangerous and one.scope == "service"]
    if services:
        st.warning(
            f"{wording.plural(len(services), 'service')} already {'runs' if len(services) == 1 else 'run'} the two as "
            f"one, although a criterion says to keep them apart: {wording.inert(wording.listed(services), 300)}.",
            icon=":material/warning:",
        )


def _table(asked: Frame, found: Sequence[Advice], scope: str, title: str) -> None:
    if not found:
        return
    columns: dict[str, list[str]] = {title: [one.name for one in found]}
    if scope == "service":
        columns["Team"] = [one.team or "unknown" for one in found]
    columns |= {
        "Advice": [ADVICE.get(one.advice, one.advice) for one in found],
        "Because": [wording.sentence(one.reason) for one in found],
        "Already one": ["yes" if one.is_already_combined else "no" for one in found],
    }
    components.table(pd.DataFrame(columns), key=f"advice_{scope}", alt=f"Advice by {scope}", of=_of(asked))


def _label(one: Advice) -> str:
    return one.name if one.scope == "team" else f"{one.name} (service)"


def _of(asked: Frame, name: str = "") -> Provenance:
    teams = list(asked.choice.teams)
    scope = f" · {name}" if name else f" · team {wording.listed(teams)}" if teams else ""
    return take_away.provenance(asked, None, f"the last days before the build, as each criterion names them{scope}")


def _title(found: Sequence[Advice]) -> str:
    if not found:
        return "No team is known"
    if all(one.is_unjudged for one in found):
        return f"Too few records to advise any {found[0].scope}"
    may = [one.name for one in found if one.advice == "may_combine"]
    merged = [one.name for one in found if one.is_dangerous]
    apart = (
        f"{wording.listed(merged)} should keep the two apart and {'does' if len(merged) == 1 else 'do'} not"
        if merged
        else ""
    )
    allowed = f"{wording.listed(may)} may combine them" if may else f"no {found[0].scope} may combine them"
    return wording.inert(wording.sentence("; ".join(part for part in (apart, allowed) if part)), 300)


if __name__ == "__main__":
    show()
