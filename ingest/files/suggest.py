"""A proposed mapping for a file nobody has described yet.

Owns the proposal's wording. Refuses to invent: what no column speaks for stays unmapped and is listed, and every guess
is marked as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from ingest.files.compilation import field_type
from ingest.files.lexicon import likely_kind, match_columns, plain_name
from ingest.files.mapping import parse_mapping
from ingest.files.sniff import Look, look_at, states_offset, time_formats
from models.records import KINDS

_CHANGE_TYPES = ("standard", "normal", "emergency")
_VERDICTS = {
    "approved": "approved",
    "accepted": "approved",
    "rejected": "rejected",
    "declined": "rejected",
    "changes_requested": "changes_requested",
    "commented": "commented",
}
_OFTEN = 0.2
_TIMES_OF_DAY = (
    (r"[0-9]{1,2}:[0-9]{2}", "%H:%M"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"),
    (r"[0-9]{1,2}:[0-9]{2} ?(?i:[ap]m)", "%I:%M %p"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2} ?(?i:[ap]m)", "%I:%M:%S %p"),
)
_APPROVAL_WORDS = ("approval", "approval_status", "approval_state", "cab_decision")


def suggest_mapping(path: Path) -> str:
    """Return the TOML text of a mapping for a file; it loads and runs as it is.

    Raises:
        InputError: The file cannot be read, is empty, or is none of the formats.
    """
    look = look_at(path)
    kind = likely_kind(look.columns, path.name)
    proposal = _Proposal(look, kind)
    text = proposal.toml()
    parse_mapping(text, f"proposal for {path.name}")
    return text


class _Proposal:
    """One proposal being put together."""

    def __init__(self, look: Look, kind: str) -> None:
        self.look = look
        self.kind = kind
        self.fields = match_columns(kind, look.columns)
        found = self.fields.pop("key", None)
        self.key: tuple[str, ...] = (found,) if found else ()
        self.dropped: dict[str, str] = {}
        types = {name: field_type(field.annotation) for name, field in KINDS[kind].model_fields.items()}
        self.formats = {n: time_formats(look, c) for n, c in self.fields.items() if types[n] == "instant"}
        # A column without a value in the sample is taken at its name's word.
        for name in [n for n, fitting in self.formats.items() if not fitting]:
            del self.formats[name]
            if look.values(self.fields[name]):
                self.dropped[self.fields.pop(name)] = f"looks like {name}, but its texts are in no known time format"
        for name in [n for n in self.fields if types[n] in {"number", "truth"}]:
            if not self._is_typed(self.fields[name], types[name]):
                self.dropped[self.fields.pop(name)] = f"looks like {name}, but does not hold a {types[name]} value"
        self.times_of_day = self._times_of_day()
        self.repeats = self._repeats()
        self.used = {*self.key, *self.fields.values(), *self.times_of_day.values()}

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

    def _time_format(self, name: str) -> str:
        """Return the format to use for a field, day first where both orders fit, as most of the world writes."""
        return self.formats[name][0]

    def toml(self) -> str:
        """Return the proposal's text."""
        head = [*self._head(), *self._dialect()]
        further = [*self._decision(), *self._window()] if self.kind == "change" else []
        parts = [*head, *self._main_record(), *further]
        return "\n".join([*parts, *self._rest(), ""])

    def _head(self) -> list[str]:
        name = re.sub(r"[^a-z0-9]+", "-", self.look.path.stem.lower()).strip("-") or "import"
        source = re.sub(r"^[^a-z]+", "", name) or "file"
        pattern = re.sub(r"[0-9]+([-_.]?[0-9]+)*", "*", self.look.path.name)
        lines = [
            f"# Proposed from the first {len(self.look.rows)} rows of {_comment(self.look.path.name)}.",
            "# Look at what is marked 'check', then import.",
            f"name = {_text(name)}",
            f"source = {_text(source)}  # check: the name under which its records appear",
            f"file = {_text(pattern)}",
            f"format = {_text(self.look.format)}",
        ]
        lines += [f"items = {_text(self.look.items)}"] if self.look.items else []
        formats = list(dict.fromkeys(self._time_format(name) for name in self.formats))
        if formats:
            lines.append(f"formats = [{', '.join(_text(form) for form in formats)}]")
        both = sorted({c for n in self.formats if _is_open(self.formats[n]) for c in [self.fields[n]]})
        if both:
            lines.append(f"# check: {_comment(', '.join(both))} could also be month first; day first is assumed")
        return [*lines, *self._zone()]

    def _zone(self) -> list[str]:
        local = [c for n, c in self.fields.items() if n in self.formats and not states_offset(self.look, c)
                 and not self.formats[n][0].startswith("epoch")]  # fmt: skip
        if not local:
            return []
        if all("utc" in plain_name(column).split("_") or "gmt" in plain_name(column).split("_") for column in local):
            return ['time_zone = "UTC"  # as the columns\' names say']
        return ['time_zone = "UTC"  # check: the times state no offset; use the zone of the exporting system']

    def _dialect(self) -> list[str]:
        if not self.look.dialect:
            return []
        return ["", "[dialect]", *(f"{name} = {_text(value)}" for name, value in self.look.dialect.items())]

    def _main_record(self) -> list[str]:
        lines = ["", "[[record]]", f"kind = {_text(self.kind)}  # check"]
        if self.key:
            repeats = "  # occurs in several rows; those that say the same are one record" if self.repeats else ""
            lines.append(f"key = {_key(self.key)}{repeats}")
        else:
            lines.append("# check: no column looks like a key; without one, equal rows are one record")
        lines += ["", "[record.fields]"]
        return [*lines, *(self._field(name, column) for name, column in self.fields.items())]

    def _field(self, name: str, column: str) -> str:
        values = set(self.look.values(column))
        if name == "change_type" and values and all(value.lower() in _CHANGE_TYPES for value in values):
            replaced = {value: value.lower() for value in sorted(values) if value != value.lower()}
            if replaced:
                return f"{name} = {{ column = {_text(column)}, values = {_table(replaced)} }}"
        if name == "verdict" and any(value.lower() in _VERDICTS for value in values):
            replaced = {value: _VERDICTS[value.lower()] for value in sorted(values) if value.lower() in _VERDICTS}
            return f"{name} = {{ column = {_text(column)}, values = {_table(replaced)} }}"
        if name == "kind":
            return ""
        return f"{name} = {self._read(column)}"

    def _read(self, column: str) -> str:
        """Return how a column is read: by its name, or with the column that holds its time of day."""
        partner = self.times_of_day.get(column)
        return f"{{ template = {_text(f'{{{column}}} {{{partner}}}')} }}" if partner else _text(column)

    def _decision(self) -> list[str]:
        """Propose a decision where a change's row says how approval ended."""
        plain = {plain_name(column): column for column in self.look.columns}
        column = next((plain[word] for word in _APPROVAL_WORDS if word in plain), None)
        if column is None or not self.key or column in self.used:
            return []
        words = sorted({value for value in self.look.values(column) if value.lower() in _VERDICTS})
        if not words:
            return []
        self.used.add(column)
        replaced = _table({word: _VERDICTS[word.lower()] for word in words})
        lines = [
            "",
            "# The decision that the row states. Without the time of approval there is no approval latency.",
            "[[record]]",
            'kind = "decision"',
            f"key = {_key(self.key)}",
            f"when = {{ column = {_text(column)}, equals = [{', '.join(_text(word) for word in words)}] }}",
            "",
            "[record.fields]",
            f"change_key = {_reference(self.key)}",
            f"verdict = {{ column = {_text(column)}, values = {replaced} }}",
        ]
        for name, field in (("decided_at", "approved_at"), ("decided_by", "approved_by")):
            # The decision says whether it was an approval; the column of its instant is filled for refusals too.
            if column := self.fields.pop(field, None):
                lines.append(f"{name} = {self._read(column)}")
        return lines

    def _window(self) -> list[str]:
        """Propose the change's window, one per component where the rows repeat the change for each."""
        if not self.key or "planned_start_at" not in self.fields:
            return []
        component = match_columns("change", [c for c in self.look.columns if c not in self.key]).get("component")
        key = self.key if component is None or not self.repeats else (*self.key, component)
        condition = f"when = {{ column = {_text(self.fields['planned_start_at'])}, empty = false }}"
        lines = ["", "[[record]]", 'kind = "window"', f"key = {_key(key)}", condition]
        lines += ["", "[record.fields]", f"change_key = {_reference(self.key)}"]
        if component is not None:
            self.used.add(component)
            self.dropped.pop(component, None)
            lines.append(f"component = {_text(component)}")
        shared = ("title", "service", "team", "environment", "planned_start_at", "planned_end_at", "actual_start_at")
        for name in (*shared, "actual_end_at"):
            if name in self.fields:
                lines.append(f"{name} = {self._read(self.fields[name])}")
        if "created_at" in self.fields:
            lines.append(f"created_at = {self._read(self.fields['created_at'])}  # check: entered with the change")
        return [*lines, "", "[record.constants]", 'kind = "change"']

    def _rest(self) -> Sequence[str]:
        """List what is not mapped, as comments."""
        lines = [f"# not mapped: {_comment(column)}: {why}" for column, why in self.dropped.items()]
        rest = [column for column in self.look.columns if column not in self.used and column not in self.dropped]
        lines += [f"# not mapped: {_comment(column)}" for column in rest]
        lines += [f'# a list of its own: {_comment(name)}; see each = "…" of [[record]]' for name in self.look.lists]
        return ["", *lines] if lines else []


def _is_open(formats: Sequence[str]) -> bool:
    """Whether day and month could be the other way round."""
    return any(form.startswith("%d/%m") for form in formats) and any(form.startswith("%m/%d") for form in formats)


def _text(value: str | int) -> str:
    """Return a value as TOML; JSON's strings are TOML's basic strings, but for the delete character."""
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")


def _key(columns: Sequence[str]) -> str:
    return _text(columns[0]) if len(columns) == 1 else f"[{', '.join(_text(column) for column in columns)}]"


def _reference(columns: Sequence[str]) -> str:
    """Return the expression by which another record names this key."""
    if len(columns) == 1:
        return _text(columns[0])
    return f"{{ template = {_text(':'.join('{' + column + '}' for column in columns))} }}"


def _table(values: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{_text(old)} = {_text(new)}" for old, new in values.items()) + " }"


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", " ", text)
