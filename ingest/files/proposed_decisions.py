"""What a file says of decisions: in a row's own words, in one cell of several names, or row by row.

Owns the proposal of decision records, and how a column is read. Refuses to know the rest of a mapping.
"""

from __future__ import annotations

import re

from ingest.files.columns import Columns
from ingest.files.dates import swapped
from ingest.files.lexicon import plain_name
from ingest.files.nested import VERDICTS, decided
from ingest.files.time_formats import time_formats
from ingest.files.written import key_of, reference_of, table_of, text_of

_APPROVAL_WORDS = ("approval", "approvals", "approval_status", "approval_state", "cab_decision", "decision")
# The instant at which approval was asked for, then that of the row which asks.
_ASKED = ("requested_at", "requested_on", "requested", "request_date", "date_requested", "asked_at", "sent_at",
          "sys_created_on", "created", "created_on", "created_at")  # fmt: skip
_OF_ROWS = _ASKED.index("sys_created_on")
_DECIDED = {
    "decided_by": ("decided_by", "cab_decided_by", "cab_chair", "decision_by"),
    "decided_at": ("decided_at", "decided_on", "decision_date", "cab_date", "cab_meeting_date"),
}


class DecisionColumns(Columns):
    """The columns of a file, and the decisions that they state."""

    def _time_format(self, name: str) -> str:
        """Return the format to use for a field: the first of those that fit every text."""
        return self.formats[name][0]

    def _read(self, column: str) -> str:
        """Return how a column is read: by its name, or with the column that holds its time of day."""
        partner = self.times_of_day.get(column)
        own = ""
        if self.own_formats and (name := next((n for n in self.formats if self.fields.get(n) == column), None)):
            own = f", formats = [{text_of(self._time_format(name))}]"
        lasting = self._whole_day(column, partner)
        if partner:
            return f"{{ template = {text_of(f'{{{column}}} {{{partner}}}')}{own}{lasting} }}"
        return f"{{ column = {text_of(column)}{own}{lasting} }}" if own or lasting else text_of(column)

    def _whole_day(self, column: str, partner: str | None) -> str:
        """Return what is to be added where a day has no time of day: it begins at midnight, and lasts as an end.

        That the last day counts is shown by a row that ends on the day on which it begins, which would be nothing else.
        """
        name = next((n for n, c in self.fields.items() if c == column and n in self.formats), "")
        rows = [row for row in self.look.rows if row.get(column, "").strip()]
        bare = [row for row in rows if not (row.get(partner, "").strip() if partner else ":" in row[column])]
        if not name.startswith("planned_") or not bare or (partner is None and len(bare) < len(rows)):
            return ""
        form = text_of(self._time_format(name).split(" ")[0])
        begins = self.fields.get("planned_start_at", "")
        is_lasting = name == "planned_end_at" and any(row.get(begins, "") == row[column] for row in bare)
        day = 'plus = { constant = 1, unit = "days" }'
        if partner is None:
            return f", {day}" if is_lasting else ""
        alone = f"column = {text_of(column)}, formats = [{form}], " + day.replace("1", "1" if is_lasting else "0")
        return f", fallback = {{ {alone} }}"

    def _named(self, column: str) -> str:
        """Return how a column names another record: as it stands, or by the end of its address."""
        if self._are_addresses(column, r"/[^/\s]+"):
            return f'{{ column = {text_of(column)}, split = "/", part = -1 }}'
        return text_of(column)

    def _are_addresses(self, column: str, end: str) -> bool:
        values = self.look.values(column)
        return bool(values) and all(re.match(rf"https?://\S+{end}$", value) for value in values)

    def _decision(self) -> list[str]:
        """Propose a decision where a change's row says how approval ended."""
        plain = {plain_name(column): column for column in self.look.columns}
        column = next((plain[word] for word in _APPROVAL_WORDS if word in plain), None)
        if column is None or not self.key or column in self.used:
            return []
        words = sorted({value for value in self.look.values(column) if value.lower() in VERDICTS})
        if not words:
            return []
        self.used.add(column)
        self.dropped.pop(column, None)
        replaced = table_of({word: VERDICTS[word.lower()] for word in words})
        lines = [
            "",
            "# The decision that the row states. Without the time of approval there is no approval latency.",
            "[[record]]",
            'kind = "decision"',
            f"key = {key_of(self.key)}",
            f"when = {{ column = {text_of(column)}, equals = [{', '.join(text_of(word) for word in words)}] }}",
            "",
            "[record.fields]",
            f"change_key = {reference_of(self.key)}",
            f"verdict = {{ column = {text_of(column)}, values = {replaced} }}",
        ]
        for name, field in (("decided_at", "approved_at"), ("decided_by", "approved_by")):
            # The decision says whether it was an approval; the column of its instant is filled for refusals too.
            if column := self.fields.pop(field, None):
                lines.append(f"{name} = {self._read(column)}")
            elif said := next((plain[word] for word in _DECIDED[name] if word in plain), None):
                lines += self._said(name, said)
        return lines

    def _said(self, name: str, column: str) -> list[str]:
        """Return how the decision's own person or instant is read; none where a day could be two."""
        if name == "decided_by":
            self.used.add(column)
            return [f"decided_by = {text_of(column)}"]
        forms = time_formats(self.look, column)
        if not forms or any(swapped(form) != form for form in forms):
            return []
        self.used.add(column)
        return [f"decided_at = {{ column = {text_of(column)}, formats = [{text_of(forms[0])}] }}"]

    def _several(self) -> list[str]:
        """Propose a decision per name where one cell names several who approved: together they are nobody."""
        column = self.fields.get("approved_by")
        split = next((s for s in (";", "\n") if column and any(s in v for v in self.look.values(column))), None)
        if column is None or split is None or not self.key:
            return []
        del self.fields["approved_by"]
        at = self.fields.pop("approved_at", None)
        return [
            "",
            "# Each of those whom one cell names.",
            "[[record]]",
            'kind = "decision"',
            f"each = {{ column = {text_of(column)}, split = {text_of(split)} }}",
            f"key = {{ template = {text_of(':'.join(f'{{{part}}}' for part in (*self.key, 'item')))} }}",
            *([f"when = {{ column = {text_of(at)}, empty = false }}"] if at else []),
            "",
            "[record.fields]",
            f"change_key = {reference_of(self.key)}",
            'decided_by = "item"',
            *([f"decided_at = {self._read(at)}"] if at else []),
            "",
            "[record.constants]",
            'verdict = "approved"',
        ]

    def _known_as(self) -> list[str]:
        """Propose the second name of each change where other tables call it by ServiceNow's own identifier."""
        other = next((column for column in self.look.columns if plain_name(column) == "sys_id"), None)
        values = self.look.values(other) if other else []
        if other is None or other in self.key or len(set(values)) != len(self.look.rows) or not self.key:
            return []
        self.used.add(other)
        return [
            "",
            "# Approvals and tasks name a change by this.",
            "[[record]]",
            'kind = "link"',
            f"key = {text_of(other)}",
            "",
            "[record.fields]",
            f"from_key = {reference_of(self.key)}",
            f"to_key = {text_of(other)}",
            "",
            "[record.constants]",
            'from_kind = "change"',
            'relation = "known_as"',
            'to_kind = "sys_id"',
        ]

    def _asked(self) -> list[str]:
        """Propose that approval was asked for when the row that holds the decision was created."""
        plain = {plain_name(column): column for column in self.look.columns if column not in self.used}
        column = next((plain[word] for word in _ASKED if word in plain and self._instant_of(plain[word])), None)
        if column is None or "change_key" not in self.fields:
            return []
        self.used.add(column)
        when = "then" if plain_name(column) in _ASKED[:_OF_ROWS] else "when the row was created"
        return [
            "",
            f"# Approval was asked for {when}.",
            "[[record]]",
            'kind = "event"',
            "",
            "[record.fields]",
            f"subject_key = {self._named(self.fields['change_key'])}",
            f"occurred_at = {self._instant_of(column)}",
            "",
            "[record.constants]",
            'subject_kind = "change"',
            'verb = "approval_requested"',
        ]

    def _instant_of(self, column: str) -> str | None:
        """Return how a column of instants beside the decision's own is read; ``None`` where it is none or two days."""
        forms = time_formats(self.look, column)
        if any(form in forms for form in self.formats.get("decided_at", ())[:1]):
            return self._read(column)
        if not forms or any(swapped(form) != form for form in forms):
            return None
        return f"{{ column = {text_of(column)}, formats = [{text_of(forms[0])}] }}"

    def _stated(self) -> str | None:
        """Return the condition under which a row is a decision, where some only ask for one."""
        column = self.fields.get("verdict")
        values = set(self.look.values(column)) if column else set()
        words = decided(sorted(values))
        if column is None or not words or values == set(words):
            return None
        return f"when = {{ column = {text_of(column)}, equals = [{', '.join(map(text_of, words))}] }}"
