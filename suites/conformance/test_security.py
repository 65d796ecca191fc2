"""Names from outside, and what one run may learn of another."""

from __future__ import annotations

import json
import secrets
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from harness.certification.sites import Site
from suites.conformance.answers import describe, field, is_refused, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import decides
from suites.conformance.groundwork import expect_all, open_hooks, open_runs
from suites.conformance.violations import Inconclusive, violate

#: Names that mean something to a file system, a query or a key. Whatever could lead to a file
#: outside of the storage holds the `{mark}`, by which it is found and removed.
_HOSTILE = (
    *("../../{mark}", "..\\..\\{mark}", "../../../{mark}.json", "..", ".", ""),
    *("*", "%", "_", "?", ":", "{mark}:*", "a/{mark}", "{mark}\x00", "\x00", "%2e%2e%2f{mark}"),
    *("'; DROP TABLE {mark}; --", "${{{mark}}}", "__proto__", "constructor", "{mark}\n", " "),
    "{outside}/absolute-{mark}",
)
_LONG = 5000
_CHUNK = b"a stranger's chunk"
_ROUTE = "/.well-known/workflow/v1/flow"
_QUEUE = "__wkf_workflow_"


class Victim:
    """A run with one of everything, and how it looked before anything hostile was called."""

    def __init__(self, arena: Arena, world: WorldClient) -> None:
        self._arena = arena
        self._world = world
        self.run_id = arena.running_run(world)
        self.step_id = arena.running_step(self.run_id, world)
        ((self.hook_id, self.token),) = open_hooks(arena, [self.run_id], world)
        self.wait_id = arena.new_wait(self.run_id, world)
        self.stream = fresh_id("strm")
        world.streams.write(self.run_id, self.stream, b"the victim's chunk")
        self.before = self.look()

    def look(self) -> dict[str, Any]:
        """Read everything of the run."""
        run_id, world = self.run_id, self._world
        return {
            "run": world.runs.get(run_id, ALL),
            "step": world.steps.get(run_id, self.step_id, ALL),
            "hook": world.hooks.get_by_token(self.token, ALL),
            "log": self._arena.log(run_id, world),
            "stream": world.read(run_id, self.stream, for_ms=300, max_chunks=1).chunks,
        }


