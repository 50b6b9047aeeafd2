"""Attacks on a pack beyond a plain edit: names with two readings, archives, signatures, and SQL that reaches out."""

from __future__ import annotations

import base64
import json
import os
import struct
import unicodedata
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # re-exported, undeclared

from app.reports import bag, container, signing
from app.reports.container import Limits
from models.errors import InputError, VerificationError
from tests.reports.conftest import Keys
from tests.reports.tampering import bag_again, edit, failures, zipped

ACUTE = unicodedata.normalize("NFD", "é")


def envelope_of(pack: Path) -> Path:
    return pack.with_name(pack.name + ".dsse.json")


def signed_again(pack: Path, keys: Keys, **changes: Any) -> None:  # noqa: ANN401 (any JSON value)
    """Sign a pack's statement, changed, with its own signer's key: an insider, or a key that signs other things too."""
    statement = {**signing.unverified(envelope_of(pack).read_bytes()), **changes}
    envelope_of(pack).write_bytes(signing.sign(statement, signing.load_private(keys.private)))


# Names


@pytest.mark.parametrize("name", ["data/é.csv", f"data/e{ACUTE[1:]}.csv", "data/\u202ecsv.exe", "data/a\x0b.csv"])
def test_a_name_with_a_letter_of_two_spellings_is_refused(pack: Path, keys: Keys, name: str) -> None:
    """Composed and decomposed letters, signs that turn the text around, control characters: no name of ours has any."""
    (pack / name).write_text("a\n1\n")
    bag_again(pack)
    assert "ambiguously" in failures(pack, keys)["bag"]


def test_two_names_that_differ_by_capitals_are_refused(pack: Path) -> None:
    """On a system that does not tell capitals apart one of the two would replace the other."""
    (pack / "data" / "Controls.csv").write_bytes((pack / "data" / "controls.csv").read_bytes())
    bag_again(pack)
    found = failures(pack, None, is_unsigned=True)["bag"]
    assert "Controls.csv" in found and "capitals" in found


def test_lines_of_a_manifest_end_where_other_tools_end_them(pack: Path, keys: Keys) -> None:
    """A carriage return or a line separator does not hide a second name from ``sha256sum``."""
    manifest = pack / bag.MANIFEST
    content = manifest.read_bytes()
    for separator in (b"\r", b"\r\n", b"\xe2\x80\xa8", b"\x0c"):
        manifest.write_bytes(content.replace(b"\n", separator, 1))
        assert "bag" in failures(pack, keys), separator


