"""What merging result files takes, whatever they hold: one new file, and how its parts ended."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.atomic_files import replace_file
from harness.errors import ResultsError, UnwritableError
from harness.results.files import read_lines
from harness.results.records import Footer, Stopped

T = TypeVar("T")

#: Why a session stopped adding forks, what limited it most first.
_STOPPED: tuple[Stopped, ...] = ("failed", "budget", "precision", "plan")


def require_new(out: Path) -> None:
    """Refuse to write where something is.

    Raises:
        ResultsError: the file is there already.
    """
    if out.exists():
        raise ResultsError(f"{out} is there already", remedy="name another file, or remove it")


def read_lines_as(path: Path, decoder: msgspec.json.Decoder[T]) -> Iterator[tuple[int, bytes, T]]:
    """Yield the number of each line, the line with its end, and as much of it as is decoded.

    Raises:
        ResultsError: a line is a record of another kind, or the file cannot be read.
    """
    for number, line in enumerate(read_lines(path), start=1):
        try:
            record = decoder.decode(line)
        except msgspec.ValidationError as error:
            raise ResultsError(
                f"line {number} of {path} cannot be merged",
                cause=str(error),
                remedy="merge files of one kind that this version of the harness wrote",
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A line that an interruption cut: what it was of did not end, so nothing is lost.
            continue
        yield number, line if line.endswith(b"\n") else line + b"\n", record


def write_whole(out: Path, lines: Iterable[bytes]) -> None:
    """Write lines, each with its end, to a file that is there only when all of them are.

    Raises:
        UnwritableError: there is no room, or no right to write there.
    """
    try:
        with replace_file(out) as draft, draft.open("wb") as file:
            file.writelines(lines)
    except OSError as error:
        raise UnwritableError(
            f"results cannot be written to {out}",
            cause=os.strerror(error.errno or 0),
            remedy="make room, or name another place",
        ) from error


def join_footers(footers: Sequence[Footer]) -> Footer:
    """Put together how parts ended: sums of what was done, the most of what was used."""
    return Footer(
        finished_at=max(footer.finished_at for footer in footers),
        seconds=max(footer.seconds for footer in footers),
        forks_finished=sum(footer.forks_finished for footer in footers),
        forks_failed=sum(footer.forks_failed for footer in footers),
        samples=sum(footer.samples for footer in footers),
        samples_bad=sum(footer.samples_bad for footer in footers),
        harness_cpu_share=max(footer.harness_cpu_share for footer in footers),
        harness_memory_bytes=max(footer.harness_memory_bytes for footer in footers),
        stopped=next(why for why in _STOPPED if why in {footer.stopped for footer in footers}),
    )
