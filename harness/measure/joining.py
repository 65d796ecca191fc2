"""What merging result files takes, whatever they hold: one new file, and how its parts ended."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from harness.errors import ResultsError
from harness.measure.results import Footer

#: Why a session stopped adding forks, what limited it most first.
_STOPPED: tuple[Literal["budget", "precision", "plan"], ...] = ("budget", "precision", "plan")


def require_new(out: Path) -> None:
    """Refuse to write where something is.

    Raises:
        ResultsError: the file is there already.
    """
    if out.exists():
        raise ResultsError(f"{out} is there already", remedy="name another file, or remove it")


def write_whole(out: Path, lines: Iterable[bytes]) -> None:
    """Write lines, each with its end, to a file that is there only when all of them are.

    Raises:
        ResultsError: there is no room, or no right to write there.
    """
    unfinished = out.with_name(f"{out.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.writelines(lines)
        unfinished.replace(out)
    except OSError as error:
        raise ResultsError(
            f"results cannot be written to {out}",
            cause=os.strerror(error.errno or 0),
            remedy="make room, or name another place",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


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
