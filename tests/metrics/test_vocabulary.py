"""Words that recorded tools use for outcomes, states, stages and events, against the shipped seeds."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sql.configuration import seeds_dir
from tests.metrics.reading import rows_of


def seed(name: str) -> list[dict[str, str]]:
    with (seeds_dir() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def payloads(shared: Path, tool: str, *parts: str) -> Iterator[dict[str, Any]]:
    """Return the recorded answers of a tool whose file names contain one of ``parts``."""
    for path in sorted((shared / f"devlake-e2e/{tool}/e2e/raw_tables").glob("*.csv")):
        if any(part in path.name for part in parts):
            for row in rows_of(path):
                if row.get("data"):
                    yield json.loads(row["data"])


def words_of(payload: dict[str, Any], *places: str) -> Iterator[str]:
    """Return the texts found at dotted places of a payload."""
    for place in places:
        values: list[Any] = [payload]
        for part in place.split("."):
            inner = [value.get(part) for value in values if isinstance(value, dict)]
            values = [item for value in inner for item in (value if isinstance(value, list) else [value])]
        yield from (value.lower() for value in values if isinstance(value, str) and value)


def first_match(rules: list[dict[str, str]], text: str) -> dict[str, str] | None:
    return next((rule for rule in rules if re.search(rule["pattern"], text)), None)


def test_every_outcome_that_recorded_pipelines_and_deployments_state_is_known(shared_data: Path) -> None:
    """CircleCI, Bamboo and Bitbucket: succeeded, failed, cancelled or in progress; a word with no meaning is named."""
    known = {row["status"] for row in seed("deployment_states")}
    stated: set[str] = set()
    for payload in payloads(shared_data, "circleci", "jobs", "workflows", "pipelines"):
        stated |= set(words_of(payload, "status", "state"))
    for payload in payloads(shared_data, "bamboo", "builds", "deploy"):
        stated |= set(words_of(payload, "buildState", "state", "deploymentState"))
    for payload in payloads(shared_data, "bitbucket", "pipelines", "steps", "deployments"):
        stated |= set(words_of(payload, "state.name", "state.result.name", "state.status.name"))
    assert len(stated) > 20
    assert {word for word in stated if re.sub(r"[ _-]+", "", word) not in known} == {"unknown"}


def test_every_state_of_recorded_issues_incidents_and_requests_has_a_meaning(shared_data: Path) -> None:
    """Bitbucket's issues and pull requests, PagerDuty's and Opsgenie's incidents."""
    rules = seed("status_meanings")
    stated: set[str] = set()
    for payload in payloads(shared_data, "bitbucket", "issues", "pull_requests"):
        stated |= set(words_of(payload, "state"))
    for tool in ("pagerduty", "opsgenie"):
        for payload in payloads(shared_data, tool, "incidents"):
            stated |= set(words_of(payload, "status"))
    assert {"new", "open", "merged", "triggered", "acknowledged", "resolved"} <= stated
    assert {word for word in stated if first_match(rules, re.sub(r"[ _-]+", " ", word)) is None} == set()


def test_recorded_job_and_stage_names_that_say_nothing_are_few_and_named(shared_data: Path) -> None:
    """What only the last rule catches: branches that Jenkins makes jobs of, greetings, a copy, names people made up."""
    rules = seed("run_purposes")
    names: Counter[str] = Counter()
    for payload in payloads(shared_data, "jenkins", "stages", "jobs"):
        names.update(words_of(payload, "name"))
    for payload in payloads(shared_data, "circleci", "jobs", "workflows"):
        names.update(words_of(payload, "name"))
    for payload in payloads(shared_data, "bitbucket", "steps"):
        names.update(words_of(payload, "name"))
    for payload in payloads(shared_data, "bamboo", "jobs", "plans", "deploys"):
        names.update(words_of(payload, "name", "shortName"))
    for payload in payloads(shared_data, "gitlab", "job"):
        names.update(words_of(payload, "name"))
    caught = {name for name in names if (first_match(rules, name) or {}).get("rule_id") == "run-other"}
    branches = {"feature-1", "feature-2", "main", "pr-2"}
    assert caught == {*branches, "hello", "say-hello", "say-hello-workflow", "workflow", "scp-f/b"}
    assert first_match(rules, "declarative: checkout scm") == next(r for r in rules if r["rule_id"] == "run-prepare")


def test_every_recorded_webhook_is_named_by_a_rule(shared_data: Path) -> None:
    """58 kinds of GitHub's webhooks: an event log that names them is classified without a rule of one's own."""
    index = json.loads((shared_data / "octokit/webhooks-examples.index.json").read_text(encoding="utf-8"))
    rules = seed("classification_rules")
    unnamed = [
        one["name"]
        for one in index
        if not any(
            rule["kind"] == "*" and re.fullmatch(rule["verb"], one["name"]) for rule in rules if rule["verb"] != "*"
        )
    ]
    assert len(index) == 58
    assert unnamed == []
