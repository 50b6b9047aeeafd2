"""Everything somebody could do to a pack, and the check that names it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.reports import bag, container, signing
from app.reports.checks import Check
from app.reports.container import Limits
from app.reports.evidence import Made, Request, make
from app.reports.verify import Asked, verdict, verify
from models.errors import VerificationError
from models.workspace import Workspace
from tests.reports import quarter
from tests.reports.conftest import Keys
from tests.reports.tampering import bag_again, edit, failures, zipped

ROOT = Path(__file__).resolve().parent.parent.parent


def test_an_honest_pack_holds(signed: Made, keys: Keys) -> None:
    """Every check of an untouched pack holds, and so do the packs before it."""
    lines = list(verify(signed.path, Asked(signing.load_public(keys.public))))
    assert [line for line in lines if line.state == "fails"] == []
    assert verdict(lines).startswith("All ")
    assert any(line.name.startswith("chain: evidence-payments-2026-01-01") for line in lines)


def test_one_byte_is_enough(pack: Path, keys: Keys) -> None:
    """A single changed byte of the payload is found, and the file is named."""
    path = pack / "data" / "report.pdf"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "data/report.pdf" in failures(pack, keys)["payload files"]


def test_an_added_payload_file_is_found(pack: Path, keys: Keys) -> None:
    """A file that no manifest lists makes the bag unsound."""
    (pack / "data" / "extra.csv").write_text("a\n1\n")
    assert "data/extra.csv" in failures(pack, keys)["files"]


def test_an_added_tag_file_is_found(pack: Path, keys: Keys) -> None:
    """The standard lets unlisted tag files pass; we do not."""
    (pack / "NOTE.txt").write_text("trust me")
    assert "NOTE.txt" in failures(pack, keys)["files"]


def test_an_added_folder_is_found_although_nothing_is_in_it(pack: Path, keys: Keys, tmp_path: Path) -> None:
    """No manifest lists a folder, and its name alone could claim something; in a ZIP file it is found as well."""
    (pack / "data" / "approved by the auditor" / "2026").mkdir(parents=True)
    assert "data/approved by the auditor/2026 is an empty folder" in failures(pack, keys)["files"]
    entries = [(p.relative_to(pack.parent).as_posix(), p) for p in sorted(pack.rglob("*"))]
    path = zipped(
        tmp_path / "z.zip",
        [(f"{n}/", b"", 0o040755) if p.is_dir() else (n, p.read_bytes(), 0o100644) for n, p in entries],
    )
    assert "is an empty folder" in failures(path, None, is_unsigned=True)["files"]


def test_a_removed_file_is_found(pack: Path, keys: Keys) -> None:
    """A listed file that is gone is named."""
    (pack / "data" / "exceptions.csv").unlink()
    assert "data/exceptions.csv" in failures(pack, keys)["files"]


def test_a_removed_row_is_found_although_the_manifests_fit(pack: Path, keys: Keys) -> None:
    """Leaving out an exception and bagging again is caught by signature, row counts and recomputation alike."""
    path = pack / "data" / "exceptions.csv"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(lines[:1] + lines[2:]))
    bag_again(pack)
    found = failures(pack, keys)
    assert "changed and bagged again" in found["signed digest"]
    assert "exceptions.csv" in found["row counts"]
    assert "computed again" in found["exceptions.csv"]
    assert found.keys() >= {"signed digest", "row counts", "exceptions.csv"} and "payload files" not in found


def test_a_change_taken_out_of_the_population_is_found_without_a_signature(pack: Path) -> None:
    """Even unsigned, a row cannot leave one table and its counts without the others contradicting it."""
    path = pack / "data" / "tables" / "marts.changes.csv"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b"itsm:CHG-NEVER")))
    for name, old in (("tables/contents.json", None), ("provenance.json", None)):
        document = json.loads((pack / "data" / name).read_text())
        if old is None and "tables" in document:
            for table in document["tables"]:
                table["rows"] -= table["table"] == "marts.changes"
        else:
            document["rows"]["tables/marts.changes.csv"] -= 1
        (pack / "data" / name).write_text(json.dumps(document))
    bag_again(pack)
    found = failures(pack, None, is_unsigned=True)
    assert "population/changes.csv" in found and "sample/frame.csv" in found


def test_a_full_rebag_is_found(pack: Path, keys: Keys) -> None:
    """A report rewritten and bagged anew has the right digests everywhere but under the signature."""
    edit(pack / "data" / "report.html", "Evidence pack", "Evidence pact")
    bag_again(pack)
    found = failures(pack, keys)
    assert "bagged again" in found["signed digest"]
    assert "report.html" in found


def test_a_pdf_that_says_something_else_is_found_even_without_a_signature(pack: Path) -> None:
    """What is printed and read is made again too, so it cannot tell another story than the figures."""
    (before,) = [p for p in pack.parent.glob("evidence-payments-2026-01-01*") if p.is_dir()]
    (pack / "data" / "report.pdf").write_bytes((before / "data" / "report.pdf").read_bytes())
    bag_again(pack)
    assert failures(pack, None, is_unsigned=True) == {"report.pdf": "made again from the results it is different"}


def test_another_signers_key_does_not_open_it(pack: Path, tmp_path: Path) -> None:
    """Only the key that is given counts, whatever key signed."""
    other = signing.generate(tmp_path / "other.key")
    assert "not signed with the key given" in failures(pack, Keys(other.private, other.public))["signature"]


def test_a_pack_signed_again_by_somebody_else_is_found(pack: Path, keys: Keys, tmp_path: Path) -> None:
    """An editor who signs the edited pack with a key of their own is refused by the auditor's key."""
    other = signing.generate(tmp_path / "other.key")
    edit(pack / "data" / "controls.csv", "soc2", "soc3")
    bag_again(pack)
    beside = pack.with_name(pack.name + ".dsse.json")
    statement = signing.unverified(beside.read_bytes())
    statement["subject"][0]["digest"]["sha256"] = bag.digest(pack / bag.TAG_MANIFEST)
    beside.write_bytes(signing.sign(statement, signing.load_private(other.private)))
    assert "not signed with the key given" in failures(pack, keys)["signature"]


