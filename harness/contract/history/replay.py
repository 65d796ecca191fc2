"""Replays a log in list order: computes its entities, and reports illegal moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from harness.contract.model.ids import read_slot
from harness.contract.model.rules import Rules
from harness.contract.model.state import Key
from harness.contract.model.values import Entity, is_absent

TERMINAL = {"run_completed": "completed", "run_failed": "failed", "run_cancelled": "cancelled"}
OUTCOMES = {"step_completed": "completed", "step_failed": "failed"}
#: Events allowed after the end of a run, besides outcomes of steps that were running.
_LATE_ANYWAY = frozenset({"noop", "step_retrying"})
#: Event type -> the clause that such an event breaks after the end of the run.
_CLOSED_BY = {
    **dict.fromkeys(TERMINAL, "RUN-TERMINAL-ONCE"),
    "run_started": "RUN-START-TERMINAL",
    "step_started": "STEP-START-ENDED-RUN",
    "hook_received": "HOOK-RECEIVE-ENDED",
    "wait_created": "WAIT-ENDED-RUN",
    "wait_completed": "WAIT-ENDED-RUN",
    "attr_set": "ATTR-TERMINAL",
}


class Entities(msgspec.Struct, kw_only=True):
    """Entities by key; a kind that was not read is `None`.

    The key of a step, hook or wait is the id of its run and its own id. Only live hooks are listed.
    """

    runs: dict[str, Entity] | None = None
    steps: dict[Key, Entity] | None = None
    hooks: dict[Key, Entity] | None = None
    waits: dict[Key, Entity] | None = None


def fold(events: Iterable[Mapping[str, Any]], rules: Rules) -> Entities:
    """Return the entities that follow from a log; an illegal event has no effect.

    Args:
        events: The events of one or several runs, with those of each run in list order.
        rules: The line's rules.
    """
    return _replay(events, rules).entities()


def find_illegal_moves(events: Iterable[Mapping[str, Any]], rules: Rules) -> list[str]:
    """Return the illegal moves of a log; each text starts with the id of a clause."""
    return _replay(events, rules).complaints


def _replay(events: Iterable[Mapping[str, Any]], rules: Rules) -> _Replay:
    replay = _Replay(rules)
    for event in events:
        replay.take(event)
    return replay


class _Replay:
    """Follows a log, event by event."""

    def __init__(self, rules: Rules) -> None:
        self.complaints: list[str] = []
        self._rules = rules
        self._runs: dict[str, Entity] = {}
        self._steps: dict[Key, Entity] = {}
        self._hooks: dict[Key, Entity] = {}
        self._waits: dict[Key, Entity] = {}
        #: All hooks and attribute changes created so far.
        self._claims: set[tuple[str, str, str]] = set()
        self._ids: dict[str, list[str]] = {}

    def entities(self) -> Entities:
        return Entities(runs=self._runs, steps=self._steps, hooks=self._hooks, waits=self._waits)

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply one event, or report that it is illegal."""
        run_id, event_type = str(event["runId"]), str(event["eventType"])
        self._check_id(event, run_id)
        run = self._runs.get(run_id)
        if run is None and event_type != "run_created":
            self._complain("RUN-CREATED-FIRST", event, "comes before its run was created")
            return
        if run is not None and not self._may_follow(event, run):
            clause = _CLOSED_BY.get(event_type, "RUN-TERMINAL-CLOSES")
            self._complain(clause, event, f"comes after the run was {run['status']}")
            return
        handler = getattr(self, f"_take_{event_type}", None)
        if handler is None:
            self._complain("EVT-TYPE-GUARD", event, "is of a type that no log may hold")
            return
        data = event.get("eventData")
        handler(event, data if isinstance(data, Mapping) else {})

    def _complain(self, clause: str, event: Mapping[str, Any], what: str) -> None:
        name = event.get("correlationId")
        subject = event["eventType"] if is_absent(name) else f"{event['eventType']} of {name}"
        self.complaints.append(f"{clause}: {subject} ({event.get('eventId')}) {what}")

    def _check_id(self, event: Mapping[str, Any], run_id: str) -> None:
        known = self._ids.setdefault(run_id, [])
        event_id = str(event.get("eventId"))
        if event_id in known[-1:]:
            self._complain("EVT-APPEND-ONLY", event, "is listed twice")
        known.append(event_id)
        slot = read_slot(event_id)
        if self._rules.slots and slot is not None and slot != len(known):
            self._complain("EVT-SLOT-DENSE", event, f"stands at place {len(known)}")

    def _may_follow(self, event: Mapping[str, Any], run: Entity) -> bool:
        """Tell whether the status of the run allows an event at this point."""
        event_type = event["eventType"]
        if run["status"] not in TERMINAL.values() or event_type in _LATE_ANYWAY:
            return True
        if event_type == "run_created":
            return True
        if event_type in OUTCOMES:
            step = self._steps.get(self._key(event))
            return step is None or step["status"] != "pending"
        return bool(event_type == "run_cancelled" and run["status"] == "cancelled")

    def _key(self, event: Mapping[str, Any]) -> Key:
        return str(event["runId"]), str(event.get("correlationId"))

    def _take_run_created(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        run_id = str(event["runId"])
        if run_id in self._runs:
            self._complain("RUN-CREATE-ATOMIC", event, "is the second of its run")
            return
        if len(self._ids[run_id]) > 1:
            self._complain("RUN-CREATED-FIRST", event, "is not the first of its run")
        run: Entity = {"runId": run_id, "status": "pending"}
        run |= _pick(data, "deploymentId", "workflowName", "input")
        attributes = data.get("attributes")
        run["attributes"] = dict(attributes) if isinstance(attributes, Mapping) else {}
        self._runs[run_id] = run

    def _take_run_started(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        # Each World decides whether to log further starts of a running run: skip them.
        if any(not is_absent(value) for value in data.values()):
            self._complain("RUN-CREATED-FIRST", event, "keeps data, which belongs to run_created")
        self._runs[str(event["runId"])]["status"] = "running"

    def _take_run_completed(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        run_id = str(event["runId"])
        self._runs[run_id]["status"] = TERMINAL[str(event["eventType"])]
        self._runs[run_id] |= _pick(data, "output")
        for table in (self._hooks, self._waits):
            for key in [key for key in table if key[0] == run_id]:
                del table[key]

    _take_run_failed = _take_run_cancelled = _take_run_completed

    def _take_noop(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Ignore a sealed slot: it changes nothing."""

    def _take_attr_set(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        if not is_absent(event.get("correlationId")) and not self._claim("attributes", event):
            self._complain("ATTR-CLAIM", event, "is the second of its name")
            return
        attributes = self._runs[str(event["runId"])]["attributes"]
        for change in data.get("changes") or []:
            if is_absent(change.get("value")):
                attributes.pop(change["key"], None)
            else:
                attributes[change["key"]] = change["value"]

    def _claim(self, kind: str, event: Mapping[str, Any]) -> bool:
        claim = (str(event["runId"]), kind, str(event.get("correlationId")))
        is_new = claim not in self._claims
        self._claims.add(claim)
        return is_new

    def _take_step_created(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        key = self._key(event)
        if key in self._steps:
            self._complain("STEP-CREATE-ATOMIC", event, "is the second of its step")
            return
        self._steps[key] = {"runId": key[0], "stepId": key[1], "status": "pending", "attempt": 0}
        self._steps[key] |= _pick(data, "stepName", "input")

    def _find_step(self, event: Mapping[str, Any], clause: str) -> Entity | None:
        step = self._steps.get(self._key(event))
        if step is None:
            self._complain("STEP-CREATE-COMPLETE", event, "is of a step that was never created")
            return None
        if step["status"] in OUTCOMES.values():
            self._complain(clause, event, f"comes after the step was {step['status']}")
            return None
        return step

    def _take_step_started(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        step = self._find_step(event, "STEP-START-TERMINAL")
        if step is not None:
            step["status"] = "running"
            step["attempt"] += 1
            step.pop("retryAfter", None)

    def _take_step_completed(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        step = self._find_step(event, "STEP-TERMINAL-ONCE")
        if step is not None:
            step["status"] = OUTCOMES[str(event["eventType"])]
            if not is_absent(data.get("result")):
                step["output"] = data["result"]

    _take_step_failed = _take_step_completed

    def _take_step_retrying(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        step = self._find_step(event, "STEP-TERMINAL-ONCE")
        if step is not None:
            step["status"] = "pending"
            step.pop("retryAfter", None)
            step |= _pick(data, "retryAfter")

    def _take_hook_created(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        if not self._claim("hook", event):
            self._complain("HOOK-CREATE-REDELIVERY", event, "is the second of its hook")
            return
        key = self._key(event)
        token = data.get("token")
        if any(hook["token"] == token for other, hook in self._hooks.items() if other[0] == key[0]):
            self._complain("HOOK-TOKEN-UNIQUE", event, f"takes the token {token!r} of a live hook")
        self._hooks[key] = {"runId": key[0], "hookId": key[1], "token": token}
        self._hooks[key] |= _pick(data, "metadata")

    def _take_hook_conflict(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        hook = self._hooks.get(self._key(event))
        if hook is not None and hook["token"] == data.get("token"):
            self._complain("HOOK-CREATE-REDELIVERY", event, "is a clash of a hook with itself")

    def _take_hook_received(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        if self._key(event) not in self._hooks:
            self._complain("HOOK-RECEIVE-LIVE", event, "finds no live hook")

    def _take_hook_disposed(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        if self._hooks.pop(self._key(event), None) is None:
            self._complain("HOOK-DISPOSE-ONCE", event, "finds no live hook")
        # Each World decides whether a disposed hook can be created again.
        self._claims.discard((str(event["runId"]), "hook", str(event.get("correlationId"))))

    def _take_wait_created(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        key = self._key(event)
        if key in self._waits:
            self._complain("WAIT-CREATE-ATOMIC", event, "is the second of its wait")
            return
        self._waits[key] = {"runId": key[0], "waitId": key[1], "status": "waiting"}
        self._waits[key] |= _pick(data, "resumeAt")

    def _take_wait_completed(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        wait = self._waits.get(self._key(event))
        if wait is None:
            self._complain("WAIT-COMPLETE-NEEDS-WAIT", event, "finds no wait")
        elif wait["status"] == "completed":
            self._complain("WAIT-COMPLETE-ONCE", event, "is the second of its wait")
        else:
            wait["status"] = "completed"


def _pick(data: Mapping[str, Any], *keys: str) -> Entity:
    return {key: data[key] for key in keys if not is_absent(data.get(key))}
