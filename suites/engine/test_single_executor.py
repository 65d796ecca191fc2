"""Single executor: whoever wakes a run, and however often, one invocation executes a step."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import product
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.journal import Journal
from harness.nemesis.plans import MessageKind, Place, Plan, Redeliver, Slow
from suites.engine.cases import Cases
from suites.engine.stage import Run, Stage, wait_until
from suites.engine.trials import (
    CROWD,
    INLINE,
    SUBJECT,
    Trial,
    ask_routes,
    count_starts,
    find_overlaps,
    lies_within,
    start_trial,
)
from suites.engine.violations import Inconclusive, NotApplicable, violate

LEASE = "WORKFLOW_INLINE_OWNERSHIP_LEASE_SECONDS"
#: Turbo lets the first delivery of a run execute steps before its claims succeeded.
NO_TURBO = {"WORKFLOW_TURBO": "0"}
SLOW_MS = 300
#: Long enough for a process to be killed in it.
HANGING_MS = 60_000


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """Several deliveries that come to the same steps at once."""

    #: How many steps run at once, part by part.
    widths: tuple[int, ...]
    ms: int
    copies: int
    gap_ms: int
    #: Whether a wait lies between the parts, so that another message continues the run.
    waits: bool = False
    #: Whether the World records the beginning of the run at once, or takes its time for that.
    prompt: bool = False


def draw_races() -> st.SearchStrategy[Race]:
    """Draw cases."""
    return st.builds(
        Race,
        widths=st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
        ms=st.sampled_from([100, 0, 500]),
        copies=st.integers(1, 7),
        gap_ms=st.sampled_from([10, 40]),
        waits=st.booleans(),
        prompt=st.booleans(),
    )


def play_race(stage: Stage, case: Race) -> None:
    """Deliver the messages of a run several times at once."""
    parts: list[Any] = []
    for part, width in enumerate(case.widths):
        if part and case.waits:
            parts.append({"sleep": 500})
        steps = [{"step": f"s{part}.{place}", "ms": case.ms} for place in range(width)]
        parts.append({"all": steps})
    plan: Plan = [
        Redeliver(at=Place(on="message"), copies=case.copies, delay_ms=case.gap_ms, times=2),
        Slow(at=Place(on="call", event="run_started"), ms=0 if case.prompt else SLOW_MS),
    ]
    run = stage.program({"seq": parts}, plan=plan)
    ending = run.await_end()
    journal = run.journal()
    if not journal.faults()[0]:
        raise Inconclusive("no message was delivered again")
    entries = Counter((item.step_id, item.attempt) for item in journal.executions())
    twice = {step for (step, _), count in entries.items() if count > 1}
    if twice:
        violate(
            f"{len(twice)} of {sum(case.widths)} steps were entered more than once as the same "
            f"attempt, when their run's message was delivered {case.copies + 1} times",
            run.witness(twice),
        )
    if ending.status != "completed":
        violate(
            f"no step was entered twice as the same attempt, but the run is {ending.describe()}",
            run.witness(),
        )


@pytest.mark.engine("ENG-INLINE-SINGLE", cost=10)
def test_one_of_the_deliveries_that_race_executes_a_step(stage: Stage, cases: Cases) -> None:
    cases.explore(Race, draw_races(), lambda case: play_race(stage, case), examples=1.5)


@pytest.mark.engine("ENG-INLINE-SINGLE", cost=10)
def test_without_turbo_one_of_the_deliveries_executes_a_step(
    open_own: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    with open_own(env=NO_TURBO) as stage:
        cases.explore(Race, draw_races(), lambda case: play_race(stage, case), examples=1.5)


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that come again while a body runs."""

    ms: int
    kind: MessageKind
    copies: int
    gap_ms: int
    #: Steps beside it; with enough of them it has a message of its own.
    bystanders: int = 0
    failing: tuple[int, ...] = ()


def draw_overlaps() -> st.SearchStrategy[Overlap]:
    """Draw cases."""
    kinds: list[tuple[MessageKind, int]] = [("start", 0), ("step", CROWD), ("start", CROWD)]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            Overlap,
            ms=st.sampled_from([600, 1_200]),
            kind=st.just(kind[0]),
            copies=st.integers(1, 5),
            gap_ms=st.sampled_from([100, 250]),
            bystanders=st.just(kind[1]),
            failing=st.sampled_from([(), (1,)]),
        )
    )


