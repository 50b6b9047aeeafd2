"""A spool of deliveries that nobody has taken over yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.push.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "push.sqlite") as opened:
        yield opened
