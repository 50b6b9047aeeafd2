"""The report of an evidence pack, made from what is in the pack and nothing else.

Owns its wording. Reads the tables and results that :mod:`app.reports.recompute` leaves on a connection, so that whoever
checks a pack can make the same report again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from app import wording
from app.reports import evidence_population, provenance
from app.reports.blocks import Block, Bullets, Cell, Document, Facts, Section, Text, named, row, table_or
from models.metric import MetricValue
from sql import aggregate
from sql.aggregate import Filter

_SHOWN = 40
_DEMO = "Generated example data: nothing here is about a real organisation."
_PROVES = (
    "It proves that whoever holds the private key signed this statement, and that since then not one byte of the pack "
    "was changed, added or removed.",
    "It does not prove when the pack was made, that the key's holder is who you think (compare the fingerprint over "
    "another channel), that the sources hold the truth, or that they were read completely.",
    "It does not prove that a control works. Tester and conclusion stay empty for the auditor.",
)
_RESULTS_MEAN = (
    "Every test ran on every implemented change of the period. 'Not collectable' means that the source keeps no such "
    "record, 'indeterminate' that what it keeps does not decide; neither is a pass, and neither is a failure."
)
_NOTHING = "No change and no deployment lies in this period and scope. The pack shows that, and no more."
_NO_APPROVALS = (
    "No source of these changes keeps approvals. Whether they were authorised cannot be told from records; that is not "
    "the same as unauthorised."
)
_UNSIGNED = "This pack is not signed: it can be checked against itself, but nothing shows who made it."
_SAMPLE_IS = (
    "The sample is drawn from the changes implemented in the period. Seed, sizes and algorithm are in "
    "data/sample/selection.json, the changes in sample.csv, the test sheet in test_matrix.csv and, to be filled in, in "
    "test_matrix.xlsx."
)

_TESTS = {
    "authorised_before_deployment", "independent_approval", "code_reviewed_by_another", "approver_did_not_deploy",
    "described", "impact_analysed", "back_out_planned", "tested_before", "confirmed_afterwards", "emergency_reassessed",
}  # fmt: skip

_CHANGES = "select count(*), count(*) filter (where is_in_sampling_frame) from evidence.population_changes"
_DEPLOYMENTS = """
    select count(*), count(*) filter (where unauthorised_reason is not null and not is_rerelease)
    from evidence.population_deployments where is_started_in_period and is_production
"""
_PROBLEMS = """
    select source, stream, problem from evidence.loading where problem is not null order by source, stream
"""
_CONTROLS = """
    select reference, control, test, tested, passed, failed, exempt, indeterminate, not_collectable
    from evidence.controls where framework = ? order by reference, test
"""
_EXCEPTION_KINDS = """
    select kind, record_kind, count(*) from evidence.exceptions group by kind, record_kind order by 3 desc, 1, 2
"""
_EXCEPTIONS = """
    select kind, record_id, occurred_at, service, reason, url
    from evidence.exceptions
    qualify row_number() over (partition by kind order by occurred_at desc, record_id, reason) <= 6
    order by kind, occurred_at desc, record_id, reason
"""
_EMERGENCIES = """
    select change_id, title, url, implemented_at, authorisation_class, reviewed_at
    from evidence.emergency order by implemented_at, change_id
"""
_CONDITIONS = """
    select change_id, url, text, due_at, status, evidence_url from evidence.conditions order by change_id, position
"""
_STRATA = """
    select f.stratum, count(*), count(s.change_id)
    from evidence.sample_frame f left join pack.sample s on s.change_id = f.change_id
    group by f.stratum order by f.stratum
