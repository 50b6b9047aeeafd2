"""The check of packs as one Python file, for somebody who has nothing of ours: no workspace, no dashboard, no install.

Owns what goes into that file and what it needs beside Python. The file is an archive of plain source that Python runs;
the same version gives the same bytes, so that two people can compare what they were given.
"""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import requires, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from app.reports import bag
from models.errors import InputError

NAME = "twotrack-verify.pyz"
# Python sources, and beside them the templates and the SQL that the report and the comparison need.
SOURCES: dict[str, tuple[str, ...]] = {
    "app": ("__init__", "wording"),
    "app.reports": (
        "__init__", "bag", "blocks", "chain", "checks", "container", "delimited", "engine", "evidence_population",
        "evidence_report", "instructions", "provenance", "recompute", "render_html", "render_pdf", "sampling", "script",
        "signing", "templating", "verify",
    ),
    "models": ("__init__", "errors", "metric", "nearest"),
    "sql": ("__init__", "aggregate"),
}  # fmt: skip
RESOURCES = (("app.reports", "sql"), ("app.reports", "templates"))
LIBRARIES = ("cryptography", "duckdb", "jinja2", "markupsafe", "pydantic", "rfc8785", "securesystemslib")
_DATED = (1980, 1, 1, 0, 0, 0)
_MAIN = '''\
"""Checks an evidence pack, offline: python3 twotrack-verify.pyz PACK --key auditor.pub"""
import sys

try:
    from app.reports.verify import main
except ModuleNotFoundError as missing:
    sys.exit(f"{{missing.name}} is missing. The check needs: python3 -m pip install {needs}")
sys.exit(main())
'''


def needs() -> list[str]:
    """Return what has to be installed beside the file, as ``pip install`` takes it, in versions that are tested."""
    found = {}
    for line in requires("twotrack") or ():
        name = re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0].lower()
        if name in LIBRARIES and "extra ==" not in line:
            found[name] = line.replace(" ", "")
    return [found.get(name, name) for name in LIBRARIES]


def write(path: Path) -> str:
    """Write the file and return its SHA-256.

    Raises:
        InputError: There is such a file already.
    """
    if path.exists():
        raise InputError("There is such a file already.", where=str(path), kept="nothing was written",
                         next_step="remove it, or choose another name")  # fmt: skip
    quoted = " ".join(f"'{one}'" if set(one) & set("<>") else one for one in needs())
    found = {"__main__.py": _MAIN.format(needs=quoted).encode()}
    for package, modules in SOURCES.items():
        for module in modules:
            found[f"{package.replace('.', '/')}/{module}.py"] = files(package).joinpath(f"{module}.py").read_bytes()
    for package, folder in RESOURCES:
        below = package.replace(".", "/") + "/" + folder
        found |= {f"{below}/{name}": content for name, content in _tree(files(package).joinpath(folder)).items()}
    stated = version("twotrack")
    # So that the file knows its version as an installation does, and says which version of a pack's report it can make.
    found[f"twotrack-{stated}.dist-info/METADATA"] = (
        f"Metadata-Version: 2.1\nName: twotrack\nVersion: {stated}\n".encode()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(found.items()):
                entry = zipfile.ZipInfo(name, _DATED)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, content)
    return bag.digest(path)


def _tree(folder: Traversable, below: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in folder.iterdir():
        if one.is_dir():
            found |= _tree(one, f"{below}{one.name}/")
        elif one.name.endswith((".sql", ".j2", ".typ")):
            found[below + one.name] = one.read_bytes()
    return found
