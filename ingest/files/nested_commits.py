"""What a list inside a row says of commits: who wrote what a pull request holds.

Owns the proposal of a commit per item. Refuses to take a list for commits where no column names a revision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.files.lexicon import plain_name
from ingest.files.sniff import Look
from ingest.files.time_formats import time_formats
from ingest.files.written import text_of

_REVISIONS = ("oid", "sha", "hash", "commit_id", "id")
_AUTHORS = ("author_login", "author_username", "author_user_name", "author_account_id", "author", "author_name")
_EMAILS = ("author_email", "author_email_address", "commit_author_email")
_MESSAGES = ("message", "message_headline", "commit_message", "title")
_WRITTEN = ("authored_date", "authored_at", "commit_author_date", "author_date", "author_timestamp")
_COMMITTED = ("committed_date", "committed_at", "commit_committer_date", "created_at", "date", "committer_timestamp")


def nested_commits(look: Look, key: Sequence[str], formats: Sequence[str]) -> dict[str, list[str]]:
    """Return the lines of a record of commits per list of commits, with each author where they are a list in turn.

    Args:
        look: The file.
        key: The columns that tell the rows around the lists apart.
        formats: The mapping's time formats; an instant in another one says its own.
    """
    found: dict[str, list[str]] = {}
    for name, rows in look.inner.items():
        is_of_commits = bool(key) and plain_name(name.rpartition(".")[2]) == "commits"
        if is_of_commits and (lines := _proposed(look, name, rows, key, formats)):
            found[name] = lines
            authors = next((inner for inner in look.inner if inner == f"{name}.authors"), None)
            found |= {authors: []} if authors else {}
    return found


def _proposed(
    look: Look, name: str, rows: Sequence[Mapping[str, str]], key: Sequence[str], formats: Sequence[str]
) -> list[str]:
    plain = {plain_name(column): column for row in rows for column in row}
    revision = next((plain[word] for word in _REVISIONS if word in plain and _is_revision(rows, plain[word])), None)
    people = look.inner.get(f"{name}.authors", ())
    of_author = {plain_name(column): column for row in people for column in row}
    within, outer = ("", "parent." * (name.count(".") + 1))
    author, email = _first(plain, _AUTHORS), _first(plain, _EMAILS)
    each = name
    own: list[str] = []
    if people and (author := _first(of_author, ("login", "username", "user_login", "name"))):
        # Everybody who wrote it: a commit with several authors is one record for each of them.
        each, within, outer = f"{name}.authors", "parent.", f"parent.{outer}"
        email = _first(of_author, ("email",))
        own = [author, *([email] if email else [])]
    if revision is None or author is None:
        return []
    around = [f"{{{outer}{part}}}" for part in key]
    # An author without an account has an address only.
    parts = ", ".join(map(text_of, [*(outer + part for part in key), within + revision, *own]))
    lines = [
        "",
        f"# Who wrote what {text_of(name)} lists; whoever wrote part of a change cannot approve it independently.",
        "[[record]]",
        'kind = "commit"',
        f"each = {text_of(each)}",
        f'key = {{ join = [{parts}], separator = ":" }}',
        "",
        "[record.fields]",
        f"change_key = {{ template = {text_of(':'.join(around))} }}",
        f"revision = {text_of(within + revision)}",
        f"author = {text_of(author)}",
        *([f"author_email = {text_of(email)}"] if email else []),
    ]
    for field, words in (("authored_at", _WRITTEN), ("committed_at", _COMMITTED)):
        column = _first(plain, words)
        sample = Look(Path(), "json", columns=tuple(plain.values()), rows=tuple(rows))
        forms = time_formats(sample, column) if column else ()
        if column and forms:
            read = text_of(within + column)
            is_known = forms[0] in (formats or ("iso",))
            lines.append(f"{field} = {read if is_known else f'{{ column = {read}, formats = [{text_of(forms[0])}] }}'}")
    if message := _first(plain, _MESSAGES):
        lines.append(f"message = {text_of(within + message)}")
    return lines


def _first(plain: Mapping[str, str], words: Sequence[str]) -> str | None:
    return next((plain[word] for word in words if word in plain), None)


def _is_revision(rows: Sequence[Mapping[str, str]], column: str) -> bool:
    values = [row[column] for row in rows if row.get(column)]
    return bool(values) and all(re.fullmatch(r"[0-9a-f]{7,64}", value) for value in values)
