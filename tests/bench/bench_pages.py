# ruff: noqa: T201 - the report is what this prints
"""How long the server works on each page: ``python -m tests.bench.bench_pages WORKSPACE [--loads 500]``.

Serves the workspace and speaks the dashboard's own protocol over its websocket, so that what is timed is the server's
script run, from the request to its last message, and no browser. Prints milliseconds per page: cold (first time in a
fresh server), opened by a link with a filter nobody has asked for yet, changed to such a filter in a session that has
the page open, and opened warm; then ten sessions at once; then the server's memory over many page loads. Not a test:
machines differ, so quote load and ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import duckdb
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from models.workspace import Workspace
from tests.browser.serving import Server, serving

PAGES = (
    "overview", "approvals", "change-failures", "change-windows", "process-drift", "hand-over", "cheat-sheet",
    "catches", "combine-or-separate", "retrospective", "evidence-export", "data-health", "definitions",
)  # fmt: skip
SESSIONS, WARM_RUNS = 10, 5
LONGEST_SECONDS, LARGEST_BYTES = 120, 200_000_000


async def load(address: str, page: str, query: str = "") -> float:
    """Open a page in a new session and return the seconds until its script has finished.

    Raises:
        RuntimeError: The page shows that it could not be shown.
    """
    ask = BackMsg()
    ask.rerun_script.query_string = query
    ask.rerun_script.page_name = "" if page == "overview" else page
    stream = address.replace("http://", "ws://") + "/_stcore/stream"
    async with connect(stream, max_size=LARGEST_BYTES, subprotocols=["streamlit"]) as socket:  # type: ignore[list-item]
        started = time.perf_counter()
        await _run(socket, ask)
        return time.perf_counter() - started


async def _run(socket: ClientConnection, ask: BackMsg) -> str:
    """Send a request to run the page's script, wait for its end, and return the identity of the service filter."""
    await socket.send(ask.SerializeToString())
    found = ""
    async with asyncio.timeout(LONGEST_SECONDS):
        while True:
            answer = ForwardMsg.FromString(await socket.recv())  # type: ignore[arg-type]
            element = answer.delta.new_element
            if element.heading.body == "This page could not be shown":
                raise RuntimeError(f"{ask.rerun_script.page_name} could not be shown")
            if element.multiselect.label == "Service":
                found = element.multiselect.id
            if answer.WhichOneof("type") == "script_finished":
                return found


async def refilter(server: Server, page: str, services: list[str]) -> list[tuple[float, float]]:
    """Change the service filter of an open page again and again; return time passed and worked for each change."""
    stream = server.address.replace("http://", "ws://") + "/_stcore/stream"
    found = []
    async with connect(stream, max_size=LARGEST_BYTES, subprotocols=["streamlit"]) as socket:  # type: ignore[list-item]
        ask = BackMsg()
        ask.rerun_script.page_name = "" if page == "overview" else page
        ask.rerun_script.query_string = ""
        widget = await _run(socket, ask)
        for service in services:
            state = ask.rerun_script.widget_states
            del state.widgets[:]
            state.widgets.add(id=widget).string_array_value.data.append(service)
            started, before = time.perf_counter(), busy(server.process)
            await _run(socket, ask)
            found.append((time.perf_counter() - started, busy(server.process) - before))
    return found


def scopes(space: Workspace) -> list[str]:
    """Return query strings that narrow to one service each, busiest service first."""
    path = space.build_path(space.current_build())
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "select service from marts.changes where service is not null group by 1 order by count(*) desc"
        )
        return [urlencode({"service": row[0]}) for row in rows.fetchall()]


def resident(process: int) -> float:
    """Return a process's resident memory in MB."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no resident size is known here")


def busy(process: int) -> float:
    """Return the seconds that a process has kept processors busy, which other processes' load hardly changes."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def timings(server: Server, queries: list[str]) -> None:
    """Print each page cold, with filters not asked before, and warm: time passed / the server's processors' time."""
    print(
        f"{'page':22}{'cold':>15}{'filtered link':>15}{'filter change':>15}{'warm':>15}"
        "   (ms passed/worked; cold once, else median)"
    )
    for page in PAGES:
        cells = []
        for asked in ([""], queries[:WARM_RUNS], None, [""] * WARM_RUNS):
            passed, worked = [], []
            if asked is None:
                services = [parse_qs(query)["service"][0] for query in queries[WARM_RUNS : 2 * WARM_RUNS]]
                for seconds, spent in await refilter(server, page, services):
                    passed.append(seconds)
                    worked.append(spent)
            for query in asked or []:
                before = busy(server.process)
                passed.append(await load(server.address, page, query))
                worked.append(busy(server.process) - before)
            cells.append(f"{1000 * statistics.median(passed):,.0f}/{1000 * statistics.median(worked):,.0f}")
        print(f"{page:22}" + "".join(f"{cell:>15}" for cell in cells), flush=True)


async def at_once(server: Server) -> None:
    """Print how long ten sessions take that open one page at the same moment."""
    print(f"{SESSIONS} sessions at once (ms): slowest")
    for page in PAGES:
        found = await asyncio.gather(*(load(server.address, page) for _ in range(SESSIONS)))
        print(f"{page:22}{max(found) * 1000:9,.0f}", flush=True)


async def memory(server: Server, loads: int, queries: list[str]) -> None:
    """Print the server's memory while every page is opened again and again, with changing filters."""
    for done in range(loads):
        if done % (loads // 10 or 1) == 0:
            print(f"after {done:4} page loads: {resident(server.process):,.0f} MB resident", flush=True)
        await load(server.address, PAGES[done % len(PAGES)], queries[done // len(PAGES) % len(queries)])
    print(f"after {loads:4} page loads: {resident(server.process):,.0f} MB resident")


async def _all(server: Server, space: Workspace, loads: int, parts: Iterable[str]) -> None:
    queries = scopes(space)
    if "pages" in parts:
        await timings(server, queries)
    if "sessions" in parts:
        await at_once(server)
    if "memory" in parts:
        await memory(server, loads, queries)


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--loads", type=int, default=500)
    parser.add_argument("--parts", nargs="+", default=["pages", "sessions", "memory"])
    asked = parser.parse_args()
    with serving(asked.workspace) as server:
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        asyncio.run(_all(server, Workspace(asked.workspace), asked.loads, asked.parts))


if __name__ == "__main__":
    main()
