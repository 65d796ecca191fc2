"""Does it change a time that suspended apps wait beside it? Each block is measured both ways."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell, Scenario
from harness.errors import DeploymentError
from harness.measure.forks import run_fork
from harness.measure.metrics import RESOLUTION_MS, workflow_ms
from harness.measure.plan import CellChoice, Choice, Fork, choose, find_profile, plan_scenarios
from harness.measure.session import Watcher, prepare_cells, take_turns
from harness.measure.statistics import (
    Contrast,
    Judgment,
    Series,
    average_contrasts,
    compare_partners,
    judge,
)
from harness.results.records import ForkEnd, Sample
from suites import workflows

#: How a block is measured: each app alone from its start to its end, or all in turns.
ALONE, TURNS = "alone", "turns"

#: Way -> cell and scenario -> block -> workflow times in ms.
Times = dict[str, dict[tuple[Cell, str], dict[int, list[float]]]]


class WorldRatio(msgspec.Struct, frozen=True):
    """The times of a World's cells in turns, divided by those alone, over all scenarios."""

    world: str
    judgment: Judgment
    #: The number of blocks, each measured both ways.
    blocks: int


def measure_neighbors(catalog: Catalog, choice: CellChoice, blocks: int, watcher: Watcher) -> Times:
    """Measure the cells of a quick session both ways, block after block, in random order.

    Raises:
        HarnessError: a cell cannot be prepared, or a fork failed.
    """
    selection = choose(catalog, find_profile("quick"), Choice(**msgspec.structs.asdict(choice)))
    scenarios = {item.id: item for item in selection.scenarios}
    order = random.Random(1)  # noqa: S311 - repeatable, not secret
    times: Times = {ALONE: {}, TURNS: {}}
    with Launcher(catalog, workflows.BENCH, report=watcher.preparing) as launcher:
        prepare_cells(selection.cells, launcher.prepare, watcher)
        for block in range(1, blocks + 1):
            names = plan_scenarios(order, selection.scenarios)
            for way in order.sample([ALONE, TURNS], 2):
                forks = [
                    _plan(way, block, cell, names, order)
                    for cell in order.sample(selection.cells, len(selection.cells))
                ]
                heats = [[fork] for fork in forks] if way == ALONE else [forks]
                for sample in _run(launcher, heats, scenarios, order):
                    _keep(times[way], sample, block)
                watcher.preparing(f"block {block} of {blocks}: {way} measured")
    return times


def compare_ways(times: Times) -> tuple[WorldRatio, ...]:
    """Compare the two ways for each World; no difference means that neighbors change nothing."""
    worlds = list(dict.fromkeys(cell.world for cell, _ in times[ALONE]))
    rows = [average_contrasts([*_contrast(times, world)]) for world in worlds]
    return tuple(
        WorldRatio(world, judgment, row.blocks)
        for world, row, judgment in zip(worlds, rows, judge(rows), strict=True)
    )


def _contrast(times: Times, world: str) -> Iterator[Contrast]:
    for scenario in dict.fromkeys(name for _, name in times[ALONE]):
        alone, turns = (_list_partners(times[way], world, scenario) for way in (ALONE, TURNS))
        yield compare_partners(alone, turns, resolution=RESOLUTION_MS["workflow"])


def _list_partners(
    found: Mapping[tuple[Cell, str], Series], world: str, scenario: str
) -> dict[str, Series]:
    return {
        cell.framework: series
        for (cell, name), series in found.items()
        if cell.world == world and name == scenario
    }


def _plan(way: str, block: int, cell: Cell, names: Sequence[str], order: random.Random) -> Fork:
    return Fork(
        id=f"{way}-{block}/{cell.id}",
        kind="timing",
        block=block,
        cell=cell,
        scenarios=tuple(names),
        seed=order.randrange(2**31),
    )


def _run(
    launcher: Launcher,
    heats: Sequence[Sequence[Fork]],
    scenarios: Mapping[str, Scenario],
    order: random.Random,
) -> Iterator[Sample]:
    for heat in heats:
        running = [
            run_fork(launcher, fork, 1, scenarios, workflows.BENCH.check_answer) for fork in heat
        ]
        with contextlib.closing(take_turns(running, order)) as records:
            for record in records:
                if isinstance(record, Sample):
                    yield record
                elif isinstance(record, ForkEnd) and record.outcome == "failed":
                    raise DeploymentError(f"{record.fork} failed", cause=record.reason)


def _keep(
    found: dict[tuple[Cell, str], dict[int, list[float]]], sample: Sample, block: int
) -> None:
    time = workflow_ms(sample)
    if time is not None and sample.outcome == "correct" and not sample.warmup:
        place = found.setdefault((sample.cell, sample.scenario), {})
        place.setdefault(block, []).append(time)


def write_times(times: Times, path: Path) -> None:
    """Write every time as a line of JSON."""
    lines = [
        msgspec.json.encode(
            {"way": way, "cell": cell.id, "scenario": name, "block": block, "ms": found}
        )
        for way, places in times.items()
        for (cell, name), blocks in places.items()
        for block, found in blocks.items()
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
