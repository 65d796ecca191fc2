"""The parts of a measured Python app that need no SDK: whose data it is, and when it is idle."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from harness.descriptions import Catalog
from harness.inside.python.probe.world_harness_bench_app.probe import Probe
from harness.inside.python.serving.world_harness_serving.errors import AppError
from harness.inside.python.serving.world_harness_serving.foreign import refuse_foreign_data
from harness.inside.python.serving.world_harness_serving.framework_imports import refuse_frameworks
from harness.inside.python.serving.world_harness_serving.identity import KnownMessages
from suites import workflows
from suites.workflows.bench import answers
from suites.workflows.bench.lanes import mix
from tests.suites.workflows.exported import list_exported

SOURCES = sorted(workflows.BENCH.workflows.glob("*.py"))
EVENT = "wrun_01KA-evnt_01KB.json"


class TestADataDirectory:
    @pytest.mark.parametrize("place", ["version.txt", f"events/{EVENT}", f"steps/{EVENT}"])
    def test_of_another_sdk_is_refused_and_left_as_it_is(self, tmp_path: Path, place: str) -> None:
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("precious")
        with pytest.raises(AppError, match="holds the data of another SDK") as caught:
            refuse_foreign_data(tmp_path)
        assert place in str(caught.value)
        assert "WORKFLOW_LOCAL_DATA_DIR" in str(caught.value)
        assert (tmp_path / place).read_text() == "precious"

    @pytest.mark.parametrize("place", ["runs/wrun_01KA.json", f"events/wrun_01KA/{EVENT}"])
    def test_of_its_own_or_empty_is_taken(self, tmp_path: Path, place: str) -> None:
        refuse_foreign_data(tmp_path / "missing")
        refuse_foreign_data(tmp_path)
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text("{}")
        refuse_foreign_data(tmp_path)


def make_module(name: str, **holds: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(holds)
    return module


class TestAWebFrameworkInTheWorkflows:
    @pytest.fixture
    def steps(self, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        """Return a module of workflows that was imported; a bound method has no module."""
        module = make_module("flows.steps", collect=[].append, make=Path)
        monkeypatch.setitem(sys.modules, "flows.steps", module)
        return module

    @pytest.mark.parametrize("name", ["fastapi", "flask", "starlette", "werkzeug", "aiohttp"])
    def test_is_refused_in_every_app_by_the_name_of_who_imports_it(
        self, catalog: Catalog, steps: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setitem(sys.modules, name, make_module(name))
        for held in (sys.modules[name], type("Response", (), {"__module__": f"{name}.wrappers"})):
            vars(steps)["held"] = held
            with pytest.raises(AppError, match=rf"imports {name} \(flows\.steps\)"):
                refuse_frameworks([*catalog.list_modules("python")], make_module("flows.index"))

    def test_is_refused_also_where_another_module_brought_it(
        self, steps: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "some_framework", make_module("some_framework"))
        with pytest.raises(AppError, match="a workflow module imports some_framework: "):
            refuse_frameworks(["some_framework"], steps)

    def test_is_nothing_that_is_merely_installed(self, steps: ModuleType) -> None:
        refuse_frameworks(["some_framework"], steps)


class TestAMessageIsAnother:
    """A step's message, as two replays that meet write it: under one key, at two times."""

    FIRST: ClassVar = {"stepId": "step_1", "requestedAt": "2026-01-31T12:00:00.001Z"}
    SECOND: ClassVar = {"stepId": "step_1", "requestedAt": "2026-01-31T12:00:00.002Z"}

    def test_while_it_is_under_way_only_under_another_key(self) -> None:
        known = KnownMessages(own=False)
        assert known.claim("step_1", self.FIRST, "msg_1") == "msg_1"
        assert known.claim("step_1", self.SECOND, "msg_2") == "msg_1"
        assert known.claim("step_2", self.FIRST, "msg_3") == "msg_3"
        known.release("step_1", self.FIRST)
        assert known.claim("step_1", self.FIRST, "msg_4") == "msg_4"

    def test_in_the_sdks_own_queue_also_with_another_content_and_for_ever(self) -> None:
        known = KnownMessages(own=True)
        assert known.claim("step_1", self.FIRST, "msg_1") == "msg_1"
        assert known.claim("step_1", self.SECOND, "msg_2") == "msg_2"
        known.release("step_1", self.FIRST)
        assert known.claim("step_1", dict(self.FIRST), "msg_3") == "msg_1"


