"""The reference World: storage that several processes share and that survives their deaths."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from harness.contract.model import RULES, Model, Refused
from harness.errors import HarnessError
from worlds.reference import ReferenceWorld, open_reference

T = TypeVar("T")
BIRTH: dict[str, Any] = {"deploymentId": "dpl_1", "workflowName": "work", "input": b"\x00in"}

#: What other processes do: open the World in a folder and run some lines of code.
WORKER = """
import asyncio, sys
from harness.contract.model import Refused
from worlds.reference import open_reference
world = open_reference({"REFERENCE_STORAGE": sys.argv[1], "REFERENCE_LINE": "v5-latest"})
def create(run, event_type, name=None, **data):
    event = {"eventType": event_type, "correlationId": name, "eventData": data}
    return asyncio.run(world.perform("events.create", [run, event]))
run = sys.argv[2]
"""


def open_world(folder: Path, line: str = "v5-latest", **env: str) -> ReferenceWorld:
    return open_reference({"REFERENCE_STORAGE": str(folder), "REFERENCE_LINE": line, **env})


def call(world: ReferenceWorld, method: str, *args: object) -> Any:
    return asyncio.run(world.perform(method, list(args)))


def create(
    world: ReferenceWorld, run: str | None, event_type: str, name: str = "", **data: Any
) -> Any:
    event = {"eventType": event_type, "correlationId": name, "eventData": data}
    return call(world, "events.create", run, event)


def begin_run(world: ReferenceWorld) -> str:
    run = str(create(world, None, "run_created", **BIRTH)["run"]["runId"])
    create(world, run, "run_started")
    return run


def start_process(folder: Path, run: str, code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER + code, str(folder), run], stdout=subprocess.PIPE
    )


def list_events(world: ReferenceWorld, run: str) -> list[dict[str, Any]]:
    return list(call(world, "events.list", {"runId": run})["data"])


@pytest.mark.parametrize("line", RULES)
def test_a_world_reports_its_line_and_methods(tmp_path: Path, line: str) -> None:
    world = open_world(tmp_path, line)
    assert world.spec_version == RULES[line].spec_version
    assert world.shape == {"v5-latest": "v5"}.get(line, line)
    assert "events.create" in world.methods
    assert "queue.lease" not in world.methods
    assert ("runs.list" in world.methods) is (line != "py")
    assert bool(world.capabilities) is (line == "v5-latest")
    run = begin_run(world)
    assert call(world, "runs.get", run)["input"] == b"\x00in"
    assert call(world, "getDeploymentId")


def test_an_environment_without_storage_is_explained(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="REFERENCE_STORAGE"):
        open_reference({})
    with pytest.raises(HarnessError, match="did you mean"):
        open_world(tmp_path, "v5-lates")


def test_a_write_is_seen_by_every_opener_at_once(tmp_path: Path) -> None:
    first, second = open_world(tmp_path), open_world(tmp_path)
    run = begin_run(first)
    for index in range(20):
        writer, reader = (first, second) if index % 2 else (second, first)
        create(writer, run, "step_created", f"s_{index}", stepName="add", input=b"\xff" * index)
        assert call(reader, "steps.get", run, f"s_{index}")["input"] == b"\xff" * index
    assert list_events(first, run) == list_events(second, run)
    assert list_events(open_world(tmp_path), run) == list_events(first, run)


def test_a_refused_call_leaves_no_trace(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    before = (tmp_path / "journal.jsonl").read_bytes()
    with pytest.raises(Refused) as caught:
        create(world, run, "step_started", "none")
    assert caught.value.name == "WorkflowWorldError"
    assert (tmp_path / "journal.jsonl").read_bytes() == before


def test_nobody_can_change_what_is_stored(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    payload = {"list": [1]}
    create(world, run, "step_created", "s_1", stepName="add", input=payload)
    payload["list"].append(2)
    assert call(world, "steps.get", run, "s_1")["input"] == {"list": [1]}
    assert call(open_world(tmp_path), "steps.get", run, "s_1")["input"] == {"list": [1]}


@pytest.mark.parametrize("tail", [b"{", b'{"at":1,"method":"events.create"', b"\x00\xff"])
def test_an_incomplete_line_is_ignored(tmp_path: Path, tail: bytes) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(tail)
    assert len(list_events(world, run)) == 2
    other = open_world(tmp_path)
    create(other, run, "step_created", "s_1", stepName="add")
    assert len(list_events(world, run)) == 3
    assert len(list_events(open_world(tmp_path), run)) == 3


def test_processes_share_one_log(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    create(world, run, "step_created", "shared", stepName="add")
    code = """
for index in range(40):
    create(run, "step_started", "shared")
    try:
        create(run, "step_created", f"s_{index}", stepName="add")
    except Refused as refused:
        assert refused.name == "EntityConflictError"
