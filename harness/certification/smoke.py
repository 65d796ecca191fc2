"""A quick check, in seconds: can the adapter talk to this World at all?

It distinguishes a package that does not load from a World that answers wrongly: fix the first in
the installation, the second in the World.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from harness.adapters.protocol import Failure, Opened
from harness.adapters.world import NoAnswerError, OpenError, Refusal, WorldClient
from harness.certification.records import clean_text
from harness.certification.sites import Ground, Site
from harness.certification.subjects import Subject
from harness.contract.clauses import assume_spec_version
from harness.errors import HarnessError, ServiceError, UsageError
from harness.services.resolution import find_services
from harness.workspaces.node import find_node

_LIMIT_S = 10.0
_INPUT = b"\x00smoke\xff"
_LONGEST_DETAIL = 300
#: How many characters to show before the part that names the cause.
_BEFORE = 40

#: Messages of programs that cannot connect to a server.
_UNREACHABLE = re.compile(
    r"\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b|Connection (was )?refused"
    r"|Name or service not known|Server ?Selection ?(timed out|Timeout)",
    re.IGNORECASE,
)
_PORT = re.compile(r"[\w.\]-]:(?P<port>\d{2,5})\b")
#: Default port -> service.
_USUAL_PORTS = {"3306": "mariadb", "27017": "mongodb", "5432": "postgres", "6379": "valkey"}
_UNFOUND = re.compile(r"Cannot find (package|module)|No module named")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]+")


class WorldLoadError(UsageError):
    """A World cannot be loaded, or the entry does not hold a World."""


class WorldUnreachableError(ServiceError):
    """A World loads, but does not reach the server that it needs."""


class SmokeFinding(msgspec.Struct, frozen=True):
    """One step of a smoke test."""

    step: str
    state: Literal["ok", "wrong", "missing"]
    detail: str


def smoke(ground: Ground) -> tuple[Opened, list[SmokeFinding]]:
    """Open a World and make one call of each kind.

    Raises:
        HarnessError: the World cannot be opened; the error explains why and what to fix.
    """
    with ground.site() as site:
        began = time.monotonic()
        world = open_first(ground, site)
        took = f"{(time.monotonic() - began) * 1000:.0f} ms"
        opened = world.opened
        findings = [SmokeFinding("the package loads and exports a World", "ok", took)]
        findings += _call_once(world, ground.subject, site)
        return opened, findings


def open_first(ground: Ground, site: Site) -> WorldClient:
    """Open the first process of a World on a site.

    Raises:
        HarnessError: the World cannot be opened; the error explains why and what to fix.
    """
    try:
        return site.open()
    except OpenError as error:
        end = "" if error.failure else site.describe_end()
        secrets = list(ground.service_urls().values())
        raise explain_open_error(
            ground.subject, error, site.quote_log(), end=end, secrets=secrets
        ) from error


def require_server(world: WorldClient, subject: Subject, site: Site) -> None:
    """Make one call, to see that the World reaches its server.

    If the server were missing, every clause would fail as if the World were wrong. All other
    problems of the call are left to the checks.

    Raises:
        WorldUnreachableError: it does not.
    """
    try:
        _create_run(world)
    except (Refusal, NoAnswerError) as error:
        _refuse_unreachable(subject, _collect_evidence(error, world, site))


def explain_open_error(
    subject: Subject, error: OpenError, log: str, *, end: str = "", secrets: Sequence[str] = ()
) -> HarnessError:
    """Explain why a World could not be opened, and what to fix.

    Args:
        subject: The World.
        error: The error of opening it.
        log: The end of its output.
        end: How its process ended; empty if it still runs.
        secrets: URLs whose passwords must not be shown.
    """
    name = error.failure.name if error.failure else ""
    message = clean_text(error.failure.message if error.failure else end or error.lost, secrets)
    cause = clean_text(f"{message}; {log}" if log else message, secrets)
    if name == "NoWorldError":
        return WorldLoadError(
            f"{subject.spec} does not hold a World",
            cause=message,
            remedy="export createWorld(), or the World itself as the default export",
        )
    if name:
        reached = explain_unreachable(subject, f"{message} {_tell(error)}")
        return reached or _explain_throw(subject, name, message, cause)
    if end:
        return WorldLoadError(
            f"{subject.spec} ended its process when the harness opened it",
            cause=cause,
            remedy="throw an error instead: a World must not end the process that creates it",
        )
    return WorldLoadError(
        f"{subject.spec} did not respond when the harness opened it",
        cause=cause,
        remedy="do not block in createWorld(); wait for connections in start()",
    )


def explain_unreachable(subject: Subject, evidence: str) -> WorldUnreachableError | None:
    """Explain that a World does not reach its server; `None` if that is not the cause.

    Args:
        subject: The World.
        evidence: Its error and its output.
    """
    found = _UNREACHABLE.search(evidence)
    if not found:
        return None
    return WorldUnreachableError(
        f"{subject.spec} does not reach its server",
        cause=_shorten(evidence[max(0, found.start() - _BEFORE) :]),
        remedy=_name_service(subject, evidence),
    )


def _name_service(subject: Subject, evidence: str) -> str:
    if subject.services:
        return (
            f"check that the World reads the URL of {' and '.join(subject.services)} from one of "
            f"{', '.join(sorted(subject.env))}, or set another variable with --env "
            f"NAME={{{subject.services[0]}}}"
        )
    known = find_services()
    usual = [_USUAL_PORTS.get(found["port"], "") for found in _PORT.finditer(evidence)]
    service = next((name for name in usual if name in known), "")
    return (
        f"add --service {service or 'SERVICE'} --env NAME={{{service or 'SERVICE'}}}, where NAME "
        "is the variable from which the World reads the URL of its server"
        + ("" if service else f"; SERVICE is one of {', '.join(known)}")
    )


def _explain_throw(subject: Subject, name: str, message: str, cause: str) -> WorldLoadError:
    if name != "LoadError":
        return WorldLoadError(
            f"{subject.spec} throws an error when the harness creates its World",
            cause=cause,
            remedy="it gets no arguments: pass settings with --env NAME=VALUE, where VALUE may "
            "contain {storage}, {port}, {base_url} and, with --service NAME, {NAME}",
        )
    remedy = (
        f"check that `import({subject.entry!r})` works in {subject.folder}, where it is installed"
    )
    if _UNFOUND.search(message) and subject.language == "typescript":
        remedy = (
            "add it to the `dependencies` in the package.json of the World"
            if subject.packages
            else f"run `npm install` in {subject.folder}, or `npm pack` and name the packed file"
        )
    elif message.startswith("SyntaxError") and subject.language == "typescript":
        remedy += f", and that it supports Node {find_node().version}"
    return WorldLoadError(f"{subject.spec} does not load", cause=cause, remedy=remedy)


def _call_once(world: WorldClient, subject: Subject, site: Site) -> list[SmokeFinding]:
    found: list[SmokeFinding] = []

    def step(title: str, call: Callable[[], Any], judge: Callable[[Any], str]) -> Any:
        try:
            value = call()
        except (Refusal, NoAnswerError) as error:
            evidence = _collect_evidence(error, world, site)
            _refuse_unreachable(subject, evidence)
            found.append(SmokeFinding(title, "wrong", _shorten(_explain_silence(error, subject))))
            return None
        wrong = judge(value)
        found.append(SmokeFinding(title, "wrong" if wrong else "ok", _shorten(wrong)))
        return value

    created = step(
        "a run can be created",
        lambda: _create_run(world),
        lambda value: "" if _run_id(value) else f"the answer has no run.runId: {value!r}",
    )
    run_id = _run_id(created)
    if run_id:
        step(
            "the run can be read, with its bytes intact",
            lambda: world.call("runs.get", run_id, {"resolveData": "all"}, limit_s=_LIMIT_S),
            _judge_input,
        )
        step(
            "its events can be listed",
            lambda: world.call("events.list", {"runId": run_id}, limit_s=_LIMIT_S),
            lambda value: (
                ""
                if isinstance(value, dict) and len(value.get("data") or ()) == 1
                else f"one event was written, but events.list returned {value!r}"
            ),
        )
    found += [
        SmokeFinding(f"it has {method}", "missing", "the runtime calls it")
        for method in ("queue", "hooks.getByToken", "streams.write")
        if not world.has(method)
    ]
    return found


def _create_run(world: WorldClient) -> Any:
    event = {
        "eventType": "run_created",
        "specVersion": assume_spec_version(world.opened.stated_version),
        "eventData": {"deploymentId": "smoke", "workflowName": "smoke", "input": _INPUT},
    }
    return world.call("events.create", None, event, limit_s=_LIMIT_S)


def _collect_evidence(error: Refusal | NoAnswerError, world: WorldClient, site: Site) -> str:
    """Return everything that explains why a call returned no value."""
    if isinstance(error, Refusal):
        return f"{error} {_tell(error)}".strip()
    # Clients that reconnect forever report the cause only in their log.
    background = (
        f"{notice.error.message} {_tell_failure(notice.error)}"
        for notice in world.process.unhandled
        if isinstance(notice.error, Failure)
    )
    return " ".join([str(error), *background, site.quote_log()])


def _refuse_unreachable(subject: Subject, evidence: str) -> None:
    unreachable = explain_unreachable(subject, evidence)
    if unreachable:
        raise unreachable


def _explain_silence(error: Refusal | NoAnswerError, subject: Subject) -> str:
    if isinstance(error, Refusal) or subject.services:
        return str(error)
    return f"{error}; if the World waits for a server, name it with --service"


def _tell(error: OpenError | Refusal) -> str:
    return _tell_failure(error.failure)


def _tell_failure(failure: Failure | msgspec.UnsetType | None) -> str:
    """Return the code and cause of a failure."""
    return f"{failure.code} {failure.cause}".strip() if isinstance(failure, Failure) else ""


def _shorten(text: str) -> str:
    """Return a text from the World as one short line."""
    text = _CONTROL.sub(" ", clean_text(text)).strip()
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]}…"


def _judge_input(value: Any) -> str:
    came = value.get("input") if isinstance(value, dict) else value
    return "" if came == _INPUT else f"the World returned the input as {came!r}"


def _run_id(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("run"), dict):
        return str(value["run"].get("runId") or "")
    return ""
