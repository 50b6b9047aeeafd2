"""Organisations told in another way, of which the build is known from the first one's: renamed, later, in other files.

Owns how records and settings are told again, and what of a build can be compared. Which relation must hold, and which
columns it leaves open, is said by ``test_relations.py``.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb

from models.workspace import Workspace
from tests.metrics.awkward import add_sure, awkward_organisations
from tests.metrics.configured import configured
from tests.metrics.everything import everything
from tests.metrics.organisations import FIELDS, SOURCE, Records, write
from tests.metrics.real import load
from tests.published import RUN_LOG

# The build's numbers for texts that repeat: of no meaning but in the view that spells them out.
NUMBERED = {"marts.activity_actors", "marts.activity_events", "marts.activity_kinds", "marts.activity_scopes"}
AS_OF = datetime(2026, 7, 2)
SEEDS = range(30, 40)
Row = dict[str, Any]
Tables = dict[str, list[Row]]
Told = Callable[[Any], Any]


@dataclass(frozen=True)
class Organisation:
    """Records by source, the settings file, and the instant of the build."""

    records: Mapping[str, Records]
    settings: str
    as_of: datetime = AS_OF


def organisation() -> Organisation:
    """Return ten awkward organisations and two of records of every kind, side by side in one source; all in UTC.

    Local time is left out, since it does not move with the records: holidays and changes of the clocks are days.
    """
    records = awkward_organisations(SEEDS)
    add_sure(records, 0)
    others, text = everything((1001, 1002))
    for kind, rows in others.of.items():
        records.of[kind] += rows
    for number, row in enumerate(row for rows in records.of.values() for row in rows):
        row["updated_at"] = datetime(2026, 6, 30, 12) if number % 3 == 0 else None
    settings, _ = configured(SEEDS, is_unusual=False)
    settings = re.sub(r'time_zone = ".*?"', 'time_zone = "UTC"', settings)
    return Organisation({SOURCE: records}, re.sub(r"holidays = \[.*?\]", "holidays = []", settings) + text)


def retold(told: Organisation, tell: Told) -> Organisation:
    """Return the organisation with every value of its records told in another way."""
    return replace(told, records={tell(source): _each(records, tell) for source, records in told.records.items()})


def _each(records: Records, tell: Told) -> Records:
    changed = Records()
    for kind, rows in records.of.items():
        changed.of[kind] = [{name: tell(value) for name, value in row.items()} for row in rows]
    return changed


# People, the keys and services of organisations, teams, what is sure, revisions, sources, components, rules.
_NAMES = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<person>ann|bob|cat|dan|eve|robin|Ann|Eve)|(?P<voter>voter)(?P<voice>\d)"
    r"|o(?P<org>\d+)(?P<parts>(?:[a-z]\d+)*)(?:-(?P<service>web|api|pay))?|(?P<team>[te])(?P<number>\d+)"
    r"|sure(?P<sure>\d)(?P<which>[abc]?)(?P<what>i|d|r\d+)?"
    r"|(?P<revision>[0-9a-f]{40})|(?P<word>org|db1|db2|DB2|acme|Restart|low-risk))(?![A-Za-z0-9])"
)
# In the opposite order, so that whatever is decided by names is decided otherwise.
_PEOPLE = {"ann": "yve", "bob": "xan", "cat": "wyn", "dan": "vic", "eve": "ulf", "robin": "ivo"}
_SERVICES = {"web": "xat", "api": "zat", "pay": "yat"}
_WORDS = {
    "org": "inc",
    "db1": "zb8",
    "db2": "zb7",
    "DB2": "ZB7",
    "acme": "zcme",
    "Restart": "Begin again",
    "low-risk": "aa-small",
}
_TURNED = str.maketrans("0123456789abcdef", "fedcba9876543210")


def renamed(value: Any) -> Any:  # noqa: ANN401 - values of any type; texts are told in other names
    """Return a text with all names and keys replaced, one by one and in the opposite order; anything else as it is."""
    return _NAMES.sub(_rename, value) if isinstance(value, str) else value


def _rename(found: re.Match[str]) -> str:
    said = found.groupdict()
    if said["person"]:
        name = _PEOPLE[found[0].lower()]
        return name.capitalize() if found[0][0].isupper() else name
    if said["voter"]:
        return f"voter{9 - int(said['voice'])}"
    if said["org"]:
        parts = "".join(f"{letter}{999 - int(n)}" for letter, n in re.findall(r"([a-z])(\d+)", said["parts"]))
        return f"q{9000 - int(said['org'])}{parts}" + (f"-{_SERVICES[said['service']]}" if said["service"] else "")
    if said["team"]:
        return f"{'u' if said['team'] == 't' else 'e'}{90000 - int(said['number'])}"
    if said["sure"]:
        which = {"a": "z", "b": "y", "c": "x", "": ""}[said["which"]]
        return f"zure{9 - int(said['sure'])}{which}{said['what'] or ''}"
    return found[0].translate(_TURNED) if said["revision"] else _WORDS[found[0]]


def later(by: timedelta) -> Told:
    """Return what moves an instant or a day; anything else stays as it is."""
    return lambda value: value + by if isinstance(value, date) else value


def later_settings(settings: str, by: timedelta) -> str:
    """Return the settings with the days of freezes and entitlements moved."""
    return re.sub(r"\d{4}-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + by), settings)


def halves(records: Records, other: str) -> dict[str, Records]:
    """Return the records as those of two sources, every other organisation each."""
    parts = {SOURCE: Records(), other: Records()}
    for kind, rows in records.of.items():
        for row in rows:
            of = re.match(r"o(\d+)", str(row.get("subject_key") or row.get("from_key") or row["key"]))
            parts[other if of and int(of[1]) % 2 else SOURCE].of[kind].append(row)
    return parts


_OFFSETS = [timezone(timedelta(minutes=minutes)) for minutes in (330, -480, 0, 825)]


def written_otherwise(records: Records, folder: Path, source: str) -> dict[Path, Path]:
    """Write the records as tables of two months each, the last first, and an older state of some after that.

    Columns have names of their own and any order, as rows do; instants are in any offset; many rows are there twice.
    """
    chance = random.Random(source)
    folder.mkdir(parents=True)
    columns = sorted({name for fields in FIELDS.values() for name in fields})
    mapping = ['name = "months"', f'source = "{source}"', 'file = "*.csv"']
    mapping += [f"optional_columns = {[f'My {name}' for name in columns]}"]
    for kind, fields in FIELDS.items():
        mapping += ["[[record]]", f'kind = "{kind}"', 'key = "Number"', "[record.fields]"]
        mapping += [f'{name} = "My {name}"' for name in fields]
        mapping[-len(fields) - 1 : -len(fields) - 1] = [f'when = {{ column = "Kind", equals = "{kind}" }}']
    (folder / "months.toml").write_text("\n".join(mapping), encoding="utf-8")
    months: dict[str, list[Row]] = {}
    old = []
    for kind, rows in records.of.items():
        for row in rows:
            stated = {f"My {name}": _text(value, chance) for name, value in row.items() if name != "key"}
            stated |= {"Kind": kind, "Number": row["key"]}
            first = min((at for at in row.values() if isinstance(at, datetime)), default=AS_OF)
            months.setdefault(f"{first.year}-{first.month // 2}", []).extend([stated] * chance.choice((1, 1, 2)))
            if row["updated_at"]:
                kept = {name: value for name, value in stated.items() if chance.random() < 0.6}
                old.append(kept | {"Kind": kind, "Number": row["key"], "My updated_at": "2026-06-20T00:00:00Z"})
    files = [(name, rows) for name, rows in sorted(months.items(), reverse=True)]
    found = {}
    for name, rows in [*files, ("old", old), ("again", files[0][1][::3])]:
        chance.shuffle(rows)
        head = chance.sample(sorted({column for row in rows for column in row}), len({c for row in rows for c in row}))
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, head)
            table.writeheader()
            table.writerows(rows)
        found[folder / f"{name}.csv"] = folder / "months.toml"
    return found


def _text(value: object, chance: random.Random) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).astimezone(chance.choice(_OFFSETS)).isoformat()
    return value


Writer = Callable[[Records, Path, str], dict[Path, Path]]


def tables(told: Organisation, home: Path, writer: Writer = write) -> Tables:
    """Import and build an organisation, and return what the build holds."""
    build(told, home, writer)
    return tables_in(home)


def build(told: Organisation, home: Path, writer: Writer = write) -> None:
    """Import and build an organisation."""
    files: dict[Path, Path] = {}
    for source, records in told.records.items():
        files |= writer(records, home / f"files-{source}", source)
    load(home, files, told.settings, told.as_of)


def tables_in(home: Path) -> Tables:
    """Return every mart and metric of a workspace's build but the run log."""
    space = Workspace(home)
    found: Tables = {}
    with duckdb.connect(str(space.build_path(space.current_build())), read_only=True) as con:
        names = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('marts', 'metrics') order by 1"
        ).fetchall()
        for (name,) in names:
            if name not in RUN_LOG | NUMBERED:
                cursor = con.execute(f"from {name}")
                columns = [column[0] for column in cursor.description]
                found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found


