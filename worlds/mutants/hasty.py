"""Worlds that look, let others in, and then write without looking again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from harness.contract.model import Model, Rules
from worlds.reference import ReferenceWorld

#: Marks an event whose answer was decided before it was written.
DECIDED = "decided"
#: For how long others are let in, in seconds.
PAUSE_S = 0.002


class Lax(Model):
    """A model that can tell events that were decided before; rules are dropped for those."""

    decided = False

    def create_event(self, run_id: object, sent: object, params: object = None) -> Any:
        """Answer `events.create`, and know meanwhile whether it was decided before."""
        self.decided = isinstance(sent, Mapping) and bool(sent.get(DECIDED))
        try:
            return super().create_event(run_id, sent, params)
        finally:
            self.decided = False


class Hasty(ReferenceWorld):
    """Decides about some events by the unbroken rules, and writes them a moment later."""

    #: The types of events that are decided too early.
    hasty: ClassVar[tuple[str, ...]] = ()
    #: Accepts what was decided.
    lax: ClassVar[type[Model]] = Lax

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, self.lax)

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer a call; of an event that is decided too early, pause before it is written."""
        sent = args[1] if method == "events.create" else None
        if not isinstance(sent, dict) or sent.get("eventType") not in self.hasty:
            return await super().perform(method, args)
        self.sync()
        answer = Model(self.model.rules, self.model.state.copy()).perform(
            method, args, now=datetime.now(UTC), fresh=self._invent
        )
        await self.pause()
        if answer["event"]["eventType"] != sent["eventType"]:
            return await super().perform(method, args)
        return await super().perform(method, [args[0], {**sent, DECIDED: True}, *args[2:]])

    async def pause(self) -> None:
        """Let others in."""
        await asyncio.sleep(PAUSE_S)

    def _invent(self, prefix: str) -> str:
        return f"{prefix}_rehearsed"