"""


@dataclass(frozen=True)
class PackFacts:
    """What a report says of the pack itself; all of it stands in ``provenance.json``.

    Args:
        signed_by: Fingerprint of the signer's public key; ``None`` for an unsigned pack.
        previous: Name of the pack before this one; ``None`` when there is none.
        left_out: Metrics that cannot be recomputed from a pack, with reasons.
    """

    name: str
    version: str
    frameworks: dict[str, str]
    signed_by: str | None
    previous: str | None
    left_out: dict[str, str]


def document(con: DuckDBPyConnection, chosen: Filter, asked: dict[str, Any], facts: PackFacts) -> Document:
    """Return a pack's report; ``con`` holds its tables and results."""
    span = wording.span(asked["start_at"], asked["end_at"])
    scope = "everything" if asked["scope_kind"] == "everything" else f"{asked['scope_kind']} {asked['scope_name']}"
    about = (
        ("Period", f"{span} (UTC)"),
        ("Scope", scope),
        ("Frameworks", ", ".join(facts.frameworks.values())),
        ("Workspace", asked["workspace"]),
        ("Build", f"{asked['build_id']}, as of {wording.instant(asked['as_of'])}"),
        ("Signed", f"with the key {facts.signed_by}" if facts.signed_by else "not signed"),
        ("Pack before", facts.previous or "none"),
    )
    sections = (
        Section("In short", _in_short(con, asked, facts)),
        Section("Everything in the period and scope", evidence_population.blocks(con)),
        Section("What the records show on each control", _controls(con, facts)),
        Section("What needs an explanation", _exceptions(con)),
        Section("Emergency changes and conditions", _emergencies(con)),
        Section("Sample", _sample(con)),
        Section("Metrics", _metrics(con, chosen)),
        Section("What cannot be told", _cannot_tell(con, facts)),
        Section("What a signature proves", _signature(facts)),
    )
    footer = (
        f"Twotrack {facts.version}. Every figure here is in the CSV files of the pack and can be recomputed from it: "
        f"README.md says how. {facts.name}"
    )
    banner = _DEMO if asked["kind"] == "demo" else ""
    return Document(f"Evidence pack: {scope}, {span}", about, sections, banner, footer)


def made_at(asked: dict[str, Any]) -> datetime:
    """Return the date a pack's report carries: the instant its build is as of."""
    at: datetime = asked["as_of"]
    return at


