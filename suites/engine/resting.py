"""Runs that come to rest at a hook: what they did until then is replayed when they are resumed."""

from __future__ import annotations

import time
import uuid
from typing import Any

from harness.nemesis.plans import Plan
from suites.engine.logs import find_endings, has_come_to_rest
from suites.engine.stage import PATIENCE_S, Ending, EngineError, LoggedEvent, Run, Stage, wait_until
from suites.engine.violations import Inconclusive

#: What a run is resumed with.
PAYLOAD = {"number": 1}
#: A run to which nothing can happen any more is given up after so many looks at it, each this long.
_LOOK_S = 1.0
_STILL_LOOKS = 4


def draw_token() -> str:
    """Return a token that no other run has."""
    return f"token-{uuid.uuid4()}"


def await_hook(run: Run, number: int = 1) -> bool:
    """Wait until a run has made so many hooks; tell whether it did, and has not ended."""
    events: list[LoggedEvent] = []

    def has_made() -> bool:
        return [item.event_type for item in events].count("hook_created") >= number

    def is_there() -> bool:
        nonlocal events
        events = run.events()
        return has_made() or bool(find_endings(events))

    wait_until(is_there)
    return has_made() and not find_endings(events)


def resume_to_the_end(
    run: Run, token: str, payload: Any = PAYLOAD, within_s: float = PATIENCE_S
) -> Ending:
    """Wait for a run's hook, resume it, and wait for the run's end; return how it stands."""
    if await_hook(run):
        try:
            run.stage.resume(token, payload)
        except EngineError as error:
            if run.status().status == "running":
                raise Inconclusive(f"the hook could not be resumed: {error}") from error
    return run.await_end(within_s)


def start_at_rest(
    stage: Stage, parts: list[Any], then: list[Any], plan: Plan = (), *, resume: str = ""
) -> tuple[Run, str, list[LoggedEvent]]:
    """Let a run do its parts and come to rest at a hook; what it does then lies behind it.

    Args:
        stage: Where it runs.
        parts: What it does before.
        then: What it does after.
        plan: What happens to it meanwhile.
        resume: The token of a hook among its parts.

    Returns:
        The run, the token of its hook, and its log.

    Raises:
        Inconclusive: it did not come to rest.
    """
    token = draw_token()
    run = stage.program({"seq": [*parts, {"hook": token}, *then]}, plan=plan)
    if resume and await_hook(run):
        stage.resume(resume, PAYLOAD)
    hooks = 2 if resume else 1
    if not await_hook(run, hooks) or not wait_until(lambda: has_come_to_rest(run)):
        raise Inconclusive("the run did not come to rest at its hook")
    return run, token, run.events()


def await_end_or_standstill(run: Run, within_s: float = PATIENCE_S) -> Ending:
    """Wait for a run's end as long as anything can still happen to it; return how it stands."""
    deadline = time.monotonic() + within_s
    still = 0
    ending = run.await_end(_LOOK_S)
    while ending.status == "running" and time.monotonic() < deadline and still < _STILL_LOOKS:
        still = still + 1 if _stands_still(run) else 0
        ending = run.await_end(_LOOK_S)
    return ending


def _stands_still(run: Run) -> bool:
    """Tell whether every message that was sent came and was taken, so that none will come."""
    journal = run.journal()
    delivered = journal.deliveries()
    outcomes = journal.outcomes()
    sent = sum(item.error is None for item in journal.calls("queue"))
    return sent <= len(delivered) and all(
        outcomes.get(item.delivery) == "done" for item in delivered
    )
