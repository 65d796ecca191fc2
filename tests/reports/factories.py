"""Result files as they might have been measured, built by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from harness.descriptions import Cell, Framework, Scenario, World
from harness.machine import Machine
from harness.results.records import (
    METHODOLOGY,
    BenchHeader,
    BenchResults,
    Counts,
    EngineHeader,
    Footer,
    ForkEnd,
    Kind,
    Load,
    LoadHeader,
    Sample,
    SampleOutcome,
    StepTimes,
    StreamTimes,
)

EXPRESS = Cell("v5", "express", "local")
HONO = Cell("v5", "hono", "local")
NITRO = Cell("v5", "nitro", "local")
EXPRESS_POSTGRES = Cell("v5", "express", "postgres")
HONO_POSTGRES = Cell("v5", "hono", "postgres")
EXPRESS_V4 = Cell("v4", "express", "local")
HONO_V4 = Cell("v4", "hono", "local")

SECTIONS = {"local": "📦 Local Production", "postgres": "🐘 Postgres"}


def make_scenario(size: int = 10, family: str = "sequential", **changes: Any) -> Scenario:
    return Scenario(
        **{
            "id": f"{family}-{size}",
            "title": f"workflow with {size} {family} steps",
            "workflow": "anyWorkflow",
            "arguments": (size,),
            "expects": "sum",
            "family": family,
            "size": size,
            **changes,
        }
    )


TEN = make_scenario(10)
FIFTY = make_scenario(50)
STREAM = make_scenario(5, "stream-pipeline", title="stream pipeline", kind="streams", streams=1)


def make_world(name: str, **changes: Any) -> World:
    return World(
        **{
            "id": name,
            "title": name.title(),
            "section": SECTIONS.get(name, f"🌐 {name}"),
            "description": f"all about {name}",
            "packages": {"v5": {f"@workflow/world-{name}": "5.0.0-beta.1"}},
            **changes,
        }
    )


def make_framework(name: str, **changes: Any) -> Framework:
    given = {"id": name, "title": name.title(), "packages": {}, "build": (), "start": ("node",)}
    return Framework(**{**given, **changes})


def make_header(
    cells: Sequence[Cell], scenarios: Sequence[Scenario], **changes: Any
) -> BenchHeader:
    measured = {"profile": "quick", "scenarios": tuple(scenarios), "forks": 3}
    return BenchHeader(**{**_describe(cells, **changes), **measured, **changes})


def make_load_header(
    cells: Sequence[Cell], scenarios: Sequence[Scenario], load: Load, **changes: Any
) -> LoadHeader:
    measured = {"profile": "quick", "scenarios": tuple(scenarios), "load": load}
    return LoadHeader(**{**_describe(cells), **measured, **changes})


def make_engine_header(cells: Sequence[Cell], **changes: Any) -> EngineHeader:
    command = {"command": "world-harness e2e --seed 7"}
    return EngineHeader(**{**_describe(cells), **command, **changes})


def _describe(cells: Sequence[Cell], **changes: Any) -> dict[str, Any]:
    """Describe what the header of any kind of session says."""
    frameworks = dict.fromkeys(cell.framework for cell in cells)
    matched = [cell for m in changes.get("matches", ()) for cell in (m.before, m.after)]
    worlds = dict.fromkeys(cell.world for cell in (*cells, *matched))
    return {
        "methodology": METHODOLOGY,
        "started_at": "2026-01-02T03:04:05+00:00",
        "harness_version": "0.1.0",
        "harness_commit": "abc1234",
        "command": "world-harness bench quick --seed 7",
        "seed": 7,
        "machine": Machine(
            system="Linux 6.1",
            processor="A Processor",
            cores=2,
            memory_bytes=24 * 1024**3,
            python="3.11.7",
            node="v24.1.0",
        ),
        "cells": tuple(cells),
        "frameworks": tuple(make_framework(name) for name in frameworks),
        "worlds": tuple(make_world(name) for name in worlds),
        "pins": {"v5": {"workflow": "5.0.0-beta.35"}},
    }


class Session:
    """A session that goes as it is told to; every fork ends well unless it is told otherwise."""

    def __init__(self, cells: Sequence[Cell], scenarios: Sequence[Scenario], **header: Any) -> None:
        self.header = make_header(cells, scenarios, **header)
        self.samples: list[Sample] = []
        self.failed: dict[tuple[Cell, Kind, int], str] = {}
        self.unended: set[tuple[Cell, Kind, int]] = set()

    def take(
        self, cell: Cell, scenario: Scenario, workflow_ms: float = 100.0, **changes: Any
    ) -> None:
        """Take one sample; in block 1, timing and correct where it is not said otherwise."""
        block = changes.pop("block", 1)
        kind = changes.pop("kind", "timing")
        self.samples.append(
            Sample(
                **{
                    "fork": f"{kind}-{block}/{cell.id}",
                    "attempt": 1,
                    "kind": kind,
                    "cell": cell,
                    "scenario": scenario.id,
                    "sequence": len(self.samples),
                    "warmup": False,
                    "outcome": "correct",
                    "created_ms": 1.0,
                    "completed_ms": 1.0 + workflow_ms,
                    "answered_ms": 5.0 + workflow_ms,
                    "woken_by": "signal",
                    "cpu_ms": workflow_ms,
                    "memory_bytes": 100 * 1024**2,
                    "steps": tuple(make_steps(scenario, workflow_ms)),
                    "streams": tuple(make_streams(scenario, workflow_ms)),
                    **changes,
                }
            )
        )

    def measure(
        self, cell: Cell, scenario: Scenario, workflow_ms: float, *, spread: float = 0.02
    ) -> None:
        """Take two samples in every timing fork.

        The forks differ by the spread, and those of two cells not in the same way.
        """
        forks = self.header.forks
        first = (*self.header.cells, *self.header.companions).index(cell)
        for block in range(1, forks + 1):
            place = (first + block - 1) % forks
            aside = 0.0 if forks == 1 else 2 * place / (forks - 1) - 1
            for factor in (1.0, 1.001):
                time = workflow_ms * (1 + spread * aside) * factor
                self.take(cell, scenario, time, block=block)

    def spoil(
        self,
        cell: Cell,
        scenario: Scenario,
        outcome: SampleOutcome,
        error: str | None,
        **changes: Any,
    ) -> None:
        """Take one bad sample."""
        self.take(cell, scenario, **{"outcome": outcome, "error": error, **changes})

    def count(
        self,
        cell: Cell,
        scenario: Scenario,
        flow: int,
        step: int = 0,
        calls: dict[str, int] | None = None,
    ) -> None:
        """Take the one sample of a counting fork."""
        counts = Counts(
            invocations={"flow": flow, "step": step},
            world_calls=calls or {"events.create(step_started)": 2 * (flow + step)},
            queue_messages={"flow": flow, "step": step},
            bytes={"events.create(step_started)": 1000 * (flow + step)},
        )
        block = self.header.forks + 1
        self.take(cell, scenario, block=block, kind="counting", counts=counts)

    def fail_fork(self, cell: Cell, reason: str, *, block: int = 1, kind: Kind = "timing") -> None:
        """Let a fork fail."""
        self.failed[cell, kind, block] = reason

    def interrupt(self, cell: Cell, *, block: int, kind: Kind = "timing") -> None:
        """Let a fork never end; its samples are not in the file."""
        self.unended.add((cell, kind, block))
        fork = f"{kind}-{block}/{cell.id}"
        self.samples = [sample for sample in self.samples if sample.fork != fork]

    def end(self) -> BenchResults:
        """Return the results of the session."""
        return BenchResults(
            header=self.header,
            samples=tuple(self.samples),
            forks=tuple(self._end_forks()),
            footer=None if self.unended else self._make_footer(),
        )

    def _end_forks(self) -> Iterator[ForkEnd]:
        blocks: list[tuple[Kind, int]] = [
            ("timing", block) for block in range(1, self.header.forks + 1)
        ]
        for kind, block in [*blocks, ("counting", self.header.forks + 1)]:
            counted = kind == "counting"
            for cell in (*self.header.cells, *(() if counted else self.header.companions)):
                if (cell, kind, block) in self.unended:
                    continue
                reason = self.failed.get((cell, kind, block), "")
                yield ForkEnd(
                    fork=f"{kind}-{block}/{cell.id}",
                    attempt=1,
                    kind=kind,
                    cell=cell,
                    block=block,
                    outcome="failed" if reason else "finished",
                    reason=reason,
                    started_at="2026-01-02T03:04:05+00:00",
                    seconds=3.0,
                    startup_ms=321.0,
                )

    def _make_footer(self) -> Footer:
        return Footer(
            finished_at="2026-01-02T03:14:05+00:00",
            seconds=600.0,
            forks_finished=4,
            forks_failed=len(self.failed),
            samples=len(self.samples),
            samples_bad=sum(sample.outcome != "correct" for sample in self.samples),
            harness_cpu_share=0.0123,
            harness_memory_bytes=150 * 1024**2,
        )


def make_steps(scenario: Scenario, workflow_ms: float) -> Iterator[StepTimes]:
    """Spread the steps of a sequential scenario over its run, two to an invocation."""
    if scenario.family == "sequential":
        pace = workflow_ms / (scenario.size + 1)
        for index in range(scenario.size):
            entered = 1.0 + pace * (index + 1)
            yield StepTimes(entered, entered + pace / 2, f"invocation-{index // 2}")


def make_streams(scenario: Scenario, workflow_ms: float) -> Iterator[StreamTimes]:
    for _ in range(scenario.streams):
        yield StreamTimes(first_byte_ms=workflow_ms / 4, ended_ms=workflow_ms, bytes=1024)


def rearrange(results: BenchResults) -> BenchResults:
    """Return the same results, everything in them the other way round."""
    header = msgspec.structs.replace(
        results.header,
        cells=results.header.cells[::-1],
        frameworks=results.header.frameworks[::-1],
        worlds=results.header.worlds[::-1],
    )
    return msgspec.structs.replace(
        results, header=header, samples=results.samples[::-1], forks=results.forks[::-1]
    )
