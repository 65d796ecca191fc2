"""A table that is spread over machines: which cells each of them measures.

Cells that are compared with each other have to be measured by one machine, in blocks. A shard
therefore takes whole Worlds: every framework and line that is measured on a World is on the machine
that measures it, and what would compare two Worlds of different shards is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.descriptions import Cell
from harness.errors import UsageError
from harness.results.records import Shard

_WRITTEN = re.compile(r"(\d+)/(\d+)")


def read_shard(text: str, cells: Sequence[Cell]) -> Shard:
    """Read `2/6` as a shard of all cells.

    Raises:
        UsageError: it is not written so, there is no such shard, or there are too few Worlds.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise UsageError(
            f"{text!r} is not a valid shard", remedy="write it like 2/6: the second of six"
        )
    shard = Shard(number=int(found[1]), count=int(found[2]), cells=tuple(cells))
    if not 1 <= shard.number <= shard.count:
        raise UsageError(
            f"shard {text} does not exist", remedy=f"choose from 1/{shard.count} to {shard.count}/…"
        )
    share_out(cells, shard.count)
    return shard


def share_out(cells: Sequence[Cell], count: int) -> tuple[tuple[Cell, ...], ...]:
    """Share cells out by whole Worlds, so that the largest share is as small as may be.

    The same cells are always shared out in the same way, wherever that is done.

    Raises:
        UsageError: there are fewer Worlds than shares.
    """
    worlds: dict[str, list[Cell]] = {}
    for cell in cells:
        worlds.setdefault(cell.world, []).append(cell)
    if count > len(worlds):
        raise UsageError(
            f"{len(worlds)} Worlds cannot be spread over {count} shards",
            cause="the cells of one World are compared with each other, and stay on one machine",
            remedy=f"ask for at most {len(worlds)} shards",
        )
    shares: list[list[Cell]] = [[] for _ in range(count)]
    for world in sorted(worlds, key=lambda name: (-len(worlds[name]), name)):
        min(shares, key=len).extend(worlds[world])
    return tuple(tuple(cell for cell in cells if cell in share) for share in shares)


def find_share(shard: Shard) -> tuple[Cell, ...]:
    """Return the cells that a shard measures."""
    return share_out(shard.cells, shard.count)[shard.number - 1]
