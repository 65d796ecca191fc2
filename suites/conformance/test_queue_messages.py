"""Queue: what a message holds, which messages are one, and which do not concern each other."""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.adapters.deliveries import ACK, Delivery
from harness.adapters.protocol import Call
from harness.adapters.world import Reply, together
from suites.conformance.answers import expect_success, field, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.calls import WORKFLOW, fresh_id
from suites.conformance.forms import RACING, decides
from suites.conformance.queueing import (
    FLOW,
    PATIENCE_S,
    App,
    Sent,
    mark_of,
    open_app,
    run_of,
    write_message,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import Inconclusive, NotApplicable, violate

_MIB = 1 << 20
#: How many messages with one key are queued at once, and how many keys a round has: fewer than the
#: narrowest World delivers at a time.
_SAME, _KEYS = 3, 4
_QUIET_S = 0.8


@decides("QUEUE-PAYLOAD", cost=3)
def test_the_handler_is_given_what_was_queued(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    contents = _list_contents()
    runs = app.new_runs(len(contents))
    asked = datetime.now(UTC).replace(microsecond=123_000)
    messages = [
        {**write_message(run_id, content, arena.spec_version), "requestedAt": asked}
        for run_id, content in zip(runs, contents.values(), strict=True)
    ]
    calls = [Call("queue", (app.topic, message, {})) for message in messages]
    for reply in app.world.pipeline(calls):
        expect_success(reply, "queue()")
    came = app.inbox.wait_for(
        lambda items: {run_of(item) for item in items} >= set(runs), PATIENCE_S
    )
    delivered = {run_of(item): item for item in came}
    for name, message in zip(contents, messages, strict=True):
        delivery = delivered.get(message["runId"])
        if delivery is None:
            violate(f"a message with {name} was not delivered within {PATIENCE_S:g} s")
        _compare(delivery, message, name)


def _list_contents() -> dict[str, Any]:
    every = bytes(range(256))
    return {
        "bytes of every value": every,
        "bytes inside of objects and lists": {"deep": [{"bytes": every}, [every, b""]]},
        "NUL characters": "devl\x00\x00 \\u0000 end",
        "characters beyond ASCII": "ä𝄞\u2028\ud7ff",
        "large integers": [2**53 - 1, -(2**53 - 1), 2**31, 2**32],
        "null, empty text and empty lists": [None, "", [], {}, False, 0],
        "1 MiB of bytes": every * (_MIB // 256),
    }


def _compare(delivery: Delivery, message: Mapping[str, Any], name: str) -> None:
    content = field(delivery.message, "runInput", "input")
    wanted = message["runInput"]["input"]
    if content != wanted:
        violate(
            f"a message with {name} was delivered with {shorten(content, 80)} "
            f"in place of {shorten(wanted, 80)}"
        )
    for key in ("deploymentId", "workflowName", "specVersion"):
        if field(delivery.message, "runInput", key) != message["runInput"][key]:
            violate(f"a message was delivered with another {key}: {shorten(delivery.message)}")
    asked = _read_date(maybe(delivery.message, "requestedAt"))
    if asked != message["requestedAt"]:
        violate(f"a message of {message['requestedAt']} was delivered as one of {asked}")


def _read_date(value: Any) -> Any:
    """Read a date that may have become text: the runtime reads both."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


@decides("QUEUE-HANDLER-GUARD", cost=2)
def test_the_handler_refuses_what_is_no_delivery(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    headers = {
        "x-vqs-queue-name": app.topic,
        "x-vqs-message-id": fresh_id("msg"),
        "x-vqs-message-attempt": "1",
    }
    body = b'{"runId":"wrun_01ARZ3NDEKTSV4RRFFQ69G5FAV"}'
    wrong = {
        "without any header": ({}, body),
        "without headers and body": ({}, b""),
        "without a body": (headers, b""),
        "for a queue of another kind": ({**headers, "x-vqs-queue-name": "__wkf_other_a"}, body),
        "for a queue of another namespace": (
            {**headers, "x-vqs-queue-name": f"__foreign{FLOW[1:]}{WORKFLOW}"},
            body,
        ),
        **{
            f"without {name}": ({key: headers[key] for key in headers if key != name}, body)
            for name in headers
        },
    }
    for what, (given, content) in wrong.items():
        status = _post(app.port, given, content)
        if app.inbox.deliveries:
            violate(f"a request {what} was handed to the handler as a delivery")
        if status != 400:
            violate(f"a request {what} must be answered with 400, but was with {status}")


def _post(port: int, headers: Mapping[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("POST", "/.well-known/workflow/v1/flow", body or None, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        violate(f"a request that is no delivery broke the connection: {error}")
    finally:
        connection.close()


@decides("QUEUE-IDEMPOTENCY", *RACING, cost=6)
def test_messages_with_one_key_are_one(race: Race) -> None:
    arena = race.arena
    site = arena.fresh_site()
    apps = [open_app(arena, site) for _ in range(arena.processes)]

    def one_round(round_: Round) -> None:
        runs = apps[0].new_runs(_KEYS)
        markers = [fresh_id("mark") for _ in runs]
        for app in apps:
            for marker in markers:
                app.plan((None,), marker)
        replies = _queue_same(apps, runs, markers)
        _see_one_each(apps, markers)
        ids = [{maybe(reply.value, "messageId") for reply in group} for group in replies]
        arena.record("ids-equal", "yes" if all(len(group) == 1 for group in ids) else "no")

    race(one_round, width=_SAME, rounds=4 if arena.effort.id != "quick" else 1)


def _queue_same(
    apps: Sequence[App], runs: Sequence[str], markers: Sequence[str]
) -> list[list[Reply]]:
    """Queue several messages with one key, for several keys, dealt out over the processes."""
    shares: list[list[Call]] = [[] for _ in apps]
    owners: list[list[int]] = [[] for _ in apps]
    for copy in range(_SAME):
        for index, (run_id, marker) in enumerate(zip(runs, markers, strict=True)):
            place = (copy + index) % len(apps)
            shares[place].append(apps[place].write(run_id, marker, idempotencyKey=f"key-{marker}"))
            owners[place].append(index)
    groups: list[list[Reply]] = [[] for _ in runs]
    answers = together([(app.world, share) for app, share in zip(apps, shares, strict=True)])
    for indexes, replies in zip(owners, answers, strict=True):
        for index, reply in zip(indexes, replies, strict=True):
            expect_success(reply, "queue() with an idempotency key")
            groups[index].append(reply)
    return groups


def _see_one_each(apps: Sequence[App], markers: Sequence[str]) -> None:
    for app in apps:
        app.stay_quiet(_QUIET_S / len(apps))
    if not any(app.inbox.deliveries for app in apps):
        apps[0].inbox.wait_for(lambda items: bool(items), PATIENCE_S)
    _count_each(apps, markers, "unfinished")
    for app in apps:
        app.release([item for item in app.inbox.deliveries if mark_of(item) in markers])
    for app in apps:
        app.stay_quiet(_QUIET_S / len(apps))
    _count_each(apps, markers, "unfinished")


def _count_each(apps: Sequence[App], markers: Sequence[str], state: str) -> None:
    for marker in markers:
        came = sum(mark_of(item) == marker for app in apps for item in app.inbox.deliveries)
        if came > 1:
            violate(
                f"{_SAME} messages with one idempotency key, queued while the first was {state}, "
                f"led to {came} deliveries"
            )


@decides("QUEUE-IDEMPOTENCY-BOUND", cost=3)
def test_a_key_holds_no_later_message_back(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    run_id = app.new_runs(1)[0]
    key = fresh_id("key")
    first = app.send(run_id, idempotencyKey=key)
    _see_consumed(app, first)
    later = {
        "with a key of its own": app.send(run_id, idempotencyKey=f"{key}-2"),
        "without a key": app.send(run_id),
        "with the content of the first": _send_again(app, first, idempotencyKey=f"{key}-3"),
    }
    marker = app.plan((ACK,))
    same_key = Sent(
        marker=marker,
        run_id=run_id,
        reply=app.world.attempt(app.write(run_id, marker, idempotencyKey=key)),
    )
    for what, sent in later.items():
        count = 2 if sent.marker == first.marker else 1
        app.expect(
            sent, count, PATIENCE_S, f"a message {what}, queued after another one was consumed, "
            "must be delivered"
        )  # fmt: skip
    came = app.wait(same_key, 1, 1.5)
    arena.record("idempotency-window", "until consumed" if came else "longer than until consumed")


def _send_again(app: App, sent: Sent, **options: Any) -> Sent:
    reply = app.world.attempt(app.write(sent.run_id, sent.marker, **options))
    expect_success(reply, "queue()")
    return Sent(marker=sent.marker, run_id=sent.run_id, reply=reply)


def _see_consumed(app: App, sent: Sent) -> None:
    came = app.wait(sent, 1, PATIENCE_S)
    if not came:
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    app.inbox.wait_for(lambda items: app.inbox.settled_at(came[0]) is not None, PATIENCE_S)
    # What the handler said still has to reach the World.
    app.stay_quiet(0.5)


@decides("QUEUE-INDEPENDENT", cost=4)
def test_a_slow_handler_keeps_no_other_message_waiting(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    room = _measure_room(arena, app)
    if room < 3:
        raise NotApplicable(f"this World has room for {room} deliveries at a time")
    runs = app.new_runs(6)
    slow = app.send(runs[0], (None,))
    if not app.wait(slow, 1, PATIENCE_S):
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    others = app.send_all(runs[1:])
    same = app.send_all([runs[0]] * 2)
    late = app.wait_all([*others, *same], 8 if arena.effort.id == "quick" else 20)
    if not late:
        app.release(app.of(slow))
        return
    _prove_that_they_waited(app, slow, late)


def _measure_room(arena: Arena, app: App) -> int:
    """Return how many deliveries a World makes at a time, as far as it is tried."""
    tried = arena.effort.scaled(60, least=12)
    sents = app.send_all(app.new_runs(tried), (None,))
    app.wait_all(sents[:1], PATIENCE_S)
    held = 0
    while len(late := app.wait_all(sents, 1)) < tried - held:
        held = tried - len(late)
    arena.record("queue-concurrency", f"{tried} or more" if held == tried else held)
    for sent in sents:
        app.plan((ACK,), sent.marker)
    app.release(app.inbox.deliveries)
    if app.wait_all(sents, PATIENCE_S):
        raise Inconclusive("messages that had to wait did not come after the others were done")
    return held


def _prove_that_they_waited(app: App, slow: Sent, late: Sequence[Sent]) -> None:
    same = sum(sent.run_id == slow.run_id for sent in late)
    app.release(app.of(slow))
    if app.wait_all(late, PATIENCE_S):
        raise Inconclusive(f"{len(late)} messages did not come at all")
    violate(
        f"while a handler worked, {len(late)} of 7 other messages ({same} of the same run) waited "
        "for it, and came once it was done"
    )
