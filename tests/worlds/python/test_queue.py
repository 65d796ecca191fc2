"""The queue: deliveries, acknowledgments and failures."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from harness.adapters.deliveries import ACK, ERROR, Delivery, Fate, Inbox
from harness.adapters.world import WorldClient
from harness.certification.sites import Site
from suites.conformance.calls import fresh_id
from tests.worlds.python.running import Place

pytestmark = pytest.mark.slow

TOPIC, PREFIX = "__wkf_workflow_w", "__wkf_workflow_"
ROUTE = "/.well-known/workflow/v1/flow"
LEASE_S = 1.0
#: A wait that long means that something is wrong.
WITHIN_S = 30.0


def serve(site: Site, port: int, **env: str) -> tuple[WorldClient, Inbox]:
    world = site.open(port=port, env={"WORKFLOW_QUEUE_LEASE_SECONDS": str(LEASE_S), **env})
    return world, world.serve([PREFIX], port)


def send(world: WorldClient, **options: Any) -> str:
    message = {"runId": fresh_id("wrun")}
    return str(world.call("queue", TOPIC, message, options)["messageId"])


def expect(inbox: Inbox, count: int) -> tuple[Delivery, ...]:
    came = inbox.wait_for(lambda items: len(items) >= count, WITHIN_S)
    assert len(came) == count
    return came


def test_without_a_server_messages_stay_in_the_process(place: Place) -> None:
    assert place.run("run_in_process") == 10


def test_messages_of_a_killed_process_are_delivered_again(
    site: Site, free_ports: list[int]
) -> None:
    first, inbox = serve(site, free_ports[0])
    inbox.rule = lambda delivery: None
    message_id = send(first)
    expect(inbox, 1)
    second, other = serve(site, free_ports[1])
    first.process.kill()
    killed = time.time() * 1000
    (again,) = expect(other, 1)
    assert (again.message_id, again.attempt) == (message_id, 2)
    assert again.at - killed < 10 * LEASE_S * 1000
    assert second.opened.shape == "py"


def test_a_running_handler_keeps_its_message_longer_than_the_lease(
    site: Site, free_ports: list[int]
) -> None:
    world, inbox = serve(site, free_ports[0])
    serve(site, free_ports[1])
    inbox.rule = lambda delivery: None
    send(world)
    (delivery,) = expect(inbox, 1)
    inbox.wait_for(lambda items: len(items) > 1, 3 * LEASE_S)
    inbox.decide(delivery, ACK)
    assert len(inbox.deliveries) == 1


def test_a_message_that_always_fails_is_set_aside_and_frees_its_key(
    site: Site, free_ports: list[int]
) -> None:
    world, inbox = serve(site, free_ports[0], WORKFLOW_QUEUE_MAX_ATTEMPTS="2")
    inbox.rule = lambda delivery: ERROR
    first = send(world, idempotencyKey="key")
    assert [item.attempt for item in expect(inbox, 2)] == [1, 2]
    inbox.wait_for(lambda items: len(items) > 2, 3.0)
    assert len(inbox.deliveries) == 2
    inbox.rule = lambda delivery: ACK
    assert send(world, idempotencyKey="key") != first
    expect(inbox, 3)


def test_a_key_is_taken_until_its_message_is_consumed(site: Site, free_ports: list[int]) -> None:
    world, inbox = serve(site, free_ports[0])
    inbox.rule = lambda delivery: None
    first = send(world, idempotencyKey="key")
    (delivery,) = expect(inbox, 1)
    assert send(world, idempotencyKey="key") == first
    inbox.rule = lambda delivery: ACK
    inbox.decide(delivery, Fate("retry", 0.1))
    expect(inbox, 2)
    inbox.wait_for(lambda items: inbox.settled_at(items[-1]) is not None, WITHIN_S)
    deadline = time.monotonic() + WITHIN_S
    while send(world, idempotencyKey="key") == first and time.monotonic() < deadline:
        time.sleep(0.05)
    expect(inbox, 3)


@pytest.mark.parametrize("signature", [None, "00" * 32])
def test_an_unsigned_request_does_not_reach_the_handler(
    site: Site, free_ports: list[int], signature: str | None
) -> None:
    _, inbox = serve(site, free_ports[0])
    headers = {
        "x-vqs-queue-name": TOPIC,
        "x-vqs-message-id": fresh_id("msg"),
        "x-vqs-message-attempt": "1",
        **({"x-workflow-signature": signature} if signature else {}),
    }
    body = json.dumps({"runId": fresh_id("wrun")}).encode()
    url = f"http://127.0.0.1:{free_ports[0]}{ROUTE}"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, body, headers))
    refused.value.close()
    assert refused.value.code == 401
    assert not inbox.deliveries


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>"), (200, "{}"), (200, '{"ok": false}'), (204, ""), (404, "Not Found")],
)
def test_only_a_response_of_the_handler_acknowledges_a_message(
    place: Place, status: int, body: str
) -> None:
    found = place.run("deliver_to_foreign_server", status, body)
    assert found["left"] == 3
    (noted,) = found["noted"]
    assert f"responds with {status}" in noted
    (logged,) = found["logged"]
    assert "WORKFLOW_BASE_URL" in logged
    assert f"responds with {status}" in logged


def test_a_response_of_the_handler_acknowledges_a_message(place: Place) -> None:
    found = place.run("deliver_to_foreign_server", 200, '{"ok": true}')
    assert (found["left"], found["logged"]) == (0, [])


def test_connections_use_keep_alive_but_no_time_limit_for_handlers(place: Place) -> None:
    found = place.run("list_options")
    peers = {"app": found["app"], **({"database": found["database"]} if found["database"] else {})}
    assert bool(found["database"]) == (place.site.subject.id == "postgres")
    for options in peers.values():
        assert options["SO_KEEPALIVE"]
        asked = options["TCP_KEEPIDLE"] + options["TCP_KEEPCNT"] * options["TCP_KEEPINTVL"]
        assert asked <= 60
    # An app that is busy may leave a large message unread for as long as it likes.
    assert not found["app"]["TCP_USER_TIMEOUT"]
    assert not found["database"] or found["database"]["TCP_USER_TIMEOUT"]


def test_a_repeated_heartbeat_transaction_frees_no_leased_message(place: Place) -> None:
    assert place.run("repeat_transactions") == ["worker", "none"]