@decides("SEC-PATH", cost=3)
def test_hostile_names_are_refused_or_harmless(arena: Arena) -> None:
    site = arena.fresh_site()
    world = site.open()
    victim = Victim(arena, world)
    mark = f"escape{secrets.token_hex(6)}"
    names = [*_spell(mark, site.folder), mark * (_LONG // len(mark))]
    other = arena.running_run(world)
    refused = total = 0
    for name in names:
        replies = world.pipeline(list(_write_with(arena, victim, other, name)))
        for reply in replies:
            if reply.lost:
                what = f"{reply.call.method} with the name {shorten(name, 60)}"
                violate(f"{what} was never answered: {reply.lost}")
        _expect_own_answers(world, replies, name)
        refused += sum(1 for reply in replies if not reply.succeeded)
        total += len(replies)
    arena.record("hostile-ids-refused", _say_share(refused, total))
    _expect_nothing_outside(site, mark)
    for part, seen in victim.look().items():
        if seen != victim.before[part]:
            violate(f"after calls with hostile names the {part} of another run has changed")
    arena.running_run(world)


def _spell(mark: str, outside: Path) -> list[str]:
    return [name.format(mark=mark, outside=outside) for name in _HOSTILE]


def _say_share(refused: int, total: int) -> str:
    if refused in (0, total):
        return "all" if refused else "none"
    return "more than half" if 2 * refused > total else "less than half"


def _write_with(arena: Arena, victim: Victim, other: str, name: str) -> Iterator[Call]:
    """Make every call that writes under a name from outside, for no run or for the other one."""
    events = arena.events
    yield events.run_created(name)
    yield events.run_created(f"wrun_{name}")
    yield events.step_created(name, fresh_id("step"))
    yield events.step_created(other, name)
    yield events.wait_created(other, name)
    yield events.hook_created(other, name, fresh_token())
    yield events.hook_created(other, fresh_id("hook"), f"{fresh_token()}{name}")
    yield events.hook_disposed(other, name)
    yield Call("streams.write", (other, name, _CHUNK))
    yield Call("streams.write", (name, fresh_id("strm"), _CHUNK))
    yield Call("streams.close", (name, fresh_id("strm")))
    yield events.step_completed(f"{victim.run_id}/../{name}", victim.step_id)


def _expect_own_answers(world: WorldClient, replies: Sequence[Reply], name: str) -> None:
    """See that what was created under a name is what is read under it."""
    for reply in replies:
        if not reply.succeeded or reply.call.method != "events.create":
            continue
        run_id, event = reply.call.args[:2]
        if event["eventType"] == "step_created" and event["correlationId"] == name:
            step = world.steps.get(run_id, name, ALL)
            if field(step, "stepId") != name:
                told = shorten(field(step, "stepId"))
                violate(f"the step {shorten(name)} was created, but {told} is read")


def _expect_nothing_outside(site: Site, mark: str) -> None:
    """See that no file has come to be outside of the World's own storage."""
    allowed = {site.storage.name}
    found = [
        path
        for path in site.folder.iterdir()
        if path.name not in allowed and not path.name.startswith("process-")
    ]
    for folder in site.folder.parents:
        # The folders above are not this check's: it leaves nothing in them.
        for path in folder.glob(f"*{mark}*"):
            found.append(path)
            path.unlink(missing_ok=True)
    if found:
        violate(f"a hostile name made a file outside of the storage: {found[0].name[:80]}")


@decides("SEC-PATH", cost=2)
def test_hostile_names_read_nothing(arena: Arena) -> None:
    site = arena.fresh_site()
    world = site.open()
    victim = Victim(arena, world)
    mark = f"planted{secrets.token_hex(6)}"
    _plant_outside(site, victim, mark)
    names = [*_spell(mark, site.folder), victim.run_id[:-1], f"{victim.run_id[:-1]}?", "wrun_%"]
    for name in names:
        for reply in world.pipeline(list(_read_with(arena, victim, name))):
            _expect_nothing_read(reply, name)


def _plant_outside(site: Site, victim: Victim, mark: str) -> None:
    """Put copies of the victim's files outside of the storage, where hostile names point to."""
    copies = [path for path in site.storage.rglob(f"*{victim.run_id}*") if path.is_file()]
    for path in copies:
        shutil.copy(path, site.folder / f"{mark}{path.suffix}")
        shutil.copy(path, site.folder / f"absolute-{mark}{path.suffix}")
    if not copies:
        content = json.dumps({"runId": victim.run_id, "stepId": victim.step_id})
        (site.folder / f"{mark}.json").write_text(content, encoding="utf-8")


def _read_with(arena: Arena, victim: Victim, name: str) -> Iterator[Call]:
    """Make every call that reads under a name from outside."""
    pagination = {"pagination": {"limit": 100}, **ALL}
    yield Call("runs.get", (name, ALL))
    yield Call("runs.get", (f"wrun_{name}", ALL))
    yield Call("steps.get", (victim.run_id, name, ALL))
    if name or arena.world.opened.shape != "v4":
        # In line 4 no run id means that any run will do.
        yield Call("steps.get", (name, victim.step_id, ALL))
    yield Call("hooks.getByToken", (name, ALL))
    yield Call("events.list", ({"runId": name, **pagination},))
    for method, args in (
        ("hooks.get", (name, ALL)),
        ("steps.list", ({"runId": name, **pagination},)),
        ("streams.getChunks", (victim.run_id, name, {"limit": 10})),
        ("streams.list", (name,)),
    ):
        if arena.has(method):
            yield Call(method, args)


def _expect_nothing_read(reply: Reply, name: str) -> None:
    """See that a name that nothing has leads to nothing."""
    if reply.lost:
        violate(f"{reply.call.method} of {shorten(name, 60)} was never answered: {reply.lost}")
    if not reply.succeeded:
        return
    value = reply.value
    rows = maybe(value, "data") if isinstance(value, dict) and "data" in value else value
    if rows:
        violate(
            f"{reply.call.method} of {shorten(name, 60)}, a name that nothing has, "
            f"gave {shorten(rows, 120)}"
        )


@decides("SEC-TENANT")
def test_a_run_shows_nothing_of_another(arena: Arena) -> None:
    own, foreign = open_runs(arena, 2)
    step_id = arena.running_step(foreign)
    own_step = arena.running_step(own)
    stranger = "a step of another run"
    reply = arena.try_(Call("steps.get", (own, step_id, ALL)))
    if not is_refused(reply):
        violate(f"steps.get of {stranger} must be rejected, but ended with {describe(reply)}")
    if arena.has("steps.list"):
        page = arena.world.steps.list({"runId": own, "pagination": {"limit": 100}, **ALL})
        listed = [field(step, "stepId") for step in field(page, "data")]
        if listed != [own_step]:
            violate(f"steps.list of a run with one step gives {listed}")
    if arena.has("events.listByCorrelationId"):
        wanted = {"correlationId": step_id, "runId": own, "pagination": {"limit": 100}, **ALL}
        reply = arena.try_(Call("events.listByCorrelationId", (wanted,)))
        data = maybe(reply.value, "data") if reply.succeeded else []
        if data:
            violate(f"events.listByCorrelationId with one run's id gives {len(data)} of another")
    _expect_own_events(arena, own, foreign)


def _expect_own_events(arena: Arena, own: str, foreign: str) -> None:
    """See that an event's id leads to no other run; ids may be the same in both."""
    if not arena.has("events.get"):
        return
    for event in arena.log(foreign):
        event_id = field(event, "eventId")
        reply = arena.try_(Call("events.get", (own, event_id, ALL)))
        if reply.succeeded and maybe(reply.value, "runId") != own:
            violate(f"events.get with one run's id gives {event_id} of another")


@decides("SEC-TENANT")
def test_a_stream_of_another_run_is_not_read(arena: Arena) -> None:
    arena.require("streams.write")
    own, foreign = open_runs(arena, 2)
    name = fresh_id("strm")
    arena.do(Call("streams.write", (foreign, name, _CHUNK)))
    arena.do(Call("streams.close", (foreign, name)))
    if arena.has("streams.getChunks"):
        reply = arena.try_(Call("streams.getChunks", (own, name, {"limit": 10})))
        if reply.succeeded and maybe(reply.value, "data"):
            violate("streams.getChunks with one run's id gives the chunks of another run's stream")
    # Before line 5 a stream is read by its name alone.
    if arena.world.opened.shape != "v4":
        reading = arena.world.read(own, name, for_ms=300, max_chunks=1)
        if reading.chunks:
            violate("a stream that is read with one run's id gives the chunks of another run")
    if arena.has("streams.list") and name in (arena.do(Call("streams.list", (own,))) or ()):
        violate("streams.list of one run names a stream of another")


@decides("SEC-ROUTE", cost=3)
def test_what_the_flow_route_does_with_a_strangers_request(arena: Arena) -> None:
    site = arena.fresh_site()
    world = site.open()
    run_id = arena.new_run(world)
    before = arena.log(run_id, world)
    inbox = world.serve([_QUEUE], site.port)
    body = json.dumps({"runId": run_id}).encode()
    bare = _post(site.port, body, {})
    if inbox.wait_for(bool, 0.3):
        violate("a request without any header of the queue was handed to the app's handler")
    guessed = _post(site.port, body, _guess_headers())
    delivered = bool(inbox.wait_for(bool, 0.5))
    handed = "handed to the app's handler" if delivered else f"answered {guessed}"
    # Who may reach the route is up to the app; the World can only be asked what it does.
    arena.record("unsigned-request", f"without headers {bare}, with guessed headers {handed}")
    if len(arena.log(run_id, world)) != len(before):
        violate("a stranger's request to the flow route was enough to write to a run's log")


def _guess_headers() -> dict[str, str]:
    return {
        "x-vqs-queue-name": f"{_QUEUE}workflow",
        "x-vqs-message-id": fresh_id("msg"),
        "x-vqs-message-attempt": "1",
    }


def _post(port: int, body: bytes, headers: dict[str, str]) -> int:
    """Post to the flow route, and return the status of the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{_ROUTE}",
        data=body,
        headers={"Content-Type": "application/json", **headers},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        raise Inconclusive(f"the flow route could not be asked: {error}") from error


@decides("SEC-WEBHOOK")
def test_a_hook_remembers_whether_it_is_a_webhook(arena: Arena) -> None:
    (run_id,) = open_runs(arena, 1)
    for flag in (True, False):
        hook_id, token = fresh_id("hook"), fresh_token()
        expect_all(
            arena.world.pipeline(
                [arena.events.hook_created(run_id, hook_id, token, isWebhook=flag)]
            )
        )
        hooks = [arena.world.hooks.get_by_token(token, ALL)]
        if arena.has("hooks.get"):
            hooks.append(arena.world.hooks.get(hook_id, ALL))
        for hook in hooks:
            told = maybe(hook, "isWebhook")
            # Without the flag a hook counts as a webhook: only a plain one must have it.
            if told is not flag and not (flag and told is None):
                violate(
                    f"a hook created with isWebhook {flag} is read with isWebhook {told}: "
                    "the public route would treat it wrongly"
                )
