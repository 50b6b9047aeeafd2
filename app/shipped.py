"""Files that come with Twotrack and are not code: mappings, the dashboard's theme. A checkout's, or a wheel's copy."""

from __future__ import annotations

from pathlib import Path

from models.workspace import CHECKOUT


def shipped(name: str) -> Path:
    """Return the folder ``data/<name>`` of a checkout, or its copy inside an installed package."""
    in_checkout = CHECKOUT / "data" / name
    return in_checkout if in_checkout.is_dir() else Path(__file__).resolve().parent / "shipped_files" / name
