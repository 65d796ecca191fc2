"""The reference World's queue: a message is delivered until a handler consumes it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from worlds.reference import ReferenceWorld, open_reference

pytestmark = pytest.mark.slow

TOPIC = "__wkf_workflow_work"
Answer = Callable[[Any, dict[str, Any]], Awaitable[dict[str, Any] | None]]


class App:
    """A server of one handler, which notes what it is brought."""

    def __init__(self, world: ReferenceWorld, answer: Answer, prefix: str = "__wkf_") -> None:
        self.seen: list[tuple[str, int, Any]] = []
        self.paths: list[str] = []
        #: How many connections are dropped before any is served.
        self.drops = 0
        self.served = 0
        self._answer = answer
        self._handle = world.create_queue_handler(prefix, self._note)

    async def _note(self, message: Any, metadata: dict[str, Any]) -> dict[str, Any] | None:
        self.seen.append((metadata["messageId"], metadata["attempt"], message))
        return await self._answer(message, metadata)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {pair[0]: pair[1] for pair in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        if self.drops:
            self.drops -= 1
            writer.transport.abort()
            return
        self.paths.append(head[0].split(" ")[1])
        status, content = await self._handle(headers, body)
        answer = f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n\r\n".encode()
        with contextlib.suppress(ConnectionError):
            writer.write(answer + content)
            await writer.drain()
        writer.close()
        self.served += 1

    @asynccontextmanager
    async def listen(self, env: dict[str, str]) -> AsyncIterator[None]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        env["PORT"] = str(server.sockets[0].getsockname()[1])
        try:
            yield
        finally:
            server.close()


async def accept(message: Any, metadata: dict[str, Any]) -> dict[str, Any] | None:
    return None


def run(body: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await body

    asyncio.run(limited())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def open_world(folder: Path, line: str = "v5-latest") -> tuple[ReferenceWorld, dict[str, str]]:
    env = {"REFERENCE_STORAGE": str(folder), "REFERENCE_LINE": line, "PORT": ""}
    return open_reference(env), env


def test_a_message_queued_before_the_start_arrives_whole(tmp_path: Path) -> None:
    async def body() -> None:
        world, env = open_world(tmp_path)
        payload = {"bytes": bytes(range(256)), "text": "a\x00b", "big": 2**53 - 1, "none": None}
        sent = await world.perform("queue", [TOPIC, payload, {}])
        app = App(world, accept)
        async with app.listen(env):
            await world.perform("start", [])
            await world.perform("start", [])
            await until(lambda: bool(app.seen))
            await asyncio.sleep(0.05)
            await world.perform("close", [])
            await world.perform("close", [])
        assert app.seen == [(sent["messageId"], 1, payload)]
        assert app.paths == ["/.well-known/workflow/v1/flow"]
        assert not world.model.state.messages

    run(body())


def test_steps_of_v4_have_their_own_route(tmp_path: Path) -> None:
    async def body() -> None:
        world, env = open_world(tmp_path, "v4")
        app = App(world, accept)
        async with app.listen(env):
            await world.perform("start", [])
            await world.perform("queue", ["__wkf_step_add", {"stepId": "s"}, {}])
            await until(lambda: bool(app.seen))
            await world.perform("close", [])
        assert app.paths == ["/.well-known/workflow/v1/step"]

    run(body())


def test_errors_and_dropped_connections_lead_to_new_deliveries(tmp_path: Path) -> None:
    async def body() -> None:
        world, env = open_world(tmp_path)

        async def fail_twice(message: Any, metadata: dict[str, Any]) -> None:
            if metadata["attempt"] < 4:
                raise ValueError("not yet")

        app = App(world, fail_twice)
        app.drops = 1
        async with app.listen(env):
            await world.perform("start", [])
            sent = await world.perform("queue", [TOPIC, 1, {}])
            await until(lambda: len(app.seen) == 3)
            await world.perform("close", [])
        assert [attempt for _, attempt, _ in app.seen] == [2, 3, 4]
        assert {message for message, _, _ in app.seen} == {sent["messageId"]}

    run(body())


def test_waiting_for_the_app_does_not_count_as_an_attempt(tmp_path: Path) -> None:
    async def body() -> None:
        world, env = open_world(tmp_path)
        app = App(world, accept)
        async with app.listen(env):
            port = env["PORT"]
        env["PORT"] = port
        await world.perform("start", [])
        await world.perform("queue", [TOPIC, 1, {}])
        first_due_at = world.model.next_due()
        await until(lambda: world.model.next_due() not in {None, first_due_at})
        async with app.listen(env):
            await until(lambda: bool(app.seen))
            await world.perform("close", [])
        assert [attempt for _, attempt, _ in app.seen] == [1]

    run(body())


def test_a_handler_can_ask_for_later_without_using_up_attempts(tmp_path: Path) -> None:
    async def body() -> None:
        world, env = open_world(tmp_path)
        answers = iter([{"timeoutSeconds": 0}] * 60 + [{"timeoutSeconds": 0.2}])

        async def defer(message: Any, metadata: dict[str, Any]) -> dict[str, Any] | None:
            return next(answers, None)

        app = App(world, defer)
        async with app.listen(env):
            await world.perform("start", [])
            await world.perform("queue", [TOPIC, 1, {}])
            await until(lambda: len(app.seen) == 62)
            await world.perform("close", [])
        assert {attempt for _, attempt, _ in app.seen} == {1}

    run(body())


def test_a_slow_message_does_not_delay_others_and_close_waits_for_it(tmp_path: Path) -> None:
    async def body() -> None:
        world, env = open_world(tmp_path)
        gate = asyncio.Event()
        ended: list[Any] = []

        async def slow(message: Any, metadata: dict[str, Any]) -> None:
            if message == "slow":
                await gate.wait()
            ended.append(message)

        app = App(world, slow)
        async with app.listen(env):
            await world.perform("start", [])
            await world.perform("queue", [TOPIC, "slow", {}])
            await until(lambda: bool(app.seen))
            for index in range(10):
                await world.perform("queue", [TOPIC, index, {}])
            await until(lambda: len(ended) == 10)
            closing = asyncio.create_task(world.perform("close", []))
            await asyncio.sleep(0.05)
            assert not closing.done()
            gate.set()
            await closing
        assert ended[-1] == "slow"
        assert not world.model.state.messages

    run(body())


def test_two_worlds_deliver_a_message_once(tmp_path: Path) -> None:
    async def body() -> None:
        (first, env_1), (second, env_2) = open_world(tmp_path), open_world(tmp_path)
        app = App(first, accept)
        async with app.listen(env_1):
            env_2["PORT"] = env_1["PORT"]
            await first.perform("start", [])
            await second.perform("start", [])
            for index in range(50):
                await second.perform("queue", [TOPIC, index, {}])
            await until(lambda: len(app.seen) >= 50)
            await asyncio.sleep(0.05)
            await first.perform("close", [])
            await second.perform("close", [])
        assert sorted(message for _, _, message in app.seen) == list(range(50))

    run(body())


def test_messages_leased_by_a_killed_worker_are_delivered_by_another(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from worlds.reference import open_reference
async def main():
    world = open_reference({"REFERENCE_STORAGE": sys.argv[1], "PORT": sys.argv[2]})
    await world.perform("start", [])
    await asyncio.sleep(60)
asyncio.run(main())
"""

    async def body() -> None:
        world, env = open_world(tmp_path)
        gate = asyncio.Event()

        async def hang_once(message: Any, metadata: dict[str, Any]) -> None:
            if metadata["attempt"] == 1:
                await gate.wait()

        app = App(world, hang_once)
        async with app.listen(env):
            await world.perform("queue", [TOPIC, 1, {}])
            other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), env["PORT"]])
            try:
                await until(lambda: bool(app.seen))
            finally:
                other.send_signal(signal.SIGKILL)
                other.wait()
            await world.perform("start", [])
            await until(lambda: len(app.seen) == 2)
            gate.set()
            await until(lambda: app.served == 2)
            await world.perform("close", [])
        assert [attempt for _, attempt, _ in app.seen] == [1, 2]
        assert not world.model.state.messages

    run(body())
    assert list((tmp_path / "owners").iterdir()) == []


