"""What a credential should be allowed to read at GitHub, and what is missing without it.

Owns the list, tried at the first repository. The names are those of GitHub Apps and fine-grained tokens; a classic
token's ``repo`` covers all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ingest.github.api import GitHub
from ingest.source import Permission

# permission, path tried below the repository, what it unlocks, whether a sync fails without it
_PERMISSIONS = (
    ("pull requests: read", "pulls", "changes, reviews and approvals", True),
    ("issues: read", "issues", "issues that changes close, and incidents kept as issues", True),
    ("deployments: read", "deployments", "deployments and their statuses: all of release execution", True),
    ("contents: read", "commits", "releases, and who changed code owners and workflow files", True),
    ("actions: read", "actions/runs", "workflow runs, their jobs, and who approved a run's deployment", False),
    ("environments: read", "environments", "environments' required reviewers and wait timers", False),
    ("metadata: read", "rulesets", "rulesets: which reviews and checks are required", False),
    ("administration: read", "rulesets/rule-suites", "pushes that bypassed rules, classic branch protection", False),
)  # fmt: skip


def permissions(github: GitHub, polled: Mapping[str, Mapping[str, Any]]) -> Sequence[Permission]:
    """Return the permissions, each tried with one small request; none where no repository can be seen."""
    repository = next((str(found["nameWithOwner"]) for found in polled.values()), None)
    if repository is None:
        return ()
    return [
        Permission(
            name,
            unlocks,
            partial(github.client.get, github.rest(f"/repos/{repository}/{path}"), {"per_page": 1}),
            is_needed,
        )
        for name, path, unlocks, is_needed in _PERMISSIONS
    ]
