"""The Python wrapper around the LocalWorld of the real Python SDK, under real workflows."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from harness.certification.subjects import find_subject
from harness.descriptions import Catalog
from harness.nemesis.plans import (
    Damage,
    Fail,
    Fault,
    Hold,
    Hurry,
    Kill,
    Place,
    Redeliver,
    Slow,
    find_point,
)
from harness.workspaces.cache import python_environment
from tests.harness.inside.nemesis.driving import HERE, PYTHON_PATH, Driver, RefusedError, run_driver
from tests.harness.inside.nemesis.waiting import wait_until

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("python-nemesis")]

Open = Callable[[], AbstractContextManager[Driver]]
STEP = Place(on="message", kind="step")


@pytest.fixture(scope="module")
def python(catalog: Catalog) -> str:
    """The interpreter of an environment that has the SDK."""
    return find_subject("python-local", catalog).python


@pytest.fixture
def launch(python: str, tmp_path: Path) -> Open:
    """Return what starts the app, again and again on the same storage."""
    env = {
        **python_environment(),
        "PYTHONPATH": PYTHON_PATH,
        "WORKFLOW_LOCAL_DATA_DIR": str(tmp_path / "data"),
    }
    return lambda: run_driver([python, HERE / "python_app.py"], tmp_path, env)


@pytest.fixture
def app(launch: Open) -> Iterator[Driver]:
    with launch() as app:
        yield app


def start(app: Driver, workflow: str, *arguments: Any, plan: tuple[Fault, ...] = ()) -> str:
    run_id: str = app.ask("start", workflow=workflow, arguments=arguments, plan=plan)
    return run_id


def await_output(app: Driver, run_id: str) -> Any:
    ending = app.ask("await", runId=run_id)
    assert ending["status"] == "completed"
    return ending["output"]


def kinds(app: Driver, run_id: str) -> list[str]:
    return [kind for _, kind in app.ask("events", runId=run_id)]


def test_calls_deliveries_and_bodies_are_recorded(app: Driver) -> None:
    run_id = start(app, "in_turn", ["a", "b"])
    assert await_output(app, run_id) == ["a", "b"]
    assert wait_until(lambda: len(app.journal(run_id).outcomes()) == 5)
    journal = app.journal(run_id)
    assert [item.message for item in journal.deliveries()] == [
        *("start", "step", "wake"),
        *("step", "wake"),
    ]
    assert {item.cause for item in journal.deliveries()} == {"world"}
    assert set(journal.outcomes().values()) == {"done"}
    written = [call.event for call in journal.calls("events.create") if not call.error]
    assert len(written) == len(kinds(app, run_id)) + written.count("run_started") - 1
    (created,) = [
        call for call in journal.calls(event="step_created") if call.correlation_id == step_of(app)
    ]
    assert created.step == "step//python_workflows//often"
    assert created.delivery == journal.deliveries("start")[0].delivery
    assert created.event_id in {event_id for event_id, _ in app.ask("events", runId=run_id)}
    sent = [call.message for call in journal.calls("queue")]
    assert sent == ["start", "step", "wake", "step", "wake"]
    first, second = journal.executions()
    assert (first.key, first.outcome, first.attempt) == ("a", "left", 1)
    assert first.ended_at_ms is not None
    assert first.ended_at_ms <= second.entered_at_ms
    assert first.delivery == journal.deliveries("step")[0].delivery
    assert not journal.faults()
    assert app.ask("describe") == {"isWorld": True, "journal": len(app.journal().records)}


def step_of(app: Driver) -> str:
    return app.journal().executions("a")[0].step_id


def test_a_step_message_three_times_at_once(app: Driver) -> None:
    run_id = start(app, "in_turn", ["a"], 400, plan=(Redeliver(at=STEP, copies=2),))
    assert await_output(app, run_id) == ["a"]
    journal = app.journal(run_id)
    steps = journal.deliveries("step")[:3]
    assert sorted(item.cause for item in steps) == ["nemesis", "nemesis", "world"]
    assert len({item.step_id for item in steps}) == 1
    executions = journal.executions("a")
    assert len(executions) == 3
    ends = [item.ended_at_ms for item in executions if item.ended_at_ms is not None]
    assert max(item.entered_at_ms for item in executions) < min(ends)
    assert journal.faults() == {0: 1}


def test_killed_at_step_completed_and_gone_on_from_the_same_storage(launch: Open) -> None:
    with launch() as app:
        kill = Kill(at=find_point("step-completed").place("often"))
        run_id = start(app, "in_turn", ["a", "b"], plan=(kill,))
        assert app.await_death() == -signal.SIGKILL
        journal = app.journal(run_id)
        assert journal.faults() == {0: 1}
        assert journal.calls()[-1].event == "step_completed"
        assert [item.outcome for item in journal.executions()] == ["left"]
    with launch() as app:
        assert kinds(app, run_id)[-1] == "step_completed"
        app.ask("wake", runId=run_id)
        assert await_output(app, run_id) == ["a", "b"]
        assert [item.key for item in app.journal(run_id).executions()] == ["a", "b"]
        assert len({item.pid for item in app.journal(run_id).executions()}) == 2


def test_killed_in_a_body(launch: Open) -> None:
    with launch() as app:
        kill = Kill(at=find_point("in-body").place("often"))
        run_id = start(app, "in_turn", ["a"], plan=(kill,))
        assert app.await_death() == -signal.SIGKILL
        (execution,) = app.journal(run_id).executions()
        assert execution.outcome == "cut off"


def test_a_call_that_fails_fails_with_the_sdks_own_error(app: Driver) -> None:
    error = {"name": "TooEarlyError", "message": "not yet", "retryAfter": 1}
    too_early = Fail(at=Place(on="call", event="step_started"), error=error)
    run_id = start(app, "in_turn", ["a"], plan=(too_early,))
    assert await_output(app, run_id) == ["a"]
    journal = app.journal(run_id)
    failed, accepted = journal.calls(event="step_started")
    assert (failed.error, accepted.error) == ("TooEarlyError", None)
    # The engine knew the error by its class: it asked to be called again, and nothing was retried.
    assert journal.outcomes()[failed.delivery or ""] == "again in 1 s"
    assert "step_retrying" not in kinds(app, run_id)
    assert journal.faults() == {0: 1}


@pytest.mark.parametrize(
    "name",
    ["EntityConflictError", "RunExpiredError", "ThrottleError", "ConnectionError", "NewError"],
)
def test_an_outcome_that_cannot_be_written(app: Driver, name: str) -> None:
    error = {"name": name, "message": "not now"}
    fail = Fail(at=Place(on="call", event="step_completed"), error=error)
    run_id = start(app, "in_turn", ["a"], plan=(fail,))
    assert await_output(app, run_id) == ["a"]
    failed, accepted = app.journal(run_id).calls(event="step_completed")
    assert (failed.error, accepted.error) == (name, None)


def test_bodies_that_fail_and_effects_that_happen_once(app: Driver) -> None:
    run_id = start(app, "in_turn", ["a"], 0, 2)
    assert await_output(app, run_id) == ["a"]
    executions = app.journal(run_id).executions("a")
    assert [item.outcome for item in executions] == ["failed", "failed", "left"]
    assert [item.attempt for item in executions] == [1, 2, 3]
    assert [item.first for item in app.journal("a").effects()] == [True]


def test_messages_are_held_hurried_and_delivered_again(app: Driver) -> None:
    plan = (
        Hold(at=STEP, gate="g"),
        Hurry(at=STEP, most=1),
        Slow(at=Place(on="call", event="run_completed"), ms=50),
    )
    run_id = start(app, "in_turn", ["a"], 0, 1, plan=plan)
    assert wait_until(lambda: app.journal(run_id).faults()[0] == 1)
    assert not app.journal(run_id).executions()
    app.ask("open", runId=run_id, gate="g")
    assert await_output(app, run_id) == ["a"]
    assert app.journal(run_id).faults() == {0: 1, 1: 1, 2: 1}
    app.ask("again", runId=run_id, kind="step", copies=2)
    assert len(app.journal(run_id).executions()) == 2


def test_runs_do_not_share_faults(app: Driver) -> None:
    disturbed = start(app, "together", ["a", "b", "c"], plan=(Redeliver(at=STEP, times=9),))
    left_alone = start(app, "together", ["d", "e", "f"])
    assert sorted(await_output(app, disturbed)) == ["a", "b", "c"]
    assert sorted(await_output(app, left_alone)) == ["d", "e", "f"]
    assert app.journal(disturbed).faults() == {0: 3}
    assert not app.journal(left_alone).faults()
    assert {item.cause for item in app.journal(left_alone).deliveries()} == {"world"}


def test_the_log_is_damaged_as_it_is_read(app: Driver) -> None:
    run_id = start(app, "in_turn", ["a"])
    await_output(app, run_id)
    log = app.ask("events", runId=run_id)
    ids = [event_id for event_id, _ in log]
    inserted = {"eventType": "step_completed", "correlationId": "step_x", "eventData": {}}
    plan = [
        Damage(change="insert", event_id=ids[1], event=inserted),
        Damage(change="replace", event_id=ids[0], other_id=ids[1]),
        Damage(change="repeat", event_id=ids[2]),
        Damage(change="swap", event_id=ids[3], other_id=ids[4]),
        Damage(change="drop", event_id=ids[5]),
    ]
    app.ask("plan", runId=run_id, plan=plan)
    damaged = app.ask("events", runId=run_id, through=True)
    was = [kind for _, kind in log]
    assert [kind for _, kind in damaged] == [
        *(was[1], was[1], "step_completed"),
        *(was[2], was[2], was[4], was[3]),
        *was[6:],
    ]
    assert [event_id for event_id, _ in damaged] == sorted({event_id for event_id, _ in damaged})
    assert app.ask("events", runId=run_id) == log
    assert app.journal(run_id).faults() == dict.fromkeys(range(5), 1)


def test_the_engine_replays_what_it_is_shown(app: Driver) -> None:
    run_id = start(
        app, "in_turn", ["a"], plan=(Hold(at=Place(on="message", kind="wake"), gate="g"),)
    )
    assert wait_until(lambda: app.journal(run_id).faults()[0] == 1)
    (completed,) = [
        event_id for event_id, kind in app.ask("events", runId=run_id) if kind == "step_completed"
    ]
    plan = [Damage(change="drop", event_id=completed)]
    app.ask("plan", runId=run_id, plan=plan)
    app.ask("open", runId=run_id, gate="g")
    assert wait_until(lambda: app.journal(run_id).faults()[1] > 0)
    # The step's end is hidden: the run cannot go on.
    assert wait_until(lambda: len(app.journal(run_id).outcomes()) >= 3)
    assert "run_completed" not in kinds(app, run_id)


def test_a_plan_that_cannot_be_is_refused_before_the_run_is_there(app: Driver) -> None:
    with pytest.raises(RefusedError, match="the fault plan names an unknown fault: kil"):
        app.ask("start", workflow="in_turn", arguments=[["a"]], plan=[{"do": "kil"}])
    assert not app.journal().records
