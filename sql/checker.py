"""Check tables while the next ones are created: a check alone leaves one of two cores waiting again and again.

Owns that a table is checked before anything of it is let go, and that what is wrong is told in the order of the models.
Refuses to know what a promise is; that is ``sql.check``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from duckdb import DuckDBPyConnection

from models.errors import BuildError
from sql.check import Fingerprint, examine_rows, require
from sql.header import Model

# What a second connection to the same database does not take over from the first.
_SESSION = ("TimeZone", "enable_progress_bar", "nested_loop_join_threshold", "search_path")


@dataclass(frozen=True)
class ModelResult:
    """How one model's run went: seconds and rows."""

    name: str
    seconds: float
    rows: int


class Checker:
    """Checks one table after the other on a connection of its own; the keys it finds unique are known to later checks.

    As a context manager it lets the connection go; what was not asked for by then is given up.
    """

    def __init__(self, con: DuckDBPyConnection) -> None:
        self._con = con.cursor()
        for name in _SESSION:
            ((value,),) = con.execute("select current_setting(?)", [name]).fetchall()
            self._con.execute(f"set {name} = '{value}'")
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checks")
        self._unique: set[Fingerprint] = set()
        self._waiting: list[tuple[Model, Future[ModelResult]]] = []

    def __enter__(self) -> Checker:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the check that runs, or stop it when something failed, and let the connection go."""
        if kind is not None:
            self._con.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._con.close()

    def check(self, model: Model, table: str, seconds: float) -> None:
        """Have a table checked once those before it are; ``seconds`` is what creating it took."""
        self._waiting.append((model, self._pool.submit(self._checked, model, table, seconds)))

    def settled(self) -> Iterator[tuple[Model, ModelResult | BuildError]]:
        """Wait for all checks asked for so far and return what became of each, in the order of asking."""
        waiting, self._waiting = self._waiting, []
        for model, future in waiting:
            try:
                yield model, future.result()
            except BuildError as error:
                yield model, error

    def _checked(self, model: Model, table: str, seconds: float) -> ModelResult:
        started = time.perf_counter()
        problems, rows = examine_rows(self._con, model, table, self._unique)
        require(problems, model.full_name)
        return ModelResult(model.full_name, seconds + time.perf_counter() - started, rows)
