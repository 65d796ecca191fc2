"""Python apps behind each framework, and what is said when one cannot be."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import pytest

from harness.deployments.apps import Contents
from harness.deployments.client import SampleReply, SampleRequest, StreamRequest
from harness.deployments.launcher import Launcher, Storage
from harness.deployments.workers import serve_with
from harness.descriptions import Catalog, Cell
from harness.errors import BuildError, DeploymentError
from harness.measure.forks import make_request
from suites import workflows

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("py")]

FRAMEWORKS = ("aiohttp", "django", "flask", "starlette")
FASTAPI = Cell("py", "fastapi", "local")
SCENARIOS = ("one-step", "concurrent-10", "racing-10", "concurrent-payload-10", "line-stream")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_serves_runs_and_their_deliveries(
    launcher: Launcher, catalog: Catalog, framework: str
) -> None:
    cell = Cell("py", framework, "local")
    launcher.prepare(cell)
    replies: dict[str, SampleReply] = {}
    with launcher.deploy(cell, recording=True) as app:
        assert (app.identity.line, app.identity.framework) == ("py", framework)
        assert app.identity.python
        assert not app.identity.node
        for name in SCENARIOS:
            scenario = catalog.scenarios[name]
            request = make_request(scenario, seed=7)
            replies[name] = app.take_sample(request)
            assert replies[name].outcome == "completed", replies[name].error
            problem = workflows.BENCH.check_answer(scenario, request.arguments, replies[name])
            assert problem is None
            assert replies[name].settled
    one = replies["one-step"]
    assert one.woken_by == "signal"
    assert one.ledger is not None
    assert one.ledger.invocations == {"flow": 3}
    assert one.ledger.world_calls["events.create(step_completed)"] == 1
    assert one.ledger.bytes["events.create(step_completed)"] > 0
    assert len(replies["concurrent-10"].steps) == 10
    assert len({mark.invocation for mark in replies["concurrent-10"].steps}) == 10


@pytest.mark.parametrize("framework", ["fastapi", "flask"])
def test_several_workers_share_the_runs_of_one_app(
    make_launcher: Callable[..., Launcher], catalog: Catalog, framework: str
) -> None:
    cell = Cell("py", framework, "sqlite")
    scenario = catalog.scenarios["concurrent-10"]
    launcher = make_launcher(serve_with(catalog, 2))
    launcher.prepare(cell)
    with launcher.deploy(cell) as app:
        replies = [app.take_sample(make_request(scenario, seed)) for seed in range(4)]
        assert len(find_who_answers(app.base_url, 2)) == 2
    for reply in replies:
        assert reply.outcome == "completed", reply.error
        # What ran in the other process is not known: nothing is told of steps then.
        assert (reply.partial, reply.steps) == (True, ())


def find_who_answers(base_url: str, count: int) -> set[int]:
    """Return the processes that take connections, as soon as there are so many."""
    seen: set[int] = set()
    until = time.monotonic() + 30
    with ThreadPoolExecutor(8) as pool:
        while len(seen) < count and time.monotonic() < until:
            asked = [pool.submit(httpx.get, f"{base_url}/world-harness/app") for _ in range(8)]
            seen |= {answer.result().json()["pid"] for answer in asked}
    return seen


def test_nothing_is_left_behind_not_even_what_a_killed_process_left(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Launcher(catalog, workflows.BENCH) as launcher:
        launcher.prepare(FASTAPI)
        with launcher.deploy(FASTAPI) as app:
            app.take_sample(ask("oneStep", 7))
            # The SDK's queue keeps payloads there for as long as its process lives.
            assert list(tmp_path.glob("world-harness-*/*/vercel-queue-payloads-*"))
            psutil.Process(app.identity.pid).kill()
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_says_why_and_the_app_goes_on(launcher: Launcher) -> None:
    launcher.prepare(FASTAPI)
    with launcher.deploy(FASTAPI) as app:
        stream = (StreamRequest(),)
        failed = app.take_sample(ask("sequentialPayloads", 1, -5, 0, streams=stream))
        unknown = app.take_sample(ask("noSuchWorkflow"))
        late = app.take_sample(ask("sequentialSteps", 1000, timeout_ms=50))
        well = app.take_sample(ask("noSteps", 7))
    assert failed.outcome == "failed"
    assert (failed.error or "").startswith("WorkflowRunFailedError: ")
    assert "this app has no workflow named noSuchWorkflow" in (unknown.error or "")
    assert (late.outcome, late.settled) == ("timeout", False)
    assert late.error == "no end within 50 ms"
    assert (well.outcome, well.answer) == ("completed", 7)


def ask(workflow: str, *arguments: object, **options: Any) -> SampleRequest:
    return SampleRequest(
        **{"workflow": workflow, "arguments": arguments, "timeout_ms": 30_000, **options}
    )


@pytest.fixture
def make_launcher(catalog: Catalog) -> Iterator[Callable[..., Launcher]]:
    """Return what makes a launcher of another catalog, or other contents."""
    made: list[Launcher] = []

    def make(known: Catalog = catalog, contents: Contents = workflows.BENCH) -> Launcher:
        made.append(Launcher(known, contents).__enter__())
        return made[-1]

    yield make
    for launcher in made:
        launcher.__exit__(None, None, None)


@pytest.mark.parametrize("module", ["fastapi", "starlette", "flask", "werkzeug"])
def test_a_workflow_module_that_imports_any_web_framework_is_named(
    make_launcher: Callable[..., Launcher], tmp_path: Path, module: str
) -> None:
    folder = tmp_path / "bench"
    shutil.copytree(workflows.BENCH.workflows, folder)
    steps = folder / "steps.py"
    steps.write_text(
        steps.read_text().replace("import asyncio", f"import asyncio\nimport {module}")
    )
    contents = msgspec.structs.replace(workflows.BENCH, workflows=folder)
    with pytest.raises(BuildError) as caught:
        make_launcher(contents=contents).prepare(FASTAPI)
    assert f"a workflow module imports {module} (workflows.steps)" in caught.value.cause
    assert "the app's own files only" in caught.value.cause


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("no_such_module:World", "No module named"),
        ("vercel.workflow:NoSuchWorld", "NoSuchWorld"),
        ("vercel.workflow", "leads nowhere"),
        ("vercel.workflow:ENDPOINT_PATH", "nothing that can be called"),
    ],
)
def test_an_entry_that_leads_nowhere_is_told_before_anything_starts(
    make_launcher: Callable[..., Launcher], catalog: Catalog, entry: str, told: str
) -> None:
    local = catalog.worlds["local"]
    there = msgspec.structs.replace(local.lines["py"], entry=entry)
    wrong = msgspec.structs.replace(local, lines={"py": there})
    with pytest.raises(BuildError) as caught:
        make_launcher(catalog.with_worlds({"local": wrong})).prepare(FASTAPI)
    assert entry in caught.value.cause
    assert told in caught.value.cause


def test_data_of_another_sdk_is_refused_and_stays(launcher: Launcher, tmp_path: Path) -> None:
    launcher.prepare(FASTAPI)
    event = tmp_path / "events" / "wrun_01KA-evnt_01KB.json"
    event.parent.mkdir()
    event.write_text("{}")
    storage = Storage(str(tmp_path), {})
    with pytest.raises(DeploymentError) as caught, launcher.deploy(FASTAPI, storage=storage):
        pass
    assert "holds the data of another SDK" in caught.value.cause
    assert event.read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["events"]
