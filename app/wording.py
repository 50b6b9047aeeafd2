"""How values and record texts read on a page: durations, shares, dates, links, and text that stays text.

Owns formatting and escaping. Knows neither Streamlit nor the build.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from models.metric import MetricValue, percent

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MINUS, _TO = "\u2212", "\u2013"
# A formula starts a cell, or starts what another list separator would make a cell; full-width signs count too.
_FORMULA = re.compile(r"(^|[;\t\r\n])([ \"]*)(?=[=+\-@\t\r＝＋－＠])")  # noqa: RUF001 (full-width on purpose)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_WORD_JOINER = "\u2060"
# A count in a sentence: not part of a name, an address or a fraction, nor the year of a date.
_COUNT = re.compile(
    r"(?<![\w.,:/#+-])(?<!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) )[1-9][0-9]{3,}(?![\w/:#-]|[.,][0-9])"
)
# Below ten, durations keep their decimal as ``duration`` does.
_WHOLE = re.compile(r"(?<![\w.,])(?:([0-9]+)\.0(?= (?:%|min|times|changes|a week))|([1-9][0-9]+)\.0(?= (?:h|days)\b))")
_NAMED = re.compile(r"(most from .*? \([0-9]+ %\))")
_ONE = re.compile(
    r"(?<![\w.,:/#+-])1 ((?:active |failed )?)"
    r"(people|incidents|decisions|changes|deployments|attempts|approvals|conditions|services|contributors|days|"
    r"also deploy|also decide)\b"
)
_ISSUE_ADDRESS = re.compile(r"/browse/([A-Z][A-Z0-9_]*-[0-9]+)$")


def duration(seconds: float | None) -> str:
    """Return a duration as people say it, two significant figures: ``45 s``, ``12 min``, ``19 h``, ``3.4 days``."""
    if seconds is None:
        return "—"
    sign, size = (_MINUS if seconds < 0 else ""), abs(seconds)
    if size < _MINUTE:
        return f"{sign}{size:.0f} s"
    if size < 2 * _HOUR:
        return f"{sign}{size / _MINUTE:.0f} min"
    if size < 2 * _DAY:
        hours = size / _HOUR
        return f"{sign}{hours:.1f} h" if hours < 10 else f"{sign}{hours:.0f} h"
    days = size / _DAY
    return f"{sign}{days:.1f} days" if days < 10 else f"{sign}{days:,.0f} days"


def share(value: float | None) -> str:
    """Return a share as a percentage with one decimal below ten: ``7.3 %``, ``17 %``."""
    if value is None:
        return "—"
    return percent(value)


def amount(value: float | None, unit: str) -> str:
    """Return a metric's value in its unit."""
    if unit == "seconds":
        return duration(value)
    if unit == "ratio":
        return share(value)
    return "—" if value is None else f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def metric_amount(found: MetricValue) -> str:
    """Return a metric's value in its unit."""
    return amount(found.value, found.unit)


def difference(now: float, before: float, unit: str) -> str:
    """Return how far a value moved, signed: ``+8 h``, ``+2.1 points``."""
    moved = now - before
    sign = "+" if moved > 0 else _MINUS if moved < 0 else "±"
    if unit == "seconds":
        return sign + duration(abs(moved))
    if unit == "ratio":
        return f"{sign}{abs(moved) * 100:.1f} points"
    return f"{sign}{abs(moved):,.2f}"


def day(value: date | datetime | None) -> str:
    """Return a date as ``3 Nov 2025``."""
    return "—" if value is None else f"{value.day} {value:%b %Y}"


def short_day(value: date | datetime) -> str:
    """Return a date without its year, for lists within a named period: ``3 Nov``."""
    return f"{value.day} {value:%b}"


def short_key(key: str, url: str | None = None) -> str:
    """Return a record's key as people know it: a tracker's own number gives way to the issue's name in its address."""
    number, mark, place = key.partition("#")  # a condition is its issue's and a place
    if number.isdigit() and url and (found := _ISSUE_ADDRESS.search(url)):
        return found[1] + mark + place
    return key.rsplit("/", 1)[-1]


