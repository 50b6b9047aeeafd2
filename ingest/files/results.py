"""What an import has to say for itself: counts per stream, rows set aside, conflicts, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StreamCounts:
    """What a file brought to one stream.

    Args:
        stream: Name of the stream, such as ``record.changes``.
        received: Records that the rows gave, repeated ones included.
        records: Different records, of which ``stored`` are new and ``unchanged`` were known.
        stored: New contents.
        unchanged: Contents the store already held.
        duplicates: Repetitions within the file that were collapsed.
        conflicts: Keys for which the file holds more than one content.
        rejected: Rows set aside.
    """

    stream: str
    received: int = 0
    records: int = 0
    stored: int = 0
    unchanged: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class RejectedRow:
    """A row set aside: line in the file, stream it was meant for, and why."""

    line: int
    stream: str
    reason: str


@dataclass(frozen=True)
class Conflict:
    """A key with several contents in one file; the latest by ``updated_at`` counts, all are kept."""

    stream: str
    key: str
    versions: int


@dataclass(frozen=True)
class ImportResult:
    """What an import did.

    Args:
        file: Name of the file.
        sha256: Its SHA-256.
        mapping: Name of the mapping.
        source: Source of the records.
        run_id: Its entry in the run log.
        rows: Rows in the file, those set aside included.
        streams: Counts per stream.
        is_repeat: Whether the same file went through the same mapping before; nothing was stored then.
        rejected_by_reason: How many rows were set aside, by reason.
        rejected_rows: The first of them.
        conflicts: The first keys with several contents.
        notes: What else should be known, as sentences.
    """

    file: str
    sha256: str
    mapping: str
    source: str
    run_id: str
    rows: int
    streams: tuple[StreamCounts, ...]
    is_repeat: bool = False
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    rejected_rows: tuple[RejectedRow, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()

    def total(self, name: str) -> int:
        """Return a count over all streams, such as ``total("stored")``."""
        return sum(getattr(counts, name) for counts in self.streams)
