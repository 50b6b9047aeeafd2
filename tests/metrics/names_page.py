"""The page on recorded names: ``python -m tests.metrics.names_page``.

Owns what the shipped rules make of every name in the recorded answers of tools that have no connector: statuses, jobs,
workflows, plans, kinds of webhooks. Nothing is built for it: the rules are patterns, tried here as a build tries them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.workspace import CHECKOUT
from tests.conftest import SHARED
from tests.metrics.reading import rows_of
from tests.metrics.test_vocabulary import first_match, seed, words_of

PAGE = CHECKOUT / "docs" / "recorded-names.md"
# What → seed that gives it a meaning, column of the meaning, and where it is found: tool, parts of file names, places.
JOBS = (
    ("dora", ("cicd_tasks",), ("name",)),
    ("github_graphql", ("github_graphql_deployment",), ("Task",)),
    ("circleci", ("jobs", "workflows"), ("name",)),
    ("bitbucket", ("steps",), ("name",)),
    ("bamboo", ("jobs", "plans", "deploys"), ("name", "shortName")),
    ("jenkins", ("stages", "jobs"), ("name",)),
    ("gitlab", ("job",), ("name",)),
)
STATES = (
    ("dora", ("cicd_tasks", "cicd_deployment_commits"), ("result", "status")),
    ("refdiff", ("cicd_deployment_commits",), ("result", "status")),
    ("github_graphql", ("github_graphql_deployment",), ("State", "LatestStatus.State", "Statuses.nodes.state")),
    ("circleci", ("jobs", "workflows", "pipelines"), ("status", "state")),
    ("bamboo", ("builds", "deploy"), ("buildState", "state", "deploymentState")),
    ("bitbucket", ("pipelines", "steps", "deployments"), ("state.name", "state.result.name", "state.status.name")),
)
STATUSES = (
    ("issue_trace", ("issues.csv",), ("original_status", "status")),
    ("issue_trace", ("issue_changelogs",), ("original_to_value", "original_from_value")),
    ("bitbucket", ("issues", "pull_requests"), ("state",)),
    ("pagerduty", ("incidents",), ("status",)),
    ("opsgenie", ("incidents",), ("status",)),
)
Places = tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]


@dataclass(frozen=True)
class Name:
    """A name as recorded, how often, and what the rules make of it; nothing where they do not know it."""

    tool: str
    name: str
    records: int
    meaning: str


def rows(shared: Path, tool: str, parts: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Return what is recorded of a tool: answers as they came, or the rows of tables without an answer."""
    folder = shared / f"devlake-e2e/{tool}/e2e"
    tables = [path for path in folder.rglob("*.csv") if "snapshot_tables" not in path.parts]
    answers = [path for path in tables if path.name.startswith("_raw")]
    for path in sorted(path for path in answers or tables if any(part in path.name for part in parts)):
        for row in rows_of(path):
            # Of a change log only the moves of the status are statuses.
            if row.get("field_name", "status").lower() == "status":
                yield json.loads(row["data"]) if row.get("data") else row


def found(shared: Path, places: Places) -> Iterator[tuple[str, str, int]]:
    """Yield tool, name and how often it is recorded."""
    for tool, parts, keys in places:
        names = Counter(word for payload in rows(shared, tool, parts) for word in words_of(payload, *keys))
        for name, records in sorted(names.items()):
            yield tool, name, records


def jobs(shared: Path) -> list[Name]:
    """Return jobs, workflows, steps, stages and plans with what their name says they are for."""
    rules = seed("run_purposes")
    return [
        Name(tool, name, records, (first_match(rules, name) or {}).get("purpose", ""))
        for tool, name, records in found(shared, JOBS)
    ]


def states(shared: Path) -> list[Name]:
    """Return the outcomes of pipelines and deployments with what they count as."""
    known = {row["status"]: row["outcome"] for row in seed("deployment_states")}
    return [
        Name(tool, name, records, known.get(re.sub(r"[ _-]+", "", name), ""))
        for tool, name, records in found(shared, STATES)
    ]


def statuses(shared: Path) -> list[Name]:
    """Return the statuses of issues, requests and incidents with their meaning."""
    rules = seed("status_meanings")
    return [
        Name(tool, name, records, (first_match(rules, name) or {}).get("meaning", ""))
        for tool, name, records in found(shared, STATUSES)
    ]


def webhooks(shared: Path) -> list[Name]:
    """Return GitHub's kinds of webhooks with the track and activity of the rule that names them."""
    index = json.loads((shared / "octokit/webhooks-examples.index.json").read_text(encoding="utf-8"))
    rules = [rule for rule in seed("classification_rules") if rule["kind"] == "*" and rule["verb"] != "*"]
    names = []
    for one in index:
        rule = next((rule for rule in rules if re.fullmatch(rule["verb"], one["name"])), None)
        names.append(
            Name("github", one["name"], len(one["examples"]), f"{rule['track']}/{rule['activity']}" if rule else "")
        )
    return names


def parts(shared: Path) -> dict[str, list[Name]]:
    """Return the page's parts by their heading."""
    return {
        "Jobs, workflows, steps and plans": jobs(shared),
        "Outcomes of pipelines and deployments": states(shared),
        "Statuses of issues, requests and incidents": statuses(shared),
        "Kinds of webhooks": webhooks(shared),
    }


def share(names: list[Name]) -> tuple[int, int]:
    """Return how many records carry a name that the rules know, and how many there are."""
    return sum(one.records for one in names if one.meaning), sum(one.records for one in names)


def page(shared: Path) -> str:
    """Return the page's text."""
    lines = [
        "# Recorded names and what the rules make of them",
        "",
        "Names in recorded answers of tools beside GitHub and Jira, whose events are in",
        "[How well the rules classify](classification.md). A name without a meaning is *unclassified*: it is listed",
        "with how often it occurs and never counts as compliant. *other* is the meaning of a job whose name says",
        "nothing about change or release. This page is written by `python -m tests.metrics.names_page`.",
    ]
    for heading, names in parts(shared).items():
        known, whole = share(names)
        lines += ["", f"## {heading}", ""]
        lines += [f"Known: {known:,} of {whole:,} ({known / whole:.1%}).".replace("%", " %"), ""]
        lines += ["| tool | name | records | meaning |", "| --- | --- | ---: | --- |"]
        lines += [
            f"| {one.tool} | `{one.name.replace('|', ' ')}` | {one.records:,} | {one.meaning or '**unclassified**'} |"
            for one in names
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(SHARED), encoding="utf-8")
