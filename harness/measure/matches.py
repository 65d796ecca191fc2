"""Cells that are measured only to be compared with: the same thing again, or another version.

A twin is a World under a second name: its app is built and started on its own, so that whatever
makes two builds of one thing differ is in what it shows. Another version is a World whose pins
stand in the place of its line's, or which has another source.
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
    """What is measured beside the cells that were asked for."""

    matches: tuple[Match, ...]
    #: Everything that was described, and the Worlds of the companions.
    catalog: Catalog

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that is compared with another."""
        return tuple(cell for match in self.matches for cell in (match.before, match.after))


def match_cells(
    catalog: Catalog, cells: Sequence[Cell], profile: Profile, against: Pins, seed: int
) -> Matched:
    """Say what is measured beside the cells: another version of each, or twins of some.

    Raises:
        UsageError: see :func:`match_versions`.
    """
    if against.packages or against.sources:
        return match_versions(catalog, cells, against)
    return match_twins(catalog, cells, profile, seed)


def match_twins(catalog: Catalog, cells: Sequence[Cell], profile: Profile, seed: int) -> Matched:
    """Give a twin to as many cells as the profile wants.

    Which cell has it where one does, the seed decides, so that in the end all had one.
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
    """Compare every cell with another version of itself, and that one with its own twin.

    Args:
        catalog: What is described.
        cells: The versions that the user asks about.
        pins: The versions that they are compared with.

    Raises:
        UsageError: something that none of the cells uses, or a deployment that is not ours.
    """
    for cell in cells:
        if catalog.world_of(cell).remote:
            raise UsageError(
                f"{cell.id} cannot be compared with another version",
                cause="what is deployed there is not ours to change",
                remedy="bench both deployments, and `world-harness compare` the two result files",
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
