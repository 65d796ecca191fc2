"""The changes between two versions: one row per cell and scenario, with its verdict."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.descriptions import Cell
from harness.measure.statistics import Estimate

Direction = Literal["improvement", "regression", "no difference", "not compared"]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two measured versions."""

    #: The user's name for it: a pin (`local@5.0.0-beta.29`), a checkout, or a result file.
    title: str
    harness_version: str
    harness_commit: str
    methodology: int
    started_at: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The change of one scenario of one cell, in workflow time (ms)."""

    cell: Cell
    scenario: str
    direction: Direction
    #: Why it is not compared; empty otherwise.
    reason: str = ""
    #: How many runs of which side were bad, if it is compared in spite of that; empty otherwise.
    faults: str = ""
    before: Estimate | None = None
    after: Estimate | None = None
    #: After divided by before: 1.1 is 10% slower.
    ratio: Estimate | None = None
    #: How far a ratio of this cell against itself may be from 1: 0.03 means ±3%.
    floor: float | None = None
    #: The probability of such a ratio if nothing changed, corrected for all rows of the table.
    chance: float | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Every row of a comparison, in the order of the session's cells and scenarios."""

    before: Side
    after: Side
    #: Whether both were measured in one session, block by block; if not, the machine may drift.
    interleaved: bool
    rows: tuple[Change, ...]
    #: One row per cell: the mean over all its scenarios. `scenario` is empty.
    overall: tuple[Change, ...] = ()
    #: Why no row can be compared (other methodology, machine, profile); empty if rows can be.
    refused: str = ""
    #: The limits of the comparison, one sentence each.
    cautions: tuple[str, ...] = ()
