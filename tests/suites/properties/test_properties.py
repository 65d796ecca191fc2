"""Property tests: every correct World passes, and every broken one fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from harness.adapters.protocol import Call, Failure, Opened, Package
from harness.adapters.world import Reading, Reply, WorldClient
from harness.contract.model import RULES, EntityRow, Model, Refused, Rehearsal
from harness.contract.model.log import Request
from harness.contract.model.state import Stream
from harness.contract.model.values import Entity
from suites.properties.examined import ExaminedWorld
from suites.properties.moves import GROUPS, NEEDS, TOGETHER, choose_groups, choose_together
from suites.properties.plays import EVENTS
from suites.properties.reading import READS
from suites.properties.report import render
from suites.properties.search import Finding, Search, SearchBudget
from suites.properties.tolerances import SITUATIONS, describe_tolerances
from worlds.reference.world import NOT_IN_PYTHON


class ModelWorld(WorldClient):
    """A model that answers as a World does, in this process."""

    def __init__(self, model: Model) -> None:
        self.number = 0
        self._rehearsal = Rehearsal(model, datetime.now(UTC))
        methods = [name for name in model.METHODS if model.has_method(name)]
        if model.rules.shape == "py":
            methods = [name for name in methods if name not in NOT_IN_PYTHON]
        self.opened = Opened(
            protocol=1,
            adapter="none",
            language="python",
            runtime="",
            spec_version=model.rules.spec_version,
            shape=model.rules.shape,
            methods=tuple(methods),
            capabilities={},
            package=Package("model"),
        )

    def attempt(self, call: Call, *, limit_s: float = 0) -> Reply:
        try:
            value = self._rehearsal.perform(call.method, call.args)
        except Refused as refused:
            failure = Failure(name=refused.name, message=refused.message)
            return Reply(call=call, process=0, failure=failure, start=self.now, end=self.now)
        return Reply(call=call, process=0, value=value, start=self.now, end=self.now)

    @property
    def now(self) -> float:
        return self._rehearsal.now.timestamp() * 1000

    def together(self, *calls: Call, in_flight: int | None = None) -> list[Reply]:
        return [self.attempt(call) for call in calls]

    def read(self, run_id: str, name: str, **options: Any) -> Reading:
        glance = self._rehearsal.model.glance(run_id, name, options["start_index"])
        return Reading(chunks=tuple(glance.chunks), times=(), done=glance.done)


def examine(kind: type[Model], line: str) -> ExaminedWorld:
    world = ModelWorld(kind(RULES[line]))
    return ExaminedWorld(lambda: world, line)


def search_sequences(examined: ExaminedWorld, examples: int = 60, seed: int = 7) -> Finding | None:
    groups = choose_groups(examined.world, examined.rules)
    budget = SearchBudget(examples=examples, seed=seed)
    return Search(examined.begin).run_sequences(groups, budget)


def search_scenes(examined: ExaminedWorld, examples: int = 40, seed: int = 7) -> Finding | None:
    groups = choose_groups(examined.world, examined.rules)
    at_once = choose_together(examined.world, examined.rules)
    budget = SearchBudget(examples=examples, seed=seed)
    return Search(examined.begin).run_scenes(groups, at_once, budget)


def show(finding: Finding | None) -> str:
    return "" if finding is None else render(finding, "pytest again")


class LogsOneCancel(Model):
    """Answers the cancel of a cancelled run without an event."""

    def cancel_again(self, request: Request, run: Entity) -> dict[str, Any]:
        return {"run": run}


class RenamesRefusals(Model):
    """Has one name for every refusal, and a status."""

    def refusal(self, name: str, message: str, *, retry_after: int | None = None) -> Refused:
        return Refused("WorkflowAPIError", message, 409)


class ListsStepsAnyhow(Model):
    """Lists steps in the order of their names whatever is asked for."""

    def list_steps(self, options: object = None) -> Entity:
        page = super().list_steps(options)
        return {**page, "data": sorted(page["data"], key=lambda step: str(step["stepId"]))}


class RefusesEarlyEnds(Model):
    """Refuses what the contract leaves open: ends and outcomes of what never started."""

    def end_run(self, request: Request, status: str, fields: tuple[str, ...]) -> dict[str, Any]:
        if self.find_run(request.run_id)["status"] == "pending" and status != "cancelled":
            raise self.bad_request("the run has not been started")
        return super().end_run(request, status, fields)

    def end_step(self, request: Request, status: str, field: str, sent_as: str) -> dict[str, Any]:
        if self.find_step(request)["status"] == "pending":
            raise self.bad_request("the step has not been started")
        return super().end_step(request, status, field, sent_as)


class CompletesNoWaits(Model):
    """Accepts the completion of a wait that was never created, as is not recommended."""

    def complete_wait(self, request: Request) -> dict[str, Any]:
        if (request.run_id, "wait", request.correlation_id) in self.state.claims:
            return super().complete_wait(request)
        self.check_open_run(request)
        return {"event": self.append_event(request)}


FREE = (Model, CompletesNoWaits, LogsOneCancel, RenamesRefusals, ListsStepsAnyhow, RefusesEarlyEnds)


@pytest.mark.parametrize("line", RULES)
@pytest.mark.parametrize("kind", FREE)
def test_a_world_that_uses_its_freedom_passes(kind: type[Model], line: str) -> None:
    assert show(search_sequences(examine(kind, line), examples=8)) == ""
    assert show(search_scenes(examine(kind, line), examples=4)) == ""


class CountsNoAttempts(Model):
    """Every start is the first attempt."""

    def count_start(self, step: Entity) -> int:
        return 1


class StartsEndedSteps(Model):
    """A step that has its outcome can be started, completed and failed again."""

    def check_step_open(self, step: Entity) -> None:
        return


class SharesTokens(Model):
    """A token belongs to every caller that asks for it."""

    def find_holder(self, token: str) -> EntityRow | None:
        return None

    def get_hook_by_token(self, token: object, options: object = None) -> Entity:
        row = super().find_holder(str(token))
        if row is None:
            raise self.refusal("HookNotFoundError", "no hook")
        return self.show_hook(row.value, options)


class KeepsHooks(Model):
    """Hooks outlive their run."""

    def remove_hooks_of(self, run_id: str) -> None:
        return


class CompletesWaitsAgain(Model):
    """A wait is completed as often as somebody wants."""

    def check_wait_open(self, wait: Entity) -> None:
        return


class ReplacesAttributes(Model):
    """A change of attributes forgets all others."""

    def merge_attributes(self, existing: Entity, changes: Sequence[Any]) -> Entity:
        return super().merge_attributes({}, changes)


class WritesBehindTheEnd(Model):
    """A stream grows after it was closed."""

    def append_chunks(self, stream: Stream, chunks: Sequence[bytes]) -> None:
        stream.chunks.extend(chunks)


class SkipsAtPages(Model):
    """Every page but the first leaves out its first row."""

    def rows_behind(
        self, rows: Sequence[EntityRow], cursor: object, order: str
    ) -> Sequence[EntityRow]:
        rest = super().rows_behind(rows, cursor, order)
        return rest[1:] if isinstance(cursor, str) else rest


class StartsTooEarly(Model):
    """Retries do not wait for their time."""

    def check_retry_time(self, step: Entity) -> None:
        return


class RefusesLateOutcomes(Model):
    """A step that was running when its run ended cannot end."""

    def check_late_outcome(self, run: Entity, step: Entity) -> None:
        self.check_start_in_run(run)


class LogsNoCompletions(Model):
    """The log lacks completions of waits, although the answer shows one."""

    def complete_wait(self, request: Request) -> dict[str, Any]:
        answer = super().complete_wait(request)
        self.log_of(request.run_id).pop()
        return answer


class ShowsPayloads(Model):
    """Payloads come along whether they are wanted or not."""

    def strip_entity(self, entity: Entity, payloads: tuple[str, ...], resolve: object) -> Entity:
        return super().strip_entity(entity, payloads, "all")


MUTANTS: dict[type[Model], set[str]] = {
    CountsNoAttempts: {"STEP-START-COUNT"},
    StartsEndedSteps: {"STEP-START-TERMINAL", "STEP-TERMINAL-ONCE"},
    SharesTokens: {"HOOK-TOKEN-UNIQUE"},
    KeepsHooks: {"HOOK-RECEIVE-ENDED", "HOOK-TOKEN-RELEASE", "HOOK-LOOKUP", "RUN-TERMINAL-CLOSES"},
    CompletesWaitsAgain: {"WAIT-COMPLETE-ONCE"},
    ReplacesAttributes: {"ATTR-MERGE"},
    WritesBehindTheEnd: {"STREAM-CLOSE-FINAL", "STREAM-START-INDEX"},
    SkipsAtPages: {"EVT-CURSOR-STABLE", "EVT-CORRELATION-SCOPED"},
    StartsTooEarly: {"STEP-RETRY-AFTER"},
    RefusesLateOutcomes: {"STEP-LATE-OUTCOME"},
    LogsNoCompletions: {"EVT-CURSOR-STABLE", "CRASH-ENTITY-EVENT"},
    ShowsPayloads: {"EVT-RESOLVE-NONE"},
}


@pytest.mark.parametrize("kind", MUTANTS)
def test_a_broken_world_is_found_with_a_short_history(kind: type[Model]) -> None:
    finding = search_sequences(examine(kind, "v5"))
    assert finding is not None
    assert finding.replays
    assert finding.mismatch.difference.clause in MUTANTS[kind], show(finding)
    assert len(finding.mismatch.turns) <= 8, show(finding)


def test_the_report_shows_the_history_the_difference_and_the_command() -> None:
    text = show(search_sequences(examine(CountsNoAttempts, "v5")))
    lines = text.splitlines()
    assert lines[0].startswith("STEP-START-COUNT: after step_started")
    assert "step.attempt is 1, the model says 2" in lines[0]
    assert "1 run_created(run_A" in lines[1]
    assert "(model: step_started, step status running, step attempt 2)" in lines[-2]
    assert lines[-1] == "reproduce: pytest again"
    assert "wrun_" not in text


def test_a_seed_repeats_the_search() -> None:
    texts = {show(search_sequences(examine(StartsEndedSteps, "v5"), seed=3)) for _ in range(2)}
    assert len(texts) == 1
    assert texts != {""}


class Hurried(ModelWorld):
    """Decides about calls at once by what was there before any of them."""

    def together(self, *calls: Call, in_flight: int | None = None) -> list[Reply]:
        model = self._rehearsal.model
        replies = []
        for call in calls:
            self._rehearsal.model = model.copy()
            replies.append(self.attempt(call))
        self._rehearsal.model = model
        for call in calls:
            self.attempt(call)
        return replies


def test_calls_at_once_that_no_order_explains_are_found() -> None:
    world = Hurried(Model(RULES["v5"]))
    finding = search_scenes(ExaminedWorld(lambda: world, "v5"), examples=200)
    assert finding is not None
    assert [turn.at_once for turn in finding.mismatch.turns].count(True) == 2
    assert "no order of" in show(finding)


class AppearsOnce(Model):
    """Answers one start of a step wrongly, and never again."""

    wrong: ClassVar[list[bool]] = [True]

    def count_start(self, step: Entity) -> int:
        return super().count_start(step) + (self.wrong.pop() if self.wrong else 0)


def test_a_failure_that_does_not_repeat_is_reported_as_a_race() -> None:
    finding = search_sequences(examine(AppearsOnce, "v5"))
    assert finding is not None
    assert not finding.replays
    assert "did not show it every time" in show(finding)


def test_every_move_can_be_made_and_every_tolerance_has_a_situation() -> None:
    moves = {kind for kinds in GROUPS.values() for kind in kinds}
    assert moves == {*EVENTS, *READS, "create_batch"}
    assert set(TOGETHER) <= set(EVENTS)
    assert set(NEEDS) <= moves
    decided = {
        name
        for name, tolerance in describe_tolerances().items()
        if tolerance.treatment in {"avoid", "follow"}
    }
    assert decided == {*SITUATIONS, "batch-with-a-situation"}
