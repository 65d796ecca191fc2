"""What an app of the engine suites answers.

It starts runs, wakes them, tells how they are, and lets the nemesis do what the harness asks: the
same requests as `harness/inside/node/nemesis/app.ts`, and the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .requests import REQUESTS, describe_error
from .subject import SERVICE

deliver, describe_app = SERVICE.deliver, SERVICE.describe

__all__ = ["answer", "deliver", "describe_app"]


async def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the harness asks; an error of the SDK's is an answer, too."""
    await describe_app()
    act = REQUESTS.get(request["do"])
    if act is None:
        message = f"this app does not know how to {request['do']}"
        return {"error": {"name": "UnknownRequest", "message": message}}
    try:
        return {"answer": await act(request)}
    except Exception as error:  # noqa: BLE001 - whatever is raised is the answer
        return {"error": describe_error(error)}
