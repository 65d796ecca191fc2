"""The model as a World: processes share it, and it stays consistent if any of them is killed."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from harness.contract.model import Model, Refused, Rules, UlidSource
from worlds.reference.journal import Command, Journal, write_args
from worlds.reference.owners import Owner
from worlds.reference.transport import BadRequest, QueueHandler, UserHandler, read_delivery
from worlds.reference.worker import FAREWELL_S, Worker, read_port

#: How often a waiting reader checks the journal, in seconds.
LOOK_EVERY_S = 0.003
#: The default time limit for the end of a run, in ms.
WAIT_MS = 30_000
DEPLOYMENT_ID = "dpl_reference"
#: Change it when the World changes: certificates and documents name it.
VERSION = "0.1.0"

#: Calls that change the state; all others only read.
WRITES = frozenset(
    {
        *("events.create", "events.createBatch", "queue"),
        *("streams.write", "streams.writeMulti", "streams.close"),
        *("queue.lease", "queue.ack", "queue.fail", "queue.defer", "queue.expire"),
    }
)
#: Calls that the interface of the Python SDK lacks.
NOT_IN_PYTHON = frozenset(
    {
        *("runs.list", "steps.list", "events.get", "events.listByCorrelationId"),
        *("hooks.get", "hooks.list"),
    }
)
OWN_METHODS = ("getDeploymentId", "start", "close")


class ReferenceWorld:
    """The World in one process.

    Args:
        env: The environment: the storage folder (`REFERENCE_STORAGE`), the app's port (`PORT`).
        rules: The rules of the line.
        model_type: The model; a broken model makes a broken World.
    """

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        self.spec_version = rules.spec_version
        self.shape = rules.shape
        self.package = ("world-harness-reference", VERSION)
        self.model = model_type(rules)
        self.methods = self.list_methods()
        self.capabilities = self.list_capabilities()
        self._env = env
        self._folder = Path(env["REFERENCE_STORAGE"])
        self._folder.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self._folder / "journal.jsonl")
        self._ids = UlidSource(lambda: int.from_bytes(os.urandom(10), "big"))
        self._last_ms = 0
        self._owner: Owner | None = None
        self._worker: Worker | None = None
        self._handling = 0
        self._idle = asyncio.Event()
        self._closed = False
        self.sync()

    def list_methods(self) -> tuple[str, ...]:
        """Return every normalized call that this World answers."""
        known = [
            method
            for method in self.model.METHODS
            if self.model.has_method(method) and not method.startswith("queue.")
        ]
        if self.shape == "py":
            known = [method for method in known if method not in NOT_IN_PYTHON]
        return (*known, *OWN_METHODS)

    def list_capabilities(self) -> dict[str, object]:
        """Return the capabilities that this World reports."""
        if not self.model.rules.latest:
            return {}
        return {"hookRetention": {"active": True}, "hookResumeDedup": True}

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer one normalized call.

        Raises:
            Refused: the World refuses it, with `name`, `status` and `retry_after`.
            LookupError: there is no such call.
        """
        if method == "getDeploymentId":
            return DEPLOYMENT_ID
        if method == "start":
            return self.start()
        if method == "close":
            return await self.close()
        if method not in self.methods:
            raise LookupError(f"this World has no method {method}")
        if method == "runs.waitForTerminalStatus":
            return await self.wait_for_end(args)
        return self.apply(method, args) if method in WRITES else self.read(method, args)

    def apply(self, method: str, args: list[object]) -> Any:
        """Make one call that changes the state, while it holds the lock against other processes."""
        encoded = write_args(args)
        with self._journal.own():
            self.learn(self._journal.read_news(owned=True))
            command = Command(at=self.read_clock(), method=method, args=encoded, ids=[])
            try:
                answer = self.model.perform(
                    method,
                    command.read_args(),
                    now=command.moment,
                    fresh=lambda prefix: self._name(prefix, command),
                )
                if not (method == "queue.lease" and answer is None):
                    self.write_command(command)
            except Refused:
                raise
            except BaseException:
                self.reset()
                raise
        if method == "queue" and self._worker is not None:
            self._worker.wake()
        return answer

    def write_command(self, command: Command) -> None:
        """Write a call to the journal."""
        self._journal.append(command)

    def reset(self) -> None:
        """Discard the state in memory, because it may differ from the journal."""
        self.model = type(self.model)(self.model.rules)
        self._journal.forget()

    def _name(self, prefix: str, command: Command) -> str:
        name = self._ids.make(prefix, command.moment)
        command.ids.append(name)
        return name

    def read_clock(self) -> int:
        """Return ms since 1970, never less than the time of the last command."""
        self._last_ms = max(self._last_ms, time.time_ns() // 1_000_000)
        return self._last_ms

    def sync(self) -> None:
        """Read the commands of other processes."""
        self.learn(self._journal.read_news())

    def learn(self, commands: list[Command]) -> None:
        """Replay calls that some process has answered."""
        for command in commands:
            ids = iter(command.ids)
            self.model.perform(
                command.method,
                command.read_args(),
                now=command.moment,
                fresh=partial(_take_name, ids),
            )
            for name in command.ids:
                self._ids.witness(name)
            self._last_ms = max(self._last_ms, command.at)

    def read(self, method: str, args: list[object]) -> Any:
        """Make one call that only reads."""
        self.sync()
        now = datetime.fromtimestamp(self.read_clock() / 1000, UTC)
        return self.model.perform(method, args, now=now, fresh=_refuse_to_name)

    async def wait_for_end(self, args: list[object]) -> Any:
        """Return a run when it has ended, or when the time limit is reached."""
        options = args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
        limit = options.get("timeoutMs")
        seconds = (limit if isinstance(limit, (int, float)) else WAIT_MS) / 1000
        until = time.monotonic() + seconds
        while True:
            run = self.read("runs.get", args)
            if self.model.is_ended(run) or time.monotonic() >= until:
                return run
            await asyncio.sleep(LOOK_EVERY_S)

    def read_stream(
        self, run_id: object, name: object, start_index: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the chunks of a stream as any process writes them, until the stream is closed."""
        self.sync()
        return self.follow(run_id, name, self.model.find_start(run_id, name, start_index or 0))

    async def follow(self, run_id: object, name: object, index: int) -> AsyncIterator[bytes]:
        """Read a stream live from an index on."""
        while not self._closed:
            self.sync()
            glance = self.model.glance(run_id, name, index)
            for chunk in glance.chunks:
                yield chunk
            if glance.done:
                return
            index = glance.next_index
            await asyncio.sleep(LOOK_EVERY_S)

    def create_queue_handler(self, prefix: str, handler: UserHandler) -> QueueHandler:
        """Return the HTTP handler that passes deliveries to a function."""

        async def handle(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            try:
                message, metadata = self.read_delivery(prefix, headers, body)
            except BadRequest as error:
                return 400, _write_json({"error": str(error)})
            if self._closed:
                return 503, _write_json({"error": "this World is closed"})
            self._handling += 1
            try:
                return 200, _write_json(dict(await handler(message, metadata) or {}))
            except Exception as error:  # noqa: BLE001 - whatever it is, the delivery failed
                return 500, _write_json({"error": f"{type(error).__name__}: {error}"})
            finally:
                self._handling -= 1
                self._idle.set()

        return handle

    def read_delivery(
        self, prefix: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Any, dict[str, Any]]:
        """Return a delivery's message and metadata.

        Raises:
            BadRequest: the request is not a delivery, or not for this handler.
        """
        return read_delivery(prefix, headers, body)

    def start(self) -> None:
        """Start to deliver messages; it is safe to call this again."""
        if self._worker is not None or self._closed:
            return
        self._owner = Owner(self._folder / "owners", uuid.uuid4().hex)
        self._worker = self.make_worker(self._owner)

    def make_worker(self, owner: Owner) -> Worker:
        """Make the worker that delivers messages for an owner."""
        return Worker(self, owner, lambda: read_port(self._env, os.environ))

    async def close(self) -> None:
        """Stop delivering, wait for calls in flight, close everything; safe to call again."""
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + FAREWELL_S
        if self._worker is not None:
            await self._worker.stop()
            self._worker = None
        await self.wait_for_handlers(until)
        if self._owner is not None:
            self._owner.leave()
            self._owner = None

    async def wait_for_handlers(self, until: float) -> None:
        """Wait for the handler's calls in flight, up to a time limit."""
        while self._handling and time.monotonic() < until:
            self._idle.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), until - time.monotonic())
            except TimeoutError:
                return


def _write_json(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content)


def _take_name(names: Iterator[str], prefix: str) -> str:
    return next(names)


def _refuse_to_name(prefix: str) -> str:
    raise RuntimeError(f"a call that only reads asked for a new {prefix}")
