"""Merges the result files of generators that shared one plan: every start exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import TypeAlias

import msgspec

from harness.descriptions import Cell
from harness.errors import ResultsError
from harness.load.arrivals import plan_arrivals, take_share
from harness.results.encoding import encode_record
from harness.results.files import read_header
from harness.results.joining import join_footers, read_lines_as, require_new, write_whole
from harness.results.records import Footer, LoadHeader

#: What belongs to one generator and not to the plan.
_OWN = {"started_at", "command", "machine", "load"}


class _Run(msgspec.Struct, tag_field="record", tag="load"):
    """The fields of a run's record that merging uses."""

    cell: Cell
    scenario: str
    index: int


class _End(msgspec.Struct, tag_field="record", tag="loaded"):
    pass


class _HeaderLine(msgspec.Struct, tag_field="record", tag="header"):
    pass


_decoder = msgspec.json.Decoder(_Run | _End | _HeaderLine | Footer)

#: The sort key of runs: cell, scenario, index in the plan.
_Place: TypeAlias = tuple[Cell, str, int]


def merge_generators(out: Path, files: Sequence[Path]) -> LoadHeader:
    """Write the results of several generators as one session; return its header.

    The records stay unchanged, in the order of the plan. So the merged file has the same
    percentiles as if one generator had started everything.

    Raises:
        ResultsError: the files do not share one plan, or a generator is missing or there twice. In
            that case nothing is written.
    """
    require_new(out)
    headers = {path: _read_load_header(path) for path in files}
    first_path = files[0]
    first = headers[first_path]
    taken: dict[int, Path] = {}
    for path in files:
        _check_generator(path, headers[path], first_path, first)
        load = headers[path].load
        if load.generator in taken:
            raise ResultsError(
                f"{path} and {taken[load.generator]} are the same generator",
                cause=f"both are generator {load.generator} of {load.generators}",
                remedy="remove one of them",
            )
        taken[load.generator] = path
    missing = [n for n in range(1, first.load.generators + 1) if n not in taken]
    if missing:
        raise ResultsError(
            "the file of a generator is missing",
            cause=f"number {', '.join(map(str, missing))} of {first.load.generators} is not there",
            remedy="pass its file too: without it the load is smaller than planned",
        )
    whole = msgspec.structs.replace(first.load, generator=1, generators=1)
    merged = msgspec.structs.replace(first, load=whole)
    write_whole(out, _join(merged, headers))
    return merged


def _read_load_header(path: Path) -> LoadHeader:
    header = read_header(path)
    if not isinstance(header, LoadHeader):
        raise ResultsError(
            f"{path} is not the result file of a load",
            cause="`world-harness load` did not write it",
            remedy="merge the files of all generators of one `world-harness load`",
        )
    return header


def _join(merged: LoadHeader, headers: Mapping[Path, LoadHeader]) -> Iterator[bytes]:
    """Yield the lines of the merged file. Lines of runs stay in memory until they are sorted."""
    planned = plan_arrivals(merged.load, merged.seed)
    gathered = _Gathered()
    for path, header in headers.items():
        gathered.take(path, {arrival.index for arrival in take_share(planned, header.load)})
    yield encode_record(merged)
    yield from (gathered.runs[place] for place in sorted(gathered.runs))
    yield from gathered.ends
    if len(gathered.footers) == len(headers):
        yield encode_record(join_footers([*gathered.footers.values()]))


class _Gathered:
    """The lines of several files, unchanged."""

    def __init__(self) -> None:
        self.runs: dict[_Place, bytes] = {}
        self.ends: list[bytes] = []
        self.footers: dict[Path, Footer] = {}

    def take(self, path: Path, own: Set[int]) -> None:
        """Add the lines of a file, which may only have these starts.

        Raises:
            ResultsError: a start is not one of these, or was added before.
        """
        for number, line, record in read_lines_as(path, _decoder):
            if isinstance(record, Footer):
                self.footers[path] = record
            elif isinstance(record, _End):
                self.ends.append(line)
            elif isinstance(record, _Run):
                place = (record.cell, record.scenario, record.index)
                if record.index not in own or place in self.runs:
                    raise ResultsError(
                        f"{path} contains starts of another generator",
                        cause=f"start {record.index} in line {number}",
                        remedy="name the files as `world-harness load` wrote them",
                    )
                self.runs[place] = line


def _check_generator(path: Path, header: LoadHeader, first_path: Path, first: LoadHeader) -> None:
    differing = [
        name
        for name in header.__struct_fields__
        if name not in _OWN and getattr(header, name) != getattr(first, name)
    ]
    if msgspec.structs.replace(header.load, generator=1) != msgspec.structs.replace(
        first.load, generator=1
    ):
        differing.append("load")
    if differing:
        raise ResultsError(
            f"{path} and {first_path} do not belong to the same load",
            cause=f"they differ in {', '.join(differing)}",
            remedy="give all generators the same command and --seed; only --generator may differ",
        )
