"""Sections of a retrospective on the practice: verdicts, cheat sheet, catches, drift, combine or separate.

Owns their wording. A table that a build lacks, or a period it does not describe, is said to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from app import wording
from app.reports import practice, svg
from app.reports.blocks import Block, Cell, Chart, Text, Tone, named, row, table_or
from app.reports.practice import EVERYBODY, Advice, Condition, Drift, Kind, Pattern, Verdict
from app.reports.question import NamedPeriod, Scope, scope_condition

if TYPE_CHECKING:
    from app.reports.retrospective import Asked

_SHOWN = 12
_CHARTS = 4
_TRACKS = {
    "change_governance": "Change governance",
    "release_execution": "Release execution",
    "separation": "Separation",
}
_ADVICE = {"separate": "keep apart", "may_combine": "may combine", "separate_default": "keep apart (default)"}


@dataclass(frozen=True)
class Read:
    """What the practice tables hold for the question; ``missing`` names what they do not, with the reason."""

    team: str
    quarters: tuple[str, ...]
    verdicts: dict[str, list[Verdict]]
    conditions: dict[str, list[Condition]]
    sheets: dict[str, list[tuple[str, str, str]]]
    patterns: dict[str, list[Pattern]]
    kinds: list[Kind]
    drift: list[Drift]
    advice: list[Advice]
    missing: dict[str, str]


def read(con: DuckDBPyConnection, asked_for: NamedPeriod, scope: Scope) -> Read:
    """Read every practice table that the build has."""
    missing = {
        table: f"this build holds no table marts.{table}; twotrack build makes it"
        for table in (
            "verdicts",
            "cheat_sheet",
            "confusion_patterns",
            "catches",
            "drift_findings",
            "combine_criteria",
            "periods",
        )
        if not practice.has(con, table)
    }
    team = practice.team_of(con, scope)
    quarters = tuple(practice.periods_within(con, asked_for.period)) if "periods" not in missing else ()
    here = set() if not quarters else {"verdicts", "cheat_sheet", "confusion_patterns"} - missing.keys()
    return Read(
        team,
        quarters,
        {q: practice.verdicts(con, q, team) for q in quarters} if "verdicts" in here else {},
        {q: practice.conditions(con, q, team) for q in quarters} if practice.has(con, "verdict_conditions") else {},
        {q: practice.cheat_sheet(con, q, team) for q in quarters} if "cheat_sheet" in here else {},
        {q: practice.patterns(con, q, team) for q in quarters} if "confusion_patterns" in here else {},
        practice.kinds(con, scope.over(asked_for.period), scope.over(asked_for.before))
        if "catches" not in missing
        else [],
        practice.drift(con, team) if "drift_findings" not in missing else [],
        practice.advice(con, team) if "combine_criteria" not in missing else [],
        missing,
    )


def _verdict_blocks(found: Read) -> list[Block]:
    """Return the verdicts of the period's last quarter."""
    if not found.quarters or not found.verdicts.get(found.quarters[-1]):
        return []
    quarter = found.quarters[-1]
    rows = [
        row(Cell(_TRACKS[one.subject], tone=_tone(one.subject)), _verdict(one), one.why)
        for one in found.verdicts[quarter]
    ]
    whose = "" if found.team == EVERYBODY else f" of {found.team}"
    blocks = [
        table_or("", f"Are both{whose} still working? {quarter}", ("", "Verdict", "Why"), rows, widths=(2, 1.4, 6))
    ]
    if conditions := found.conditions.get(quarter):
        blocks.append(
            table_or(
                "", f"What these verdicts rest on, {quarter}", ("", "What must hold", "Holds", "Figures"),
                [
                    row(
                        "" if before and before.subject == one.subject
                        else Cell(_TRACKS[one.subject], tone=_tone(one.subject)),
                        wording.sentence(one.condition), _holds(one.holds), one.sentence,
                    )
                    for before, one in zip([None, *conditions], conditions, strict=False)
                ],
                widths=(1.7, 2.6, 1.2, 4.6),
            )
        )  # fmt: skip
    return blocks


def _tone(subject: str) -> Tone:
    tones: dict[str, Tone] = {"change_governance": "governance", "release_execution": "execution"}
    return tones.get(subject, "plain")


def _verdict(one: Verdict) -> Cell:
    return Cell(wording.words(one.verdict), tone="signal" if one.verdict in {"not_working", "weakening"} else "plain")


