"""Small charts as SVG text: a metric's weeks with their limits, and the two tracks side by side.

Owns geometry and the words that stand in for a picture. Static, no script, no outside reference; the same input gives
the same text. Colours are doubled by shape or dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from app import wording
from app.limits import Behaviour

GOVERNANCE, EXECUTION, INK, MUTED, GRID, BAND, SIGNAL = (
    "#12436D", "#F46A25", "#1b232b", "#5b6773", "#e4e8ec", "#eef1f4", "#b0123f",
)  # fmt: skip
_WIDTH, _HEIGHT = 720, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 14, 30
_LINE = 14
_SMALLEST = 1e-9
_SCALES = ((86400.0, "days"), (3600.0, "h"), (60.0, "min"))


@dataclass(frozen=True)
class _Frame:
    """The plot's area, and where a position and a value lie in it."""

    count: int
    top_value: float
    font: str
    height: int = _HEIGHT

    def x(self, place: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place + 0.5) / max(self.count, 1)

    def y(self, value: float) -> float:
        area = self.height - _TOP - _BOTTOM
        return _TOP + area * (1 - value / (self.top_value or 1.0))

    def page(self, parts: Sequence[str], label: str) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {self.height}" role="img" '
            f'aria-label="{escape(label, quote=True)}" font-family="{escape(self.font, quote=True)}" font-size="12" '
            f'fill="{INK}">{"".join(parts)}</svg>'
        )


def _n(value: float) -> str:
    """Return a coordinate with at most one decimal, so that the text is short and always the same."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = MUTED) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "", width: float = 1) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{colour}" '
        f'stroke-width="{_n(width)}"{dashed}/>'
    )


def _nice_top(value: float) -> float:
    """Return a round number at or above a value, whose half is round too."""
    if value < _SMALLEST:
        return 1.0
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if power * step >= value * (1 - 1e-9))


def _scale(unit: str, largest: float) -> tuple[float, str]:
    """Return what stored values are divided by, and the unit that gives."""
    if unit == "ratio":
        return 0.01, "%"
    if unit == "seconds":
        return next(((per, name) for per, name in _SCALES if largest >= 2 * per), (1.0, "s"))
    return 1.0, ""


def behaviour_chart(found: Behaviour, unit: str, colour: str, judged_from: date, label: str, font: str) -> str:
    """Draw a metric week by week with its limits; signals are red diamonds, weeks too thin to judge hollow circles."""
    values = [week.value for week in found.weeks if week.value is not None]
    highest = max([*values, found.limits.upper if found.limits else 0.0], default=0.0)
    per, suffix = _scale(unit, highest)
    frame = _Frame(len(found.weeks), _nice_top(highest / per * 1.05), font)
    parts = [*_grid(frame, suffix), *_limits(frame, found, per), *_weeks_axis(frame, [w.week for w in found.weeks])]
    parts += _period_start(frame, found, judged_from)
    hits = {signal.week for signal in found.signals}
    points = [(i, frame.y(week.value / per), week) for i, week in enumerate(found.weeks) if week.value is not None]
    path = " ".join(
        f"{'L' if k and points[k - 1][0] == i - 1 else 'M'}{_n(frame.x(i))} {_n(y)}"
        for k, (i, y, _) in enumerate(points)
    )
    if path:
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    for i, y, week in points:
        x = frame.x(i)
        if week.week in hits:
            parts.append(f'<path d="M{_n(x)} {_n(y - 6)}l6 6l-6 6l-6 -6z" fill="{SIGNAL}"/>')
        else:
            fill = colour if week.is_judged else "#ffffff"
            parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3" fill="{fill}" stroke="{colour}"/>')
    return frame.page(parts, label)


def _grid(frame: _Frame, suffix: str) -> list[str]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        value = frame.top_value * share
        y = frame.y(value)
        parts.append(_line(_LEFT, y, _WIDTH - _RIGHT, y, GRID))
        parts.append(_text(_LEFT - 6, y + 4, f"{value:g}{' ' if suffix else ''}{suffix}", "end"))
    return parts


def _limits(frame: _Frame, found: Behaviour, per: float) -> list[str]:
    if found.limits is None:
        return []
    upper, lower, centre = (
        frame.y(value / per) for value in (found.limits.upper, found.limits.lower, found.limits.centre)
    )
    return [
        f'<rect x="{_LEFT}" y="{_n(upper)}" width="{_WIDTH - _LEFT - _RIGHT}" height="{_n(max(lower - upper, 0))}" '
        f'fill="{BAND}"/>',
        _line(_LEFT, upper, _WIDTH - _RIGHT, upper, MUTED, "2 3"),
        _line(_LEFT, lower, _WIDTH - _RIGHT, lower, MUTED, "2 3"),
        _line(_LEFT, centre, _WIDTH - _RIGHT, centre, MUTED, "7 4"),
    ]


def _period_start(frame: _Frame, found: Behaviour, judged_from: date) -> list[str]:
    before = sum(1 for week in found.weeks if week.week < judged_from)
    if not 0 < before < len(found.weeks):
        return []
    x = (frame.x(before - 1) + frame.x(before)) / 2
    return [_line(x, _TOP - 6, x, frame.height - _BOTTOM, INK), _text(x + 4, _TOP, "this period", "start", INK)]


def _weeks_axis(frame: _Frame, weeks: Sequence[date]) -> list[str]:
    if not weeks:
        return []
    step = max(1, len(weeks) // 6)
    return [
        _text(frame.x(i), frame.height - _BOTTOM + 18, f"{weeks[i].day} {weeks[i]:%b}", "middle")
        for i in range(0, len(weeks), step)
    ]


def behaviour_in_words(found: Behaviour, unit: str, label: str) -> str:
    """Return what a chart of a metric's weeks shows, in words."""
    judged = [week for week in found.weeks if week.value is not None]
    if not judged:
        return f"{label} by week: no week has a value."
    text = (
        f"{label} by week, {len(found.weeks)} weeks from {wording.day(found.weeks[0].week)}: first "
        f"{wording.amount(judged[0].value, unit)}, last {wording.amount(judged[-1].value, unit)}."
    )
    if found.limits is None:
        return f"{text} Too few weeks for limits."
    text += (
        f" Usual {wording.amount(found.limits.centre, unit)}, limits {wording.amount(found.limits.lower, unit)} to "
        f"{wording.amount(found.limits.upper, unit)}."
    )
    if not found.signals:
        return f"{text} No week of this period is a signal."
    named = [f"{wording.day(s.week)} ({wording.amount(s.value, unit)}, {s.rule})" for s in found.signals]
    weeks = "Signal in the week of" if len(named) == 1 else "Signals in the weeks of"
    return f"{text} {weeks} {wording.listed(named)}."


