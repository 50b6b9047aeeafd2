"""Serves recorded answers in the order they were recorded: the n-th request to a path gets its n-th answer.

A recording whose ``body`` is text is sent as it is, which is how an answer that is no JSON is kept. Links in headers
lead to the server that plays.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.servers.base import Answer, Asked
from tests.servers.responding import Responding


def played(path: Path) -> Responding:
    """Return a server that plays one recording."""
    lines = [orjson.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def respond(asked: Asked) -> Answer:
        for place, line in enumerate(lines):
            if line["url"].partition("?")[0].endswith(asked.path):
                del lines[place]
                body = line["body"].encode() if isinstance(line["body"], str) else line["body"]
                origin = "/".join(line["url"].split("/")[:3])
                here = f"http://{asked.headers['host']}"
                headers = {name: value.replace(origin, here) for name, value in line["headers"].items()}
                return Answer(body, line["status"], headers)
        return Answer({"message": "not recorded"}, 404)

    return Responding(respond)
