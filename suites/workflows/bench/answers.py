"""Checks the answer of each workflow: speed counts only if the answer is right.

Each function takes the arguments of a run and the app's reply. It returns what is wrong, or `None`.
It recomputes the expected value in Python, and never takes it from the app. Only the harness uses
this file; apps do not contain it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.deployments.apps import Expectation
from harness.deployments.client import SampleReply, StreamReply

_LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", dtype=np.uint8)
_SPREAD = np.uint32(2654435761)
#: Size of a frame's header in a merged stream, in bytes: source index and length.
_FRAME_HEAD = 5
#: Size of a block of a source, in bytes, as in `suites/workflows/bench/streams.ts`.
_BLOCK = 262_144


def _compare(expected: object, got: object) -> str | None:
    return None if expected == got else f"answered {_shorten(got)} instead of {_shorten(expected)}"


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _echo(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    return _compare(arguments[0], reply.answer)


def _sum(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    return _compare(sum(range(arguments[0])), reply.answer)


def _sum_to(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    return _compare(sum(range(arguments[0] + 1)), reply.answer)


def _range(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    return _compare(list(range(arguments[0])), reply.answer)


def _one_of_range(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    answer = reply.answer
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < arguments[0]:
        return None
    return f"answered {_shorten(answer)}, which none of the {arguments[0]} steps returned"


def _letters(seed: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return a payload's letters, as indexes into the alphabet."""
    mixed = (np.arange(size, dtype=np.uint32) + np.uint32(seed)) * _SPREAD
    return (mixed >> np.uint32(27)).astype(np.uint8)


def _digest_letters(places: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> str:
    return hashlib.sha256(_LETTERS[places].tobytes()).hexdigest()


def _last_payload_digest(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    count, size, seed = arguments
    moved = sum(1 + index % 31 for index in range(count)) % len(_LETTERS)
    places = (_letters(seed, size) + np.uint8(moved)) % np.uint8(len(_LETTERS))
    return _compare(_digest_letters(places), reply.answer)


def _payload_digests(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    count, size, seed = arguments
    expected = [_digest_letters(_letters(seed + index, size)) for index in range(count)]
    if not isinstance(reply.answer, list) or len(reply.answer) != count:
        return f"answered {_shorten(reply.answer)} instead of {count} payloads"
    wrong = [index for index in range(count) if expected[index] != reply.answer[index]]
    return f"payloads {_shorten(wrong)} of {count} are not what was sent" if wrong else None


def _source(seed: int, total: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return the bytes of a stream's source."""
    start = np.uint32((seed * 40503) % 2**32)
    mixed = (np.arange(total, dtype=np.uint32) + start) * _SPREAD
    return (mixed >> np.uint32(24)).astype(np.uint8)


def _compare_stream(stream: StreamReply, size: int, digests: Sequence[str]) -> str | None:
    if stream.bytes != size:
        return f"a stream held {stream.bytes} bytes instead of {size}"
    if list(stream.digests) != list(digests):
        return f"a stream of {size} bytes held other bytes than were written"
    return None


def _compare_streams(reply: SampleReply, contents: Sequence[bytes]) -> str | None:
    if len(reply.streams) != len(contents):
        return f"{len(reply.streams)} streams were read instead of {len(contents)}"
    verdicts = (
        _compare_stream(stream, len(content), [hashlib.sha256(content).hexdigest()])
        for stream, content in zip(reply.streams, contents, strict=True)
    )
    return next(filter(None, verdicts), None)


def _lines(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    count, width = arguments
    fill = "abcdefghij" * width
    lines = []
    for index in range(count):
        head = f"{index}:"
        lines.append((head + fill)[: width - 1] + "\n")
    return _compare(count, reply.answer) or _compare_streams(reply, ["".join(lines).encode()])


#: Width of a time in a paced stream: `1796055609314.394`.
_STAMP = 17


def _paced(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    """Check a stream whose lines have the time at which they were written: all but the times."""
    count, width, _ = arguments
    fill = "abcdefghij" * width
    heads = [f"{index}:" for index in range(count)]
    lines = [f"{head}:{fill[: width - len(head) - _STAMP - 2]}\n" for head in heads]
    wrong = _compare(count, reply.answer)
    if wrong or len(reply.streams) != 1:
        return wrong or f"{len(reply.streams)} streams were read instead of 1"
    (stream,) = reply.streams
    if len(stream.chunks) != count:
        return f"{len(stream.chunks)} lines were read instead of {count}"
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return _compare_stream(stream, count * width, [digest])


def _pipeline(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    count, total, seed = arguments
    moved = np.uint8(sum(range(1, count + 1)) % 256)
    content = (_source(seed, total) + moved).tobytes()
    return _compare(count, reply.answer) or _compare_streams(reply, [content])


def _sources(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    count, total, seed = arguments
    contents = [_source(seed + index, total).tobytes() for index in range(count)]
    return _compare(count, reply.answer) or _compare_streams(reply, contents)


def _merged(arguments: Sequence[Any], reply: SampleReply) -> str | None:
    count, total, seed = arguments
    digests = [
        hashlib.sha256(_source(seed + index, total).tobytes()).hexdigest() for index in range(count)
    ]
    # A World may split a source's stream into different chunks, but adds no bytes: only the number
    # of frame headers can differ.
    wrong = _compare(count, reply.answer)
    if wrong or len(reply.streams) != 1:
        return wrong or f"{len(reply.streams)} streams were read instead of 1"
    stream = reply.streams[0]
    least = count * (total + _FRAME_HEAD * -(-total // _BLOCK))
    told = f"the merged stream held {stream.bytes} bytes"
    if stream.bytes < least:
        return f"{told}, fewer than {count} x {total}"
    if (stream.bytes - least) % _FRAME_HEAD:
        return f"{told}, which no {count} x {total} make"
    wrong = _compare_stream(stream, stream.bytes, digests)
    # Whole blocks too many can look like the headers of many small frames.
    if wrong and stream.bytes >= least + _BLOCK:
        return f"{told}, too many for {count} x {total}"
    return wrong


#: Name in the `expects` of a scenario -> check.
EXPECTATIONS: dict[str, Expectation] = {
    "echo": _echo,
    "sum": _sum,
    "sum_to": _sum_to,
    "range": _range,
    "one_of_range": _one_of_range,
    "last_payload_digest": _last_payload_digest,
    "payload_digests": _payload_digests,
    "lines": _lines,
    "paced": _paced,
    "pipeline": _pipeline,
    "sources": _sources,
    "merged": _merged,
}