@dataclass(frozen=True)
class TrackWeek:
    """One week of both tracks: decisions, production deployments, and those of them without valid authorisation."""

    week: date
    decisions: int
    deployments: int
    unauthorised: int


def tracks_chart(weeks: Sequence[TrackWeek], label: str, font: str) -> str:
    """Draw decisions upwards and deployments downwards, by week, from one middle line."""
    height = 240
    frame = _Frame(len(weeks), 1.0, font, height)
    top = _nice_top(max((max(w.decisions, w.deployments) for w in weeks), default=1))
    # Room for a line of words above and below the bars: beside them a wide font would be cut off.
    middle, half = (height - _BOTTOM + _TOP) / 2, (height - _BOTTOM - _TOP) / 2 - _LINE
    bar = max(2.0, min(24.0, (_WIDTH - _LEFT - _RIGHT) / max(len(weeks), 1) * 0.6))
    parts = [
        _text(_LEFT, middle - half - 5, "decisions", "start", GOVERNANCE),
        _text(_LEFT, middle + half + _LINE, "deployed", "start", EXECUTION),
        _text(_LEFT - 6, middle - half + 4, f"{top:g}", "end"), _text(_LEFT - 6, middle + half + 4, f"{top:g}", "end"),
    ]  # fmt: skip
    for i, week in enumerate(weeks):
        x = frame.x(i) - bar / 2
        up, down, bad = (half * n / top for n in (week.decisions, week.deployments, week.unauthorised))
        parts.append(_bar(x, middle - up, bar, up, GOVERNANCE))
        parts.append(_bar(x, middle, bar, down, EXECUTION))
        if bad:
            parts.append(_bar(x, middle, bar, bad, SIGNAL))
    parts.append(_line(_LEFT, middle, _WIDTH - _RIGHT, middle, INK))
    parts += _weeks_axis(frame, [week.week for week in weeks])
    return frame.page(parts, label)


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{colour}"/>' if height else ""
    )


def tracks_in_words(weeks: Sequence[TrackWeek]) -> str:
    """Return what the chart of both tracks shows, in words."""
    decided, shipped, bad = (
        sum(getattr(w, name) for w in weeks) for name in ("decisions", "deployments", "unauthorised")
    )
    return (
        f"Both tracks over {wording.plural(len(weeks), 'week')}: {wording.plural(decided, 'decision')} on changes and "
        f"{wording.plural(shipped, 'production deployment')}, {bad:,} of them without valid authorisation."
    )


def level_chart(
    points: Sequence[tuple[date, float]], baseline: float | None, onset: date | None, label: str, font: str
) -> str:
    """Draw a share from 0 to 1 week by week, with its baseline and where it began to move."""
    frame = _Frame(len(points), _nice_top(max([value for _, value in points] + [baseline or 0.0]) * 100 * 1.05), font)
    parts = [*_grid(frame, "%"), *_weeks_axis(frame, [week for week, _ in points])]
    if baseline is not None:
        y = frame.y(baseline * 100)
        parts += [_line(_LEFT, y, _WIDTH - _RIGHT, y, MUTED, "7 4"), _text(_WIDTH - _RIGHT, y - 5, "baseline", "end")]
    since = next((i for i, (week, _) in enumerate(points) if onset is not None and week >= onset), None)
    if since is not None:
        x = frame.x(since)
        # Where little room is left, the words stand before the line.
        anchor, shift = ("end", -4) if x > _WIDTH * 0.75 else ("start", 4)
        parts += [
            _line(x, _TOP - 6, x, frame.height - _BOTTOM, SIGNAL),
            _text(x + shift, _TOP, f"since about {onset.day} {onset:%b %Y}" if onset else "", anchor, SIGNAL),
        ]
    path = " ".join(
        f"{'L' if i else 'M'}{_n(frame.x(i))} {_n(frame.y(value * 100))}" for i, (_, value) in enumerate(points)
    )
    parts.append(f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.8"/>')
    return frame.page(parts, label)
