"""Steps that write and read the run's streams.

Steps of the Python SDK cannot take or return a readable stream. Where the TypeScript workflows pass
a stream, these pass its name, and the step that reads it begins after the step that writes it has
ended.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator

from vercel.workflow import Run, get_run, get_workflow_metadata, get_writable
from world_harness_bench_app.marks import marked
from world_harness_bench_app.probe import probe

from .lanes import mix
from .registry import registry

# Every chunk costs at least one World call; four per megabyte keep ten streams fast enough.
_CHUNK_BYTES = 262_144


def _blocks(seed: int, total: int) -> Iterator[bytes]:
    """Yield the blocks of a source, which depend only on the seed and the position."""
    for start in range(0, total, _CHUNK_BYTES):
        yield mix(start + seed * 40503, min(_CHUNK_BYTES, total - start))


def _own_run() -> Run[None]:
    return get_run(get_workflow_metadata().run_id)


@registry.step
async def write_lines(count: int, width: int) -> None:
    """Write lines to the run's stream."""
    with marked():
        fill = "abcdefghij" * width
        async with get_writable() as writer:
            for index in range(count):
                await writer.write(f"{f'{index}:{fill}'[: width - 1]}\n".encode())


@registry.step
async def write_paced(count: int, width: int, pace_ms: int) -> None:
    """Write lines of `<number>:<time of writing>:<filling>`, each when its turn has come."""
    with marked():
        fill = "abcdefghij" * width
        async with get_writable() as writer:
            began_at_ms = probe.now()
            for index in range(count):
                early_ms = began_at_ms + index * pace_ms - probe.now()
                if early_ms > 0:
                    await asyncio.sleep(early_ms / 1000)
                line = f"{index}:{probe.now():.3f}:{fill}"[: width - 1]
                await writer.write(f"{line}\n".encode())


@registry.step
async def open_source(name: str, seed: int, total: int) -> str:
    """Write a source to a stream of the run; return the name of the stream."""
    with marked():
        async with get_writable(namespace=name) as writer:
            for chunk in _blocks(seed, total):
                await writer.write(chunk)
        return name


@registry.step
async def transform(source: str, name: str, places: int) -> str:
    """Read one stream, shift each byte, and write another; return the other's name."""
    with marked():
        moved = bytes((byte + places) % 256 for byte in range(256))
        async with get_writable(namespace=name) as writer:
            async for chunk in _own_run().readable_bytes(namespace=source):
                await writer.write(chunk.translate(moved))
        return name


@registry.step
async def publish(source: str) -> None:
    """Copy a stream to the run's main stream."""
    with marked():
        async with get_writable() as writer:
            async for chunk in _own_run().readable_bytes(namespace=source):
                await writer.write(chunk)


@registry.step
async def merge(sources: list[str]) -> None:
    """Merge sources into frames of source index, uint32 length and bytes."""
    with marked():
        async with get_writable() as writer:

            async def copy(index: int, source: str) -> None:
                async for chunk in _own_run().readable_bytes(namespace=source):
                    await writer.write(struct.pack(">BI", index, len(chunk)) + chunk)

            await asyncio.gather(*(copy(index, name) for index, name in enumerate(sources)))


@registry.workflow
async def line_stream(count: int, width: int) -> int:
    """Run one step that writes `count` lines of `width` bytes to the run's stream."""
    await write_lines(count, width)
    return count


@registry.workflow
async def paced_stream(count: int, width: int, pace_ms: int) -> int:
    """Run one step that writes `count` lines of `width` bytes, one every `pace_ms`."""
    await write_paced(count, width, pace_ms)
    return count


@registry.workflow
async def stream_pipeline(count: int, total: int, seed: int) -> int:
    """Pass `total` bytes through `count` steps; each reads the stream of the previous one."""
    stream = await open_source("stage-0", seed, total)
    for index in range(count):
        stream = await transform(stream, f"stage-{index + 1}", 1 + index)
    await publish(stream)
    return count


@registry.workflow
async def parallel_streams(count: int, total: int, seed: int) -> int:
    """Run `count` steps at once, each of which writes `total` bytes to a separate stream."""
    await asyncio.gather(
        *(open_source(f"source-{index}", seed + index, total) for index in range(count))
    )
    return count


@registry.workflow
async def merged_streams(count: int, total: int, seed: int) -> int:
    """Merge `count` source streams of `total` bytes into the run's stream, in one step."""
    sources = await asyncio.gather(
        *(open_source(f"source-{index}", seed + index, total) for index in range(count))
    )
    await merge(list(sources))
    return count
