"""Steps that write to one stream."""

from __future__ import annotations

from vercel.workflow import get_writable
from world_harness_nemesis import marked

from .registry import registry


@registry.step
async def write_part(part: int, lines: int, last: bool) -> int:
    """Write lines; close the stream if this is the last part."""

    async def body(entered: int, failed: int) -> int:
        writer = get_writable()
        for line in range(lines):
            await writer.write(f"{part}.{line}\n".encode())
        if last:
            await writer.close()
        return lines

    return await marked("writePart", f"part-{part}", body)


@registry.workflow
async def streaming(parts: int, lines: int) -> int:
    """Run steps that write to one stream, one after the other."""
    return sum([await write_part(part, lines, part == parts - 1) for part in range(parts)])
