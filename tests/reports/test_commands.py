from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import run
from models.workspace import Workspace
from tests.reports.conftest import Keys


def test_a_pack_is_made_and_checked_from_the_command_line(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Key, pack, check: three commands, and the last one's exit code is the verdict."""
    home = ["--home", str(workspace.home)]
    assert run(["keygen", "--out", str(tmp_path / "k"), "--json"]) == 0
    fingerprint = json.loads(capsys.readouterr().out)["fingerprint_sha256"]
    made = [
        "--from",
        "2026-04-01",
        "--to",
        "2026-07-01",
        "--scope",
        "payments",
        "--framework",
        "soc2",
        "--out",
        str(tmp_path),
    ]
    assert run([*home, "evidence", *made, "--key", str(tmp_path / "k"), "--json"]) == 0
    pack = json.loads(capsys.readouterr().out)["pack"]
    assert run(["verify", pack, "--key", str(tmp_path / "k.pub")]) == 0
    assert "checks hold" in capsys.readouterr().out
    Path(pack, "README.md").write_text("trust me")
    assert run(["verify", pack, "--key", str(tmp_path / "k.pub"), "--json"]) == 8
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is False and any(c["state"] == "fails" and "README.md" in c["found"] for c in told["checks"])
    assert fingerprint[:8] in Path(pack, "data", "report.html").read_text(encoding="utf-8")


def test_a_report_is_made_from_the_command_line(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """HTML and PDF land in the folder asked for, and their names say period, scope and build."""
    assert (
        run(
            [
                "--home",
                str(workspace.home),
                "report",
                "--period",
                "2026Q2",
                "--team",
                "Money",
                "--out",
                str(tmp_path),
                "--json",
            ]
        )
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert (
        Path(made["html"]).name.startswith("retrospective-money-2026q2-") and Path(made["pdf"]).stat().st_size > 10_000
    )


def test_a_period_without_records_is_not_said_to_be_within_limits(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says what the report says first; nothing to judge is not nothing out of the ordinary."""
    assert run(["--home", str(workspace.home), "report", "--period", "2001Q2", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "there is nothing to look back on" in said
    assert "limits" not in said


WRONG = (
    "evidence",
    "evidence --period 2026Q2 --from 2026-04-01",
    "evidence --from 2026-04-01",
    "evidence --from 2026-07-01 --to 2026-04-01",
    "report",
    "report --period 2026Q2 --team a --service b",
    "keygen",
    "verify",
)


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_a_usage_error(line: str, workspace: Workspace) -> None:
    """Contradictory or missing options are refused before anything is read."""
    assert run(["--home", str(workspace.home), *line.split()]) == 2


def test_a_key_others_may_read_signs_nothing(workspace: Workspace, keys: Keys, tmp_path: Path) -> None:
    """A loose key is refused, and no pack is written."""
    loose = tmp_path / "loose.key"
    loose.write_bytes(keys.private.read_bytes())
    loose.chmod(0o644)
    out = tmp_path / "out"
    arguments = [
        "--home",
        str(workspace.home),
        "evidence",
        "--period",
        "2026Q2",
        "--key",
        str(loose),
        "--out",
        str(out),
    ]
    assert run(arguments) == 4
    assert not out.exists()
