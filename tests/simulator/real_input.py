"""Recorded projects through the product: import with the shipped mappings, build, drift; levels by month.

Owns which sets, and how a merge is read as a deployment, since none of them records one. Publishes counts only, never
a record's text or a person. Without the recorded input there is nothing to run, and the last results stay.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.store import RawStore
from models.drift.assessment import assess
from models.drift.levels import wilson
from models.drift.settings import DriftSettings
from models.settings import load_settings
from models.workspace import CHECKOUT, Workspace
from tests.conftest import SHARED
from tests.simulator.pipeline import build_workspace

DIMENSIONS = ("owners", "order")
_MAPPINGS = CHECKOUT / "data" / "mappings"
_DEPLOYMENT = """
name = "{name}"
source = "{source}"
{form}
[[record]]
kind = "deployment"
{key}

[record.fields]
{fields}

[record.constants]
service = "{service}"
environment = "production"
status = "success"
plan = "the merge"
"""
_MERGED = '{ column = "at_utc", when = { column = "status", equals = "merged" } }'
_BOTS = '{ jenkins-bot = "bot", "Gerrit Code Review" = "bot" }'
_GERRIT_KEY = 'key = "change_number"\ngather = "seq"'
_GERRIT_FIELDS = f'change_key = "change_number"\nstarted_at = {_MERGED}\nfinished_at = {_MERGED}\n'
_IS_MERGED = 'when = { column = "status", equals = "merged" }'
_MERGER = f"""deployed_by = {{ column = "actor", {_IS_MERGED} }}
deployed_by_type = {{ column = "actor", {_IS_MERGED}, values = {_BOTS}, otherwise = "human" }}"""
_CREATED = 'when = { column = "subject_line", equals = "Create change" }, pick = "first"'
_AUTHOR = f"""deployed_by = {{ column = "actor", {_CREATED} }}
deployed_by_type = {{ column = "subject_line", {_CREATED}, values = {{ "Create change" = "human" }} }}"""
_ARCHIVE_KEY = 'key = { template = "{baseRepository}#{number}" }\nwhen = { column = "state", equals = "MERGED" }'
_ARCHIVE_FIELDS = """change_key = { template = "{baseRepository}#{number}" }
started_at = "mergedAt"
finished_at = "mergedAt"
"""


@dataclass(frozen=True)
class RealSet:
    """A recorded project, and one way to read who executes.

    Attributes:
        key: Short name in the results.
        title: As the page says it.
        folder: Under the recorded input.
        files: File → shipped mapping.
        history: The file whose merges are read as deployments.
        deployments: The mapping that reads them so.
        service: The repository; its team has the same name.
        repository: As in the records.
        as_of: The first day after the period.
        check: Counts (self-approved or self-merged, all) from the file itself, without the product.
        alone: The dimension that is also judged without the others.
    """

    key: str
    title: str
    folder: str
    files: tuple[tuple[str, str], ...]
    history: str
    deployments: str
    service: str
    repository: str
    as_of: date
    check: Callable[[Path], tuple[int, int]]
    alone: str = "order"


def _gerrit_counts(folder: Path) -> tuple[int, int]:
    """Return merged changes of the period whose only +2 by then are their author's, and all with a +2."""
    events = pd.read_csv(folder / f"events_{_PERIOD}", dtype=str)
    votes = pd.read_csv(folder / f"votes_{_PERIOD}", dtype=str)
    owner = events[events["subject_line"] == "Create change"].groupby("change_number")["actor"].first()
    merged = events[events["status"] == "merged"].groupby("change_number")["at_utc"].first()
    merged = merged[merged < "2017-07-01"]
    given = votes[(votes["label"] == "Code-Review") & (votes["value"] == "+2")]
    given = given[given["change_number"].isin(merged.index)]
    by_owner = given["voter"] == given["change_number"].map(owner)
    only_owner = by_owner.groupby(given["change_number"]).all()
    return int(only_owner.sum()), len(only_owner)


def _archive_counts(folder: Path) -> tuple[int, int]:
    """Return merged pull requests merged by their author, and all merged ones."""
    pulls = json.loads((folder / _ARCHIVE).read_text(encoding="utf-8"))["pulls"]
    merged = [pull for pull in pulls if pull["state"] == "MERGED"]
    return sum(pull["author"] == pull["mergedBy"] for pull in merged), len(merged)


_PERIOD = "created_2016-07_2017-06.csv"
_ARCHIVE = "mlswg+mls-protocol.json"


def _gerrit(key: str, title: str, who: str) -> RealSet:
    return RealSet(
        key=key,
        title=title,
        folder="wikimedia",
        files=((f"events_{_PERIOD}", "wikimedia-gerrit-events"), (f"votes_{_PERIOD}", "wikimedia-gerrit-votes")),
        history=f"events_{_PERIOD}",
        deployments=_DEPLOYMENT.format(
            name="merges", source="wikimedia", form="", key=_GERRIT_KEY, fields=_GERRIT_FIELDS + who, service="config"
        ),
        service="config",
        repository="operations/mediawiki-config",
        as_of=date(2017, 7, 1),
        check=_gerrit_counts,
    )


