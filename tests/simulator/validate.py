"""Measures drift on simulated teams and writes the page of operating characteristics.

python -m tests.simulator.validate --out docs                       # everything: minutes
python -m tests.simulator.validate --out docs --parts cells,dating  # some parts; the rest from the last run
python -m tests.simulator.validate --out docs --parts none          # the page alone, from the last run
python -m tests.simulator.validate --out docs --parts real          # recorded projects, where they are at hand
python -m tests.simulator.validate --out docs --parts pipeline --teams 200 --minutes 60 --marks FOLDER
                                                                    # records through the product
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.simulator import page
from tests.simulator.campaign import METHOD, PARTS, SIMULATOR, most_decisive, plan_of_cells
from tests.simulator.pipeline import Batch, batches, measure, measured, scores
from tests.simulator.real_input import measure_real

_FEWER = {"alternatives": 2, "alone": 2, "dating": 2}  # these parts take a fraction of the teams


def main(arguments: list[str] | None = None) -> Path:
    """Run the campaign and write the page; returns its path."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator.validate", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the page, its charts and its results")
    parser.add_argument("--teams", type=int, default=400, help="teams per cell (default 400)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same page (default 1)")
    parser.add_argument("--parts", default="all", help=f"all, none, pipeline, real, or some of {', '.join(PARTS)}")
    parser.add_argument("--minutes", type=float, default=60, help="pipeline: begin nothing after so long (default 60)")
    parser.add_argument("--only", help="pipeline: these regimes alone, joined by commas")
    parser.add_argument("--marks", type=Path, help="pipeline: where what builds gave is kept between runs")
    chosen = parser.parse_args(arguments)
    names = {"all": list(PARTS), "none": []}.get(chosen.parts, chosen.parts.split(","))
    store = chosen.out / page.FOLDER / "results.json"
    results: dict[str, Any] = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    store.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        started = time.monotonic()
        if name == "pipeline":
            if not chosen.marks:
                parser.error("--parts pipeline needs --marks FOLDER")
            wanted = [cell for cell in most_decisive() if not chosen.only or cell[0].name in chosen.only.split(",")]
            todo = batches(wanted, chosen.teams, chosen.seed, measured(chosen.marks))
            _through_the_product(todo, chosen.minutes, chosen.marks)
            results[name] = measured(chosen.marks)
            results["product"] = scores(results[name], plan_of_cells(), chosen.marks, chosen.seed)
            run = results.get("run", {})
            results["run"] = run | {"methods": run.get("methods", {}) | {"product": METHOD}}
        elif name == "real":
            # Without the recorded input the last results stay.
            results[name] = measure_real() or results.get(name, [])
        else:
            results[name] = PARTS[name](chosen.teams // _FEWER.get(name, 1), chosen.seed)
            results["run"] = results.get("run", {}) | {
                name: chosen.teams // _FEWER.get(name, 1),
                "seed": chosen.seed,
                "simulators": results.get("run", {}).get("simulators", {}) | {name: SIMULATOR},
                "methods": results.get("run", {}).get("methods", {}) | {name: METHOD},
            }
        _keep(store, results)
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    # From what is stored, not from what was computed: the page must say what its results say, to the last digit.
    return page.write(chosen.out, json.loads(_readable(results)))


def _through_the_product(todo: list[Batch], minutes: float, marks: Path) -> None:
    """Measure batches, each kept when it is done, until time is up."""
    end = time.monotonic() + 60 * minutes
    for batch in todo:
        if time.monotonic() >= end:
            return
        sys.stderr.write(f"{json.dumps(measure(batch, marks))}\n")


def _keep(store: Path, results: dict[str, Any]) -> None:
    """Write the results whole or not at all: a run may be ended at any moment and taken up again."""
    part = store.with_suffix(".part")
    part.write_text(_readable(results), encoding="utf-8")
    part.replace(store)


def _readable(results: dict[str, Any]) -> str:
    """Return JSON with one result per line, so that a change shows where it is."""
    parts = []
    for name in sorted(results):
        value = results[name]
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(_rounded(row)) for row in value)
            parts.append(f"{json.dumps(name)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}


if __name__ == "__main__":
    main()
