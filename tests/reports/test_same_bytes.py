"""Two people on two machines who make the same pack hold the same bytes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from models.workspace import Workspace
from tests.reports.conftest import Keys

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = "import os, sys; os.umask(int(sys.argv.pop(1), 8)); from app.cli import main; main()"
# Far apart in every way a process can differ: hours, digits and sorting, hashing, permissions, folder.
HERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0"}
THERE = {"TZ": "America/Los_Angeles", "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "4711"}


def made(workspace: Workspace, folder: Path, settings: dict[str, str], umask: str, keys: Keys) -> dict[str, bytes]:
    """Make a pack as a folder, one as a ZIP file, and a report, in a process of its own; return every file's bytes."""
    cwd = folder / "somewhere"
    cwd.mkdir(parents=True)
    home = folder / "home"
    shutil.copytree(workspace.home, home)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "TZ", "PYTHON"))}
    question = [
        "--from",
        "2026-04-01",
        "--to",
        "2026-07-01",
        "--scope",
        "payments",
        "--first",
        "--key",
        str(keys.private),
    ]
    for arguments in (
        ["evidence", *question, "--out", str(folder / "packs")],
        ["evidence", *question, "--out", str(folder / "zipped"), "--zip"],
        ["report", "--period", "2026Q2", "--team", "Money", "--out", "../reports"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", RUN, umask, "--home", str(home), *arguments],
            cwd=cwd, env={**kept, **settings, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, bytes] = {}
    for below in ("packs", "zipped", "reports"):
        for path in sorted((folder / below).rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                found[name] = path.read_bytes()
                if name.startswith("packs/evidence") and "/data/" in name:
                    assert stat.S_IMODE(path.stat().st_mode) == 0o644, name
    return found


@pytest.mark.slow
def test_a_pack_and_a_report_are_the_same_bytes_on_two_machines(
    workspace: Workspace, keys: Keys, tmp_path: Path
) -> None:
    """Time zone, locale, hash seed, permissions mask and folder leave no trace in a pack, its ZIP file or a report."""
    one = made(workspace, tmp_path / "one", HERE, "022", keys)
    two = made(workspace, tmp_path / "two" / "deeper", THERE, "077", keys)
    assert one.keys() == two.keys()
    assert len(one) > 100 and any(name.endswith(".zip") for name in one) and any(n.endswith(".pdf") for n in one)
    assert [name for name in one if one[name] != two[name]] == []
