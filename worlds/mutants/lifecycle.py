"""Mutants of the lifecycle."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from worlds.mutants import mutant
from worlds.mutants.workers import WorkerMutant
from worlds.reference import ReferenceWorld
from worlds.reference.worker import FAREWELL_S, Worker

_TOPIC = "__wkf_workflow_a"


@mutant("LIFE-USABLE-BEFORE-START", "queued before start() must be delivered after it")
class ForgetsWhatIsQueuedBeforeStart(ReferenceWorld):
    """A message that is queued before start() is accepted and forgotten."""

    def apply(self, method: str, args: list[object]) -> Any:
        """Queue nothing before the start."""
        if method == "queue" and self._worker is None:
            return {"messageId": "msg_forgotten"}
        return super().apply(method, args)


@mutant("LIFE-USABLE-BEFORE-START", "run_created must be accepted here")
class StoresNothingBeforeStart(ReferenceWorld):
    """Storage refuses everything before start()."""

    def apply(self, method: str, args: list[object]) -> Any:
        """Change nothing before the start."""
        if self._worker is None:
            raise RuntimeError("this World was not started")
        return super().apply(method, args)


@mutant("LIFE-START-IDEMPOTENT", "must succeed, but ended with RuntimeError")
class StartsOnce(ReferenceWorld):
    """A second start() fails."""

    def start(self) -> None:
        """Start, unless that happened."""
        if self._worker is not None:
            raise RuntimeError("this World was started already")
        super().start()


@mutant("LIFE-START-IDEMPOTENT", "a message was delivered twice")
class DeliversOnceAStart(ReferenceWorld):
    """A World that was started twice delivers everything twice."""

    _twice = False

    def start(self) -> None:
        """Start, and count."""
        self._twice = self._worker is not None
        super().start()

    def apply(self, method: str, args: list[object]) -> Any:
        """Queue as often as was started."""
        if method == "queue" and self._twice:
            super().apply(method, args)
        return super().apply(method, args)


class _HastyWorker(Worker):
    async def stop(self, patience: float = FAREWELL_S) -> None:
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.sleep(0)
        await super().stop(patience)


@mutant("LIFE-CLOSE", "before the handler at work had ended")
class ClosesWhileHandlersWork(WorkerMutant):
    """close() cuts deliveries and does not wait for handlers."""

    worker_type = _HastyWorker

    async def wait_for_handlers(self, until: float) -> None:
        """Wait for nobody."""


@mutant("LIFE-CLOSE", "kept the process alive")
class LeavesAThreadBehind(ReferenceWorld):
    """Something that start() begins goes on after close()."""

    def start(self) -> None:
        """Start, and something more."""
        super().start()
        threading.Thread(target=threading.Event().wait, args=(600,)).start()


@mutant("LIFE-CLOSE", "a second close() must resolve")
class ClosesOnce(ReferenceWorld):
    """A second close() fails."""

    async def close(self) -> None:
        """Close, unless that happened."""
        if self._closed:
            raise RuntimeError("this World was closed already")
        await super().close()


class _ForgetfulWorker(Worker):
    async def stop(self, patience: float = FAREWELL_S) -> None:
        messages = self._storage.model.state.messages.values()
        for message in [item for item in messages if item.owner == self._owner.name]:
            self._record("queue.ack", message)
        await super().stop(patience)


@mutant("LIFE-CLOSE-HANDOVER", "was not given a message that was at close()", effort="standard")
class ForgetsWhatIsInFlightAtClose(WorkerMutant):
    """What is being delivered at close() counts as consumed."""

    worker_type = _ForgetfulWorker


@mutant("LIFE-RECOVERY-SCOPE", "start() woke a run that is")
class WakesEveryRun(ReferenceWorld):
    """start() wakes runs that are over, too."""

    def start(self) -> None:
        """Start, and wake everything."""
        super().start()
        for run_id in list(self.model.state.runs):
            self.apply("queue", [_TOPIC, {"runId": run_id}])


@mutant("LIFE-RECOVERY-SCOPE", "twice")
class WakesRunsTwice(ReferenceWorld):
    """start() wakes a run as one that is running, and again as one that is not over."""

    def start(self) -> None:
        """Start, and wake what runs."""
        super().start()
        for run_id, row in list(self.model.state.runs.items()):
            for _ in range(2 if row.value["status"] == "running" else 0):
                self.apply("queue", [_TOPIC, {"runId": run_id}])
