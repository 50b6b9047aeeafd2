"""Change failures: how many production deployments needed intervention, where, which ones; incidents that fit none."""

from __future__ import annotations

import streamlit as st

from app import wording
from app.dashboard import absent, components, frame, metric_page, record_list, take_away
from app.dashboard.frame import Frame
from app.families import FAILURES
from app.questions import incidents


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title("Change failures", components.question(asked.choice), asked.build)
    chosen = metric_page.choose_measure(asked, FAILURES)
    if chosen is None:
        components.missing(
            "This build measures no change failures.", "Build again with this version.", "twotrack build"
        )
        return
    subject, reading = chosen
    if metric_page.is_empty(reading) and absent.is_missing(asked.build, "production_deployment"):
        return
    if metric_page.is_empty(reading):
        components.nothing_matches(
            asked.choice.describe(),
            "Deployments to production are counted here.",
        )
        return
    metric_page.headline(asked, subject, reading)
    if subject is FAILURES[0]:
        left, right = st.columns(2, gap="medium")
        with left:
            metric_page.breakdown(asked, subject, reading, "Where deployments failed")
        with right:
            _incidents(asked)
    else:
        metric_page.split(asked, subject, reading)
    metric_page.measures(asked, FAILURES)
    record_list.show(asked, subject, reading, title="Records behind the number")


def _incidents(asked: Frame) -> None:
    st.subheader("How incidents were linked to deployments", anchor=False)
    found = incidents.by_link(asked.build, asked.choice.filter)
    if found.empty and absent.is_missing(asked.build, "incident"):
        return
    if found.empty:
        st.caption("No incident opened in the period. Without incidents, only rollbacks and reverts count as failures.")
        return
    total, unlinked = (
        int(found["Incidents"].sum()),
        int(found.loc[found["Linked by"] == incidents.UNLINKED, "Incidents"].sum()),
    )
    st.markdown(
        f"{total - unlinked:,} of {wording.plural(total, 'incident')} fit a deployment; {unlinked:,} fit none and "
        "count for no deployment."
    )
    components.table(
        found, key="incident_links", alt="Incidents by how they were linked", of=take_away.provenance(asked, total)
    )
    if unlinked:
        with st.expander(f"{wording.plural(unlinked, 'incident')} linked to no deployment"):
            components.table(
                incidents.unlinked(asked.build, asked.choice.filter), key="unlinked",
                alt="Incidents linked to no deployment",
                columns={
                    "Opened (UTC)": components.instants(width=140),
                    "Title": None, "Service": None, "Severity": None,
                    "Source": st.column_config.LinkColumn(display_text="open", width=70),
                },
                of=take_away.provenance(asked, unlinked),
            )  # fmt: skip


if __name__ == "__main__":
    show()
