"""Files that no mapping is proposed for, because whoever imported them so would import something else.

Owns the reasons and what to do instead. Refuses to know how a mapping is written.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.files.lexicon import plain_name, speaks_for
from ingest.files.sniff import Look
from models.errors import InputError

_SHOWN = 12


def refuse_others(look: Look, kind: str) -> None:
    """Refuse rows that are of no kind of record, or of one that is read in another way.

    Raises:
        InputError: They are GitHub's public events, relate tasks and items only, or say nothing of any kind.
    """
    plain = {plain_name(column) for column in look.columns}
    has_payload = any(column.startswith("payload") for column in look.columns)
    if {"type", "actor.login", "repo.name"} <= set(look.columns) and has_payload:
        raise InputError(
            "These are GitHub's public events, of which one pull request has many; a mapping for them is shipped.",
            where=str(look.path),
            kept="nothing was stored",
            next_step=f"twotrack import --map github-archive-events {look.path.name}",
        )
    if {"task", "ci_item"} <= plain:
        raise InputError(
            "These rows only tell which items tasks are about; they are no changes, and no record is made of them.",
            where=str(look.path),
            kept="nothing was stored",
            next_step="export the changes with their item (cmdb_ci), a row for each; rows of one change become one",
        )
    if not speaks_for(kind, look.columns, look.path.name):
        raise InputError(
            "Nothing in the columns says what kind of record a row is.",
            where=_columns(look),
            kept="nothing was stored",
            next_step="write a mapping by hand if its rows are changes, decisions, deployments or incidents",
        )


def refuse_nameless(look: Look, fields: Mapping[str, str]) -> None:
    """Refuse rows that repeat the name of a pull request and say nothing else that is understood.

    Raises:
        InputError: They are.
    """
    if not fields and not look.lists:
        raise InputError(
            "Of what these rows say of a change only its name is understood: they may be its comments or commits.",
            where=_columns(look),
            kept="nothing was stored",
            next_step='write a mapping by hand, with kind = "commit" and change_key, or "event" and subject_key',
        )


def _columns(look: Look) -> str:
    return f"{look.path}, columns: {', '.join(look.columns[:_SHOWN])}"