def unlike(
    expected: Tables, found: Tables, *, tell: Told = lambda value: value, back: Told = lambda value: value,
    open_columns: Iterable[str] = (), keep: Callable[[str, Row], bool] = lambda name, row: True,
) -> list[str]:  # fmt: skip
    """Return a line per table that is unlike, with the nearest rows of either side.

    Args:
        expected: The tables of the first organisation.
        found: The tables of the second.
        tell: How a value of the first is told in the second.
        back: How a value of the second is told in the first.
        open_columns: Columns that may differ, by themselves or as ``table.column``.
        keep: Which rows are compared.
    """
    left_open = set(open_columns)
    lines = []
    for name in sorted(set(expected) | set(found)):
        sides = []
        for rows, say in ((expected.get(name, []), tell), (found.get(name, []), back)):
            kept = (row for row in rows if keep(name, row))
            sides.append(
                Counter(
                    tuple((c, _rounded(say(v))) for c, v in row.items() if not {c, f"{name}.{c}"} & left_open)
                    for row in kept
                )
            )
        gone, new = list((sides[0] - sides[1]).elements()), list((sides[1] - sides[0]).elements())
        if gone or new:
            near = min(new, key=lambda row: len(set(row) - set(gone[0])), default=()) if gone else new[0]
            first = gone[0] if gone else ()
            lines.append(
                f"{name}: {len(gone)} rows gone, {len(new)} new: {first[:2]}… "
                f"{sorted(set(first) - set(near), key=str)} became {sorted(set(near) - set(first), key=str)}"
            )
    return lines


def _rounded(value: Any) -> Any:  # noqa: ANN401 - values of any type; sums differ in the last digits with their order
    return float(f"{value:.9g}") if isinstance(value, float) else value
