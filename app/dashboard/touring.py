"""The guided tour on a change's page: one question at a time, its records, the way on. The step is in the address."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import components, frame, take_away
from app.questions import tour
from app.questions.change_story import TRACKS, Story
from app.questions.tour import Step

PARAMETER = "tour"
_HEIGHT, _FEW = 210, 4


def offer(story: Story) -> tuple[datetime, ...]:
    """Show the step that the address asks for, or the offer to begin; returns the instants the step is about."""
    steps = tour.steps(story)
    if not steps:
        return ()
    asked = st.query_params.get(PARAMETER)
    if asked is None:
        st.button(
            f"Walk through it in {wording.plural(len(steps), 'step')}", icon=":material/route:", key="tour_begin",
            on_click=_go, args=(1,),
        )  # fmt: skip
        return ()
    at = min(max(int(asked), 1), len(steps)) if asked.isascii() and asked.isdigit() else 1
    if asked != str(at):
        of = wording.plural(len(steps), "step")
        st.caption(f"The tour has no step “{wording.inert(asked, 40)}” of the link; it has {of}.")
    with st.container(border=True, key="tour"):
        _step(steps[at - 1], at, len(steps))
        _way_on(at, len(steps))
    return steps[at - 1].instants


def _step(step: Step, at: int, of: int) -> None:
    track = f" · {TRACKS[step.track]}" if step.track else ""
    st.caption(f"Guided tour · step {at} of {of}{track}")
    st.header(f"{step.title}?", anchor=False)
    st.markdown(step.explains)
    if step.facts:
        st.markdown("\n".join(f"- {wording.inert(fact, 220)}" for fact in step.facts))
    if step.events:
        components.table(
            pd.DataFrame(
                {
                    "When (UTC)": [event.at for event in step.events],
                    "Who": [event.who for event in step.events],
                    "What happened": [event.title for event in step.events],
                    "Rule": [event.rule_id for event in step.events],
                    "Source": [wording.safe_url(event.url) for event in step.events],
                }
            ),
            key=f"tour_{at}", alt=f"Records of step {at}: {step.title}",
            height=_HEIGHT if len(step.events) > _FEW else None,
            of=take_away.provenance(frame.current(), len(step.events), f"step {at} of the tour: {step.title}"),
            columns={
                "When (UTC)": components.instants(width=140),
                "Who": st.column_config.TextColumn(width=110),
                "What happened": st.column_config.TextColumn(width=420),
                "Rule": st.column_config.TextColumn(width=150),
                "Source": st.column_config.LinkColumn(display_text="open", width=70),
            },
        )  # fmt: skip


def _way_on(at: int, of: int) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button("Back", icon=":material/arrow_back:", key="tour_back", disabled=at == 1, on_click=_go, args=(at - 1,))
        if at < of:
            st.button(
                "Next", icon=":material/arrow_forward:", icon_position="right", key="tour_next",
                on_click=_go, args=(at + 1,),
            )  # fmt: skip
        st.button("End the tour", key="tour_end", type="tertiary", on_click=_end)


def _go(step: int) -> None:
    st.query_params[PARAMETER] = str(step)


def _end() -> None:
    st.query_params.pop(PARAMETER, None)
