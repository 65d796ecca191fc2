"""Costs: how many messages and World calls a run of n steps takes, when nothing goes wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import pytest

from harness.descriptions import read_table
from suites.engine.cases import Cases
from suites.engine.stage import Run, Stage
from suites.engine.violations import Inconclusive, violate

Shape: TypeAlias = Literal["sequential", "parallel"]
Measure: TypeAlias = Literal["invocations", "writes", "events"]

_COSTS = Path(__file__).with_name("costs.toml")
_WRITING = {"events.create", "events.createBatch"}

#: A run is through when nothing was written down of it for so long; at most this is waited for.
_SETTLED_S = 0.5
_SETTLE_LIMIT_S = 15.0
#: How often the same number of parallel steps is counted: handlers meet each other by chance.
_REPEATS = 2


class Linear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure that grows with the number of steps."""

    each: int
    fixed: int

    def at(self, steps: int) -> int:
        """Return what it is for so many steps."""
        return self.each * steps + self.fixed

    def describe(self) -> str:
        """Return it as a formula: `2n+1`."""
        factor = f"{self.each}n" if self.each > 1 else "n" * self.each
        return f"{factor}+{self.fixed}" if factor and self.fixed else factor or str(self.fixed)


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a line states that steps of a shape cost at most."""

    id: str
    line: str
    shape: Shape
    #: Messages that reach the engine.
    invocations: Linear
    #: Calls that write events, of one or of several.
    writes: Linear
    #: In the log of the run that has ended.
    events: Linear
    source: str


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """A run of so many steps that do nothing."""

    shape: Shape
    steps: int
    repeat: int = 1


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has cost."""

    invocations: int
    #: That were sent; a queue may take several for one.
    messages: int
    writes: int
    events: int
    reads: int
    #: Calls that the World refused.
    refused: int


def find_cost(line: str, shape: Shape) -> Cost:
    """Return what a line states."""
    costs = read_table(_COSTS, "cost", Cost).values()
    return next(cost for cost in costs if (cost.line, cost.shape) == (line, shape))


def count(stage: Stage, case: Steps) -> tuple[Run, Count]:
    """Run the steps, and count what that took.

    Raises:
        Inconclusive: the run did not complete, or did not come to rest.
    """
    steps = [{"step": f"step-{number}"} for number in range(case.steps)]
    run = stage.program({"seq": steps} if case.shape == "sequential" else {"all": steps})
    ending = run.await_end()
    if ending.status != "completed":
        raise Inconclusive(f"the run is {ending.describe()}")
    await_rest(run)
    journal = run.journal()
    calls = journal.calls()
    return run, Count(
        invocations=len(journal.deliveries()),
        messages=sum(call.method == "queue" for call in calls),
        writes=sum(call.method in _WRITING for call in calls),
        events=len(run.events()),
        reads=sum(call.method != "queue" and call.method not in _WRITING for call in calls),
        refused=sum(call.error is not None for call in calls),
    )


def await_rest(run: Run) -> None:
    """Wait until nothing happens to a run anymore.

    Raises:
        Inconclusive: something always does.
    """
    deadline = time.monotonic() + _SETTLE_LIMIT_S
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < _SETTLED_S:
        if time.monotonic() > deadline:
            raise Inconclusive("the run has ended, but messages and calls go on")
        found = len(run.journal().records)
        if found != seen:
            seen, since = found, time.monotonic()
        time.sleep(0.1)


def refuse_excess(run: Run, found: Count, case: Steps, measure: Measure) -> None:
    """See that a run did not cost more than its line states.

    Raises:
        Violation: it did.
    """
    stated: Linear = getattr(find_cost(run.stage.cell.line, case.shape), measure)
    value: int = getattr(found, measure)
    limit = stated.at(case.steps)
    if value > limit:
        violate(
            f"{case.steps} {case.shape} steps took {value} {measure}, "
            f"more than {stated.describe()} = {limit}",
            run.witness(),
        )


def describe_range(values: list[Any]) -> str:
    """Return a number, or from the smallest to the largest of several."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


@pytest.mark.engine("ENG-INVOCATIONS", cost=10)
def test_sequential_steps_take_the_stated_invocations(stage: Stage, cases: Cases) -> None:
    def play(case: Steps) -> None:
        run, found = count(stage, case)
        cases.answer(f"invocations for {case.steps} sequential steps", found.invocations)
        refuse_excess(run, found, case, "invocations")

    cases.answer("stated", find_cost(stage.cell.line, "sequential").invocations.describe())
    sequential = [Steps(shape="sequential", steps=number) for number in (1, 10, 50)]
    cases.run(sequential, play, together=1)


@pytest.mark.engine("ENG-INVOCATIONS", cost=12)
def test_parallel_steps_take_the_stated_invocations(stage: Stage, cases: Cases) -> None:
    seen: dict[int, list[int]] = {}

    def play(case: Steps) -> None:
        run, found = count(stage, case)
        seen.setdefault(case.steps, []).append(found.invocations)
        refuse_excess(run, found, case, "invocations")

    stated = find_cost(stage.cell.line, "parallel").invocations
    cases.answer("stated", f"at most {stated.describe()}")
    parallel = [
        Steps(shape="parallel", steps=number, repeat=repeat)
        for number in (3, 10, 25)
        for repeat in range(_REPEATS)
    ]
    try:
        cases.run(parallel, play, together=1)
    finally:
        for number, found in seen.items():
            cases.answer(f"invocations for {number} parallel steps", describe_range(found))


@pytest.mark.engine("ENG-WRITES", cost=8)
def test_steps_write_no_more_than_stated(stage: Stage, cases: Cases) -> None:
    def play(case: Steps) -> None:
        run, found = count(stage, case)
        for measure in ("writes", "events"):
            cases.answer(f"{measure} for {case.steps} {case.shape} steps", getattr(found, measure))
            refuse_excess(run, found, case, measure)

    shapes: tuple[Shape, ...] = ("sequential", "parallel")
    cases.run([Steps(shape=shape, steps=10) for shape in shapes], play, together=1)


@pytest.mark.engine("ENG-CALLS", cost=12)
def test_what_steps_ask_of_their_world(stage: Stage, cases: Cases) -> None:
    counts: dict[str, list[Count]] = {}

    def play(case: Steps) -> None:
        _, found = count(stage, case)
        counts.setdefault(f"{case.steps} {case.shape} steps", []).append(found)

    shapes: tuple[Shape, ...] = ("sequential", "parallel")
    runs = [
        Steps(shape=shape, steps=number, repeat=repeat)
        for shape in shapes
        for number in (10, 25)
        for repeat in range(_REPEATS if shape == "parallel" else 1)
    ]
    cases.run(runs, play, together=1)
    for what, found in counts.items():
        for measure in ("messages", "writes", "reads", "refused"):
            values = [getattr(item, measure) for item in found]
            cases.answer(f"{what}: {measure}", describe_range(values))
