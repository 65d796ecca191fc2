"""What mutants that race are made of: they look, let others in, and then write what they saw."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any, ClassVar

from harness.contract.model import Model, Rules
from worlds.reference import ReferenceWorld

#: How long others are let in, at most, in seconds.
PAUSE_S = 0.004
#: What takes a moment, too, so that a reader meets the writers.
_READS = frozenset({"events.list", "runs.get"})


class Hesitant(ReferenceWorld):
    """Looks at what is stored, pauses, and writes by what it saw."""

    #: The events before which it pauses; all, if there are none.
    kinds: ClassVar[frozenset[str]] = frozenset()
    model_kind: ClassVar[type[Model]] = Model

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, self.model_kind)

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer a call, with a pause before some."""
        sent = args[1] if len(args) > 1 else None
        if method != "events.create" or not isinstance(sent, Mapping):
            if method in _READS:
                await asyncio.sleep(PAUSE_S / 8)
            return await super().perform(method, args)
        if self.kinds and sent.get("eventType") not in self.kinds:
            return await super().perform(method, args)
        self.sync()
        given = args[2] if len(args) > 2 and isinstance(args[2], Mapping) else {}
        seen = self.look(str(args[0]), sent)
        await asyncio.sleep(random.uniform(PAUSE_S / 8, PAUSE_S))  # noqa: S311 - variety
        return self.apply(method, [args[0], sent, {**given, **seen}])

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return what goes along with the call, as part of its parameters."""
        return {}