SETS: tuple[RealSet, ...] = (
    _gerrit("gerrit_author", "Gerrit, 2016-07 to 2017-06: the author taken as who executes", _AUTHOR),
    _gerrit("gerrit_merger", "Gerrit, 2016-07 to 2017-06: executed by whoever merged", _MERGER),
    RealSet(
        key="archive",
        title="Pull requests of a standards group, 2017-11 to 2023-07: executed by whoever merged",
        folder="github-archives",
        files=((_ARCHIVE, "github-pull-request-archive"),),
        history=_ARCHIVE,
        deployments=_DEPLOYMENT.format(
            name="merges",
            source="github-archive",
            form='format = "json"\nitems = "pulls"\n',
            key=_ARCHIVE_KEY,
            fields=_ARCHIVE_FIELDS + 'deployed_by = "mergedBy"\ndeployed_by_type = { column = "state", '
            'values = { MERGED = "human" } }',
            service="protocol",
        ),
        service="protocol",
        repository="mlswg/mls-protocol",
        as_of=date(2023, 8, 1),
        check=_archive_counts,
    ),
)


def measure_real(shared: Path = SHARED) -> list[dict[str, Any]] | None:
    """Return what the product says of every set; ``None`` where the recorded input is missing."""
    if not all((shared / one.folder).is_dir() for one in SETS):
        return None
    return [measure_set(one, shared) for one in SETS]


def measure_set(one: RealSet, shared: Path = SHARED) -> dict[str, Any]:
    """Import and build one set; returns its finding, and the level of owners and order by month with its interval."""
    with tempfile.TemporaryDirectory() as work:
        workspace = Workspace(Path(work) / "home")
        workspace.home.mkdir()
        as_deployment = Path(work) / "deployments.toml"
        as_deployment.write_text(one.deployments, encoding="utf-8")
        workspace.config_path.write_text(
            f'[[service]]\nname = "{one.service}"\nteam = "{one.service}"\nrepositories = ["{one.repository}"]\n',
            encoding="utf-8",
        )
        with RawStore(workspace.raw_path) as store:
            for name, mapping in one.files:
                import_file(store, shared / one.folder / name, load_mapping(_MAPPINGS / f"{mapping}.toml"))
            import_file(store, shared / one.folder / one.history, load_mapping(as_deployment))
        built = build_workspace(
            workspace, datetime.combine(one.as_of, datetime.min.time()), load_settings(workspace.config_path)
        )
    marks = built.marks[pd.to_datetime(built.marks["day"]) < pd.Timestamp(one.as_of)]
    judged = assess(marks, built.gate, as_of=one.as_of)
    alone = marks[marks["dimension"] == one.alone]
    without = DriftSettings(wander_quantile=0)
    found, dimensions = judged.findings.iloc[0], judged.dimensions.set_index("dimension")
    self_approved, known = one.check(shared / one.folder)
    return {
        "set": one.key,
        "title": one.title,
        "state": found["state"],
        "sentence": found["sentence"],
        "gap_weeks": len(built.gate),
        "counted": [self_approved, known],
        "alone": [one.alone, *_alone(alone, built.gate, one.as_of, DriftSettings())],
        "without_wander": [one.alone, *_alone(alone, built.gate, one.as_of, without)],
        "dimensions": [_dimension(marks, name, dimensions.loc[name]) for name in DIMENSIONS],
    }


def _alone(marks: pd.DataFrame, gate: pd.DataFrame, as_of: date, settings: DriftSettings) -> list[Any]:
    """Return state, reference rate and evidence of one dimension judged without the others."""
    row = assess(marks, gate, settings=settings, as_of=as_of).findings.iloc[0]
    return [row["state"], _number(row["reference_rate"]), _number(row["e_value"])]


def _dimension(marks: pd.DataFrame, name: str, judged: pd.Series[Any]) -> dict[str, Any]:
    own = marks[marks["dimension"] == name]
    month = pd.to_datetime(own["day"]).dt.strftime("%Y-%m")
    by_month = own.assign(month=month).groupby("month")[["n", "x"]].sum()
    n, x = (by_month[column].to_numpy(np.float64) for column in ("n", "x"))
    spread = judged["dispersion"]
    low, high = wilson(x, n, np.full(len(n), spread if np.isfinite(spread) else 1.0))
    return {
        "dimension": name,
        "state": judged["state"],
        "reason": judged["reason"],
        "baseline": _number(judged["baseline_rate"]),
        "reference": _number(judged["reference_rate"]),
        "e_value": _number(judged["e_value"]),
        "months": [
            [label, int(count), int(hits), round(float(lower), 3), round(float(upper), 3)]
            for label, count, hits, lower, upper in zip(by_month.index, n, x, low, high, strict=True)
        ],
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
