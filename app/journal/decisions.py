"""What retrospectives decided: each decision with owner, due date and what became of it.

Owns one table of the workspace's SQLite journal, and the TOML file that may fill it. Knows no build and no page.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.journal.file import opened, text_of
from models.errors import InputError

State = Literal["open", "done", "dropped"]
LONGEST = 500
_SCHEMA = """
create table if not exists decisions (
    decision_id integer primary key,
    period text not null,
    period_start text not null,
    period_end text not null,
    team text not null default '',
    text text not null,
    owner text,
    due_on text,
    state text not null default 'open',
    outcome text,
    entered_at text not null,
    settled_at text,
    unique (period, team, text)
)
"""
_COLUMNS = "decision_id, period, period_start, period_end, team, text, owner, due_on, state, outcome"


@dataclass(frozen=True)
class Held:
    """The retrospective a decision was taken in: its period's name, first day and the day after its last, and team."""

    period: str
    start: date
    end: date
    team: str = ""


@dataclass(frozen=True)
class Decision:
    """One decision; ``outcome`` says what became of it, in words."""

    decision_id: int
    held: Held
    text: str
    owner: str | None
    due_on: date | None
    state: State
    outcome: str | None

    def is_overdue(self, on: date) -> bool:
        """Whether it is still open after its due date."""
        return self.state == "open" and self.due_on is not None and self.due_on < on


def taken_in(path: Path, held: Held) -> list[Decision]:
    """Return the decisions of one retrospective, in the order entered."""
    return [one for one in _all(path) if one.held.period == held.period and one.held.team == held.team]


def carried_into(path: Path, held: Held) -> list[Decision]:
    """Return what opens a retrospective: all of the last one before it, and what is still open of earlier ones.

    A team's retrospective opens with its own decisions, that of everybody with those of no particular team.
    """
    earlier = [one for one in _all(path) if one.held.team == held.team and one.held.end <= held.start]
    if not earlier:
        return []
    last = max(one.held.end for one in earlier)
    return [one for one in earlier if one.held.end == last or one.state == "open"]


@dataclass(frozen=True)
class Past:
    """One retrospective that took decisions, and how many of them became what."""

    held: Held
    decided: int
    done: int
    dropped: int
    still_open: int
    overdue: int


def history(path: Path, team: str, on: date) -> list[Past]:
    """Return every retrospective of a team that took decisions, newest first, as it stands on a day."""
    found: dict[Held, list[Decision]] = {}
    for one in _all(path):
        if one.held.team == team and one.held.start <= on:
            found.setdefault(one.held, []).append(one)
    newest_first = sorted(found.items(), key=lambda both: (both[0].start, both[0].end), reverse=True)
    return [_past(held, taken, on) for held, taken in newest_first]


def _past(held: Held, taken: list[Decision], on: date) -> Past:
    states = [one.state for one in taken]
    overdue = sum(one.is_overdue(on) for one in taken)
    return Past(held, len(taken), states.count("done"), states.count("dropped"), states.count("open"), overdue)


def decide(
    path: Path, held: Held, text: str, *, owner: str | None = None, due_on: date | None = None, state: State = "open",
    outcome: str | None = None,
) -> None:  # fmt: skip
    """Enter a decision; entering the same text for the same retrospective again corrects it.

    Raises:
        InputError: An empty or very long text, or a state there is not.
    """
    words = text_of(text, LONGEST, "A decision")
    if state not in get_args(State):
        raise InputError(
            f"'{state}' is no state of a decision.",
            next_step=f"one of {', '.join(get_args(State))}",
            kept="nothing was written",
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with opened(path, _SCHEMA) as con:
        con.execute(
            """insert into decisions
                (period, period_start, period_end, team, text, owner, due_on, state, outcome, entered_at, settled_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (period, team, text) do update set owner = excluded.owner, due_on = excluded.due_on,
                state = excluded.state, outcome = excluded.outcome, settled_at = excluded.settled_at""",
            [held.period, held.start.isoformat(), held.end.isoformat(), held.team, words, _line(owner),
             due_on.isoformat() if due_on else None, state, _line(outcome), now, None if state == "open" else now],
        )  # fmt: skip


def settle(path: Path, decision_id: int, state: State, outcome: str | None = None) -> None:
    """Say what became of a decision. Raises ``InputError`` when there is none of that number."""
    with opened(path, _SCHEMA) as con:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        changed = con.execute(
            "update decisions set state = ?, outcome = ?, settled_at = ? where decision_id = ?",
            [state, _line(outcome), None if state == "open" else now, decision_id],
        ).rowcount
    if not changed:
        raise InputError(
            f"There is no decision {decision_id}.",
            kept="nothing was written",
            next_step="load the page again: it lists those there are",
        )


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, max_length=LONGEST)
    owner: str | None = None
    due: date | None = None
    state: State = "open"
    outcome: str | None = None
    period: str | None = None
    team: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One ``[[decision]]`` of a file; ``period`` is ``None`` for the retrospective being reported."""

    text: str
    owner: str | None
    due_on: date | None
    state: State
    outcome: str | None
    period: str | None
    team: str


def read_file(path: Path) -> list[Entry]:
    """Return the decisions of a TOML file.

    Raises:
        InputError: It cannot be read, is not TOML, or a key is unknown or does not fit.
    """
    try:
        parsed = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The decisions cannot be read: {error}.",
            where=str(path),
            kept="nothing was written",
            next_step="check the file's name, that you may read it, and that it is UTF-8 text",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"The decisions are not valid TOML: {error}.",
            where=str(path),
            kept="nothing was written",
            next_step="correct that line and run again",
        ) from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise InputError(
            f"The decisions do not fit: {found}.", where=str(path), kept="nothing was written",
            next_step="[[decision]] takes text, owner, due, state (open, done, dropped), outcome, period, team",
        ) from error  # fmt: skip
    return [Entry(e.text, e.owner, e.due, e.state, e.outcome, e.period, e.team) for e in parsed.decision]


def _all(path: Path) -> list[Decision]:
    if not path.is_file():
        return []
    with opened(path, _SCHEMA) as con:
        rows = con.execute(f"select {_COLUMNS} from decisions order by period_start, decision_id").fetchall()
    return [
        Decision(
            key, Held(period, date.fromisoformat(start), date.fromisoformat(end), team), text, owner,
            date.fromisoformat(due) if due else None, state, outcome,
        )
        for key, period, start, end, team, text, owner, due, state, outcome in rows
    ]  # fmt: skip


def _line(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None
