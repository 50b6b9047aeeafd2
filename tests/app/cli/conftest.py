from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from tests.exports import AS_OF, write_exports, write_mappings
from tests.once import Once


@dataclass(frozen=True)
class Answer:
    """What one command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """Standard output as JSON."""
        return json.loads(self.out)


Twotrack = Callable[..., Answer]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own, so that no test ever meets a real one."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TWOTRACK_HOME", str(folder))
    return folder


@pytest.fixture
def twotrack(capsys: pytest.CaptureFixture[str]) -> Twotrack:
    """Run a command line within this process."""

    def call(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def published(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with forty changes, built once; tests only read it, each process a copy."""

    def make(folder: Path) -> None:
        write_mappings(folder / "home")
        paths = write_exports(folder / "exports", 40)
        prefix: Sequence[str] = ("--home", str(folder / "home"), "--quiet")
        assert run([*prefix, "import", *(str(path) for path in paths)]) == 0
        assert run([*prefix, "build", "--as-of", AS_OF, "--memory", "500MB"]) == 0

    made = once("exports", make) / "home"
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("published") / "home"))
