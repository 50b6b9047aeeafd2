"""An imitation server that answers by a function, and conditions on paths for counting requests and planning faults."""

from __future__ import annotations

from collections.abc import Callable

from tests.servers.base import Answer, Asked, ImitationServer


class Responding(ImitationServer):
    """Answers whatever ``respond`` says."""

    def __init__(self, respond: Callable[[Asked], Answer]) -> None:
        super().__init__()
        self._respond = respond

    def answer(self, asked: Asked) -> Answer:
        """Return the right answer to a request."""
        return self._respond(asked)


def to(part: str) -> Callable[[Asked], bool]:
    """Return the condition that a request's path contains ``part``."""
    return lambda asked: part in asked.path
