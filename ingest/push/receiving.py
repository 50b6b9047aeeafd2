"""What a proven body is: a delivery worth keeping, or a refusal that says what is wrong with it.

Owns what each kind of sender's body must look like, and where it says its own identity and event. Refuses to prove
(``signatures``), to store, and to take the body apart into records of a source (``readers``); only the product's own
records are checked here, field by field, because whoever sends them can correct them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

import orjson

from ingest.push.own_records import problems_of
from ingest.push.spool import Delivery

# Everything that says what was sent, by whom and why; nothing that proves it.
KEPT_HEADERS = (
    "content-type",
    "user-agent",
    "x-github-event",
    "x-github-delivery",
    "x-github-hook-id",
    "x-github-enterprise-host",
    "x-webhook-id",
    "x-webhook-subscription",
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
)
_LONGEST_HEADER = 256
_EVENT = re.compile(r"[A-Za-z][\w.:-]{0,99}")
_KEY = re.compile(r"[!-~]{1,200}")
_LINES = ("application/x-ndjson", "application/jsonl", "application/json-lines", "application/x-jsonlines")
_SHOWN = 20


class RefusedError(Exception):
    """A request that is not taken; ``status`` is HTTP's, ``problems`` says line by line what is wrong."""

    def __init__(self, status: int, what: str, *, problems: Sequence[str] = (), retry_after: int | None = None) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.problems = list(problems[:_SHOWN])
        self.retry_after = retry_after


@dataclass(frozen=True)
class Received:
    """A request whose body is there and proven; header names are lower case."""

    receiver: str
    receiver_type: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


def delivery_of(received: Received) -> Delivery:
    """Return the delivery that a request brings.

    Raises:
        RefusedError: Its body is not what the receiver's senders send.
    """
    text, value = _parsed(received)
    digest = hashlib.sha256(received.body).hexdigest()
    key, event = _IDENTITIES[received.receiver_type](received.headers, value)
    if key is not None and not _KEY.fullmatch(key):
        raise RefusedError(400, "The delivery's id is longer than 200 characters, or not printable ASCII.")
    if not _EVENT.fullmatch(event):
        raise RefusedError(400, "The delivery does not say in a word what happened.")
    kept = {name: received.headers[name][:_LONGEST_HEADER] for name in KEPT_HEADERS if name in received.headers}
    return Delivery(
        received.receiver,
        received.receiver_type,
        key or f"sha256:{digest}",
        event,
        received.received_at,
        orjson.dumps(kept).decode(),
        text,
        digest,
    )


def _parsed(received: Received) -> tuple[str, object]:
    """Return the body as JSON text and as a value; JSON Lines become a list, a form is opened."""
    kind = received.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded" and received.receiver_type == "github":
            text = parse_qs(received.body.decode(), strict_parsing=True, max_num_fields=8)["payload"][0]
        elif kind in _LINES:
            lines = [line for line in received.body.decode().splitlines() if line.strip()]
            return _lines(lines)
        elif kind == "application/json" or kind.endswith("+json"):
            text = received.body.decode()
        else:
            raise RefusedError(415, "The body's type must be application/json, or application/x-ndjson for lines.")
        return text, orjson.loads(text)
    except UnicodeDecodeError:
        raise RefusedError(400, "The body is not UTF-8.") from None
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, f"The body is not JSON: {error}.") from None
    except (KeyError, ValueError):
        raise RefusedError(400, "The form has no field 'payload'.") from None


def _lines(lines: Sequence[str]) -> tuple[str, object]:
    values, problems = [], []
    for number, line in enumerate(lines, 1):
        try:
            values.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            problems.append(f"line {number}: not JSON: {error}")
    if problems:
        raise RefusedError(400, "Not every line is JSON; nothing was stored.", problems=problems)
    return f"[{','.join(lines)}]", values


def _github(headers: Mapping[str, str], value: object) -> tuple[str | None, str]:
    if not isinstance(value, dict):
        raise RefusedError(400, "A webhook's body is a JSON object.")
    return headers.get("x-github-delivery"), headers.get("x-github-event", "")


def _pagerduty(headers: Mapping[str, str], value: object) -> tuple[str | None, str]:
    event = value.get("event") if isinstance(value, dict) else None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str):
        raise RefusedError(400, "The body is no PagerDuty webhook of version 3: it has no 'event' with an 'id'.")
    return event["id"], str(event.get("event_type"))


def _opsgenie(headers: Mapping[str, str], value: object) -> tuple[str | None, str]:
    alert = value.get("alert") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(alert, dict) or not isinstance(alert.get("alertId"), str):
        raise RefusedError(400, "The body is no Opsgenie webhook: it has no 'alert' with an 'alertId'.")
    # A custom action may be called anything.
    return None, re.sub(r"[^\w.:-]", "_", str(value.get("action") or ""))[:100]


def _records(headers: Mapping[str, str], value: object) -> tuple[str | None, str]:
    records = value if isinstance(value, list) else [value]
    if not records:
        raise RefusedError(400, "There is no record in the body.")
    if problems := [f"record {number}: {text}" for number, one in enumerate(records, 1) for text in problems_of(one)]:
        raise RefusedError(400, "Not every record fits its kind; nothing was stored.", problems=problems)
    return headers.get("idempotency-key") or headers.get("webhook-id"), "records"


_IDENTITIES = {"github": _github, "pagerduty": _pagerduty, "opsgenie": _opsgenie, "records": _records}
