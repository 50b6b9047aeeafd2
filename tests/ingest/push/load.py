"""Senders at a fixed rate who send again what was not acknowledged, and a server that is killed meanwhile."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.ingest.push.endpoint import Running, deployment, running, signature

SENDERS = 16


@dataclass
class Load:
    """What was sent: keys acknowledged, and how long each acknowledged request took (s)."""

    acknowledged: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    repeated: int = 0
    late: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def under_load(home: Path, rate: float, seconds: float, kills: Sequence[float], store_every: float) -> Load:
    """Send ``rate`` deliveries a second for ``seconds``; at each of ``kills`` the server dies and is started again."""
    load, total = Load(), int(rate * seconds)
    with ExitStack() as stack:
        server = stack.enter_context(running(home, store_every=store_every))
        began = time.monotonic()
        numbers = iter(range(total))
        senders = [
            threading.Thread(target=_send, args=(load, server.port, numbers, rate, began)) for _ in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        for at in kills:
            time.sleep(max(0.0, began + at - time.monotonic()))
            server.process.kill()
            server.process.wait()
            server = _again(stack, home, server.port, store_every)
        for sender in senders:
            sender.join()
        server.stop()
    return load


def _again(stack: ExitStack, home: Path, port: int, store_every: float) -> Running:
    return stack.enter_context(running(home, store_every=store_every, port=port))


def _send(load: Load, port: int, numbers: Iterator[int], rate: float, began: float) -> None:
    session = requests.Session()
    while True:
        with load.lock:
            number = next(numbers, None)
        if number is None:
            return
        due = began + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        load.late = max(load.late, time.monotonic() - due)
        key = f"load-{number}"
        body = json.dumps(deployment(key)).encode()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature(body), "Idempotency-Key": key}
        while not _posted(session, load, port, body, headers, key):
            with load.lock:
                load.repeated += 1
            time.sleep(0.2)


def _posted(session: requests.Session, load: Load, port: int, body: bytes, headers: dict[str, str], key: str) -> bool:
    """Post once; false where nothing was acknowledged: no connection, or a request to come again."""
    sent = time.monotonic()
    try:
        answer = session.post(f"http://127.0.0.1:{port}/push/deploys", data=body, headers=headers, timeout=60)
    except requests.RequestException:
        return False
    if answer.status_code in (429, 503):
        return False
    assert answer.status_code in (200, 202), answer.text
    with load.lock:
        load.acknowledged.append(key)
        load.seconds.append(time.monotonic() - sent)
    return True
