"""Answers: correct answers pass, and every wrong answer that a World can cause fails.

That the expectations agree with the workflows is proved where the real workflows run
(`tests/sdk`); here each expectation is shown what it must refuse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from harness.deployments.client import ChunkMark, SampleReply, StreamReply
from harness.descriptions import Catalog, Scenario
from harness.errors import DescriptionError
from suites import workflows
from suites.workflows.bench import answers
from suites.workflows.bench.answers import EXPECTATIONS


def reply(answer: Any, *streams: StreamReply) -> SampleReply:
    return SampleReply(outcome="completed", called_at_ms=0.0, answer=answer, streams=streams)


def stream(content: bytes) -> StreamReply:
    digest = hashlib.sha256(content).hexdigest()
    return StreamReply(ended_at_ms=1.0, bytes=len(content), digests=(digest,))


def verdict(expects: str, arguments: tuple[Any, ...], given: SampleReply) -> str | None:
    return EXPECTATIONS[expects](arguments, given)


@pytest.mark.parametrize(
    ("expects", "arguments", "right", "wrong"),
    [
        ("echo", (7,), 7, [8, None, "7", [7]]),
        ("sum", (10,), 45, [44, 55, 0, None, "45"]),
        ("sum_to", (10,), 55, [45, 54, None, "55"]),
        ("range", (3,), [0, 1, 2], [[0, 2, 1], [0, 1], [0, 1, 2, 3], [0, 0, 0], None]),
        ("one_of_range", (3,), 2, [3, -1, None, "1", 1.5, True]),
    ],
)
def test_values(expects: str, arguments: tuple[Any, ...], right: Any, wrong: list[Any]) -> None:
    assert verdict(expects, arguments, reply(right)) is None
    for answer in wrong:
        assert verdict(expects, arguments, reply(answer)), answer


class TestPayloads:
    """The alphabet's arithmetic, in plain Python, as the workflows do it."""

    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"

    def payload(self, seed: int, size: int) -> str:
        places = [((index + seed) * 2654435761 % 2**32) >> 27 for index in range(size)]
        return "".join(self.letters[place] for place in places)

    def chain(self, count: int, size: int, seed: int) -> str:
        payload = self.payload(seed, size)
        for index in range(count):
            step = 1 + index % 31
            payload = "".join(
                self.letters[(self.letters.index(letter) + step) % 32] for letter in payload
            )
        return hashlib.sha256(payload.encode()).hexdigest()

    @pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
    def test_the_last_of_a_chain(self, seed: int) -> None:
        arguments = (40, 500, seed)
        assert verdict("last_payload_digest", arguments, reply(self.chain(40, 500, seed))) is None

    @pytest.mark.parametrize("count", [39, 41])
    def test_a_chain_with_a_step_lost_or_doubled_is_wrong(self, count: int) -> None:
        assert verdict("last_payload_digest", (40, 500, 7), reply(self.chain(count, 500, 7)))

    def test_an_earlier_runs_payload_is_wrong(self) -> None:
        assert verdict("last_payload_digest", (40, 500, 7), reply(self.chain(40, 500, 8)))

    def digests(self, count: int, seed: int) -> list[str]:
        payloads = (self.payload(seed + index, 500) for index in range(count))
        return [hashlib.sha256(payload.encode()).hexdigest() for payload in payloads]

    def test_concurrent_payloads(self) -> None:
        assert verdict("payload_digests", (5, 500, 7), reply(self.digests(5, 7))) is None

    @pytest.mark.parametrize("damage", ["swap", "repeat", "lose", "add"])
    def test_one_damaged_of_many_is_wrong(self, damage: str) -> None:
        digests = self.digests(5, 7)
        damaged = {
            "swap": [digests[1], digests[0], *digests[2:]],
            "repeat": [digests[0], digests[0], *digests[2:]],
            "lose": digests[:4],
            "add": [*digests, digests[4]],
        }[damage]
        assert verdict("payload_digests", (5, 500, 7), reply(damaged))

    def test_an_answer_that_is_not_a_list_is_wrong(self) -> None:
        assert verdict("payload_digests", (5, 500, 7), reply(None))


