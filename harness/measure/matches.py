"""Cells that are measured only for comparison: a twin, or another version.

A twin is the same World under a second name. Its app is built and started separately, so it
shows how much two builds of the same thing differ. Another version is a World with other
pins than its line's, or with another source.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from harness.descriptions import Catalog, Cell, World
from harness.errors import UsageError
from harness.measure.pinning import Pins, adapt, refuse_unused
from harness.measure.plan import Profile
from harness.results.records import Match

_TWIN = "twin"
_BEFORE = "before"


class Matched(msgspec.Struct, frozen=True):
    """What is measured besides the requested cells."""

    matches: tuple[Match, ...]
    #: The catalog with the Worlds of the companions.
    catalog: Catalog

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that is compared with another."""
        return tuple(cell for match in self.matches for cell in (match.before, match.after))


def match_cells(
    catalog: Catalog, cells: Sequence[Cell], profile: Profile, against: Pins, seed: int
) -> Matched:
    """Return what is measured besides the cells: another version of each, or twins of some.

    Raises:
        UsageError: see :func:`match_versions`.
    """
    if against.packages or against.sources:
        return match_versions(catalog, cells, against)
    return match_twins(catalog, cells, profile, seed)


def match_twins(catalog: Catalog, cells: Sequence[Cell], profile: Profile, seed: int) -> Matched:
    """Give a twin to as many cells as the profile says.

    The seed decides which cells get one, so that over many sessions all cells do.
    """
    here = [cell for cell in cells if not catalog.world_of(cell).remote]
    if profile.twins == "none" or not here:
        return Matched((), catalog)
    order = random.Random(f"{seed}/twins")  # noqa: S311 - repeatable, not secret
    chosen = here if profile.twins == "each" else [order.choice(here)]
    catalog = catalog.with_worlds(
        {
            (twin := _name_twin(catalog.worlds[name])).id: twin
            for name in dict.fromkeys(cell.world for cell in chosen)
        }
    )
    matches = tuple(Match(before=cell, after=_call(cell, _TWIN), kind="twin") for cell in chosen)
    return Matched(matches, catalog)


def match_versions(catalog: Catalog, cells: Sequence[Cell], pins: Pins) -> Matched:
    """Match every cell with another version of itself, and that version with its own twin.

    Args:
        catalog: Everything that is described.
        cells: The cells of the versions that the user asks about.
        pins: The versions to compare them with.

    Raises:
        UsageError: no cell uses a pin, or a cell is a remote deployment.
    """
    for cell in cells:
        if catalog.world_of(cell).remote:
            raise UsageError(
                f"cannot compare {cell.id} with another version",
                cause="the harness cannot change a remote deployment",
                remedy="bench both deployments, then run `world-harness compare` on the results",
            )
    refuse_unused(catalog, cells, pins)
    added: dict[str, World] = {}
    matches = []
    for cell in cells:
        world = catalog.worlds[cell.world]
        before = msgspec.structs.replace(
            adapt(world, pins),
            id=f"{world.id}-{_BEFORE}",
            title=f"{world.title} (before)",
            bundled=False,
            instead=dict(pins.packages),
        )
        twin = _name_twin(before)
        added |= {before.id: before, twin.id: twin}
        old, again = _call(cell, _BEFORE), _call(_call(cell, _BEFORE), _TWIN)
        matches.append(Match(before=old, after=cell, kind="version"))
        matches.append(Match(before=old, after=again, kind="twin"))
    return Matched(tuple(matches), catalog.with_worlds(added))


def _name_twin(world: World) -> World:
    return msgspec.structs.replace(
        world, id=f"{world.id}-{_TWIN}", title=f"{world.title} (twin)", bundled=False
    )


def _call(cell: Cell, name: str) -> Cell:
    return msgspec.structs.replace(cell, world=f"{cell.world}-{name}")
