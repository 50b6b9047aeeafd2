"""The retrospective report: what we decided, whether both tracks still work, what changed, and what to ask.

Owns the order of its sections and how it is written to disk. The same build, period, scope and journal give the same
bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from app import wording
from app.journal import decisions
from app.journal.decisions import Decision, Held, Past
from app.published import open_build
from app.reports import practice_sections, record_sections, render_html, render_pdf, weekly
from app.reports.blocks import Block, Cell, Document, Section, Text, row, table_or
from app.reports.question import NamedPeriod, Scope, find_scope
from app.reports.weekly import Compared
from models.errors import InputError
from models.workspace import Workspace

_DEMO = "Generated example data: nothing here is about a real organisation."
_NOTHING = "No change and no deployment is dated in this period and scope, so there is nothing to look back on."
_NO_APPROVALS = (
    "No source of these changes keeps approvals: approval latency and everything about authorisation cannot be told."
)
_NO_DEPLOYMENTS = "No production deployment is on record: failures, lead times and the hand-over cannot be told."
_BLANK_LINES = 5
_QUESTIONS = 12
_PAST = 12


@dataclass(frozen=True)
class Asked:
    """What a report is about."""

    named: NamedPeriod
    scope: Scope
    build_id: str
    as_of: datetime
    kind: str
    workspace: str

    @property
    def held(self) -> Held:
        """The retrospective this report is for."""
        period = self.named.period
        team = self.scope.name if self.scope.kind == "team" else ""
        return Held(self.named.name, period.start.date(), period.end.date(), team)


@dataclass(frozen=True)
class Written:
    """A report on disk, and what it found: its first words, signals, questions, sources that may be incomplete."""

    html: Path
    pdf: Path
    headline: str
    signals: tuple[str, ...]
    questions: tuple[str, ...]
    incomplete: tuple[str, ...]


def write(
    workspace: Workspace,
    named: NamedPeriod,
    scope_text: str | None,
    out: Path,
    *,
    build_id: str | None = None,
    paper: render_pdf.Paper = "a4",
    entries: list[decisions.Entry] | None = None,
) -> Written:
    """Write a report as HTML and PDF into a folder; ``entries`` of a TOML file go into the journal first.

    Raises:
        InputError: The build knows no such team or service, or an entry does not fit.
        NotBuiltError: There is no build to read.
    """
    with open_build(workspace, build_id) as (found_id, con):
        as_of, kind, title = con.execute("select as_of, kind, name from meta.build").fetchall()[0]
        asked = Asked(named, find_scope(con, scope_text), found_id, as_of, kind, title)
        if entries:
            keep(workspace.journal_path, asked, entries)
        opening = decisions.carried_into(workspace.journal_path, asked.held)
        taken = decisions.taken_in(workspace.journal_path, asked.held)
        past = [
            one
            for one in decisions.history(workspace.journal_path, asked.held.team, _today(asked))
            if one.held.end <= asked.held.start
        ]
        report, signals, questions, incomplete = _compose(con, asked, opening, taken, past)
    out.mkdir(parents=True, exist_ok=True)
    stem = f"retrospective-{_slug(asked.scope)}-{_slug_text(named.name)}-{found_id}"
    html, pdf = out / f"{stem}.html", out / f"{stem}.pdf"
    html.write_bytes(render_html.html(report))
    pdf.write_bytes(render_pdf.pdf(report, as_of, paper))
    first = report.opening[0]
    return Written(html, pdf, first.text if isinstance(first, Text) else "", signals, questions, incomplete)


def keep(journal: Path, asked: Asked, entries: list[decisions.Entry]) -> None:
    """Enter a file's decisions; those without a period belong to the retrospective asked for."""
    from app.reports.question import parse_period

    for entry in entries:
        held = asked.held
        if entry.period is not None:
            named = parse_period(entry.period)
            held = Held(named.name, named.period.start.date(), named.period.end.date(), entry.team or held.team)
        elif entry.team and entry.team != held.team:
            raise InputError(
                f"The decision '{entry.text[:60]}' is of team {entry.team}, the report is about {asked.scope}.",
                kept="decisions before it in the file were kept",
                next_step="give it a period of its own, or leave team out",
            )
        decisions.decide(
            journal, held, entry.text, owner=entry.owner, due_on=entry.due_on, state=entry.state, outcome=entry.outcome
        )


