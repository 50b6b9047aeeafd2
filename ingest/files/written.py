"""Pieces of a mapping as TOML text.

Owns how texts, keys and tables are written so that they read back as what they were. Refuses to know what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import orjson


def text_of(value: str | int) -> str:
    """Return a value as TOML; JSON's strings are TOML's basic strings, but for the delete character."""
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")


def key_of(columns: Sequence[str]) -> str:
    """Return key columns as TOML: one text, or a list."""
    return text_of(columns[0]) if len(columns) == 1 else f"[{', '.join(text_of(column) for column in columns)}]"


def reference_of(columns: Sequence[str]) -> str:
    """Return the expression by which another record names this key."""
    if len(columns) == 1:
        return text_of(columns[0])
    return f"{{ template = {text_of(':'.join('{' + column + '}' for column in columns))} }}"


def table_of(values: Mapping[str, str]) -> str:
    """Return texts and what they become as an inline table."""
    return "{ " + ", ".join(f"{text_of(old)} = {text_of(new)}" for old, new in values.items()) + " }"


def comment_of(text: str) -> str:
    """Return a text that cannot end the comment it stands in."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", " ", text)