def test_a_huge_manifest_is_not_read(pack: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bag's own files have limits, so that none fills the memory of whoever checks it."""
    monkeypatch.setattr(bag, "LARGEST_TAG", 1 << 20)
    with (pack / bag.INFO).open("a") as file:
        file.write("Note: " + "x" * (2 << 20) + "\n")
    assert "bag-info.txt is missing, a link, or larger than 1 MB" in failures(pack, keys)["bag"]


@pytest.mark.parametrize("name", ["data/pipe", "pipe"])
def test_a_special_file_is_named_and_not_opened(pack: Path, keys: Keys, name: str) -> None:
    """A pipe would make whoever reads it wait for ever."""
    os.mkfifo(pack / name)
    assert "pipe is neither a file nor a folder" in failures(pack, keys)["files"]


def test_a_pipe_in_place_of_a_bag_file_is_not_opened(pack: Path, keys: Keys) -> None:
    """Not even the bag's own description is read before it is known to be a plain file."""
    (pack / "bagit.txt").unlink()
    os.mkfifo(pack / "bagit.txt")
    assert "bagit.txt" in failures(pack, keys)["bag"]


def test_a_folder_that_is_a_link_is_refused(pack: Path, keys: Keys) -> None:
    """A linked folder is as little part of a bag as a linked file."""
    moved = pack.parent / "metrics"
    (pack / "data" / "metrics").rename(moved)
    (pack / "data" / "metrics").symlink_to(moved, target_is_directory=True)
    assert "data/metrics is a link" in failures(pack, keys)["files"]


# Archives


def test_a_zip_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    """Which of two entries of one name counts depends on the program, so neither does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = zipped(tmp_path / "b.zip", [("pack/bagit.txt", b"x", 0o100644), ("pack/bagit.txt", b"y", 0o100644)])
    assert "'pack/bagit.txt' twice" in failures(path, None, is_unsigned=True)["container"]


@pytest.mark.parametrize("name", ["pack/BAGIT.txt", "PACK/bagit.txt"])
def test_zip_names_that_differ_by_capitals_are_refused(tmp_path: Path, name: str) -> None:
    """They would be one file on other systems."""
    path = zipped(tmp_path / "b.zip", [("pack/bagit.txt", b"x", 0o100644), (name, b"y", 0o100644)])
    assert "twice" in failures(path, None, is_unsigned=True)["container"]


@pytest.mark.parametrize(
    "name", ["pack/data/é.csv", f"pack/data/e{ACUTE[1:]}.csv", "C:/pack/x", "pack\\..\\..\\x", "//host/share", "~/x:y"]
)
def test_zip_names_with_two_readings_are_refused(tmp_path: Path, name: str) -> None:
    """Drive letters, back slashes, network names and letters of two spellings lead elsewhere on some system."""
    path = zipped(tmp_path / "b.zip", [("pack/bagit.txt", b"x", 0o100644), (name, b"y", 0o100644)])
    assert "leads out of the pack or is ambiguous" in failures(path, None, is_unsigned=True)["container"]


def test_a_zip_name_that_ends_early_is_refused(tmp_path: Path) -> None:
    """A zero byte ends a name for some programs and not for others."""
    path = zipped(tmp_path / "b.zip", [("pack/bagit.txt", b"x", 0o100644), ("pack/data/x.csvXexe", b"y", 0o100644)])
    path.write_bytes(path.read_bytes().replace(b"x.csvXexe", b"x.csv\0exe"))
    assert "x.csv\\x00exe" in failures(path, None, is_unsigned=True)["container"]


def test_a_hard_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    """The Unix field in which an entry names another file as its content is no part of a pack."""
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pack/bagit.txt", b"x")
        entry = zipfile.ZipInfo("pack/data/x.csv")
        field = struct.pack("<IIHH", 0, 0, 0, 0) + b"../../etc/passwd"
        entry.extra = struct.pack("<HH", 0x000D, len(field)) + field
        archive.writestr(entry, b"")
    assert "'pack/data/x.csv' is a link" in failures(path, None, is_unsigned=True)["container"]


@pytest.mark.parametrize("where", ["before", "behind", "comment"])
def test_a_zip_with_something_around_it_is_refused(tmp_path: Path, where: str) -> None:
    """Another archive before or behind the entries is what another program might open."""
    path = zipped(tmp_path / "b.zip", [("pack/bagit.txt", b"x", 0o100644)])
    other = zipped(tmp_path / "c.zip", [("pack/bagit.txt", b"y", 0o100644)]).read_bytes()
    if where == "comment":
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"read me"
    else:
        path.write_bytes(other + path.read_bytes() if where == "before" else path.read_bytes() + b"\0" * 40)
    assert "container" in failures(path, None, is_unsigned=True)


def test_zip_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Many entries over one stretch of compressed bytes unpack to far more than the file holds."""
    path = zipped(tmp_path / "b.zip", [(f"pack/data/{n}.csv", b"0" * 5000, 0o100644) for n in range(2)])
    content = path.read_bytes()
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    # The second entry of the directory points at the first one's bytes.
    path.write_bytes(content[: second + 42] + struct.pack("<I", 0) + content[second + 46 :])
    assert "container" in failures(path, None, is_unsigned=True)


def test_a_bomb_inside_a_pack_is_bounded_whatever_it_claims(tmp_path: Path) -> None:
    """What is written to disk never exceeds the limit, even where every single entry tells the truth."""
    path = zipped(tmp_path / "b.zip", [(f"pack/data/{n}", b"\0" * 100_000, 0o100644) for n in range(30)])
    with pytest.raises(VerificationError, match="ZIP bomb"), container.opened(path, Limits(ratio_from=1 << 20)):
        pass


# Signatures


def test_a_second_signature_is_refused(pack: Path, keys: Keys, tmp_path: Path) -> None:
    """A signature that nobody checks would still look like somebody's word."""
    other = signing.generate(tmp_path / "other.key")
    envelope = json.loads(envelope_of(pack).read_bytes())
    theirs = json.loads(
        signing.sign(signing.unverified(envelope_of(pack).read_bytes()), signing.load_private(other.private))
    )
    envelope["signatures"] += theirs["signatures"]
    envelope_of(pack).write_text(json.dumps(envelope))
    assert "carries 2 signatures" in failures(pack, keys)["signature"]


def test_one_signature_twice_is_refused(pack: Path, keys: Keys) -> None:
    """The same key named twice is no envelope."""
    envelope = json.loads(envelope_of(pack).read_bytes())
    envelope["signatures"] *= 2
    envelope_of(pack).write_text(json.dumps(envelope))
    assert "signature" in failures(pack, keys)


def test_another_payload_type_is_refused(pack: Path, keys: Keys) -> None:
    """A genuine signature over something that is no statement vouches for no pack."""
    payload = rfc8785.dumps(signing.unverified(envelope_of(pack).read_bytes()))
    envelope = Envelope(payload, "application/json", {})
    envelope.sign(CryptoSigner(signing.load_private(keys.private)))
    envelope_of(pack).write_text(json.dumps(envelope.to_dict()))
    assert "'application/json', not an in-toto statement" in failures(pack, keys)["signature"]


def test_an_envelope_that_says_two_things_is_refused(pack: Path, keys: Keys) -> None:
    """A second payload, for readers who take the first or the last of two, makes it no envelope."""
    text = envelope_of(pack).read_text()
    other = base64.b64encode(b"{}").decode()
    envelope_of(pack).write_text(text.replace("{", f'{{"payload":"{other}",', 1))
    assert "no DSSE envelope" in failures(pack, keys)["signature"]
    envelope_of(pack).write_text(text.replace("{", f'{{"Payload":"{other}",', 1))
    assert "which no envelope has" in failures(pack, keys)["signature"]


def test_a_statement_about_two_things_is_refused(pack: Path, keys: Keys) -> None:
    """A statement covers one pack; what else it covers would go unchecked."""
    subject = signing.unverified(envelope_of(pack).read_bytes())["subject"]
    signed_again(pack, keys, subject=[*subject, {"name": "x", "digest": {"sha256": "0" * 64}}])
    assert "about 2 things" in failures(pack, keys)["signed digest"]
    signed_again(pack, keys, subject=[])
    assert "about 0 things" in failures(pack, keys)["signed digest"]


def test_another_kind_of_statement_is_refused(pack: Path, keys: Keys) -> None:
    """A key that also signs builds must not turn a build's statement into one about a pack."""
    signed_again(pack, keys, predicateType="https://slsa.dev/provenance/v1")
    assert "slsa.dev" in failures(pack, keys)["signed digest"]


def test_a_digest_that_is_not_checked_is_refused(pack: Path, keys: Keys) -> None:
    """Other digests beside the one that is compared could say anything."""
    (subject,) = signing.unverified(envelope_of(pack).read_bytes())["subject"]
    subject["digest"]["md5"] = "0" * 32
    signed_again(pack, keys, subject=[subject])
    assert "other digests" in failures(pack, keys)["signed digest"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("build", "2020"), ("scope", "everything"), ("to", "2027-01-01T00:00:00Z"), ("frameworks", [])],
)  # fmt: skip
def test_a_statement_that_tells_of_another_pack_is_refused(pack: Path, keys: Keys, name: str, value: object) -> None:
    """What is signed and what the pack says of itself must be one story."""
    predicate = signing.unverified(envelope_of(pack).read_bytes())["predicate"]
    signed_again(pack, keys, predicate={**predicate, name: value})
    assert f"signed {'period' if name == 'to' else name}" in failures(pack, keys)["description"]


