"""Seconds, not minutes: can the adapter talk to this World at all?

It separates a package that does not load from a World that is wrong: the first is fixed in
the installation, the second in the World.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from harness.adapters.protocol import Failure, Opened
from harness.adapters.world import NoAnswerError, OpenError, Refusal, World
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
#: How much is shown of what stands before the words that tell why.
_BEFORE = 40

#: How programs say that nothing listens where they were told to connect.
_UNREACHABLE = re.compile(
    r"ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|Connection (was )?refused"
    r"|Name or service not known|Server ?Selection ?(timed out|Timeout)",
    re.IGNORECASE,
)
_PORT = re.compile(r"[\w.\]-]:(?P<port>\d{2,5})\b")
#: Where a program looks for a server by default.
_USUAL_PORTS = {"3306": "mariadb", "27017": "mongodb", "5432": "postgres", "6379": "valkey"}
_UNFOUND = re.compile(r"Cannot find (package|module)|No module named")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]+")


class WorldLoadError(UsageError):
    """A World cannot be loaded, or there is none in what was named."""


class WorldUnreachableError(ServiceError):
    """A World loads, but the server that it needs is not where it looks."""


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
        world = open_first(ground, site)
        took = f"{(time.monotonic() - began) * 1000:.0f} ms"
        opened = world.opened
        findings = [Finding("the package loads and gives a World", "ok", took)]
        findings += _call_once(world, ground.subject, site)
        return opened, findings


def open_first(ground: Ground, site: Site) -> World:
    """Open a World on a site that nothing was opened on yet.

    Raises:
        HarnessError: it cannot be opened; it says whose fault that is.
    """
    try:
        return site.open()
    except OpenError as error:
        end = "" if error.failure else site.describe_end()
        secrets = list(ground.service_urls().values())
        raise explain_open_error(
            ground.subject, error, site.quote_log(), end=end, secrets=secrets
        ) from error


def require_server(world: World, subject: Subject, site: Site) -> None:
    """Make one call, to see that the server is there which the World stores things in.

    Without it every clause would fail, and say that the World is wrong. Whatever else
    goes wrong with the call is for the checks to judge.

    Raises:
        WorldUnreachableError: it is not there.
    """
    try:
        _create_run(world)
    except (Refusal, NoAnswerError) as error:
        _refuse_unreachable(subject, _collect_evidence(error, world, site))


def explain_open_error(
    subject: Subject, error: OpenError, log: str, *, end: str = "", secrets: Sequence[str] = ()
) -> HarnessError:
    """Say why a World could not be opened, and what to fix.

    Args:
        subject: The World.
        error: How opening it ended.
        log: The end of what it printed.
        end: How its process ended, if it did.
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
            f"{subject.spec} ends its process while it is opened",
            cause=cause,
            remedy="a World must not end the process that creates it: throw an error instead",
        )
    return WorldLoadError(
        f"{subject.spec} hangs while it is opened",
        cause=cause,
        remedy="a World must not wait for anything when it is made; do that in start()",
    )


def explain_unreachable(subject: Subject, evidence: str) -> WorldUnreachableError | None:
    """Say that a World does not reach its server, and how to name it; `None` if that is not it.

    Args:
        subject: The World.
        evidence: What it threw and printed.
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
            f"see that the World reads where {' and '.join(subject.services)} is from one of "
            f"{', '.join(sorted(subject.env))}, or tell it by another name with --env "
            f"NAME={{{subject.services[0]}}}"
        )
    known = find_services()
    usual = [_USUAL_PORTS.get(found["port"], "") for found in _PORT.finditer(evidence)]
    service = next((name for name in usual if name in known), "")
    return (
        f"add --service {service or 'SERVICE'} --env NAME={{{service or 'SERVICE'}}}, with the "
        "variable in which the World looks for its server"
        + ("" if service else f"; SERVICE is one of {', '.join(known)}")
    )


def _explain_throw(subject: Subject, name: str, message: str, cause: str) -> WorldLoadError:
    if name != "LoadError":
        return WorldLoadError(
            f"{subject.spec} throws when its World is made",
            cause=cause,
            remedy="it is made without arguments: give it what it needs with --env NAME=VALUE, in "
            "which {storage}, {port}, {base_url} and, with --service NAME, {NAME} are filled in",
        )
    remedy = (
        f"see that `import({subject.entry!r})` works where it is installed, in {subject.folder}"
    )
    if _UNFOUND.search(message) and subject.language == "typescript":
        remedy = (
            "name it among the `dependencies` of its package.json"
            if subject.packages
            else f"run `npm install` in {subject.folder}, or `npm pack` and name the packed file"
        )
    elif message.startswith("SyntaxError") and subject.language == "typescript":
        remedy += f"; if it needs a newer Node: this is {find_node().version}"
    return WorldLoadError(f"{subject.spec} does not load", cause=cause, remedy=remedy)


def _call_once(world: World, subject: Subject, site: Site) -> list[Finding]:
    found: list[Finding] = []

    def step(title: str, call: Callable[[], Any], judge: Callable[[Any], str]) -> Any:
        try:
            value = call()
        except (Refusal, NoAnswerError) as error:
            evidence = _collect_evidence(error, world, site)
            _refuse_unreachable(subject, evidence)
            found.append(Finding(title, "wrong", _shorten(_explain_silence(error, subject))))
            return None
        wrong = judge(value)
        found.append(Finding(title, "wrong" if wrong else "ok", _shorten(wrong)))
        return value

    created = step(
        "a run can be created",
        lambda: _create_run(world),
        lambda value: "" if _run_id(value) else f"the answer has no run.runId: {value!r}",
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
                else f"one event was written, but the list is {value!r}"
            ),
        )
    found += [
        Finding(f"it has {method}", "missing", "the runtime calls it")
        for method in ("queue", "hooks.getByToken", "streams.write")
        if not world.has(method)
    ]
    return found


def _create_run(world: World) -> Any:
    event = {
        "eventType": "run_created",
        "specVersion": assume_spec_version(world.opened.stated_version),
        "eventData": {"deploymentId": "smoke", "workflowName": "smoke", "input": _INPUT},
    }
    return world.call("events.create", None, event, limit_s=_LIMIT_S)


def _collect_evidence(error: Refusal | NoAnswerError, world: World, site: Site) -> str:
    """Return what tells why a call was not answered with a value."""
    if isinstance(error, Refusal):
        return f"{error} {_tell(error)}".strip()
    # Clients that connect again for ever say why in their log only.
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
    return f"{error}; if it waits for a server, name it with --service"


def _tell(error: OpenError | Refusal) -> str:
    return _tell_failure(error.failure)


def _tell_failure(failure: Failure | msgspec.UnsetType | None) -> str:
    """Return what a failure says beside its message."""
    return f"{failure.code} {failure.cause}".strip() if isinstance(failure, Failure) else ""


def _shorten(text: str) -> str:
    """Return a text of the World's as a line that can be shown."""
    text = _CONTROL.sub(" ", clean_text(text)).strip()
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]}…"


def _judge_input(value: Any) -> str:
    came = value.get("input") if isinstance(value, dict) else value
    return "" if came == _INPUT else f"input came back as {came!r}"


def _run_id(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("run"), dict):
        return str(value["run"].get("runId") or "")
    return ""
