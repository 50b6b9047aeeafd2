"""The page on traps names cases and tests that exist, and says what the table says."""

from __future__ import annotations

import re
from pathlib import Path

from models.workspace import CHECKOUT
from tests.sql.traps_page import PAGE, page, traps

HERE = Path(__file__).resolve().parent


def test_every_trap_has_a_case_or_a_test_that_exists() -> None:
    """A trap whose case was renamed or taken away is held by nothing."""
    missing = []
    for _, trap, cases in traps():
        for case in cases:
            path, _, test = case.partition("::")
            exists = (
                re.search(rf"^def {test}\(", (CHECKOUT / path).read_text(encoding="utf-8"), re.MULTILINE)
                if test
                else (HERE / case / "expected.csv").exists()
            )
            if not exists:
                missing.append((trap, case))
    assert len(traps()) > 40
    assert missing == []


def test_the_page_on_traps_says_what_the_table_says() -> None:
    """Stale after a change of the table: run python -m tests.sql.traps_page."""
    assert PAGE.read_text(encoding="utf-8") == page()
