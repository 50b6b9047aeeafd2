"""Whether the runs that read a source left nothing out between them."""

from __future__ import annotations

from dataclasses import dataclass

FINE = ("first", "continued", "read_again", "from_the_start")


@dataclass(frozen=True)
class Run:
    """One run over a stream: the mark it began from, the one it reached, and whether it came to its end."""

    key: str
    began: str | None
    reached: str | None
    is_finished: bool


def later(one: str, other: str) -> bool:
    """Whether one mark is beyond the other: counts as numbers, instants as they are written."""
    if one.isdigit() and other.isdigit():
        return int(one) > int(other)
    return one > other


def continuity(runs: list[Run]) -> dict[str, tuple[str | None, str, bool]]:
    """Return, per run of one stream in order, what was known before it, its state, and whether all was read."""
    known: str | None = None
    found = {}
    for place, run in enumerate(runs):
        state = state_of(run, known)
        is_mended = state == "broke_off" and any(other.is_finished for other in runs[place + 1 :])
        found[run.key] = known, state, state in FINE or is_mended
        if run.reached is not None and (known is None or later(run.reached, known)):
            known = run.reached
    return found


def state_of(run: Run, known: str | None) -> str:
    """Tell how a run goes on from what is known before it."""
    began = run.began if run.began is not None else known
    if run.reached is not None and began is not None and later(began, run.reached):
        return "moved_back"
    if run.began is not None and (known is None or later(run.began, known)):
        return "gap"
    if not run.is_finished:
        return "broke_off"
    if known is None:
        return "first"
    if run.began is None:
        return "from_the_start"
    return "read_again" if later(known, run.began) else "continued"