def both(con: DuckDBPyConnection, asked: Asked, found: Read) -> tuple[Block, ...]:
    """Return the verdicts, the two lanes by week, the cheat sheet and the patterns of confusion."""
    blocks = _verdict_blocks(found)
    weeks = _track_weeks(con, asked)
    if weeks:
        words = svg.tracks_in_words(weeks)
        blocks.append(
            Chart("Decisions and deployments, week by week.", lambda font: svg.tracks_chart(weeks, words, font), words)
        )
    blocks += _why_missing(found, "cheat_sheet", "the cheat sheet")
    if asked.scope.kind == "service" and found.quarters:
        blocks.append(Text(f"The practice of a service is that of its team, {found.team}.", "note"))
    for quarter in found.quarters:
        rows = [
            row(wording.sentence(name), governance, execution)
            for name, governance, execution in found.sheets.get(quarter, [])
        ]
        blocks.append(
            table_or(
                f"The build has no cheat sheet of {found.team} in {quarter}.",
                f"Cheat sheet, {quarter}",
                ("", "Change governance", "Release execution"),
                rows,
                widths=(1.2, 4, 4),
            )
        )
        if patterns := found.patterns.get(quarter):
            blocks.append(
                table_or(
                    "",
                    f"Patterns of confusion, {quarter}",
                    ("Pattern", "State", "Rule and figures"),
                    [row(_pattern(one), _state(one), one.sentence) for one in patterns],
                    widths=(2.6, 1.2, 5.4),
                )
            )
    return tuple(blocks)


def _pattern(one: Pattern) -> str:
    return wording.sentence(wording.words(one.pattern)).replace("Cab ", "CAB ")


def _state(one: Pattern) -> Cell:
    return Cell(
        "too few to judge" if one.state == "too_few" else one.state, tone="signal" if one.state == "fires" else "quiet"
    )


def _why_missing(found: Read, table: str, what: str) -> list[Block]:
    if table in found.missing:
        return [Text(f"Missing: {what}; {found.missing[table]}.", "missing")]
    if not found.quarters:
        return [
            Text(
                f"Missing: {what}. The build describes practice for calendar quarters with records, and this period is "
                "not made of such quarters.",
                "missing",
            )
        ]
    return []


def _track_weeks(con: DuckDBPyConnection, asked: Asked) -> list[svg.TrackWeek]:
    chosen = asked.scope.over(asked.named.period)
    scope, values = scope_condition(chosen)
    rows = con.execute(
        f"""select week, sum(decided), sum(deployed), sum(unauthorised) from (
            select cast(date_trunc('week', decided_at) as date) as week, 1 as decided, 0 as deployed, 0 as unauthorised
            from marts.decisions where decided_at >= ? and decided_at < ?
                and verdict in ('approved', 'rejected', 'changes_requested') and {scope}
            union all
            select cast(date_trunc('week', started_at) as date), 0, 1,
                case when unauthorised_reason is not null and not is_rerelease then 1 else 0 end
            from marts.deployments where started_at >= ? and started_at < ? and is_production and {scope}
        ) group by week order by week""",
        [chosen.start, chosen.end, *values, chosen.start, chosen.end, *values],
    ).fetchall()
    return [svg.TrackWeek(week, int(a), int(b), int(c)) for week, a, b, c in rows]


def caught(con: DuckDBPyConnection, asked: Asked, found: Read) -> tuple[Block, ...]:
    """Return what each process caught and missed by kind, the misses, and what was approved and then failed."""
    if "catches" in found.missing:
        return (Text(f"Missing: catches; {found.missing['catches']}.", "missing"),)
    chosen = asked.scope.over(asked.named.period)
    rows = [
        row(
            Cell(_TRACKS.get(one.process or "", "process unknown"), tone=_tone(one.process or "")),
            one.kind,
            _moved(one.caught, one.caught_before),
            _moved(one.missed, one.missed_before),
        )
        for one in found.kinds
    ]
    misses = [
        row(
            wording.day(one.occurred_at),
            named(one.deployment_id or one.change_id, one.url),
            one.service,
            one.kind,
            one.text,
        )
        for one in practice.misses(con, chosen, _SHOWN)
    ]
    failed = [
        row(named(change, url), title, service, wording.day(at), failure)
        for change, title, service, at, failure, url in practice.approved_then_failed(con, chosen)
    ]
    return (
        table_or(
            "Nothing was caught or missed in this period.",
            "By kind; in brackets, the period before",
            ("Process", "Kind", "Caught", "Missed"),
            rows,
            right=frozenset({2, 3}),
            widths=(2.4, 4, 1.4, 1.4),
        ),
        table_or(
            "No failure after deployment is on record.",
            "Misses: failures after deployment, latest first",
            ("When", "Record", "Service", "Kind", "What it was"),
            misses,
            widths=(1.3, 2.6, 1.5, 2.2, 3.4),
        ),
        table_or(
            "No approved change failed in release.",
            "Passed governance, failed in release",
            ("Change", "Title", "Service", "When", "How"),
            failed,
            limit=_SHOWN,
            widths=(2.4, 3.6, 1.5, 1.3, 2),
        ),
    )


def _moved(now: int, before: int) -> str:
    return f"{now:,} ({before:,})"


