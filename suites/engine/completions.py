"""Steps that two processes execute at once, and how often their log completes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from suites.engine.stage import EngineError, Run, Stage, wait_until
from suites.engine.trials import find_overlaps
from suites.engine.violations import Inconclusive, violate

#: Long enough for every message to reach the other process meanwhile.
_BODY_MS = 1_500


class Simultaneous(msgspec.Struct, frozen=True, kw_only=True):
    """Steps at the same time that two processes execute, and that end at one instant in both."""

    steps: int


class Completions:
    """How often steps were completed."""

    def __init__(self) -> None:
        self.steps = 0
        self.twice = 0

    def describe(self) -> str:
        """Say it."""
        return (
            f"{self.twice} of {self.steps} steps that two processes executed were completed twice"
        )

    def count(self, stages: Sequence[Stage], case: Simultaneous) -> None:
        """Let two processes execute the steps of a run, and count what its log says of them.

        Raises:
            Violation: a step was completed twice.
            Inconclusive: no step was executed by both.
        """
        steps = [{"step": f"s{n}", "ms": _BODY_MS, "inStep": True} for n in range(case.steps)]
        run = stages[0].program({"all": steps})
        share_messages(stages, run, case.steps)
        run.await_end()
        shared = {second.step_id for _, second in find_overlaps(run.journal().executions())}
        if not shared:
            raise Inconclusive("no step was executed by both processes at once")
        logged = Counter(
            event.correlation_id for event in run.events() if event.event_type == "step_completed"
        )
        twice = {step for step in shared if logged[step] > 1}
        self.steps += len(shared)
        self.twice += len(twice)
        if twice:
            violate(
                f"{len(twice)} of {len(shared)} steps that two processes executed were completed "
                "twice",
                run.witness(twice),
            )


def share_messages(stages: Sequence[Stage], run: Run, steps: int) -> None:
    """Give the messages of a run's steps to the process, of two, that did not get them.

    Raises:
        Inconclusive: they cannot be handed over.
    """
    if not wait_until(lambda: len(run.journal().executions()) >= steps, 20.0):
        raise Inconclusive("not every step was begun")
    pid = run.journal().executions()[0].pid
    owner, other = sorted(stages, key=lambda item: item.app.identity.pid != pid)
    try:
        messages = [Run(owner, run.id).export_message("step", nth=n + 1) for n in range(steps)]
        with ThreadPoolExecutor(steps) as pool:
            list(pool.map(other.import_message, messages))
    except EngineError as error:
        raise Inconclusive(f"the messages could not be handed over: {error}") from error