def test_no_key_is_not_taken_for_a_good_signature(pack: Path) -> None:
    """Without a key the check does not pass, unless the reader says that an unsigned pack will do."""
    assert "no key was given" in failures(pack, None)["signature"]
    assert failures(pack, None, is_unsigned=True) == {}


def test_a_missing_statement_is_found(pack: Path, keys: Keys) -> None:
    """Taking the signature away makes the pack unsigned, which fails when a key is given."""
    pack.with_name(pack.name + ".dsse.json").unlink()
    assert "not signed" in failures(pack, keys)["signature"]


def test_a_statement_of_another_pack_is_found(pack: Path, keys: Keys) -> None:
    """A genuine statement about another pack does not vouch for this one."""
    (before,) = pack.parent.glob("evidence-payments-2026-01-01*.dsse.json")
    pack.with_name(pack.name + ".dsse.json").write_bytes(before.read_bytes())
    assert "not about this pack" in failures(pack, keys)["signed digest"]


def test_a_swapped_seed_is_found(pack: Path) -> None:
    """Another seed with its own sample, consistently bagged, is not the one that follows from the changes."""
    selection = pack / "data" / "sample" / "selection.json"
    stated = json.loads(selection.read_text())
    edit(selection, stated["seed"], hashlib.sha256(b"convenient").hexdigest())
    bag_again(pack)
    assert "sample/selection.json" in failures(pack, None, is_unsigned=True)


def test_a_seed_the_auditor_did_not_give_is_found(workspace: Workspace, tmp_path: Path) -> None:
    """A sample drawn with some other given seed fails when the auditor states theirs."""
    from app.reports.recompute import Draw
    from app.reports.sampling import Design

    made = make(workspace, Request(quarter.PERIOD, tmp_path, "payments", draw=Draw(Design(size=5), "mine")))
    assert failures(made.path, None, is_unsigned=True, seed="mine") == {}
    assert "not with the seed given" in failures(made.path, None, is_unsigned=True, seed="yours")["sample"]


def test_a_swapped_sample_is_found(pack: Path) -> None:
    """A drawn change exchanged for a more convenient one is not what the seed draws."""
    sample = pack / "data" / "sample" / "sample.csv"
    frame = [line.split(",")[0] for line in (pack / "data" / "sample" / "frame.csv").read_text().splitlines()[1:]]
    drawn = [line.split(",")[2] for line in sample.read_text().splitlines()[1:]]
    edit(sample, drawn[0], next(name for name in frame if name not in drawn))
    bag_again(pack)
    assert "sample/sample.csv" in failures(pack, None, is_unsigned=True)


@pytest.mark.parametrize("make_link", [os.symlink, os.link])
def test_a_link_is_refused(pack: Path, keys: Keys, make_link: Callable[[Path, Path], None]) -> None:
    """A file that is a link, soft or hard, makes the bag unsound: its content could change from elsewhere."""
    path = pack / "data" / "loading.csv"
    elsewhere = pack.parent / "elsewhere.csv"
    path.rename(elsewhere)
    make_link(elsewhere, path)
    assert "link" in failures(pack, keys)["files"]