def drift(con: DuckDBPyConnection, asked: Asked, found: Read) -> tuple[Block, ...]:
    """Return the detector's findings, and charts of what moved."""
    if "drift_findings" in found.missing:
        return (Text(f"Missing: drift; {found.missing['drift_findings']}.", "missing"),)
    blocks: list[Block] = [
        Text(
            "An indicator, not proof: how often the separation that should be visible in a record is not, against the "
            f"team's own past. Judged up to the build, {wording.day(asked.as_of)}."
        ),
        table_or(
            f"The detector has nothing on {found.team}.",
            "Findings",
            ("Team", "State", "In one sentence"),
            [
                row(
                    one.team,
                    Cell(one.state, tone="signal" if one.state in {"drifting", "moving"} else "quiet"),
                    one.sentence,
                )
                for one in found.drift
            ],
            widths=(1.6, 1.4, 6),
        ),
    ]
    moving = [one for one in found.drift if one.state in {"drifting", "moving"} and one.dimension]
    blocks += [chart for one in moving[:_CHARTS] if (chart := _level_chart(con, one))]
    return tuple(blocks)


def _level_chart(con: DuckDBPyConnection, one: Drift) -> Chart | None:
    weeks = [w for w in practice.levels(con, one.team, one.dimension or "") if w.level is not None]
    if not weeks:
        return None
    points = [(w.week_end, float(w.level or 0.0)) for w in weeks]
    what = f"{one.team}: share of records with the separation missing, {wording.words(one.dimension or '')}"
    words = (
        f"{what}, {len(points)} weeks: first {wording.share(points[0][1])}, last {wording.share(points[-1][1])}"
        + (f"; baseline {wording.share(one.baseline_rate)}" if one.baseline_rate is not None else "")
        + (f"; since about {wording.day(one.onset)}." if one.onset else ".")
    )
    return Chart(one.sentence, lambda font: svg.level_chart(points, one.baseline_rate, one.onset, words, font), words)


def combine(asked: Asked, found: Read) -> tuple[Block, ...]:
    """Return the advice and, for one team or service, each criterion with its figures."""
    if "combine_criteria" in found.missing:
        return (Text(f"Missing: the advice; {found.missing['combine_advice']}.", "missing"),)
    if not found.advice:
        return (Text("The build has no team to advise on.", "missing"),)
    blocks: list[Block] = [
        Text(
            f"Measured over the last days up to the build, {wording.day(asked.as_of)}; each criterion names how many."
        ),
        *(
            Text(f"{_who(one)} has already combined the two although a danger holds: {one.reason}.", "warning")
            for one in found.advice
            if one.is_already_combined and one.advice == "separate"
        ),
        table_or(
            "",
            "Advice",
            ("Team or service", "Advice", "Because"),
            [row(_who(one), _ADVICE.get(one.advice, one.advice), one.reason) for one in found.advice],
            widths=(1.6, 2, 5),
        ),
    ]
    if found.team != EVERYBODY:
        about = ("service", asked.scope.name) if asked.scope.kind == "service" else ("team", found.team)
        blocks += [
            table_or(
                "",
                f"Criteria, {one.name}",
                ("Criterion", "Speaks for", "Holds", "Figures"),
                [
                    row(c, "combining" if side == "may_combine" else "keeping apart", _holds(holds), sentence)
                    for c, side, holds, sentence in one.criteria
                ],
                widths=(2.6, 1.6, 1.1, 5),
            )
            for one in found.advice
            if (one.scope, one.name) == about
        ]
    return tuple(blocks)


def _who(one: practice.Advice) -> str:
    return one.name if one.scope == "team" else f"{one.name} (service)"


def _holds(holds: bool | None) -> str:
    return "cannot judge" if holds is None else "yes" if holds else "no"


def questions(found: Read) -> list[str]:
    """Return the questions that verdicts, patterns, catches, drift and advice raise."""
    asked: list[str] = []
    for quarter in found.quarters[-1:]:
        asked += [
            f"{_TRACKS[one.subject]} is {wording.words(one.verdict)} ({one.why}): what has to be different next time?"
            for one in found.verdicts.get(quarter, [])
            if one.verdict in {"not_working", "weakening"}
        ]
        asked += [
            f"{_pattern(one)} ({one.sentence}): is that how we want it?"
            for one in found.patterns.get(quarter, [])
            if one.state == "fires"
        ]
    asked += [
        f"{one.sentence} Did we mean to? If not, what separates the two again?"
        for one in found.drift
        if one.state == "drifting"
    ]
    asked += [
        f"{one.missed} failures of the kind “{one.kind}” and nothing caught: should "
        f"{_TRACKS.get(one.process or '', 'one of the two').lower()} look for it?"
        for one in found.kinds
        if one.missed and not one.caught and one.kind != "kind unknown"
    ]
    asked += [
        f"{_who(one)} runs both as one although {one.reason}: who takes which of the two?"
        for one in found.advice
        if one.is_already_combined and one.advice == "separate"
    ]
    return asked
