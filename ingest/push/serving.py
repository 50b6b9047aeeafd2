"""Running the push endpoint: the listening socket, the server, the writer, and the takeover in the background.

Owns what runs beside what, and how it all ends: on SIGTERM or Ctrl-C no new connection is accepted, requests under way
are answered, and what they brought is on disk before the process leaves. Refuses to print: whoever calls is told.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import duckdb
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ingest.push.committing import Committer
from ingest.push.server import Endpoint, Receiver, Tell, application
from ingest.push.signatures import Proof
from ingest.push.spool import Spool, SpoolState
from ingest.push.takeover import take_over
from ingest.secrets import Scrubber, resolve
from ingest.store import RawStore
from models.errors import UserError, WorkspaceBusyError
from models.settings import PushSettings
from models.workspace import BRIEF_WRITER, Workspace

log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 1000
_LARGEST_HEAD = 32 * 1024
_HEAD_SECONDS = 10.0
_MEMORY = "512MB"


@dataclass(frozen=True)
class Address:
    """Where the endpoint listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        """Return the endpoint's address as a URL."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class _PatientlessProtocol(H11Protocol):
    """uvicorn's protocol, which waits for a request's head only so long; of itself it waits for ever."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Set the deadline while a head is awaited, and lift it once the request is there."""
        is_under_way = self.cycle is not None and not self.cycle.response_complete
        if is_under_way:
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn's server, with signals left to us: it would raise them again once it has ended well."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def listening(host: str, port: int) -> tuple[socket.socket, Address]:
    """Return a listening socket and where it listens; port 0 takes any free one.

    Raises:
        UserError: The address is not ours, or the port is taken.
    """
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise UserError(
            f"The endpoint cannot listen on {host} port {port}: {error.strerror or error}.",
            where="push in twotrack.toml",
            kept="nothing was changed",
            next_step="choose another --port or --host",
        ) from None
    bound = listener.getsockname()
    return listener, Address(str(bound[0]), int(bound[1]))


def receivers_of(settings: PushSettings, scrub: Scrubber) -> dict[str, Receiver]:
    """Return the receivers with their secrets, which ``scrub`` learns as well; raises ``ConfigurationError``."""
    found = {}
    for receiver in settings.receiver:
        try:
            secrets = [resolve(reference) for reference in receiver.secrets]
        except UserError as error:
            error.where = f"secrets of [[push.receiver]] {receiver.name} in twotrack.toml"
            raise
        scrub.learn(secrets)
        proof = Proof(receiver.type, secrets, receiver.user, receiver.header, settings.clock_tolerance_seconds)
        found[receiver.name] = Receiver(receiver.name, receiver.type, proof)
    return found


def serve(workspace: Workspace, settings: PushSettings, listener: socket.socket, tell: Tell) -> None:
    """Serve until SIGTERM or Ctrl-C; ``tell`` gets the fields of a log line, cleaned of every secret.

    Raises:
        UserError: A secret cannot be read, or the spool cannot be opened.
    """
    scrub = Scrubber()

    def clean(line: object) -> None:
        fields = dict(line) if isinstance(line, dict) else {}
        tell({name: scrub.text(value) if isinstance(value, str) else value for name, value in fields.items()})

    receivers = receivers_of(settings, scrub)
    with Spool(workspace.spool_path) as spool:
        committer = Committer(spool)
        endpoint = Endpoint(
            receivers, committer, lambda: _state(workspace), settings.max_body_bytes, settings.body_seconds, clean
        )
        with _running(committer), _taking_over(workspace, settings.store_every_seconds, clean):
            asyncio.run(_serve(endpoint, settings, listener))
    clean({"event": "stopped", "requests": {name: one.counts for name, one in receivers.items()}})


async def _serve(endpoint: Endpoint, settings: PushSettings, listener: socket.socket) -> None:
    logging.getLogger("uvicorn").setLevel(logging.DEBUG if log.isEnabledFor(logging.DEBUG) else logging.CRITICAL)
    server = _Server(
        uvicorn.Config(
            application(endpoint),
            http=_PatientlessProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            timeout_graceful_shutdown=int(settings.body_seconds) + 5,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    await server.serve(sockets=[listener])


@contextmanager
def _running(committer: Committer) -> Iterator[None]:
    committer.start()
    try:
        yield
    finally:
        committer.stop()


@contextmanager
def _taking_over(workspace: Workspace, every_seconds: float, tell: Callable[[object], None]) -> Iterator[None]:
    """Take deliveries over into the raw store now and then, beside what happens inside."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_seconds):
            _take_over_once(workspace, ended, tell)

    thread = threading.Thread(target=run, name="takeover")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _take_over_once(workspace: Workspace, ended: threading.Event, tell: Callable[[object], None]) -> None:
    """Take over what waits, unless a sync, a build or a reader has the workspace: then the next turn does."""
    if not _state(workspace).waiting:
        return
    with ExitStack() as held:
        try:
            held.enter_context(workspace.writing(BRIEF_WRITER))
        except WorkspaceBusyError:
            return
        except UserError as error:
            tell({"event": "not taken over", "reason": error.what})
            return
        tell(_taken_over(workspace, ended))


def _taken_over(workspace: Workspace, ended: threading.Event) -> dict[str, object]:
    """Take over what waits and return what is told of it; a database that another program has open is told as well."""
    try:
        with RawStore(workspace.raw_path, memory_limit=_MEMORY) as store:
            taken = take_over(store, workspace.spool_path, BRIEF_WRITER, until=ended.is_set)
    except (UserError, duckdb.Error, OSError) as error:
        what = error.what if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return {"event": "not taken over", "reason": what}
    return {"event": "taken over", "deliveries": taken.deliveries, "unread": taken.unread}


def _state(workspace: Workspace) -> SpoolState:
    with Spool(workspace.spool_path) as spool:
        return spool.state()
