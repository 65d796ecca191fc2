"""Result files of the shards of one session, as one: no sample is lost, doubled or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.descriptions import Cell
from harness.errors import ResultsError
from harness.results.encoding import encode_record
from harness.results.files import read_header
from harness.results.joining import join_footers, read_lines_as, require_new, write_whole
from harness.results.records import BenchHeader, Footer, Part
from harness.results.shards import find_share

#: What has to be the same in every shard: else their numbers are not of one session.
_SAME = (
    "methodology",
    "harness_version",
    "harness_commit",
    "profile",
    "seed",
    "forks",
    "scenarios",
    "workers",
    "pinned",
    "against",
    "precision",
    "budget_s",
    "known_faults",
)


class _Line(msgspec.Struct, tag_field="record", tag="sample"):
    """As much of a record of a fork as merging has to know."""

    cell: Cell


class _ForkLine(_Line, tag="fork"):
    pass


class _HeaderLine(msgspec.Struct, tag_field="record", tag="header"):
    pass


_decoder = msgspec.json.Decoder(_Line | _ForkLine | _HeaderLine | Footer)


def merge_results(out: Path, files: Sequence[Path]) -> BenchHeader:
    """Write the result files of shards as one; returns its header.

    The lines of samples and forks are copied as they are. Where a shard is missing, the file says
    so: its cells are there, and were not measured. Only if every shard came to its end does the
    file have one.

    Args:
        out: The file to write; it is not there yet.
        files: One a shard, in any order.

    Raises:
        ResultsError: they are not shards of one session, one is there twice, or holds a foreign
            cell; nothing is written then.
    """
    require_new(out)
    headers = {path: _read_shard_header(path) for path in files}
    if not headers or len(headers) != len(files):
        raise ResultsError(
            "these files cannot be merged",
            cause="a file is named twice" if headers else "no file was named",
            remedy="name the result file of each shard once",
        )
    merged = _merge_headers(headers)
    write_whole(out, _join(merged, headers))
    return merged


def _join(merged: BenchHeader, headers: Mapping[Path, BenchHeader]) -> Iterator[bytes]:
    """Yield the lines of the merged file, one after the other: no file is held as a whole."""
    yield encode_record(merged)
    footers: list[Footer] = []
    for path, header in headers.items():
        footer = None
        for line in _copy(path, header):
            if isinstance(line, Footer):
                footer = line
            else:
                yield line
        if footer:
            footers.append(footer)
    if len(footers) == len(headers) and not _list_missing(merged):
        yield encode_record(join_footers(footers))


def _read_shard_header(path: Path) -> BenchHeader:
    header = read_header(path)
    if not isinstance(header, BenchHeader) or header.shard is None:
        merged = isinstance(header, BenchHeader) and header.parts
        raise ResultsError(
            f"{path} is not a shard",
            cause="it was measured without --shard" + (", or merged" if merged else ""),
            remedy="merge what `world-harness bench --shard 1/2 --seed …` and its siblings wrote",
        )
    return header


def _merge_headers(headers: dict[Path, BenchHeader]) -> BenchHeader:
    (first_path, first), *others = sorted(headers.items(), key=_number)
    assert first.shard is not None  # noqa: S101 - every file was asked
    taken = {first.shard.number: first_path}
    for path, header in others:
        assert header.shard is not None  # noqa: S101
        differing = [name for name in _SAME if getattr(header, name) != getattr(first, name)]
        if (header.shard.count, header.shard.cells) != (first.shard.count, first.shard.cells):
            differing.append("cells")
        differing += _find_other_pins(header, first)
        if differing:
            raise ResultsError(
                f"{path} and {first_path} are not shards of one session",
                cause=f"they differ in {', '.join(differing)}",
                remedy="measure all shards with the same command but for --shard",
            )
        if header.shard.number in taken:
            raise ResultsError(
                f"{path} and {taken[header.shard.number]} are the same shard",
                cause=f"both are shard {header.shard.number} of {header.shard.count}",
                remedy="leave one of them out",
            )
        taken[header.shard.number] = path
    ordered = [first, *(header for _, header in others)]
    return msgspec.structs.replace(
        first,
        started_at=min(header.started_at for header in ordered),
        command=_write_command(first),
        cells=first.shard.cells,
        frameworks=tuple({item.id: item for each in ordered for item in each.frameworks}.values()),
        worlds=tuple({item.id: item for each in ordered for item in each.worlds}.values()),
        pins={line: pins for each in ordered for line, pins in each.pins.items()},
        matches=tuple(match for each in ordered for match in each.matches),
        earlier_inflations=tuple(value for each in ordered for value in each.earlier_inflations),
        earlier_whole_inflations=tuple(
            value for each in ordered for value in each.earlier_whole_inflations
        ),
        shard=None,
        parts=tuple(_describe_part(header) for header in ordered),
    )


def _number(item: tuple[Path, BenchHeader]) -> int:
    shard = item[1].shard
    return shard.number if shard else 0


def _find_other_pins(one: BenchHeader, other: BenchHeader) -> Iterator[str]:
    """Name packages of which two shards installed different versions."""
    for line in one.pins.keys() & other.pins.keys():
        for package in one.pins[line].keys() & other.pins[line].keys():
            if one.pins[line][package] != other.pins[line][package]:
                yield f"{package} on line {line}"


def _write_command(header: BenchHeader) -> str:
    """Return the command that measures everything on one machine."""
    words = header.command.split(" ")
    place = words.index("--shard")
    return " ".join(words[:place] + words[place + 2 :])


def _describe_part(header: BenchHeader) -> Part:
    assert header.shard is not None  # noqa: S101
    return Part(
        number=header.shard.number,
        count=header.shard.count,
        cells=header.cells,
        machine=header.machine,
        started_at=header.started_at,
    )


def _list_missing(merged: BenchHeader) -> tuple[int, ...]:
    there = {part.number for part in merged.parts}
    return tuple(number for number in range(1, merged.parts[0].count + 1) if number not in there)


def _copy(path: Path, header: BenchHeader) -> Iterator[bytes | Footer]:
    """Yield the lines of a file that are of forks, and its footer."""
    assert header.shard is not None  # noqa: S101
    own = {*find_share(header.shard), *header.companions}
    for number, line, record in read_lines_as(path, _decoder):
        if isinstance(record, Footer):
            yield record
        elif isinstance(record, _Line):
            if record.cell not in own:
                raise ResultsError(
                    f"line {number} of {path} is of a foreign cell",
                    cause=f"{record.cell.id} is not in shard {header.shard.number}",
                    remedy="name the files as `world-harness bench --shard` wrote them",
                )
            yield line
