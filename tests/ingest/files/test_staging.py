"""The staging models of imported and pushed records."""

from __future__ import annotations

import pytest

from models.records import KINDS, plural
from sql.check import portability_problems
from sql.engines import parse
from sql.header import ROOT, read_model

STAGING = [path for path in sorted((ROOT / "staging").rglob("stg_*.sql")) if path.parent.name != "bookkeeping"]
BY_PLURAL = {plural(kind): kind for kind in KINDS}


@pytest.mark.parametrize("path", STAGING, ids=lambda path: path.stem)
def test_every_staging_model_has_the_columns_of_its_kind(path: object) -> None:
    """Every source ends in the same shape, documented, in the same order."""
    model = read_model(path, "staging")  # type: ignore[arg-type]
    source = model.path.parent.name
    kind = BY_PLURAL[model.name.removeprefix(f"stg_{source}_")]
    columns = ["source", "source_event_id", *KINDS[kind].model_fields]
    assert list(model.columns) == columns
    assert [projection.alias_or_name for projection in parse(model.select).selects] == columns
    assert portability_problems(parse(model.select)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_record_can_be_imported(kind: str) -> None:
    """A mapping may name any kind, so each has its staging model."""
    model = read_model(ROOT / "staging" / "record" / f"stg_record_{plural(kind)}.sql", "staging")
    assert ("source", "key") in model.unique
    assert {"source", "source_event_id", "key"} <= set(model.not_null)
