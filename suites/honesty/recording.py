"""Records long sessions to draw tries from: cells beside twins, and a World beside slower ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell, World
from harness.measure.matches import match_twins
from harness.measure.pinning import read_pins
from harness.measure.plan import CellChoice, Choice, choose, find_profile
from harness.measure.session import Watcher, conduct, describe_session
from harness.results.files import ResultsWriter
from harness.results.records import BenchHeader, Footer, Match
from suites import workflows
from suites.honesty.slowing import pack_slowed

#: How much longer the calls of the slower Worlds take, as a share.
SLOWER = (0.05, 0.10)

_SEED = 1


def record_cells(
    catalog: Catalog, choice: CellChoice, blocks: int, path: Path, watcher: Watcher
) -> Footer:
    """Measure the cells of a quick session, each beside a twin.

    Args:
        catalog: The descriptions.
        choice: The cells; by default those of the profile `quick`.
        blocks: How many forks of each to measure.
        path: Path of the result file.
        watcher: Gets the progress.

    Raises:
        HarnessError: the session cannot be measured; the error says what to do.
    """
    profile = msgspec.structs.replace(find_profile("quick"), twins="each")
    wanted = Choice(**msgspec.structs.asdict(choice))
    selection = choose(catalog, profile, wanted)
    matched = match_twins(catalog, selection.cells, profile, _SEED)
    shared = describe_session(
        matched.catalog,
        selection.cells,
        seed=_SEED,
        command=f"nox -s honesty -- record-cells {path.name} --blocks {blocks}",
        companions=matched.cells,
    )
    header = BenchHeader(
        **msgspec.structs.asdict(shared),
        profile=profile.id,
        scenarios=selection.scenarios,
        forks=blocks,
        matches=matched.matches,
    )
    return _conduct(header, matched.catalog, path, watcher)


def _conduct(header: BenchHeader, catalog: Catalog, path: Path, watcher: Watcher) -> Footer:
    with (
        ResultsWriter(path) as writer,
        Launcher(catalog, workflows.BENCH, report=watcher.preparing) as launcher,
    ):
        writer.append(header)
        return conduct(header, launcher, writer, watcher, workflows.BENCH.check_answer)


def record_session(
    catalog: Catalog, cell: Cell, blocks: int, path: Path, watcher: Watcher
) -> Footer:
    """Measure a cell, two identical copies and its slower Worlds, one sample each in turn.

    Args:
        catalog: The descriptions.
        cell: The cell; its World must be an npm package.
        blocks: How many forks of each to measure.
        path: Path of the result file.
        watcher: Gets the progress.

    Raises:
        HarnessError: the session cannot be measured; the error says what to do.
    """
    profile = find_profile("quick")
    choice = Choice(
        lines=(cell.line,),
        frameworks=(cell.framework,),
        worlds=(cell.world,),
        modes=(cell.mode,),
    )
    with tempfile.TemporaryDirectory() as folder:
        arms = describe_arms(catalog, cell, Path(folder))
        catalog = catalog.with_worlds({world.id: world for world in arms})
        again, twin, *slower = (msgspec.structs.replace(cell, world=world.id) for world in arms)
        matches = (
            Match(before=cell, after=again, kind="version"),
            Match(before=cell, after=twin, kind="twin"),
            *(Match(before=cell, after=rival, kind="version") for rival in slower),
        )
        selection = choose(catalog, profile, choice)
        shared = describe_session(
            catalog,
            selection.cells,
            seed=_SEED,
            command=f"nox -s honesty -- record {path.name} --cell {cell.id} --blocks {blocks}",
            companions=[match.after for match in matches],
        )
        header = BenchHeader(
            **msgspec.structs.asdict(shared),
            profile=profile.id,
            scenarios=selection.scenarios,
            forks=blocks,
            matches=matches,
        )
        return _conduct(header, catalog, path, watcher)


def describe_arms(catalog: Catalog, cell: Cell, folder: Path) -> tuple[World, ...]:
    """Describe what a cell's World is measured against: two identical copies and slower ones.

    Args:
        catalog: The descriptions.
        cell: The cell of the World.
        folder: Folder for the packages of the slower Worlds.
    """
    world = catalog.worlds[cell.world]
    package = catalog.world_of(cell).package
    version = catalog.pins_of(cell)[package]
    arms = [
        msgspec.structs.replace(
            world, id=f"{world.id}-{name}", title=f"{world.title} ({name})", bundled=False
        )
        for name in ("again", "twin")
    ]
    for share in SLOWER:
        packed = pack_slowed(package, version, share, folder)
        arms.append(
            msgspec.structs.replace(
                world,
                id=f"{world.id}-slower-{share * 100:g}",
                title=f"{world.title} ({share:.0%} slower)",
                bundled=False,
                instead=read_pins([f"{package}={packed}"], catalog).packages,
            )
        )
    return tuple(arms)