@pytest.mark.parametrize(
    "name",
    ["../outside.csv", "data/../../outside.csv", "/etc/passwd", "data//x.csv", "data/..", "data\\x", "data/%2e%2e/x"],
)
def test_a_name_that_leads_out_is_refused(pack: Path, keys: Keys, name: str) -> None:
    """A manifest that lists a path outside the bag, or one spelled crookedly, is not followed."""
    (pack.parent / "outside.csv").write_text("a\n")
    with (pack / bag.MANIFEST).open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    assert "leads out of the bag" in failures(pack, keys)["bag"]


def test_edited_sql_is_found(pack: Path) -> None:
    """SQL that judges more kindly gives other results than the pack holds."""
    edit(pack / "data" / "sql" / "evidence" / "change_tests.sql", "then 'fail'", "then 'pass'")
    bag_again(pack)
    found = failures(pack, None, is_unsigned=True)
    assert "change_tests.csv" in found


def test_edited_sql_with_its_results_is_told_to_the_reader(pack: Path) -> None:
    """Where SQL and results were changed together and nobody signed, the difference from the shipped SQL is named."""
    edit(pack / "data" / "sql" / "evidence" / "conflicts.sql", "-- description:", "-- description: kinder;")
    bag_again(pack)
    lines: list[Check] = list(verify(pack, Asked(is_unsigned=True)))
    (note,) = [line for line in lines if line.name == "SQL"]
    assert "conflicts" in note.found and "read it before" in note.found


@pytest.mark.parametrize(
    "statement",
    ["select * from read_csv('/etc/passwd')", "attach 'x.duckdb'", "copy (select 1) to 'x.csv'", "select 1; select 2",
     "install httpfs", "set enable_external_access = true"],
)  # fmt: skip
def test_sql_of_a_pack_reaches_nothing(pack: Path, statement: str) -> None:
    """A pack's SQL can read the packed tables and do nothing else: no file, no network, no setting."""
    (pack / "data" / "sql" / "evidence" / "conflicts.sql").write_text(statement)
    bag_again(pack)
    assert "conflicts.sql" in failures(pack, None, is_unsigned=True)["results"]


def test_a_result_that_no_sql_makes_is_found(pack: Path) -> None:
    """A file put among the results and listed everywhere is still made by nothing in the pack."""
    (pack / "data" / "clean_bill.csv").write_text("conclusion\nall well\n")
    stated = json.loads((pack / "data" / "provenance.json").read_text())
    stated["rows"]["clean_bill.csv"] = 1
    (pack / "data" / "provenance.json").write_text(json.dumps(stated))
    bag_again(pack)
    assert "clean_bill.csv" in failures(pack, None, is_unsigned=True)["kinds of file"]


def test_a_dropped_result_is_found(pack: Path) -> None:
    """Taking a result away together with its SQL does not go unnoticed."""
    (pack / "data" / "emergency.csv").unlink()
    (pack / "data" / "sql" / "evidence" / "emergency.sql").unlink()
    bag_again(pack)
    assert "emergency" in failures(pack, None, is_unsigned=True)["results asked for"]


def test_an_exchanged_payload_is_found(pack: Path) -> None:
    """A payload file must hold what the index says of it."""
    path = next((pack / "data" / "raw" / "itsm").glob("*.json"))
    document = json.loads(path.read_text())
    document["payloads"][0]["sha256_in_store"] = "0" * 64
    path.write_text(json.dumps(document))
    bag_again(pack)
    assert "does not hold the payloads" in failures(pack, None, is_unsigned=True)["payloads"]


def test_a_renamed_pack_is_found(pack: Path, keys: Keys) -> None:
    """A pack under another name, as if of another period, contradicts what is signed."""
    renamed = pack.rename(pack.with_name(pack.name.replace("2026-04-01_2026-07-01", "2026-07-01_2026-10-01")))
    pack.with_name(pack.name + ".dsse.json").rename(renamed.with_name(renamed.name + ".dsse.json"))
    found = failures(renamed, keys)
    assert "not about this pack" in found["signed digest"]
    assert "name" in found["description"]


def test_a_missing_link_of_the_chain_is_found(pack: Path, keys: Keys, tmp_path: Path) -> None:
    """Without the pack before, the chain does not hold; the reader can point to it, or knowingly leave it out."""
    (before,) = [p for p in pack.parent.glob("evidence-payments-2026-01-01*") if p.is_dir()]
    moved = tmp_path / "archive"
    moved.mkdir()
    for path in pack.parent.glob("evidence-payments-2026-01-01*"):
        path.rename(moved / path.name)
    (name,) = failures(pack, keys)
    assert name == f"chain: {before.name}"
    assert failures(pack, keys, previous=moved / before.name) == {}
    assert failures(pack, keys, follows_chain=False) == {}