def _rows(con: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def _in_short(con: DuckDBPyConnection, asked: dict[str, Any], facts: PackFacts) -> tuple[Block, ...]:
    changes, implemented = _rows(con, _CHANGES)[0]
    deployments, unauthorised = _rows(con, _DEPLOYMENTS)[0]
    exceptions = _rows(con, "select count(*) from evidence.exceptions")[0][0]
    drawn = _rows(con, "select count(*) from pack.sample")[0][0]
    blocks: list[Block] = []
    if changes or deployments:
        said = (
            f"{wording.plural(changes, 'change')} and {wording.plural(deployments, 'production deployment')} lie in "
            f"this period and scope; {implemented:,} of the changes were implemented in it, and every test ran on each "
            f"of them. Findings that need an explanation: {exceptions:,}. Changes drawn for the auditor to test: "
            f"{drawn:,}."
        )
        blocks.append(Text(said, "lead"))
    else:
        blocks.append(Text(_NOTHING, "warning"))
    if unauthorised:
        started = f"{unauthorised:,} of the deployments started without valid authorisation for at least one change."
        blocks.append(Text(started, "warning"))
    if asked["end_at"] > asked["as_of"]:
        blocks.append(Text(f"The period is not over: the build is as of {wording.instant(asked['as_of'])}.", "warning"))
    blocks += [Text(sentence, "warning") for sentence in provenance.problems(_rows(con, _PROBLEMS))]
    if not facts.signed_by:
        blocks.append(Text(_UNSIGNED, "warning"))
    if changes and not _rows(con, "select count(*) from marts.changes where is_approval_collectable")[0][0]:
        blocks.append(Text(_NO_APPROVALS, "missing"))
    return tuple(blocks)


def _controls(con: DuckDBPyConnection, facts: PackFacts) -> tuple[Block, ...]:
    columns = (
        "Control",
        "What it asks for",
        "Tested",
        "Pass",
        "Fail",
        "Exempt",
        "Indeter- minate",
        "Not collect- able",
    )
    tables = [
        table_or(
            f"No control of {full} is mapped.",
            full,
            columns,
            [_control(*found) for found in con.execute(_CONTROLS, [short]).fetchall()],
            right=frozenset(range(2, 8)),
            widths=(1.5, 5, 0.9, 0.8, 0.8, 1, 1.1, 1.1),
        )
        for short, full in facts.frameworks.items()
    ]
    return (Text(_RESULTS_MEAN), *tables)


def _control(
    reference: str, control: str, test: str, tested: int, passed: int, failed: int, *rest: int
) -> tuple[Cell, ...]:
    fails = Cell(_n(failed), tone="signal" if failed else "plain")
    return row(reference, f"{control} ({wording.words(test)})", _n(tested), _n(passed), fails, *map(_n, rest))


def _exceptions(con: DuckDBPyConnection) -> tuple[Block, ...]:
    kinds = [row(_kind(kind), of, _n(count)) for kind, of, count in _rows(con, _EXCEPTION_KINDS)]
    counted = table_or(
        "Nothing.",
        "By kind; all of them are in data/exceptions.csv",
        ("Kind", "Record", "Count"),
        kinds,
        right=frozenset({2}),
        widths=(4, 2, 1),
    )
    if not kinds:
        return (counted,)
    records = [
        row(_kind(kind), named(record, url), wording.day(at), service, reason)
        for kind, record, at, service, reason, url in _rows(con, _EXCEPTIONS)
    ]
    columns = ("Kind", "Record", "When", "Service", "What the records show")
    return counted, table_or("", "The latest of each kind", columns, records, widths=(2.2, 3, 1.4, 1.5, 3))


def _kind(kind: str) -> str:
    """Return a kind of exception in words; a failed test is named by what it asks for."""
    return f"Failed: {wording.words(kind)}" if kind in _TESTS else wording.sentence(wording.words(kind))


def _emergencies(con: DuckDBPyConnection) -> tuple[Block, ...]:
    emergencies = [
        row(
            named(change, url), title, wording.day(at), wording.words(c or "no deployment on record"), wording.day(seen)
        )
        for change, title, url, at, c, seen in _rows(con, _EMERGENCIES)
    ]
    ledger = [
        row(named(change, url), text, wording.day(due), _status(status), Cell("open", event) if event else "none")
        for change, url, text, due, status, event in _rows(con, _CONDITIONS)
    ]
    return (
        table_or(
            "No emergency change was implemented in the period.",
            "Emergency changes",
            ("Change", "Title", "Implemented", "Authorisation", "Looked at afterwards"),
            emergencies,
            limit=_SHOWN,
            widths=(2.4, 4, 1.5, 2, 1.6),
        ),
        table_or(
            "No approval of the period set a condition.",
            "Conditions of approvals, and what met them",
            ("Change", "Condition", "Due", "Status", "Record"),
            ledger,
            limit=_SHOWN,
            widths=(2.4, 5, 1.5, 1.4, 1),
        ),
    )


def _status(status: str) -> Cell:
    return Cell(status, tone="signal" if status in {"late", "unmet"} else "plain")


def _sample(con: DuckDBPyConnection) -> tuple[Block, ...]:
    strata = [row(wording.sentence(name), _n(there), _n(drawn)) for name, there, drawn in _rows(con, _STRATA)]
    columns = ("Change type", "Implemented", "Drawn")
    empty = "There was nothing to draw from."
    return Text(_SAMPLE_IS), table_or(
        empty, "By change type", columns, strata, right=frozenset({1, 2}), widths=(3, 1, 1)
    )


def _metrics(con: DuckDBPyConnection, chosen: Filter) -> tuple[Block, ...]:
    values = [aggregate.value(con, name, chosen)[0] for name in aggregate.definitions(con)]
    rows = [row(v.label, wording.metric_amount(v), _interval(v), _n(v.denominator), v.note) for v in values]
    return (
        table_or(
            "The pack holds no metric.",
            "Each with its records in data/metrics",
            ("Metric", "Value", "95 % interval", "n", "Remark"),
            rows,
            right=frozenset({1, 3}),
            widths=(3.2, 1.3, 2, 1, 4),
        ),
    )


def _interval(value: MetricValue) -> str:
    return "" if value.low is None else f"{wording.share(value.low)} to {wording.share(value.high)}"


def _cannot_tell(con: DuckDBPyConnection, facts: PackFacts) -> tuple[Block, ...]:
    columns = ("Source", "Changes", "Description", "Risk", "Stakeholders", "Back-out plan", "Window", "Approvals")
    keeps = [
        row(source, _n(count), *("yes" if has else Cell("no", tone="signal") for has in rest))
        for source, count, *rest in _rows(con, "select * from evidence.capabilities order by source")
    ]
    caption = "What the records of each source state at all"
    blocks: list[Block] = [table_or("No source has a change here.", caption, columns, keeps, right=frozenset({1}))]
    nameless = _rows(con, "select count(*) from evidence.population_changes where service is null and team is null")[0][
        0
    ]
    if nameless:
        blocks.append(Text(f"{wording.plural(nameless, 'change')} of the population name neither service nor team."))
    if facts.left_out:
        rest = tuple((wording.words(name), f"not recomputed: {why}") for name, why in facts.left_out.items())
        blocks.append(Facts(rest))
    return tuple(blocks)


def _signature(facts: PackFacts) -> tuple[Block, ...]:
    if facts.signed_by:
        said = (
            f"This pack is signed with the Ed25519 key whose public half has the SHA-256 fingerprint {facts.signed_by}."
        )
        return Text(said), Bullets(_PROVES)
    return Text("This pack is not signed. If it were, this is what the signature would mean:", "warning"), Bullets(
        _PROVES
    )


def _n(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
