"""What is said above every page: generated data, a pinned or newer build, work in progress, stale and missing sources.

Owns when each is said. Numbers are never changed from here; a newer build is offered, not taken.
"""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app import wording
from app.dashboard import carrying, components, refreshing, retheming
from app.dashboard.filters import NEWEST
from app.questions import builds, queries
from app.questions.builds import Build
from app.questions.queries import Facts
from models.errors import NotBuiltError
from models.workspace import Workspace

_CHECK_EVERY = timedelta(seconds=60)


def show(space: Workspace, build: Build, facts: Facts | None) -> None:
    """Show every banner that applies."""
    with st.sidebar:
        _about(build, facts)
        refreshing.offer(space)
        retheming.watch()
    _news(space, build)
    late = [row for row in queries.sources(build) if row.is_late(build.as_of)]
    if late:
        text = wording.listed(
            [f"{wording.inert(row.source, 40)} ({wording.inert(row.why_late(build.as_of), 80)})" for row in late], 4
        )
        st.warning(
            f"Late or partial sources: {text}. What they hold since then is missing here.", icon=":material/schedule:"
        )


def pinned_build(space: Workspace, in_use: str) -> str | None:
    """Show the choice of build at the foot of the sidebar and return the pinned one, if any."""
    kept = space.builds()
    asked = st.query_params.get("build")
    if asked and asked not in kept and asked != NEWEST:
        st.session_state["build_gone"] = asked
    carrying.give_back("build", lambda values: values[-1] if values[-1] in kept else None)
    with st.sidebar:
        chosen = st.selectbox(
            "Build", (NEWEST, *reversed(kept)), key="build", bind="query-params",
            help="Choosing a build pins it in this page's address: the same link then shows the same numbers for as "
            "long as the build is kept.",
        )  # fmt: skip
    if gone := st.session_state.get("build_gone"):
        if chosen == NEWEST:
            st.warning(
                f"The link pins build {wording.inert(gone, 60)}, which is no longer kept. This is build {in_use}.",
                icon=":material/history_toggle_off:",
            )
        else:
            del st.session_state["build_gone"]
    return None if chosen == NEWEST else str(chosen)


def _about(build: Build, facts: Facts | None) -> None:
    """Say what is shown: workspace, build, and how far its records reach."""
    lines = [f"**{wording.inert(build.name, 60)}**"]
    if facts:
        lines.append(f"Records to {wording.instant(facts.last)}")
    lines.append(f"Built as of {wording.instant(build.as_of)}")
    st.caption("  \n".join(lines))


@st.fragment(run_every=_CHECK_EVERY)
def _news(space: Workspace, build: Build) -> None:
    """Say that a newer build exists, or that one is being made; looked at every minute, numbers stay."""
    newer = builds.newer_build(space, build.build_id)
    if newer:
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.info(
            f"A newer build is available ({newer}). The numbers here stay those of {build.build_id} until you take it.",
            icon=":material/update:",
        )
        if right.button("Show it", key="take_newer", width="stretch", on_click=_take, args=(newer,)):
            st.rerun(scope="app")
    if work := builds.writing(space):
        seconds = max(0.0, (builds.now() - work.since).total_seconds())
        st.info(
            f"{wording.inert(work.command, 80)} has been working for {wording.age(seconds)}. "
            "What it brings shows once a new build is published.",
            icon=":material/sync:",
        )


def _take(build_id: str) -> None:
    builds.take(build_id)
    st.session_state["build"] = NEWEST


def no_build(space: Workspace, error: NotBuiltError) -> None:
    """Show the state without anything to read: the demo and the first real steps, with their exact commands."""
    st.title("Nothing to show yet", anchor=False)
    st.markdown(wording.inert(error.what, 300))
    if work := builds.writing(space):
        st.info(f"{wording.inert(work.command, 80)} is working now; reload when it is done.", icon=":material/sync:")
    if space.raw_path.exists():
        components.missing(
            "Records are stored; nothing has been built of them yet.",
            "A build makes every table and number from them. This page shows it when you reload.",
            "twotrack build",
        )
        return
    demo, real = st.columns(2, gap="medium")
    with demo.container(border=True, height="stretch"):
        st.subheader("Look around with example data", anchor=False)
        st.markdown(
            "Generated records of a made-up organisation, in a workspace of their own. "
            "Everything says that it is demo data."
        )
        st.code("twotrack demo", language=None, wrap_lines=True)
    with real.container(border=True, height="stretch"):
        st.subheader("Use your own records", anchor=False)
        st.markdown("Set up a workspace, fetch from GitHub, Jira, GitLab or Jenkins, or import files, then build.")
        st.code("twotrack init\ntwotrack sync\ntwotrack build", language=None, wrap_lines=True)
    st.caption(f"Workspace: {wording.inert(error.where or space.home, 300)}")
