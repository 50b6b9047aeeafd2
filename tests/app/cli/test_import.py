from __future__ import annotations

from pathlib import Path

import pytest

from ingest.store import RawStore
from models.streams import stream
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.exports import MAPPINGS, write_exports, write_mappings


@pytest.fixture
def exports(home: Path, tmp_path: Path) -> dict[str, Path]:
    write_mappings(home)
    return {path.stem: path for path in write_exports(tmp_path / "exports", 12)}


def held(home: Path, name: str) -> int:
    with RawStore(Workspace(home).raw_path, read_only=True) as store:
        return store.count(stream(name))


def test_a_file_is_read_with_the_mapping_whose_pattern_fits(
    twotrack: Twotrack, home: Path, exports: dict[str, Path]
) -> None:
    """Nobody has to name a mapping that names its files."""
    said = twotrack("import", exports["example-changes"], "--json")
    assert said.code == 0
    (result,) = said.document["files"]
    assert (result["mapping"], result["source"], result["rows"]) == ("example-changes", "example", 12)
    assert held(home, "record.changes") == 12


def test_a_mapping_can_be_a_name_or_a_file(
    twotrack: Twotrack, home: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    """Own mappings need not be installed anywhere."""
    other = tmp_path / "other-name.csv"
    other.write_bytes(exports["example-windows"].read_bytes())
    assert twotrack("import", other).code == 4
    assert twotrack("import", other, "--map", "example-windows").code == 0
    own = tmp_path / "own.toml"
    own.write_text(MAPPINGS["example-incidents"], encoding="utf-8")
    assert twotrack("import", exports["example-incidents"], "--map", own).code == 0
    assert held(home, "record.windows") == 12


def test_an_unclear_file_names_the_ways_on(twotrack: Twotrack, tmp_path: Path, home: Path) -> None:
    """A file nobody described is not guessed at."""
    path = tmp_path / "mystery.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    said = twotrack("import", path)
    assert said.code == 4
    assert "no mapping fits" in said.err
    assert "There is no such file." in twotrack("import", tmp_path / "mistyped.csv").err
    assert "--suggest" in said.err
    said = twotrack("import", path, "--map", "nothing-like-it")
    assert said.code == 4
    assert "There is no mapping 'nothing-like-it'" in said.err
    assert not Workspace(home).raw_path.exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("minutes.pdf", b"%PDF-1.7", "The file is PDF"), ("a.csv", b"", "The file is empty"),
        ("a.csv", bytes(range(32)) * 20, "it is binary"), ("a.csv.gz", b"\x1f\x8b\x08\x00", "gunzip --keep a.csv.gz"),
        ("", b"", "This is a folder"), ("a b.csv", "id,x\n".encode("utf-16"), "--suggest '"),
    ],
)  # fmt: skip
def test_a_file_that_nobody_can_read_is_said_to_be_one_at_once(
    twotrack: Twotrack, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """Whoever is sent on to propose a mapping is told only then; a path that is proposed can be pasted."""
    path = tmp_path / name
    if name:
        path.write_bytes(content)
    answer = twotrack("import", path)
    assert answer.code == 4
    assert said in answer.err


def test_a_suggested_mapping_reads_the_file_it_was_made_for(
    twotrack: Twotrack, home: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    """The proposal is a starting point that works as printed."""
    proposed = twotrack("import", "--suggest", exports["example-deployments"])
    assert proposed.code == 0
    mapping = tmp_path / "proposed.toml"
    mapping.write_text(proposed.out, encoding="utf-8")
    assert twotrack("import", exports["example-deployments"], "--map", mapping).code == 0
    document = twotrack("import", "--suggest", exports["example-deployments"], "--json").document
    assert document["mapping"].strip() == proposed.out.strip()


def test_importing_again_stores_nothing(twotrack: Twotrack, home: Path, exports: dict[str, Path]) -> None:
    """The same file twice is the same records once."""
    first = twotrack("import", *exports.values(), "--json").document
    again = twotrack("import", *exports.values(), "--json").document
    assert sum(one["stored"] for file in first["files"] for one in file["streams"]) > 12
    assert sum(one["stored"] for file in again["files"] for one in file["streams"]) == 0
    assert all(file["is_repeat"] for file in again["files"])
    assert "nothing was stored" in twotrack("import", exports["example-changes"]).out


def test_a_bad_file_does_not_stop_the_good_ones_and_is_the_commands_failure(
    twotrack: Twotrack, home: Path, exports: dict[str, Path]
) -> None:
    """What could be read is in; what could not decides the exit code and is named."""
    exports["example-deployments"].write_text("id,service\n1\n", encoding="utf-8")
    said = twotrack("import", *exports.values(), "--json")
    assert said.code == 4
    assert "example-deployments.csv" in said.document["what"]
    assert said.document["kept"] == "3 of 4 files are stored"
    assert len(said.document["files"]) == 3
    assert held(home, "record.changes") == 12
    assert held(home, "record.deployments") == 0


def test_rows_that_do_not_fit_are_set_aside_and_shown(twotrack: Twotrack, home: Path, exports: dict[str, Path]) -> None:
    """A bad row costs itself only."""
    path = exports["example-changes"]
    path.write_text(path.read_text(encoding="utf-8").replace("2026-01-05T09:00:00Z", "soon", 1), encoding="utf-8")
    said = twotrack("import", path)
    assert said.code == 0
    assert "set aside: 1 row:" in said.out
    assert "line 2" in said.out
    assert held(home, "record.changes") == 11


def test_a_source_can_be_given_and_must_be_a_name(twotrack: Twotrack, home: Path, exports: dict[str, Path]) -> None:
    """Two tools with the same export format stay two sources."""
    said = twotrack("import", exports["example-changes"], "--source", "other-tool", "--json")
    assert said.document["files"][0]["source"] == "other-tool"
    assert twotrack("import", exports["example-changes"], "--source", "Not A Name").code == 2


def test_a_demo_workspace_refuses_real_files(twotrack: Twotrack, home: Path, exports: dict[str, Path]) -> None:
    """Generated and real records never meet."""
    (home / "twotrack.toml").write_text('[workspace]\nkind = "demo"\n', encoding="utf-8")
    said = twotrack("import", exports["example-changes"])
    assert said.code == 2
    assert "generated example data" in said.err
    assert "--home" in said.err
    assert not Workspace(home).raw_path.exists()


def test_text_of_a_record_is_harmless_in_the_report(twotrack: Twotrack, home: Path, exports: dict[str, Path]) -> None:
    """A row set aside may hold anything; its reason is shown, never obeyed."""
    path = exports["example-changes"]
    bad = path.read_text(encoding="utf-8").replace("2026-01-05T09:00:00Z", "\x1b[2Jsoon", 1)
    path.write_text(bad, encoding="utf-8")
    said = twotrack("import", path)
    assert "\x1b" not in said.out + said.err
    assert "soon" in said.out


def test_nothing_to_import_is_a_usage_error(twotrack: Twotrack) -> None:
    """A script with an empty list of files is told so."""
    assert twotrack("import").code == 2
