from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from app.commands.dashboard import FIRST_PORT, LOOPBACK, choose_port, has_screen, server_command
from models.errors import UserError
from tests.app.cli.conftest import Twotrack

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_the_dashboard_answers_on_loopback_only_and_ends_with_the_command(published: Path) -> None:
    """The address printed is the one that answers; other interfaces do not; ending the command ends the server."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "--json", "app", "--no-browser", "--port", str(port)],
        cwd=ROOT, env={**os.environ, "TWOTRACK_HOME": str(published)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as server:  # fmt: skip
        try:
            url = f"http://{LOOPBACK}:{port}"
            assert wait_for(f"{url}/_stcore/health") == b"ok"
            assert listening(server.pid, port) == {LOOPBACK}
        finally:
            server.terminate()
            out, _ = server.communicate(timeout=60)
    assert json.loads(out) == {"url": url, "home": str(published)}
    with pytest.raises(OSError, match=r"refused|reset"):
        urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)  # noqa: S310 - loopback


def wait_for(url: str) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def listening(pid: int, port: int) -> set[str]:
    """Return the local addresses on which a port is open, from the kernel's own table."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, hexadecimal = local.partition(":")
            if state == "0A" and int(hexadecimal, 16) == port:
                found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]) if table == "tcp" else address)
    return found


def test_a_taken_port_is_refused_when_asked_for_and_passed_over_when_not() -> None:
    """Two dashboards at once are possible; a port asked for by name is never silently another one."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(UserError, match=f"Port {port} is taken"):
            choose_port(port)
        assert choose_port(None) >= FIRST_PORT


def test_the_server_sends_no_statistics_and_asks_nothing() -> None:
    """Nothing leaves the machine, and no prompt for an address holds up the start."""
    command = server_command(8501, opens_browser=True)
    for flag in ("--browser.gatherUsageStats=false", "--server.showEmailPrompt=false", f"--server.address={LOOPBACK}"):
        assert flag in command


def test_without_a_screen_no_browser_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server Python would otherwise start a text browser in the terminal."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_screen()


def test_a_port_outside_the_range_is_a_usage_error(twotrack: Twotrack) -> None:
    """Ports end at 65535."""
    assert twotrack("app", "--port", "70000").code == 2
