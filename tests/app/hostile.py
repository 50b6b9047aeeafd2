"""A workspace in which every text of every record, and every name in the configuration, tries to be something else."""

from __future__ import annotations

import json
from pathlib import Path

from models.workspace import Workspace
from tests.app.sample import SETTINGS, published, sixty_weeks

EVIL = "evil.example"
LONG = "A" * 10_000
ATTACK = (
    '=HYPERLINK("http://evil.example","x") <img src=x onerror=alert(1)> <script>alert(2)</script> **evilbold** '
    "[evil link](javascript:alert(3)) <a href='http://evil.example'>evil</a> <b>eviltag</b> http://evil.example/bare "
    "www.evil.example ![i](http://evil.example/i.png) $\\frac{evil}{math}$ :red[evilred] :material/home: `evilcode` "
    "|a|b| \u202egpj.live\u2066 \u05d0\u05d1\u05d2 \U0001f680\U0001f469\u200d\U0001f4bb </div></script>\n\n"
    "# evilheading\n- evilitem"
)
# What the models read as one of a few words, or join records by; anything else is free text.
_FIXED = frozenset(
    {"key", "record_type", "change_type", "state", "outcome", "environment", "verdict", "status", "kind", "severity",
     "relation", "from_kind", "to_kind", "from_key", "to_key", "time_quality", "task", "revision", "repository"}
)  # fmt: skip
_SERVICES = ("payments", "ledger", "checkout")


def said(field: str) -> str:
    """Return the hostile text of one field."""
    return f"{ATTACK} {field} {LONG if field == 'title' else ''}"


def name(plain: str) -> str:
    """Return a hostile name that is still told apart from others."""
    return f"{plain} {ATTACK}".replace("\n", " ")


def hostile_space(home: Path) -> Workspace:
    """Return a workspace with a build of hostile records."""
    records = sixty_weeks()
    for rows in records.by_kind.values():
        for row in rows:
            _spoil(row)
    settings = SETTINGS
    for plain in (*_SERVICES, "Money", "Shop", "Sample"):
        settings = settings.replace(f'"{plain}"', json.dumps(name(plain), ensure_ascii=False))
    return published(home, records, settings=settings)


def _spoil(row: dict[str, object]) -> None:
    for field, value in row.items():
        if field == "service" and value in _SERVICES:
            row[field] = name(str(value))
        elif field == "url":
            row[field] = "javascript:alert(document.cookie)"
        elif isinstance(value, str) and field not in _FIXED and not field.endswith(("_at", "_key", "_type")):
            # People stay told apart by their first word; who is who decides much of what is shown.
            row[field] = f"{value} {said(field)}" if field.endswith("_by") else said(field)
    if "created_at" in row and "title" in row:
        row["description"] = said("description")