class TestStreams:
    def source(self, seed: int, total: int) -> bytes:
        start = seed * 40503
        return bytes(((index + start) * 2654435761 % 2**32) >> 24 for index in range(total))

    def lines(self, count: int, width: int) -> bytes:
        filled = ((f"{n}:" + "abcdefghij" * width)[: width - 1] + "\n" for n in range(count))
        return "".join(filled).encode()

    def test_lines(self) -> None:
        assert verdict("lines", (50, 100), reply(50, stream(self.lines(50, 100)))) is None

    def moved(self, content: bytes, places: int) -> bytes:
        return bytes((byte + places) % 256 for byte in content)

    def test_a_pipeline(self) -> None:
        content = self.moved(self.source(3, 1000), 1 + 2 + 3 + 4 + 5)
        assert verdict("pipeline", (5, 1000, 3), reply(5, stream(content))) is None

    def test_a_pipeline_that_skipped_a_step_is_wrong(self) -> None:
        content = self.moved(self.source(3, 1000), 1 + 2 + 3 + 4)
        assert verdict("pipeline", (5, 1000, 3), reply(5, stream(content)))

    def test_sources(self) -> None:
        streams = [stream(self.source(3 + index, 1000)) for index in range(4)]
        assert verdict("sources", (4, 1000, 3), reply(4, *streams)) is None

    def test_two_swapped_streams_are_wrong(self) -> None:
        first, second = (stream(self.source(3 + index, 1000)) for index in range(2))
        assert verdict("sources", (2, 1000, 3), reply(2, second, first))

    def merged(self, count: int = 3, total: int = 1000, frames: int = 1) -> StreamReply:
        digests = tuple(
            hashlib.sha256(self.source(3 + index, total)).hexdigest() for index in range(count)
        )
        size = count * (total + 5 * frames)
        return StreamReply(ended_at_ms=1.0, bytes=size, digests=digests)

    @pytest.mark.parametrize("frames", [1, 2, 7])
    def test_a_merged_stream_is_correct_with_any_number_of_frames(self, frames: int) -> None:
        merged = self.merged(frames=frames)
        assert verdict("merged", (3, 1000, 3), reply(3, merged)) is None

    @pytest.mark.parametrize("bytes_off", [-1, 1, -15, 4])
    def test_a_merged_stream_of_another_length_is_wrong(self, bytes_off: int) -> None:
        merged = self.merged()
        cut = msgspec.structs.replace(merged, bytes=merged.bytes + bytes_off)
        assert verdict("merged", (3, 1000, 3), reply(3, cut))

    @pytest.mark.parametrize(
        ("bytes_off", "told"),
        [
            (-1, "fewer than 3 x 1000"),
            (4, "which no 3 x 1000 make"),
            (262_146, "which no 3 x 1000 make"),
        ],
    )
    def test_a_merged_stream_says_whether_it_held_too_little_or_too_much(
        self, bytes_off: int, told: str
    ) -> None:
        merged = self.merged()
        other = msgspec.structs.replace(merged, bytes=merged.bytes + bytes_off)
        wrong = verdict("merged", (3, 1000, 3), reply(3, other))
        assert wrong == f"the merged stream held {other.bytes} bytes, {told}"

    def test_a_merged_stream_with_blocks_too_many_says_so(self) -> None:
        """Five blocks with their headers look like as many headers of small frames."""
        merged = self.merged()
        doubled = msgspec.structs.replace(
            merged, bytes=merged.bytes + 5 * (262_144 + 5), digests=("other",) * 3
        )
        wrong = verdict("merged", (3, 1000, 3), reply(3, doubled))
        assert wrong == f"the merged stream held {doubled.bytes} bytes, too many for 3 x 1000"

    def test_a_merged_stream_that_lost_a_source_is_wrong(self) -> None:
        merged = self.merged()
        lost = msgspec.structs.replace(merged, digests=(merged.digests[0], None, merged.digests[2]))
        assert verdict("merged", (3, 1000, 3), reply(3, lost))

    @pytest.mark.parametrize(
        ("expects", "arguments", "content"),
        [
            ("lines", (50, 100), lambda self: self.lines(50, 100)),
            ("pipeline", (0, 1000, 3), lambda self: self.source(3, 1000)),
            ("sources", (1, 1000, 3), lambda self: self.source(3, 1000)),
        ],
    )
    def test_a_damaged_stream_is_wrong(
        self, expects: str, arguments: tuple[int, ...], content: Callable[[Any], bytes]
    ) -> None:
        right = content(self)
        flipped = bytes([right[0] ^ 1]) + right[1:]
        for damaged in (right[:-1], right + b"x", flipped, right[::-1], b""):
            assert verdict(expects, arguments, reply(arguments[0], stream(damaged))), damaged[:20]

    @pytest.mark.parametrize("expects", ["lines", "pipeline", "sources", "merged"])
    def test_a_stream_that_is_missing_is_wrong(self, expects: str) -> None:
        arguments = (50, 100) if expects == "lines" else (1, 1000, 3)
        assert verdict(expects, arguments, reply(arguments[0]))

    @pytest.mark.parametrize("expects", ["lines", "pipeline", "sources", "merged"])
    def test_a_wrong_answer_of_the_run_is_wrong_despite_correct_streams(self, expects: str) -> None:
        arguments = (50, 100) if expects == "lines" else (1, 1000, 3)
        right = stream(self.lines(50, 100) if expects == "lines" else self.source(3, 1000))
        assert verdict(expects, arguments, reply("something else", right))