def test_a_broken_chain_is_found(pack: Path, keys: Keys) -> None:
    """An earlier pack that was changed and signed anew by its own signer is not the one this pack followed."""
    (before,) = [p for p in pack.parent.glob("evidence-payments-2026-01-01*") if p.is_dir()]
    edit(before / "README.md", "Evidence", "evidence")
    bag_again(before)
    statement_path = before.with_name(before.name + ".dsse.json")
    statement = signing.unverified(statement_path.read_bytes())
    statement["subject"][0]["digest"]["sha256"] = bag.digest(before / bag.TAG_MANIFEST)
    statement_path.write_bytes(signing.sign(statement, signing.load_private(keys.private)))
    assert "not the one this chain was made with" in failures(pack, keys)[f"chain: {before.name}"]


def test_a_zip_file_is_checked_like_a_folder(workspace: Workspace, keys: Keys, tmp_path: Path) -> None:
    """A zipped pack holds, with its statement inside it."""
    made = make(
        workspace, Request(quarter.PERIOD, tmp_path, "payments", key=signing.load_private(keys.private), zipped=True)
    )
    assert made.statement
    made.statement.unlink()
    assert failures(made.path, keys) == {}


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A small file that claims to unpack to hundreds of times its size is refused before anything is written."""
    bomb = zipped(tmp_path / "b.zip", [("pack/data/x.csv", b"\0" * (90 << 20), 0o100644)])
    assert bomb.stat().st_size < 1 << 20
    assert "ZIP bomb" in failures(bomb, None, is_unsigned=True)["container"]


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """The sum of what the entries claim has a limit, however well they compress."""
    path = zipped(tmp_path / "b.zip", [(f"pack/data/{n}.bin", os.urandom(1000), 0o100644) for n in range(20)])
    with pytest.raises(VerificationError, match="at most"), container.opened(path, Limits(size=10_000)):
        pass
    with pytest.raises(VerificationError, match="entries"), container.opened(path, Limits(entries=5)):
        pass


def test_a_zip_entry_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """An entry that goes on beyond the size its directory claims is cut off and refused."""
    path = zipped(tmp_path / "b.zip", [("pack/data/x.bin", b"a" * 100_000, 0o100644)])
    content = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    assert "container" in failures(path, None, is_unsigned=True)


@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        ("../evil", 0o100644, "leads out"), ("/evil", 0o100644, "leads out"), ("pack/../../x", 0o100644, "leads out"),
        ("pack/data/link", 0o120777, "link"), ("pack/data/pipe", 0o010644, "special"),
    ],
)  # fmt: skip
def test_a_zip_that_reaches_outside_is_not_unpacked(tmp_path: Path, name: str, mode: int, why: str) -> None:
    """Names that lead out, links and special files are refused by name, before anything is unpacked."""
    path = zipped(tmp_path / "b.zip", [("pack/bagit.txt", b"x", 0o100644), (name, b"/etc/passwd", mode)])
    assert why in failures(path, None, is_unsigned=True)["container"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"hello"])
def test_what_is_no_pack_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """A damaged file, or any other file, is a failed check and no traceback."""
    path = tmp_path / "pack.zip"
    path.write_bytes(content)
    assert "container" in failures(path, None, is_unsigned=True)


@pytest.mark.parametrize("name", ["tables/contents.json", "provenance.json", "sample/selection.json", "raw/index.csv"])
@pytest.mark.parametrize("content", [b"", b"null", b"\xff\xfe", b"[[[", b'{"tables": [{"table": "x; drop"}]}'])
def test_unreadable_parts_are_failed_checks(pack: Path, name: str, content: bytes) -> None:
    """Whatever stands in a pack's own files, the verdict is a line and never a traceback."""
    (pack / "data" / name).write_bytes(content)
    bag_again(pack)
    assert failures(pack, None, is_unsigned=True)


def test_the_verifier_runs_alone(signed: Made, keys: Keys, tmp_path: Path) -> None:
    """The module runs by itself, from any folder, without workspace or dashboard; its exit code is the verdict."""
    script = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
sys.argv = ["verify", {str(signed.path)!r}, "--key", {str(keys.public)!r}]
try:
    runpy.run_module("app.reports.verify", run_name="__main__")
except SystemExit as end:
    heavy = {{"streamlit", "plotly", "pandas", "sqlglot", "bagit", "ingest", "requests"}} & set(sys.modules)
    print("imported", sorted(heavy))
    sys.exit(end.code)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "imported []" in done.stdout
    assert done.stdout.count("\nok ") > 30
