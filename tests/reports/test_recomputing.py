"""A reader who has DuckDB and none of our code: runs what a pack's README says and parses its report."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.reports.evidence import Made
from models.workspace import Workspace
from tests.reports.tampering import bag_again, edit, failures

ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
PERCENTAGE = re.compile(r"((?:under|over)\s|)(\d+(?:\.\d+)?)\u00a0?\s?%")
# Runs in a process of its own, with DuckDB as the only import.
READER = """
import duckdb, json, sys
db = duckdb.connect()
differing = db.execute(open("data/sql/recompute.sql", encoding="utf-8").read()).fetchall()
metrics = db.execute('select label, "value", low, high from evidence.metrics').fetchall()
compared = [file for (file,) in db.execute("select file from held.differences").fetchall()]
sizes = db.execute("select sample, nothing_found, with_one_fewer, confidence_percent from pack.sizes").fetchall()
print(json.dumps({"differing": differing, "metrics": metrics, "compared": compared, "sizes": sizes,
                  "ours": [name for name in sys.modules if name.split(".")[0] in ("app", "sql", "models", "ingest")]}))
"""


def recomputed(pack: Path, tmp_path: Path) -> dict[str, list[list[object]]]:
    """What plain DuckDB computes from a copy of a pack's folder."""
    folder = tmp_path / "copy"
    shutil.copytree(pack, folder)
    done = subprocess.run([sys.executable, "-I", "-c", READER], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[list[object]]] = json.loads(done.stdout)
    return found


def percentages(pack: Path) -> dict[str, list[str]]:
    """Every cell with a percentage of a report's body by its row's first cell; the heading's confidence is none."""
    page = (pack / "data" / "report.html").read_text(encoding="utf-8").split("<main>")[1].split("</main>")[0]
    found: dict[str, list[str]] = {}
    for body in ROW.findall(page):
        cells = [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in CELL.findall(body)]
        if shown := [cell for cell in cells if PERCENTAGE.search(cell)]:
            found.setdefault(cells[0], []).extend(shown)
    elsewhere = PERCENTAGE.findall(re.sub(r"<[^>]+>", "", ROW.sub("", page)))
    assert elsewhere == [], "a percentage outside the tables is recomputed by nothing here"
    return found


def words_of_records(pack: Path) -> str:
    """The texts of a pack's rows; a title or a condition may hold a percentage in its own words."""
    names = ("exceptions.csv", "conditions.csv", "population/changes.csv")
    return " ".join((pack / "data" / name).read_text(encoding="utf-8") for name in names).replace('"', "")


def check_every_percentage(pack: Path, tmp_path: Path) -> int:
    """Assert that all of a report's percentages follow from the packed rows; return how many there are."""
    answer = recomputed(pack, tmp_path)
    assert answer["ours"] == [] and answer["differing"] == []
    values = {str(label): rest for label, *rest in answer["metrics"]}
    words, counted = words_of_records(pack), 0
    for label, cells in percentages(pack).items():
        if label not in values:
            assert all(cell.replace("\u00a0", " ").replace('"', "") in words for cell in cells), (label, cells)
            continue
        numbers = [number for cell in cells for number in PERCENTAGE.findall(cell)]
        counted += len(numbers)
        expected = [100 * float(str(value)) for value in values[label] if value is not None]
        assert len(numbers) == len(expected), label
        for (bound, text), number in zip(numbers, expected, strict=True):
            if bound.strip():
                # What would be rounded to none or to all.
                assert 0 < number < 0.1 if bound.startswith("under") else 99.9 < number < 100, label
                continue
            # Half of the last digit that is shown.
            assert float(text) == pytest.approx(number, abs=0.5001 * 10 ** -len(text.partition(".")[2])), label
    return counted


def test_every_percentage_of_the_report_follows_from_the_packed_rows(signed: Made, tmp_path: Path) -> None:
    """The packed script, run by plain DuckDB, gives every figure again and finds no file that differs."""
    assert check_every_percentage(signed.path, tmp_path) > 30


def test_the_script_holds_every_result_against_the_pack(signed: Made, tmp_path: Path) -> None:
    """No result is left out of the comparison: every CSV file but packed rows and the payloads' index is computed."""
    data = signed.path / "data"
    results = {p.relative_to(data).as_posix() for p in data.rglob("*.csv") if "tables" not in p.parts}
    assert set(map(str, recomputed(signed.path, tmp_path)["compared"])) == results - {"raw/index.csv"}


def test_the_script_names_a_result_that_does_not_follow(pack: Path, tmp_path: Path) -> None:
    """One edited cell of one result is listed by file, once on each side."""
    path = pack / "data" / "controls.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("soc2", "soc3", 1), encoding="utf-8")
    assert recomputed(pack, tmp_path)["differing"] == [["controls.csv", 1, 1]]


