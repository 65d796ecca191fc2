"""The effect of each event: the state machine of runs, steps, hooks, waits and attributes.

Every rule runs in one transaction that locks its run, so its reads stay valid until its writes are
committed. Events and entities are written together, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import refuse
from ..rows import Rows
from ..session import Session
from . import hooks, runs, steps, waits
from .change import Answer, Change, Request

Rule = Callable[[Change], Answer]

RULES: Mapping[str, Rule] = {
    "run_created": runs.create,
    "run_started": runs.start,
    "run_completed": runs.complete,
    "run_failed": runs.fail,
    "run_cancelled": runs.cancel,
    "attr_set": runs.set_attributes,
    "step_created": steps.create,
    "step_started": steps.start,
    "step_completed": steps.complete,
    "step_failed": steps.fail,
    "step_retrying": steps.retry,
    "hook_created": hooks.create,
    "hook_received": hooks.receive,
    "hook_disposed": hooks.dispose,
    "wait_created": waits.create,
    "wait_completed": waits.complete,
}


#: Events that usually change nothing: each replay writes `run_started`.
FORESEEN: Mapping[str, Callable[[Request, Rows], Answer | None]] = {
    "run_started": runs.find_started
}


def foresee(request: Request, session: Session) -> Answer | None:
    """Answer an event that would change nothing, without locking its run."""
    return FORESEEN[request.type](request, Rows(session))


def apply(request: Request, session: Session) -> Answer:
    """Apply an event.

    Raises:
        WorkflowWorldError: a client cannot create events of this type.
        Exception: an error of the SDK, if the current state forbids the event.
    """
    rule = RULES.get(request.type)
    if rule is None:
        raise refuse(f"a client cannot create events of type {request.type}")
    return rule(Change(request, Rows(session)))


__all__ = ["FORESEEN", "Answer", "Request", "apply", "foresee"]
