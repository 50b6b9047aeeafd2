"""A small HTTP server on this machine that a test fills with behaviour, and that remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from ingest.items import Json


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it; ``path`` is decoded, ``raw_path`` as it travelled."""

    method: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What the server says; ``text`` instead of ``body`` for what is no JSON."""

    body: Json = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


Respond = Callable[[Asked], Answer]


class Loopback:
    """A server on a free port of this machine, as a context manager.

    ``asked`` holds every request. Answers in ``instead`` are given before ``respond`` is asked, to the requests that
    their condition fits, each once.
    """

    def __init__(self, respond: Respond) -> None:
        self.asked: list[Asked] = []
        self.instead: list[tuple[Callable[[Asked], bool], Answer]] = []
        self._respond = respond
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_port}"

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
        self._thread.join()

    def once(self, answer: Answer, when: Callable[[Asked], bool] = lambda asked: True) -> None:
        """Give ``answer`` to the next request that ``when`` fits."""
        self.instead.append((when, answer))

    def count(self, part: str = "") -> int:
        """Return how many requests had ``part`` in their path."""
        return sum(1 for asked in self.asked if part in asked.path)

    def answer(self, asked: Asked) -> Answer:
        """Remember a request and answer it."""
        self.asked.append(asked)
        for place, (when, answer) in enumerate(self.instead):
            if when(asked):
                del self.instead[place]
                return answer
        return self._respond(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                content = self.rfile.read(length)
                query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = orjson.loads(content) if content else None
                answer = loopback.answer(Asked(self.command, unquote(parts.path), parts.path, query, body, headers))
                payload = orjson.dumps(answer.body) if answer.text is None else answer.text.encode()
                self.send_response(answer.status)
                kind = "application/json" if answer.text is None else "text/html"
                for name, value in {"Content-Type": kind, **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = _serve  # noqa: N815 - the standard library's naming

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's naming
                return

        return Handler
