"""One real cell: the nemesis kills its app at every named point, and the journal tells of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell
from harness.errors import DeploymentError
from harness.nemesis.journal import JournalCall, Struck
from harness.nemesis.plans import Kill, Place, Redeliver, describe_points, find_point
from suites import workflows
from suites.engine.stage import EngineError, Run, Stage, open_stage
from tests.harness.inside.nemesis.waiting import wait_until

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("v5")]

CELL = Cell("v5", "express", "local")
SHAPE = {"seq": [{"step": "a"}, {"step": "b"}]}


@pytest.fixture(scope="module")
def shared(catalog: Catalog) -> Iterator[Stage]:
    with Launcher(catalog, workflows.ENGINE) as launcher:
        launcher.prepare(CELL)
        world = catalog.worlds[CELL.world]
        with open_stage(launcher, CELL, world, log="nemesis") as stage:
            yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    if not shared.is_alive():
        shared.launch()
    return shared


def start_and_die(stage: Stage, plan: list[Kill]) -> Run:
    """Start a run that is the app's end, perhaps before it can answer."""
    known = {item.run_id for item in stage.journal().records}
    try:
        stage.program(SHAPE, plan=plan)
    except DeploymentError:
        assert stage.await_death()
    assert stage.await_death()
    assert stage.app.server.exit_code == -signal.SIGKILL
    (run_id,) = {item.run_id for item in stage.journal().records} - known - {None}
    return Run(stage, str(run_id))


def deliver_what_was_lost(run: Run) -> None:
    """Do what a durable queue does, which this World has not."""
    ended = run.journal().outcomes()
    lost = [item for item in run.journal().deliveries() if item.delivery not in ended]
    for delivery in lost:
        run.redeliver(delivery)
    if not lost:
        run.wake()


@pytest.mark.parametrize("name", describe_points())
def test_the_app_dies_at_the_point_and_goes_on_from_the_same_storage(
    stage: Stage, name: str
) -> None:
    point = find_point(name)
    # The line begins the first step before the run itself is written: that one can be lost whole.
    nth = 1 if (point.event or "").startswith("run_") else 2
    run = start_and_die(stage, [Kill(at=point.place(), nth=nth)])
    records = run.journal().records
    assert run.journal().faults() == {0: 1}
    assert isinstance(records[-1], Struck)
    written: list[JournalCall] = []
    if point.event:
        # A start that is lazy creates the step as well.
        started = [call for call in run.journal().calls(event="step_started") if call.lazy]
        lazy = started if point.event == "step_created" else []
        written += [*run.journal().calls(event=point.event), *lazy]
        assert [call.error for call in written] == [None] * (nth - (point.side == "before"))
    else:
        assert [item.outcome for item in run.journal().executions()] == ["left", "cut off"]
    stage.launch()
    logged = [event.event_type for event in run.events()]
    assert not point.event or logged.count(point.event) == len(written)
    deliver_what_was_lost(run)
    ending = run.await_end()
    assert (ending.status, ending.output) == ("completed", ["a", "b"])
    assert {item.outcome for item in run.journal().executions()} <= {"left", "cut off"}


def test_a_second_step_can_be_the_point(stage: Stage) -> None:
    run = start_and_die(stage, [Kill(at=find_point("body-ended").place("often"), nth=2)])
    assert [item.key for item in run.journal().executions()] == ["a", "b"]
    assert len(run.journal().calls(event="step_completed")) == 1


def test_a_run_without_a_plan_is_left_alone(stage: Stage) -> None:
    run = stage.program(SHAPE)
    assert run.await_end().output == ["a", "b"]
    assert wait_until(lambda: len(run.journal().outcomes()) == len(run.journal().deliveries()))
    journal = run.journal()
    assert not journal.faults()
    assert {item.cause for item in journal.deliveries()} == {"world"}
    assert [item.outcome for item in journal.executions()] == ["left", "left"]
    # The harness's own questions are not recorded.
    assert len(run.journal().records) == len(journal.records)


def test_deliveries_are_the_runs_own(stage: Stage) -> None:
    start = Place(on="message", kind="start")
    disturbed = stage.program(SHAPE, plan=[Redeliver(at=start, copies=2)])
    left_alone = stage.program(SHAPE)
    assert disturbed.await_end().status == left_alone.await_end().status == "completed"
    assert len(disturbed.journal().deliveries("start")) >= 3
    assert {item.cause for item in left_alone.journal().deliveries()} == {"world"}
    assert disturbed.journal().faults() == {0: 1}


class TestRefusals:
    def test_an_unknown_workflow(self, stage: Stage) -> None:
        with pytest.raises(EngineError, match="this app has no workflow named nothing"):
            stage.start("nothing")

    def test_an_unknown_request(self, stage: Stage) -> None:
        with pytest.raises(EngineError, match="this app does not know how to juggle"):
            stage.ask(dict, do="juggle")

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ({"do": "explode", "at": {"on": "call"}}, "an unknown fault: explode"),
            ({"do": "kill", "at": {"on": "moon"}}, "an unknown point: moon"),
        ],
    )
    def test_an_unknown_fault_or_point_before_the_run_is_there(
        self, stage: Stage, fault: dict[str, object], message: str
    ) -> None:
        known = len(stage.journal().records)
        with pytest.raises(EngineError, match=message):
            stage.ask(dict, do="start", workflow="program", arguments=[SHAPE], plan=[fault])
        assert len(stage.journal().records) == known

    def test_a_message_that_never_came(self, stage: Stage) -> None:
        run = stage.program(SHAPE)
        run.await_end()
        with pytest.raises(EngineError, match="received 0 such messages"):
            run.deliver_again("step", step="twice")


class TestFromOutside:
    def test_killed_and_begun_again_on_the_same_storage(self, stage: Stage) -> None:
        run = stage.program(SHAPE)
        run.await_end()
        before, first = run.events(), stage.app.server.pid
        stage.end()
        assert not stage.is_alive()
        assert not psutil.pid_exists(first)
        stage.launch()
        assert stage.app.server.pid != first
        assert run.events() == before
        assert run.status().output == ["a", "b"]
        # The journal of the process that ended is still there.
        assert {item.pid for item in run.journal().records} == {first}

    def test_paused_it_does_nothing_and_then_goes_on(self, stage: Stage) -> None:
        run = stage.program({"seq": [{"step": "a", "ms": 1_500}, {"step": "b"}]})
        assert wait_until(lambda: len(run.journal().executions()) == 1)
        process = psutil.Process(stage.app.server.pid)
        with stage.app.server.paused():
            assert wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
            records = run.journal().records
            time.sleep(2.0)
            assert run.journal().records == records
        assert run.await_end().output == ["a", "b"]
        (first, _) = run.journal().executions()
        assert first.outcome == "left"
