"""What a list inside a row says of decisions: reviewers with their votes, participants, reviews, approvals.

Owns the proposal of a decision per item. Refuses to take a list of people for decisions where nothing says what they
decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.files.lexicon import match_columns, plain_name
from ingest.files.sniff import Look
from ingest.files.written import table_of, text_of

VERDICTS = {
    "approved": "approved",
    "approve": "approved",
    "approved with conditions": "approved",
    "conditionally approved": "approved",
    "accepted": "approved",
    "rejected": "rejected",
    "declined": "rejected",
    "changes_requested": "changes_requested",
    "needs_work": "changes_requested",
    "commented": "commented",
    "dismissed": "dismissed",
    "genehmigt": "approved",
    "freigegeben": "approved",
    "goedgekeurd": "approved",
    "abgelehnt": "rejected",
    "afgewezen": "rejected",
    "afgekeurd": "rejected",
}
# Azure DevOps: approved, approved with suggestions, waiting for the author, rejected; 0 is no vote.
_VOTES = {"10": "approved", "5": "approved", "-5": "changes_requested", "-10": "rejected"}
_APPROVALS = {"approvals", "approved_by", "approvers"}
_VERDICT_WORDS = ("state", "vote", "verdict", "decision", "review_state", "status", "approved")


def nested_decisions(look: Look, key: Sequence[str], subject: str = "change") -> list[str]:
    """Return the lines of a decision record per list whose items say who decided what; none without such a list."""
    lines: list[str] = []
    for name, rows in look.inner.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        lines += _decisions(name, rows, columns, key, subject)
    return lines


def decided(values: Sequence[str]) -> dict[str, str]:
    """Return each text that states a verdict, with what it means."""
    found = {value: VERDICTS[value.lower()] for value in sorted(set(values)) if value.lower() in VERDICTS}
    if not found and set(values) <= {*_VOTES, "0"}:
        found = {value: meaning for value, meaning in _VOTES.items() if value in values}
    if not found and {value.lower() for value in values} <= {"true", "false"}:
        found = {value: "approved" for value in sorted(set(values)) if value.lower() == "true"}
    return found


def _decisions(
    name: str, rows: Sequence[Mapping[str, str]], columns: list[str], key: Sequence[str], subject: str
) -> list[str]:
    who = _who(columns)
    verdict = _verdict(rows, columns)
    if who is None or not key or (verdict is None and plain_name(name) not in _APPROVALS):
        return []
    at = match_columns("decision", columns).get("decided_at") or next((c for c in columns if c == "created_at"), None)
    own = next((c for c in columns if c in {"id", "node_id", "uuid"}), None)
    is_own = own is not None and who.partition(".")[0] != who and len({row.get(own) for row in rows}) == len(rows)
    # The last act of a participant moves with every further one, and is no part of what tells decisions apart.
    of_when = [at] if at and plain_name(at) != "participated_on" else []
    parts = [own] if is_own and own else [*(f"parent.{part}" for part in key), who, *of_when]
    lines = [
        "",
        f"# What each of {text_of(name)} decided.",
        "[[record]]",
        'kind = "decision"',
        f"each = {text_of(name)}",
        f"key = {{ template = {text_of(':'.join(f'{{{part}}}' for part in parts if part))} }}",
        *_conditions(rows, columns, verdict),
        "",
        "[record.fields]",
        f"{subject}_key = {_outer(key)}",
        f"decided_by = {text_of(who)}",
    ]
    constants = []
    if at:
        lines.append(f"decided_at = {text_of(at)}")
        if plain_name(at) == "participated_on":
            lines[-1] += "  # check: their last act on it, which is the decision or comes after it"
            constants.append('time_quality = "bounded"')
    if verdict is None:
        constants.append('verdict = "approved"')
    else:
        lines.append(f"verdict = {{ column = {text_of(verdict[0])}, values = {table_of(verdict[1])} }}")
    return [*lines, *(["", "[record.constants]", *constants] if constants else [])]


def _who(columns: Sequence[str]) -> str | None:
    """Return the column that names the person: of an object in the item, else of the item, which is the person."""
    found = match_columns("decision", columns).get("decided_by")
    for word in ("user", "author", "reviewer", "approver"):
        found = found or match_columns("change", [c.replace(word, "author", 1) for c in columns]).get("requested_by")
        if found and found not in columns:
            found = next((c for c in columns if c.replace(word, "author", 1) == found), None)
    own = {plain_name(column): column for column in columns if "." not in column}
    return found or next((own[word] for word in ("unique_name", "username", "login", "email") if word in own), None)


def _verdict(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    plain = {plain_name(column): column for column in columns}
    for word in _VERDICT_WORDS:
        if word in plain:
            values = [row[plain[word]] for row in rows if row.get(plain[word])]
            if meant := decided(values):
                return plain[word], meant
    return None


def _conditions(
    rows: Sequence[Mapping[str, str]], columns: Sequence[str], verdict: tuple[str, dict[str, str]] | None
) -> list[str]:
    """Return the condition under which an item is a decision: it says one, and of a person."""
    parts = []
    if verdict is not None:
        parts.append(f"{{ column = {text_of(verdict[0])}, equals = [{', '.join(map(text_of, verdict[1]))}] }}")
    if "isContainer" in columns:
        # A group's vote is that of one of its members, who is listed too.
        parts.append('{ column = "isContainer", not_equals = ["true", "True"] }')
    return [f"when = [{', '.join(parts)}]"] if parts else []


def _outer(key: Sequence[str]) -> str:
    return "{ template = " + text_of(":".join(f"{{parent.{part}}}" for part in key)) + " }"