def instant(value: datetime | None) -> str:
    """Return an instant as ``3 Nov 2025 14:05 UTC``; instants are naive UTC throughout."""
    return "—" if value is None else f"{value.day} {value:%b %Y %H:%M} UTC"


def span(start: datetime, end: datetime) -> str:
    """Return a half-open period by its first and last day, as ``3 Nov`` to ``9 Nov 2025``."""
    last = end - timedelta(microseconds=1)
    if start.date() == last.date():
        return day(start)
    if start.year == last.year:
        return f"{start.day} {start:%b}{_TO}{day(last)}"
    return f"{day(start)}{_TO}{day(last)}"


def age(seconds: float) -> str:
    """Return how long ago something was, coarsely: ``3 hours``, ``12 days``."""
    for size, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {name}{'s' if count != 1 else ''}"
    return "less than a minute"


def plural(count: int, noun: str, many: str = "") -> str:
    """Return a count with its noun: ``1 change``, ``1,204 changes``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def figures(sentence_of_model: str | None) -> str:
    """Return a sentence that a model wrote with its numbers as pages write theirs: ``1,304 decisions``, ``24 h``.

    Portable SQL can neither set thousands apart nor leave off a decimal that says nothing, and it counts ``1 changes``.
    Names stay as they are; a sentence that is missing is empty.
    """
    parts = _NAMED.split(sentence_of_model or "")
    for place in range(0, len(parts), 2):
        grouped = _COUNT.sub(lambda found: f"{int(found[0]):,}", parts[place])
        parts[place] = _ONE.sub(_of_one, _WHOLE.sub(r"\1\2", grouped))
    return "".join(parts)


def _of_one(found: re.Match[str]) -> str:
    word = found[2]
    one = "person" if word == "people" else word + "s" if word.startswith("also") else word.removesuffix("s")
    return f"1 {found[1]}{one}"


def words(identifier: str) -> str:
    """Return a stored identifier as words: ``release_execution`` → ``release execution``."""
    return identifier.replace("_", " ")


def sentence(text: str) -> str:
    """Return a text with a capital first letter and nothing else touched."""
    return text[:1].upper() + text[1:]


_FAILURES = {"return": "older version brought back", "revert": "change reverted", "rollback": "rolled back"}


def failure(reasons: str | None) -> str:
    """Return why a deployment failed, in words: ``rollback, incident`` → ``rolled back, incident``."""
    return ", ".join(_FAILURES.get(word, word) for word in (reasons or "").split(", ") if word)


# What models call things for themselves, as a reader calls it.
_TERMS = {
    "prior": "approved before the start",
    "within_skew": "approved within clock skew of the start",
    "retroactive_emergency_in_sla": "emergency, approved afterwards in time",
    "retroactive": "approved after the start",
    "never": "never approved",
    "no_record": "no change record",
    "no record": "no change record",
    "other revision": "approved for another revision only",
    "not_collectable": "cannot be known from the sources",
    "opened": "opened",
    "review_request": "a request for review",
    "approval_request": "a request for approval",
    "ready_for_review": "ready for review",
    "awaiting_status": "a status that awaits approval",
    "backed_out": "backed out",
    "successful_with_issues": "successful with issues",
    "in_progress": "in progress",
}
# Whose details are people's own words: the names of freezes, and statuses as a source words them.
_OWN_WORDS = ("freeze_deployments", "pending_approvals", "planned_emergency_rate")
# What comes after these says all of it, in the metrics of hand-over.
_SAID_BY_REASON = ("never", "retroactive", "no_record")
_HAND_OVER = ("unauthorised_deployment_rate", "unauthorised_change_rate", "retroactive_approvals")
_BY_FAILURE = ("change_failure_rate", "failed_deployment_recovery_time")
_ASKED = "requested by "
_AT_BOTH_ENDS = re.compile(r"^([0-9.]+|unknown) s early, ([0-9.]+|unknown) s late$")
_A_COUNT = re.compile(r"^(?:overlaps )?[0-9]+ [a-z]+$")
_OTHERS = re.compile(r"^(overlaps (?!1 other$)[0-9,]+ other)$")


def term(code: str) -> str:
    """Return a code of a model as a reader calls it: ``within_skew`` → ``approved within clock skew of the start``."""
    return _TERMS.get(code, code)


def record_detail(metric: str, detail: str | None) -> str:
    """Return what decided about a record of a metric, as a reader says it: ``backed_out`` → ``backed out``.

    Models keep it in words of their own, which rules and downloads rely on; people's own names are left as they are.
    """
    if not detail:
        return ""
    if metric in _OWN_WORDS:
        return detail
    if metric in _BY_FAILURE:
        return failure(detail)
    if metric.startswith("lead_time_from") and ":" in detail and " " not in detail:
        return f"deployment {short_key(detail)}"
    if metric == "outside_planned_window" and (found := _AT_BOTH_ENDS.match(detail)):
        return _at_both_ends(*found.groups())
    if detail.startswith(_ASKED):
        asked = detail.removeprefix(_ASKED)
        return "asked for by " + _TERMS.get(asked, words(asked))
    head, colon, rest = detail.partition(": ")
    if rest and metric in _HAND_OVER and head in _SAID_BY_REASON:
        return _TERMS.get(rest, rest)
    if _A_COUNT.match(detail):
        return _OTHERS.sub(r"\1s", figures(detail))
    return _TERMS.get(head, head) + colon + rest


def _at_both_ends(early: str, late: str) -> str:
    """Return how far something went beyond its window, before it and after it."""
    if "unknown" in (early, late):
        return "its planned or actual times are unknown"
    beyond = [
        f"{duration(float(seconds))} {side}" for seconds, side in ((early, "early"), (late, "late")) if float(seconds)
    ]
    return ", ".join(beyond) or "within its window"


def listed(names: list[str], limit: int = 5) -> str:
    """Return names as prose: ``a, b and c``, the rest counted."""
    shown = names[:limit]
    rest = len(names) - len(shown)
    if rest:
        return ", ".join(shown) + f" and {rest:,} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}" if shown else ""


def plain(text: object, limit: int = 500) -> str:
    """Return a record's text on one line, cut, without characters that would turn the reading direction around."""
    flat = str(text)
    if not flat.isprintable():  # rare, and every cell of every table comes through here
        flat = "".join(c if c.isprintable() else " " for c in flat)
    flat = " ".join(flat.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def inert(text: object, limit: int = 200) -> str:
    """Return a record's text so that Markdown shows it as typed: nothing in it formats, links, embeds or breaks a line.

    Addresses are kept readable but are cut apart by a word joiner, since renderers link bare ones by themselves.
    """
    flat = plain(text, limit)
    flat = re.sub(r"(?i)(https?|ftp|mailto)(:)", rf"\1{_WORD_JOINER}\2", flat)
    flat = re.sub(r"(?i)\b(www)\.", rf"\1{_WORD_JOINER}.", flat)
    flat = flat.replace("@", f"@{_WORD_JOINER}")
    flat = re.sub(r":(?=\w)", f":{_WORD_JOINER}", flat)
    return _PUNCTUATION.sub(r"\\\1", flat)


def chart_text(text: object, limit: int = 60) -> str:
    """Return a record's text for a chart label, whose renderer reads a few HTML tags."""
    flat = plain(text, limit)
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def safe_url(url: str | None) -> str | None:
    """Return an address only if it is plain http(s) with a host and no credentials; anything else is no link."""
    if not url or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            return None
    except ValueError:
        return None
    return url


def cell(value: object) -> object:
    """Return a value for a spreadsheet: text that it would run as a formula gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    return "'" + value if value.startswith("\n") else harmless(value)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs, whatever list separator it assumes; a harmless one is returned as is."""
    return _FORMULA.sub(r"\1'\2", text)
