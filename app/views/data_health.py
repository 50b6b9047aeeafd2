"""Data health: how fresh the records are, what was set aside, what no rule understood, what fits together."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import components, frame, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.questions import health, queries

_TIME = components.instants(width=140)


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title(
        "Data health", "All records of the build; of the filters, only the service counts, for what fits together.",
        asked.build,
    )  # fmt: skip
    _freshness(asked)
    _continuity(asked)
    _key_gaps(asked)
    _rejected(asked)
    _unclassified(asked)
    _unread_words(asked)
    _reconciliation(asked)
    st.header("What is uncertain", anchor=False)
    components.table(health.doubts(asked.build), key="doubts", alt="Uncertain records", of=_all(asked))
    st.caption("Unknown stays unknown: none of these are filled in, and what they decide is left out with its reason.")


def _all(asked: Frame) -> Provenance:
    return take_away.provenance(asked, None, "all records of the build")


def _service_scope(asked: Frame) -> str:
    services = asked.choice.services
    return "all records of the build" + (f" · service {wording.listed(list(services))}" if services else "")


def _freshness(asked: Frame) -> None:
    sources = queries.sources(asked.build)
    if not sources:
        components.missing("No source has been read yet.", "Sync one, or import a file.", "twotrack sync")
        return
    late = [source for source in sources if source.is_late(asked.build.as_of)]
    title = (
        f"{len(late):,} of {wording.plural(len(sources), 'source')} late or partial"
        if late
        else "Every source is fresh"
    )
    st.header(title, anchor=False)
    components.table(
        pd.DataFrame(
            {
                "Source": [source.source for source in sources],
                "Last read (UTC)": [source.last_read_at for source in sources],
                "Before this build": [
                    wording.age(max(0.0, (asked.build.as_of - s.last_read_at).total_seconds()))
                    if s.last_read_at
                    else "never"
                    for s in sources
                ],
                "Last run": [source.last_run_status or "unknown" for source in sources],
                "Set aside": [source.rejected for source in sources],
                "Late because": [source.why_late(asked.build.as_of) for source in sources],
            }
        ),
        key="sources", alt="Sources and how fresh they are", columns={
            "Source": None, "Last read (UTC)": _TIME, "Before this build": None, "Last run": None, "Set aside": None,
            "Late because": None,
        }, of=_all(asked),
    )  # fmt: skip
    streams = health.streams(asked.build)
    with st.expander(f"{wording.plural(len(streams), 'stream')}: what each brought"):
        components.table(streams, key="streams", alt="Streams and their counts", of=_all(asked))
        st.caption(
            "Received = stored + already held + set aside. “Source reported” is the source's own count in its last "
            "complete answer, where it gives one."
        )


def _continuity(asked: Frame) -> None:
    total, broken, latest = health.continuity(asked.build)
    if not total:
        return  # files and pushed records leave no marks to go on from
    readings = wording.plural(total, "reading")
    if not broken:
        st.header(f"Nothing is missing between {readings} of the sources", anchor=False)
        st.caption("Each went on where the one before it had ended, or read more than that.")
        return
    st.header(f"After {broken:,} of {readings} of the sources something may be missing", anchor=False)
    components.table(
        latest, key="continuity", alt="Readings after which something may be missing",
        columns=dict.fromkeys(latest.columns) | {"Began (UTC)": _TIME}, of=_all(asked),
    )  # fmt: skip
    st.caption(
        "A sync of the whole history closes a gap: `twotrack sync --since` with a day before it. What broke off and "
        "was read later is not listed."
    )


def _key_gaps(asked: Frame) -> None:
    rows, missing, broken, found = health.key_gaps(asked.build)
    if not rows:
        return  # no source here numbers its records one after the other
    of = wording.plural(rows, "series of numbered keys", "series of numbered keys")
    if not missing:
        st.header(f"No number is missing in {of}", anchor=False)
        return
    st.header(f"{wording.plural(missing, 'number')} without a record, in {broken:,} of {of}", anchor=False)
    components.table(found, key="key_gaps", alt="Numbers of keys without a record", of=_all(asked))
    st.caption(
        "Deleted, moved away, never read, or not for this reader to see; or other things that the source numbers along "
        "with changes and issues. What another record names, such as an issue that a change closes, is not missing. A "
        "series of which fewer than half of the numbers are known is not judged."
    )


def _rejected(asked: Frame) -> None:
    found = health.rejected(asked.build)
    if found.empty:
        st.header("No payload was set aside", anchor=False)
        return
    total = int(found["Payloads"].sum())
    st.header(f"{wording.plural(total, 'payload')} set aside, with the reason", anchor=False)
    components.table(found, key="rejected", alt="Payloads set aside by reason", of=_all(asked))
    st.caption("They are kept as they came and can be tried again after a fix; the good ones beside them were stored.")


def _unclassified(asked: Frame) -> None:
    share = queries.unclassified_share(asked.build)
    if share is None:
        return
    found = health.unclassified(asked.build)
    if found.empty:
        st.header("Every event was classified by a rule", anchor=False)
        return
    st.header(f"{wording.share(share)} of events match no rule", anchor=False)
    components.table(found, key="unclassified", alt="Events that match no rule", of=_all(asked))
    st.caption(
        "They count for neither track and never as compliant. A rule of your own in twotrack.toml can place them."
    )


def _unread_words(asked: Frame) -> None:
    found = health.unread_words(asked.build)
    if found.empty:
        return
    st.header(f"{wording.plural(len(found), 'word')} of the sources that no word list knows", anchor=False)
    components.table(found, key="unread_words", alt="Words that no word list knows", of=_all(asked))
    st.caption(
        "What they would decide stays unknown and is left out with its reason. Say what one means with a `[[word]]` in "
        "twotrack.toml, and name environments that are production under `[production]`."
    )


def _reconciliation(asked: Frame) -> None:
    found = health.reconciliation(asked.build, asked.choice.services)
    if found.empty or not found["Records"].sum():
        return
    complete = int(found["Records"].iloc[0])
    total = int(found["Records"].sum())
    st.header(
        f"{wording.share(complete / total)} of {total:,} records fit together from ticket to deployment", anchor=False
    )
    selected = components.table(
        found, key="reconciliation", alt="Tickets, merged changes and deployments matched", is_selectable=True,
        columns={"Records found together": None, "Records": None, "Share": None, "Example": None},
        of=take_away.provenance(asked, total, _service_scope(asked)),
    )  # fmt: skip
    st.caption(
        "Select a row to open its example. Not every organisation needs a ticket per change; unmatched is not wrong."
    )
    components.open_selected(selected, found)


if __name__ == "__main__":
    show()
