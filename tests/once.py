"""Makes what several tests only read once in a run of the tests, also when several processes share the work."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Once = Callable[[str, Callable[[Path], object]], Path]


def once_in(factory: pytest.TempPathFactory) -> Once:
    """Return ``once(name, make)``: the folder of that name, made by the first process that asks; the others wait."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, make: Callable[[Path], object]) -> Path:
        done = root / f"{name}.done"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                (root / name).mkdir()
                make(root / name)
                done.touch()
        return root / name

    return once
