"""Mutants of several processes on one store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from harness.contract.model import Model, Rules
from worlds.mutants import mutant
from worlds.mutants.waits import CreatesWaitsHastily
from worlds.reference import ReferenceWorld


@mutant("PROC-SHARED-LOG", "creations of one wait at once exactly one must succeed")
class LocksWithinItsProcess(CreatesWaitsHastily):
    """Callers of one process take turns, callers of several do not."""

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, model_type)
        self._turn = asyncio.Lock()

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer one call at a time."""
        async with self._turn:
            return await super().perform(method, args)


@mutant("PROC-READ-YOUR-WRITE", "another")
class ReadsWhatItKnew(ReferenceWorld):
    """What other processes wrote is looked for five times a second."""

    _looked = 0.0

    def sync(self) -> None:
        """Learn what others wrote, unless that was done a moment ago."""
        if time.monotonic() - self._looked > 0.2:
            self._looked = time.monotonic()
            super().sync()
