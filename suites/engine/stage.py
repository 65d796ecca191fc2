"""One cell under test: its app's process, its storage, and the journal of what happened."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.deployments.deployment import Deployment
from harness.deployments.launcher import Launcher, Storage
from harness.descriptions import Cell, World
from harness.errors import DeploymentError
from harness.nemesis import NOTES
from harness.nemesis.journal import Journal, JournalDelivery, parse_journal, read_journal
from harness.nemesis.plans import MessageKind, Plan
from harness.placeholders import fill_all
from reports.writing.text import flatten, shorten
from suites import workflows
from suites.engine.violations import NotApplicable
from suites.engine.witness import describe_run

T = TypeVar("T")

#: What an app may take to answer a request that waits for nothing.
_ANSWER_S = 60.0
#: How long a run may take that nothing holds up; far more than it needs on a slow machine.
PATIENCE_S = 45.0
#: What is told of an output or an error, in characters.
_TOLD = 160


class EngineError(Exception):
    """The SDK refused what it was asked for."""

    def __init__(self, name: str, message: str, code: str | None = None) -> None:
        self.name = name
        self.code = code
        super().__init__(f"{name}: {message}")


class _Error(msgspec.Struct, frozen=True):
    name: str
    message: str
    cause: str | None = None
    code: str | None = None


class _Reply(msgspec.Struct, frozen=True):
    answer: Any = None
    error: _Error | None = None


class Ending(msgspec.Struct, frozen=True):
    """How a run stands: `running` when it did not end in time."""

    status: str
    output: Any = None
    error: _Error | None = None

    @property
    def message(self) -> str:
        """What its error says, with its code."""
        if self.error is None:
            return ""
        return " ".join(part for part in (self.error.code, self.error.message) if part)

    def describe(self) -> str:
        """Say in one line how it stands, with its output or its error."""
        if self.status == "completed":
            return f"completed with {shorten(repr(self.output), _TOLD)}"
        error = shorten(flatten(self.message), _TOLD)
        return f"{self.status} ({error})" if error else self.status


class LoggedEvent(msgspec.Struct, frozen=True, rename="camel"):
    """One event of a run, as the World lists it."""

    event_id: str
    event_type: str
    correlation_id: str | None = None
    created_at_ms: float = 0.0
    step: str | None = None


class Run:
    """A run that was started."""

    def __init__(self, stage: Stage, run_id: str) -> None:
        self.stage = stage
        self.id = run_id

    def await_end(self, within_s: float = PATIENCE_S) -> Ending:
        """Wait for it to end; where it does not, return how it stands."""
        return self.stage.ask(
            Ending, within_s + _ANSWER_S, do="await", runId=self.id, timeoutMs=within_s * 1000
        )

    def status(self) -> Ending:
        """Return how it stands."""
        return self.stage.ask(Ending, do="status", runId=self.id)

    def events(self) -> list[LoggedEvent]:
        """Return its event log, from the World itself."""
        return self.stage.ask(list[LoggedEvent], do="events", runId=self.id)

    def stream(self) -> str:
        """Read its stream to the end, as text."""
        return str(self.stage.ask(dict[str, str], do="stream", runId=self.id)["text"])

    def attributes(self) -> dict[str, str]:
        """Return its attributes, as the World keeps them."""
        return self.stage.ask(dict[str, str], do="attributes", runId=self.id)

    def cancel(self) -> None:
        """Cancel it."""
        self.stage.ask(dict, do="cancel", runId=self.id)

    def add_faults(self, plan: Plan) -> None:
        """Add faults to its plan."""
        self.stage.ask(dict, do="plan", runId=self.id, plan=plan)

    def release(self, gate: str) -> None:
        """Open a gate."""
        self.stage.ask(dict, do="release", runId=self.id, gate=gate)

    def deliver_again(
        self, kind: MessageKind, *, step: str | None = None, nth: int = 1, copies: int = 1
    ) -> None:
        """Deliver one of its messages again, all copies at once; return when all are taken."""
        self.stage.ask(
            dict, do="deliver", runId=self.id, kind=kind, step=step, nth=nth, copies=copies
        )

    def wake(self) -> None:
        """Queue a message that continues it, as a World does for active runs when it is started."""
        self.stage.ask(dict, do="wake", runId=self.id)

    def redeliver(self, lost: JournalDelivery) -> None:
        """Deliver a message that a process died with, as a durable queue would; wait for its end.

        Only of lines with one handler for runs and steps: v4 finds a step's data in its message.
        """
        self.stage.ask(
            dict,
            do="redeliver",
            runId=self.id,
            messageId=lost.message_id,
            attempt=lost.attempt + 1,
            stepId=lost.step_id,
            stepName=lost.step,
        )

    def export_message(self, kind: MessageKind, *, step: str | None = None, nth: int = 1) -> str:
        """Return one of its messages, for another process to deliver."""
        reply = self.stage.ask(
            dict[str, str], do="export", runId=self.id, kind=kind, step=step, nth=nth
        )
        return reply["message"]

    def journal(self) -> Journal:
        """Return what was written down of it so far, in every process."""
        return self.stage.journal().of(self.id)

    def witness(self, step_ids: Collection[str] = ()) -> list[str]:
        """Return what happened to it, or to some of its steps, a line each."""
        return describe_run(self.journal(), step_ids)


class Stage:
    """A cell's app on storage of its own; the process can end and begin again, the storage stays.

    Args:
        launcher: Has prepared the cell.
        cell: The cell.
        world: Its World, as it is described.
        storage: `None` when the app runs elsewhere.
        notes: Folder of the journal.
        env: Environment beyond the usual.
        log: Tells its log from those of others.
    """

    def __init__(
        self,
        launcher: Launcher,
        cell: Cell,
        world: World,
        storage: Storage | None,
        notes: Path,
        env: Mapping[str, str],
        log: str,
    ) -> None:
        self._launcher = launcher
        self.cell = cell
        self.world = world
        self._storage = storage
        self._notes = notes
        self._env = env
        self._log = log
        self._process = contextlib.ExitStack()
        self._app: Deployment | None = None

    @property
    def app(self) -> Deployment:
        """The process that runs now.

        Raises:
            DeploymentError: none does.
        """
        if self._app is None:
            raise DeploymentError("the app does not run", cause="its process was ended")
        return self._app

    def launch(self) -> None:
        """Start a process on the storage; the one before it is gone."""
        self.end()
        self._app = self._process.enter_context(
            self._launcher.deploy(
                self.cell,
                recording=True,
                storage=self._storage,
                env={NOTES: str(self._notes), **self._env},
                log=self._log,
            )
        )

    def end(self) -> None:
        """End the process by SIGKILL."""
        self._process.close()
        self._app = None

    def cut_connections(self) -> int:
        """End every connection to its World's databases; return how many there were.

        Raises:
            ServiceError: a server refuses, or is of a kind that cannot do it.
        """
        return self._launcher.cut_connections(self._storage) if self._storage else 0

    def crash_servers(self) -> None:
        """End the servers of its World as by a crash, and start them again on their data.

        Raises:
            ServiceError: a server is not ours to end, or did not come back.
        """
        if self._storage:
            self._launcher.crash_servers(self._storage)

    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        if self._app is None:
            return False
        return self.world.remote or self._app.server.exit_code is None

    def await_death(self, within_s: float = PATIENCE_S) -> bool:
        """Wait until the process has ended by itself; tell whether it did."""
        return self.app.server.await_death(within_s)

    @contextlib.contextmanager
    def second_process(self, env: Mapping[str, str] | None = None) -> Iterator[Stage]:
        """Start another process on the same storage; it writes into the same journal."""
        other = Stage(
            self._launcher,
            self.cell,
            self.world,
            self._storage,
            self._notes,
            {**self._env, **(env or {})},
            f"{self._log}-second",
        )
        other.launch()
        try:
            yield other
        finally:
            other.end()

    @property
    def folder(self) -> Path | None:
        """Where its World keeps its data; `None` for an app that runs elsewhere."""
        return Path(self._storage.folder) if self._storage else None

    def start(self, workflow: str, *arguments: Any, plan: Plan = ()) -> Run:
        """Start a run, with its fault plan.

        Raises:
            EngineError: the SDK, or the World, refused.
            NotApplicable: the line's SDK cannot express the workflow.
        """
        reason = workflows.explain_inexpressible(workflow, self.cell.line)
        if reason:
            raise NotApplicable(reason)
        reply = self.ask(
            dict[str, str], do="start", workflow=workflow, arguments=arguments, plan=plan
        )
        return Run(self, reply["runId"])

    def program(self, shape: Any, plan: Plan = ()) -> Run:
        """Start a run of the workflow whose shape is its argument."""
        return self.start("program", shape, plan=plan)

    def resume(self, token: str, payload: Any) -> None:
        """Resume a hook.

        Raises:
            EngineError: there is no such hook, or the World refused.
        """
        self.ask(dict, do="resume", token=token, payload=payload)

    def call_webhook(self, token: str, payload: Any) -> tuple[int, str]:
        """Send a request to a webhook; return the status and the text of the answer.

        Raises:
            EngineError: there is no such webhook, or the World refused.
        """
        answer = self.ask(dict[str, Any], do="webhook", token=token, payload=payload)
        return answer["status"], answer["body"]

    def start_world(self) -> None:
        """Have the app start its World, though its documentation does not ask for that."""
        self.ask(dict, do="startWorld")

    def open_world(self, folder: Path) -> None:
        """Open the World once more, as its package gives it, on data that lies in another folder.

        Raises:
            EngineError: it refuses.
        """
        env = fill_all(self.world.list_storage(), {"storage": str(folder)})
        self.ask(dict, do="open", env=env)

    def import_message(self, message: str, copies: int = 1) -> None:
        """Deliver a message that another process was given."""
        self.ask(dict, do="import", message=message, copies=copies)

    def journal(self) -> Journal:
        """Return what was written down so far."""
        if not self.world.remote:
            return read_journal(self._notes)
        return parse_journal(self.ask(dict[str, list[Any]], do="journal")["entries"])

    def ask(self, shape: type[T], timeout_s: float = _ANSWER_S, **request: Any) -> T:
        """Send a request.

        Raises:
            EngineError: the SDK refused.
            DeploymentError: the app died, hung, or is none of this harness.
        """
        reply = self.app.ask(request, _Reply, timeout_s)
        if reply.error:
            message = f"{reply.error.message} ({reply.error.cause})"
            raise EngineError(
                reply.error.name,
                message if reply.error.cause else reply.error.message,
                reply.error.code,
            )
        return msgspec.convert(reply.answer, shape)


@contextlib.contextmanager
def open_stage(
    launcher: Launcher,
    cell: Cell,
    world: World,
    *,
    env: Mapping[str, str] | None = None,
    log: str = "engine",
) -> Iterator[Stage]:
    """Start a cell's app on empty storage; all of it ends with the block.

    Raises:
        HarnessError: it cannot be started.
    """
    with contextlib.ExitStack() as stack:
        storage = None if world.remote else stack.enter_context(launcher.open_storage(cell))
        notes = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="world-harness-", ignore_cleanup_errors=True)
            )
        )
        stage = Stage(launcher, cell, world, storage, notes, env or {}, log)
        stack.callback(stage.end)
        stage.launch()
        yield stage


def wait_until(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> bool:
    """Ask again and again; tell whether the condition came true in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
