"""``twotrack app``: the dashboard, served to this machine only."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from app.options import Command, shared_options
from app.session import Session
from models.errors import ConfigurationError, UserError
from models.workspace import CHECKOUT

LOOPBACK = "127.0.0.1"
FIRST_PORT, TRIED_PORTS = 8501, 50


@click.command("app", cls=Command, examples=("twotrack app", "twotrack app --port 9000 --no-browser"))
@click.option("--port", type=click.IntRange(1, 65_535),
              help=f"Port to listen on. [default: first free from {FIRST_PORT}]")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@shared_options
@click.pass_obj
def command(session: Session, port: int | None, no_browser: bool) -> None:
    """Open the dashboard on this machine.

    It listens on the loopback address only, sends no usage statistics, and reads the published build; a new build
    shows up by itself. Ctrl-C ends it.
    """
    session.workspace.home.mkdir(parents=True, exist_ok=True)
    serve(session, port, opens_browser=not no_browser and has_screen())


def serve(session: Session, port: int | None, *, opens_browser: bool) -> None:
    """Become the dashboard's server: this process is replaced, so signals reach it directly."""
    chosen = port or free_port()
    if port and not _is_free(port):
        raise UserError(f"Port {port} is taken.", next_step="choose another --port, or leave it out")
    url = f"http://{LOOPBACK}:{chosen}"
    session.answer({"url": url, "home": session.workspace.home})
    session.say(f"The dashboard is at {url} (Ctrl-C ends it).")
    sys.stdout.flush()
    sys.stderr.flush()
    if session.is_json:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the server says is not part of our document
    environment = {**os.environ, "TWOTRACK_HOME": str(session.workspace.home)}
    # The theme of a checkout is found from its top folder; an installed package has it beside the entry point.
    os.chdir(CHECKOUT if (CHECKOUT / ".streamlit").is_dir() else session.workspace.home)
    # What is run is this Python and our own file; nothing of it comes from outside.
    os.execve(sys.executable, server_command(chosen, opens_browser=opens_browser), environment)  # noqa: S606


def server_command(port: int, *, opens_browser: bool) -> list[str]:
    """Return the command that serves the dashboard."""
    entry = Path(__file__).resolve().parent.parent / "main.py"
    if not entry.is_file():
        raise ConfigurationError("The dashboard's files are missing.", where=str(entry), next_step="install again")
    options = {
        "server.address": LOOPBACK,
        "server.port": port,
        "server.headless": not opens_browser,
        "server.showEmailPrompt": False,
        "server.fileWatcherType": "none",
        "browser.serverAddress": LOOPBACK,
        "browser.gatherUsageStats": False,
    }
    flags = [f"--{name}={str(value).lower()}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(entry), *flags]


def has_screen() -> bool:
    """Return whether a browser could show anything; without one, Python would start a text browser in the terminal."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def free_port() -> int:
    """Return the first free port from the usual one on."""
    for port in range(FIRST_PORT, FIRST_PORT + TRIED_PORTS):
        if _is_free(port):
            return port
    raise UserError(
        f"No port from {FIRST_PORT} to {FIRST_PORT + TRIED_PORTS - 1} is free.", next_step="give one: --port"
    )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
