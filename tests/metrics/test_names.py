"""The page on recorded names says what the rules make of them, and they know nearly all."""

from __future__ import annotations

from pathlib import Path

from tests.metrics.names_page import PAGE, page, parts, share


def test_at_least_98_of_100_recorded_names_are_known(shared_data: Path) -> None:
    """In every part, counted by the records that carry them; the rest is listed with its count."""
    for heading, names in parts(shared_data).items():
        known, whole = share(names)
        assert whole > 50, heading
        assert known / whole >= 0.98, heading


def test_the_page_on_names_says_what_the_rules_do(shared_data: Path) -> None:
    """Stale after a change of a rule: run python -m tests.metrics.names_page."""
    assert PAGE.read_text(encoding="utf-8") == page(shared_data)
