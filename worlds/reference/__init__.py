"""The reference World: the executable model of the contract, with storage, processes and a queue.

It keeps nothing but a journal of commands; every process repeats them in its own model. It is what
the harness is tested against, and what broken variants are made from:
`open_reference(env, model_type=..., world_type=...)`.

What the contract says of one call is the model's; what it says of processes, crashes, delivery and
life cycle is here, again one method a rule: in `ReferenceWorld` (`apply`, `write_command`, `learn`,
`sync`, `read_delivery`, `follow`, `start`, `close`, `wait_for_handlers`, `list_capabilities`) and
in `Worker`, which `ReferenceWorld.make_worker` makes (`take_due`, `visit_owners`, `deliver`,
`record_answer`, `record_failure`, `choose_pause`, `find_route`).
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
        env: `REFERENCE_STORAGE` is its folder, `REFERENCE_LINE` a line (`v5` if absent), `PORT`
            where the app listens, `WORKFLOW_MAX_EVENTS` the reported limit.
        model_type: Another model, for broken variants.
        world_type: Another World around it.

    Raises:
        HarnessError: the environment lacks something.
    """
    if not env.get("REFERENCE_STORAGE"):
        raise UsageError(
            "the reference World has no storage",
            remedy="set REFERENCE_STORAGE to a folder of its own",
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
