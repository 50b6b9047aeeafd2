"""The HTTP side of the push endpoint: ``POST /push/<receiver>`` and ``GET /health``.

Owns bounds (size, time, memory), statuses, and that nothing is acknowledged before the spool has it on disk. Refuses to
parse HTTP (uvicorn and h11 do), to prove (``signatures``) and to judge bodies (``receiving``).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingest.push.committing import Committer, WriterBehindError
from ingest.push.receiving import KEPT_HEADERS, Received, RefusedError, delivery_of
from ingest.push.signatures import Proof
from ingest.push.spool import Delivery, Outcome, SpoolState

log = logging.getLogger(__name__)

_RETRY_SECONDS = 5
_FULL_RETRY_SECONDS = 60
_BODIES_AT_ONCE = 4  # of the largest size: what bodies under way may hold in memory together
_SLOW_TO_CHECK = 256 * 1024  # bytes; larger bodies are hashed and parsed beside the loop

Now = Callable[[], datetime]
Tell = Callable[[Mapping[str, object]], None]


@dataclass
class Receiver:
    """A receiver in force: its name, type, how senders prove themselves, and counts since the start."""

    name: str
    type: str
    proof: Proof
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Endpoint:
    """What every request needs.

    Args:
        receivers: By name.
        committer: Writes to the spool.
        state: Returns how the spool stands, for the health page.
        max_body_bytes: Larger bodies are refused and not read to their end.
        body_seconds: A body that has not arrived by then is given up.
        tell: Called with the fields of a log line for every request.
        now: The clock.
    """

    receivers: Mapping[str, Receiver]
    committer: Committer
    state: Callable[[], SpoolState]
    max_body_bytes: int
    body_seconds: float
    tell: Tell
    now: Now = lambda: datetime.now(UTC)
    held_bytes: int = 0

    async def push(self, request: Request) -> Response:
        """Answer a delivery."""
        began = time.monotonic()
        name = str(request.path_params["receiver"])
        line: dict[str, object] = {"receiver": name if name in self.receivers else "(unknown)"}
        try:
            delivery, outcome = await self._taken(request, name)
            line |= {"event": delivery.event, "delivery": delivery.key, "bytes": len(delivery.body)}
            response = _answer(delivery, outcome)
        except RefusedError as refused:
            line["refused"] = refused.what
            response = refusal(refused)
        except ClientDisconnect:
            line["refused"] = "the sender went away"
            response = Response(status_code=400)
        status = response.status_code
        if receiver := self.receivers.get(name):
            receiver.counts[str(status)] = receiver.counts.get(str(status), 0) + 1
        self.tell({**line, "status": status, "milliseconds": round((time.monotonic() - began) * 1000, 1)})
        return response

    async def _taken(self, request: Request, name: str) -> tuple[Delivery, Outcome]:
        receiver = self.receivers.get(name)
        if receiver is None:
            raise RefusedError(404, "There is no such receiver.")
        headers = {key.lower(): value for key, value in request.headers.items()}
        if headers.get("content-encoding", "identity") != "identity":
            raise RefusedError(415, "Compressed bodies are not taken.")
        if not receiver.proof.needs_body and not receiver.proof.holds(headers, b"", self.now()):
            raise RefusedError(401, "The secret is missing or wrong.")
        parts = bytearray()
        try:
            await self._read(request, parts)
            received = Received(name, receiver.type, headers, bytes(parts), self.now())
            delivery = await self._checked(receiver, received)
            return delivery, await self._committed(delivery)
        finally:
            self.held_bytes -= len(parts)

    async def _read(self, request: Request, parts: bytearray) -> None:
        """Read the body into ``parts``; raises once it is too large, too slow, or too much together with the others."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.max_body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self.body_seconds):
                async for chunk in request.stream():
                    parts += chunk
                    self.held_bytes += len(chunk)
                    if len(parts) > self.max_body_bytes:
                        raise self._too_large()
                    if self.held_bytes > _BODIES_AT_ONCE * self.max_body_bytes:
                        raise RefusedError(503, "Too many bodies are on their way.", retry_after=_RETRY_SECONDS)
        except TimeoutError:
            raise RefusedError(408, f"The body did not arrive within {self.body_seconds:g} s.") from None

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"The body is larger than {self.max_body_bytes:,} bytes.")

    async def _checked(self, receiver: Receiver, received: Received) -> Delivery:
        def check() -> Delivery:
            proof = receiver.proof
            if proof.needs_body and not proof.holds(received.headers, received.body, received.received_at):
                raise RefusedError(401, "The signature is missing or does not fit the body.")
            kept = (received.headers.get(name, "") for name in KEPT_HEADERS)
            if proof.leaks(kept, received.body):
                raise RefusedError(400, "The delivery holds the receiver's secret itself; it was not stored.")
            return delivery_of(received)

        return await asyncio.to_thread(check) if len(received.body) > _SLOW_TO_CHECK else check()

    async def _committed(self, delivery: Delivery) -> Outcome:
        try:
            outcome = await asyncio.wrap_future(self.committer.submit(delivery))
        except WriterBehindError:
            raise RefusedError(
                429, "Deliveries come faster than the disk takes them.", retry_after=_RETRY_SECONDS
            ) from None
        except sqlite3.Error as error:
            log.debug("the spool cannot be written", exc_info=True)
            what = f"Nothing can be stored now ({error}); the delivery was not taken."
            raise RefusedError(503, what, retry_after=_FULL_RETRY_SECONDS) from None
        if outcome is Outcome.CONFLICT and delivery.receiver_type == "records":
            raise RefusedError(409, "The idempotency key was used before, with another body.")
        return outcome

    async def health(self, request: Request) -> Response:
        """Answer whether deliveries can be taken, and how the spool stands; no names, no counts of a receiver."""
        try:
            state = await asyncio.to_thread(self.state)
        except sqlite3.Error:
            return refusal(RefusedError(503, "The spool cannot be read.", retry_after=_RETRY_SECONDS))
        return JSONResponse(
            {
                "status": "ok",
                "waiting": state.waiting,
                "received": state.received,
                "last_delivery_at": state.last_at.isoformat() if state.last_at else None,
            }
        )


def application(endpoint: Endpoint) -> Starlette:
    """Return the ASGI application."""
    routes = [
        Route("/push/{receiver}", endpoint.push, methods=["POST"]),
        Route("/health", endpoint.health, methods=["GET"]),
    ]

    async def explained(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        what = {404: "There is nothing here.", 405: "Deliveries are posted."}.get(status, "The request is wrong.")
        endpoint.tell({"receiver": "(none)", "status": status, "refused": what})
        response = refusal(RefusedError(status, what))
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    return Starlette(routes=routes, exception_handlers={HTTPException: explained})


def _answer(delivery: Delivery, outcome: Outcome) -> Response:
    """Return 202 for what is new, 200 for what was held already; both say the delivery's key."""
    is_new = outcome is Outcome.STORED
    return JSONResponse(
        {"status": "stored" if is_new else "already stored", "delivery": delivery.key}, 202 if is_new else 200
    )


def refusal(refused: RefusedError) -> Response:
    """Return a refusal; the connection is closed where the rest of the body must not be read."""
    headers = {"Connection": "close"} if refused.status in (401, 404, 408, 413, 415, 503) else {}
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    document: dict[str, object] = {"error": refused.what}
    if refused.problems:
        document["problems"] = refused.problems
    return JSONResponse(document, refused.status, headers)
