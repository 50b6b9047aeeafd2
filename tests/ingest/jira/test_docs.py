from __future__ import annotations

from pathlib import Path

from ingest.jira.fields import MEANINGS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sources" / "jira.md"


def test_the_page_lists_every_custom_field_and_its_names() -> None:
    """Whoever adds a name for a field says so on the page, in the same order."""
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `"))
    stated = {name.strip("`"): names.partition(";")[0].split(", ") for name, names in rows.items()}
    assert stated == {meaning.target: list(meaning.names) for meaning in MEANINGS}
