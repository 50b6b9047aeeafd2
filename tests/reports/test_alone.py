"""The check as one file, run where there is nothing of ours and only what it says it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from app.cli import run
from app.reports import alone
from app.reports.evidence import Made
from tests.reports.conftest import Keys

# What other files of ours would need and this one must not.
HEAVY = ("streamlit", "plotly", "pandas", "numpy", "pyarrow", "bagit", "typst", "xlsxwriter", "sqlglot", "requests",
         "click", "orjson", "ingest")  # fmt: skip
STARTED = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("app", "models", "sql")]
    print("elsewhere", [module for module in ours if not str(module.__file__).startswith(sys.argv[0])])
    print("heavy", sorted({n.split(".")[0] for n in sys.modules} & set(HEAVY)))
"""


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]


def installed(names: list[str], into: Path) -> Path:
    """Lay out in a folder exactly what ``pip install`` of these names would bring: they and all they require."""
    into.mkdir()
    wanted, seen = list(map(_name, names)), set[str]()
    while wanted:
        name = wanted.pop().lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # one for other systems only
        wanted += [
            re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0] for line in found.requires or () if ";" not in line
        ]
        # cffi is required of some systems only, and so behind a condition.
        wanted += ["cffi"] if name == "cryptography" else []
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            there = Path(str(found.locate_file(top)))
            if there.exists() and not (into / top).exists():
                (into / top).symlink_to(there)
    return into


def started(file: Path, libraries: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the file in a process without site packages, with these libraries only, from a folder of its own."""
    empty = file.parent / "elsewhere"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-S", "-c", STARTED.replace("HEAVY", repr(HEAVY)), str(file), *arguments],
        cwd=empty, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(libraries), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alone") / alone.NAME
    alone.write(path)
    return path


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(alone.needs(), tmp_path_factory.mktemp("bare") / "site")


def test_the_file_checks_a_pack_with_only_what_it_says_it_needs(
    file: Path, libraries: Path, signed: Made, keys: Keys
) -> None:
    """Nothing of ours is installed, no dashboard, no connector; every check runs, the report included."""
    done = started(file, libraries, str(signed.path), "--key", str(keys.public))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "elsewhere []" in done.stdout and "heavy []" in done.stdout
    assert "ok    report.html: made again from the results" in done.stdout
    assert "note  report.pdf: covered by its digest only: it is made again where typst" in done.stdout
    assert "comes with this installation" in done.stdout and "checks hold" in done.stdout
    assert done.stdout.count("\nok ") > 30


def test_the_file_refuses_what_the_command_refuses(file: Path, libraries: Path, pack: Path, keys: Keys) -> None:
    """A changed pack gives the same line and the same exit code."""
    (pack / "README.md").write_text("trust me")
    done = started(file, libraries, str(pack), "--key", str(keys.public))
    assert done.returncode == 8
    assert "FAIL  tag files: README.md differs from its digest" in done.stdout


def test_what_is_missing_is_said_with_how_to_get_it(file: Path, tmp_path: Path) -> None:
    """Without the libraries the answer is one line to paste, not a traceback."""
    (tmp_path / "none").mkdir()
    done = started(file, tmp_path / "none", "--help")
    assert done.returncode == 1
    assert "is missing. The check needs: python3 -m pip install" in done.stderr
    assert "Traceback" not in done.stderr and "'duckdb" in done.stderr


def test_the_same_version_gives_the_same_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two people can compare its digest; it holds plain source, and nothing that was already there is overwritten."""
    target = tmp_path / "again.pyz"
    assert run(["verify", "--as-file", str(target)]) == 0
    assert "SHA-256" in capsys.readouterr().out
    assert target.read_bytes() == file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        suffixes = {Path(name).suffix for name in archive.namelist()}
    assert suffixes == {".py", ".sql", ".j2", ".typ", ""}
    assert run(["verify", "--as-file", str(target)]) != 0


@pytest.mark.parametrize("line", ["verify", "verify pack --as-file x.pyz"])
def test_either_a_pack_or_the_file_is_asked_for(line: str) -> None:
    """The two uses of the command do not mix."""
    assert run(line.split()) == 2
