"""Log integrity: one log leads to the same decisions in every replay, in whichever process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import Place, Redeliver
from suites.engine.cases import Cases
from suites.engine.logs import deliver_all_again
from suites.engine.resting import (
    PAYLOAD,
    await_hook,
    draw_token,
    resume_to_the_end,
    start_at_rest,
)
from suites.engine.stage import Run, Stage
from suites.engine.violations import Inconclusive, violate

_WIDTH = 4


class Finishing(msgspec.Struct, frozen=True, kw_only=True):
    """Parallel steps, by how long their bodies take: that decides the order in which they end."""

    ms: tuple[int, ...]


def draw_finishing() -> st.SearchStrategy[Finishing]:
    """Draw cases: every order, and ends that fall together."""
    return st.builds(
        Finishing,
        ms=st.one_of(
            st.permutations([0, 80, 160, 240]).map(tuple),
            st.tuples(*[st.sampled_from([0, 60])] * _WIDTH),
        ),
    )


def list_names(case: Finishing) -> list[str]:
    """Return the keys of the steps, in the order in which the workflow asks for them."""
    return [f"p{place}" for place in range(len(case.ms))]


def judge_ordinals(run: Run, names: list[str]) -> None:
    """Raise when the ids of steps that were asked for together are not in that order.

    An id is drawn when a step is asked for, from a generator that the run alone seeds: sorted, they
    are in the order of asking, whichever step ends first.
    """
    ids = {name: {item.step_id for item in run.journal().executions(name)} for name in names}
    several = [name for name, seen in ids.items() if len(seen) != 1]
    if several:
        violate(f"steps have not one id each: {several}", run.witness())
    drawn = [next(iter(ids[name])) for name in names]
    if drawn != sorted(drawn):
        order = sorted(names, key=lambda name: next(iter(ids[name])))
        violate(f"steps asked for as {names} were given ids in the order {order}", run.witness())


@pytest.mark.engine("ENG-REPLAY-DETERMINISM", cost=6)
def test_the_order_in_which_steps_end_leaves_their_ids_alone(stage: Stage, cases: Cases) -> None:
    def play(case: Finishing) -> None:
        names = list_names(case)
        steps = [{"step": name, "ms": ms} for name, ms in zip(names, case.ms, strict=True)]
        run = stage.program({"seq": [{"all": steps}, {"step": "last"}]})
        ending = run.await_end()
        if ending.output != [names, "last"]:
            violate(
                f"the run is {ending.describe()}",
                run.witness(),
            )
        judge_ordinals(run, names)

    cases.explore(Finishing, draw_finishing(), play, examples=2)


class Restarted(msgspec.Struct, frozen=True, kw_only=True):
    """Runs at rest when their process ends."""

    runs: tuple[Finishing, ...]


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, and what it must answer."""

    run: Run
    token: str
    answer: list[Any]
    #: How many bodies were executed before the process ended.
    bodies: int


def park(stage: Stage, case: Finishing) -> Parked:
    """Bring a run to rest whose steps end in some order, and of which some race."""
    names = list_names(case)
    branches = [
        {"seq": [{"step": name, "ms": ms}, {"step": f"{name}-then"}]}
        for name, ms in zip(names, case.ms, strict=True)
    ]
    race = {"race": [{"step": f"racer-{name}"} for name in names]}
    run, token, _ = start_at_rest(stage, [{"all": branches}, race], [{"step": "last"}])
    branched = [[name, f"{name}-then"] for name in names]
    return Parked(
        run=run,
        token=token,
        answer=[branched, find_winner(run), [PAYLOAD], "last"],
        bodies=len(run.journal().executions()),
    )


def judge_parked(parked: Parked) -> None:
    """Resume a run in another process; raise when it answers otherwise, or repeats anything."""
    run = parked.run
    ending = resume_to_the_end(run, parked.token)
    if ending.output != parked.answer:
        violate(
            f"another process makes of the same log: {ending.describe()}, not {parked.answer!r}",
            run.witness(),
        )
    repeated = len(run.journal().executions()) - parked.bodies - 1
    if repeated:
        violate(f"{repeated} bodies were executed again in another process", run.witness())


@pytest.mark.engine("ENG-REPLAY-DETERMINISM", cost=10)
def test_another_process_replays_to_the_same_answer(
    open_own: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    def play(case: Restarted) -> None:
        with open_own() as stage:
            parked = [park(stage, finishing) for finishing in case.runs]
            token = draw_token()
            drawing = stage.start("drawing", len(parked), token)
            await_hook(drawing)
            stage.launch()
            for item in parked:
                judge_parked(item)
            judge_drawing(drawing, token)

    restarts = st.lists(draw_finishing(), min_size=1, max_size=3).map(
        lambda runs: Restarted(runs=tuple(runs))
    )
    cases.explore(Restarted, restarts, play, examples=0.34)


def find_winner(run: Run) -> str:
    """Return which of the steps that race ended first, by the log."""
    keys = {item.step_id: item.key for item in run.journal().executions()}
    for event in run.events():
        key = keys.get(event.correlation_id or "", "")
        if event.event_type == "step_completed" and key.startswith("racer-"):
            return key
    raise Inconclusive("no step of the race has ended")


def judge_drawing(run: Run, token: str) -> None:
    """Resume a run that draws values; raise when its replay drew others than were kept."""
    ending = resume_to_the_end(run, token)
    if ending.status != "completed":
        violate(f"the run is {ending.describe()}", run.witness())
    if ending.output:
        violate(f"a replay drew other values: {ending.output[0]}", run.witness())


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that draws numbers, times and ids between its steps."""

    times: int
    #: How often each of its messages comes.
    deliveries: int


@pytest.mark.engine("ENG-REPLAY-DETERMINISM", cost=6)
def test_every_replay_draws_the_same_values(stage: Stage, cases: Cases) -> None:
    def play(case: Drawing) -> None:
        token = draw_token()
        copies = case.deliveries - 1
        fault = Redeliver(at=Place(on="message"), copies=copies, when="after", times=3)
        plan = [fault] if copies else []
        run = stage.start("drawing", case.times, token, plan=plan)
        if await_hook(run) and copies:
            deliver_all_again(run)
        judge_drawing(run, token)

    drawings = st.builds(Drawing, times=st.integers(1, 5), deliveries=st.integers(1, 3))
    cases.explore(Drawing, drawings, play)
