"""A push endpoint of our own command line on the loopback, and senders that sign as their tools do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[3]
SECRET, NEXT_SECRET = "planted-secret-old-7f3a", "planted-secret-new-91bc"
ENVIRONMENT = {"PUSH_OLD": SECRET, "PUSH_NEW": NEXT_SECRET}
CONFIGURATION = """
[push]
max_body_bytes = 20000
body_seconds = 1.0
store_every_seconds = {store_every}

[[push.receiver]]
name = "github"
type = "github"
secrets = ["env:PUSH_OLD", "env:PUSH_NEW"]

[[push.receiver]]
name = "pagerduty"
type = "pagerduty"
secrets = ["env:PUSH_OLD", "env:PUSH_NEW"]

[[push.receiver]]
name = "opsgenie"
type = "opsgenie"
secrets = ["env:PUSH_OLD"]
user = "twotrack"

[[push.receiver]]
name = "deploys"
type = "records"
secrets = ["env:PUSH_OLD", "env:PUSH_NEW"]
"""


def signature(body: bytes, secret: str = SECRET, prefix: str = "sha256=") -> str:
    return prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def deployment(key: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a record
    known = {
        "service": "checkout",
        "environment": "production",
        "status": "success",
        "finished_at": "2026-07-01T12:00:00Z",
    }
    return {"kind": "deployment", "record": {"key": key, **known, **fields}}


@dataclass
class Running:
    """A server under way."""

    process: subprocess.Popen[bytes]
    url: str
    out: Path
    err: Path
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rsplit(":", 1)[1])

    def post(self, receiver: str, body: bytes | str | Any, **headers: str) -> requests.Response:  # noqa: ANN401 - JSON
        """Post a body as it is given, with these headers (``_`` for ``-``)."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.post(
            f"{self.url}/push/{receiver}", data=data, headers={"Content-Type": "application/json", **named}, timeout=20
        )

    def record(self, body: Any, **headers: str) -> requests.Response:  # noqa: ANN401 - JSON
        """Post records as a deploy tool does, signed like GitHub."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.post("deploys", data, **{"X_Hub_Signature_256": signature(data), **headers})

    def webhook(self, event: str, body: Any, delivery: str) -> requests.Response:  # noqa: ANN401 - JSON
        """Post a webhook as GitHub does."""
        data = json.dumps(body).encode()
        return self.post(
            "github", data, X_GitHub_Event=event, X_GitHub_Delivery=delivery, X_Hub_Signature_256=signature(data)
        )

    def pagerduty(self, body: Any) -> requests.Response:  # noqa: ANN401 - JSON
        """Post an event as PagerDuty does."""
        data = json.dumps(body).encode()
        return self.post("pagerduty", data, X_PagerDuty_Signature=signature(data, prefix="v1="))

    def opsgenie(self, body: Any) -> requests.Response:  # noqa: ANN401 - JSON
        """Post an alert as Opsgenie does."""
        pair = base64.b64encode(f"twotrack:{SECRET}".encode()).decode()
        return self.post("opsgenie", body, Authorization=f"Basic {pair}")

    def stop(self) -> tuple[str, str]:
        """Ask it to end; return all that it printed and complained of."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return self.out.read_text(), self.err.read_text()


@contextmanager
def running(home: Path, *, store_every: float = 3600, port: int = 0) -> Iterator[Running]:
    """Serve a workspace; the server is killed at the end if it still runs.

    Its output goes to files beside the workspace: nobody reads a pipe meanwhile, and a full one would stop the server.
    """
    home.mkdir(exist_ok=True)
    configuration = home / "twotrack.toml"
    if not configuration.exists():
        configuration.write_text(CONFIGURATION.format(store_every=store_every))
    out, err = (home.parent / f"{home.name}-{time.monotonic_ns()}.{name}" for name in ("out", "err"))
    with out.open("w") as to_out, err.open("w") as to_err:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "--home", str(home), "serve-push", "--port", str(port), "--json"],
            cwd=ROOT, env={**os.environ, **ENVIRONMENT}, stdout=to_out, stderr=to_err,
        )  # fmt: skip
    try:
        while not (line := out.read_text()).endswith("\n"):
            assert process.poll() is None, err.read_text()
            time.sleep(0.05)
        yield Running(process, json.loads(line.splitlines()[0])["address"], out, err)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
