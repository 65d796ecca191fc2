"""Real cells in Python: their app answers and strikes as the app in TypeScript does."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell
from harness.nemesis.plans import Kill, Place, Redeliver, Refuse, find_point
from suites import workflows
from suites.engine.stage import EngineError, Stage, open_stage
from suites.engine.violations import NotApplicable

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("python-engine")]

SHAPE = {"seq": [{"step": "a"}, {"all": [{"step": "b", "retries": 0}, {"sleep": 300}]}]}
ANSWER = ["a", ["b", "slept 300"]]


@pytest.fixture(scope="module")
def launcher(catalog: Catalog) -> Iterator[Launcher]:
    with Launcher(catalog, workflows.ENGINE) as launcher:
        yield launcher


@pytest.fixture(scope="module")
def shared(launcher: Launcher, catalog: Catalog) -> Iterator[Stage]:
    cell = Cell("py", "fastapi", "local")
    launcher.prepare(cell)
    with open_stage(launcher, cell, catalog.world_of(cell), log="nemesis") as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    if not shared.is_alive():
        shared.launch()
    return shared


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_a_program_runs_behind_every_kind_of_framework(
    launcher: Launcher, catalog: Catalog, framework: str
) -> None:
    cell = Cell("py", framework, "local")
    launcher.prepare(cell)
    with open_stage(launcher, cell, catalog.world_of(cell), log="nemesis") as stage:
        run = stage.program(SHAPE, plan=[Redeliver(at=Place(on="message", kind="wake"), copies=2)])
        assert run.await_end().output == ANSWER
        journal = run.journal()
        assert journal.faults() == {0: 1}
        assert [item.key for item in journal.executions()] == ["a", "b"]
        # Every message came over HTTP: under a delivery, as the engine's calls did.
        assert all(item.delivery for item in journal.executions())


def test_a_step_is_found_by_its_name_in_plans(stage: Stage) -> None:
    at = Place(on="message", kind="step", step="triedOnce")
    run = stage.start("trial", {"retries": 0}, 2, plan=[Refuse(at=at)])
    assert run.await_end().output == "subject"
    journal = run.journal()
    assert journal.faults() == {0: 1}
    assert len(journal.executions("subject")) == 1


def test_a_run_that_fails_tells_why(stage: Stage) -> None:
    ending = stage.program({"step": "a", "retries": 0, "fails": 1}).await_end()
    assert ending.status == "failed"
    assert "a fails on purpose" in ending.message
    assert ending.message.startswith("USER_ERROR")


def test_the_app_dies_at_the_point_and_goes_on_from_the_same_storage(stage: Stage) -> None:
    run = stage.program(SHAPE, plan=[Kill(at=find_point("step-completed").place())])
    assert stage.await_death()
    assert stage.app.server.exit_code == -signal.SIGKILL
    assert run.journal().calls()[-1].event == "step_completed"
    stage.launch()
    run.wake()
    assert run.await_end().output == ANSWER
    assert len({item.pid for item in run.journal().executions()}) == 2


def test_another_process_delivers_the_message_of_a_step(stage: Stage) -> None:
    run = stage.program({"step": "a"})
    run.await_end()
    message = run.export_message("step")
    with stage.second_process() as second:
        second.import_message(message)
        copies = [item for item in run.journal().deliveries("step") if item.cause == "nemesis"]
        assert {item.pid for item in copies} == {second.app.identity.pid}
    assert len(run.journal().executions("a")) == 1


class TestRefusals:
    def test_an_unknown_workflow(self, stage: Stage) -> None:
        with pytest.raises(EngineError, match="no workflow named nothing"):
            stage.start("nothing")

    def test_a_workflow_that_the_sdk_cannot_express(self, stage: Stage) -> None:
        with pytest.raises(NotApplicable, match="has no webhooks"):
            stage.start("calledBack")

    def test_an_unknown_request(self, stage: Stage) -> None:
        with pytest.raises(EngineError, match="does not know how to dance"):
            stage.ask(dict, do="dance")

    def test_an_unknown_fault_before_the_run_is_there(self, stage: Stage) -> None:
        known = len(stage.journal().records)
        with pytest.raises(EngineError, match="names an unknown fault: kil"):
            stage.ask(dict, do="start", workflow="odd", arguments=[], plan=[{"do": "kil"}])
        assert len(stage.journal().records) == known

    def test_a_message_that_never_came(self, stage: Stage) -> None:
        run = stage.program({"step": "a"})
        run.await_end()
        with pytest.raises(EngineError, match="received 1 such messages; message 2 does not exist"):
            run.deliver_again("step", nth=2)
