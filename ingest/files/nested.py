"""What a list inside a row says of decisions: reviewers with their votes, participants, reviews, approvals.

Owns the proposal of a decision per item. Refuses to take a list of people for decisions where nothing says what they
decided.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.files.lexicon import match_columns, plain_name
from ingest.files.sniff import Look
from ingest.files.time_formats import time_formats
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
    "approuvé": "approved",
    "refusé": "rejected",
    "rejeté": "rejected",
    "aprobado": "approved",
    "rechazado": "rejected",
}
# Azure DevOps: approved, approved with suggestions, waiting for the author, rejected; 0 is no vote.
_VOTES = {"10": "approved", "5": "approved", "-5": "changes_requested", "-10": "rejected"}
_APPROVALS = {"approvals", "approved_by", "approvers"}
_VERDICT_WORDS = ("state", "vote", "verdict", "decision", "review_state", "status", "approved", "approver_decision",
                  "approval_state", "approval_status", "final_decision", "outcome", "result", "response")  # fmt: skip


def nested_decisions(
    look: Look, key: Sequence[str], formats: Sequence[str], subject: str = "change"
) -> dict[str, list[str]]:
    """Return the lines of a record of votes or decisions per list whose items say who decided what.

    Args:
        look: The file.
        key: The columns that tell the rows around the lists apart.
        formats: The mapping's time formats; an instant in another one says its own.
        subject: Kind of the rows.
    """
    found: dict[str, list[str]] = {}
    for name, rows in look.inner.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        around = look.inner.get(name.rpartition(".")[0], ())
        nested = _Nested(name, rows, columns, key, formats, around)
        if lines := nested.votes() if subject == "change" and nested.is_of_votes() else nested.decisions(subject):
            found[name] = lines
    return found


def decided(values: Sequence[str]) -> dict[str, str]:
    """Return each text that states a verdict, with what it means."""
    found = {value: VERDICTS[value.lower()] for value in sorted(set(values)) if value.lower() in VERDICTS}
    if not found and set(values) <= {*_VOTES, "0"}:
        found = {value: meaning for value, meaning in _VOTES.items() if value in values}
    if not found and {value.lower() for value in values} <= {"true", "false"}:
        found = {value: "approved" for value in sorted(set(values)) if value.lower() == "true"}
    return found


class _Nested:
    """A list inside the rows, whose items may be votes or decisions."""

    def __init__(
        self, name: str, rows: Sequence[Mapping[str, str]], columns: list[str], key: Sequence[str],
        formats: Sequence[str], around: Sequence[Mapping[str, str]] = (),
    ) -> None:  # fmt: skip
        # The rows of the list that the list is in, such as approvals that have approvers.
        self.around = {plain_name(column): column for row in around for column in row}
        self.name, self.rows, self.columns, self.key, self.formats = name, rows, columns, key, formats
        # Each object on the way to the list stands between the item and the row.
        self.steps = name.split(".")
        self.row = "parent." * len(self.steps)
        self.who = _who(columns)

    def is_of_votes(self) -> bool:
        """Whether each item is a small number of somebody on a label, which the item or the way to it names."""
        values = {row["value"] for row in self.rows if row.get("value")}
        return bool(values) and values <= {"-2", "-1", "0", "1", "2"} and self._label() is not None

    def _label(self) -> tuple[str, str] | None:
        if len(self.steps) > 2 and self.steps[-3] == "labels":
            return "constant", self.steps[-2]
        return next((("column", column) for column in ("type", "label") if column in self.columns), None)

    def _instant(self, column: str) -> str | None:
        """Return how a column of instants is read; ``None`` where its texts are none."""
        look = Look(Path(), "json", columns=tuple(self.columns), rows=tuple(self.rows))
        forms = time_formats(look, column)
        if not forms:
            return None
        if forms[0] in (self.formats or ("iso",)):
            return text_of(column)
        return f"{{ column = {text_of(column)}, formats = [{text_of(forms[0])}] }}"

    def votes(self) -> list[str]:
        """Return a record of votes; which of them decide is told by label and value."""
        label, at = self._label(), match_columns("vote", self.columns).get("voted_at")
        instant = self._instant(at) if at else None
        if self.who is None or not self.key or label is None:
            return []
        is_constant = label[0] == "constant"
        parts = [*(f"{{{self.row}{part}}}" for part in self.key), label[1] if is_constant else f"{{{label[1]}}}"]
        # Several votes of one person on one label are told apart by what they were on.
        revision = "parent.revision" if self.steps[-2:-1] in (["patchSets"], ["currentPatchSet"]) else None
        parts += [f"{{{revision}}}"] if revision else []
        fields = {
            "change_key": self._outer(),
            "voter": text_of(self.who),
            **({"voted_at": instant} if instant else {}),
            "label": f"{{ constant = {text_of(label[1])} }}" if is_constant else text_of(label[1]),
            "value": '"value"',
            **({"revision": text_of(revision)} if revision else {}),
        }
        return [
            "",
            f"# The votes in {text_of(self.name)}; 0 is a vote and no decision.",
            "[[record]]",
            'kind = "vote"',
            f"each = {text_of(self.name)}",
            f"key = {{ template = {text_of(':'.join([*parts, f'{{{self.who}}}']))} }}",
            'when = { column = "value", empty = false }',
            "",
            "[record.fields]",
            *(f"{name} = {value}" for name, value in fields.items()),
        ]

    def decisions(self, subject: str) -> list[str]:
        """Return a record of decisions; nothing where the items do not say who decided, or what."""
        rows, columns, who = self.rows, self.columns, self.who
        verdict = _verdict(rows, columns)
        is_of_approvals = plain_name(self.steps[-1]) in _APPROVALS and not _says_something_else(columns)
        if who is None or not self.key or (verdict is None and not is_of_approvals):
            return []
        at = match_columns("decision", columns).get("decided_at")
        at = at if at and self._instant(at) else next((c for c in columns if c == "created_at"), None)
        own = next((c for c in columns if c in {"id", "node_id", "uuid"}), None)
        is_own = own is not None and who.partition(".")[0] != who and len({row.get(own) for row in rows}) == len(rows)
        # The last act of a participant moves with every further one, and is no part of what tells decisions apart.
        of_when = [at] if at and plain_name(at) != "participated_on" else []
        of_round = ["parent.id"] if "id" in self.around else []
        parts = [own] if is_own and own else [*(f"{self.row}{part}" for part in self.key), *of_round, who, *of_when]
        lines = [
            "",
            f"# What each of {text_of(self.name)} decided.",
            "[[record]]",
            'kind = "decision"',
            f"each = {text_of(self.name)}",
            f"key = {{ template = {text_of(':'.join(f'{{{part}}}' for part in parts if part))} }}",
            *_conditions(rows, columns, verdict),
            "",
            "[record.fields]",
            f"{subject}_key = {self._outer()}",
            f"decided_by = {text_of(who)}",
        ]
        constants = []
        if at:
            lines.append(f"decided_at = {self._instant(at) or text_of(at)}")
            if plain_name(at) == "participated_on":
                lines[-1] += "  # check: their last act on it, which is the decision or comes after it"
                constants.append('time_quality = "bounded"')
        elif completed := self._around_at("completed"):
            lines.append(f"decided_at = {completed}  # check: when the approval was complete, its last decision")
            constants.append('time_quality = "bounded"')
        if verdict is None:
            constants.append('verdict = "approved"')
        else:
            lines.append(f"verdict = {{ column = {text_of(verdict[0])}, values = {table_of(verdict[1])} }}")
        lines += self._further()
        return [*lines, *(["", "[record.constants]", *constants] if constants else []), *self._asked()]

    def _around_at(self, what: str) -> str | None:
        """Return how an instant of what the list belongs to is read: when an approval was created or completed."""
        words = (f"{what}_date_iso8601", f"{what}_date", f"{what}_at", f"{what}_on")
        return next((text_of(f"parent.{self.around[word]}") for word in words if word in self.around), None)

    def _asked(self) -> list[str]:
        """Propose that approval was asked for when an approval that has approvers was created."""
        if len(self.steps) < 2 or (created := self._around_at("created")) is None:
            return []
        outer = self._outer().replace("{parent.", "{")
        return [
            "",
            "# Approval was asked for then.",
            "[[record]]",
            'kind = "event"',
            f"each = {text_of('.'.join(self.steps[:-1]))}",
            "",
            "[record.fields]",
            f"subject_key = {outer}",
            f"occurred_at = {created.replace('parent.', '', 1)}",
            "",
            "[record.constants]",
            'subject_kind = "change"',
            'verb = "approval_requested"',
        ]

    def _further(self) -> list[str]:
        """Return what else an item says: which revision was decided on, and why."""
        said = match_columns("decision", self.columns)
        commit = next((c for c in self.columns if plain_name(c) in {"commit_oid", "commit_id", "commit_hash"}), None)
        values = [row[commit] for row in self.rows if row.get(commit)] if commit else []
        is_commit = bool(values) and all(re.fullmatch(r"[0-9a-f]{7,64}", value) for value in values)
        comment = said.get("comment")
        return [
            *([f"revision = {text_of(commit)}"] if commit and is_commit else []),
            *([f"comment = {text_of(comment)}"] if comment else []),
        ]

    def _outer(self) -> str:
        """Return how the row around the list is named."""
        return "{ template = " + text_of(":".join(f"{{{self.row}{part}}}" for part in self.key)) + " }"


def _who(columns: Sequence[str]) -> str | None:
    """Return the column that names the person: of an object in the item, else of the item, which is the person."""
    found = match_columns("decision", columns).get("decided_by")
    for word in ("user", "author", "reviewer", "approver", "by"):
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


def _says_something_else(columns: Sequence[str]) -> bool:
    """Whether a column tells what was decided, in words that nobody knows: then not everybody in the list approved."""
    words = ("decision", "verdict", "state", "status", "vote", "approved")
    return any(plain_name(column).split("_")[-1] in words for column in columns)


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
