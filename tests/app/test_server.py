"""What the dashboard's server does beside showing pages."""

from __future__ import annotations

import subprocess
import sys

_STARTS = """
import asyncio, sys
import app.server
from app.dashboard.sections import BY_LINK, SECTIONS

pages = {f"app.views.{file}" for entries in (*SECTIONS.values(), BY_LINK) for file, *_ in entries}
assert not pages & set(sys.modules), "pages define cached questions, which Streamlit's runtime has to be there to keep"

async def start() -> None:
    async with app.server._loading(app.server.app):
        assert pages <= set(sys.modules), sorted(pages - set(sys.modules))

asyncio.run(start())
print(len(pages), "pages")
"""


def test_every_page_is_loaded_when_the_server_starts_and_not_before() -> None:
    """The first page shown waits for no library, and what pages cache is kept by the runtime."""
    done = subprocess.run([sys.executable, "-c", _STARTS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(" pages")
