"""The time and memory needed to merge result files of many machines."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import msgspec

from harness.descriptions import Cell
from harness.errors import HarnessError
from harness.results.encoding import encode_record
from harness.results.files import read_results_as
from harness.results.joining import write_whole
from harness.results.records import BenchHeader, BenchResults, Shard
from harness.results.shards import share_out
from suites.performance.commands import PROGRAM, time_command
from suites.performance.rendering import EXAMPLE
from suites.performance.repeating import Spread, spread


class Merged(msgspec.Struct, frozen=True):
    """Repeated merges of the same files: seconds, memory and size of the files, in bytes."""

    seconds: Spread
    memory_bytes: Spread
    file_bytes: int


def time_merge(folder: Path, files: int, samples: int, repeats: int) -> Merged:
    """Write result files of real samples, and merge them repeatedly with the command.

    Raises:
        HarnessError: the command failed.
    """
    paths = write_shards(folder, files, samples)
    out = folder / "merged.jsonl"
    spent = []
    for _ in range(repeats):
        once = time_command(PROGRAM, "merge", out, *paths)
        if once.code:
            raise HarnessError(
                f"`world-harness merge` ended with exit code {once.code}",
                remedy=f"merge two files of {folder.parent} by hand, and read the error",
            )
        spent.append(once)
        out.unlink()
    return Merged(
        spread([once.seconds for once in spent]),
        spread([once.memory_bytes for once in spent]),
        sum(path.stat().st_size for path in paths),
    )


def write_shards(folder: Path, files: int, samples: int) -> list[Path]:
    """Write the shards of one session; each has a different cell with many real samples."""
    example = read_results_as(EXAMPLE, BenchResults)
    cells = tuple(Cell("v5", "express", f"world-{number:03}") for number in range(files))
    paths = []
    for number, (cell,) in enumerate(share_out(cells, files), start=1):
        shard = Shard(number=number, count=files, cells=cells)
        path = folder / f"{number}.jsonl"
        write_whole(path, _write_lines(example, cell, shard, samples))
        paths.append(path)
    return paths


def _write_lines(example: BenchResults, cell: Cell, shard: Shard, samples: int) -> list[bytes]:
    header: BenchHeader = msgspec.structs.replace(
        example.header,
        cells=(cell,),
        matches=(),
        command=f"{example.header.command} --shard {shard.number}/{shard.count}",
        shard=shard,
    )
    taken = [
        encode_record(msgspec.structs.replace(sample, cell=cell))
        for sample in example.samples[:samples]
    ]
    end = [encode_record(example.footer)] if example.footer else []
    return [encode_record(header), *islice(cycle(taken), samples), *end]
