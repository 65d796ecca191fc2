"""Idempotency: what is asked for again under one key is done once; what is asked twice, twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.journal import Journal
from harness.nemesis.plans import Chaos, Fault, Place, Plan, Redeliver, Refuse
from suites.engine.cases import Cases
from suites.engine.logs import has_come_to_rest, judge_repeats
from suites.engine.resting import await_end_or_standstill, await_hook, draw_token
from suites.engine.stage import Run, Stage, wait_until
from suites.engine.trials import CROWD, ends_at
from suites.engine.violations import Inconclusive, violate

_STARTED: dict[str, Any] = {"seq": [{"step": "a"}, {"all": [{"step": "b"}, {"step": "c"}]}]}
_STARTED_ANSWER = ["a", ["b", "c"]]
_STARTS = "run_started events of one run, at most"
_SLOW_MS = 1_200


class Doubled(msgspec.Struct, frozen=True, kw_only=True):
    """A message that comes again."""

    copies: int
    when: Literal["together", "after", "late"]
    delay_ms: int = 0


def draw_doubled() -> st.SearchStrategy[Doubled]:
    """Draw cases."""
    return st.builds(
        Doubled,
        copies=st.integers(1, 5),
        when=st.sampled_from(["together", "after", "late"]),
        delay_ms=st.sampled_from([0, 20]),
    )


@pytest.mark.engine("ENG-START-ONCE", cost=6)
def test_a_start_that_comes_again_starts_one_run(stage: Stage, cases: Cases) -> None:
    def play(case: Doubled) -> None:
        place = Place(on="message", kind="start")
        fault = Redeliver(at=place, copies=case.copies, when=case.when, delay_ms=case.delay_ms)
        run = stage.program(_STARTED, plan=[fault])
        ending = run.await_end()
        wait_until(lambda: has_come_to_rest(run))
        if ending.output != _STARTED_ANSWER:
            ids = {item.correlation_id for item in run.journal().calls(event="step_created")}
            violate(
                f"after its start was delivered {case.copies + 1} times, the run is "
                f"{ending.describe()}; its 3 steps were "
                f"created under {len(ids)} ids",
                run.witness(),
            )
        if sum(item.cause == "nemesis" for item in run.journal().deliveries("start")) == 0:
            raise Inconclusive("the start did not come again")
        judge_repeats(run)
        starts = [item.event_type for item in run.events()].count("run_started")
        counted = int(cases.found.answers.get(_STARTS, "0"))
        cases.answer(_STARTS, max(starts, counted))

    cases.explore(Doubled, draw_doubled(), play)


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """A hook that is resumed several times with the same payload."""

    payloads: int
    #: Whether nobody waits for the others.
    together: bool


@pytest.mark.engine("ENG-RESUME-EACH", cost=5)
def test_equal_payloads_are_all_delivered(stage: Stage, cases: Cases) -> None:
    def play(case: Resumed) -> None:
        token = draw_token()
        run = stage.program({"seq": [{"hook": token, "count": case.payloads}, {"step": "last"}]})
        if not await_hook(run):
            raise Inconclusive("the run did not come to its hook")
        payload = {"text": "the same"}
        with ThreadPoolExecutor(case.payloads if case.together else 1) as pool:
            list(pool.map(lambda _: stage.resume(token, payload), range(case.payloads)))
        ending = await_end_or_standstill(run)
        received = count_received(run)
        if ending.output != [[payload] * case.payloads, "last"] or received != case.payloads:
            violate(
                f"{case.payloads} resumes with equal payloads succeeded, {received} are in the "
                f"log; the run is {ending.describe()}",
                run.witness(),
            )

    resumes = st.builds(Resumed, payloads=st.integers(2, 6), together=st.booleans())
    cases.explore(Resumed, resumes, play)


def count_received(run: Run) -> int:
    """Return how many payloads its log holds."""
    return [item.event_type for item in run.events()].count("hook_received")


class Retold(msgspec.Struct, frozen=True, kw_only=True):
    """A resume whose message comes again, or is refused at first."""

    copies: int
    when: Literal["together", "after", "late", "refused first"]


@pytest.mark.engine("ENG-RESUME-ONCE", cost=10)
def test_a_resume_that_comes_again_is_one(stage: Stage, cases: Cases) -> None:
    def play(case: Retold) -> None:
        token = draw_token()
        run = stage.program({"hook": token, "count": 3})
        if not await_hook(run) or not wait_until(lambda: has_come_to_rest(run)):
            raise Inconclusive("the run did not come to rest at its hook")
        run.add_faults(plan_resume(case))
        for number in range(3):
            stage.resume(token, number)
            if number < 2 and case.when != "refused first":
                wait_until(lambda: has_come_to_rest(run))
        ending = run.await_end()
        if not run.journal().faults():
            raise Inconclusive("no resume was delivered in another way")
        received = count_received(run)
        if ending.output != [0, 1, 2] or received != 3:
            violate(
                f"3 resumes, whose messages came again, are {received} in the log; the run is "
                f"{ending.describe()}",
                run.witness(),
            )

    retold = st.builds(
        Retold,
        copies=st.integers(1, 4),
        when=st.sampled_from(["together", "after", "late", "refused first"]),
    )
    cases.explore(Retold, retold, play)


def plan_resume(case: Retold) -> Plan:
    """Return what happens to the messages that resume a run."""
    place = Place(on="message", kind="wake")
    if case.when == "refused first":
        return [Refuse(at=place)]
    return [Redeliver(at=place, copies=case.copies, when=case.when, delay_ms=20, times=3)]


class Keyed(msgspec.Struct, frozen=True, kw_only=True):
    """A step that is asked for again while it runs."""

    #: Resumes that wake the run meanwhile: it asks for what it waits for each time.
    wakes: int
    pause_ms: int


@pytest.mark.engine("ENG-KEY-ONCE", cost=5)
def test_a_key_that_is_queued_again_is_one_message(stage: Stage, cases: Cases) -> None:
    def play(case: Keyed) -> None:
        token = draw_token()
        others = [{"step": f"other-{place}"} for place in range(CROWD)]
        slow = {"step": "slow", "ms": _SLOW_MS}
        run = stage.program({"all": [*others, slow, {"hook": token, "count": case.wakes}]})
        if not await_hook(run) or not wait_until(lambda: bool(run.journal().executions("slow"))):
            raise Inconclusive("the step did not begin")
        for number in range(case.wakes):
            stage.resume(token, number)
            time.sleep(case.pause_ms / 1_000)
        ending = run.await_end()
        wait_until(lambda: has_come_to_rest(run))
        steps = {item.step_id for item in run.journal().executions("slow")}
        expected = [*(item["step"] for item in others), "slow", list(range(case.wakes))]
        if ending.output != expected:
            violate(f"the run is {ending.describe()}", run.witness(steps))
        judge_keys(run, steps)

    keyed = st.builds(Keyed, wakes=st.integers(2, 5), pause_ms=st.sampled_from([0, 60]))
    cases.explore(Keyed, keyed, play)


def judge_keys(run: Run, steps: set[str]) -> None:
    """Raise when a step's message was queued again under its key while it ran, and came again."""
    journal = run.journal()
    executions = [item for item in journal.executions() if item.step_id in steps]
    until_ms = max(ends_at(item) for item in executions)
    queued = [item for item in journal.calls("queue") if item.step_id in steps and item.key]
    asked = [item for item in queued if item.at_ms < until_ms]
    # Once the step has ended, its key means nothing anymore.
    afterwards = len(queued) - len(asked)
    if len(asked) < 2:
        raise Inconclusive("the step was not queued again while it ran")
    came = [item for item in journal.deliveries("step") if item.step_id in steps]
    if len(came) > 1 + afterwards or len(executions) > 1:
        violate(
            f"a step was queued {len(asked)} times under one key before it had ended: it came "
            f"{len(came)} times and was executed {len(executions)} times",
            run.witness(steps),
        )


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that do something which must happen once, and fail at first."""

    parallel: int
    fails: int
    seed: int
    rate: float


def play_effects(stage: Stage, case: Effects) -> tuple[Run, Journal]:
    """Play them under chaos.

    Raises:
        Inconclusive: no body was executed a second time.
    """
    body = {"effect": True, "fails": case.fails, "retries": 3, "ms": 20}
    shape = {"seq": [{"step": "first", **body}, _beside(case.parallel, body)]}
    plan: list[Fault] = [
        Chaos(at=Place(on="message", kind="start"), seed=case.seed, rate=case.rate),
        Chaos(at=Place(on="message", kind="wake"), seed=case.seed, rate=case.rate),
        Redeliver(at=Place(on="message", kind="step"), times=1),
    ]
    run = stage.program(shape, plan=plan)
    ending = run.await_end()
    wait_until(lambda: has_come_to_rest(run))
    journal = run.journal()
    if len(journal.executions()) <= case.parallel + 1:
        raise Inconclusive(f"no body was executed twice; the run is {ending.status}")
    return run, journal


def _beside(number: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"all": [{"step": f"s{place}", **body, "fails": 0} for place in range(number)]}


def draw_effects() -> st.SearchStrategy[Effects]:
    """Draw cases."""
    return st.builds(
        Effects,
        parallel=st.integers(1, 5),
        fails=st.integers(1, 2),
        seed=st.integers(0, 1_000),
        rate=st.sampled_from([0.4, 0.8]),
    )


@pytest.mark.engine("ENG-EFFECT-ONCE", cost=10)
def test_an_effect_under_the_key_of_its_step_happens_once(stage: Stage, cases: Cases) -> None:
    def play(case: Effects) -> None:
        run, journal = play_effects(stage, case)
        done = [item.key for item in journal.effects() if item.first]
        steps = {item.key for item in journal.executions()}
        if len(done) != len(steps):
            violate(
                f"{len(steps)} steps that do something once for their id did it {len(done)} times",
                run.witness(),
            )

    cases.explore(Effects, draw_effects(), play)


@pytest.mark.engine("ENG-STEP-ID", cost=10)
def test_a_body_sees_one_id_in_every_attempt(stage: Stage, cases: Cases) -> None:
    def play(case: Effects) -> None:
        run, journal = play_effects(stage, case)
        ids: dict[str, set[str]] = {}
        for item in journal.executions():
            ids.setdefault(item.key, set()).add(item.step_id)
        several = {key: seen for key, seen in ids.items() if len(seen) > 1}
        if several:
            key, seen = next(iter(several.items()))
            violate(f"the body of step {key} was told {len(seen)} ids", run.witness(seen))
        if len({step for seen in ids.values() for step in seen}) != len(ids):
            violate("the bodies of several steps were told one id", run.witness())

    cases.explore(Effects, draw_effects(), play, examples=0.5)
