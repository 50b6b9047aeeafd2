"""What each column of a file that nobody has described looks like it is.

Owns the guesses, each held against the texts of the file. Refuses to know how a mapping is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ingest.files.compilation import field_type
from ingest.files.dates import evidence_of, mixed, shown_order, swapped
from ingest.files.lexicon import is_review, match_columns, plain_name
from ingest.files.sniff import Look
from ingest.files.time_formats import time_formats
from ingest.files.written import comment_of
from models.records import KINDS

_OFTEN = 0.2
_TIMES_OF_DAY = (
    (r"[0-9]{1,2}:[0-9]{2}", "%H:%M"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"),
    (r"[0-9]{1,2}:[0-9]{2} ?(?i:[ap]m)", "%I:%M %p"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2} ?(?i:[ap]m)", "%I:%M:%S %p"),
)
_EMERGENCY_FLAGS = ("emergency", "emergency_change", "is_emergency", "emergency_flag", "expedited", "emergency_yn")
YES = {"y", "yes", "true", "t", "1", "x", "emergency", "ja", "j"}
NO = {"n", "no", "false", "f", "0", "nein", "nee"}
_SUCCESSES = ("ok", "success", "succeeded", "successful", "is_success", "is_successful", "passed", "was_successful")
_ROLLBACKS = ("rollback", "is_rollback", "rolled_back", "is_a_rollback", "was_rollback")
_RESULTS = {"success", "succeeded", "successful", "failure", "failed", "error", "cancelled", "canceled", "aborted"}


class Columns:
    """What the columns of a file say, as far as their names and texts show it.

    ``fields`` is the column of each field of the kind, ``key`` the columns that tell records apart, ``formats`` the
    time formats that fit a field, ``undecided`` the fields whose texts do not show whether the day comes first,
    ``dropped`` why a column is left out although its name speaks for it, ``used`` every column that has its place.
    """

    def __init__(self, look: Look, kind: str) -> None:
        self.kind = kind
        self.fields = match_columns(kind, look.columns)
        if kind == "decision":
            # No word for the kind, as a change's own row may hold its conditions.
            plain = {plain_name(column): column for column in look.columns}
            said = next((plain[word] for word in ("conditions", "approval_conditions") if word in plain), None)
            self.fields |= {"conditions": said} if said else {}
        self.empty = look.placeholders(self.fields.values())
        self.look = look = look.without(self.empty)
        self.key: tuple[str, ...] = self._filled_key()
        self.dropped: dict[str, str] = {}
        self.notes: list[str] = []
        self.own_formats = False
        self.known_lists: set[str] = set()
        types = {name: field_type(field.annotation) for name, field in KINDS[kind].model_fields.items()}
        if kind == "deployment" and "status" not in self.fields and (told := self._told_by_values()):
            self.fields["status"] = told
        self.formats = {n: time_formats(look, c) for n, c in self.fields.items() if types[n] == "instant"}
        # A column without a value in the sample is taken at its name's word.
        for name in [n for n, fitting in self.formats.items() if not fitting]:
            del self.formats[name]
            if look.values(self.fields[name]):
                evidence = evidence_of(look.values(self.fields[name]))
                why = f"looks like {name}, but its texts are in no known time format"
                self.dropped[self.fields.pop(name)] = mixed(name, evidence) if evidence.is_mixed else why
                self._take_another(name)
        for name in [n for n in self.fields if types[n] in {"number", "truth"}]:
            if not self._is_typed(self.fields[name], types[name]):
                self.dropped[self.fields.pop(name)] = f"looks like {name}, but does not hold a {types[name]} value"
        if kind in {"deployment", "decision", "incident"} and self._is_counted("revision"):
            self.dropped[self.fields.pop("revision")] = "looks like revision, but counts versions of the record"
        self.evidence = {self.fields[n]: evidence_of(look.values(self.fields[n])) for n in self.formats}
        self._settle_orders()
        self.times_of_day = self._times_of_day()
        self.is_review = kind == "change" and is_review(look.columns, look.path.name)
        if self.is_review:
            self._read_as_review()
        self.repeats = self._repeats()
        self.flag = self._emergency_flag()
        self.taken_back = self._yes_or_no(_ROLLBACKS) if kind == "deployment" and "task" not in self.fields else None
        self.used = {*self.key, *self.fields.values(), *self.times_of_day.values(), *([self.flag] if self.flag else [])}
        self.used |= {self.taken_back} if self.taken_back else set()

    def _filled_key(self) -> tuple[str, ...]:
        """Return the column whose name speaks most for a key and that every row fills; else the first that does."""
        first = found = self.fields.pop("key", None)
        blank: list[str] = []
        while found and len(self.look.values(found)) < len(self.look.rows):
            blank.append(found)
            found = match_columns(self.kind, [c for c in self.look.columns if c not in blank]).get("key")
        if found and found != first:
            self.fields = {name: column for name, column in self.fields.items() if column != found}
        return (found or first,) if first else ()

    def _take_another(self, name: str) -> None:
        """Take the next column whose name speaks for an instant where the first one's texts are none."""
        free = [c for c in self.look.columns if c not in {*self.fields.values(), *self.dropped, *self.key}]
        column = match_columns(self.kind, free).get(name)
        if column and (fitting := time_formats(self.look, column)):
            self.fields[name], self.formats[name] = column, fitting

    def _read_as_review(self) -> None:
        """Take what a word means of a pull request: who opened it, when it was submitted, what kind of object it is."""
        if plain_name(self.fields.get("requested_at", "")) == "submitted" and "merged_at" not in self.fields:
            # A review that is submitted is merged by it.
            self.fields["merged_at"] = self.fields.pop("requested_at")
            self.formats["merged_at"] = self.formats.pop("requested_at")
            said = {column.replace("submitter", "merged_by", 1): column for column in self.look.columns}
            if (by := match_columns("change", list(said)).get("merged_by")) and "merged_by" not in self.fields:
                self.fields["merged_by"] = said[by]
        if "requested_by" not in self.fields:
            people = [column for column in self.look.columns if column in {"user.login", "user.username"}]
            self.fields |= {"requested_by": people[0]} if people else {}
        if column := self.fields.get("change_type"):
            self._drop_type_of_object(column)

    def _drop_type_of_object(self, column: str) -> None:
        """Leave out a type that says only that a pull request is one."""
        words = ("standard", "normal", "emergency", "hotfix", "urgent")
        if not any(word in value.lower() for value in self.look.values(column) for word in words):
            self.dropped[self.fields.pop("change_type")] = "says what kind of object it is, not what type of change"

    def _told_by_values(self) -> str | None:
        """Return a column called by a common name whose every text is a result of a deployment."""
        for column in self.look.columns:
            values = {value.lower() for value in self.look.values(column)}
            if plain_name(column) in {"type", "kind", "event", "success"} and values and values <= _RESULTS:
                return column
        return self._yes_or_no(_SUCCESSES)

    def _yes_or_no(self, names: Collection[str]) -> str | None:
        """Return a column of one of these names whose every text is yes or no."""
        for column in self.look.columns:
            values = {value.lower() for value in self.look.values(column)}
            if plain_name(column) in names and values and values <= YES | NO:
                return column
        return None

    def _emergency_flag(self) -> str | None:
        """Return the column that says yes or no to "emergency"; it says more than a type that knows no emergencies."""
        if self.kind not in {"change", "issue"}:
            return None
        for column in self.look.columns:
            values = {value.lower() for value in self.look.values(column)}
            is_free = column not in self.fields.values()
            if is_free and plain_name(column) in _EMERGENCY_FLAGS and values and values <= YES | NO:
                return column
        return None

    def _settle_orders(self) -> None:
        """Keep the formats of the order that the file shows; drop columns that show both, mark what shows none."""
        self.undecided: list[str] = []
        for name in [n for n, forms in self.formats.items() if any(swapped(form) != form for form in forms)]:
            column = self.fields[name]
            evidence = self.evidence[column]
            day_first, example = shown_order(self.evidence, column)
            if evidence.is_mixed:
                del self.formats[name]
                self.dropped[self.fields.pop(name)] = mixed(name, evidence)
            elif day_first is not None:
                first = tuple(f for f in self.formats[name] if f.startswith("%d") is day_first or swapped(f) == f)
                self.formats[name] = first or tuple(swapped(form) for form in self.formats[name])
                if not (evidence.day_first or evidence.month_first):
                    order = "day" if day_first else "month"
                    self.notes.append(
                        f"# check: {comment_of(column)} is read {order} first, as {comment_of(example)} shows"
                    )
            elif evidence.open:
                self.undecided.append(name)

    def _times_of_day(self) -> dict[str, str]:
        """Return the column that holds the time of day for each date column that has one; formats become both's."""
        plain = {plain_name(column): column for column in self.look.columns}
        found: dict[str, str] = {}
        for name, (form, *_) in self.formats.items():
            column = self.fields[name]
            partner = plain.get(plain_name(column).replace("date", "time"), column)
            times = self.look.values(partner)
            is_date_only = all(re.fullmatch(r"[^:]*[0-9]", value) for value in self.look.values(column))
            of_day = next((one for pattern, one in _TIMES_OF_DAY if all(re.fullmatch(pattern, t) for t in times)), None)
            if partner in {column, *self.fields.values()} or not times or not is_date_only or of_day is None:
                continue
            found[column] = partner
            both = "iso" if form == "iso" and "%p" not in of_day else f"{form.replace('iso', '%Y-%m-%d')} {of_day}"
            others = tuple(f"{other} {of_day}" for other in self.formats[name][1:] if other != "iso")
            self.formats[name] = (both, *others)
        return found

    def _is_typed(self, column: str, kind: str) -> bool:
        pattern = r"[+-]?\d+" if kind == "number" else r"(?i)true|false|yes|no|y|n|t|f|0|1"
        return all(re.fullmatch(pattern, value) for value in self.look.values(column))

    def _is_counted(self, name: str) -> bool:
        """Whether a field's texts are small numbers, which no commit is named by."""
        values = self.look.values(self.fields[name]) if name in self.fields else []
        return bool(values) and all(re.fullmatch(r"\d{1,6}", value) for value in values)

    def _repeats(self) -> bool:
        """Whether one key has several rows; fields that differ between them do not belong to the record."""
        varying = self._varying()
        if varying is None:
            return False
        if self._own(varying) and (wider := self._wider_key()):
            self.key = wider
            return False
        if "updated_at" not in self.fields:
            for name in sorted(varying):
                self.dropped[self.fields.pop(name)] = (
                    f"differs between rows of one {self.kind}, so it is not its {name}"
                )
                self.formats.pop(name, None)
        return True

    def _varying(self) -> set[str] | None:
        """Return the fields that often differ between rows of one key; ``None`` when every row has its own key.

        What differs now and then is a conflict, which the import reports.
        """
        groups: dict[tuple[str, ...], list[Mapping[str, str]]] = {}
        for row in self.look.rows:
            groups.setdefault(tuple(row.get(column, "") for column in self.key), []).append(row)
        repeated = [rows for rows in groups.values() if len(rows) > 1]
        if not self.key or not repeated:
            return None
        differs = {
            name: sum(len({row.get(column, "") for row in rows}) > 1 for rows in repeated)
            for name, column in self.fields.items()
        }
        return {name for name, count in differs.items() if count > _OFTEN * len(repeated)}

    def _own(self, varying: set[str]) -> bool:
        """Whether what differs is the record's own and not what a change is repeated for, as its components are."""
        return bool(varying - {"service", "component", "repository", "environment", "team"})

    def _wider_key(self) -> tuple[str, ...] | None:
        """Return the key after the column that makes it unique, such as a repository; ``None`` if none does."""
        for name in ("repository", "service", "component", "environment"):
            if column := self.fields.get(name):
                pairs = {(row.get(column, ""), *(row.get(part, "") for part in self.key)) for row in self.look.rows}
                if len(pairs) == len(self.look.rows):
                    return (column, *self.key)
        return None
