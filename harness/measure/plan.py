"""The plan: what to measure, in which order. A pure function of the request and its seed."""

from __future__ import annotations

import fnmatch
import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from harness.descriptions import Catalog, Cell, Mode, Scenario, read_table
from harness.errors import UsageError, unknown
from harness.results.records import BenchHeader, Kind

T = TypeVar("T")


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to measure (`profiles.toml`); each list contains ids or patterns."""

    id: str
    title: str
    lines: tuple[str, ...]
    frameworks: tuple[str, ...]
    worlds: tuple[str, ...]
    scenarios: tuple[str, ...]
    #: The least number of forks of each cell.
    forks: int
    #: How long all forks may take, in seconds: blocks are added while a comparison is open. Without
    #: a budget, there are as many forks as `forks` says.
    budget_s: float | None = None
    #: Whether patterns also match extended scenarios.
    extended: bool = False
    #: How many cells are also measured against themselves, to calibrate the differences.
    twins: Literal["none", "one", "each"] = "one"


class CellChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The cells that a user chose, by name or pattern. An empty list means the default."""

    lines: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()
    #: By default production alone.
    modes: tuple[Mode, ...] = ()


class Choice(CellChoice, frozen=True, kw_only=True):
    """The cells and scenarios that a user chose. An empty list means the profile's."""

    scenarios: tuple[str, ...] = ()


class CellSelection(msgspec.Struct, frozen=True, kw_only=True):
    """The cells that result from a choice."""

    cells: tuple[Cell, ...]
    #: Requested combinations that cannot exist -> why.
    impossible: dict[str, str]


class Selection(CellSelection, frozen=True, kw_only=True):
    """The cells and scenarios that result from a choice."""

    scenarios: tuple[Scenario, ...]


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """One fresh start of a cell on empty storage, and its scenarios in order."""

    id: str
    kind: Kind
    block: int
    cell: Cell
    scenarios: tuple[str, ...]
    #: Seed of the arguments of its samples.
    seed: int


def describe_profiles() -> dict[str, Profile]:
    """Return every profile by its id."""
    return read_table(Path(__file__).parent / "profiles.toml", "profile", Profile)


def find_profile(name: str) -> Profile:
    """Return a profile by its id.

    Raises:
        UsageError: no profile has this id.
    """
    profiles = describe_profiles()
    if name not in profiles:
        raise unknown("profile", name, profiles)
    return profiles[name]


def choose(catalog: Catalog, profile: Profile, choice: Choice) -> Selection:
    """Turn a profile and a user's choice into cells and scenarios.

    Raises:
        UsageError: a name is unknown (with similar names), or no chosen cell can exist.
    """
    default = CellChoice(lines=profile.lines, frameworks=profile.frameworks, worlds=profile.worlds)
    selected = choose_cells(catalog, choice, default)
    return Selection(
        cells=selected.cells,
        impossible=selected.impossible,
        scenarios=choose_scenarios(catalog, profile, choice.scenarios),
    )


def choose_cells(catalog: Catalog, choice: CellChoice, default: CellChoice) -> CellSelection:
    """Turn a user's choice into cells.

    Args:
        catalog: Everything that is described.
        choice: The user's choice.
        default: Lines, frameworks and Worlds where the user chose none.

    Raises:
        UsageError: a name is unknown (with similar names), or no chosen cell can exist.
    """
    served_lines = {name: item for name, item in catalog.lines.items() if catalog.is_served(item)}
    lines = _match("line", choice.lines or default.lines, catalog.lines, served_lines)
    frameworks = _match("framework", choice.frameworks or default.frameworks, catalog.frameworks)
    local = {name: world for name, world in catalog.worlds.items() if not world.remote}
    served_worlds = {name: item for name, item in local.items() if catalog.is_served(item)}
    worlds = _match("world", choice.worlds or default.worlds, local, served_worlds)
    modes = choice.modes or default.modes or ("production",)
    combined = [Cell(*parts) for parts in itertools.product(lines, frameworks, worlds, modes)]
    reasons = {cell: catalog.explain_impossible(cell) for cell in combined}
    cells = tuple(cell for cell in combined if not reasons[cell])
    if not cells:
        raise UsageError(
            "none of the chosen cells can exist",
            cause="; ".join(f"{cell.id}: {reason}" for cell, reason in reasons.items()),
            remedy="run `world-harness list` to see the lines of each World and framework",
        )
    impossible = {
        cell.id: reason
        for cell, reason in reasons.items()
        if reason and _is_missed(cell, catalog, choice, cells)
    }
    return CellSelection(cells=cells, impossible=impossible)


def _is_missed(cell: Cell, catalog: Catalog, choice: CellChoice, cells: Sequence[Cell]) -> bool:
    """Return whether the user asked for a cell that cannot exist.

    A cell of parts in different languages does not count: a user who chooses two lines and two
    frameworks means the pairs that fit. It counts if a part that the user named has no other cell.
    """
    if catalog.speaks_one_language(cell):
        return True
    named = {*choice.lines, *choice.frameworks, *choice.worlds, *choice.modes}
    found = {part for other in cells for part in msgspec.structs.astuple(other)}
    return any(part in named - found for part in msgspec.structs.astuple(cell))


