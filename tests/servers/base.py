"""A small HTTP server on this machine that imitates a source's API: counts requests, and fails on demand."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What the server says; ``body`` is JSON unless it is bytes."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut_after: int | None = None


@dataclass
class Fault:
    """Something that goes wrong: an answer given instead of the right one, so many times, when a request matches."""

    answer: Answer | Callable[[Asked], Answer]
    times: int = 1
    matches: Callable[[Asked], bool] = lambda asked: True


class ImitationServer:
    """Serves ``answer`` on a free port of this machine while used as a context manager.

    ``asked`` holds every request in order; ``faults`` are tried before the right answer.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, asked: Asked) -> Answer:
        """Return the right answer to a request."""
        raise NotImplementedError

    def count(self, matches: Callable[[Asked], bool] = lambda asked: True) -> int:
        """Return how many requests matched."""
        return sum(1 for asked in self.asked if matches(asked))

    def fail(
        self,
        answer: Answer | Callable[[Asked], Answer],
        times: int = 1,
        matches: Callable[[Asked], bool] = lambda asked: True,
    ) -> None:
        """Let the next matching requests go wrong."""
        self.faults.append(Fault(answer, times, matches))

    def serve_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            for fault in self.faults:
                if fault.times > 0 and fault.matches(asked):
                    fault.times -= 1
                    return fault.answer(asked) if callable(fault.answer) else fault.answer
            return self.answer(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body go out in two pieces; the second must not wait for the first to be acknowledged, as it
            # does for up to 40 ms otherwise.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                pass

            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                content = self.rfile.read(length)
                parts = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    orjson.loads(content) if content else None,
                )
                answer = server._answer(asked)
                if answer.delay:
                    time.sleep(answer.delay)
                body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
                if answer.status in (204, 304):
                    body = b""
                try:
                    self.send_response_only(answer.status)
                    if "Date" not in answer.headers:
                        self.send_header("Date", self.date_time_string())
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body if answer.cut_after is None else body[: answer.cut_after])
                    self.close_connection = answer.cut_after is not None
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client gave up waiting

        return Handler
