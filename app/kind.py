"""Real and generated records never meet in one workspace."""

from __future__ import annotations

from typing import Literal

from app.session import Session
from models.errors import ConfigurationError


def require_kind(session: Session, kind: Literal["live", "demo"], doing: str) -> None:
    """Raise ``ConfigurationError`` unless the workspace is of this kind, or still empty.

    A workspace without configuration is live once it holds records.
    """
    workspace = session.workspace
    actual = session.settings().workspace.kind
    is_new = not workspace.config_path.is_file() and not workspace.raw_path.is_file()
    if actual == kind or (is_new and kind == "demo"):
        return
    holds = "generated example data" if actual == "demo" else "real data or its configuration"
    raise ConfigurationError(
        f"This workspace is for {holds}; `{doing}` would mix the two.",
        where=str(workspace.config_path),
        kept="nothing was written",
        next_step=f"choose another folder: {doing.replace('twotrack', 'twotrack --home FOLDER', 1)}",
    )