def test_a_pack_that_names_another_signer_is_refused(pack: Path, keys: Keys) -> None:
    """The fingerprint that the report shows is that of the key it was signed with."""
    edit(pack / "data" / "provenance.json", '"signed_by": "', '"signed_by": "0')
    bag_again(pack)
    (subject,) = signing.unverified(envelope_of(pack).read_bytes())["subject"]
    signed_again(pack, keys, subject=[{**subject, "digest": {"sha256": bag.digest(pack / bag.TAG_MANIFEST)}}])
    assert "signer" in failures(pack, keys)["description"]


def test_words_added_beside_the_evidence_are_found(pack: Path) -> None:
    """Whoever made a pack can sign it again: its instructions and its description say what packs say, and no more."""
    edit(pack / "README.md", "openssl pkeyutl -verify", "true # openssl pkeyutl -verify")
    with (pack / bag.INFO).open("a", encoding="utf-8") as info:
        info.write("Auditor-Conclusion: all controls were effective\n")
    bag_again(pack)
    found = failures(pack, None, is_unsigned=True)
    assert found.keys() == {"README.md", "description"}
    assert "Auditor-Conclusion" in found["description"]


def test_a_key_of_another_algorithm_is_no_key_for_packs(tmp_path: Path) -> None:
    """Only Ed25519 is accepted, for checking as for signing."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = tmp_path / "ec.pub"
    public.write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(InputError, match="not an Ed25519 key"):
        signing.load_public(public)


def test_a_statement_signed_by_another_algorithm_is_refused(pack: Path, keys: Keys) -> None:
    """Even under the auditor's key id, a signature of another kind of key does not open the statement."""
    envelope = Envelope(rfc8785.dumps(signing.unverified(envelope_of(pack).read_bytes())), signing.PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(ec.generate_private_key(ec.SECP256R1())))
    forged = envelope.to_dict()
    forged["signatures"][0]["keyid"] = json.loads(envelope_of(pack).read_bytes())["signatures"][0]["keyid"]
    envelope_of(pack).write_text(json.dumps(forged))
    assert "does not fit" in failures(pack, keys)["signature"]


