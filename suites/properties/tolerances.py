"""Where the contract leaves the answer open: `tolerances.toml`, and when it applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.adapters.protocol import Call
from harness.contract.model import Model
from harness.contract.model.values import read_option
from harness.descriptions import read_table

_ENDS = ("run_completed", "run_failed")
_OUTCOMES = ("step_completed", "step_failed", "step_retrying")


class Tolerance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One point that is each World's own affair; see the comments in `tolerances.toml`."""

    id: str
    treatment: Literal["avoid", "follow", "ignore", "unpair"]
    why: str
    fields: tuple[str, ...] = ()
    #: `run`: the two are about the same run; `entity`: also about the same step, hook or wait;
    #: `other entity`: about the same run, but not about the same entity.
    scope: Literal["run", "entity", "other entity"] = "run"
    events: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    #: A clause that decides the point on the lines where it binds.
    unless: str = ""


@cache
def describe_tolerances() -> dict[str, Tolerance]:
    """Return every tolerance by its id."""
    return read_table(Path(__file__).with_name("tolerances.toml"), "tolerance", Tolerance)


@cache
def list_ignored() -> frozenset[str]:
    """Return the fields that are not compared; `A in B` is the field A inside of B only."""
    tolerances = describe_tolerances().values()
    return frozenset(field for tolerance in tolerances for field in tolerance.fields)


def find_situation(model: Model, call: Call) -> Tolerance | None:
    """Return the tolerance that applies to a call in the present state, if one does.

    Args:
        model: The state.
        call: A call as the model would be asked.
    """
    if call.method == "events.createBatch":
        run_id, items = call.args[0], call.args[1]
        parts = [Call("events.create", (run_id, item["event"])) for item in items]
        open_ones = any(find_situation(model, part) for part in parts)
        return describe_tolerances()["batch-with-a-situation"] if open_ones else None
    if call.method != "events.create":
        return None
    situation = Situation(model, call)
    for name, applies in SITUATIONS.items():
        if applies(situation):
            return describe_tolerances()[name]
    return None


class Situation:
    """An event that is about to be sent, and what the model knows of what it is about."""

    def __init__(self, model: Model, call: Call) -> None:
        run_id, event = str(call.args[0]), call.args[1]
        self.type = str(event["eventType"])
        self.data: Mapping[str, Any] = event.get("eventData") or {}
        self.params: Mapping[str, Any] = call.args[2] if len(call.args) > 2 else {}
        key = (run_id, str(event.get("correlationId")))
        run, step = model.state.runs.get(run_id), model.state.steps.get(key)
        hook = model.state.hooks.get(key)
        self.run_status = run.value["status"] if run else "missing"
        self.step_status = step.value["status"] if step else "missing"
        self.is_ended = run is not None and model.is_ended(run.value)
        self.hook_token = hook.value["token"] if hook else None
        self.was_hook = (*key[:1], "hook", key[1]) in model.state.claims
        self.lost_token = any(
            row.value["eventType"] == "hook_conflict" and row.value.get("correlationId") == key[1]
            for row in model.read_log(run_id)
        )

    @property
    def makes_run(self) -> bool:
        """Whether the event creates its run when there is none."""
        return self.type == "run_created" or (self.type == "run_started" and bool(self.data))


SITUATIONS: dict[str, Callable[[Situation], bool]] = {
    "event-of-a-missing-run": lambda now: now.run_status == "missing" and not now.makes_run,
    "end-of-a-pending-run": lambda now: now.run_status == "pending" and now.type in _ENDS,
    "retry-in-an-ended-run": lambda now: now.is_ended and now.type == "step_retrying",
    "outcome-of-a-pending-step": lambda now: now.step_status == "pending" and now.type in _OUTCOMES,
    "hook-that-was-disposed": lambda now: (
        now.type == "hook_created" and now.was_hook and now.hook_token is None and not now.is_ended
    ),
    "hook-with-another-token": lambda now: (
        now.type == "hook_created"
        and now.hook_token is not None
        and now.hook_token != now.data.get("token")
    ),
    "hook-that-lost-its-token": lambda now: now.type == "hook_created" and now.lost_token,
    "count-of-a-lazy-start": lambda now: "eventCount" in now.params and "input" in now.data,
    "second-cancel": lambda now: now.type == "run_cancelled" and now.run_status == "cancelled",
}


def find_unpaired(one: Call, other: Call, binds: Callable[[str], bool]) -> Tolerance | None:
    """Return why two calls cannot be judged when they are made at the same time, if so.

    Args:
        one: A call.
        other: Another one.
        binds: Tells whether a clause binds the World.
    """
    if {one.method, other.method} != {"events.create"}:
        return None
    for tolerance in describe_tolerances().values():
        is_decided = bool(tolerance.unless) and binds(tolerance.unless)
        if tolerance.treatment == "unpair" and not is_decided:
            for first, second in ((one, other), (other, one)):
                if _is_pair(tolerance, first, second):
                    return tolerance
    return None


def _is_pair(tolerance: Tolerance, first: Call, second: Call) -> bool:
    if first.args[0] != second.args[0]:
        return False
    names = [read_option(call.args[1], "correlationId") for call in (first, second)]
    if tolerance.scope != "run" and (names[0] == names[1]) != (tolerance.scope == "entity"):
        return False
    is_any = tolerance.others == ("*",)
    return _is_one(first, tolerance.events) and (is_any or _is_one(second, tolerance.others))


def _is_one(call: Call, names: tuple[str, ...]) -> bool:
    return call.args[1]["eventType"] in names or name_of(call) in names


def name_of(call: Call) -> str:
    """Return an event's type, or the method of another call."""
    if call.method == "events.create":
        event = call.args[1]
        is_lazy = event["eventType"] == "step_started" and read_option(
            event.get("eventData"), "input"
        )
        return "step_started (lazy)" if is_lazy else str(event["eventType"])
    return call.method
