"""The records behind a statement about practice, on the page that makes it: which count for it, opened one by one.

Owns the choice of the statement and the grid. What a statement is counted over is a question's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import streamlit as st

from app import wording
from app.dashboard import components, filters, links, take_away
from app.dashboard.frame import Frame
from app.questions import practice_records


def show(
    asked: Frame, statements: Mapping[str, tuple[str, str]], within: Callable[[str], tuple[datetime, datetime]],
    scope: str, scope_name: str, *, key: links.Choosable,
) -> None:  # fmt: skip
    """Show the records of one of the statements, those that count against it first.

    ``statements`` are label → kind and name; ``within`` gives the days that the named one looks at.
    """
    # The newest table that statements are counted over; a build of before has not all of them.
    if not asked.build.has("marts.conditioned_decisions"):
        return
    known = {
        label: (kind, name) for label, (kind, name) in statements.items() if practice_records.statement(kind, name)
    }
    if not known:
        return
    st.subheader("The records behind it", anchor=False)
    picked = filters.choose("Records of", list(known), key=key)
    kind, name = known[picked]
    start, end = within(name)
    total, counting, rows = practice_records.rows(asked.build, kind, name, start, end, scope, scope_name)
    found = practice_records.statement(kind, name)
    counted = found[1] if found else ""
    if rows.empty:
        st.caption("No record of it in the period.")
        return
    selected = components.table(
        rows, key=f"{key}_rows", alt=f"Records of {picked}", is_selectable=True,
        columns={
            "occurred_at": components.instants("When (UTC)", width=135),
            "key": st.column_config.TextColumn("Record", width=130),
            "title": st.column_config.TextColumn("Title", width=210),
            "counts": st.column_config.TextColumn(wording.sentence(counted), width=110),
            "what": st.column_config.TextColumn("What the record says", width=230),
            "service": st.column_config.TextColumn("Service", width=105),
        },
        of=take_away.provenance(asked, total, f"{wording.span(start, end)} · {scope_name} · {picked}"),
    )  # fmt: skip
    components.open_selected(selected, rows)
    st.caption(
        f"{counting:,} of {wording.plural(total, 'record')} {counted}; those that are not come first"
        + (f", {practice_records.SHOWN} shown" if total > practice_records.SHOWN else "")
        + ". Select a row to open it."
    )
