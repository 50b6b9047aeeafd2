"""What a build says about itself: schema ``meta``, and comments on every published table and column.

A build can therefore be read, and its numbers re-performed, without this program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa
from duckdb import DuckDBPyConnection

from models.settings import Settings
from sql.engines import CATALOGS
from sql.header import Model


def write_meta(
    con: DuckDBPyConnection,
    models: Sequence[Model],
    rows: Mapping[str, int],
    build_id: str,
    as_of: datetime,
    settings: Settings,
) -> None:
    """Create ``meta.build``, ``meta.models``, ``meta.columns`` and ``meta.metrics``, and the comments.

    Args:
        con: Connection with the build attached as ``build``.
        models: All models, in the order they ran.
        rows: Rows per model's full name.
        build_id: Identity of the build.
        as_of: The instant the build knows, naive UTC.
        settings: What decided.
    """
    con.begin()
    _fill(con, "build", "build_id VARCHAR, as_of TIMESTAMP, kind VARCHAR, name VARCHAR, settings_sha256 VARCHAR, "
          "settings_json VARCHAR", [(build_id, as_of, settings.workspace.kind, settings.workspace.name,
                                     settings.fingerprint(), settings.model_dump_json())])  # fmt: skip
    _fill(con, "models", "name VARCHAR, layer VARCHAR, description VARCHAR, grain VARCHAR, sql VARCHAR, "
          "sha256 VARCHAR, rows BIGINT",
          [(m.full_name, m.layer, m.description, m.grain, m.select, hashlib.sha256(m.select.encode()).hexdigest(),
            rows[m.full_name]) for m in models])  # fmt: skip
    _fill(con, "columns", 'model VARCHAR, "column" VARCHAR, description VARCHAR',
          [(m.full_name, name, text) for m in models for name, text in m.columns.items()])  # fmt: skip
    _fill(con, "metrics", "name VARCHAR, definition VARCHAR",
          [(m.name, m.metric.model_dump_json()) for m in models if m.metric])  # fmt: skip
    published = [m for m in models if CATALOGS[m.layer] == "build"]
    for model in published:
        kind = "view" if model.is_view else "table"
        con.execute(f"comment on {kind} build.{model.full_name} is {_literal(model.description)}")
        for name, text in model.columns.items():
            con.execute(f'comment on column build.{model.full_name}."{name}" is {_literal(text)}')
    con.commit()


def _fill(con: DuckDBPyConnection, name: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    con.execute(f"create table build.meta.{name} ({columns})")
    if rows:
        batch = pa.table({f"c{i}": list(values) for i, values in enumerate(zip(*rows, strict=True))})
        con.register("batch", batch)
        con.execute(f"insert into build.meta.{name} select * from batch")
        con.unregister("batch")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
