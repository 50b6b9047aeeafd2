"""What an examination found, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing that was examined: ``ok``, worth a ``note``, or ``wrong``; ``next_step`` says what to do."""

    topic: str
    status: Status
    text: str
    next_step: str = ""
