"""What mutants are made from that decide and write at two moments, with others in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from harness.contract.model import Model, Rehearsal, Rules
from harness.contract.model.values import read_option
from worlds.reference import ReferenceWorld

#: Between looking and writing, in s: long enough that whoever came together gets in between.
WINDOW_S = 0.004


class Window(ReferenceWorld):
    """A World that looks whether a call may be made, lets others in, and makes it regardless.

    Alone it makes no mistake: what a right World refuses, it refuses, too.
    """

    #: The model that makes the call, without the check that was made before.
    careless: ClassVar[type[Model]] = Model
    #: The types of events that have a window.
    raced: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        del model_type
        super().__init__(env, rules, self.careless)

    async def perform(self, method: str, args: list[object]) -> Any:
        """Look, wait, write."""
        if method == "events.create" and read_option(args[1], "eventType") in self.raced:
            args = self.look(args)
            await asyncio.sleep(WINDOW_S)
        return await super().perform(method, args)

    def look(self, args: list[object]) -> list[object]:
        """Refuse what a right World refuses at this moment; return what is to be written.

        Raises:
            Refused: it may not be made.
        """
        self.sync()
        copy = Model(self.model.rules, self.model.state.copy())
        Rehearsal(copy, datetime.now(UTC)).perform("events.create", args)
        return args
