"""What a link may ask for, by the names of its parameters, and what is said of a name that no page knows.

Owns the names, which the types of a page's choices are held to. What a value means, and that one is not on offer, is
said where it is asked for.
"""

from __future__ import annotations

from typing import Literal, get_args

import streamlit as st

from app import wording
from models.nearest import did_you_mean

# What travels from page to page in the address; "build" is the pinned build.
CARRIED = ("period", "service", "team", "change_type", "compare", "dates", "build")
# What single pages ask for besides, by a choice of theirs or in the links to them.
Choosable = Literal[
    "advice_team", "behind", "catch", "class", "definition", "dimension", "drift_team", "evidence", "evidence_scope",
    "measure", "quarter", "retrospective", "retrospective_team", "scope", "sheet_team", "stream", "table",
    "week",
]  # fmt: skip
Linked = Literal["change", "deployment", "span", "tour"]
_SHOWN, _LONGEST = 5, 40


def say_unknown() -> None:
    """Say which parameters of the address no page knows: a slip in a link would show everything instead of a part."""
    known = (*CARRIED, *get_args(Choosable), *get_args(Linked))
    unknown = [name for name in st.query_params if name not in known]
    if not unknown:
        return
    said = [
        f"“{wording.inert(name, _LONGEST)}”" + (f" ({hint})" if (hint := did_you_mean(name, known)) else "")
        for name in unknown
    ]
    st.warning(
        f"The link asks for {wording.listed(said, _SHOWN)}, which no page knows. The numbers below are without "
        f"{'it' if len(unknown) == 1 else 'them'}.",
        icon=":material/filter_alt_off:",
    )
