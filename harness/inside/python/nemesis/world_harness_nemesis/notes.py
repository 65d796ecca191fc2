"""The app's records for the harness: one JSON line per record, on disk before the app continues.

So a SIGKILL loses nothing. Counters and effects are small files beside the journal. All of
it is outside the World, so that nothing is lost here when a World loses data.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

#: Names the folder; without it, the app uses its own folder and is asked for the records.
NOTES = "WORLD_HARNESS_NOTES"


class Notes:
    """One process's notes; the folder is opened with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._journal = -1
        self._order = itertools.count()
        self._origin_ns = 0

    @property
    def folder(self) -> Path:
        """Where everything is written to."""
        with self._lock:
            return self._folder or self._open()

    def _open(self) -> Path:
        given = os.environ.get(NOTES)
        folder = Path(given or tempfile.mkdtemp(prefix="world-harness-notes-"))
        for name in ("tallies", "effects"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        path = folder / f"journal-{os.getpid()}.jsonl"
        self._journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._origin_ns = time.time_ns() - time.perf_counter_ns()
        self._folder = folder
        return folder

    def now(self) -> float:
        """Milliseconds since the epoch, sub-millisecond, from the process's monotonic clock."""
        self.folder  # noqa: B018 - with the folder the clock is set
        return (self._origin_ns + time.perf_counter_ns()) / 1e6

    def write(self, kind: str, run_id: str | None, **fields: Any) -> None:
        """Write a record; fields are named as on the wire, those that are None are left out."""
        at_ms = self.now()
        with self._lock:
            record = {
                "atMs": at_ms,
                "pid": os.getpid(),
                "order": next(self._order),
                "kind": kind,
                "runId": run_id,
                **fields,
            }
            kept = {name: value for name, value in record.items() if value is not None}
            os.write(self._journal, json.dumps(kept).encode() + b"\n")

    def read(self) -> list[dict[str, Any]]:
        """Return what every process has written."""
        paths = sorted(self.folder.glob("journal-*.jsonl"))
        lines = (line for path in paths for line in path.read_text("utf-8").split("\n"))
        return [json.loads(line) for line in lines if line]

    def count(self, name: str) -> int:
        """Add one and return the sum over all processes, dead ones included."""
        path = self._file("tallies", name)
        with path.open("ab") as tally:
            tally.write(b".")
        return path.stat().st_size

    def tally(self, name: str) -> int:
        """Return the sum without adding to it."""
        path = self._file("tallies", name)
        return path.stat().st_size if path.exists() else 0

    def claim(self, name: str) -> bool:
        """Tell whether the caller is the first to claim a name."""
        try:
            self._file("effects", name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _file(self, folder: str, name: str) -> Path:
        return self.folder / folder / quote(name, safe="!'()")


#: One state per process.
notes = Notes()
