"""Against a real server that stalls: an open loop shows in all runs what a closed one hides."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import msgspec
import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.load import generator
from harness.load.arrivals import Arrival, plan_arrivals
from harness.load.generator import Answered, generate
from harness.programs.ports import free_port
from harness.results.records import Load, LoadStage

pytestmark = pytest.mark.slow

STALL_S = 1.0
PLAN = Load(stages=(LoadStage(kind="steady", rate=40, seconds=2.5),), arrivals="constant")
SHORT = Load(stages=(LoadStage(kind="steady", rate=20, seconds=0.5),), arrivals="constant")
REPLY = msgspec.json.encode(SampleReply(outcome="completed", called_at_ms=0.0))


class Stalling(BaseHTTPRequestHandler):
    """Answers at once, but for a while in which it does not answer."""

    protocol_version = "HTTP/1.1"
    begins = 0.0
    answers: tuple[int, bytes] = (200, REPLY)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        since = time.monotonic() - Stalling.begins
        if 0 <= since < STALL_S:
            time.sleep(STALL_S - since)
        status, content = self.answers
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


@pytest.fixture
def base_url() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Stalling) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def make(arrival: Arrival) -> SampleRequest:
    return SampleRequest(workflow="any", arguments=(), timeout_ms=20_000)


def load(base_url: str) -> list[Answered]:
    answered: list[Answered] = []
    Stalling.begins = time.monotonic() + 0.7
    asyncio.run(generate(base_url, {}, plan_arrivals(PLAN, 1), make, answered.append))
    return answered


def wait_for_each(base_url: str) -> list[float]:
    """Do the same in a closed loop: the next run starts when the one before has ended."""
    latencies = []
    Stalling.begins = time.monotonic() + 0.7
    ends = time.monotonic() + 2.5
    with httpx.Client(base_url=base_url) as client:
        while time.monotonic() < ends:
            began = time.monotonic()
            client.post("/", content=b"{}")
            latencies.append((time.monotonic() - began) * 1000)
            time.sleep(0.025)
    return latencies


def test_a_stall_is_seen_by_every_run_that_was_to_start_in_it(base_url: str) -> None:
    answered = load(base_url)
    assert len(answered) == len(plan_arrivals(PLAN, 1))
    latencies = [item.latency_ms or 0.0 for item in answered]
    waited = [latency for latency in latencies if latency > STALL_S * 250]
    # 40 starts fall into the stall; three quarters of them wait for more than a quarter of it.
    assert len(waited) >= 20
    assert max(latencies) > STALL_S * 800


def test_a_closed_loop_would_hide_it(base_url: str) -> None:
    waited = [latency for latency in wait_for_each(base_url) if latency > STALL_S * 250]
    assert len(waited) <= 2


def test_what_is_sent_late_is_measured_from_when_it_was_due(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stalling.begins = time.monotonic() + 600
    answered: list[Answered] = []

    async def block() -> None:
        loop = asyncio.get_running_loop()
        # The generator's own process is busy for a while, as a slow machine would make it.
        loop.call_later(0.2, time.sleep, 0.5)

    asyncio.run(generate(base_url, {}, plan_arrivals(PLAN, 1), make, answered.append, begin=block))
    late = [item for item in answered if item.late_ms > 100]
    assert len(late) >= 10
    assert all((item.latency_ms or 0.0) >= item.late_ms for item in late)


def test_a_missing_server_is_reported_once_for_each_run() -> None:
    place = f"http://127.0.0.1:{free_port()}"
    answered: list[Answered] = []
    arrivals = plan_arrivals(SHORT, 1)
    asyncio.run(generate(place, {}, arrivals, make, answered.append))
    assert sorted(item.arrival.index for item in answered) == list(range(len(arrivals)))
    assert {item.latency_ms for item in answered} == {None}
    assert all("connection" in item.error for item in answered)
    # Their connections failed, so they have ended.
    assert all((item.failed_ms or 0.0) > 0 for item in answered)


@pytest.mark.parametrize(
    "answers", [(503, b"no room"), (200, b"<html>"), (200, b'{"outcome": "\xff"}')]
)
def test_what_is_no_answer_of_an_app_has_ended_and_has_no_latency(
    answers: tuple[int, bytes], base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stalling, "answers", answers)
    answered: list[Answered] = []
    asyncio.run(generate(base_url, {}, plan_arrivals(SHORT, 1), make, answered.append))
    assert len(answered) == len(plan_arrivals(SHORT, 1))
    assert {item.latency_ms for item in answered} == {None}
    assert all((item.failed_ms or 0.0) >= item.late_ms for item in answered)


def test_a_run_without_an_answer_has_ended_when_its_time_is_over(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "_GRACE_S", 0.0)
    monkeypatch.setattr(Stalling, "begins", time.monotonic())
    one = Load(stages=(LoadStage(kind="steady", rate=20, seconds=0.1),), arrivals="constant")
    answered: list[Answered] = []

    def make_short(arrival: Arrival) -> SampleRequest:
        return msgspec.structs.replace(make(arrival), timeout_ms=200)

    asyncio.run(generate(base_url, {}, plan_arrivals(one, 1), make_short, answered.append))
    assert [item.reply for item in answered] == [None]
    assert (answered[0].failed_ms or 0.0) >= 200