# SQL and rows


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('/etc/passwd')", "select * from read_blob('/etc/passwd')", "from '/etc/passwd'",
        "select * from glob('/etc/*')", "select * from sniff_csv('/etc/passwd')", "select getenv('HOME')",
        "copy pack.question to '/tmp/out.csv'", "pragma database_list", "load httpfs", "select * from 'https://x.example/y.csv'",
        "create table evidence.x as select 1", "select 1) as select 1; attach 'x' --", "select * from duckdb_secrets()",
        "select * from parquet_scan('/etc/passwd')", "insert into pack.question select * from pack.question",
        "select * from keys", "with recursive r as (select 1", "",
    ],
)  # fmt: skip
def test_sql_of_a_pack_reaches_nothing_outside_it(
    pack: Path, statement: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Files, the network, the environment, settings, other databases and our own variables are out of reach."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    (pack / "data" / "sql" / "evidence" / "conflicts.sql").write_text(statement)
    bag_again(pack)
    assert "conflicts.sql" in failures(pack, None, is_unsigned=True)["results"]
    assert sorted(tmp_path.iterdir()) == before


def test_sql_that_never_ends_is_stopped(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that computes for ever is interrupted and named."""
    monkeypatch.setattr("app.reports.recompute.LONGEST_SECONDS", 1)
    (pack / "data" / "sql" / "evidence" / "conflicts.sql").write_text(
        "select sum(a.i * b.i) as n from range(10000000) a(i), range(10000000) b(i)"
    )
    bag_again(pack)
    assert "conflicts.sql fails" in failures(pack, None, is_unsigned=True)["results"]


def test_a_file_among_the_sql_that_nothing_runs_is_named(pack: Path) -> None:
    """SQL that is neither run nor the selection's or a model's has no place in a pack."""
    (pack / "data" / "sql" / "run_me.sql").write_text("attach 'x'")
    bag_again(pack)
    assert "sql/run_me.sql" in failures(pack, None, is_unsigned=True)["kinds of file"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("itsm:CHG-001,", "itsm:CHG-001\r,"), ("itsm:CHG-001,", '"itsm:CHG-001",'), ("itsm:CHG-001,", " itsm:CHG-001,"),
     ("itsm:CHG-001,", '"=1+1",')],
)  # fmt: skip
def test_rows_that_look_other_than_they_are_are_found(pack: Path, old: str, new: str) -> None:
    """A cell quoted, padded or ended otherwise than packs are written is named, though it might load as the same."""
    edit(pack / "data" / "tables" / "marts.changes.csv", old, new)
    bag_again(pack)
    found = failures(pack, None, is_unsigned=True)
    assert "population/changes.csv" in found or any("marts.changes.csv" in text for text in found.values())


@pytest.mark.parametrize(
    ("name", "content"),
    [("meta.metrics.csv", "name,definition\napproval_latency,{}\n"), ("pack.question.csv", "build_id\nx\n")],
)
def test_rows_that_make_no_sense_are_failed_checks(pack: Path, name: str, content: str) -> None:
    """A definition that is none, a question with other columns: a line, never a traceback."""
    (pack / "data" / "tables" / name).write_text(content)
    bag_again(pack)
    assert failures(pack, None, is_unsigned=True)


def test_a_cell_longer_than_the_library_reads_is_no_traceback(pack: Path) -> None:
    """A long text is read as what it is, and a result that holds it where it should not is named."""
    path = pack / "data" / "controls.csv"
    path.write_text(path.read_text() + "x" * 300_000 + "\n")
    bag_again(pack)
    assert "controls.csv" in failures(pack, None, is_unsigned=True)
