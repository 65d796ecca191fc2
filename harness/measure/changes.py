"""What changed between two versions: a row a cell and scenario, and what may be said of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.descriptions import Cell
from harness.measure.statistics import Estimate

Direction = Literal["improvement", "regression", "no difference", "not compared"]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of two versions that were measured."""

    #: What the user calls it: a pin (`local@5.0.0-beta.29`), a checkout, or a result file.
    title: str
    harness_version: str
    harness_commit: str
    methodology: int
    started_at: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one scenario of one cell, in workflow time (ms)."""

    cell: Cell
    scenario: str
    direction: Direction
    #: Why it is not compared; empty otherwise.
    reason: str = ""
    before: Estimate | None = None
    after: Estimate | None = None
    #: After divided by before: 1.1 is 10% slower.
    ratio: Estimate | None = None
    #: How far a ratio of this cell against itself may be from 1: 0.03 is 3% either way.
    floor: float | None = None
    #: How probable such a ratio is without any change, corrected for all rows of the table.
    chance: float | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Every row of a comparison, in the order of the session's cells and scenarios."""

    before: Side
    after: Side
    #: Whether both were measured in one session, block by block; else the machine may have drifted.
    interleaved: bool
    rows: tuple[Change, ...]
    #: A row a cell: the mean over all its scenarios; their `scenario` is empty.
    overall: tuple[Change, ...] = ()
    #: Why no row may be compared at all (other methodology, machine, profile); empty when they may.
    refused: str = ""
    #: What limits the comparison, a sentence each.
    cautions: tuple[str, ...] = ()
