"""How long result files of many machines take to be one, and how much memory that needs."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import msgspec

from harness.descriptions import Cell
from harness.measure.merging import merge_results
from harness.measure.results import Shard
from harness.measure.shards import share_out
from harness.measure.store import ResultsWriter, read_results
from suites.performance.rendering import EXAMPLE


class Merged(msgspec.Struct, frozen=True):
    """One merge: seconds, the largest memory of its process, in bytes, and what was merged."""

    seconds: float
    memory_bytes: int
    file_bytes: int


def time_merge(folder: Path, files: int, samples: int) -> Merged:
    """Write result files of real samples, and merge them in a process of its own."""
    paths = _write_shards(folder, files, samples)
    done = subprocess.run(
        [sys.executable, "-m", __name__, folder / "merged.jsonl", *paths],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory = done.stdout.split()
    return Merged(float(seconds), int(memory), sum(path.stat().st_size for path in paths))


def _write_shards(folder: Path, files: int, samples: int) -> list[Path]:
    example = read_results(EXAMPLE)
    cells = tuple(Cell("v5", "express", f"world-{number:03}") for number in range(files))
    shares = share_out(cells, files)
    paths = []
    for number, (cell,) in enumerate(shares, start=1):
        header = msgspec.structs.replace(
            example.header,
            cells=(cell,),
            matches=(),
            command=f"{example.header.command} --shard {number}/{files}",
            shard=Shard(number=number, count=files, cells=cells),
        )
        path = folder / f"{number}.jsonl"
        with ResultsWriter(path) as writer:
            writer.append(header)
            for sample in islice(cycle(example.samples), samples):
                writer.append(msgspec.structs.replace(sample, cell=cell))
            if example.footer:
                writer.append(example.footer)
        paths.append(path)
    return paths


def main() -> None:
    """Merge the files that are named, and print seconds and bytes."""
    out, *paths = map(Path, sys.argv[1:])
    began = time.perf_counter()
    merge_results(out, paths)
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(f"{seconds} {memory}\n")


if __name__ == "__main__":
    main()
