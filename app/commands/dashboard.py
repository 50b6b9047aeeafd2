"""``twotrack app``: the dashboard, served to this machine only."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

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
    session.output = session.workspace.home
    session.workspace.home.mkdir(parents=True, exist_ok=True)
    chosen = choose_port(port)
    session.answer({"url": address(chosen), "home": session.workspace.home})
    become_server(session, chosen, opens_browser=not no_browser and has_screen())


def become_server(session: Session, port: int, *, opens_browser: bool) -> NoReturn:
    """Replace this process by the dashboard's server, so that signals reach it directly."""
    session.say(f"The dashboard is at {address(port)} (Ctrl-C ends it).")
    sys.stdout.flush()
    sys.stderr.flush()
    if session.is_json:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the server says is not part of our document
    environment = {**os.environ, "TWOTRACK_HOME": str(session.workspace.home)}
    # The theme of a checkout is found from its top folder; an installed package has it beside the entry point.
    os.chdir(CHECKOUT if (CHECKOUT / ".streamlit").is_dir() else session.workspace.home)
    # What is run is this Python and our own file; nothing of it comes from outside.
    os.execve(sys.executable, server_command(port, opens_browser=opens_browser), environment)  # noqa: S606


def address(port: int) -> str:
    """Return where the dashboard is found."""
    return f"http://{LOOPBACK}:{port}"


def server_command(port: int, *, opens_browser: bool) -> list[str]:
    """Return the command that serves the dashboard."""
    entry = Path(__file__).resolve().parent.parent / "server.py"
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


def choose_port(port: int | None) -> int:
    """Return the port asked for, or the first free one from the usual one on; raises ``UserError`` when taken."""
    if port is not None:
        if not _is_free(port):
            raise UserError(f"Port {port} is taken.", next_step="choose another --port, or leave it out")
        return port
    for candidate in range(FIRST_PORT, FIRST_PORT + TRIED_PORTS):
        if _is_free(candidate):
            return candidate
    last = FIRST_PORT + TRIED_PORTS - 1
    raise UserError(f"No port from {FIRST_PORT} to {last} is free.", next_step="give one with --port")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
