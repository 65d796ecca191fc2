"""Repeated certifications of one World: the duration and verdicts of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import tabulate

from harness.certification.examination import Examined
from harness.certification.verdicts import decide_world
from harness.errors import ResultsError
from suites.performance.certifying import Timed, find_differences


class Certification(msgspec.Struct, frozen=True, kw_only=True):
    """One certification, as one line of the file."""

    #: The number of the run, from 1.
    run: int
    world: str
    line: str | None
    version: str
    effort: str
    began: datetime
    #: Duration, with starting servers but without installation.
    seconds: float
    #: Verdict -> clauses.
    verdicts: dict[str, int]
    #: Clauses that count for this World (each MUST, each MAY that it offers) and failed, or are
    #: inconclusive.
    failed: tuple[str, ...]
    inconclusive: tuple[str, ...]
    #: Whether every MUST that applies has passed.
    certified: bool


def certify_in_a_row(
    certify: Callable[[], Timed], effort: str, times: int, file: Path | None = None
) -> Iterator[tuple[Certification, Examined]]:
    """Certify a World several times; yield each certification when it ends.

    Args:
        certify: Certifies it once.
        effort: The effort to report.
        times: How often to certify.
        file: One line is appended to it after each certification.

    Raises:
        HarnessError: a certification crashed, or the file cannot be written.
    """
    for run in range(1, times + 1):
        timed = certify()
        told = _tell(run, effort, timed)
        if file is not None:
            _append(file, told)
        yield told, timed.examined


def _tell(run: int, effort: str, timed: Timed) -> Certification:
    examined, subject = timed.examined, timed.examined.subject
    decided = decide_world(examined.verdicts)
    return Certification(
        run=run,
        world=subject.id,
        line=subject.line,
        version=subject.version,
        effort=effort,
        began=examined.started,
        seconds=round(timed.seconds, 2),
        verdicts=dict(Counter(clause.verdict for clause in examined.verdicts)),
        failed=decided.failed,
        inconclusive=decided.inconclusive,
        certified=decided.certified,
    )


def _append(file: Path, told: Certification) -> None:
    try:
        with file.open("ab") as lines:
            lines.write(msgspec.json.encode(told) + b"\n")
    except OSError as error:
        raise ResultsError(
            f"{file} cannot be written", cause=str(error), remedy="choose a different file"
        ) from error


def render_certifications(row: Sequence[Certification], examined: Iterable[Examined]) -> str:
    """Render one row per certification, and the clauses on which they disagree."""
    verdicts = sorted({name for told in row for name in told.verdicts})
    shown = [
        (
            told.run,
            f"{told.seconds:.1f} s",
            *(told.verdicts.get(name, 0) for name in verdicts),
            "✅" if told.certified else f"❌ {', '.join((*told.failed, *told.inconclusive))}",
        )
        for told in row
    ]
    headers = ("run", "took", *verdicts, "every MUST passed")
    table = tabulate.tabulate(shown, headers=headers, tablefmt="github")
    well = sum(told.certified for told in row)
    differences = find_differences(list(examined))
    agreement = "; ".join(differences) if differences else "identical"
    return f"{table}\n\n{well} of {len(row)} passed every MUST. Verdicts: {agreement}.\n"
