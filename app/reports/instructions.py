"""The README of an evidence pack: what is where, and how to check it. Pure: the same facts give the same text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.reports import signing
from app.reports.templating import rendered


def readme(info: Mapping[str, str], version: str, signed_by: str | None) -> str:
    """Return the README of the pack that ``bag-info.txt`` describes.

    Args:
        info: The bag's description, by field.
        version: The version of Twotrack that made the pack.
        signed_by: Fingerprint of the key that signed it, if one did.
    """
    start, end = (datetime.fromisoformat(info[f"Twotrack-Period-{side}"]) for side in ("From", "To"))
    return rendered(
        "readme.md.j2", pack=info["External-Identifier"], from_=f"{start:%Y-%m-%d}",
        last=f"{end - timedelta(microseconds=1):%Y-%m-%d}", scope=info["Twotrack-Scope"], build=info["Twotrack-Build"],
        workspace=info["Source-Organization"], version=version, kind=info["Twotrack-Kind"], signed_by=signed_by,
        payload_type=signing.PAYLOAD_TYPE,
    )  # fmt: skip
