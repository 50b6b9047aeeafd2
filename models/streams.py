"""The streams of the raw store: one append-only table for each list that a source keeps.

Owns their names and columns. Refuses to know what a payload of one holds (``models.records``, the staging models).
"""

from __future__ import annotations

from dataclasses import dataclass

from models.records import KINDS, plural


@dataclass(frozen=True)
class Stream:
    """One append-only table of the raw store: ``raw.<source_type>_<name>``."""

    source_type: str
    name: str

    @property
    def table(self) -> str:
        """Table name within schema ``raw``."""
        return f"{self.source_type}_{self.name}"

    def __str__(self) -> str:
        """Return ``<source_type>.<name>``, as shown to users."""
        return f"{self.source_type}.{self.name}"


# Nested lists of a payload are streams of their own, so that SQL never unnests JSON.
_STREAMS = {
    "github": (
        "repositories",
        "pull_requests",
        "reviews",
        "pull_request_commits",
        "timeline_items",
        "webhook_actions",
        "pull_request_comments",
        "closing_issues",
        "issues",
        "issue_comments",
        "deployments",
        "deployment_statuses",
        "deployment_reviews",
        "workflow_runs",
        "workflow_jobs",
        "releases",
        "environments",
        "rulesets",
        "branch_protections",
        "rule_suites",
        "rule_files",
        "branch_protection_changes",
    ),
    "jira": ("issues", "changelog", "comments", "approvals", "issue_links", "fields", "statuses", "users"),
    "jenkins": ("builds", "stages", "inputs"),
    "gitlab": (
        "merge_requests",
        "merge_request_commits",
        "approvals",
        "notes",
        "deployments",
        "deployment_approvals",
        "pipelines",
        "jobs",
        "releases",
        "issues",
    ),
    "pagerduty": ("events",),
    "opsgenie": ("events",),
    "push": ("deliveries",),
    "record": tuple(plural(kind) for kind in KINDS),
}
STREAMS: tuple[Stream, ...] = tuple(Stream(source, name) for source, names in _STREAMS.items() for name in names)

# Column → type; the instants and the address are unknown for some records.
COLUMNS = {
    "source": "VARCHAR NOT NULL",
    "record_key": "VARCHAR NOT NULL",
    "payload": "VARCHAR NOT NULL",
    "payload_sha256": "VARCHAR NOT NULL",
    "version_at": "TIMESTAMP",
    "request_url": "VARCHAR",
    "fetched_at": "TIMESTAMP NOT NULL",
    "run_id": "VARCHAR NOT NULL",
}


def stream(name: str) -> Stream:
    """Return the stream called ``<source_type>.<name>``; raises ``KeyError`` when there is none."""
    source_type, _, stream_name = name.partition(".")
    found = Stream(source_type, stream_name)
    if found not in STREAMS:
        raise KeyError(name)
    return found
