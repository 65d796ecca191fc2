"""The wrapper around a tiny World, in a separate process; the same requests in both languages."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from harness import inside
from harness.inside import PYTHON_SDK
from harness.nemesis import NOTES
from harness.nemesis.journal import Journal, read_journal
from harness.nemesis.plans import Fault
from harness.workspaces.cache import python_environment
from harness.workspaces.node import find_node
from tests.harness.inside.nemesis.waiting import HANGS_S

Language: TypeAlias = Literal["typescript", "python"]

HERE = Path(__file__).parent
PYTHON = inside.NEMESIS["python"]
#: What a program needs on its `PYTHONPATH` to have faults injected.
PYTHON_PATH = os.pathsep.join(map(str, (PYTHON, PYTHON_SDK)))


SUBJECT = """
import {{ TinyWorld }} from "./tiny_world.mjs";
export const subject = {subject};
"""


class RefusedError(Exception):
    """What the driver was asked for ended with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        self.error = error
        super().__init__(f"{error['name']}: {error['message']}")


class Driver:
    """A process that can be asked; several requests may be under way."""

    def __init__(self, process: subprocess.Popen[str], notes: Path) -> None:
        self._process = process
        self._notes = notes
        self._count = 0
        self._replies: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            reply = json.loads(line)
            self._replies[reply["id"]].put(reply)

    def send(self, do: str, **request: Any) -> int:
        """Send a request and return its number."""
        self._count += 1
        self._replies[self._count] = queue.Queue()
        line = msgspec.json.encode({"id": self._count, "do": do, **request}).decode()
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._count

    def answer(self, number: int) -> Any:
        """Wait for an answer; raises `RefusedError` when it is an error."""
        try:
            reply = self._replies[number].get(timeout=HANGS_S)
        except queue.Empty:
            raise AssertionError(f"request {number} was not answered") from None
        if "error" in reply:
            raise RefusedError(reply["error"])
        return reply["answer"]

    def ask(self, do: str, **request: Any) -> Any:
        """Send a request and wait for its answer."""
        return self.answer(self.send(do, **request))

    def call(self, method: str, *args: Any) -> Any:
        """Call a method of the wrapped World."""
        return self.ask("call", method=method, args=args)

    def create(self, run_id: str, event_type: str, **event: Any) -> Any:
        """Write an event through the wrapped World."""
        return self.call("events.create", run_id, {"eventType": event_type, **event})

    def deliver(self, run_id: str, **message: Any) -> Any:
        """Let the World deliver a message."""
        return self.ask("deliver", message={"runId": run_id, **message})

    def give_plan(self, run_id: str, *plan: Fault) -> None:
        """Put a plan on a run."""
        self.ask("plan", runId=run_id, plan=plan)

    def seen(self) -> list[dict[str, Any]]:
        """Return what reached the engine."""
        found: list[dict[str, Any]] = self.ask("seen")
        return found

    def journal(self, run_id: str | None = None) -> Journal:
        """Return what was written down."""
        journal = read_journal(self._notes)
        return journal if run_id is None else journal.of(run_id)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._listener.join()

    def await_death(self) -> int:
        """Wait until the process has ended; return how."""
        return self._process.wait(HANGS_S)


@contextlib.contextmanager
def drive(
    language: Language, folder: Path, *, subject: str = "{ createWorld: () => new TinyWorld() }"
) -> Iterator[Driver]:
    """Start a driver; it ends with the block.

    Args:
        language: Of the wrapper.
        folder: An empty one, for the program and the journal.
        subject: In TypeScript: what the module of the World exports.
    """
    command, env = _prepare(language, folder, subject)
    with run_driver(command, folder, env) as driver:
        yield driver


@contextlib.contextmanager
def run_driver(
    command: Sequence[str | Path], folder: Path, env: Mapping[str, str]
) -> Iterator[Driver]:
    """Start a program that answers requests; it ends with the block.

    Args:
        command: What is run.
        folder: Where; it holds the notes and what is said on stderr.
        env: All of its environment but for the notes' folder.
    """
    notes = folder / "notes"
    with (
        (folder / "errors").open("ab") as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**env, NOTES: str(notes)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
        contextlib.closing(Driver(process, notes)) as driver,
    ):
        yield driver


def _prepare(
    language: Language, folder: Path, subject: str
) -> tuple[Sequence[str | Path], Mapping[str, str]]:
    if language == "python":
        env = {**python_environment(), "PYTHONPATH": PYTHON_PATH}
        return [sys.executable, HERE / "driver.py"], env
    sources = inside.NEMESIS["typescript"].glob("*.ts")
    for path in (*sources, HERE / "tiny_world.mjs", HERE / "driver.mjs"):
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "subject.mjs").write_text(SUBJECT.format(subject=subject))
    node = find_node()
    return [node.folder / "node", "driver.mjs"], node.environment()
