"""The time to render the comment for a very large table."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import msgspec

from harness.descriptions import Cell, Scenario
from harness.measure.plan import plan_forks
from harness.results.files import read_results_as
from harness.results.records import BenchHeader, BenchResults, Sample
from reports.benchmark.findings import study
from reports.forms.comment import measure_length, render_comment
from suites.performance.repeating import Spread, spread

#: Real samples from which a large table is made.
EXAMPLE = Path(__file__).parents[2] / "docs" / "results" / "quick.jsonl"


class Rendered(msgspec.Struct, frozen=True):
    """A rendered comment: seconds from records to text, length as GitHub counts it, samples."""

    seconds: Spread
    length: int
    samples: int


def time_comment(worlds: int, frameworks: int, scenarios: int, repeats: int) -> Rendered:
    """Render the comment for a table of this size repeatedly."""
    results = enlarge(read_results_as(EXAMPLE, BenchResults), worlds, frameworks, scenarios)
    seconds, lengths = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        text = render_comment(study(results))
        seconds.append(time.perf_counter() - began)
        lengths.append(measure_length(text))
    return Rendered(spread(seconds), max(lengths), len(results.samples))


def enlarge(results: BenchResults, worlds: int, frameworks: int, scenarios: int) -> BenchResults:
    """Repeat real samples, with other names and speeds, until they fill a table."""
    header = results.header
    cells = [
        Cell(header.cells[0].line, f"framework-{framework}", f"world-{world}")
        for world, framework in product(range(worlds), range(frameworks))
    ]
    ids = {
        f"scenario-{number}": header.scenarios[number % len(header.scenarios)]
        for number in range(scenarios)
    }
    copies = {cell: header.cells[number % len(header.cells)] for number, cell in enumerate(cells)}
    worlds_ = {cell.world: copy.world for cell, copy in copies.items()}
    frameworks_ = {cell.framework: copy.framework for cell, copy in copies.items()}
    known_worlds = {world.id: world for world in header.worlds}
    known_frameworks = {framework.id: framework for framework in header.frameworks}
    large = msgspec.structs.replace(
        header,
        cells=tuple(cells),
        scenarios=tuple(msgspec.structs.replace(known, id=id_) for id_, known in ids.items()),
        worlds=tuple(
            msgspec.structs.replace(known_worlds[known], id=id_) for id_, known in worlds_.items()
        ),
        frameworks=tuple(
            msgspec.structs.replace(known_frameworks[known], id=id_)
            for id_, known in frameworks_.items()
        ),
        matches=(),
    )
    samples = list(_repeat(results, large, copies, ids))
    forks = [
        msgspec.structs.replace(end, fork=fork.id, cell=fork.cell)
        for fork in plan_forks(large)
        for end in results.forks
        if (end.kind, end.block, end.cell) == (fork.kind, fork.block, copies[fork.cell])
    ]
    return msgspec.structs.replace(
        results, header=large, samples=tuple(samples), forks=tuple(forks)
    )


def _repeat(
    results: BenchResults,
    large: BenchHeader,
    copies: Mapping[Cell, Cell],
    copied: Mapping[str, Scenario],
) -> Iterator[Sample]:
    chance = random.Random(0)  # noqa: S311 - repeatable, not secret
    ends = {end.fork: end for end in results.forks}
    known: dict[tuple[str, int, Cell, str], list[Sample]] = {}
    for sample in results.samples:
        end = ends[sample.fork]
        known.setdefault((end.kind, end.block, end.cell, sample.scenario), []).append(sample)
    speeds = {(cell, id_): 1 + chance.random() for cell, id_ in product(large.cells, copied)}
    for fork in plan_forks(large):
        for id_ in fork.scenarios:
            place = (fork.kind, fork.block, copies[fork.cell], copied[id_].id)
            for sample in known.get(place, ()):
                renamed = msgspec.structs.replace(
                    sample, cell=fork.cell, scenario=id_, fork=fork.id
                )
                yield _slow(renamed, speeds[fork.cell, id_])


def _slow(sample: Sample, speed: float) -> Sample:
    began = sample.created_ms
    if began is None:
        return sample
    moved = {
        name: began + speed * (value - began)
        for name in ("started_ms", "completed_ms", "start_returned_ms", "answered_ms")
        if (value := getattr(sample, name)) is not None
    }
    return msgspec.structs.replace(sample, **moved)
