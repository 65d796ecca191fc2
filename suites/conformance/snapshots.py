"""Everything that can be seen of a run at one moment, to tell whether a refused call changed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL
from suites.conformance.violations import violate


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A run, and what belongs to it."""

    run_id: str
    step_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


Snapshot = Mapping[str, Any]


def look(arena: Arena, watched: Watched) -> Snapshot:
    """Return what can be seen of a run: its log, each entity, and who holds each token."""
    calls = {"the run": Call("runs.get", (watched.run_id, ALL))}
    for step_id in watched.step_ids:
        calls[f"step {step_id}"] = Call("steps.get", (watched.run_id, step_id, ALL))
    for token in watched.tokens:
        calls[f"token {token}"] = Call("hooks.getByToken", (token, ALL))
    options = {"runId": watched.run_id, "pagination": {"limit": 100}, **ALL}
    for name in ("steps", "hooks"):
        if arena.has(f"{name}.list"):
            calls[f"the list of {name}"] = Call(f"{name}.list", (options,))
    seen: dict[str, Any] = {"the log": arena.log(watched.run_id)}
    for name, reply in zip(calls, arena.world.pipeline(list(calls.values())), strict=True):
        seen[name] = _show(name, reply)
    return seen


def _show(name: str, reply: Reply) -> Any:
    if not reply.succeeded:
        return "refused"
    if name.startswith("the list"):
        rows = reply.value.get("data", []) if isinstance(reply.value, dict) else []
        return sorted(rows, key=repr)
    return reply.value


def expect_same(before: Snapshot, after: Snapshot, what: str) -> None:
    """See that nothing changed between two looks."""
    changed = [name for name in before if before[name] != after.get(name)]
    if changed:
        details = _find_fields(before[changed[0]], after.get(changed[0]))
        violate(f"{what} was refused, but changed {', '.join(changed)}{details}")


def _find_fields(before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        return f": {len(before)} entries before, {len(after)} after"
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return ": " + ", ".join(f"{key} {before.get(key)!r} -> {after.get(key)!r}" for key in keys)
