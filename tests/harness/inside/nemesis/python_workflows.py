"""Workflows of the Python SDK, which imports this module again, in a sandbox, to replay them."""

from __future__ import annotations

import asyncio

from vercel.workflow import SandboxPolicy, Workflows  # type: ignore[import-not-found]
from world_harness_nemesis import effect, marked  # type: ignore[import-not-found]

workflows = Workflows(sandbox_policy=SandboxPolicy(share_sandboxes=True))


async def labor(step: str, key: str, ms: int, fails: int) -> str:
    async def body(entered: int, failed: int) -> str:
        await asyncio.sleep(ms / 1000)
        if failed < fails:
            raise RuntimeError(f"{key} fails on purpose")
        effect(key, "done")
        return key

    found: str = await marked(step, key, body)
    return found


@workflows.step(max_retries=3)  # type: ignore[untyped-decorator]
async def often(key: str, ms: int = 0, fails: int = 0) -> str:
    return await labor("often", key, ms, fails)


@workflows.workflow  # type: ignore[untyped-decorator]
async def in_turn(keys: list[str], ms: int = 0, fails: int = 0) -> list[str]:
    return [await often(key, ms, fails) for key in keys]


@workflows.workflow  # type: ignore[untyped-decorator]
async def together(keys: list[str]) -> list[str]:
    return list(await asyncio.gather(*(often(key) for key in keys)))
