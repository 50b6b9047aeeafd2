"""What code hosts say of a pull request in ways of their own.

Owns these few ways. Refuses to know other fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.files.lexicon import plain_name
from ingest.files.sniff import Look
from ingest.files.written import text_of


def merged_as(look: Look, fields: Mapping[str, str], column: str) -> tuple[str, str] | None:
    """Return how the commit that a merge made is read where GitLab tells a squashed one apart, and that column.

    A branch that was only moved forward has neither: its head is what was merged.
    """
    squashed = next((c for c in look.columns if plain_name(c) == "squash_commit_sha"), None)
    head, merged = fields.get("head_revision"), fields.get("merged_at")
    if squashed is None or head is None or merged is None:
        return None
    columns = ", ".join(map(text_of, (column, squashed, head)))
    return f"{{ first = [{columns}], when = {{ column = {text_of(merged)}, empty = false }} }}", squashed


def named_repository(look: Look, fields: Mapping[str, str]) -> tuple[str, str] | None:
    """Return how the repository is read from GitLab's ``project!7`` where no column names it, and that column."""
    whole = next((c for c in look.columns if plain_name(c) == "references_full"), None)
    if whole is None or "repository" in fields:
        return None
    return f'{{ column = {text_of(whole)}, split = "!", part = 1 }}', whole