def _compose(
    con: DuckDBPyConnection, asked: Asked, opening: list[Decision], taken: list[Decision], past: list[Past]
) -> tuple[Document, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    compared = weekly.read(con, asked.named, asked.scope, asked.as_of)
    incomplete = tuple(record_sections.incomplete(con))
    read = practice_sections.read(con, asked.named, asked.scope)
    questions = _questions(asked, opening, compared, read)
    sections = (
        Section("What we decided last time", _decided(asked, opening, past)),
        Section("The two practices as the records show them", practice_sections.both(con, asked, read)),
        Section("What changed", record_sections.changed(compared, asked.named, asked.as_of)),
        Section("The changes behind it", record_sections.behind(con, compared, asked.scope, asked.named)),
        Section("What each process caught and missed", practice_sections.caught(con, asked, read)),
        Section("Drift: are the two becoming one?", practice_sections.drift(con, asked, read)),
        Section("Combine or separate", practice_sections.combine(asked, read)),
        Section("Questions for the meeting", record_sections.questions(questions)),
        Section("Decisions of this retrospective", _to_decide(taken)),
        Section("What this rests on", record_sections.sources(con, asked, compared)),
    )
    period = asked.named.period
    document = Document(
        f"Retrospective {asked.named.name}: {asked.scope}",
        (
            ("Period", f"{wording.span(period.start, period.end)} (UTC)"),
            ("Compared with", f"{_span(asked.named.before)}, and {_span(asked.named.year_before)}"),
            ("Workspace", asked.workspace),
            ("Build", f"{asked.build_id}, as of {wording.instant(asked.as_of)}"),
        ),
        sections,
        _DEMO if asked.kind == "demo" else "",
        f"Made from build {asked.build_id}. The same build, period, scope and journal give the same report.",
        _opening(con, asked, compared),
    )
    signals = tuple(one.reading.definition.name for one in compared if one.is_signal)
    return document, signals, questions, incomplete


def _span(period: Any) -> str:  # noqa: ANN401 (a Period)
    return wording.span(period.start, period.end)


def _opening(con: DuckDBPyConnection, asked: Asked, compared: list[Compared]) -> tuple[Block, ...]:
    """Return the report's first words: what left its limits, and what cannot be told."""
    changes, deployments, approvals = record_sections.counts(con, asked.scope.over(asked.named.period))
    blocks: list[Block] = []
    if changes or deployments:
        counted = f"{wording.plural(changes, 'change')} and {wording.plural(deployments, 'production deployment')}"
        blocks += [Text(record_sections.headline(compared), "lead"), Text(f"{counted} are dated in this period.")]
        if not approvals:
            blocks.append(Text(_NO_APPROVALS, "missing"))
        if not deployments:
            blocks.append(Text(_NO_DEPLOYMENTS, "missing"))
    else:
        blocks.append(Text(_NOTHING, "warning"))
    blocks += [Text(sentence, "warning") for sentence in record_sections.incomplete(con)]
    if asked.named.period.end > asked.as_of:
        blocks.append(Text(f"The period is not over: the build is as of {wording.instant(asked.as_of)}.", "missing"))
    return tuple(blocks)


def _today(asked: Asked) -> date:
    """Return the day a report looks from: its period's end, or the build's where that is earlier."""
    return min(asked.as_of.date(), asked.named.period.end.date())


def _decided(asked: Asked, opening: list[Decision], past: list[Past]) -> tuple[Block, ...]:
    if not opening:
        whose = f" of team {asked.held.team}" if asked.held.team else ""
        said = f"No earlier retrospective{whose} has decisions on record; this one starts the list."
        return (Text(said, "missing"),)
    day = _today(asked)
    done = sum(1 for one in opening if one.state == "done")
    late = sum(1 for one in opening if one.is_overdue(day))
    said = f"{done} of {wording.plural(len(opening), 'decision')} done" + (f", {late} overdue." if late else ".")
    rows = [
        row(one.text, one.owner or "nobody", wording.day(one.due_on), _became(one, day), one.held.period)
        for one in opening
    ]
    columns = ("Decision", "Owner", "Due", "What became of it", "Decided in")
    blocks = [Text(said, "lead"), table_or("", "Decisions so far", columns, rows, widths=(5, 1.6, 1.4, 3.4, 1.2))]
    if len(past) > 1:
        before = [
            row(one.held.period, *(str(n) for n in (one.decided, one.done, one.dropped, one.still_open, one.overdue)))
            for one in past
        ]
        heads = ("Retrospective", "Decided", "Done", "Dropped", "Open", "Of these overdue")
        blocks.append(
            table_or("", "Retrospectives so far", heads, before, right=frozenset(range(1, 6)), limit=_PAST,
                     widths=(2.4, 1, 1, 1, 1, 1.6))
        )  # fmt: skip
    return tuple(blocks)


def _became(one: Decision, day: Any) -> Cell:  # noqa: ANN401 (a date)
    if one.is_overdue(day):
        return Cell(f"open, overdue{': ' + one.outcome if one.outcome else ''}", tone="signal")
    return Cell(f"{one.state}: {one.outcome}" if one.outcome else one.state)


def _to_decide(taken: list[Decision]) -> tuple[Block, ...]:
    columns = ("Decision", "Owner", "Due")
    rows = [row(one.text, one.owner or "", wording.day(one.due_on) if one.due_on else "") for one in taken]
    blank = [row("", "", "") for _ in range(max(_BLANK_LINES - len(rows), 1))]
    note = "Entered with `twotrack report --decisions FILE.toml` or in the app; they open the next retrospective."
    return (
        table_or(
            "", "Owner and due date belong to every decision", columns, [*rows, *blank], widths=(6, 2, 1.6), note=note
        ),
    )


def _questions(
    asked: Asked, opening: list[Decision], compared: list[Compared], read: practice_sections.Read
) -> tuple[str, ...]:
    """Return at most as many questions as a meeting can take, the weightiest first."""
    day = _today(asked)
    found = [
        f"“{one.text}” was due on {wording.day(one.due_on)} and is open: do it, move it or drop it?"
        for one in opening
        if one.is_overdue(day)
    ]
    found += practice_sections.questions(read)
    found += record_sections.signal_questions(compared)
    return tuple(found[:_QUESTIONS])


def _slug(scope: Scope) -> str:
    return _slug_text(scope.name or "everything")


def _slug_text(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "scope"
