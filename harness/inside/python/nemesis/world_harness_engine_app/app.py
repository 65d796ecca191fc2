"""The requests that an app of the engine suites answers.

It starts runs, wakes them, reports their status, and controls the nemesis. The requests and answers
are the same as in `harness/inside/node/nemesis/app.ts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .requests import REQUESTS, describe_error
from .subject import SERVICE

deliver, describe_app = SERVICE.deliver, SERVICE.describe

__all__ = ["answer", "deliver", "describe_app"]


async def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a request of the harness; an error of the SDK becomes the answer."""
    await describe_app()
    act = REQUESTS.get(request["do"])
    if act is None:
        message = f"this app does not know how to {request['do']}"
        return {"error": {"name": "UnknownRequest", "message": message}}
    try:
        return {"answer": await act(request)}
    except Exception as error:  # noqa: BLE001 - whatever is raised is the answer
        return {"error": describe_error(error)}
