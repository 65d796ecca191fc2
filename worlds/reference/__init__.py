"""The reference World: the executable model of the contract, with storage, processes and a queue.

It stores only a journal of commands, which every process replays in its own model. The harness is
tested against it, and broken variants are derived from it:
`open_reference(env, model_type=..., world_type=...)`.

The model implements the contract for single calls. This package implements the contract for
processes, crashes, delivery and life cycle, again with one method per rule: in `ReferenceWorld`
(`apply`, `write_command`, `learn`, `sync`, `read_delivery`, `follow`, `start`, `close`,
`wait_for_handlers`, `list_capabilities`) and in `Worker`, which `ReferenceWorld.make_worker` makes
(`take_due`, `visit_owners`, `deliver`, `record_answer`, `record_failure`, `choose_pause`,
`find_route`).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from harness.contract.model import RULES, Model, Rules
from harness.errors import UsageError, unknown
from worlds.reference.world import ReferenceWorld


def open_reference(
    env: Mapping[str, str],
    model_type: type[Model] = Model,
    world_type: type[ReferenceWorld] = ReferenceWorld,
) -> ReferenceWorld:
    """Open the World that an environment describes.

    Args:
        env: `REFERENCE_STORAGE` is the storage folder, `REFERENCE_LINE` the line (default `v5`),
        `PORT` the port of the app, `WORKFLOW_MAX_EVENTS` the reported limit.
        model_type: A different model, for broken variants.
        world_type: A different World around the model.

    Raises:
        HarnessError: the environment is incomplete.
    """
    if not env.get("REFERENCE_STORAGE"):
        raise UsageError(
            "the reference World has no storage folder",
            remedy="set REFERENCE_STORAGE to an empty folder",
        )
    return world_type(env, read_rules(env), model_type)


def read_rules(env: Mapping[str, str]) -> Rules:
    """Return the rules of the line that an environment names.

    Raises:
        HarnessError: there is no such line.
    """
    line = env.get("REFERENCE_LINE") or "v5"
    if line not in RULES:
        raise unknown("line of the reference World", line, RULES)
    limit = env.get("WORKFLOW_MAX_EVENTS", "")
    if not limit.isdecimal():
        return RULES[line]
    return msgspec.structs.replace(RULES[line], max_events=int(limit))


__all__ = ["ReferenceWorld", "open_reference", "read_rules"]
