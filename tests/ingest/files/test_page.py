"""The page about files says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from ingest.files.importing import import_file
from ingest.files.mapping import Dialect, Expression, FileMapping, Filter, RecordMapping, parse_mapping
from ingest.store import RawStore
from models.records import KINDS
from tests.ingest.files.making import records, write

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "sources" / "files.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the part of the page under a heading."""
    return PAGE.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("The mapping", FileMapping),
        ("`[dialect]`", Dialect),
        ("`[[record]]`", RecordMapping),
        ("Expressions", Expression),
        ("Conditions", Filter),
    ],
)
def test_every_key_of_a_mapping_is_on_the_page_and_in_its_docstring(title: str, model: type[BaseModel]) -> None:
    """And no other."""
    first_cells = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    assert {word for cell in first_cells for word in re.findall(r"`(\w+)`", cell)} == set(model.model_fields)
    if model is not Filter:
        assert all(re.search(rf"^\s+{name}: ", model.__doc__ or "", re.MULTILINE) for name in model.model_fields)


def test_every_kind_and_every_shipped_mapping_is_on_the_page() -> None:
    """So that a reader finds what there is."""
    shipped = {path.stem for path in (ROOT / "data" / "mappings").glob("*.toml")}
    assert {
        line.split("`")[1] for line in section("Mappings that come with Twotrack").splitlines()[5:] if "`" in line
    } == (shipped)
    assert all(f"`{kind}`" in section("`[[record]]`") for kind in KINDS)


def test_the_example_loads_and_runs(store: RawStore, tmp_path: Path) -> None:
    """As it stands on the page."""
    example = PAGE.split("```toml\n", 1)[1].split("```", 1)[0]
    text = (
        "number;short_description;type;opened_by;sys_created_on;sys_updated_on;close_code;cmdb_ci;start_date;end_date;"
        "approval\r\n"
        "CHG1;Upgrade;Normal;ann;30-8-2012 7:00;31-8-2012 7:00;n/a;db1;1-9-2012 7:00;1-9-2012 9:00;Approved\r\n"
    )
    result = import_file(store, write(tmp_path, text), parse_mapping(example, "the page"))
    assert [counts.stored for counts in result.streams] == [1, 1, 1]
    assert records(store)[0]["created_at"] == "2012-08-30T05:00:00Z"
    assert "outcome" not in records(store)[0]
