"""``twotrack serve-push``: the endpoint that other tools post to."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from app.options import Command, shared_options
from app.session import Session, harmless
from models.errors import ConfigurationError


@click.command(
    "serve-push",
    cls=Command,
    examples=(
        "twotrack serve-push",
        "twotrack serve-push --port 9100 --json",
        "twotrack --home ~/payments serve-push --host 10.0.0.5",
    ),
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on. [default: push.host, this machine only]")
@click.option("--port", type=click.IntRange(0, 65_535), metavar="PORT",
              help="Port to listen on; 0 takes any free one. [default: push.port]")  # fmt: skip
@shared_options
@click.pass_obj
def command(session: Session, host: str | None, port: int | None) -> None:
    """Receive webhooks and records from other tools over HTTP.

    It runs until SIGTERM or Ctrl-C. GitHub, PagerDuty, Opsgenie and any CI or deploy tool post to /push/NAME, where
    NAME is a [[push.receiver]] of twotrack.toml. A delivery is proven by its signature, stored once, and on disk before
    it is acknowledged; every minute, and at the start of a sync, an import and a build, deliveries move into the raw
    store. GET /health answers whether the endpoint works. With --json every request is one line of JSON.
    """
    from app.kind import require_kind
    from ingest.push.serving import listening, serve

    require_kind(session, "live", "twotrack serve-push")
    settings = session.settings().push
    if not settings.receiver:
        raise ConfigurationError(
            "No push receiver is configured.",
            where=str(session.workspace.config_path),
            kept="nothing was changed",
            next_step="add a [[push.receiver]] section with name, type and secrets; see docs/sources/push.md",
        )
    listener, address = listening(host or settings.host, settings.port if port is None else port)
    session.kept = "every acknowledged delivery is on disk"
    session.next_step = "start it again"
    _tell(session, {"event": "listening", "address": str(address), "receivers": [r.name for r in settings.receiver]})
    if not address.is_loopback:
        session.notice("Other machines can reach it, and nothing is encrypted: let a proxy with TLS stand before it.")
    with listener:
        serve(session.workspace, settings, listener, lambda line: _tell(session, line))


def _tell(session: Session, line: Mapping[str, object]) -> None:
    """Print one log line: as JSON, or for people, who with --quiet see only how it began."""
    at = datetime.now(UTC)
    if session.is_json:
        sys.stdout.write(json.dumps({"at": at.isoformat(), **line}) + "\n")
    elif not session.is_quiet or line.get("event") == "listening":
        text = "  ".join(f"{name}={_shown(value)}" for name, value in line.items())
        sys.stdout.write(harmless(f"{at:%H:%M:%S}  {text}") + "\n")
    sys.stdout.flush()


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