def test_messages_left_by_a_closed_world_are_delivered_by_the_next(tmp_path: Path) -> None:
    async def body() -> None:
        (first, _), (second, env_2) = open_world(tmp_path), open_world(tmp_path)
        await first.perform("start", [])
        await first.perform("queue", [TOPIC, 1, {}])
        await first.perform("close", [])
        refused = first.create_queue_handler("__wkf_", accept)
        headers = {"x-vqs-queue-name": TOPIC, "x-vqs-message-id": "m", "x-vqs-message-attempt": "1"}
        assert (await refused(headers, b"1"))[0] == 503
        app = App(second, accept)
        async with app.listen(env_2):
            await second.perform("start", [])
            await until(lambda: bool(app.seen))
            await second.perform("close", [])
        assert [message for _, _, message in app.seen] == [1]

    run(body())


def test_a_process_can_exit_after_its_world_is_closed(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from worlds.reference import open_reference
async def main():
    world = open_reference({"REFERENCE_STORAGE": sys.argv[1]})
    await world.perform("start", [])
    await world.perform("queue", ["__wkf_workflow_w", 1, {"delaySeconds": 3600}])
    await world.perform("close", [])
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == 0


def test_the_handler_rejects_invalid_deliveries(tmp_path: Path) -> None:
    async def body() -> None:
        world, _ = open_world(tmp_path)
        app = App(world, accept, prefix="__wkf_workflow_")
        good = {
            "X-Vqs-Queue-Name": TOPIC,
            "x-vqs-message-id": "msg_1",
            "x-vqs-message-attempt": "1",
        }
        for missing in good:
            headers = {name: value for name, value in good.items() if name != missing}
            assert (await app._handle(headers, b"1"))[0] == 400
        for wrong in ("__wkf_step_add", "__ns_wkf_workflow_work", "other"):
            assert (await app._handle({**good, "X-Vqs-Queue-Name": wrong}, b"1"))[0] == 400
        for no_body in (b"", b"{"):
            assert (await app._handle(good, no_body))[0] == 400
        assert (await app._handle({**good, "x-vqs-message-attempt": "x"}, b"1"))[0] == 400
        assert app.seen == []
        assert (await app._handle(good, b"1"))[0] == 200

    run(body())
