"""A workflow that adds numbers in steps."""

from __future__ import annotations

from vercel.workflow import SandboxPolicy, Workflows, sleep  # type: ignore[import-not-found]

wf = Workflows(sandbox_policy=SandboxPolicy(share_sandboxes=True))


@wf.step  # type: ignore[untyped-decorator]
async def add(left: int, right: int) -> int:
    return left + right


@wf.workflow  # type: ignore[untyped-decorator]
async def count(steps: int) -> int:
    total = 0
    for number in range(steps):
        total = await add(total, number)
    await sleep(1)
    return total
