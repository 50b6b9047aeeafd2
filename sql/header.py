"""A SQL model's header: what it is, what its columns mean and what must hold.

Owns the comment syntax at the top of every file under ``sql/``. Refuses to know how models are run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from models.errors import broken_model
from models.metric import MetricDefinition

ROOT = Path(__file__).resolve().parent
LAYERS = ("staging", "intermediate", "marts", "metrics")
_METRIC_KEYS = ("label", "unit", "kind", "better", "statistic", "minimum_sample", "dated_by", "source", "absent_reason")
_SINGLE = ("description", "grain", "order_by", "materialized", *_METRIC_KEYS)
_REPEATED = ("column", "not_null", "unique", "assert")


@dataclass(frozen=True)
class Model:
    """One SQL model: its place, its header and its one SELECT.

    Args:
        layer: ``staging``, ``intermediate``, ``marts`` or ``metrics``; also the schema it lands in.
        name: File stem and table name.
        columns: Column name → description, in the order the header lists them.
        not_null: Columns that are never null.
        unique: Column tuples that identify a row.
        asserts: SQL conditions that hold for every row.
        is_view: Whether it is kept as a view (``materialized: view``): unions that only rename where rows lie, and
            metrics that only choose and name columns of one published table, and marks that name the columns of few.
        order_by: Sort order the table is stored in; makes builds repeatable and lookups fast.
        metric: The metric's definition, for files of the ``metrics`` layer.
        reads: For tables that are computed outside SQL: what they are computed from.
    """

    layer: str
    name: str
    path: Path
    select: str
    description: str
    grain: str
    columns: dict[str, str]
    not_null: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    asserts: tuple[str, ...] = ()
    order_by: str = ""
    is_view: bool = False
    metric: MetricDefinition | None = None
    reads: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """``<layer>.<name>``, as other models refer to it."""
        return f"{self.layer}.{self.name}"


@dataclass
class _Header:
    single: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, list[str]] = field(default_factory=lambda: {key: [] for key in _REPEATED})


def read_models(root: Path = ROOT) -> dict[str, Model]:
    """Read every model below ``root`` by layer folder; keys are full names.

    Raises:
        BuildError: A header is incomplete, or two files would make the same table.
    """
    found: dict[str, Model] = {}
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*.sql")):
            model = read_model(path, layer)
            if model.full_name in found:
                raise broken_model(
                    f"Two files define {model.full_name}.", where=f"{found[model.full_name].path} and {path}"
                )
            found[model.full_name] = model
    return found


def read_model(path: Path, layer: str) -> Model:
    """Read one model file. Raises ``BuildError`` naming the file and what its header lacks."""
    text = path.read_text(encoding="utf-8")
    header = _parse_header(text, path)
    for required in ("description", "grain"):
        if not header.single.get(required):
            raise broken_model(f"The header lacks '{required}'.", where=str(path))
    columns = dict(_split_column(line, path) for line in header.repeated["column"])
    return Model(
        layer=layer,
        name=path.stem,
        path=path,
        select=text,
        description=header.single["description"],
        grain=header.single["grain"],
        columns=columns,
        not_null=tuple(name for line in header.repeated["not_null"] for name in _names(line)),
        unique=tuple(_names(line) for line in header.repeated["unique"]),
        asserts=tuple(header.repeated["assert"]),
        order_by=header.single.get("order_by", ""),
        is_view=header.single.get("materialized", "table") == "view",
        metric=_metric(path, header) if layer == "metrics" else None,
    )


def _parse_header(text: str, path: Path) -> _Header:
    header = _Header()
    last: str | None = None
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        content = line[2:].strip()
        key, colon, value = content.partition(":")
        if colon and key in _REPEATED:
            header.repeated[key].append(value.strip())
            last = key
        elif colon and key in _SINGLE:
            header.single[key] = value.strip()
            last = key
        elif line.startswith("--   ") and last in _SINGLE:
            header.single[last] += " " + content
        elif line.startswith("--   ") and last in _REPEATED:
            header.repeated[last][-1] += " " + content
        elif content:
            raise broken_model(f"The header line '{content}' has no known key.", where=str(path))
    return header


def _metric(path: Path, header: _Header) -> MetricDefinition:
    values: dict[str, object] = {key: header.single[key] for key in _METRIC_KEYS if key in header.single}
    try:
        return MetricDefinition.model_validate(
            {"name": path.stem, "description": header.single["description"], **values}
        )
    except ValueError as error:
        raise broken_model(f"The metric's header does not fit: {error}.", where=str(path)) from error


def _split_column(line: str, path: Path) -> tuple[str, str]:
    name, bar, description = line.partition("|")
    if not bar or not description.strip():
        raise broken_model(f"Column '{line}' has no description; write 'column: name | description'.", where=str(path))
    return name.strip(), description.strip()


def _names(line: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in line.split(",") if name.strip())
