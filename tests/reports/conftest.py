from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.reports import evidence, signing
from app.reports.evidence import Made, Request
from models.workspace import Workspace
from tests.once import Once
from tests.reports import quarter


@dataclass(frozen=True)
class Keys:
    """A signer's two key files."""

    private: Path
    public: Path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    made = signing.generate(tmp_path_factory.mktemp("keys") / "signer.key")
    return Keys(made.private, made.public)


@pytest.fixture(scope="session")
def workspace(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the quarter's workspace: packs that are made are written down in it."""
    made = once("quarter", quarter.built)
    return Workspace(Path(shutil.copytree(made, tmp_path_factory.mktemp("workspace") / "home")))


@pytest.fixture(scope="session")
def signed(workspace: Workspace, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A signed pack of the quarter that follows a signed pack of the quarter before; not to be changed."""
    out = tmp_path_factory.mktemp("packs")
    key = signing.load_private(keys.private)
    evidence.make(workspace, Request(quarter.BEFORE, out, "payments", key=key))
    return evidence.make(workspace, Request(quarter.PERIOD, out, "payments", key=key))


@pytest.fixture
def pack(signed: Made, tmp_path: Path) -> Iterator[Path]:
    """A copy of the signed pack, its statement and the pack before, to be tampered with."""
    shutil.copytree(signed.path.parent, tmp_path / "packs")
    yield tmp_path / "packs" / signed.name
