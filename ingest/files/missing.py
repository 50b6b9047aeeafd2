"""What a file does not say, and where else in it the answer may stand.

Owns the remarks of a proposal about what its numbers will lack. Refuses to fill in anything that no text of it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingest.files.sniff import Look
from ingest.files.written import comment_of, table_of, text_of

_STAGE = re.compile(
    r"(?i)(?<![a-z])(pre-?prod(?:uction)?|production|prod|live|staging|stage|stg|uat|qa|test|development|dev)(?![a-z])"
)
_DEPLOYS = re.compile(r"(?i)deploy|release|roll.?out|promot|ship|go.?live")
_MOST = 20


def missing_notes(kind: str, fields: Mapping[str, str], environments: str | None, is_review: bool) -> list[str]:
    """Say what the numbers will lack, and what to write where all rows mean the same."""
    if kind == "decision" and not {"change_key", "deployment_key", "run_key"} & set(fields):
        return ["# check: no column says what was decided on, so these decisions belong to no change or deployment"]
    notes = []
    if (kind in {"deployment", "run"} or is_review) and not {"service", "repository", "component"} & set(fields):
        notes.append(
            "# check: no column says which service or repository; if all rows are of one, add under [record.constants]:"
            ' service = "…"'
        )
    if kind == "change" and not is_review and "approved_at" in fields and "requested_at" not in fields:
        created = fields.get("created_at", "…")
        notes.append(
            "# check: no column says when approval was asked for, so there is no approval latency; if a change is asked"
            f" for when it is entered, add under [record.fields]: requested_at = {comment_of(text_of(created))}"
        )
    if kind not in {"deployment", "run"}:
        return notes
    if kind == "run":
        notes.append(
            "# check: a run deploys where the name of it, or of its pipeline, says so; others are checks or builds"
        )
    if "environment" not in fields and environments is None:
        notes.append(
            "# check: no column says the environment, so no row counts as production; if all rows are of it, add"
            ' under [record.constants]: environment = "production"'
        )
    if not {"status", "outcome"} & set(fields):
        notes.append(
            "# check: no column says whether it succeeded, so failure rates stay unknown; if only those are listed"
            ' that did, add under [record.constants]: status = "success"'
        )
    return notes


def environments_in_names(kind: str, look: Look, fields: Mapping[str, str]) -> str | None:
    """Return how the environment is read from what runs are called, such as "Deploy to production"; else ``None``."""
    column = fields.get("name") or fields.get("workflow")
    if kind != "run" or "environment" in fields or column is None:
        return None
    found = {}
    for name in sorted(set(look.values(column))):
        stages = {stage.lower() for stage in _STAGE.findall(name)}
        if _DEPLOYS.search(name) and len(stages) == 1:
            found[name] = stages.pop()
    if not 0 < len(found) <= _MOST:
        return None
    return (
        f'environment = {{ column = {text_of(column)}, values = {table_of(found)}, otherwise = "" }}'
        "  # check: as the names of the runs say"
    )
