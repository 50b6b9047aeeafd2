"""Definitions and rules: what every measure means, which rules classified the events, which limits decided."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import families, wording
from app.dashboard import components, filters, frame, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.questions import queries, rulebook


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title(
        "Definitions and rules", "As they were when this build was made; the filters above do not apply.", asked.build
    )
    measures, rules, limits, tables = st.tabs(["Measures", "Classification rules", "Limits", "Tables"])
    with measures:
        _measures(asked)
    with rules:
        _rules(asked)
    with limits:
        _limits(asked)
    with tables:
        _tables(asked)


def _measures(asked: Frame) -> None:
    held = queries.definitions(asked.build)
    if not held:
        components.missing("This build holds no measures.", "Build again with this version.", "twotrack build")
        return
    labels = {definition.label: name for name, definition in held.items()}
    picked = filters.choose("Measure", sorted(labels), key="definition")
    definition = held[labels[picked]]
    st.header(definition.label, anchor=False)
    st.markdown(definition.description)
    facts = {
        "Name": definition.name,
        "Kind": definition.kind,
        "Statistic": wording.words(definition.statistic),
        "Unit": "per cent" if definition.unit == "ratio" else definition.unit,
        "Better": definition.better,
        "Dated by": definition.dated_by,
        "Judged from": f"n = {definition.minimum_sample}",
        "Defined under": definition.source.removeprefix("Definitions, "),
        "Undefined when": definition.absent_reason,
    }
    components.table(
        pd.DataFrame({"What": list(facts), "Value": list(facts.values())}), key="definition_facts",
        alt=f"Definition of {definition.label}", of=_of(asked),
    )  # fmt: skip
    page = families.page_of(definition.name)
    if page:
        st.page_link(page, label="See it", query_params={"measure": definition.label}, icon=":material/arrow_forward:")
    with st.expander("Its SQL"):
        st.code(queries.model_sql(asked.build, f"metrics.{definition.name}"), language=None, wrap_lines=True)
    with st.expander(f"All {len(held)} measures"):
        components.table(
            pd.DataFrame(
                [(d.label, d.description, d.kind, d.dated_by, d.minimum_sample) for d in held.values()],
                columns=["Measure", "Definition", "Kind", "Dated by", "Judged from n ="],
            ),
            key="all_definitions", alt="All measures", of=_of(asked),
        )  # fmt: skip


def _of(asked: Frame) -> Provenance:
    return take_away.provenance(asked, None, "definitions of the build")


def _rules(asked: Frame) -> None:
    st.markdown(
        "Every event of a source goes through these rules in order; the first that matches places it in a track. An "
        "event that decides and executes at once has a rule for each. What none matches is unclassified and never "
        "counts as compliant. Rules of your own in `twotrack.toml` are tried first."
    )
    found = rulebook.rules(asked.build)
    if found.empty:
        components.missing("This build holds no rules.", "Build again with this version.", "twotrack build")
        return
    components.table(
        found, key="rules", alt="Classification rules in order",
        columns={
            "From": st.column_config.TextColumn(width=70), "Rule": st.column_config.TextColumn(width=200),
            "Track": st.column_config.TextColumn(width=150), "Activity": st.column_config.TextColumn(width=110),
            "Because": st.column_config.TextColumn(width=300), "Events": st.column_config.NumberColumn(width=80),
        }, of=_of(asked),
    )  # fmt: skip


def _limits(asked: Frame) -> None:
    st.markdown("Settings that decide, as this build had them. They can be changed in `twotrack.toml`.")
    components.table(rulebook.thresholds(asked.build), key="thresholds", alt="Limits that decide", of=_of(asked))
    st.markdown(
        "**Signals.** A week is a signal when it lies outside the process-behaviour limits (mean of the weeks before "
        "the asked period, 2.66 mean moving ranges to either side), or when eight weeks running lie on one side of the "
        "centre. "
        "Weeks with fewer than five records, and weeks not yet over, are drawn hollow and not judged."
    )
    st.markdown(
        "**Late sources.** A source is late when its last run failed, or when it was last read more than two days "
        "before the build."
    )


def _tables(asked: Frame) -> None:
    found = rulebook.tables(asked.build)
    components.table(found, key="tables", alt="Public tables", of=_of(asked))
    if found.empty:
        return
    picked = filters.choose("Columns of", list(found["Table"]), key="table")
    components.table(rulebook.columns(asked.build, picked), key="columns", alt=f"Columns of {picked}", of=_of(asked))
    with st.expander("Its SQL"):
        st.code(queries.model_sql(asked.build, picked), language=None, wrap_lines=True)


if __name__ == "__main__":
    show()
