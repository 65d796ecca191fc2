"""Both adapters speak one protocol, and survive whatever a World does."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.adapters.deliveries import ACK, ERROR, NEVER, Delivery, Inbox, retry_in
from harness.adapters.protocol import Call
from harness.adapters.values import UNDEFINED, BigInt, Other, View
from harness.adapters.world import OpenError, Refusal, WorldClient, open_world, together
from harness.programs.ports import free_port
from tests.harness.adapters.conftest import HERE, OpenOdd, StartAdapter, odd

pytestmark = pytest.mark.slow

CHUNKS = (b"\x01", b"\x02\x03", b"")

#: In JavaScript every number is a double, and a date has milliseconds.
_numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False).filter(
    lambda number: not number.is_integer()
)
_dates = st.datetimes(
    min_value=datetime(1970, 1, 1),
    max_value=datetime(2200, 1, 1),
).map(lambda date: date.replace(microsecond=date.microsecond // 1000 * 1000, tzinfo=UTC))
_leaves = st.none() | st.booleans() | st.text() | st.binary() | _numbers | _dates
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class TestOpening:
    def test_tells_what_the_world_is(self, world: WorldClient, language: str) -> None:
        opened = world.opened
        assert opened.adapter == language
        assert opened.shape == "v5"
        assert opened.spec_version == 5
        assert opened.capabilities == {"hookRetention": {"active": True}}
        assert {"events.create", "streams.write", "start"} <= set(opened.methods)
        assert "runs.get" not in opened.methods
        assert world.call("start") == "started"

    def test_gives_the_older_interface_the_shape_of_the_newer(self, open_odd: OpenOdd) -> None:
        world = open_odd("node", ODD_SHAPE="v4")
        assert world.opened.shape == "v4"
        assert world.opened.spec_version is None
        world.streams.write("wrun_1", "stream", b"\x07")
        assert world.attempt(odd("kept")).value == ["wrun_1", "stream", b"\x07"]
        assert world.read("wrun_1", "stream").chunks == CHUNKS

    @pytest.mark.parametrize(
        ("source", "name", "message"),
        [
            ("throw new Error('no license')", "LoadError", "no license"),
            ("import 'not-there'", "LoadError", "not-there"),
            ("export const = 1", "LoadError", "SyntaxError"),
            ("export const something = 1", "NoWorldError", "it exports something"),
            ("export default { events: {} }", "NoWorldError", "events.create"),
            ("export const createWorld = () => { throw new RangeError('no') }", "RangeError", "no"),
        ],
    )
    def test_tells_a_package_that_does_not_load_from_one_without_a_world(
        self, start: StartAdapter, tmp_path: Path, source: str, name: str, message: str
    ) -> None:
        module = tmp_path / "broken.mjs"
        module.write_text(source)
        with pytest.raises(OpenError) as raised:
            open_world(start("node"), entry=str(module), folder=str(tmp_path))
        assert raised.value.failure is not None
        assert raised.value.failure.name == name
        assert message in raised.value.failure.message

    @pytest.mark.parametrize(
        ("entry", "name"),
        [
            ("not_there:World", "LoadError"),
            ("odd_world:missing", "LoadError"),
            ("odd_world:nothing", "NoWorldError"),
            ("odd_world:breaks", "RuntimeError"),
        ],
    )
    def test_tells_the_same_of_python(self, start: StartAdapter, entry: str, name: str) -> None:
        with pytest.raises(OpenError) as raised:
            open_world(start("python"), entry=entry, folder=str(HERE))
        assert raised.value.failure is not None
        assert raised.value.failure.name == name

    def test_a_world_that_hangs_while_it_is_made_is_given_up(
        self, start: StartAdapter, tmp_path: Path
    ) -> None:
        module = tmp_path / "hangs.mjs"
        module.write_text("export const createWorld = () => new Promise(() => {})")
        with pytest.raises(OpenError, match="no answer within"):
            open_world(start("node"), entry=str(module), folder=str(tmp_path), limit_s=1)

    @pytest.mark.parametrize("form", ["createWorld", "createLocalWorld", "default"])
    def test_finds_the_world_in_each_of_its_places(
        self, start: StartAdapter, tmp_path: Path, form: str
    ) -> None:
        module = tmp_path / "world.mjs"
        made = "({ events: { create: async () => 'made' } })"
        module.write_text(
            f"export default {made}" if form == "default" else f"export const {form} = () => {made}"
        )
        world = open_world(start("node"), entry=str(module), folder=str(tmp_path))
        assert world.events.create() == "made"


class TestValues:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(value=_values)
    def test_come_back_as_they_were_sent(self, world: WorldClient, value: Any) -> None:
        assert world.attempt(odd("echo", value)).value == value

    def test_keep_their_kind(self, world: WorldClient) -> None:
        sent = {"$bytes": "no tag", "a": [b"", "", None, 0], "__proto__": 1}
        assert world.attempt(odd("echo", sent)).value == sent

    def test_what_json_cannot_hold(self, world: WorldClient) -> None:
        echoed = world.attempt(odd("echo", [float("inf"), float("-inf"), -0.0])).value
        assert str(echoed) == "[inf, -inf, -0.0]"
        assert str(world.attempt(odd("echo", float("nan"))).value) == "nan"
        assert world.attempt(odd("echo", BigInt(2**70))).value == BigInt(2**70)

    def test_undefined_is_like_nothing(self, open_odd: OpenOdd) -> None:
        world = open_odd("node")
        assert world.attempt(odd("echo", {"a": UNDEFINED, "b": 1})).value == {"b": 1}
        assert world.attempt(odd("echo", [UNDEFINED])).value == [UNDEFINED]

    def test_of_a_view_only_what_is_seen(self, world: WorldClient) -> None:
        assert world.attempt(odd("echo", View(b"abcdef", 2, 4))).value == b"cd"

    def test_what_is_no_data_is_named(self, world: WorldClient) -> None:
        assert isinstance(world.attempt(odd("giveFunction")).value["call"], Other)

    def test_arguments_are_changed_after_the_call(self, world: WorldClient) -> None:
        sent = {"list": [1]}
        call = odd("keep", sent)
        kept = world.attempt(Call(call.method, call.args, mutate="args"))
        assert kept.value == sent
        # The World kept what it was given, instead of a copy: that is what the change shows.
        assert world.attempt(odd("kept")).value["scrambled"] is True

    def test_answers_are_changed_after_the_call(self, world: WorldClient) -> None:
        call = odd("keep", {"list": [1]})
        assert world.attempt(Call(call.method, call.args, mutate="answer")).value == {"list": [1]}
        assert world.attempt(odd("kept")).value["list"] == [1, "scrambled"]


class TestCalls:
    def test_of_a_batch_overlap(self, world: WorldClient) -> None:
        replies = world.together(*[odd("sleep", 60)] * 8)
        assert max(reply.start for reply in replies) < min(reply.end for reply in replies)

    def test_of_a_batch_are_so_many_at_a_time(self, world: WorldClient) -> None:
        replies = world.together(*[odd("sleep", 20)] * 4, in_flight=1)
        assert all(a.end <= b.start for a, b in itertools.pairwise(replies))

    def test_of_several_processes_begin_together(self, open_odd: OpenOdd, language: str) -> None:
        worlds = [open_odd(language), open_odd(language)]
        shares = together([(world, [odd("sleep", 100)]) for world in worlds])
        replies = [reply for share in shares for reply in share]
        assert max(reply.start for reply in replies) < min(reply.end for reply in replies)

    def test_that_are_refused_say_how(self, world: WorldClient) -> None:
        with pytest.raises(Refusal, match="EntityConflictError: there is one already") as raised:
            world.call(odd("refuse").method, *odd("refuse").args)
        assert raised.value.failure.status == 409
        assert raised.value.failure.retry_after == 3

    def test_that_throw_what_is_no_error(self, open_odd: OpenOdd) -> None:
        failure = open_odd("node").attempt(odd("throwText")).failure
        assert failure is not None
        assert (failure.name, failure.non_error) == ("", "not an error")

    def test_of_a_method_that_is_not_there(self, world: WorldClient) -> None:
        failure = world.attempt(Call("runs.cancelMany")).failure
        assert failure is not None
        assert failure.name == "NoSuchMethodError"

    def test_go_on_when_the_world_prints(self, world: WorldClient) -> None:
        assert world.attempt(odd("print")).succeeded
        assert world.attempt(odd("echo", "still here")).value == "still here"
        assert "from a child" in world.process.log.read_text()

    def test_go_on_when_the_background_fails(self, world: WorldClient) -> None:
        assert world.attempt(odd("failLater")).succeeded
        world.attempt(odd("sleep", 50))
        assert world.process.unhandled
        assert world.attempt(odd("echo", 1)).value == 1

    @pytest.mark.parametrize("oddity", ["hang", "block"])
    def test_that_hang_are_lost(self, world: WorldClient, oddity: str) -> None:
        assert "no answer within" in world.attempt(odd(oddity), limit_s=0.5).lost

    def test_of_a_process_that_dies_are_lost(self, world: WorldClient) -> None:
        assert world.attempt(odd("die")).lost == "its adapter ended"
        assert world.process.await_end(10) == 7
        assert world.attempt(odd("echo", 1)).lost == "its adapter ended"

    def test_in_flight_are_lost_with_a_killed_process(self, world: WorldClient) -> None:
        pending = world.process.send(
            "call", method="events.create", args=["", {"eventType": "hang"}]
        )
        world.kill()
        assert world.finish_batch([odd("hang")], pending.wait(5))[0].lost


class TestStreams:
    def test_are_read_to_their_end(self, world: WorldClient) -> None:
        reading = world.read("wrun_1", "ends")
        assert (reading.chunks, reading.done) == (CHUNKS, True)
        assert len(reading.times) == 3

    def test_are_read_for_a_bounded_time(self, world: WorldClient) -> None:
        reading = world.read("wrun_1", "endless", for_ms=200)
        assert (reading.chunks, reading.done, reading.failure) == (CHUNKS, False, None)

    def test_are_read_until_enough_came(self, world: WorldClient) -> None:
        assert world.read("wrun_1", "endless", max_chunks=2).chunks == CHUNKS[:2]

    def test_that_break_tell_what_came_before(self, world: WorldClient) -> None:
        reading = world.read("wrun_1", "broken")
        assert reading.failure is not None
        assert "the connection is gone" in reading.failure.message
        assert reading.chunks == CHUNKS


def count_deliveries(inbox: Inbox) -> int:
    """Count them, once there are any: a sender may have its answer before they are noted."""
    return len(inbox.wait_for(bool, 5))


class TestDeliveries:
    @pytest.fixture
    def port(self) -> int:
        return free_port()

    def post(
        self, port: int, queue: str = "__wkf_workflow_a", path: str = "flow"
    ) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{port}/.well-known/workflow/v1/{path}",
            json={"runId": "wrun_1"},
            headers={"x-queue": queue},
            timeout=10,
        )

    def test_are_told_and_decided(self, world: WorldClient, port: int) -> None:
        inbox = world.serve(["__wkf_workflow_"], port)
        decisions = iter((ACK, ERROR, retry_in(3)))
        inbox.rule = lambda delivery: next(decisions)
        answers = [self.post(port) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 500, 200]
        assert answers[2].json() == {"timeoutSeconds": 3}
        first = inbox.wait_for(bool, 5)[0]
        assert (first.queue_name, first.message_id, first.attempt) == (
            "__wkf_workflow_a",
            "msg_1",
            1,
        )
        assert first.message == {"runId": "wrun_1"}
        assert inbox.settled_at(first) is not None

    def test_can_be_held(self, world: WorldClient, port: int) -> None:
        inbox = world.serve(["__wkf_workflow_"], port)
        inbox.rule = lambda delivery: None if not held else ACK
        held: list[Delivery] = []
        with httpx.Client(timeout=0.3) as client, pytest.raises(httpx.TimeoutException):
            client.post(
                f"http://127.0.0.1:{port}/.well-known/workflow/v1/flow",
                json={},
                headers={"x-queue": "__wkf_workflow_a"},
            )
        held.extend(inbox.wait_for(bool, 5))
        assert inbox.settled_at(held[0]) is None
        inbox.decide(held[0], NEVER)
        assert self.post(port).status_code == 200

    def test_of_other_queues_and_paths_are_the_handlers_affair(
        self, world: WorldClient, port: int
    ) -> None:
        inbox = world.serve(["__wkf_workflow_", "__wkf_step_"], port)
        assert self.post(port, "__wkf_step_a").status_code == 400
        assert self.post(port, "__wkf_step_a", "step").status_code == 200
        assert self.post(port, path="other").status_code == 404
        assert count_deliveries(inbox) == 1

    def test_are_cut_off_when_wanted(self, world: WorldClient, port: int) -> None:
        inbox = world.serve(["__wkf_workflow_"], port)
        world.operate("drop", connections=1)
        with pytest.raises(httpx.TransportError):
            self.post(port)
        assert self.post(port).status_code == 200
        assert count_deliveries(inbox) == 1

    def test_end_with_the_server(self, world: WorldClient, port: int) -> None:
        world.serve(["__wkf_workflow_"], port)
        world.operate("unserve")
        with pytest.raises(httpx.TransportError):
            self.post(port)
        world.serve(["__wkf_workflow_"], port)
        assert self.post(port).status_code == 200

    def test_need_a_port_of_their_own(self, open_odd: OpenOdd, language: str, port: int) -> None:
        open_odd(language).serve(["__wkf_workflow_"], port)
        with pytest.raises(Refusal, match=r"EADDRINUSE|in use"):
            open_odd(language).serve(["__wkf_workflow_"], port)


class TestEnding:
    def test_a_process_ends_by_itself(self, world: WorldClient) -> None:
        world.serve(["__wkf_workflow_"], free_port())
        assert world.leave(10) == 0

    def test_unless_the_world_keeps_it_alive(self, world: WorldClient) -> None:
        world.attempt(odd("keepAlive"))
        assert world.leave(0.5) is None

    def test_an_adapter_ends_with_its_harness(self, world: WorldClient) -> None:
        world.process._input.close()
        assert world.process.await_end(10) == 0
