"""Seconds, not minutes: can the adapter talk to this World at all?

It tells a package that does not load from a World that is wrong: whoever sees the first has to mend
an installation, whoever sees the second has to mend a World.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from harness.adapters.protocol import Opened
from harness.adapters.world import NoAnswerError, OpenError, Refusal, World
from harness.certification.sites import Ground
from harness.certification.subjects import Subject
from harness.errors import HarnessError, UsageError

_LIMIT_S = 10.0
_INPUT = b"\x00smoke\xff"


class WorldLoadError(UsageError):
    """A World cannot be loaded, or there is none in what was named."""


class Finding(msgspec.Struct, frozen=True):
    """One step of a smoke test."""

    step: str
    state: Literal["ok", "wrong", "missing"]
    detail: str


def smoke(ground: Ground) -> tuple[Opened, list[Finding]]:
    """Open a World and make one call of each kind.

    Raises:
        HarnessError: it cannot be opened; it says whose fault that is.
    """
    with ground.site() as site:
        began = time.monotonic()
        try:
            world = site.open()
        except OpenError as error:
            raise explain_open_error(ground.subject, error, site.quote_log()) from error
        took = f"{(time.monotonic() - began) * 1000:.0f} ms"
        opened = world.opened
        findings = [Finding("the package loads and gives a World", "ok", took)]
        findings += _call_once(world, int(opened.spec_version or 2))
        return opened, findings


def explain_open_error(subject: Subject, error: OpenError, log: str) -> HarnessError:
    """Say why a World could not be opened, and who can mend it."""
    name = error.failure.name if error.failure else ""
    message = error.failure.message if error.failure else error.lost
    cause = f"{message}; {log}" if log else message
    if name == "NoWorldError":
        return WorldLoadError(
            f"there is no World in {subject.spec}",
            cause=message,
            remedy="export createWorld(), or the World itself as the default export",
        )
    if name:
        return WorldLoadError(
            f"{subject.spec} does not load",
            cause=cause,
            remedy=f"see that `import({subject.entry!r})` works where it is installed, "
            f"in {subject.folder}",
        )
    return WorldLoadError(
        f"{subject.spec} hangs or ends its process while it is opened",
        cause=cause,
        remedy="a World must not wait for anything when it is made; do that in start()",
    )


def _call_once(world: World, spec_version: int) -> list[Finding]:
    found: list[Finding] = []

    def step(title: str, call: Callable[[], Any], judge: Callable[[Any], str]) -> Any:
        try:
            value = call()
        except Refusal as refusal:
            found.append(Finding(title, "wrong", str(refusal)))
            return None
        except NoAnswerError as error:
            found.append(Finding(title, "wrong", str(error)))
            return None
        wrong = judge(value)
        found.append(Finding(title, "wrong" if wrong else "ok", wrong))
        return value

    event = {
        "eventType": "run_created",
        "specVersion": spec_version,
        "eventData": {"deploymentId": "smoke", "workflowName": "smoke", "input": _INPUT},
    }
    created = step(
        "a run can be created",
        lambda: world.call("events.create", None, event, limit_s=_LIMIT_S),
        lambda value: "" if _run_id(value) else f"the answer has no run.runId: {value!r}"[:200],
    )
    run_id = _run_id(created)
    if run_id:
        step(
            "the run can be read, its bytes intact",
            lambda: world.call("runs.get", run_id, {"resolveData": "all"}, limit_s=_LIMIT_S),
            _judge_input,
        )
        step(
            "its events can be listed",
            lambda: world.call("events.list", {"runId": run_id}, limit_s=_LIMIT_S),
            lambda value: (
                ""
                if isinstance(value, dict) and len(value.get("data") or ()) == 1
                else f"one event was written, but the list is {value!r}"[:200]
            ),
        )
    found += [
        Finding(f"it has {method}", "missing", "the runtime calls it")
        for method in ("queue", "hooks.getByToken", "streams.write")
        if not world.has(method)
    ]
    return found


def _judge_input(value: Any) -> str:
    came = value.get("input") if isinstance(value, dict) else value
    return "" if came == _INPUT else f"input came back as {came!r}"[:200]


def _run_id(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("run"), dict):
        return str(value["run"].get("runId") or "")
    return ""
