"""What a real spreadsheet program makes of our files: opened headless, and its cells looked at."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from app.dashboard.take_away import Provenance, csv_bytes, xlsx_bytes
from app.questions.builds import Build
from app.reports import delimited, workbook
from app.reports.evidence import Made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"),
]
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
ATTEMPTS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", '=HYPERLINK("http://evil.example","x")', "=cmd|' /C calc'!A0", "\t=1+1",
    "\r=1+1", "a;=1+1", "a\t=1+1", "a\n=1+1", '";=1+1', '" =1+1', " =1+1", "\uff1d1+1",
    '=WEBSERVICE("http://evil.example")', 'a,"\n=1+1', 'x";"=1+1',
)  # fmt: skip
# Separator, quote, UTF-8, from the first row, special numbers detected, formulas evaluated: a trusting import.
FILTER = "CSV:{},34,76,1,,0,false,true,false,false,0,true"


def opened(files: list[Path], out: Path, separator: int | None = None) -> dict[str, ElementTree.Element]:
    """Return each file as LibreOffice holds it once opened: its cells, with formulas where it saw some."""
    out.mkdir()
    filters = [] if separator is None else [f"--infilter={FILTER.format(separator)}"]
    done = subprocess.run(
        ["soffice", f"-env:UserInstallation={(out / 'profile').as_uri()}", "--headless", *filters,
         "--convert-to", "fods", "--outdir", str(out), *map(str, files)],
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    found = {path.stem: ElementTree.parse(path).getroot() for path in out.glob("*.fods")}  # noqa: S314 (our own files)
    assert found.keys() == {path.stem for path in files}, done.stdout + done.stderr
    return found


def run_by(root: ElementTree.Element) -> list[str]:
    """Every formula, link and data link that a document holds."""
    formulas = [cell.get(f"{TABLE}formula", "") for cell in root.iter(f"{TABLE}table-cell")]
    links = [link.get(f"{XLINK}href", "") for link in root.iter(f"{TEXT}a")]
    sources = [one.tag for one in root.iter() if one.tag.endswith(("dde-link", "table-source", "cell-range-source"))]
    return [*filter(None, formulas), *links, *sources]


def texts(root: ElementTree.Element) -> str:
    return "\n".join("".join(part.itertext()) for part in root.iter(f"{TEXT}p"))


@pytest.fixture(scope="module")
def files(signed: Made, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every CSV of a pack that holds hostile titles, and a file of attempts from the pack's writer and from a page."""
    folder = tmp_path_factory.mktemp("csv")
    for path in (signed.path / "data").rglob("*.csv"):
        name = "__".join(path.relative_to(signed.path / "data").parts).replace(".", "-").removesuffix("-csv") + ".csv"
        shutil.copy(path, folder / name)
    (folder / "attempts.csv").write_text(
        delimited.document(["n", "text"], enumerate(ATTEMPTS)), encoding="utf-8", newline=""
    )
    build = Build("20260701T000000-test", "", datetime(2026, 7, 1), "live", "=1+1", frozenset())
    of = Provenance("=1+1", "@SUM(1)", 1, build)
    (folder / "page.csv").write_bytes(csv_bytes(pd.DataFrame({"text": list(ATTEMPTS)}), of))
    return sorted(folder.iterdir())


@pytest.mark.parametrize("separator", [44, 59, 9], ids=["comma", "semicolon", "tab"])
def test_no_cell_of_a_csv_file_runs(files: list[Path], tmp_path: Path, separator: int) -> None:
    """Whatever separator is chosen and though formulas are evaluated, LibreOffice finds none in any of our files."""
    careless = tmp_path / "careless.csv"
    careless.write_text("n,text\n1,=1+1\n")
    found = opened([*files, careless], tmp_path / "out", separator)
    if separator == 44:
        assert run_by(found.pop("careless")) == ["of:=1+1"], "the import is trusting, or this test shows nothing"
        assert "'=1+1" in texts(found["attempts"]) and "'=HYPERLINK(" in texts(found["population__changes"])
    found.pop("careless", None)
    assert {name: run_by(root) for name, root in found.items() if run_by(root)} == {}


def test_no_cell_of_a_workbook_runs(signed: Made, tmp_path: Path) -> None:
    """Neither the sample's test sheet nor a page's workbook holds a formula, a link or a data link."""
    build = Build("20260701T000000-test", "", datetime(2026, 7, 1), "live", "=1+1", frozenset())
    of = Provenance("=1+1", "@SUM(1)", 1, build)
    (tmp_path / "page.xlsx").write_bytes(xlsx_bytes(pd.DataFrame({"text": list(ATTEMPTS)}), of))
    rows = [(text, number) for number, text in enumerate(ATTEMPTS)]
    (tmp_path / "sheet.xlsx").write_bytes(workbook.test_sheet(["title", "n"], rows, datetime(2026, 7, 1)))
    shutil.copy(signed.path / "data" / "sample" / "test_matrix.xlsx", tmp_path / "matrix.xlsx")
    found = opened(sorted(tmp_path.glob("*.xlsx")), tmp_path / "out")
    assert {name: run_by(root) for name, root in found.items()} == {"matrix": [], "page": [], "sheet": []}
    for name in ("page", "sheet"):
        assert "'=1+1" in texts(found[name]) and "'=cmd|" in texts(found[name])
