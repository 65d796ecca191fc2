"""Result files: written a line at a time, so that an interruption loses no finished fork."""

from __future__ import annotations

import fcntl
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import msgspec

from harness.errors import ResultsError, UnwritableError
from harness.results.encoding import decode_record, encode_record
from harness.results.records import (
    METHODOLOGY,
    OLDEST,
    BenchHeader,
    BenchResults,
    CellEnd,
    Check,
    EngineHeader,
    EngineResults,
    Footer,
    ForkEnd,
    Header,
    LoadEnd,
    LoadHeader,
    LoadResults,
    LoadRun,
    Record,
    Results,
    Sample,
)

T = TypeVar("T")
R = TypeVar("R", BenchResults, EngineResults, LoadResults)

#: Kind of session -> the command that writes such files.
_COMMANDS: dict[type[Results], str] = {
    BenchResults: "bench",
    EngineResults: "e2e",
    LoadResults: "load",
}


class ResultsWriter:
    """Appends records to a result file; each is on the disk before the next is measured.

    Two sessions never write to one file: their records would be taken for each other's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
            _claim(self._file)
            _end_cut_line(self.path)
        except OSError as error:
            self._close()
            raise self._explain(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._file:
            self._file.close()

    def append(self, record: Record) -> None:
        """Write one record.

        Raises:
            UnwritableError: the disk is full, or the file cannot be written.
        """
        if self._file is None:
            raise UnwritableError(
                "the result file is not open", remedy="use the writer in a `with`"
            )
        try:
            rest = encode_record(record)
            while rest:  # A disk that is almost full takes a part, and only then complains.
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._explain(error) from error

    def _explain(self, error: OSError) -> UnwritableError:
        if isinstance(error, BlockingIOError):
            return UnwritableError(
                f"another session is writing to {self.path}",
                remedy="wait for its end, or begin a new session with another --out",
            )
        return UnwritableError(
            f"results cannot be written to {self.path}",
            cause=os.strerror(error.errno or 0),
            remedy="make room or name another place with --out; finished forks are kept, "
            "and `world-harness bench --resume FILE` goes on from them",
        )


def _claim(file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # A file system without locks.


def _end_cut_line(path: Path) -> None:
    """End a line that an interruption cut, so that the next record begins on its own."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb+") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")


def read_results(path: Path) -> Results:
    """Read a result file, which may be packed (`.gz`), as the kind of session that it is.

    Of a fork that was measured again, the latest attempt counts. A fork that ended badly keeps its
    samples, because they say what went wrong; its times are not used.

    Raises:
        ResultsError: no such file, not a result file, another methodology, or records of another
            kind of session.
    """
    records = list(_read_records(path))
    header = next(iter(_choose(records, Header)), None)
    footer = next(reversed(_choose(records, Footer)), None)
    match header:
        case BenchHeader():
            _require(records, (Sample, ForkEnd), path)
            return _read_bench(header, records, footer)
        case EngineHeader():
            _require(records, (Check, CellEnd), path)
            return EngineResults(
                header=header,
                checks=tuple(_choose(records, Check)),
                cells=tuple(_choose(records, CellEnd)),
                footer=footer,
            )
        case LoadHeader():
            _require(records, (LoadRun, LoadEnd), path)
            return LoadResults(
                header=header,
                loads=tuple(_choose(records, LoadRun)),
                load_ends=tuple(_choose(records, LoadEnd)),
                footer=footer,
            )
        case _:
            raise _refuse(path)


def read_results_as(path: Path, kind: type[R]) -> R:
    """Read a result file that has to be of one kind of session.

    Raises:
        ResultsError: as :func:`read_results`, or it is of another kind.
    """
    results = read_results(path)
    if isinstance(results, kind):
        return results
    raise ResultsError(
        f"{path} cannot be used here",
        cause=f"`world-harness {_COMMANDS[type(results)]}` wrote it",
        remedy=f"name a file that `world-harness {_COMMANDS[kind]}` wrote",
    )


def _read_bench(
    header: BenchHeader, records: Sequence[Record], footer: Footer | None
) -> BenchResults:
    forks = {end.fork: end for end in _choose(records, ForkEnd)}
    counted = {(end.fork, end.attempt) for end in forks.values()}
    attempts: dict[str, int] = {}
    for record in records:
        if isinstance(record, Sample | ForkEnd):
            attempts[record.fork] = max(attempts.get(record.fork, 0), record.attempt)
    return BenchResults(
        header=header,
        samples=tuple(
            sample
            for sample in _choose(records, Sample)
            if (sample.fork, sample.attempt) in counted
        ),
        forks=tuple(forks.values()),
        attempts=attempts,
        footer=footer,
    )


def _require(records: Sequence[Record], kinds: tuple[type, ...], path: Path) -> None:
    """Refuse records that a session of this kind does not have.

    Raises:
        ResultsError: there is one.
    """
    for record in records:
        if not isinstance(record, (Header, Footer, *kinds)):
            raise ResultsError(
                f"{path} holds records of two kinds of session",
                cause=f"a {type(record).__name__} does not follow such a header",
                remedy="name the file of one session as the harness wrote it",
            )


def read_header(path: Path) -> Header:
    """Read the first record of a result file.

    Raises:
        ResultsError: as :func:`read_results`.
    """
    first = next(_read_records(path), None)
    if isinstance(first, Header):
        return first
    raise _refuse(path)


def _refuse(path: Path) -> ResultsError:
    return ResultsError(
        f"{path} is not a result file",
        cause="it has no header",
        remedy="name a .jsonl file that `world-harness bench` wrote",
    )


def _choose(records: Sequence[Record], kind: type[T]) -> list[T]:
    return [record for record in records if isinstance(record, kind)]


def _read_records(path: Path) -> Iterator[Record]:
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = decode_record(line)
        except msgspec.ValidationError as error:
            raise ResultsError(
                f"line {number} of {path} is not a record of a result file",
                cause=str(error),
                remedy="measure again with this version of the harness",
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A line that an interruption cut: its fork did not finish, so nothing is lost.
            continue
        if isinstance(record, BenchHeader) and not OLDEST <= record.methodology <= METHODOLOGY:
            raise ResultsError(
                f"{path} was measured with methodology {record.methodology}",
                cause=f"this version of the harness reads methodologies {OLDEST} to {METHODOLOGY}",
                remedy="use the version of the harness that wrote it, or measure again",
            )
        yield record


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a result file, which may be packed (`.gz`), as they are.

    Raises:
        ResultsError: it cannot be read to its end.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise ResultsError(
            f"{path} cannot be read",
            cause=os.strerror(number) if (number := getattr(error, "errno", 0)) else str(error),
            remedy="name a .jsonl file that `world-harness bench` wrote",
        ) from error
