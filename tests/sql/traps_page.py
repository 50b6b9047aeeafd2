"""The page on traps: ``python -m tests.sql.traps_page``.

Owns the table of what other tools got wrong, and of the contested edges of each definition, against the case that holds
it. What the cases demand is in their folders.
"""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

from models.workspace import CHECKOUT

PAGE = CHECKOUT / "docs" / "traps.md"
TABLE = Path(__file__).with_name("traps.csv")


def traps() -> list[tuple[str, str, list[str]]]:
    """Return what each trap is about, the trap, and the cases and tests that hold it."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [(row["about"], row["trap"], row["cases"].split(" | ")) for row in csv.DictReader(file)]


def page() -> str:
    """Return the page's text."""
    lines = [
        "# Traps, and the cases that hold them",
        "",
        "What other tools got wrong, and the edges of the [definitions](metrics.md), each with the case that fails",
        "when it goes wrong here. A case is a folder under `tests/sql/` with records, settings and the rows that must",
        "come out; what SQL cannot show is a test. This page is written by `python -m tests.sql.traps_page`; a test",
        "fails when it is stale or names a case that is gone.",
    ]
    for about, group in groupby(traps(), key=lambda one: one[0]):
        lines += ["", f"## {about}", "", "| trap | case |", "| --- | --- |"]
        lines += [f"| {trap} | {'<br>'.join(map(_linked, cases))} |" for _, trap, cases in group]
    return "\n".join(lines) + "\n"


def _linked(case: str) -> str:
    path, _, test = case.partition("::")
    if test:
        return f"[{_words(test.removeprefix('test_'))}](../{path})"
    model, _, name = case.partition("/")
    return f"`{model}`: [{_words(name)}](../tests/sql/{case}/expected.csv)"


def _words(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