def test_every_scenario_can_be_checked(catalog: Catalog) -> None:
    assert {scenario.expects for scenario in catalog.scenarios.values()} == set(EXPECTATIONS)


def test_an_unknown_expectation_is_an_error_that_names_the_known(catalog: Catalog) -> None:
    scenario: Scenario = msgspec.structs.replace(catalog.scenarios["no-steps"], expects="luck")
    with pytest.raises(DescriptionError, match="echo"):
        workflows.BENCH.check_answer(scenario, (1,), reply(1))


def test_a_long_wrong_answer_is_shortened() -> None:
    wrong = verdict("echo", (1,), reply("x" * 1000))
    assert wrong is not None
    assert len(wrong) < 200
    assert answers._shorten("x" * 1000).endswith("…")


class TestPacedStream:
    """Lines of number, time of writing and filling; the digest leaves the times out."""

    def read(self, *numbers: int, width: int = 40) -> SampleReply:
        stamp = len("1796055609314.394")
        filling = "abcdefghij" * width
        lines = [
            f"{number}::{filling[: width - len(f'{number}:') - stamp - 2]}\n" for number in numbers
        ]
        chunks = (ChunkMark(written_at_ms=1.0, arrived_at_ms=2.0),) * len(numbers)
        given = StreamReply(
            ended_at_ms=1.0,
            bytes=width * len(numbers),
            digests=(hashlib.sha256("".join(lines).encode()).hexdigest(),),
            chunks=chunks,
        )
        return reply(3, given)

    def test_every_line_in_order_is_right(self) -> None:
        assert verdict("paced", (3, 40, 20), self.read(0, 1, 2)) is None

    @pytest.mark.parametrize("numbers", [(0, 1), (0, 2, 1), (0, 1, 1), (0, 1, 2, 2), ()])
    def test_lost_repeated_or_swapped_line_is_wrong(self, numbers: tuple[int, ...]) -> None:
        assert verdict("paced", (3, 40, 20), self.read(*numbers))

    def test_stream_without_times_is_wrong(self) -> None:
        (whole,) = self.read(0, 1, 2).streams
        bare = msgspec.structs.replace(whole, chunks=())
        assert verdict("paced", (3, 40, 20), reply(3, bare)) == "0 lines were read instead of 3"
