from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("models", "ingest", "sql", "app")
ALLOWED = {
    "models": {"models"},
    "ingest": {"ingest", "models"},
    "sql": {"sql", "models"},
    "app": {"app", "ingest", "sql", "models"},
}


def modules(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    return imported_by(path.read_text(encoding="utf-8"), path.relative_to(ROOT).parent.parts)


def imported_by(text: str, package: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield every imported module's full name with its line, those inside functions and type checks too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module, node.lineno
            # `from app import views` names a module only after the word import
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            first = node.args[0] if node.args else None
            if name == "import_module" and isinstance(first, ast.Constant):
                yield str(first.value), node.lineno


def crossings(layer: str, allowed: set[str]) -> list[str]:
    return sorted(
        {
            f"{path.relative_to(ROOT)}:{line} imports {name.partition('.')[0]}"
            for path in modules(layer)
            for name, line in imports(path)
            if name.partition(".")[0] in {*LAYERS, "tests"} - allowed
        }
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    """Imports point down: models know nobody, ingest and sql know models only, app is on top and nobody imports it."""
    assert modules(layer), f"{layer} has no modules; the test would pass on nothing"
    assert crossings(layer, ALLOWED[layer]) == []


def test_views_never_import_ingest() -> None:
    """The dashboard reads what was published; it cannot reach a source or the raw store."""
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / "app" / "views").rglob("*.py"))
        for name, line in imports(path)
        if name.partition(".")[0] == "ingest"
    ]
    assert found == []


def test_sql_models_read_only_the_layers_below_them() -> None:
    """Source shapes end in staging, and what is published is computed from what comes before it, never the reverse."""
    from sql.engines import dependencies, parse
    from sql.header import read_models

    models = read_models()
    reads = {name: dependencies(parse(model.select)) for name, model in models.items()}
    raw = {name for name, tables in reads.items() if any(table.startswith("raw.") for table in tables)}
    assert {name for name in raw if not name.startswith("staging.")} == set()
    never = {
        "staging": {"staging", "intermediate", "marts", "metrics"},
        "intermediate": {"marts", "metrics"},
        "marts": {"metrics"},
        "metrics": {"metrics", "staging"},
    }
    upward = {
        f"{name} reads {table}"
        for name, tables in reads.items()
        for table in tables
        if table.partition(".")[0] in never.get(name.partition(".")[0], set())
    }
    assert upward == set()


def test_import_directions_are_found_wherever_they_hide() -> None:
    """The test of directions itself sees imports in functions, under type checks, relative ones and those by name."""
    text = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from ingest.store import RawStore
def late():
    import app.cli
    from importlib import import_module
    import_module("sql.build")
    from .. import tests
"""
    found = {name.partition(".")[0] for name, _ in imported_by(text, ("models", "deep"))}
    assert {"ingest", "app", "sql"} <= found
    assert "models.tests" in {name for name, _ in imported_by(text, ("models", "deep"))}


def test_every_imported_package_is_a_declared_dependency() -> None:
    """What happens to be installed beside something else may be gone tomorrow: whatever is imported is asked for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {named(text) for text in project["dependencies"]}
    optional = {named(text) for extra in project["optional-dependencies"].values() for text in extra}
    distributions = packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)} imports {name}"
        for layer in LAYERS
        for path in modules(layer)
        for name, is_late in third_party(path)
        if not {canonicalize_name(one) for one in distributions.get(name, [name])}
        & (declared | optional if is_late else declared)
    }
    assert missing == set()


def named(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def third_party(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield packages that are neither ours nor Python's, and whether by name at run time, as extras are."""
    text = path.read_text(encoding="utf-8")
    at_start = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    found = {name.partition(".")[0] for name, _ in imports(path)}
    for name in found - set(LAYERS) - sys.stdlib_module_names - {"__future__", ""}:
        yield name, name not in at_start