def play_overlap(stage: Stage, case: Overlap) -> int:
    """Deliver messages while a body runs; return how many executions overlapped others."""
    place = Place(on="message", kind=case.kind)
    fault = Redeliver(at=place, copies=case.copies, delay_ms=case.gap_ms, times=CROWD + 1)
    trial = Trial(retries=3, failing=case.failing, ms=case.ms, fail_ms=case.ms)
    run = start_trial(stage, trial, case.bystanders, [fault])
    run.await_end()
    journal = run.journal()
    bodies = journal.executions(SUBJECT)
    came = [item.at_ms for item in journal.deliveries(case.kind) if item.cause == "nemesis"]
    if not any(lies_within(at, item) for at in came for item in bodies):
        raise Inconclusive("no message came again while the body ran")
    return judge_overlap(stage, run, journal)


def judge_overlap(stage: Stage, run: Run, journal: Journal) -> int:
    """Raise that executions of a step overlapped; where lines may, return how many did."""
    overlapping = find_overlaps(journal.executions())
    if overlapping and stage.cell.line in INLINE:
        first, second = overlapping[0]
        where = "in one process" if first.pid == second.pid else "in two processes"
        violate(
            f"a step's body was entered {where} while another execution of it ran, "
            f"{second.entered_at_ms - first.entered_at_ms:.0f} ms after that began",
            run.witness({first.step_id}),
        )
    return len(overlapping)


@pytest.mark.engine("ENG-BODY-EXCLUSIVE", cost=12)
def test_messages_that_come_again_do_not_enter_a_body_that_runs(stage: Stage, cases: Cases) -> None:
    count = Count()
    cases.explore(
        Overlap,
        draw_overlaps(),
        lambda case: count.add(play_overlap(stage, case)),
        examples=1.5,
    )
    cases.answer("executions beside another of their step", count.describe())


class Count:
    """How many cases had overlapping executions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[int] = []

    def add(self, found: int) -> None:
        """Count a case."""
        with self._lock:
            self._found.append(found)

    def describe(self) -> str:
        """Say it."""
        runs = sum(found > 0 for found in self._found)
        return f"{sum(self._found)}, in {runs} of {len(self._found)} runs"


class Fanout(msgspec.Struct, frozen=True, kw_only=True):
    """Steps at the same time, and two processes that take their messages; no fault at all."""

    bystanders: int
    ms: int


def play_fanout(stages: Sequence[Stage], case: Fanout) -> int:
    """Let two processes execute the steps of a run; return how many executions overlapped."""
    run = start_trial(stages[0], Trial(retries=3, ms=case.ms), case.bystanders)
    run.await_end()
    journal = run.journal()
    if len({item.pid for item in journal.deliveries()}) < 2:
        raise Inconclusive("one process took all messages of the run")
    return judge_overlap(stages[0], run, journal)


@pytest.mark.engine("ENG-BODY-EXCLUSIVE", cost=10)
def test_two_processes_do_not_execute_one_step_at_once(stage: Stage, cases: Cases) -> None:
    if stage.world.processes == "one":
        raise NotApplicable(f"World {stage.world.id} is documented for one process")
    count = Count()
    with stage.second_process() as second:
        ask_routes(second)
        strategy = st.builds(Fanout, bystanders=st.integers(2, 8), ms=st.sampled_from([900, 1_500]))
        cases.explore(
            Fanout,
            strategy,
            lambda case: count.add(play_fanout((stage, second), case)),
            examples=1.5,
        )
    cases.answer("executions beside another of their step", count.describe())


class Waking(msgspec.Struct, frozen=True, kw_only=True):
    """What wakes a run while one of its steps is executed."""

    by: Literal["hook", "wait"]
    ms: int
    #: Of a hook: how often it is resumed, and how long after each other.
    resumes: int = 1
    gap_ms: int = 0


def draw_wakings() -> st.SearchStrategy[Waking]:
    """Draw cases."""
    hooks = st.builds(
        Waking,
        by=st.just("hook"),
        ms=st.sampled_from([1_500, 800]),
        resumes=st.integers(1, 5),
        gap_ms=st.sampled_from([0, 20, 100]),
    )
    return st.one_of(
        hooks, st.builds(Waking, by=st.just("wait"), ms=st.sampled_from([1_600, 2_600]))
    )


def play_waking(stage: Stage, case: Waking, lease_ms: int = 0) -> None:
    """Wake a run while its step is executed: the step is not executed again.

    Args:
        stage: The app.
        case: What wakes it.
        lease_ms: A message has to come later than that in the body, of the engine's own accord.
    """
    token = f"waking-{uuid.uuid4().hex}"
    other = {"hook": token, "count": case.resumes} if case.by == "hook" else {"sleep": 1_000}
    run = stage.program({"all": [{"step": SUBJECT, "ms": case.ms}, other]})
    if case.by == "hook":
        resume_while_running(stage, run, token, case)
    ending = run.await_end()
    journal = run.journal()
    bodies = journal.executions(SUBJECT)
    if len(bodies) > 1:
        lease = f", and its lease of {lease_ms} ms expired" if lease_ms else ""
        violate(
            f"a {case.by} woke the run while its step was executed{lease}: the body was entered "
            f"{len(bodies)} times",
            run.witness({item.step_id for item in bodies}),
        )
    if ending.status != "completed":
        violate(f"the run is {ending.describe()}", run.witness())
    seen = ending.output[1]
    if case.by == "hook" and sorted(seen) != list(range(case.resumes)):
        violate(f"of payloads 0 to {case.resumes - 1} the workflow saw {seen}", run.witness())
    woken = [item.at_ms for item in journal.deliveries("wake")]
    if not any(
        lies_within(at, item) and lies_within(at - lease_ms, item)
        for at in woken
        for item in bodies
    ):
        raise Inconclusive("nothing woke the run while its step was executed")


def resume_while_running(stage: Stage, run: Run, token: str, case: Waking) -> None:
    """Resume a run's hook once its step is executed."""

    def is_ready() -> bool:
        journal = run.journal()
        made = any(item.error is None for item in journal.calls(event="hook_created"))
        return made and bool(journal.executions(SUBJECT))

    if not wait_until(is_ready, 20.0):
        raise Inconclusive("the hook was not made, or the step not begun")
    for number in range(case.resumes):
        stage.resume(token, number)
        time.sleep(case.gap_ms / 1_000)


