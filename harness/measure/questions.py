"""The questions of a session: which World, framework or line is the fastest, in one mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from harness.descriptions import Cell, Mode
from harness.measure.statistics import Contenders, Series
from harness.results.records import BenchHeader

#: What cells differ in, and what can be the fastest.
Part = Literal["line", "framework", "world"]
#: What a cell consists of. The mode is never compared: a dev server does other work than a build.
CellPart = Part | Literal["mode"]

PARTS: tuple[Part, ...] = ("line", "framework", "world")


class Question(msgspec.Struct, frozen=True):
    """Which contender is the fastest, where cells that differ in nothing else are compared."""

    part: Part
    #: The line that all cells share; empty where lines are the contenders.
    line: str
    #: The mode that all cells share.
    mode: Mode
    #: The ids of the contenders, in the order in which they were asked for.
    contenders: tuple[str, ...]
    cells: tuple[Cell, ...]
    #: Cell -> its partner: what it shares with the cells that it is compared with.
    partners: dict[Cell, str]

    def gather(self, find_series: Callable[[Cell], Series]) -> Contenders:
        """Return contender -> partner -> times, of the cells that have any."""
        found: dict[str, dict[str, Series]] = {}
        for cell in self.cells:
            series = find_series(cell)
            if series:
                found.setdefault(getattr(cell, self.part), {})[self.partners[cell]] = series
        return found


def list_questions(header: BenchHeader) -> tuple[Question, ...]:
    """Return every question with at least two contenders that share a partner."""
    return tuple(
        question
        for part in PARTS
        for question in _ask(header, part)
        if len(question.contenders) > 1
    )


def _ask(header: BenchHeader, part: Part) -> Iterator[Question]:
    grounds = dict.fromkeys(
        ("" if part == "line" else cell.line, cell.mode) for cell in header.cells
    )
    for line, mode in grounds:
        cells = [cell for cell in header.cells if line in ("", cell.line) and cell.mode == mode]
        partners = {cell: _name_partner(header, cell, part) for cell in cells}
        shared = [cell for cell in cells if _has_rival(cell, cells, partners)]
        yield Question(
            part=part,
            line=line,
            mode=mode,
            contenders=tuple(dict.fromkeys(getattr(cell, part) for cell in shared)),
            cells=tuple(shared),
            partners=partners,
        )


def _name_partner(header: BenchHeader, cell: Cell, part: Part) -> str:
    """Name what a cell shares with its rivals; cells of two machines share nothing."""
    others = [getattr(cell, other) for other in PARTS if other not in (part, "line")]
    machine = header.part_of(cell)
    return " · ".join([*others, *([f"machine {machine}"] if machine else [])])


def _has_rival(cell: Cell, cells: Sequence[Cell], partners: dict[Cell, str]) -> bool:
    return any(other != cell and partners[other] == partners[cell] for other in cells)
