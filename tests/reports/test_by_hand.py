"""A reader who has a data frame and the pack's README, and neither our code nor our SQL: every figure by hand."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.reports.evidence import Made

Z = 1.959963984540054


def table(pack: Path, name: str) -> pd.DataFrame:
    """A packed table with the types that its list of contents states."""
    contents = json.loads((pack / "data/tables/contents.json").read_text(encoding="utf-8"))["tables"]
    read = pd.read_csv(pack / f"data/tables/{name}.csv", dtype=str)
    for column, kind in next(one["columns"] for one in contents if one["table"] == name):
        if kind == "TIMESTAMP":
            read[column] = pd.to_datetime(read[column], utc=True, format="ISO8601")
        elif kind == "BOOLEAN":
            read[column] = read[column] == "true"
    return read


def in_period(pack: Path, instants: Any) -> Any:  # noqa: ANN401 - pandas types differ by version
    """Which instants lie in the pack's period: from its first one, before its last one."""
    asked = table(pack, "pack.question").iloc[0]
    return (instants >= asked["start_at"]) & (instants < asked["end_at"])


def of_scope(pack: Path, records: pd.DataFrame) -> pd.DataFrame:
    """Records of the team or service that the pack is about."""
    asked = table(pack, "pack.question").iloc[0]
    return records[records[asked["scope_kind"]] == asked["scope_name"]]


def kaplan_meier_median(records: pd.DataFrame) -> float | None:
    """The first value at which no more than half still wait."""
    surviving = 1.0
    for value, leaving in records.groupby("value"):
        at_risk = (records["value"] >= value).sum()
        surviving *= 1 - leaving["in_numerator"].sum() / at_risk
        if surviving <= 0.5 + 1e-12:
            return float(value)
    return None


def figures(kind: str, judged: pd.DataFrame) -> dict[str, float | None]:
    """What the README's table says of a metric of a kind over its judged records."""
    count, hits = len(judged), int(judged["in_numerator"].sum())
    found: dict[str, float | None] = {"denominator": count, "numerator": None if kind == "duration" else hits}
    found |= dict.fromkeys(("value", "low", "high", "p90"))
    if kind == "survival":
        found["value"] = kaplan_meier_median(judged[judged["value"].notna()])
    elif count and kind == "rate":
        share = hits / count
        middle, spread = share + Z * Z / (2 * count), Z * math.sqrt(share * (1 - share) / count + (Z / count) ** 2 / 4)
        scale = 1 + Z * Z / count
        found |= {"value": share, "low": (middle - spread) / scale, "high": (middle + spread) / scale}
    elif count and kind == "duration":
        found |= {"value": judged["value"].median(), "p90": judged["value"].quantile(0.9)}
    elif count and kind == "ratio":
        found["value"] = judged["value"].sum() / count
    return found


def same(stated: float, computed: float | None) -> bool:
    return math.isnan(stated) if computed is None else stated == pytest.approx(computed, abs=1e-9)


def test_every_metric_follows_from_its_records_by_the_table_in_the_readme(signed: Made) -> None:
    """Kind and minimum sample stand in the SQL file's head; nothing else of it is needed."""
    stated = pd.read_csv(signed.path / "data/metrics.csv").set_index("metric")
    kinds = set()
    for metric, row in stated.iterrows():
        head = (signed.path / f"data/sql/models/metrics/{metric}.sql").read_text(encoding="utf-8")
        kind, minimum = (re.findall(rf"^-- {key}: (\w+)$", head, re.MULTILINE) for key in ("kind", "minimum_sample"))
        records = pd.read_csv(signed.path / f"data/metrics/{metric}.csv")
        records["in_numerator"] = records["in_numerator"].astype(str).str.lower() == "true"
        judged = records[records["exclusion_reason"].isna()]
        for column, computed in figures(kind[0], judged).items():
            assert same(float(row[column]), computed), (metric, column, row[column], computed)
        assert bool(row["is_enough"]) == (len(judged) >= int(minimum[0] if minimum else 10)), metric
        excluded = json.loads(row["excluded"]) if isinstance(row["excluded"], str) else {}
        assert excluded == records["exclusion_reason"].value_counts().to_dict(), metric
        kinds.add(kind[0])
    assert len(stated) > 40
    assert kinds == {"rate", "duration", "survival", "ratio"}


def test_five_metrics_follow_from_the_packed_rows_by_their_descriptions(signed: Made) -> None:
    """Failures, latency, emergencies, unauthorised deployments and separation of duties."""
    pack = signed.path
    deployments, changes, times, tests = (
        of_scope(pack, table(pack, f"marts.{name}"))
        for name in ("deployments", "changes", "approval_times", "separation_of_duties")
    )
    production = deployments[deployments["is_production"]]
    finished = production[(production["outcome"] == "succeeded") & in_period(pack, production["finished_at"])]
    judged = production[
        (production["outcome"] != "cancelled")
        & in_period(pack, production["started_at"])
        & ~production["is_rerelease"]
        & (production["authorisation_class"] != "not_collectable")
    ]
    done = changes["merged_at"].fillna(changes["closed_at"]).fillna(changes["implemented_at"])
    typed = changes[changes["is_implemented"] & changes["change_type"].notna()
                    & in_period(pack, done.fillna(changes["created_at"]))]  # fmt: skip
    timed = times[times["exclusion_reason"].isna() & in_period(pack, times["occurred_at"])]
    waits = (timed["effective_approval_at"] - timed["requested_at"]).dt.total_seconds()
    told = tests[(tests["test"] == "sod_2") & tests["result"].isin(["pass", "fail"])
                 & in_period(pack, tests["occurred_at"])]  # fmt: skip
    computed = {
        "change_failure_rate": finished["is_failed"].mean(),
        "unauthorised_deployment_rate": judged["unauthorised_reason"].notna().mean(),
        "emergency_change_ratio": (typed["change_type"] == "emergency").mean(),
        "approval_latency": waits.median(),
        "sod_2": (told["result"] == "fail").mean(),
    }
    stated = pd.read_csv(pack / "data/metrics.csv").set_index("metric")["value"]
    assert {metric: float(stated[metric]) for metric in computed} == pytest.approx(computed, abs=1e-9)
    assert 0 < computed["change_failure_rate"] < 1
