"""What arrived, what did not, and what no rule understood: the questions of Data health. Rows and counts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD

_MATCHES = {
    (True, True, True): "Ticket, merged change and deployment",
    (False, True, True): "Merged change and deployment, no ticket",
    (True, False, True): "Ticket and deployment, no merged change",
    (True, True, False): "Ticket and merged change, not deployed",
    (True, False, False): "Ticket only",
    (False, True, False): "Merged change only",
    (False, False, True): "Deployment only",
}


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def streams(build: Build) -> pd.DataFrame:
    """Return every stream with its counts, and how long before the build it was last read."""
    rows = cursor(build).execute(
        "select source, stream, received, stored, unchanged, rejected, reported, last_run_at, last_run_status, "
        "last_error from marts.data_sources order by source, stream"
    )
    return pd.DataFrame(
        rows.fetchall(),
        columns=["Source", "Stream", "Received", "Stored", "Unchanged", "Set aside", "Source reported",
                 "Last read (UTC)",                 "Last run", "Error"],
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def rejected(build: Build) -> pd.DataFrame:
    """Return why payloads were set aside, most frequent first."""
    if not build.has("marts.rejected"):
        return pd.DataFrame()
    rows = cursor(build).execute(
        "select source, stream, reason, payloads, example_key, last_at from marts.rejected "
        "order by payloads desc, source, stream"
    )
    return pd.DataFrame(
        rows.fetchall(), columns=["Source", "Stream", "Reason", "Payloads", "Example", "Last seen (UTC)"]
    )


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def unclassified(build: Build) -> pd.DataFrame:
    """Return the events that no rule matched, most frequent first."""
    if not build.has("marts.unclassified"):
        return pd.DataFrame()
    rows = cursor(build).execute(
        "select source, kind, verb, sign, events from marts.unclassified "
        "order by events desc, source, kind, verb limit 200"
    )
    return pd.DataFrame(rows.fetchall(), columns=["Source", "Kind", "What happened", "Matched text", "Events"])


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def unread_words(build: Build) -> pd.DataFrame:
    """Return the words that decide something and that no word list knows, most frequent first."""
    if not build.has("marts.unread_words"):
        return pd.DataFrame()
    rows = cursor(build).execute(
        "select source, what, word, records from marts.unread_words order by records desc, source, what, word limit 200"
    )
    return pd.DataFrame(rows.fetchall(), columns=["Source", "What", "Word", "Records"])


_STEPS = {
    "first": "first reading",
    "continued": "went on where the last ended",
    "read_again": "read a part again",
    "from_the_start": "read from the start",
    "gap": "a part was never read",
    "moved_back": "its mark moved back",
    "broke_off": "broke off",
}


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def continuity(build: Build) -> tuple[int, int, pd.DataFrame]:
    """Return how many readings left marks, after how many something may be missing, and the latest 200 of those."""
    if not build.has("marts.watermark_continuity"):
        return 0, 0, pd.DataFrame()
    con = cursor(build)
    ((total, broken),) = con.execute(
        "select count(*), count(*) filter (where not is_continuous) from marts.watermark_continuity"
    ).fetchall()
    rows = con.execute(
        "select source, stream, scope, started_at, state, known_until, began_from, reached "
        "from marts.watermark_continuity where not is_continuous "
        "order by started_at desc, source, stream, scope limit 200"
    )
    return (
        int(total),
        int(broken),
        pd.DataFrame(
            [(*row[:4], _STEPS[row[4]], *row[5:]) for row in rows.fetchall()],
            columns=[
                "Source",
                "Stream",
                "Within",
                "Began (UTC)",
                "What happened",
                "Read until then",
                "Began from",
                "Reached",
            ],
        ),
    )


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def key_gaps(build: Build) -> tuple[int, int, int, pd.DataFrame]:
    """Return what is missing in keys that a source numbers one after the other.

    Returns:
        How many rows of such keys there are, how many numbers have no record, in how many of the rows, and the 200 rows
        with most of these.
    """
    if not build.has("marts.key_gaps"):
        return 0, 0, 0, pd.DataFrame()
    con = cursor(build)
    ((rows, missing, broken),) = con.execute(
        "select count(missing), coalesce(sum(missing), 0)::bigint, count(*) filter (where missing > 0) "
        "from marts.key_gaps"
    ).fetchall()
    found = con.execute(
        "select source, case when prefix = '' then '(bare numbers)' else prefix end, first_number, last_number, "
        "present, named, missing, first_missing from marts.key_gaps where missing > 0 "
        "order by missing desc, source, prefix limit 200"
    )
    columns = ["Source", "Keys", "From", "To", "With a record", "Only named", "Without", "The first without"]
    return int(rows), int(missing), int(broken), pd.DataFrame(found.fetchall(), columns=columns)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def reconciliation(build: Build, services: tuple[str, ...]) -> pd.DataFrame:
    """Return tickets, merged changes and deployments as a three-way match, every bucket, of the chosen services."""
    if not build.has("marts.reconciliation"):
        return pd.DataFrame()
    chosen = f"service in ({', '.join('?' * len(services))})" if services else "true"
    rows = cursor(build).execute(
        "select has_ticket, has_change, has_deployment, sum(records)::bigint, min_by(example_id, service) "
        f"from marts.reconciliation where {chosen} group by all",
        list(services),
    )
    found = {tuple(row[:3]): (row[3], row[4]) for row in rows.fetchall()}
    frame = pd.DataFrame(
        [(label, *found.get(key, (0, None))) for key, label in _MATCHES.items()],
        columns=["Records found together", "Records", "Example"],
    )
    total = frame["Records"].sum()
    frame.insert(2, "Share", [wording.share(count / total) if total else "—" for count in frame["Records"]])
    frame["change_id"] = frame["Example"]
    return frame


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def doubts(build: Build) -> pd.DataFrame:
    """Return how much of the record is uncertain: times, persons, services, links."""
    con = cursor(build)
    questions = {
        "Events with an exact time": ("marts.activities", "time_quality = 'exact'"),
        "Events with a bounded time": ("marts.activities", "time_quality = 'bounded'"),
        "Events with an inferred time": ("marts.activities", "time_quality = 'inferred'"),
        "Decisions by an unresolved person": ("marts.decisions", "decided_by is null"),
        "Decisions without a time": ("marts.decisions", "decided_at is null"),
        "Changes without a service": ("marts.changes", "service is null"),
        "Changes without a type": ("marts.changes", "change_type is null"),
        "Deployments to an unknown environment": ("marts.deployments", "is_production is null"),
        "Incidents linked to no deployment": ("marts.incidents", "deployment_id is null"),
    }
    found: dict[str, tuple[int, int]] = {}
    for table in {table: None for table, _ in questions.values()}:
        if not build.has(table):
            continue
        # All of a table's questions at once: the log is spelled out for each time that it is read.
        asked = [(label, condition) for label, (of, condition) in questions.items() if of == table]
        counts = ", ".join(f"count(*) filter (where {condition})" for _, condition in asked)
        ((total, *counted),) = con.execute(f"select count(*), {counts} from {table}").fetchall()
        found |= {label: (count, total) for (label, _), count in zip(asked, counted, strict=True)}
    rows = [
        (label, count, total, wording.share(count / total) if total else "—") for label, (count, total) in found.items()
    ]
    return pd.DataFrame(rows, columns=["What", "Records", "Of", "Share"])
