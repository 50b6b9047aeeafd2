"""Incidents linked to deployments: another tool's rule and ours over the same recorded rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.metrics.reading import rows_of
from tests.sql.test_cases import open_case

FOLDER = "devlake-e2e/dora/e2e/connect_incident_to_deployment"


def given(case: Path, shared: Path, window_hours: int) -> None:
    """Write the recorded deployments and incidents as a case; a service is what the recording calls a project."""
    folder = shared / FOLDER
    projects = {
        (row["table"], row["row_id"]): row["project_name"] for row in rows_of(folder / "raw_tables/project_mapping.csv")
    }
    commits = rows_of(folder / "prev_success_deployment_commit/cicd_deployment_commits_after.csv")
    deployments = [
        (
            f"{row['cicd_deployment_id']}/{row['id']}",
            projects["cicd_scopes", row["cicd_scope_id"]],
            row["environment"],
            row["result"],
            row["started_date"][:19],
            row["finished_date"][:19],
        )
        for row in commits
    ]
    incidents = [
        (row["id"], projects.get((row["table"], row["scope_id"]), ""), row["created_date"])
        for row in rows_of(folder / "raw_tables/incidents.csv")
    ]
    (case / "given").mkdir(parents=True)
    (case / "twotrack.toml").write_text(f"[thresholds]\nincident_window_hours = {window_hours}\n", encoding="utf-8")
    for name, head, rows in (
        ("deployments", ("key", "service", "environment", "status", "started_at", "finished_at"), deployments),
        ("incidents", ("key", "service", "created_at"), incidents),
    ):
        with (case / "given" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])


@pytest.mark.parametrize(("window_hours", "same"), [(24, 1), (90 * 24, 6)])
def test_their_links_have_no_limit_of_time_and_ours_have_one(
    tmp_path: Path, shared_data: Path, window_hours: int, same: int
) -> None:
    """They link 6 of 7 incidents, up to 65 days later; within 24 h it is 1, within 90 days the same 6."""
    theirs = {
        row["id"]: row["deployment_id"]
        for row in rows_of(shared_data / FOLDER / "snapshot_tables/project_incident_deployment_relationships.csv")
    }
    given(tmp_path / "case", shared_data, window_hours)
    con = open_case(tmp_path / "case", "marts.incidents")
    rows = con.execute("select incident_id, deployment_id from build.marts.incidents").fetchall()
    con.close()
    ours = {
        incident.removeprefix("test:"): deployment.removeprefix("test:").partition("/")[0]
        for incident, deployment in rows
        if deployment
    }
    assert (len(rows), len(theirs)) == (7, 6)
    assert len(ours) == same
    assert ours.items() <= theirs.items()
