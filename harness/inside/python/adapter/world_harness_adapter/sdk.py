"""A World of the Python SDK (`vercel-workflow`), called by the names on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .binding import Deliver, Handler

_DISTRIBUTION = "vercel-workflow"


class Request:
    """An HTTP request as the SDK's handlers require it."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        self.method = "POST"
        self.url = "/.well-known/workflow/v1/flow"
        self.headers = headers
        self._body = body

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Give the body, in one piece."""
        yield self._body


class SdkWorld:
    """Binds a `World` of the SDK."""

    shape = "py"
    capabilities: Mapping[str, Any] = {}

    def __init__(self, world: Any) -> None:
        # Imported late: a World that does not use the SDK must also open without an SDK.
        from world_harness_sdk import interface

        self._world = world
        self._interface = interface
        self.spec_version: int | None = interface.SPEC_VERSION_CURRENT
        self.package = getattr(world, "package", None) or (_DISTRIBUTION, _find_version())
        self._calls: dict[str, Callable[..., Any]] = {
            "runs.get": self._get_run,
            "steps.get": self._get_step,
            "hooks.getByToken": self._get_hook,
            "events.create": self._create_event,
            "events.list": self._list_events,
            "streams.write": world.streams_write,
            "streams.writeMulti": world.streams_write_multi,
            "streams.close": world.streams_close,
            "streams.list": world.streams_list,
            "streams.getChunks": self._get_chunks,
            "streams.getInfo": self._get_info,
            "queue": self._queue,
            "getDeploymentId": world.get_deployment_id,
            **{
                name: getattr(world, method)
                for name, method in (("start", "start"), ("close", "aclose"))
                if hasattr(world, method)
            },
        }
        self.methods = tuple(self._calls)

    async def perform(self, method: str, args: list[Any]) -> Any:
        """Call a method and return its answer."""
        return await self._calls[method](*args)

    def read_stream(self, run_id: str, name: str, start_index: int | None) -> AsyncIterator[bytes]:
        """Read a stream live."""
        stream: AsyncIterator[bytes] = self._world.streams_get(run_id, name, start_index)
        return stream

    def create_queue_handler(self, prefix: str, deliver: Deliver) -> Handler:
        """Return the handler of the queue's route; the SDK's own delivery does not use it."""
        continuation = self._interface.QueueContinuation

        async def handle(message: Any, *, attempt: Any, queue_name: str, message_id: str) -> Any:
            seconds = await deliver(message, attempt, queue_name, message_id)
            return None if seconds is None else continuation(delay_seconds=seconds)

        handler = self._world.create_queue_handler(prefix, handle)

        async def answer(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            response = await handler(Request(headers, body))
            return response.status, response.body

        return answer

    async def _get_run(self, run_id: str, options: Any = None) -> Any:
        return _dump(await self._world.runs_get(run_id))

    async def _get_step(self, run_id: str, step_id: str, options: Any = None) -> Any:
        return _dump(await self._world.steps_get(run_id, step_id))

    async def _get_hook(self, token: str, options: Any = None) -> Any:
        return _dump(await self._world.hooks_get_by_token(token))

    async def _create_event(self, run_id: str | None, event: Any, params: Any = None) -> Any:
        given = self._interface.EventAdaptor.from_wire(event)
        return _dump_result(await self._world.events_create(run_id, given))

    async def _list_events(self, options: Mapping[str, Any]) -> Any:
        wanted = options.get("pagination") or {}
        pagination = self._interface.PaginationOptions(
            limit=wanted.get("limit"),
            cursor=wanted.get("cursor"),
            sort_order=wanted.get("sortOrder"),
        )
        page = await self._world.events_list(options["runId"], pagination=pagination)
        return {
            "data": [_dump_event(event) for event in page.data],
            "cursor": page.cursor,
            "hasMore": page.has_more,
        }

    async def _get_chunks(self, run_id: str, name: str, options: Any = None) -> Any:
        wanted = options or {}
        page = await self._world.streams_get_chunks(
            run_id, name, limit=wanted.get("limit"), cursor=wanted.get("cursor")
        )
        return _dump(page)

    async def _get_info(self, run_id: str, name: str) -> Any:
        return _dump(await self._world.streams_get_info(run_id, name))

    async def _queue(self, name: str, message: Any, options: Any = None) -> Any:
        wanted = options or {}
        message_id = await self._world.queue(
            name,
            self._interface.QueuePayloadAdaptor.from_wire(message),
            deployment_id=wanted.get("deploymentId"),
            idempotency_key=wanted.get("idempotencyKey"),
            **({"delay_seconds": wanted["delaySeconds"]} if "delaySeconds" in wanted else {}),
        )
        return {"messageId": message_id}


def _find_version() -> str:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return ""


def _dump(model: Any) -> Any:
    """Return a model with its field names on the wire; anything else unchanged."""
    if not hasattr(model, "model_dump"):
        return model
    return model.model_dump(by_alias=True, exclude_none=True)


def _dump_event(event: Any) -> Any:
    if not hasattr(event, "model_dump"):
        return event
    server = _dump(event.server_props) if getattr(event, "server_props", None) else {}
    return {**_dump(event), **server}


def _dump_result(result: Any) -> Any:
    if not hasattr(result, "model_dump"):
        return result
    told = {
        name: _dump(getattr(result, name))
        for name in ("run", "step", "hook", "wait")
        if getattr(result, name) is not None
    }
    if result.event is not None:
        told["event"] = _dump_event(result.event)
    if result.events is not None:
        told["events"] = [_dump_event(event) for event in result.events]
        told["cursor"] = result.cursor
        told["hasMore"] = result.has_more
    return told
