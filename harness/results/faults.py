"""Which bad samples of a benchmark are known faults: for its reports and for its exit code."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.descriptions import Cell
from harness.results.records import BenchHeader, BenchResults, Sample

#: How a bad sample compares with the list of known faults; empty if no entry covers it.
FaultState = Literal["", "known", "expired"]


class FaultEntry(msgspec.Struct, frozen=True):
    """What the list of known faults says of a bad sample."""

    state: FaultState = ""
    #: Why the fault occurs; empty if no entry covers it. Says so if the entry has expired.
    reason: str = ""


def compare_fault(header: BenchHeader, sample: Sample) -> FaultEntry:
    """Compare a bad sample with the session's list of known faults.

    An entry is valid up to its last day; what counts is the day on which the session started.

    Args:
        header: The session's header, with the list.
        sample: A sample that is not correct.
    """
    covering = [
        entry
        for entry in header.known_faults
        if entry.covers(
            sample.scenario,
            _find_original(header, sample.cell),
            _list_pins(header, sample.cell),
            sample.error or "",
        )
    ]
    # Dates in ISO form sort as text; what is none, in a stranger's file, is after every day.
    started = header.started_at[:10]
    for entry in covering:
        if entry.expires is None or started <= entry.expires.isoformat():
            return FaultEntry("known", entry.reason)
    for entry in covering:
        told = f"the entry of the known faults expired on {entry.expires} ({entry.id})"
        return FaultEntry("expired", f"{told}: {entry.reason}")
    return FaultEntry()


def is_sound(results: BenchResults) -> bool:
    """Tell whether every fork finished, and every bad sample is a known fault."""
    return all(end.outcome == "finished" for end in results.forks) and all(
        compare_fault(results.header, sample).state == "known"
        for sample in results.samples
        if sample.outcome != "correct"
    )


def _find_original(header: BenchHeader, cell: Cell) -> Cell:
    """Return the cell that was asked for, of which a cell is a twin or another version."""
    if cell in header.cells:
        return cell
    for match in header.matches:
        if match.kind == "version" and match.before == cell:
            return match.after
        if match.kind == "twin" and match.after == cell:
            return _find_original(header, match.before)
    return cell


def _list_pins(header: BenchHeader, cell: Cell) -> dict[str, str]:
    """Return package -> version of everything installed for a cell."""
    world = next((item for item in header.worlds if item.id == cell.world), None)
    own = {**world.pins_for(cell.line), **world.instead} if world else {}
    return {**header.pins.get(cell.line, {}), **own}
