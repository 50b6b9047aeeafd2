from __future__ import annotations

import csv
import filecmp
import json
import shutil
import subprocess
from pathlib import Path

import bagit
import duckdb
import pytest

from app.published import open_build
from app.reports import evidence, packing, signing
from app.reports.evidence import Made, Request
from app.reports.question import Scope, find_scope, parse_period
from app.reports.recompute import Draw
from app.reports.sampling import Design
from models.errors import InputError, NotBuiltError
from models.workspace import Workspace
from sql import aggregate
from sql.header import read_models
from tests.reports import quarter
from tests.reports.conftest import Keys


def rows(pack: Path, name: str) -> list[dict[str, str]]:
    with (pack / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def result(pack: Path, change: str, test: str) -> str:
    (found,) = [r for r in rows(pack, "change_tests.csv") if r["change_id"] == f"itsm:{change}" and r["test"] == test]
    return found["result"]


def test_a_pack_is_a_bag_to_the_standard_library(signed: Made) -> None:
    """The Library of Congress's own reader finds the bag valid."""
    bagit.Bag(str(signed.path)).validate()


def test_the_population_is_everything_in_scope_not_only_what_failed(signed: Made) -> None:
    """Every change and production deployment of the team's services is there once, whatever became of it."""
    changes = [r["change_id"] for r in rows(signed.path, "population/changes.csv")]
    usual = [f"itsm:CHG-{n:03d}" for n in range(30) if n % 3]
    assert sorted(changes) == sorted(
        [*usual, *(f"itsm:CHG-{k}" for k in ("NEVER", "LATE", "SELF", "FIRE", "OPEN", "EVIL"))]
    )
    deployments = {r["deployment_id"] for r in rows(signed.path, "population/deployments.csv")}
    assert len(deployments) == len(usual) + 4


@pytest.mark.parametrize(
    ("change", "test", "expected"),
    [
        ("CHG-001", "authorised_before_deployment", "pass"),
        ("CHG-005", "authorised_before_deployment", "exempt"),
        ("CHG-NEVER", "authorised_before_deployment", "fail"),
        ("CHG-LATE", "authorised_before_deployment", "fail"),
        ("CHG-FIRE", "authorised_before_deployment", "exempt"),
        ("CHG-SELF", "independent_approval", "fail"),
        ("CHG-001", "independent_approval", "pass"),
        ("CHG-001", "back_out_planned", "pass"),
        ("CHG-LATE", "back_out_planned", "fail"),
        ("CHG-001", "tested_before", "not_collectable"),
        ("CHG-001", "code_reviewed_by_another", "not_collectable"),
    ],
)
def test_each_change_is_tested_by_what_its_records_show(signed: Made, change: str, test: str, expected: str) -> None:
    """What the source does not keep is not collectable, which is neither a pass nor a failure."""
    assert result(signed.path, change, test) == expected


def test_a_control_counts_each_implemented_change_once(signed: Made) -> None:
    """The results of a control add up to the changes tested, and the auditor's columns are empty."""
    for control in rows(signed.path, "controls.csv"):
        parts = [int(control[name]) for name in ("passed", "failed", "exempt", "indeterminate", "not_collectable")]
        assert sum(parts) == int(control["tested"])
        assert (control["tester"], control["conclusion"]) == ("", "")
    assert {r["reference"] for r in rows(signed.path, "controls.csv") if r["framework"] == "soc2"} == {"CC8.1"}


def test_the_numbers_are_those_of_the_build(signed: Made, workspace: Workspace) -> None:
    """Every metric of the pack has the value that the build gives for the same period and scope."""
    stated = {r["metric"]: r for r in rows(signed.path, "metrics.csv")}
    assert {
        "approval_latency",
        "change_failure_rate",
        "overlapping_windows",
        "unauthorised_deployment_rate",
    } <= stated.keys()
    # The population leaves staging out; this metric counts every environment, and its one decrease is there.
    assert stated["version_decreases"]["numerator"] == "1"
    records = {r["record_id"] for r in rows(signed.path, "metrics/version_decreases.csv")}
    assert {"itsm:S-0", "itsm:S-1", "itsm:S-2"} <= records
    with open_build(workspace) as (_, con):
        for name, row in stated.items():
            value = aggregate.value(con, name, Scope("service", "payments").over(quarter.PERIOD))[0]
            assert (float(row["value"]) if row["value"] else None) == (
                None if value.value is None else pytest.approx(value.value)
            ), name
            assert row["denominator"] == str(value.denominator), name


def test_every_metric_is_in_the_pack_with_its_sql(signed: Made) -> None:
    """Each metric of the build reads published tables only, so that its rows go along and it can be computed again."""
    stated = json.loads((signed.path / "data" / "provenance.json").read_text(encoding="utf-8"))
    there = {path.stem for path in (signed.path / "data" / "sql" / "models" / "metrics").glob("*.sql")}
    assert there == {r["metric"] for r in rows(signed.path, "metrics.csv")}
    assert there == {name.partition(".")[2] for name in read_models() if name.startswith("metrics.")}
    assert stated["metrics_left_out"] == {}


def test_the_same_build_question_and_key_give_the_same_bytes(
    signed: Made, workspace: Workspace, keys: Keys, tmp_path: Path
) -> None:
    """Nothing in a pack depends on the clock, on the folder or on chance."""
    again = evidence.make(
        workspace,
        Request(quarter.PERIOD, tmp_path, "payments", key=signing.load_private(keys.private),
                previous=next(signed.path.parent.glob("evidence-payments-2026-01-01*[!n]"))),
    )  # fmt: skip
    difference = filecmp.dircmp(signed.path, again.path)
    assert again.name == signed.name
    assert flat(difference) == []
    assert signed.statement and again.statement
    assert signed.statement.read_bytes() == again.statement.read_bytes()


def flat(difference: filecmp.dircmp[str]) -> list[str]:
    """Every file that differs or is on one side only, by content."""
    _, wrong, odd = filecmp.cmpfiles(difference.left, difference.right, difference.common_files, shallow=False)
    assert not odd
    below = [name for part in difference.subdirs.values() for name in flat(part)]
    return [*wrong, *difference.left_only, *difference.right_only, *below]


def test_hostile_text_stays_text(signed: Made) -> None:
    """A title that tries to be a formula, markup or a script is shown as typed, and its address is no link."""
    (evil,) = [r for r in rows(signed.path, "population/changes.csv") if r["change_id"] == "itsm:CHG-EVIL"]
    assert evil["title"].startswith("'=HYPERLINK(")
    page = (signed.path / "data" / "report.html").read_text(encoding="utf-8")
    assert "<img" not in page and "<script" not in page and 'href="javascript' not in page


def test_reports_reach_for_nothing_outside(signed: Made) -> None:
    """The HTML loads no script, style, font or picture from anywhere, and forbids it."""
    page = (signed.path / "data" / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not any(part in page for part in ("<script", "<link", "src=", "@import", "url("))


def test_the_pdf_is_tagged_and_dated_by_the_build(signed: Made) -> None:
    """The PDF says that it is PDF/UA, and carries the build's date rather than the clock's."""
    pdf = (signed.path / "data" / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-") and b"pdfuaid" in pdf
    assert b"D:20260629" in pdf or b"2026-06-29" in pdf


def test_sampled_changes_bring_their_payloads(signed: Made) -> None:
    """Each drawn change has the payloads the raw store holds of it, with their hashes, and nothing secret."""
    drawn = {r["change_id"] for r in rows(signed.path, "sample/sample.csv")}
    index = rows(signed.path, "raw/index.csv")
    assert drawn and drawn == {r["change_id"] for r in index}
    streams = {r["stream"] for r in index}
    assert {"record.changes", "record.decisions", "record.deployments"} <= streams
    one = json.loads((signed.path / "data" / index[0]["file"]).read_text(encoding="utf-8"))
    assert one["payloads"][0]["sha256_in_store"] == index[0]["sha256_in_store"]


def test_provenance_tells_of_every_extract(signed: Made) -> None:
    """Each stream of each run is listed with what it received, what the source reported, when, and by whom."""
    stated = json.loads((signed.path / "data" / "provenance.json").read_text(encoding="utf-8"))
    streams = {one["stream"] for one in stated["extracts"]}
    assert {"record.changes", "record.decisions", "record.deployments", "record.windows"} <= streams
    assert all(
        {"received", "reported", "principal", "scopes", "query", "pages"} <= one.keys() for one in stated["extracts"]
    )


def test_a_sample_can_be_given_by_the_auditor(workspace: Workspace, tmp_path: Path) -> None:
    """A total and a seed from the auditor are used as given, and both are stated."""
    made = evidence.make(workspace, Request(quarter.PERIOD, tmp_path, "payments", draw=Draw(Design(size=7), "autumn")))
    stated = json.loads((made.path / "data" / "sample" / "selection.json").read_text(encoding="utf-8"))
    assert (stated["sampled"], stated["seed"], stated["seed_basis"], stated["size_given"]) == (7, "autumn", "given", 7)
    assert len(rows(made.path, "sample/sample.csv")) == 7


def test_an_empty_period_makes_a_pack_that_says_so(workspace: Workspace, tmp_path: Path) -> None:
    """No change and no deployment is a result: the pack is whole, and metrics are undefined rather than 0."""
    made = evidence.make(workspace, Request(parse_period("2019").period, tmp_path, "payments"))
    page = (made.path / "data" / "report.html").read_text(encoding="utf-8")
    assert "No change and no deployment lies in this period" in page
    assert "This pack is not signed" in page
    (failures,) = [r for r in rows(made.path, "metrics.csv") if r["metric"] == "change_failure_rate"]
    assert (failures["value"], failures["denominator"]) == ("", "0")


def test_a_source_that_was_read_in_part_is_named(tmp_path: Path) -> None:
    """When the last run of a source failed, the pack and its report say that it may be incomplete."""
    from ingest.store import RawStore
    from models.settings import parse_settings
    from sql.build import build
    from tests.app.sample import AS_OF, SETTINGS, store_records

    space = store_records(tmp_path / "home", quarter.records())
    with RawStore(space.raw_path) as store:
        store.con.execute("update raw.runs set status = 'failed', error = 'the source closed the connection'")
    build(space, parse_settings(SETTINGS.replace("{kind}", "live"), "test"), as_of=AS_OF, memory_limit="1GB")
    made = evidence.make(space, Request(quarter.PERIOD, tmp_path / "out", "payments"))
    assert made.incomplete and "last run failed" in made.incomplete[0]
    assert "itsm may be incomplete" in (made.path / "data" / "report.html").read_text(encoding="utf-8")


def test_a_workspace_without_approvals_says_that_they_cannot_be_told(tmp_path: Path) -> None:
    """No approval anywhere is 'not collectable', never 'unauthorised'."""
    from tests.app.sample import Records, change, deployment, published

    made = Records()
    for number in range(4):
        at = quarter.PERIOD.start.replace(day=6 + number, hour=9)
        deployment(made, f"D{number}", at=at, carries=[change(made, f"C{number}", at=at)])
    space = published(tmp_path / "home", made, kind="live")
    pack = evidence.make(space, Request(quarter.PERIOD, tmp_path / "out"))
    results = {r["result"] for r in rows(pack.path, "change_tests.csv") if r["test"] == "authorised_before_deployment"}
    assert results == {"not_collectable"}
    assert "No source of these changes keeps approvals" in (pack.path / "data" / "report.html").read_text(
        encoding="utf-8"
    )


def test_a_pack_is_never_overwritten_and_never_left_half_done(signed: Made, workspace: Workspace) -> None:
    """Making the same pack again is refused, and nothing new lies in the folder."""
    before = sorted(path.name for path in signed.path.parent.iterdir())
    with pytest.raises(InputError, match="such a pack already"):
        evidence.make(workspace, Request(quarter.PERIOD, signed.path.parent, "payments"))
    assert sorted(path.name for path in signed.path.parent.iterdir()) == before


def test_a_failure_on_the_way_leaves_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a step fails, neither a half-made pack nor a scratch folder stays behind."""

    def broken(*_: object, **__: object) -> bytes:
        raise OSError("disk full")

    monkeypatch.setattr("app.reports.workbook.test_sheet", broken)
    with pytest.raises(OSError, match="disk full"):
        evidence.make(workspace, Request(quarter.PERIOD, tmp_path, "payments"))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_scope_or_framework_lists_the_known_ones(workspace: Workspace) -> None:
    """A wrong name is answered with the right ones."""
    with open_build(workspace) as (build_id, con):
        with pytest.raises(InputError) as scope:
            find_scope(con, "paymnts")
        assert "service:payments" in scope.value.next_step
        assert find_scope(con, "Money") == Scope("team", "Money")
    with packing.attached(workspace.build_path(build_id)) as con, pytest.raises(InputError) as framework:
        packing.require_frameworks(con, ["hipaa"])
    assert "soc2" in framework.value.next_step


def test_the_readme_recipe_works_with_standard_tools(signed: Made, keys: Keys, tmp_path: Path) -> None:
    """The commands of README.md, pasted as they stand, confirm an honest pack with coreutils and openssl alone."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    shutil.copytree(signed.path.parent, tmp_path / "packs")
    shutil.copy(keys.public, tmp_path / "packs" / "auditor.pub")
    text = (signed.path / "README.md").read_text(encoding="utf-8").split("## Check it with standard tools")[1]
    commands = [line[4:] for line in text.split("## Compute it again")[0].splitlines() if line.startswith("    ")]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)], cwd=tmp_path / "packs", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    digests = [line.split()[0] for line in done.stdout.splitlines()[-2:]]
    assert "Signature Verified Successfully" in done.stdout
    assert digests[0] == digests[1]


def test_a_pack_of_a_period_that_is_not_over_says_so(signed: Made) -> None:
    """A build of 29 June cannot have seen the quarter's end."""
    assert "The period is not over" in (signed.path / "data" / "report.html").read_text(encoding="utf-8")


def test_a_zipped_pack_is_followed_too(workspace: Workspace, tmp_path: Path) -> None:
    """The chain does not depend on the form in which the pack before was kept."""
    first = evidence.make(workspace, Request(quarter.BEFORE, tmp_path, "payments", zipped=True))
    second = evidence.make(workspace, Request(quarter.PERIOD, tmp_path, "payments"))
    assert first.path.suffix == ".zip" and second.previous == first.name
    other = evidence.make(workspace, Request(quarter.PERIOD, tmp_path, "checkout"))
    assert other.previous is None


def test_a_build_that_lacks_a_table_of_this_version_is_said_to_be_older(workspace: Workspace, tmp_path: Path) -> None:
    """After an update, whoever asks for a pack before building again reads what to run; no pack is begun."""
    home = Path(shutil.copytree(workspace.home, tmp_path / "home"))
    older = Workspace(home)
    path = older.build_path(older.current_build())
    path.chmod(0o644)
    with duckdb.connect(str(path)) as con:
        con.execute("drop table marts.automated_rules")
    with pytest.raises(NotBuiltError, match=r"marts\.automated_rules") as refused:
        evidence.make(older, Request(quarter.PERIOD, tmp_path / "packs", "payments"))
    assert refused.value.next_step == "twotrack build"
