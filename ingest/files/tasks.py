"""Exports of the tasks of changes, such as ServiceNow's: each is a part of a change, and none of them is one.

Owns how they are recognised, and what is read of them: the reviews after the implementation. Refuses to know the rest
of a mapping.
"""

from __future__ import annotations

import re

from ingest.files.lexicon import plain_name
from ingest.files.sniff import Look
from ingest.files.written import text_of
from models.errors import InputError

_PARENTS = ("change_request", "change", "change_number", "change_id", "parent", "parent_change")
_NUMBER = re.compile(r"CTASK\d+")
_REVIEWS = {"review", "post implementation review", "post-implementation review", "pir"}


def are_tasks(look: Look) -> bool:
    """Return whether the rows are tasks of changes: by a type that only they have, or by their numbers."""
    plain = _plain(look)
    numbers = look.values(plain["number"]) if "number" in plain else []
    has_numbers = bool(numbers) and all(_NUMBER.fullmatch(number) for number in numbers)
    return "change_task_type" in plain or has_numbers


def reviews_of(look: Look, closed: str | None, read_at: str | None) -> tuple[list[str], set[str]]:
    """Return the proposal of the reviews after the implementation, which are tasks, and the columns that it reads.

    Args:
        look: The file.
        closed: The column that says when a task was closed.
        read_at: How that column is read.

    Raises:
        InputError: Its tasks tell of no review.
    """
    plain = _plain(look)
    kind = plain.get("change_task_type")
    parent = next((plain[word] for word in _PARENTS if word in plain), None)
    words = sorted({value for value in look.values(kind) if value.lower() in _REVIEWS}) if kind else []
    if not (kind and parent and closed and words and read_at):
        raise InputError(
            "These rows are tasks of changes; they are no changes, and none of them is told to be a review afterwards.",
            where=str(look.path),
            kept="nothing was stored",
            next_step="export the changes themselves; of their tasks those with their type (change_task_type), change "
            "and closing",
        )
    by = next((plain[word] for word in ("closed_by", "assigned_to") if look.values(plain.get(word, ""))), None)
    lines = [
        "",
        "# A closed task of this type is the review after the implementation. The others are parts of a change.",
        "[[record]]",
        'kind = "event"',
        f"key = {text_of(plain['number'])}" if "number" in plain else "# check: no column looks like a key",
        f"when = [{{ column = {text_of(kind)}, equals = [{', '.join(map(text_of, words))}] }}, "
        f"{{ column = {text_of(closed)}, empty = false }}]",
        "",
        "[record.fields]",
        f"subject_key = {text_of(parent)}",
        f"occurred_at = {read_at}",
        *([f"actor = {text_of(by)}  # check: whoever did the review"] if by else []),
        "",
        "[record.constants]",
        'subject_kind = "change"',
        'verb = "post_reviewed"',
    ]
    return lines, {kind, parent, closed, *([by] if by else []), *([plain["number"]] if "number" in plain else [])}


def _plain(look: Look) -> dict[str, str]:
    return {plain_name(column): column for column in reversed(look.columns)}
