"""How exports of change, incident, deployment and calendar tools usually call their columns.

Owns how a column's name is held against the words. Refuses to look at values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ingest.files.column_words import FILE_WORDS, ISSUE_TYPE, LEXICON, TELLING
from ingest.files.translated import TRANSLATED, written_out

# Without a key, rows of which fewer columns than this are understood say nothing that can be counted.
_FEWEST = 3
# How an object names somebody, the most certain first, and how it names a thing.
_PERSON = ("username", "user_name", "login", "unique_name", "email", "email_address", "mail", "account_id", "nickname",
           "display_name", "name", "phid")  # fmt: skip
_THING = ("full_name", "path_with_namespace", "name", "slug")
_PEOPLE = frozenset(
    (
        "requested_by",
        "merged_by",
        "approved_by",
        "decided_by",
        "deployed_by",
        "triggered_by",
        "opened_by",
        "actor",
        "voter",
    )
)
_THINGS = frozenset(("service", "repository", "environment", "team", "version", "base_branch", "head_branch", "name"))

# How a column says again which kind of record it is of: ``deployment_status``, ``incident_state``.
_OWN_WORDS: Mapping[str, Sequence[str]] = {
    "change": ("change", "chg", "cr"),
    "issue": ("change", "chg", "cr"),
    "incident": ("incident", "inc"),
    "deployment": ("deployment", "deploy"),
    "window": ("window", "maintenance", "freeze"),
    "release": ("release",),
    "decision": ("approval", "review", "decision"),
    "vote": ("vote",),
    "run": ("run", "build"),
    "deployment_status": ("deployment",),
    "event": ("event",),
}
# Objects that people group what they log into, and the fields looked for in them.
_GROUPS = re.compile(
    r"^(?:ts|times?|timings?|timestamps?|when|dates?|where|what|who|context|meta|metadata|details|info|artifact)_"
)
_GROUPED = frozenset(("service", "environment", "version", "artifact_digest", "revision", "status"))
_INSTANT_ENDINGS = re.compile(r"(?:_(?:at|on|time|date|datetime|timestamp|utc|gmt))+$|^(?:date|time)_")


def plain_name(column: str) -> str:
    """Return a column's name in the form the lexicon is written in: ``ResourceName`` → ``resource_name``."""
    # Jira writes an organisation's own fields like this; other remarks in brackets are units and the like.
    text = re.sub(r"(?i)^custom field \((.*)\)$", r"\1", column)
    # ServiceNow's API gives a value and what its page shows, as two members of one field.
    text = re.sub(r"\.(display_)?value$", "", text)
    # Some answers put all that they say of a record into one object.
    text = re.sub(r"^(fields|attributes|node)\.", "", text)
    text = re.sub(r"\([^)]*\)", " ", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", written_out(text.lower())).strip("_")
    return TRANSLATED.get(name, name)


def match_columns(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """Return field → column for every field of a kind that a column's name speaks for; each column is used once.

    The key comes first: without one nothing else can be told apart. A name that is in the lexicon as written goes
    before one that is so only without its prefix or, for an instant, its ending.
    """
    plain = {column: plain_name(column) for column in columns}
    found: dict[str, str] = {}
    for loosen in (_as_written, _without_own_word, _without_ending, _of_a_part, _of_an_object, _of_a_group):
        for name, words in LEXICON[kind].items():
            if name in found:
                continue
            known = [word if loosen in _NESTED else loosen(word, kind, name) for word in words]
            free = [column for column in plain if column not in found.values()]
            # What a page shows of an instant is in the zone of who exported it; its value is in UTC.
            last = ".display_value" if name.endswith("_at") else ".value"
            free.sort(key=lambda one: (one.endswith(last), _certainty(one)))
            said = {c: loosen(plain[c] if "." in c or loosen not in _NESTED else "", kind, name) for c in free}
            candidates = [column for word in known if word for column in said if said[column] == word]
            if candidates:
                found[name] = _surest(candidates[0], columns) if name in _PEOPLE else candidates[0]
    return {name: found[name] for name in LEXICON[kind] if name in found}


def _as_written(text: str, kind: str, field: str) -> str:
    return text


def _without_own_word(text: str, kind: str, field: str) -> str:
    """Drop what says again of which kind the record is, and the mark of a column that an organisation added."""
    text = text.removeprefix("u_")
    own = next((word for word in _OWN_WORDS[kind] if text.startswith(f"{word}_")), "")
    return text.removeprefix(f"{own}_") if own else text


def _without_ending(text: str, kind: str, field: str) -> str:
    """Of an instant's name, leave what happened: ``completed_time`` and ``completed_at`` are the same."""
    return _INSTANT_ENDINGS.sub("", _without_own_word(text, kind, field)) if field.endswith("_at") else ""


def _of_a_part(text: str, kind: str, field: str) -> str:
    """Of what a nested object says, leave its own name: ``deployable.finished_at``, ``cd.envIdentifiers``."""
    if field == "revision":
        ending = re.search(r"(?:^|_)(?:commit_(?:id|sha|hash)|git_(?:sha|commit|hash|revision))$", text)
        return "commit_id" if ending else ""
    if field in {"service", "environment"}:
        ending = re.search(r"(?:^|_)((?:service|env)_identifiers)$", text)
        return ending[1] if ending else ""
    ending = re.search(r"_((?:started|finished|completed)_at)$", text)
    return ending[1] if ending and field.endswith("_at") else text if field.endswith("_at") else ""


def _of_an_object(text: str, kind: str, field: str) -> str:
    """Of a nested object that is a person or a thing with a name, leave what it is: ``author.login`` → ``author``."""
    endings = _PERSON if field in _PEOPLE else _THING if field in _THINGS else ()
    return next((text.removesuffix(f"_{ending}") for ending in endings if text.endswith(f"_{ending}")), "")


def _of_a_group(text: str, kind: str, field: str) -> str:
    """Of an object that only groups what a row says, leave what it says: ``ts.begin``, ``where.env``."""
    return _GROUPS.sub("", text) if field.endswith("_at") or field in _GROUPED else ""


_NESTED = (_of_an_object, _of_a_group)


def _certainty(column: str) -> int:
    """Return the place of what names somebody in an object; columns that are no object's come first."""
    ending = plain_name(column.rpartition(".")[2])
    return _PERSON.index(ending) if "." in column and ending in _PERSON else -1


def _surest(column: str, columns: Sequence[str]) -> str:
    """Return what names the same object's person with most certainty: a login goes before a name."""
    whole = column.rpartition(".")[0]
    same = [one for one in columns if "." in one and one.rpartition(".")[0] == whole and _certainty(one) >= 0]
    return min(same, key=_certainty) if whole and same else column


def speaks_for(kind: str, columns: Sequence[str], file_name: str) -> bool:
    """Whether anything says that rows are of a kind: a column that only it has, a key, or the file's name."""
    plain = {plain_name(column) for column in columns}
    if kind == "issue":
        return True
    found = match_columns(kind, columns)
    if kind == "event" and not {"subject_key", "verb"} & set(found):
        # That something happened, to nothing and of no kind, is no event.
        return False
    if kind == "run":
        # What ran is known by a name alone, and a name that nothing came of is no run.
        is_ended = bool({"outcome", "status"} & set(found)) and bool({"started_at", "created_at"} & set(found))
        return bool({"name", "workflow"} & set(found)) and is_ended
    if "key" not in found and len(found) < _FEWEST:
        # Rows of which so little is understood would become the same record.
        return False
    is_told = "key" in found and any(name.endswith("_at") or name in _PEOPLE for name in found)
    is_named = any(word in file_name.lower() for word in FILE_WORDS.get(kind, ()))
    return is_told or is_named or bool(plain & set(TELLING.get(kind, ())))


def is_review(columns: Sequence[str], file_name: str) -> bool:
    """Whether changes are pull requests, by what only those have."""
    plain = {plain_name(column) for column in columns}
    of_branches = {"source_ref_name", "source_branch", "head_ref_name", "source_branch_name", "merge_commit_sha",
                   "merge_commit_oid", "merged_at", "pull_request_id", "pr_number", "merge_commit_hash",
                   "from_ref_display_id", "diff_phid", "has_review_started", "current_patch_set_revision"}  # fmt: skip
    return (
        bool(plain & of_branches)
        or ("submitted" in plain and any(column.partition("_")[0] == "submitter" for column in plain))
        or bool(re.search(r"pull.?request|merge.?request", file_name.lower()))
    )


def likely_kind(columns: Sequence[str], file_name: str) -> str:
    """Return the kind of record the columns and the file's name speak for most."""
    plain = {plain_name(column) for column in columns}
    if plain & set(ISSUE_TYPE):
        # A tracker's export holds bugs and stories too; which of them are changes is told by their type.
        return "issue"
    if "deployment_url" in plain and plain & {"state", "status"}:
        # Each is one status of a deployment that its address names.
        return "deployment_status"
    if {"slug_id", "app_name", "status", "version"} <= plain:
        # Heroku calls a release what it deployed.
        return "deployment"
    scores = {
        kind: len(match_columns(kind, columns))
        + 2 * len(plain & set(TELLING[kind]))
        + 4 * any(word in file_name.lower() for word in FILE_WORDS[kind])
        for kind in TELLING
    }
    return max(scores, key=lambda kind: scores[kind])
