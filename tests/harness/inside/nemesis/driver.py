"""Drives the Python wrapper around a tiny World, by the same requests as `driver.mjs`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import world_harness_nemesis as nemesis  # type: ignore[import-not-found]
from answering import serve  # type: ignore[import-not-found]
from world_harness_nemesis.faults import pass_gate  # type: ignore[import-not-found]
from world_harness_nemesis.sdk import Execution  # type: ignore[import-not-found]

PREFIX = "__wkf_workflow_"


class Model(SimpleNamespace):
    """As the SDK's models are, as far as the wrapper asks."""

    def model_copy(self, *, update: dict[str, Any]) -> Model:
        return Model(**{**vars(self), **update})


@dataclass(frozen=True)
class Continuation:
    delay_seconds: float


class ConflictError(Exception):
    pass


ConflictError.__name__ = "EntityConflictError"


class TinyWorld:
    """Keeps everything in memory, and delivers a message when it is told to."""

    def __init__(self) -> None:
        self.thrown = ConflictError("the World's own")
        self.logs: dict[str, list[Model]] = {}
        self.handlers: dict[str, Any] = {}

    async def events_create(self, run_id: str, data: Model) -> Model:
        if data.event_type == "throw":
            raise self.thrown
        log = self.logs.setdefault(run_id, [])
        props = Model(run_id=run_id, event_id=f"evnt_{10 * (len(log) + 1):04}")
        log.append(data.model_copy(update={"server_props": props}))
        return Model(event=log[-1], events=None)

    async def events_list(self, run_id: str, *, pagination: Any = None) -> Model:
        log = self.logs.get(run_id, [])
        first = int(getattr(pagination, "cursor", None) or 0)
        return Model(data=log[first:], cursor=str(len(log)), has_more=False)

    async def streams_write(self, run_id: str, name: str, chunk: Any) -> None:
        self.logs.setdefault(run_id, [])

    async def streams_get(self, run_id: str, name: str, start_index: int | None = None) -> Any:
        for number in range(start_index or 0, 3):
            yield f"chunk {number}".encode()

    async def queue(
        self, queue_name: str, message: Any, *, delay_seconds: float | None = None, **_: Any
    ) -> Any:
        return {"delaySeconds": delay_seconds}

    def create_queue_handler(self, prefix: str, handler: Any) -> Any:
        self.handlers[prefix] = handler
        return handler


class Driver:
    """Answers requests."""

    def __init__(self) -> None:
        self.bare = TinyWorld()
        self.world: Any = nemesis.wrap(self.bare)
        self.world.create_queue_handler(PREFIX, self.handle)
        self.entries: list[dict[str, Any]] = []
        self.failures: dict[str, int] = {}

    async def handle(self, message: Any, *, attempt: int, queue_name: str, message_id: str) -> Any:
        """The engine: a message says how long it takes, how often it fails, when to come again."""
        name = message.get("name")
        delivery = nemesis.current_delivery()
        entry = {"name": name, "attempt": attempt, "delivery": delivery, "ended": False}
        self.entries.append(entry)
        await asyncio.sleep(message.get("ms", 0) / 1000)
        entry["ended"] = True
        failed = self.failures.get(name, 0)
        if failed < message.get("fails", 0):
            self.failures[name] = failed + 1
            raise RuntimeError(f"{name} fails")
        if message.get("again") and attempt == 1:
            return Continuation(message["again"])
        return None

    async def deliver(self, message: Any, attempt: int = 1) -> Any:
        result = await self.bare.handlers[PREFIX](
            message, attempt=attempt, queue_name=f"{PREFIX}it", message_id="msg_1"
        )
        return result and {"timeoutSeconds": result.delay_seconds}

    async def call(self, method: str, args: list[Any]) -> Any:
        match method:
            case "events.create":
                result = await self.world.events_create(args[0], make_event(args[1]))
                return {"event": describe(result.event)}
            case "events.list":
                cursor = (args[0].get("pagination") or {}).get("cursor")
                given = {"pagination": Model(cursor=cursor)} if cursor else {}
                page = await self.world.events_list(args[0]["runId"], **given)
                return {"data": [describe(event) for event in page.data]}
            case "queue":
                options = args[2] if len(args) > 2 else {}
                names = {"idempotencyKey": "idempotency_key", "delaySeconds": "delay_seconds"}
                given = {names[name]: value for name, value in options.items()}
                return await self.world.queue(args[0], args[1], **given)
            case "streams.get":
                return [chunk.decode() async for chunk in self.world.streams_get(*args)]
        return await self.world.streams_write(*args)

    async def quietly(self, method: str, args: list[Any]) -> Any:
        with nemesis.ask_quietly():
            return await self.call(method, args)

    async def plan(self, run_id: str, plan: Any) -> None:
        nemesis.bind_plan(run_id, plan)

    async def start(self, run_id: str, plan: Any) -> None:
        with nemesis.starting(plan):
            await self.world.events_create(run_id, make_event({"eventType": "run_created"}))
            await self.world.queue(f"{PREFIX}it", {"runId": run_id, "runInput": {"a": 1}})

    async def open(self, run_id: str, gate: str) -> None:
        nemesis.open_gate(run_id, gate)

    async def pass_(self, run_id: str, gate: str, limit_ms: float) -> Any:
        return await pass_gate(run_id, gate, limit_ms / 1000)

    async def again(self, run_id: str, kind: Any, copies: int) -> None:
        await nemesis.deliver_again(nemesis.find_messages(run_id, kind)[0], copies)

    async def body(self, run_id: str, key: str, step: str, fails: bool = False) -> Any:
        async def work(entered: int, failed: int) -> Any:
            if fails:
                raise RuntimeError(f"{key} fails")
            return {"entered": entered, "failed": failed}

        return await nemesis.perform(Execution(run_id, f"step_{key}", 1), step, key, work)

    async def effect(self, run_id: str, key: str) -> Any:
        return nemesis.effect(run_id, key)

    async def draw(self, table: list[list[int]]) -> list[float]:
        return [nemesis.draw(*row) for row in table]

    async def seen(self) -> Any:
        return self.entries

    async def act(self, do: str, request: dict[str, Any]) -> Any:
        names = {"runId": "run_id", "limitMs": "limit_ms"}
        given = {names.get(name, name): value for name, value in request.items()}
        return await getattr(self, "pass_" if do == "pass" else do)(**given)


def make_event(wire: dict[str, Any]) -> Model:
    data = wire.get("eventData") or {}
    return Model(
        event_type=wire["eventType"],
        correlation_id=wire.get("correlationId"),
        event_data=Model(step_name=data.get("stepName"), input=data.get("input")),
    )


def describe(event: Model) -> dict[str, Any]:
    return {"eventType": event.event_type, "eventId": event.server_props.event_id}


if __name__ == "__main__":
    DRIVER = Driver()
    asyncio.run(serve(DRIVER.act, own=DRIVER.bare.thrown))
