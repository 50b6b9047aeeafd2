"""Evidence export: a pack for a period and a scope, with everything in it and not only what failed."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from app import quarters, wording
from app.dashboard import components, filters, frame, own_command
from app.dashboard.frame import Frame
from app.questions import builds, queries
from app.reports.question import parse_period
from models.errors import UserError
from sql.aggregate import Filter

EVERYTHING = "Everything"
_MADE = "evidence_made"
_PLACE = re.compile(r"\((\d+) of ([1-9]\d*)\)$")


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title(
        "Evidence export",
        "For an auditor who does not trust us: checkable offline, with every record behind every figure. Quarter and "
        "scope are chosen below; the filters above do not apply.",
        asked.build,
    )  # fmt: skip
    known = quarters.spanned(asked.facts.first, asked.facts.last)
    left, right = st.columns(2)
    with left:
        place = quarters.newest_complete(known, asked.build.as_of)
        name = filters.choose("Quarter", [known[place], *(q for q in known if q != known[place])], key="evidence")
    scopes = {EVERYTHING: "", **{f"Team {t}": f"team:{t}" for t in asked.facts.team}}
    scopes |= {f"Service {s}": f"service:{s}" for s in asked.facts.service}
    with right:
        scope = scopes[filters.choose("Scope", list(scopes), key="evidence_scope")]
    arguments = _arguments(asked, name, scope)
    _population(asked, name, scope)
    _make(arguments)
    _signing(arguments)


def _arguments(asked: Frame, name: str, scope: str) -> list[str]:
    frameworks = queries.frameworks(asked.build)
    chosen = st.multiselect(
        "Frameworks", list(frameworks), format_func=lambda short: frameworks[short], placeholder="All that are mapped",
        key="evidence_frameworks",
    )  # fmt: skip
    confidence_column, tolerable_column, seed_column = st.columns(3)
    confidence = confidence_column.number_input(
        "Confidence of the sample, per cent", 50, 99, 90, key="evidence_confidence"
    )
    tolerable = tolerable_column.number_input("Tolerable deviations, per cent", 1, 50, 10, key="evidence_tolerable")
    seed = seed_column.text_input("Seed the auditor gave", key="evidence_seed", placeholder="derived from the changes")
    arguments = ["evidence", "--period", name, "--build", asked.build.build_id]
    arguments += ["--scope", scope] if scope else []
    for framework in chosen:
        arguments += ["--framework", framework]
    arguments += ["--confidence", str(confidence), "--tolerable", str(tolerable)]
    return arguments + (["--seed", seed] if seed else [])


def _population(asked: Frame, name: str, scope: str) -> None:
    kind, _, value = scope.partition(":")
    period = parse_period(name).period
    chosen = Filter(period.start, period.end, (value,) if kind == "service" else (), (value,) if kind == "team" else ())
    found = queries.population(asked.build, chosen)
    st.caption(
        f"{wording.span(period.start, period.end)}: {wording.plural(found.changes, 'change')} created and "
        f"{wording.plural(found.deployments, 'production deployment')} started in it."
    )


def _make(arguments: list[str]) -> None:
    if st.button("Make an unsigned pack", icon=":material/inventory_2:", key="make_pack"):
        bar = st.progress(0.0, "Making the pack…")

        def advance(line: str) -> None:
            if place := _PLACE.search(line):
                bar.progress(int(place[1]) / int(place[2]), wording.inert(line, 200))

        try:
            st.session_state[_MADE] = (tuple(arguments), _made(arguments, advance))
        except UserError as error:
            components.problem(error)
        bar.empty()
    made = st.session_state.get(_MADE)
    if not made or made[0] != tuple(arguments):
        return
    answer = made[1]
    path = Path(answer["pack"])
    if not path.is_file():
        st.warning("The pack is no longer in the workspace; make it again.", icon=":material/link_off:")
        return
    st.success(
        f"{wording.plural(int(answer['exceptions']), 'finding')} to explain. The pack says that it is not signed.",
        icon=":material/inventory_2:",
    )
    st.download_button(
        "Download the pack (ZIP)", path.read_bytes, file_name=path.name, mime="application/zip", on_click="ignore",
        icon=":material/download:", key="download_pack",
    )  # fmt: skip
    for sentence in answer["incomplete"]:
        st.caption(wording.inert(str(sentence), 300))


def _made(arguments: list[str], tell: Callable[[str], None]) -> dict[str, Any]:
    """Make the pack in the workspace's evidence folder; the same question of the same build is the same pack."""
    folder = builds.workspace().home / "evidence"
    try:
        return own_command.run_telling(builds.workspace(), [*arguments, "--out", str(folder), "--zip"], tell)
    except UserError as error:
        if "already" in error.what and Path(error.where).is_file():
            return _made_before(Path(error.where))
        raise


def _made_before(path: Path) -> dict[str, Any]:
    """Return what the command would answer for a pack that is there already, read from the pack."""
    with zipfile.ZipFile(path) as archive:
        stated = json.loads(archive.read(f"{path.stem}/data/provenance.json"))
    return {
        "pack": str(path), "exceptions": stated["rows"]["exceptions.csv"],
        "incomplete": ["This pack had been made before: the same question of the same build is the same pack."],
    }  # fmt: skip


def _signing(arguments: list[str]) -> None:
    st.header("Signed, and how it is checked", anchor=False)
    st.markdown(
        "A signature needs your private key, which never comes near this server. At the command line, where the key is:"
    )
    st.code(
        "twotrack keygen --out evidence.key\n" + own_command.shown([*arguments, "--key", "evidence.key"]),
        language=None,
        wrap_lines=True,
    )
    st.markdown(
        "The auditor checks it offline, without a database, a configuration or us. The second command writes the check "
        "as one Python file, for an auditor who has no Twotrack:"
    )
    st.code(
        "twotrack verify PACK --key evidence.key.pub\ntwotrack verify --as-file twotrack-verify.pyz",
        language=None,
        wrap_lines=True,
    )
    st.caption(
        "A signature proves who made the pack and that nothing in it changed since; not that the sources were right."
    )


if __name__ == "__main__":
    show()