class Watched:
    """A probe, and a World whose deliveries a test makes."""

    def __init__(self) -> None:
        self.probe = Probe()
        self.probe.open_ledger()

    async def deliver(self, message_id: str, *, fails: bool = False) -> None:
        async def handle() -> None:
            if fails:
                raise ValueError

        with contextlib.suppress(ValueError):
            await self.probe.run_invocation("flow", message_id, handle)

    async def is_idle(self) -> bool:
        return await self.probe.settle(quiet_ms=1, limit_ms=60)


class TestAnAppIsIdle:
    def test_when_nothing_is_under_way(self) -> None:
        assert asyncio.run(Watched().is_idle())

    def test_not_while_a_message_waits_for_its_delivery(self) -> None:
        async def play() -> list[bool]:
            app = Watched()
            app.probe.await_delivery("one")
            app.probe.await_delivery("two")
            await app.deliver("one")
            before = await app.is_idle()
            await app.deliver("two", fails=True)
            failed = await app.is_idle()
            await app.deliver("two")
            return [before, failed, await app.is_idle()]

        assert asyncio.run(play()) == [False, False, True]

    def test_when_a_message_came_before_its_sender_knew_its_id(self) -> None:
        async def play() -> bool:
            app = Watched()
            await app.deliver("one")
            app.probe.await_delivery("one")
            return await app.is_idle()

        assert asyncio.run(play())

    def test_on_a_world_that_delivers_under_other_ids(self) -> None:
        async def play() -> bool:
            app = Watched()
            app.probe.await_delivery("one")
            await app.deliver("another")
            return await app.is_idle()

        assert asyncio.run(play())


def test_deliveries_are_distinguished_and_counted() -> None:
    async def play() -> Probe:
        app = Watched()

        async def step() -> None:
            with app.probe.in_step("run", "step", 1):
                pass

        for number in range(2):
            await app.probe.run_invocation("flow", str(number), step)
        return app.probe

    probe = asyncio.run(play())
    marks = probe.take_marks("run")
    assert len({mark["invocation"] for mark in marks}) == 2
    assert all(mark["enteredAtMs"] <= mark["leftAtMs"] for mark in marks)
    assert not probe.take_marks("run")
    ledger = probe.close_ledger()
    assert ledger is not None
    assert ledger.invocations == {"flow": 2}


def test_every_scenario_has_its_workflow_in_both_languages(catalog: Catalog) -> None:
    """`oneStep` on the wire is `one_step` in Python."""
    written = {
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncFunctionDef)
    }
    names = list_exported(workflows.BENCH.workflows)
    assert names == {item.workflow for item in catalog.scenarios.values()}
    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in names}
    assert snake <= written


def test_workflows_import_no_web_framework(catalog: Catalog) -> None:
    imported = {
        (name or "").partition(".")[0]
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {*catalog.list_modules("python")}


@pytest.mark.parametrize("start", [0, 7, 2**31 - 1, 2**32 - 3, 2**45 + 11])
def test_python_makes_the_bytes_that_the_harness_expects(start: int) -> None:
    expected = [((start + index) * 2654435761 % 2**32) >> 24 for index in range(1000)]
    assert list(mix(start, 1000)) == expected


def test_python_makes_a_source_of_several_chunks() -> None:
    seed, chunk = 2_000_000_011, 262_144
    made = b"".join(mix(place + seed * 40503, chunk) for place in (0, chunk))
    assert made == answers._source(seed, 2 * chunk).tobytes()


def test_nothing_in_an_app_names_the_sdks_internals() -> None:
    """Only `world_harness_sdk` does, which every app holds."""
    folder = workflows.BENCH.answering["python"]
    naming = [
        path.name
        for path in [*folder.glob("*.py"), *SOURCES]
        if "_internal" in path.read_text(encoding="utf-8")
    ]
    assert not naming
