"""A proposed mapping for a file nobody has described yet.

Owns the proposal's wording. Refuses to invent: what no column speaks for stays unmapped and is listed, and every guess
is marked as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.files.columns import NO, YES
from ingest.files.dates import CHOOSE, choice, swapped
from ingest.files.forges import merged_as, named_repository
from ingest.files.lengths import is_length, told_end
from ingest.files.lexicon import likely_kind, match_columns, plain_name
from ingest.files.mapping import parse_mapping
from ingest.files.missing import environments_in_names, missing_notes
from ingest.files.nested import decided, nested_decisions
from ingest.files.nested_commits import nested_commits
from ingest.files.proposed_decisions import DecisionColumns
from ingest.files.refused import refuse_nameless, refuse_others
from ingest.files.sniff import look_at
from ingest.files.tasks import are_tasks, reviews_of
from ingest.files.time_formats import states_offset, time_formats
from ingest.files.written import comment_of, key_of, reference_of, table_of, text_of

_CHANGE_TYPES = ("standard", "normal", "emergency")
_MERGED = ("merged", "completed")
_TOTALS = {"total", "totals", "grand total", "sum", "subtotal", "count", "gesamt", "summe", "totaal", "total:"}
_IMPLEMENTED = ("implementation_date", "implemented_at", "implemented_on", "date_implemented", "deployment_date",
                "impl_date")  # fmt: skip
_IMPLEMENTERS = ("implemented_by", "implementer", "deployed_by", "executed_by", "implementer_id", "impl_by")
_LAST_UPDATES = ("sys_updated_on", "updated", "updated_on", "modified_on")
# ServiceNow keeps the state of a change as a number, negative up to its implementation.
_STATE_CODES = {"-5": "New", "-4": "Assess", "-3": "Authorize", "-2": "Scheduled", "-1": "Implement", "0": "Review",
                "3": "Closed", "4": "Canceled"}  # fmt: skip
_RISK_CODES = {"1": "Very High", "2": "High", "3": "Moderate", "4": "Low", "5": "None"}


def suggest_mapping(path: Path) -> str:
    """Return the TOML text of a mapping for a file; it loads and runs as it is.

    Raises:
        InputError: The file cannot be read, is empty, is none of the formats, or says nothing of any kind of record.
    """
    look = look_at(path)
    kind = "change" if are_tasks(look) else likely_kind(look.columns, path.name)
    refuse_others(look, kind)
    proposal = _Proposal(look, kind)
    if proposal.is_review and proposal.repeats:
        refuse_nameless(look, proposal.fields)
    text = proposal.toml()
    # What its reader has to choose is no mapping yet; with either choice it is one.
    parse_mapping(text.replace(text_of(CHOOSE), text_of("iso")), f"proposal for {path.name}")
    return text


class _Proposal(DecisionColumns):
    """One proposal being written."""

    def toml(self) -> str:
        """Return the proposal's text."""
        self.environments = environments_in_names(self.kind, self.look, self.fields)
        head = [*self._head(), *self._dialect()]
        if are_tasks(self.look):
            closed = self.fields.get("closed_at")
            lines, self.used = reviews_of(self.look, closed, self._read(closed) if closed else None)
            return "\n".join([*head, *lines, *self._rest(), ""])
        is_change = self.kind in {"change", "issue"}
        further = [*self._several(), *self._decision(), *self._window(), *self._implementation()] if is_change else []
        if is_change:
            further += [*self._nested("change"), *self._known_as()]
        elif self.kind == "decision":
            further += self._asked()
        elif self.kind == "deployment":
            further += self._nested("deployment")
        parts = [*head, *self._main_record(), *further]
        return "\n".join([*parts, *self._rest(), ""])

    def _nested(self, subject: str) -> list[str]:
        """Propose the votes and decisions that lists inside the rows state."""
        formats = [] if self.own_formats else [self._time_format(name) for name in self.formats]
        found = nested_decisions(self.look, self.key, formats, subject)
        found |= nested_commits(self.look, self.key, formats) if self.is_review else {}
        self.known_lists = set(found)
        return [line for lines in found.values() for line in lines]

    def _head(self) -> list[str]:
        name = re.sub(r"[^a-z0-9]+", "-", self.look.path.stem.lower()).strip("-") or "import"
        source = re.sub(r"^[^a-z]+", "", name) or "file"
        pattern = re.sub(r"[0-9]+([-_.]?[0-9]+)*", "*", self.look.path.name)
        lines = [
            f"# Proposed from {self._basis()} of {comment_of(self.look.path.name)}.",
            "# Look at what is marked 'check', then import.",
            f"name = {text_of(name)}",
            f"source = {text_of(source)}  # check: the name under which its records appear",
            f"file = {text_of(pattern)}",
            f"format = {text_of(self.look.format)}",
        ]
        lines += [f"items = {text_of(self.look.items)}"] if self.look.items else []
        if unread := self.look.unread:
            which = (
                f"{len(unread):,} of the first lines are no rows"
                if len(unread) > 1
                else "one of the first lines is no row"
            )
            lines.append(
                f"# check: {which} and would be set aside; line {unread[0].line}: {comment_of(unread[0].problem)}"
            )
        named = {"repository": ""} if named_repository(self.look, self.fields) else {}
        lines += missing_notes(self.kind, self.fields | named, self.environments, self.is_review)
        formats = list(dict.fromkeys(self._time_format(name) for name in self.formats))
        self.own_formats = any(swapped(form) != form and swapped(form) in formats for form in formats)
        if self.undecided:
            columns = sorted({self.fields[name] for name in self.undecided})
            lines += choice([(column, self.evidence[column]) for column in columns], formats)
        elif formats and not self.own_formats:
            lines.append(f"formats = [{', '.join(text_of(form) for form in formats)}]")
        lines += self.notes
        if self.empty:
            lines.append(
                f"empty_values = [{', '.join(text_of(text) for text in self.empty)}]  # check: taken as no value"
            )
        return [*lines, *self._zone()]

    def _basis(self) -> str:
        count = len(self.look.rows)
        return f"the first {count:,} rows" if count > 1 else "the one row"

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
        return ["", "[dialect]", *(f"{name} = {text_of(value)}" for name, value in self.look.dialect.items())]

    def _main_record(self) -> list[str]:
        lines = ["", "[[record]]", f"kind = {text_of(self.kind)}  # check"]
        if self.key:
            repeats = "  # occurs in several rows; those that say the same are one record" if self.repeats else ""
            lines.append(f"key = {key_of(self.key)}{repeats}")
            if self.kind == "decision" and (conditions := self._stated()):
                lines.append(conditions)
            if totals := sorted({text for text in self.look.values(self.key[-1]) if text.lower() in _TOTALS}):
                equals = ", ".join(text_of(text) for text in totals)
                lines.append(
                    f"when = {{ column = {text_of(self.key[-1])}, not_equals = [{equals}] }}  # a row of totals"
                )
        else:
            lines.append("# check: no column looks like a key; without one, equal rows are one record")
            lines += [conditions] if self.kind == "decision" and (conditions := self._stated()) else []
        lines += ["", "[record.fields]"]
        lines += [self._of_forge(name, column) or self._field(name, column) for name, column in self.fields.items()]
        if self.flag and "change_type" not in self.fields:
            lines.append(self._field("change_type", self.flag))
        if self.taken_back:
            yes = table_of({value: "rollback" for value in sorted(set(self.look.values(self.taken_back)) | {"true"})
                            if value.lower() in YES})  # fmt: skip
            lines.append(f'task = {{ column = {text_of(self.taken_back)}, values = {yes}, otherwise = "" }}')
        lines += [self.environments] if self.environments else []
        if named := named_repository(self.look, self.fields):
            self.used.add(named[1])
            lines.append(f"repository = {named[0]}")
        lines += self._merge()
        lines += self._ended()
        constants = ['record_type = "pull_request"'] if self.is_review else []
        if self.kind == "event" and plain_name(self.fields.get("subject_key", "")).startswith("incident"):
            constants.append('subject_kind = "incident"')
        if self._is_of_one_instant():
            one = self._read(self.fields.get("started_at") or self.fields["created_at"])
            lines.append(f"finished_at = {one}  # check: its one instant, also its end")
            constants.append('time_quality = "inferred"')
        if self.kind == "decision" and plain_name(self.fields.get("decided_at", "")) in _LAST_UPDATES:
            constants.append('time_quality = "bounded"  # check: the row was last changed then, which deciding does')
        return [*lines, *(["", "[record.constants]", *constants] if constants else [])]

    def _is_of_one_instant(self) -> bool:
        """Whether a deployment has one instant, which says neither that it is the start nor the end."""
        column = plain_name(self.fields.get("started_at", ""))
        # A log that says only when a row was made, and nothing of how it went, lists what was deployed then.
        is_log = "created_at" in self.fields and "status" not in self.fields and not self._has_statuses()
        is_start = column.startswith(("start", "deploy_start", "deployment_start")) or not (column or is_log)
        is_told = told_end(self.look, self.kind, self.fields) is not None
        return self.kind == "deployment" and "finished_at" not in self.fields and not is_start and not is_told

    def _has_statuses(self) -> bool:
        """Whether how deployments went is told elsewhere."""
        return any("statuses" in plain_name(column) for column in (*self.look.columns, *self.look.lists))

    def _ended(self) -> list[str]:
        """Propose an end that no column states, where a column says how long it took."""
        told = told_end(self.look, self.kind, self.fields)
        outcome = self.fields.get("outcome")
        digest, last = self.fields.get("artifact_digest", ""), self.fields.get("updated_at")
        if plain_name(digest) == "slug_id" and last and "finished_at" not in self.fields:
            return [f"finished_at = {self._read(last)}  # check: Heroku changes a release last when it ends"]
        if self.kind == "run" and "finished_at" not in self.fields and self._has_attempts() and outcome:
            last = next((c for c in self.look.columns if plain_name(c) == "updated_at"), None)
            self.used.update([last] if last else [])
            when = f"when = {{ column = {text_of(outcome)}, empty = false }}"
            # GitHub says of a run when it was changed last, which its end does.
            return (
                [f"finished_at = {{ column = {text_of(last)}, {when} }}  # check: the run was last changed then"]
                if last
                else []
            )
        if told is None:
            return []
        end, start, column, unit = told
        read = self._read(self.fields[start])
        whole = read.removesuffix(" }") if read.startswith("{") else f"{{ column = {read}"
        plus = f"{end} = {whole}, plus = {{ column = {text_of(column)}, unit = {text_of(unit or 'seconds')} }} }}"
        if unit is None:
            return [f"# {plus}  # check: use this line if {comment_of(column)}, which states no unit, is in seconds"]
        self.used.add(column)
        return [f"{plus}  # check: no column says when it ended, so it is worked out"]

    def _has_attempts(self) -> bool:
        """Whether runs are GitHub's, which counts their attempts."""
        return bool({"run_attempt", "attempt"} & set(self.look.columns))

    def _merge(self) -> list[str]:
        """Propose when and by whom a pull request was merged, where only its closing and its state say so."""
        state, closed = self.fields.get("state"), self.fields.get("closed_at")
        words = sorted({v for v in self.look.values(state) if v.lower() in _MERGED}) if state else []
        if not self.is_review or not words or state is None:
            return []
        merged = f"when = {{ column = {text_of(state)}, equals = [{', '.join(map(text_of, words))}] }}"
        lines = []
        if "merged_at" not in self.fields and closed:
            lines.append(f"merged_at = {{ column = {text_of(closed)}, {merged} }}")
        closers = match_columns("change", [c.replace("closed", "merged", 1) for c in self.look.columns])
        closer = next(
            (c for c in self.look.columns if c.replace("closed", "merged", 1) == closers.get("merged_by")), None
        )
        if "merged_by" not in self.fields and closer:
            self.used.add(closer)
            lines.append(f"merged_by = {{ column = {text_of(closer)}, {merged} }}")
        return lines

    def _of_forge(self, name: str, column: str) -> str | None:
        """Return a field that code hosts tell in a way of their own."""
        if name != "merge_revision" or (read := merged_as(self.look, self.fields, column)) is None:
            return None
        self.used.add(read[1])
        return f"{name} = {read[0]}"

    def _field(self, name: str, column: str) -> str:
        values = set(self.look.values(column))
        if name == "change_type" and self.flag:
            return self._by_flag(column, values, self.flag)
        if codes := self._numbers(name):
            meant = table_of({code: word for code, word in codes.items() if code in values})
            return f"{name} = {{ column = {text_of(column)}, values = {meant} }}  # check: ServiceNow's numbers"
        if name == "outcome" and "Unresolved" in values:
            return f'{name} = {{ column = {text_of(column)}, values = {{ "Unresolved" = "" }} }}'
        if name == "status" and (told := self._status(column, values)):
            return f"{name} = {told}"
        if name in {"labels", "component"} and (
            more := [c for c in self.look.columns if re.fullmatch(re.escape(column) + r"_\d+", c)]
        ):
            self.used.update(more)
            return f"{name} = {{ join = [{', '.join(text_of(c) for c in (column, *more))}] }}"
        if name == "change_type" and values and all(value.lower() in _CHANGE_TYPES for value in values):
            replaced = {value: value.lower() for value in sorted(values) if value != value.lower()}
            if replaced:
                return f"{name} = {{ column = {text_of(column)}, values = {table_of(replaced)} }}"
        if name == "verdict" and (replaced := decided(sorted(values))):
            return f"{name} = {{ column = {text_of(column)}, values = {table_of(replaced)} }}"
        if name == "repository" and self._are_addresses(column, r"/repos/[^/\s]+/[^/\s]+"):
            return f'repository = {{ column = {text_of(column)}, split = "/repos/", part = 2 }}'
        return f"{name} = {self._named(column) if name.endswith('_key') else self._read(column)}"

    def _numbers(self, name: str) -> Mapping[str, str]:
        """Return what numbers mean where states are ServiceNow's, which alone are negative up to the implementation."""
        codes = {"state": _STATE_CODES, "risk": _RISK_CODES}.get(name, {})
        states, own = ({*self.look.values(self.fields.get(one, ""))} for one in ("state", name))
        is_told = states <= set(_STATE_CODES) and any(state.startswith("-") for state in states)
        return codes if is_told and own <= set(codes) else {}

    def _by_flag(self, column: str, values: set[str], flag: str) -> str:
        """Say that the type is an emergency's where a column says yes, else what the type's own column says."""
        flagged = sorted({value for value in self.look.values(flag) if value.lower() in YES} or {"Y"})
        known = {value for value in values if any(word in value.lower() for word in _CHANGE_TYPES)}
        # "No" is known not to be an emergency. Taken as unknown, all of those whose type is known would be.
        if column == flag or not known:
            otherwise = 'otherwise = "normal" }  # check: no emergency; whether standard, no column says'
        elif known == values:
            otherwise = f'otherwise = "", fallback = {text_of(column)} }}'
        else:
            kept = table_of({value: value for value in sorted(known)})
            rest = f'{{ column = {text_of(column)}, values = {kept}, otherwise = "normal" }}'
            otherwise = f'otherwise = "", fallback = {rest} }}'
        emergencies = table_of(dict.fromkeys(flagged, "emergency"))
        return f"change_type = {{ column = {text_of(flag)}, values = {emergencies}, {otherwise}"

    def _status(self, column: str, values: set[str]) -> str | None:
        """Return how a status is read that is a yes or no to success, or stands in two columns."""
        if self.kind == "deployment" and values and {value.lower() for value in values} <= YES | NO:
            meant = table_of({v: "success" if v.lower() in YES else "failure" for v in sorted(values)})
            return f"{{ column = {text_of(column)}, values = {meant} }}"
        state = self._standing(column)
        return f"{{ first = [{text_of(column)}, {text_of(state)}] }}" if state else None

    def _standing(self, column: str) -> str | None:
        """Return the column that says where a deployment stands, beside the one that says what came of it."""
        if plain_name(column) not in {"result", "conclusion", "outcome", "build_result"}:
            return None
        state = next((c for c in self.look.columns if plain_name(c) in {"status", "state"} and c != column), None)
        self.used.update([state] if state else [])
        return state

    def _window(self) -> list[str]:
        """Propose the change's window, one per component where the rows repeat the change for each."""
        if not self.key or "planned_start_at" not in self.fields:
            return []
        component = match_columns("change", [c for c in self.look.columns if c not in self.key]).get("component")
        key = self.key if component is None or not self.repeats else (*self.key, component)
        condition = f"{{ column = {text_of(self.fields['planned_start_at'])}, empty = false }}"
        told = self.fields.get("record_type")
        if told and any("change" in value.lower() for value in self.look.values(told)):
            # A tracker's incidents have dates too, and are no scheduled changes.
            condition = f'[{condition}, {{ column = {text_of(told)}, matches = "(?i)change" }}]'
        condition = f"when = {condition}"
        lines = ["", "[[record]]", 'kind = "window"', f"key = {key_of(key)}", condition]
        lines += ["", "[record.fields]", f"change_key = {reference_of(self.key)}"]
        if component is not None:
            self.used.add(component)
            self.dropped.pop(component, None)
            lines.append(self._field("component", component))
        shared = ("title", "service", "team", "environment", "planned_start_at", "planned_end_at", "actual_start_at")
        for name in (*shared, "actual_end_at"):
            if name in self.fields:
                lines.append(f"{name} = {self._read(self.fields[name])}")
        if "created_at" in self.fields:
            lines.append(f"created_at = {self._read(self.fields['created_at'])}  # check: entered with the change")
        return [*lines, "", "[record.constants]", 'kind = "change"']

    def _implementation(self) -> list[str]:
        """Propose the deployment that a change log states by when and by whom a change was implemented."""
        plain = {plain_name(column): column for column in self.look.columns}
        done = next((plain[word] for word in _IMPLEMENTED if word in plain), None)
        by = next((plain[word] for word in _IMPLEMENTERS if word in plain), None)
        if done is None or by is None or not self.key or not (forms := time_formats(self.look, done)):
            return []
        if any(swapped(form) != form for form in forms):
            return []
        self.used |= {done, by}
        self.dropped.pop(done, None)
        service = [f"service = {text_of(self.fields['service'])}"] if "service" in self.fields else []
        return [
            "",
            "# What was implemented, when and by whom. It counts where it is said to be production.",
            "[[record]]",
            'kind = "deployment"',
            f"key = {key_of(self.key)}",
            f"when = {{ column = {text_of(done)}, empty = false }}",
            "",
            "[record.fields]",
            f"change_key = {reference_of(self.key)}",
            *service,
            f"started_at = {{ column = {text_of(done)}, formats = [{text_of(forms[0])}] }}",
            f"deployed_by = {text_of(by)}",
            '# environment = { constant = "production" }  # check: use this line if these changes went to production',
        ]

    def _rest(self) -> Sequence[str]:
        """List what is not mapped, as comments."""
        lines = [f"# not mapped: {comment_of(column)}: {comment_of(why)}" for column, why in self.dropped.items()]
        rest = [column for column in self.look.columns if column not in self.used and column not in self.dropped]
        took = ": a length of time; figures are worked out from instants"
        # Gerrit names objects by commits: one line is enough for all of them.
        folded = dict.fromkeys(re.sub(r"(?<=[.])[0-9a-f]{40}(?=[.]|$)", "…", column) for column in rest)
        lines += [f"# not mapped: {comment_of(c)}{took if is_length(self.look, c) else ''}" for c in folded]
        lines += [
            f'# a list of its own: {comment_of(name)}; see each = "…" of [[record]]'
            for name in self.look.lists
            if name not in self.known_lists and f"{name}.name" not in self.used
        ]
        return ["", *lines] if lines else []
