"""Every refusal says what to do next: read from the code, so that no new one is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from models import errors
from models.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("models", "ingest", "sql", "app")

# Kinds of error that need no next step of their own where they are made, with the reason.
ANSWERED_ELSEWHERE = {
    "VerificationError": "becomes one failing line of a check; the verdict below the lines says what to do",
    "RateLimitError": "says by itself when to sync again",
}
# Functions whose errors need no place, with the reason.
NO_PLACE = {
    ("ingest/items.py", "listed"): "it knows no answer's address; the sync adds source, stream and scope",
    ("sql/aggregate.py", "definition"): "the sentence quotes the name that was typed",
    ("sql/aggregate.py", "value"): "the sentence quotes the name that was typed",
    ("sql/lineage.py", "_roots"): "the sentence quotes the name that was typed",
    ("models/errors.py", "unforeseen"): "nobody foresaw where; the sentence quotes the error's own words",
    ("ingest/store_records.py", "canonical_json"): "whoever reads the record knows its file and line, and adds them",
}


@dataclass(frozen=True)
class Made:
    """A place in the code that makes an error."""

    kind: str
    file: str
    line: int
    function: str
    given: frozenset[str]

    def __str__(self) -> str:
        """Return the line to look at."""
        return f"{self.file}:{self.line} {self.kind} in {self.function}"


def kinds(texts: dict[str, str]) -> set[str]:
    """Return the names of all classes that descend from ``UserError``."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for text in texts.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }
    found = {"UserError"}
    while grown := {name for name, over in bases.items() if over & found} - found:
        found |= grown
    return found


def made(texts: dict[str, str]) -> Iterator[Made]:
    """Yield every call that makes an error a user can act on."""
    names = kinds(texts)
    for file, text in texts.items():
        yield from _made_in(ast.parse(text), file, names, "")


def _made_in(node: ast.AST, file: str, names: set[str], function: str) -> Iterator[Made]:
    for child in ast.iter_child_nodes(node):
        within = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(child, ast.Call):
            called = child.func.id if isinstance(child.func, ast.Name) else getattr(child.func, "attr", "")
            if called in names:
                given = {
                    word.arg
                    for word in child.keywords
                    if word.arg and not (isinstance(word.value, ast.Constant) and not word.value.value)
                }
                yield Made(called, file, child.lineno, within, frozenset(given))
        yield from _made_in(child, file, names, within)


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    """Return the product's own code by file."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
    }


def test_every_error_says_what_to_do_next(code: dict[str, str]) -> None:
    """Whoever is woken at night can act on the message alone, without knowing the code."""
    found = list(made(code))
    assert len(found) > 200
    silent = [one for one in found if "next_step" not in one.given and one.kind not in ANSWERED_ELSEWHERE]
    assert [str(one) for one in silent] == []


def test_every_error_below_the_commands_says_where(code: dict[str, str]) -> None:
    """A file, a source, an address or a setting; on the command line and a page the place is what was asked."""
    silent = [
        one
        for one in made(code)
        if "where" not in one.given
        and not one.file.startswith("app/")
        and one.kind not in ANSWERED_ELSEWHERE
        and (one.file, one.function) not in NO_PLACE
    ]
    assert [str(one) for one in silent] == []


def test_every_exception_from_the_rule_is_still_one(code: dict[str, str]) -> None:
    """An exception that nothing needs any more would let the next error in its place be silent."""
    found = list(made(code))
    assert {one.kind for one in found if "next_step" not in one.given} == set(ANSWERED_ELSEWHERE)
    assert {(one.file, one.function) for one in found if "where" not in one.given} >= set(NO_PLACE)


def test_an_error_without_a_next_step_is_found_wherever_it_is_made() -> None:
    """The test of errors itself sees subclasses, errors that are only returned, and a step that is left empty."""
    text = """
class OwnError(InputError): pass
class InputError(UserError): pass
def late():
    return OwnError("gone", where="there")
async def later():
    raise module.InputError("gone", next_step="")
def well():
    raise InputError("gone", next_step=step())
"""
    found = {one.function: one for one in made({"module.py": text})}
    assert set(found) == {"late", "later", "well"}
    assert "next_step" not in found["late"].given
    assert "next_step" not in found["later"].given
    assert "next_step" in found["well"].given


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    """A script that wakes somebody tells a full disk from a refused token."""
    found = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, UserError)]
    assert len({one.exit_code for one in found}) == len(found)