def choose_scenarios(
    catalog: Catalog, profile: Profile, patterns: Sequence[str]
) -> tuple[Scenario, ...]:
    """Return the scenarios of a profile, or those that the patterns name.

    Raises:
        UsageError: a name is unknown.
    """
    return tuple(_match_scenarios(catalog.scenarios, profile, patterns))


def _match(
    kind: str,
    patterns: Iterable[str],
    known: Mapping[str, object],
    found_by_pattern: Mapping[str, object] | None = None,
) -> list[str]:
    """Return the known names that match the patterns, in the known order.

    Args:
        kind: The kind of thing, for the error.
        patterns: Names, or patterns of names.
        known: All known names.
        found_by_pattern: The names that patterns match; `None` for all.
    """
    found: set[str] = set()
    for pattern in patterns:
        if pattern in known:
            found.add(pattern)
            continue
        matches = fnmatch.filter(known if found_by_pattern is None else found_by_pattern, pattern)
        if not matches:
            raise unknown(kind, pattern, known)
        found.update(matches)
    return [name for name in known if name in found]


def _match_scenarios(
    known: Mapping[str, Scenario], profile: Profile, patterns: Sequence[str]
) -> list[Scenario]:
    """Patterns match extended scenarios only if the profile says so; names always match."""
    everyday = {
        name: item
        for name, item in known.items()
        if not item.by_name and (profile.extended or not item.extended)
    }
    found = _match("scenario", patterns or profile.scenarios, known, everyday)
    return [known[name] for name in found]


def plan_forks(header: BenchHeader) -> tuple[Fork, ...]:
    """Return every fork in the order of work."""
    return tuple(fork for heat in plan_heats(header) for fork in heat)


def plan_heats(header: BenchHeader) -> tuple[tuple[Fork, ...], ...]:
    """Return every heat in the order of work: the timing blocks, then one counting fork a cell."""
    order = random.Random(header.seed)  # noqa: S311 - repeatable, not secret
    blocks = [
        heat
        for block in range(1, header.forks + 1)
        for heat in plan_block(header, block, header.scenarios, order)
    ]
    seen = header.cells if header.workers == 1 else ()
    counted = [cell for cell in seen if not _is_remote(header, cell)]
    names = [scenario.id for scenario in header.scenarios]
    block = header.forks + 1
    alone = [(plan_fork("counting", block, cell, names, order),) for cell in counted]
    return (*blocks, *alone)


def plan_block(
    header: BenchHeader, block: int, scenarios: Sequence[Scenario], order: random.Random
) -> list[tuple[Fork, ...]]:
    """Plan one timing fork of every cell: the heats of one block, in the order of work.

    A block contains all cells in random order, so that a drift of the machine affects all equally.
    The order of workflows, and of scenarios within a workflow, is drawn once per block and is the
    same for every cell.
    """
    names = plan_scenarios(order, scenarios)
    return [
        tuple(plan_fork("timing", block, cell, names, order) for cell in _shuffle(order, cells))
        for cells in _shuffle(order, list_heats(header))
    ]


def list_heats(header: BenchHeader) -> list[tuple[Cell, ...]]:
    """Return all cells that are measured, those that are matched together.

    The forks of a heat take turns, one workflow each: matched cells are compared more closely than
    others. All other apps run alone, because it was not shown that suspended neighbors change no
    time (`nox -s honesty -- neighbors`).
    """
    heats: list[tuple[Cell, ...]] = [(cell,) for cell in (*header.cells, *header.companions)]
    for match in header.matches:
        joined = [heat for heat in heats if match.before in heat or match.after in heat]
        kept = [heat for heat in heats if heat not in joined]
        heats = [*kept, tuple(cell for heat in joined for cell in heat)]
    return heats


def plan_fork(
    kind: Kind, block: int, cell: Cell, scenarios: Sequence[str], order: random.Random
) -> Fork:
    """Plan one fork, with its own seed from the generator."""
    return Fork(
        id=f"{kind}-{block}/{cell.id}",
        kind=kind,
        block=block,
        cell=cell,
        scenarios=tuple(scenarios),
        seed=order.randrange(2**31),
    )


def _is_remote(header: BenchHeader, cell: Cell) -> bool:
    return any(world.remote for world in header.worlds if world.id == cell.world)


def plan_scenarios(order: random.Random, scenarios: Sequence[Scenario]) -> list[str]:
    """Shuffle the workflows, and the scenarios of each: a fork visits its app once a workflow."""
    workflows = list(dict.fromkeys(scenario.workflow for scenario in scenarios))
    return [
        scenario.id
        for workflow in _shuffle(order, workflows)
        for scenario in _shuffle(order, [item for item in scenarios if item.workflow == workflow])
    ]


def _shuffle(order: random.Random, items: Sequence[T]) -> list[T]:
    return order.sample(items, len(items))
