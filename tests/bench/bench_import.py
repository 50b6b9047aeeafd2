"""How long a large CSV takes to import, and how much memory: ``python -m tests.bench.bench_import [GB]``.

Not a test: it writes a file of the given size (default 1 GB) into a temporary folder, imports it in a process of its
own, and prints rows per second and the peak of resident memory.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = "commit_sha,committed_at,app,environment,image_tag,author,merge_sha,merged_at,merged_by\n"
IMPORT = """
import resource, sys
from pathlib import Path
from ingest.files.mapping import load_mapping
from ingest.files.importing import import_file
from ingest.store import RawStore
with RawStore(Path(sys.argv[1])) as store:
    result = import_file(store, Path(sys.argv[2]), load_mapping(Path(sys.argv[3])))
print(result.rows, result.total("stored"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def deploy_log(path: Path, size: int) -> None:
    """Write a deploy log of at least ``size`` bytes."""
    number = written = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        while written < size:
            lines = [_line(number + n) for n in range(10_000)]
            number += len(lines)
            text = "".join(lines)
            written += len(text)
            file.write(text)


def _line(number: int) -> str:
    digest = hashlib.sha256(str(number).encode()).hexdigest()[:40]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1672531200 + 13 * number))
    environment = ("integration", "staging", "production")[number % 3]
    return f"{digest},{at},app-{number % 60},{environment},release-{digest},ci,{digest[::-1]},{at},CI User\n"


def main() -> None:
    """Generate, import, print."""
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deployments.csv"
        deploy_log(path, int(gigabytes * 1e9))
        mapping = ROOT / "data" / "mappings" / "govuk-deployments.toml"
        command = [sys.executable, "-c", IMPORT, str(Path(folder) / "store.duckdb"), str(path), str(mapping)]
        started = time.perf_counter()
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
        seconds = time.perf_counter() - started
        rows, stored, peak = (int(word) for word in said)
        sys.stdout.write(
            f"{path.stat().st_size / 1e9:.2f} GB, {rows:,} rows, {stored:,} stored in {seconds:.0f} s: "
            f"{rows / seconds:,.0f} rows/s, peak {peak:,} MB\n"
        )


if __name__ == "__main__":
    main()
