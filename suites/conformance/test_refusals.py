"""Refusals: the runtime knows them by their names alone."""

from __future__ import annotations

from collections.abc import Sequence

from harness.adapters.protocol import Call, Failure
from suites.conformance.answers import CONFLICT, ENDED, EXPIRED, NO_HOOK, NO_RUN
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import decides
from suites.conformance.outcomes import has_lazy_start
from suites.conformance.violations import Inconclusive, violate

_TOO_EARLY = ("TooEarlyError",)
#: What the Python SDK's own World says of a run that is not there.
_PYTHON_NO_RUN = (*NO_RUN, "RuntimeError")

#: What is provoked, the call, and the names under which the runtime understands the answer.
Provocation = tuple[str, Call, Sequence[str]]


@decides("ERR-NAMES")
def test_refusals_have_the_names_that_the_runtime_knows(arena: Arena) -> None:
    provocations = [
        *_provoke_conflicts(arena),
        *_provoke_in_ended_run(arena),
        *_provoke_missing(arena),
    ]
    wrong: dict[tuple[str, str], list[str]] = {}
    refused = 0
    for what, call, names in provocations:
        failure = arena.try_(call).failure
        if failure is None:
            # Whether it must be refused is for another clause.
            continue
        refused += 1
        if failure.name not in names:
            wrong.setdefault((names[0], _tell(failure)), []).append(what)
    if not refused:
        raise Inconclusive(f"the World refused none of {len(provocations)} calls")
    if wrong:
        told = "; ".join(
            f"{came} instead of {wanted} for {', '.join(whats)}"
            for (wanted, came), whats in wrong.items()
        )
        violate(f"refusals must have the names that the runtime knows, but there came {told}")


def _tell(failure: Failure) -> str:
    name = failure.name or "something without a name"
    return f"{name} (status {failure.status:g})" if failure.status is not None else name


def _provoke_conflicts(arena: Arena) -> list[Provocation]:
    run_id = arena.running_run()
    step_id, done, waiting = (arena.running_step(run_id) for _ in range(3))
    hook_id, token = fresh_id("hook"), fresh_token()
    events = arena.events
    arena.do(events.step_completed(run_id, done))
    arena.do(events.step_retrying(run_id, waiting, after_s=600))
    arena.do(events.hook_created(run_id, hook_id, token))
    wait_id = arena.new_wait(run_id)
    arena.do(events.wait_completed(run_id, wait_id))
    provocations: list[Provocation] = [
        ("a run that exists", events.run_created(run_id), CONFLICT),
        ("a step that exists", events.step_created(run_id, step_id), CONFLICT),
        ("a wait that exists", events.wait_created(run_id, wait_id), CONFLICT),
        ("a hook that exists", events.hook_created(run_id, hook_id, token), CONFLICT),
        ("the start of a completed step", events.step_started(run_id, done), CONFLICT),
        ("a second outcome of a step", events.step_failed(run_id, done), CONFLICT),
        ("a second end of a wait", events.wait_completed(run_id, wait_id), CONFLICT),
        ("a start before its time", events.step_started(run_id, waiting), _TOO_EARLY),
    ]
    if has_lazy_start(arena):
        lazy = events.lazy_step_started(run_id, step_id)
        provocations.append(("a lazy start of a step that exists", lazy, CONFLICT))
    return provocations


def _provoke_in_ended_run(arena: Arena) -> list[Provocation]:
    run_id = arena.running_run()
    pending, running = arena.new_step(run_id), arena.running_step(run_id)
    events = arena.events
    arena.do(events.run_completed(run_id))
    start_names = ENDED if arena.line == "py" else EXPIRED
    return [
        ("a start of an ended run", events.run_started(run_id), start_names),
        ("a second end of a run", events.run_failed(run_id), CONFLICT),
        ("the cancel of a completed run", events.run_cancelled(run_id), CONFLICT),
        ("a step in an ended run", events.step_created(run_id, fresh_id("step")), ENDED),
        ("a wait in an ended run", events.wait_created(run_id, fresh_id("wait")), ENDED),
        (
            "a hook in an ended run",
            events.hook_created(run_id, fresh_id("hook"), fresh_token()),
            ENDED,
        ),
        ("the start of a step in an ended run", events.step_started(run_id, running), start_names),
        (
            "the outcome of a pending step in an ended run",
            events.step_completed(run_id, pending),
            start_names,
        ),
    ]


def _provoke_missing(arena: Arena) -> list[Provocation]:
    run_id = arena.running_run()
    no_run = _PYTHON_NO_RUN if arena.line == "py" else NO_RUN
    events = arena.events
    return [
        ("runs.get of no run", Call("runs.get", (fresh_id("wrun"), ALL)), no_run),
        ("the start of no run", events.run_started(fresh_id("wrun")), no_run),
        ("the end of no run", events.run_completed(fresh_id("wrun")), no_run),
        ("a token of no hook", Call("hooks.getByToken", (fresh_token(), ALL)), NO_HOOK),
        ("a payload for no hook", events.hook_received(run_id, fresh_id("hook")), NO_HOOK),
        ("the disposal of no hook", events.hook_disposed(run_id, fresh_id("hook")), NO_HOOK),
    ]
