"""Liveness: what waits goes on in time, and what is started at once ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.journal import Journal
from harness.nemesis.plans import Chaos, Fault, Hurry, Place
from suites.engine.cases import Cases
from suites.engine.stage import PATIENCE_S, Ending, Run, Stage, wait_until
from suites.engine.violations import Inconclusive, violate
from suites.engine.witness import describe_run

Opened: TypeAlias = Callable[..., AbstractContextManager[Stage]]

#: Parents that have not ended by then never will: they need a second or two.
_BLOCKED_S = 10.0
_PARENTS = 3
#: What the v5 lines may be early by; and what the clocks of marks and log may differ by.
_EARLY_MS = {"v4": 50, "v5": 2_000, "v5-latest": 2_000, "py": 50}
_SLEEP_MS = 3_000
#: A sleep that has not ended by then is forgotten.
_FORGOTTEN_S = 15.0

_RUNS = 100
_STEPS = 200


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """Parents that await their children inside steps, on a queue with few slots."""

    concurrency: int
    parents: int = _PARENTS
    #: Of generations below each parent.
    depth: int = 1


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """A step and a sleep that end at about the same time."""

    sleep_ms: int
    #: How much longer the step takes than the sleep.
    later_ms: int
    #: Of the chaos that messages are delivered in; none when 0.
    rate: float
    seed: int


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """A sleep whose messages come too early."""

    #: How many of the World's own, as from a queue that ignores delays.
    hurried: int
    #: How many others that wake the run meanwhile.
    wakes: int


@pytest.mark.engine("ENG-SLOT-DEADLOCK", cost=15)
def test_parents_end_although_they_take_every_slot(
    stage: Stage, open_own: Opened, cases: Cases
) -> None:
    def play(case: Slots) -> None:
        with open_slots(stage, open_own, case) as own:
            refuse_blocking(own, case)

    cases.run([Slots(concurrency=_PARENTS), Slots(concurrency=1, parents=1)], play)


@pytest.mark.engine("ENG-SLOT-ENOUGH", cost=10)
def test_parents_end_when_the_children_have_a_slot(
    stage: Stage, open_own: Opened, cases: Cases
) -> None:
    def play(case: Slots) -> None:
        with open_slots(stage, open_own, case) as own:
            refuse_blocking(own, case)

    depths = (1, 2)
    cases.run([Slots(concurrency=_PARENTS * depth + 1, depth=depth) for depth in depths], play)


@pytest.mark.engine("ENG-SLOT-PEAK", cost=15)
def test_how_many_slots_a_run_of_three_generations_takes(
    stage: Stage, open_own: Opened, cases: Cases
) -> None:
    ended: dict[int, bool] = {}

    def play(case: Slots) -> None:
        with open_slots(stage, open_own, case) as own:
            ended[case.concurrency] = all(e.status == "completed" for e in start_parents(own, case))

    cases.run([Slots(concurrency=slots, parents=1, depth=2) for slots in (1, 2, 3, 4)], play)
    blocked = [str(slots) for slots, ends in sorted(ended.items()) if not ends]
    cases.answer("slots that suffice", min((n for n in ended if ended[n]), default="more than 4"))
    cases.answer("slots that block", ", ".join(blocked) or "none")


def open_slots(stage: Stage, open_own: Opened, case: Slots) -> AbstractContextManager[Stage]:
    """Open an app whose queue delivers so many messages at a time."""
    return open_own(env={stage.world.concurrency: str(case.concurrency)})


def start_parents(stage: Stage, case: Slots) -> list[Ending]:
    """Start the parents and wait for them."""
    runs = [stage.start("descend", f"parent-{n}", case.depth) for n in range(case.parents)]
    return await_all(runs, _BLOCKED_S)


def refuse_blocking(stage: Stage, case: Slots) -> None:
    """See that all parents end.

    Raises:
        Violation: some do not.
    """
    endings = start_parents(stage, case)
    blocked = sum(ending.status != "completed" for ending in endings)
    if blocked:
        violate(
            f"{blocked} of {case.parents} runs that await a child inside a step never end: the "
            f"queue delivers {case.concurrency} messages at a time, and they take all of them",
            describe_run(stage.journal()),
        )


@pytest.mark.engine("ENG-WAIT-STEP-RACE", cost=15)
def test_the_winner_of_a_race_is_the_first_in_the_log(stage: Stage, cases: Cases) -> None:
    def play(case: Race) -> None:
        plan: list[Fault] = [Chaos(seed=case.seed, rate=case.rate)] if case.rate else []
        run = stage.start("racing", case.sleep_ms + case.later_ms, case.sleep_ms, plan=plan)
        ending = run.await_end()
        if ending.status != "completed":
            violate(f"the run is {ending.describe()}", run.witness())
        judge_race(run, str(ending.output))
        if case.rate and not run.journal().faults():
            raise Inconclusive("the seed left every message as it was")

    races = st.builds(
        Race,
        sleep_ms=st.sampled_from([1_000, 2_000]),
        later_ms=st.integers(-60, 60),
        rate=st.sampled_from([0.0, 0.5, 0.9]),
        seed=st.integers(0, 1_000),
    )
    cases.explore(Race, races, play, examples=1.5, together=6)


def judge_race(run: Run, winner: str) -> None:
    """See that log, answer and every replay agree on the winner.

    Raises:
        Violation: they do not.
    """
    journal = run.journal()
    racer = {item.step_id for item in journal.executions("racer")}
    outcomes = {"step_completed": "step", "wait_completed": "sleep"}
    first = next(
        outcomes[event.event_type]
        for event in run.events()
        if event.event_type == "wait_completed"
        or (event.event_type == "step_completed" and event.correlation_id in racer)
    )
    if first != winner:
        violate(f"the {winner} won, but the log has the {first} first", run.witness())
    said = {item.key for item in journal.executions()} - {"racer"}
    if said != {f"won by the {winner}"}:
        violate(f"replays disagree about the winner: {', '.join(sorted(said))}", run.witness())


@pytest.mark.engine("ENG-WAIT-EARLY", cost=12)
def test_a_sleep_whose_message_comes_too_early_goes_on_in_time(stage: Stage, cases: Cases) -> None:
    def play(case: Early) -> None:
        shape = {"seq": [{"step": "before"}, {"sleep": _SLEEP_MS}, {"step": "after"}]}
        # Lines differ in how they ask for a later message: with its queueing, or as the answer.
        places = [Place(on="call", method="queue"), Place(on="message")]
        plan = [Hurry(at=place, most=case.hurried) for place in places if case.hurried]
        run = stage.program(shape, plan=plan)
        await_sleep(run)
        for _ in range(case.wakes):
            run.wake()
        ending = run.await_end(_FORGOTTEN_S)
        journal = run.journal()
        if ending.status != "completed":
            violate(
                f"the run is {ending.status}, {_FORGOTTEN_S:.0f} s after it began to sleep for "
                f"{_SLEEP_MS / 1000:.0f} s",
                run.witness(),
            )
        slept_ms = measure_sleep(journal)
        if slept_ms < _SLEEP_MS - _EARLY_MS[stage.cell.line]:
            violate(f"the run slept {slept_ms:.0f} ms of {_SLEEP_MS} ms", run.witness())
        if case.hurried and not journal.faults():
            raise Inconclusive("no message was to come later")

    numbers = ((1, 0), (3, 0), (0, 3), (2, 2))
    cases.run([Early(hurried=hurried, wakes=wakes) for hurried, wakes in numbers], play)


def await_sleep(run: Run) -> None:
    """Wait until the run sleeps.

    Raises:
        Inconclusive: it never does.
    """
    if not wait_until(lambda: any(event.event_type == "wait_created" for event in run.events())):
        raise Inconclusive("the run never came to its sleep")


def measure_sleep(journal: Journal) -> float:
    """Return the time from the end of the body before the sleep to the body after it, in ms."""
    before, after = journal.executions("before"), journal.executions("after")
    return after[0].entered_at_ms - min(item.ended_at_ms or 0.0 for item in before)


@pytest.mark.engine("ENG-MANY-RUNS", cost=20)
def test_a_hundred_runs_started_at_once_end(stage: Stage) -> None:
    def start(number: int) -> Run:
        pair = [{"step": f"{number}-{name}"} for name in "bc"]
        return stage.program({"seq": [{"step": f"{number}-a"}, {"all": pair}]})

    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(start, range(_RUNS)))
    endings = await_all(runs)
    for number, (run, ending) in enumerate(zip(runs, endings, strict=True)):
        if ending.output != [f"{number}-a", [f"{number}-b", f"{number}-c"]]:
            stuck = sum(ending.status != "completed" for ending in endings)
            violate(
                f"{stuck} of {_RUNS} runs did not complete; one is {ending.describe()}",
                run.witness(),
            )


@pytest.mark.engine("ENG-MANY-STEPS", cost=25)
def test_a_run_of_two_hundred_steps_ends(stage: Stage, cases: Cases) -> None:
    keys = [f"step-{number}" for number in range(_STEPS)]
    run = stage.program({"seq": [{"step": key} for key in keys]})
    ending = run.await_end(3 * PATIENCE_S)
    bodies = [item.key for item in run.journal().executions()]
    if ending.status != "completed" or ending.output != keys:
        violate(
            f"after {len(set(bodies))} of {_STEPS} steps the run is {ending.describe()}",
            run.witness(),
        )
    if len(bodies) != _STEPS:
        violate(f"{_STEPS} steps were executed {len(bodies)} times", run.witness())


@pytest.mark.engine("ENG-CHILD-RUNS", cost=8)
def test_children_of_children_end(stage: Stage) -> None:
    depth = 4
    ending = stage.start("descend", "deep", depth).await_end()
    if ending.output != depth:
        violate(
            f"a run with {depth} generations below it is {ending.describe()}",
            describe_run(stage.journal()),
        )


def await_all(runs: Sequence[Run], within_s: float = PATIENCE_S) -> list[Ending]:
    """Wait for all runs at the same time; return their endings in order."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda run: run.await_end(within_s), runs))
