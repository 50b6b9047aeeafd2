"""Measures drift on simulated teams and writes the page of operating characteristics.

python -m tests.simulator.validate --out docs                       # everything: minutes
python -m tests.simulator.validate --out docs --parts cells,dating  # some parts; the rest from the last run
python -m tests.simulator.validate --out docs --parts none          # the page alone, from the last run
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.simulator import page
from tests.simulator.campaign import PARTS

_FEWER = {"alternatives": 2, "alone": 2, "dating": 2}  # these parts take a fraction of the teams


def main(arguments: list[str] | None = None) -> Path:
    """Run the campaign and write the page; returns its path."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator.validate", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the page, its charts and its results")
    parser.add_argument("--teams", type=int, default=400, help="teams per cell (default 400)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same page (default 1)")
    parser.add_argument("--parts", default="all", help=f"all, none, or some of {', '.join(PARTS)}")
    chosen = parser.parse_args(arguments)
    names = {"all": list(PARTS), "none": []}.get(chosen.parts, chosen.parts.split(","))
    store = chosen.out / page.FOLDER / "results.json"
    results: dict[str, Any] = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    for name in names:
        started = time.monotonic()
        results[name] = PARTS[name](chosen.teams // _FEWER.get(name, 1), chosen.seed)
        results["run"] = {
            "teams": chosen.teams,
            "teams_alternatives": chosen.teams // _FEWER["alternatives"],
            "seed": chosen.seed,
        }
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_text(_readable(results), encoding="utf-8")
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    # From what is stored, not from what was computed: the page must say what its results say, to the last digit.
    return page.write(chosen.out, json.loads(_readable(results)))


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