def test_the_script_shows_that_sample_sizes_are_the_smallest_that_do(signed: Made, tmp_path: Path) -> None:
    """With the sample drawn, finding nothing is unlikely enough; with one fewer it would not be, or all were drawn."""
    for size, nothing_found, one_fewer, confidence in recomputed(signed.path, tmp_path)["sizes"]:
        allowed = 1 - float(str(confidence)) / 100
        assert float(str(nothing_found)) <= allowed < float(str(one_fewer)), size


def completeness(pack: Path) -> dict[str, dict[str, str]]:
    with (pack / "data" / "population" / "completeness.csv").open(encoding="utf-8", newline="") as file:
        return {row["stream"]: row for row in csv.DictReader(file)}


def check_that_it_adds_up(pack: Path) -> dict[str, dict[str, str]]:
    """Assert both sums of every stream, and that the population files hold what the streams say."""
    found = completeness(pack)
    counts = dict.fromkeys(("changes", "deployments"), 0)
    for stream, row in found.items():
        part = {name: int(row[name] or 0) for name in row if name not in {"source", "stream", "adds_up", "differences"}}
        assert row["adds_up"] == "true", stream
        assert part["held"] == sum(
            part[name] for name in ("other_kind", "outside_scope", "not_production", "outside_period", "in_population")
        )
        if row["reported"]:
            assert part["reported"] == (
                part["held"] + part["set_aside"] + part["repeated"] + part["missing"] - part["beyond"]
            )
            assert (row["differences"] == "none") == (part["reported"] == part["held"])
        for name in counts:
            counts[name] += part[name]
    for name, count in counts.items():
        with (pack / "data" / "population" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert sum(1 for _ in csv.DictReader(file)) == count, name
    return found


def test_population_and_exclusions_add_up_to_what_the_sources_reported(signed: Made) -> None:
    """Each stream's reported count is its population plus what was left out, by named reasons."""
    found = check_that_it_adds_up(signed.path)
    changes = found["record.changes"]
    assert int(changes["outside_scope"]) > 0 and int(changes["outside_period"]) == 1
    assert int(found["record.deployments"]["in_population"]) == 24


def test_a_source_reported_more_than_came_is_a_named_difference(tmp_path: Path) -> None:
    """What a source counts and never hands over is missing, in the pack and in words."""
    from app.reports import evidence
    from ingest.store import RawStore
    from models.settings import parse_settings
    from sql.build import build
    from tests.app.sample import AS_OF, SETTINGS, store_records
    from tests.reports import quarter

    space: Workspace = store_records(tmp_path / "home", quarter.records())
    with RawStore(space.raw_path) as store:
        store.con.execute("update raw.run_streams set reported = received + 7 where stream = 'record.changes'")
    build(space, parse_settings(SETTINGS.replace("{kind}", "live"), "test"), as_of=AS_OF, memory_limit="1GB")
    made = evidence.make(space, evidence.Request(quarter.PERIOD, tmp_path / "out"))
    row = check_that_it_adds_up(made.path)["record.changes"]
    assert row["missing"] == "7" and row["differences"] == "7 describe no record of this kind"
    assert "7 not received" in (made.path / "data" / "report.html").read_text(encoding="utf-8")


def test_other_words_beside_a_figure_are_found_unless_another_version_chose_them(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a figure is undefined is said by the tool; a later one may say it better. Figures must be the same."""
    metrics = pack / "data" / "metrics.csv"
    said = next(note for _, note in _notes(metrics) if note)
    edit(metrics, said, "as everybody knows")
    bag_again(pack)
    assert "note: it says 'as everybody knows'" in failures(pack, None, is_unsigned=True)["metrics.csv"]
    monkeypatch.setattr("app.reports.verify._version", lambda library: "of another day")
    assert "metrics.csv" not in failures(pack, None, is_unsigned=True)
    edit(metrics, *_one_more(metrics))
    bag_again(pack)
    assert "numerator" in failures(pack, None, is_unsigned=True)["metrics.csv"]


def _notes(metrics: Path) -> list[tuple[str, str]]:
    with metrics.open(encoding="utf-8", newline="") as file:
        return [(row["metric"], row["note"]) for row in csv.DictReader(file)]


def _one_more(metrics: Path) -> tuple[str, str]:
    """Return a line of a rate and the same with one more in its numerator."""
    with metrics.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["numerator"] and "," not in row["label"])
    head = f"{row['metric']},{row['label']},{row['unit']},{row['value']},"
    return f"{head}{row['numerator']},", f"{head}{int(row['numerator']) + 1},"
