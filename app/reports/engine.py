"""The database that packs are filled, computed and checked in: empty, in memory, bounded, its overflow in a folder.

Owns how much memory and disk a pack may take. Refuses to know what a pack holds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

# What 100,000 changes need comes to less; what is larger goes to disk instead of failing.
MEMORY = "1GB"
DISK = "20GB"


@contextmanager
def opened(spills_below: Path | None = None) -> Iterator[DuckDBPyConnection]:
    """Yield a connection to an empty database; what does not fit in memory lies below a folder until it is closed.

    The folder is made anew for it: SQL can read the folder it spills to, whatever else it is kept from.
    """
    with tempfile.TemporaryDirectory(prefix="twotrack-", dir=spills_below) as spilled:
        con = duckdb.connect(":memory:")
        try:
            con.execute("set TimeZone = 'UTC'")
            con.execute(f"set memory_limit = '{MEMORY}'")
            con.execute(f"set temp_directory = '{spilled.replace(chr(39), chr(39) * 2)}'")
            con.execute(f"set max_temp_directory_size = '{DISK}'")
            # A name in SQL is a table's, never that of a variable of ours.
            con.execute("set python_enable_replacements = false")
            yield con
        finally:
            con.close()
