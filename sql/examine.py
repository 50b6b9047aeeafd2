"""Run every model and every promise, go on past what fails, and publish nothing.

A build stops at its first broken promise; this says all of them, so that they can be mended together.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlglot.errors import ParseError

from models.errors import BuildError, NotBuiltError
from models.settings import Settings
from models.workspace import Workspace
from sql.build import Plan, Progress, connect, plan, run_models
from sql.header import Model, read_models
from sql.statement import statement

Status = Literal["ok", "broken", "not_run"]


@dataclass(frozen=True)
class ModelCheck:
    """One model's result: ``broken`` with its ``problems``, or ``not_run`` because what it reads failed."""

    name: str
    path: Path
    status: Status
    problems: tuple[str, ...] = ()
    rows: int | None = None
    seconds: float | None = None


def examine(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    progress: Progress | None = None,
    memory_limit: str = "5GB",
) -> list[ModelCheck]:
    """Test all models on the raw records, in the order they would be built. The caller holds the writer lock.

    Raises:
        NotBuiltError: There are no raw records.
        BuildError: The models cannot be ordered, so none can be run.
    """
    if not workspace.raw_path.is_file():
        raise NotBuiltError(
            "There is no raw data to check.",
            where=str(workspace.raw_path),
            next_step="twotrack sync or twotrack import",
        )
    models = read_models()
    unsound = {name: problems for name, model in models.items() if (problems := _text_problems(model))}
    if unsound:
        return [_by_text(model, unsound.get(name)) for name, model in models.items()]
    ordered = plan(models)
    moment = as_of or datetime.now(UTC).replace(tzinfo=None)
    with _scratch_folder(workspace) as folder:
        return _by_rows(workspace, settings, ordered, moment, folder, progress, memory_limit)


def _text_problems(model: Model) -> tuple[str, ...]:
    try:
        return statement(model.select).problems
    except ParseError as error:
        return (f"not valid SQL: {error}",)


def _by_text(model: Model, problems: tuple[str, ...] | None) -> ModelCheck:
    if problems:
        return ModelCheck(model.full_name, model.path, "broken", problems)
    return ModelCheck(model.full_name, model.path, "not_run", ("another model is not sound SQL",))


def _by_rows(
    workspace: Workspace, settings: Settings, ordered: Plan, as_of: datetime, folder: Path,
    progress: Progress | None, memory_limit: str,
) -> list[ModelCheck]:  # fmt: skip
    broken: dict[str, ModelCheck] = {}

    def failed(model: Model, error: BuildError) -> None:
        name = model.full_name
        causes = sorted(read for read in ordered.reads[name] if read in broken)
        # A table whose rows break a promise exists, and what reads it still runs; one whose SQL failed does not.
        if causes and "does not exist" in error.what:
            broken[name] = ModelCheck(name, model.path, "not_run", (f"reads {', '.join(causes)}",))
        else:
            broken[name] = ModelCheck(name, model.path, "broken", (error.what,))

    con = connect(workspace, folder / "check.duckdb", memory_limit)
    try:
        results = {one.name: one for one in run_models(con, ordered, settings, as_of, progress, failed)}
    finally:
        con.close()
    return [
        broken.get(model.full_name)
        or ModelCheck(
            model.full_name, model.path, "ok", (), results[model.full_name].rows, results[model.full_name].seconds
        )
        for model in ordered.models
    ]


@contextmanager
def _scratch_folder(workspace: Workspace) -> Iterator[Path]:
    folder = workspace.build_dir / "check"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