@pytest.mark.engine("ENG-HOOK-INLINE", cost=10)
def test_what_wakes_a_run_does_not_execute_its_step_again(stage: Stage, cases: Cases) -> None:
    cases.explore(Waking, draw_wakings(), lambda case: play_waking(stage, case), examples=1.5)


class Orphans(msgspec.Struct, frozen=True, kw_only=True):
    """Runs whose process dies inside their step, and how often each is woken afterwards."""

    lease_s: int = 2
    #: A run each: messages at once, and messages when the lease has expired.
    early: tuple[int, ...] = (0, 1, 3)
    late: tuple[int, ...] = (1, 4)


def play_orphans(open_own: Callable[..., AbstractContextManager[Stage]], case: Orphans) -> None:
    """Kill the process inside the steps of several runs, start another, and wake the runs."""
    with open_own(env={LEASE: str(case.lease_s)}) as stage:
        # The first execution would fail after a long time, but is killed before.
        trial = Trial(retries=3, failing=(1,), fail_ms=HANGING_MS, ms=300)
        given = list(product(case.early, case.late))
        runs = [start_trial(stage, trial, 0) for _ in given]
        if not wait_until(lambda: all(is_owned(run) for run in runs), 20.0):
            raise Inconclusive("not every step was begun")
        stage.launch()

        def recover(place: int) -> None:
            early, late = given[place]
            wake(runs[place], early)
            time.sleep(case.lease_s)
            wake(runs[place], late)
            judge_takeover(runs[place])

        with ThreadPoolExecutor(len(runs)) as pool:
            list(pool.map(recover, range(len(runs))))


def is_owned(run: Run) -> bool:
    """Tell whether the World has recorded who executes the step; the body may begin before that."""
    journal = run.journal()
    steps = {item.step_id for item in journal.executions(SUBJECT)}
    return count_starts(journal, steps) > 0


def wake(run: Run, times: int) -> None:
    """Queue messages that continue a run."""
    for _ in range(times):
        run.wake()


def judge_takeover(run: Run) -> None:
    """Raise that the step of a dead process was not taken over, or more than once."""
    ending = run.await_end()
    bodies = run.journal().executions(SUBJECT)
    if bodies[0].outcome != "cut off":
        raise Inconclusive("the process did not die inside the step")
    if len(bodies) != 2 or ending.status != "completed":
        violate(
            f"the step of a dead process was executed {len(bodies) - 1} more times, its run is "
            f"{ending.describe()}",
            run.witness(),
        )


@pytest.mark.engine("ENG-LEASE-TAKEOVER", cost=12)
def test_a_dead_executor_is_succeeded_once(
    open_own: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    cases.run([Orphans()], lambda case: play_orphans(open_own, case))


@pytest.mark.engine("ENG-LEASE-OUTLIVED", cost=8)
def test_a_body_that_outlives_its_lease_is_not_entered_again(
    open_own: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    given = [
        Waking(by="hook", ms=2_200),
        Waking(by="hook", ms=2_200, resumes=3, gap_ms=150),
        Waking(by="wait", ms=2_600),
    ]
    with open_own(env={LEASE: "1"}) as stage:
        cases.run(given, lambda case: play_waking(stage, case, lease_ms=1_000))
