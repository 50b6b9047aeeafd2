"""The one place that loads templates; HTML is escaped, plain text is not."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from app.reports.blocks import glued


def _finalized(value: Any) -> Any:  # noqa: ANN401 (a template shows anything)
    # Plain text only: markup of ours is as it should be.
    return glued(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    return Environment(
        # Read as a resource, so that it works from an archive too.
        loader=FunctionLoader(lambda name: files("app.reports").joinpath("templates", name).read_text("utf-8")),
        autoescape=select_autoescape(("html.j2",), default=False),
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def rendered(name: str, **values: Any) -> str:  # noqa: ANN401 (a template takes anything)
    """Return a template of ``app/reports/templates`` filled with values; a value it lacks is an error."""
    return _environment().get_template(name).render(**values)