"""
    workers = [start_process(tmp_path, run, code) for _ in range(3)]
    snapshots = []
    while any(worker.poll() is None for worker in workers):
        snapshots.append([event["eventId"] for event in list_events(world, run)])
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    events = list_events(world, run)
    ids = [event["eventId"] for event in events]
    assert ids == [f"evnt_{slot:026d}" for slot in range(1, len(ids) + 1)]
    assert all(ids[: len(snapshot)] == snapshot for snapshot in snapshots)
    created = [e["correlationId"] for e in events if e["eventType"] == "step_created"]
    assert sorted(created) == sorted({"shared", *(f"s_{index}" for index in range(40))})
    assert call(world, "steps.get", run, "shared")["attempt"] == 120


def test_killing_a_writer_leaves_a_complete_log(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    code = """
import itertools, os
for index in itertools.count():
    create(run, "step_created", f"{os.getpid()}_{index}", stepName="add", input=bytes(5000))
    print(index, flush=True)
"""
    for _ in range(3):
        worker = start_process(tmp_path, run, code)
        assert worker.stdout is not None
        for _ in range(30):
            acknowledged = int(worker.stdout.readline())
        worker.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, worker.communicate()[0].split())])
        for index in range(acknowledged + 1):
            assert call(world, "steps.get", run, f"{worker.pid}_{index}")
        create(world, run, "step_created", f"after_{worker.pid}", stepName="add")
    steps = [e["correlationId"] for e in list_events(world, run)[2:]]
    listed = call(world, "steps.list", {"runId": run, "pagination": {"limit": 10_000}})["data"]
    assert sorted(steps) == sorted(step["stepId"] for step in listed)


def test_it_imports_little(tmp_path: Path) -> None:
    code = "print(*[name for name in ('numpy', 'pandas', 'hypothesis') if name in sys.modules])"
    out, _ = start_process(tmp_path, "", code).communicate()
    assert out.split() == []


async def eventually(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)


def test_a_reader_follows_a_stream_to_its_end(tmp_path: Path) -> None:
    async def follow() -> None:
        reader, writer = open_world(tmp_path), open_world(tmp_path)
        seen: list[bytes] = []

        async def read() -> None:
            async for chunk in reader.read_stream("wrun_1", "out", 1):
                seen.append(chunk)  # noqa: PERF401

        task = asyncio.create_task(read())
        for chunk in (b"skipped", b"a", b"", b"b"):
            await writer.perform("streams.write", ["wrun_1", "out", chunk])
            await asyncio.sleep(0)
        await eventually(lambda: seen == [b"a", b"b"])
        await writer.perform("streams.close", ["wrun_1", "out"])
        await asyncio.wait_for(task, 20)
        assert seen == [b"a", b"b"]
        past = [chunk async for chunk in reader.read_stream("wrun_1", "out", 9)]
        assert past == []

    asyncio.run(follow())


def test_wait_for_terminal_status_returns_at_the_end_or_the_time_limit(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    short = {"timeoutMs": 20}
    assert call(world, "runs.waitForTerminalStatus", run, short)["status"] == "running"

    async def wait() -> Any:
        waiting = asyncio.create_task(world.perform("runs.waitForTerminalStatus", [run]))
        await asyncio.sleep(0.01)
        event = {"eventType": "run_completed", "eventData": {}}
        await open_world(tmp_path).perform("events.create", [run, event])
        return await waiting

    assert asyncio.run(wait())["status"] == "completed"


def test_the_journal_is_plain_text(tmp_path: Path) -> None:
    begin_run(open_world(tmp_path))
    lines = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["args"][1]["eventData"]["input"] == {"$bytes": "AGlu"}
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o077 == 0


def test_a_broken_model_makes_a_broken_world(tmp_path: Path) -> None:
    class Forgetful(Model):
        def check_step_open(self, step: dict[str, Any]) -> None:
            """Forget that an outcome is final."""

    world = open_reference({"REFERENCE_STORAGE": str(tmp_path)}, model_type=Forgetful)
    run = begin_run(world)
    create(world, run, "step_created", "s_1", stepName="add")
    create(world, run, "step_completed", "s_1", result=1)
    assert create(world, run, "step_failed", "s_1", error=1)["step"]["status"] == "failed"


class Undefined:
    """What an adapter writes for JavaScript's undefined."""


@pytest.mark.parametrize(
    "value",
    [
        None,
        *("", "42", "a\x00b", "é🙂"),
        *(0, -1, 2**53, -(2**70), True),
        *(0.5, 3.0, -0.0, float("inf"), 1e300),
        bytes(range(256)),
        datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        {"$bytes": "no tag", "a": {"$date": 1}},
        {1: "number", None: "none"},
        {"set"},
        [[], {}, [None]],
    ],
    ids=repr,
)
def test_values_keep_their_type(tmp_path: Path, value: object) -> None:
    run = begin_run(open_world(tmp_path))
    create(open_world(tmp_path), run, "step_created", "s_1", stepName="add", input=value)
    seen = call(open_world(tmp_path), "steps.get", run, "s_1")["input"]
    assert (repr(seen), type(seen)) == (repr(value), type(value))


def test_undefined_values_are_left_out(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    value = {"kept": [Undefined()], "left out": Undefined()}
    create(world, run, "step_created", "s_1", stepName="add", input=value)
    assert call(world, "steps.get", run, "s_1", Undefined())["input"] == {"kept": [None]}


def test_a_value_that_cannot_be_stored_leaves_no_trace(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    run = begin_run(world)
    with pytest.raises(TypeError, match="cannot be stored"):
        create(world, run, "step_created", "s_1", stepName="add", input=object())
    assert len(list_events(world, run)) == 2
