"""A World of the Python SDK on a store: implements the SDK's interface for any database."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, TypeVar

from world_harness_sdk import interface

from . import streams
from .codec import pack
from .errors import WorkflowRunNotFoundError, refuse
from .logs import Logs
from .names import is_name
from .queue import messages
from .queue.handlers import Handlers, is_delivered
from .queue.messages import Message
from .queue.worker import Worker
from .rows import Entity, Page, Rows
from .rules import FORESEEN, apply, foresee
from .session import Session, Store, wait_for
from .settings import Settings, check_settings
from .wire import read_request, show_event, show_hook, show_result, show_run, show_step

T = TypeVar("T")

#: How often a waiting reader checks for new chunks, in seconds: at first, and later.
_LOOK_SOON_S = 0.004
_LOOK_LATER_S = 0.05
_LARGEST_PAGE = 1000
#: Events that log a start. If a power loss removes one, its delivery is repeated and logs it again.
#: Outcomes, and events from outside a delivery, must survive.
_BEGINNINGS = frozenset({"run_started", "step_created", "step_started", "wait_created"})


class DurableWorld(interface.World):  # type: ignore[misc]
    """A World that stores everything before it answers.

    Args:
        store: The store.
        settings: The settings for delivery.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = check_settings(settings)
        self._handlers = Handlers()
        self._logs = Logs()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._process = 0
        self._closed = False
        self._secret = b""

    # life

    async def start(self) -> None:
        """Start to deliver messages, including those that an earlier process left.

        Deliveries within the process run on the event loop of the caller. It is safe to call this
        again. Delivery also starts automatically: with a base URL, as soon as there is a queue
        handler; without one, with the first queued message.
        """
        self._start(asyncio.get_running_loop())

    def _start(self, home: asyncio.AbstractEventLoop | None) -> None:
        with self._lock:
            # Threads do not survive a fork, so a child needs its own worker.
            if self._closed:
                return
            if (worker := self._find_worker()) is not None:
                worker.move(home)
                return
            self._process = os.getpid()
            self._worker = Worker(self._store, self._settings, self._handlers, home)

    def _find_worker(self) -> Worker | None:
        return self._worker if self._process == os.getpid() else None

    async def aclose(self) -> None:
        """Accept no more messages, wait for deliveries in flight, and close all connections."""
        with self._lock:
            worker, self._worker = self._find_worker(), None
            self._closed = True
        await self._handlers.close(self._settings.close_s)
        loop = asyncio.get_running_loop()
        if worker is not None:
            await loop.run_in_executor(None, worker.stop, self._settings.close_s)
        await loop.run_in_executor(None, self._store.close)

    async def revive(self) -> int:
        """Deliver messages again that were set aside; return their number."""
        return await self._write(messages.revive)

    # what the SDK asks about itself

    async def get_deployment_id(self) -> str:
        """Return the deployment id of new runs."""
        return self._settings.deployment_id

    # the queue

    async def queue(
        self,
        queue_name: str,
        message: Any,
        *,
        deployment_id: str | None = None,
        idempotency_key: str | None = None,
        delay_seconds: float | None = None,
        **kwargs: Any,
    ) -> str:
        """Store a message for delivery, unless one with its key is waiting or in flight.

        Args:
            queue_name: The topic of the message.
            message: The data for the handler.
            deployment_id: Ignored, because all deployments share the store.
            idempotency_key: Only one message with the same key can wait.
            delay_seconds: The time before the first delivery.
            kwargs: Options that later releases may add.
        """
        content = message.model_dump()
        data = pack(content)
        if self._handlers.prefixes:
            self._start(asyncio.get_running_loop())
        worker = self._find_worker()
        is_due = messages.is_due_at_once(delay_seconds)
        owner = worker.reserve() if worker is not None and is_due else None
        given: Message | None = None

        def store(session: Session) -> tuple[str, Message | None]:
            return messages.enqueue(
                session, queue_name, data, key=idempotency_key, delay_s=delay_seconds, owner=owner
            )

        try:
            lasting = not self._comes_again(content.get("runId"))
            message_id, given = await self._write(store, lasting=lasting)
        finally:
            if worker is not None and owner is not None and given is None:
                worker.forgo()
        if worker is not None and given is not None:
            worker.take(given)
        elif worker is not None and is_due:
            worker.wake()
        return message_id

    def _comes_again(self, run_id: str | None) -> bool:
        """Tell whether a repeated delivery would restore what a power loss removes."""
        return self._store.shares_fate and is_delivered(run_id)

    def create_queue_handler(self, queue_name_prefix: str, handler: Any) -> Any:
        """Return the HTTP handler for the flow route, and start delivering to it."""
        self._handlers.add(queue_name_prefix, handler)
        if self._settings.base_url:
            self._start(None)
        return self._handlers.serve(queue_name_prefix, self._find_secret)

    async def _find_secret(self) -> bytes:
        if not self._secret:
            self._secret = await self._read(messages.find_secret)
        return self._secret

    # runs, steps, hooks

    async def runs_get(self, run_id: str) -> Any:
        """Return a run.

        Raises:
            WorkflowRunNotFoundError: there is no such run.
        """
        run = await self._find(lambda rows: rows.find_run(run_id), run_id)
        if run is None:
            raise WorkflowRunNotFoundError(run_id)
        return show_run(run)

    async def steps_get(self, run_id: str, step_id: str) -> Any:
        """Return a step of a run.

        Raises:
            WorkflowWorldError: the run has no such step.
        """
        step = await self._find(lambda rows: rows.find_step(run_id, step_id), run_id, step_id)
        if step is None:
            raise refuse(f"step {step_id!r} not found in run {run_id!r}", status=404)
        return show_step(step)

    async def hooks_get_by_token(self, token: str) -> Any:
        """Return the live hook that holds a token.

        Raises:
            HookNotFoundError: no hook holds it.
        """
        hook = await self._find(lambda rows: rows.find_holder(token))
        if hook is None:
            raise interface.HookNotFoundError(token=token)
        return show_hook(hook)

    async def _find(self, ask: Callable[[Rows], Entity | None], *names: str) -> Entity | None:
        if not all(is_name(name) for name in names):
            return None
        return await self._read(lambda session: ask(Rows(session)))

    # events

    async def events_create(self, run_id: str | None, data: Any) -> Any:
        """Append an event to a run's log and change its entity: both, or neither.

        Raises:
            EntityConflictError: the change was made already, or the run has ended.
            WorkflowRunNotFoundError: there is no such run.
            TooEarlyError: the next attempt of a step is not due yet.
            HookNotFoundError: there is no such live hook.
            WorkflowWorldError: the event can never be accepted, or the store cannot be used.
        """
        request = read_request(run_id, data)
        if request.type in FORESEEN:
            answer = await self._read(lambda session: foresee(request, session))
            if answer is not None:
                return show_result(answer)
        lasting = request.type not in _BEGINNINGS or not self._comes_again(run_id)
        return show_result(
            await self._write(lambda session: apply(request, session), lasting=lasting)
        )

    async def events_list(self, run_id: str, *, pagination: Any | None = None) -> Any:
        """Return a run's log in order: all of it, unless there is a limit."""
        wanted = pagination or interface.PaginationOptions()
        if not is_name(run_id):
            return interface.PaginatedResult(data=[], cursor=wanted.cursor, has_more=False)
        after = _read_cursor(wanted.cursor)
        if wanted.limit is None and wanted.sort_order != "desc":
            events = await self._list_rest(run_id, after or 0)
            seq = (after or 0) + len(events)
            cursor = f"event_{seq}" if events else wanted.cursor
            return interface.PaginatedResult(data=events, cursor=cursor, has_more=False)
        page = await self._read(
            lambda session: Rows(session).list_events(
                run_id,
                after=after,
                limit=wanted.limit,
                descending=wanted.sort_order == "desc",
            )
        )
        return interface.PaginatedResult(
            data=[show_event(event) for event in page.events],
            cursor=f"event_{page.seq}" if page.events else wanted.cursor,
            has_more=page.more,
        )

    async def _list_rest(self, run_id: str, after: int) -> list[Any]:
        """Return the log after a place, to its end; read only new events."""
        while True:
            known = self._logs.count(run_id, self._store.age)
            page = await self._read(_ask_for_events(run_id, known))
            whole = self._logs.extend(run_id, known, page, self._store.age)
            if whole is not None:
                return whole[after:]

    # streams

    async def streams_write(self, run_id: str, name: str, chunk: bytes) -> None:
        """Append a chunk to a stream; drop it if the stream is closed."""
        await self.streams_write_multi(run_id, name, [chunk])

    async def streams_write_multi(self, run_id: str, name: str, chunks: Sequence[bytes]) -> None:
        """Append chunks to a stream, one directly after another."""
        copies = [bytes(chunk) for chunk in chunks]
        await self._write(lambda session: streams.append(session, run_id, name, copies))

    async def streams_close(self, run_id: str, name: str) -> None:
        """Close a stream; it is safe to close it again."""
        await self._write(lambda session: streams.close(session, run_id, name))

    async def streams_get(
        self, run_id: str, name: str, start_index: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Read a stream while any process writes it, until it is closed."""
        place = start_index or 0
        if place < 0:
            state = await self._read(lambda session: streams.find(session, run_id, name))
            place = max(0, state.length + place)
        pause_s = _LOOK_SOON_S
        while True:
            look = await self._look(run_id, name, place)
            for chunk in look.chunks:
                # An empty chunk has a place, but readers do not get it.
                if chunk:
                    yield chunk
            if look.over:
                return
            pause_s = _LOOK_SOON_S if look.chunks else min(pause_s * 1.5, _LOOK_LATER_S)
            place = look.place
            await asyncio.sleep(pause_s)

    async def _look(self, run_id: str, name: str, place: int) -> streams.Look:
        return await self._read(lambda session: streams.look(session, run_id, name, place))

    async def streams_list(self, run_id: str) -> list[str]:
        """Return the names of the streams that a run wrote to or closed."""
        return await self._read(lambda session: streams.list_names(session, run_id))

    async def streams_get_chunks(
        self, run_id: str, name: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Any:
        """Return a page of the current chunks of a stream."""
        place = _read_cursor(cursor) or 0
        size = min(limit or streams.DEFAULT_PAGE, _LARGEST_PAGE)

        def ask(session: Session) -> tuple[streams.State, streams.Look]:
            state = streams.find(session, run_id, name)
            return state, streams.look(session, run_id, name, place, size)

        state, look = await self._read(ask)
        has_more = look.place < state.length
        numbered = enumerate(look.chunks, start=place)
        return interface.StreamChunksPage(
            data=[interface.StreamChunk(index=index, data=chunk) for index, chunk in numbered],
            cursor=f"chunk_{look.place}" if not state.closed or has_more else None,
            has_more=has_more,
            done=state.closed,
        )

    async def streams_get_info(self, run_id: str, name: str) -> Any:
        """Return the length of a stream, and whether it is closed."""
        state = await self._read(lambda session: streams.find(session, run_id, name))
        return interface.StreamInfo(tail_index=state.length - 1, done=state.closed)

    async def _write(self, act: Callable[[Session], T], *, lasting: bool = True) -> T:
        return await wait_for(self._store.write(act, lasting=lasting))

    async def _read(self, act: Callable[[Session], T]) -> T:
        return await wait_for(self._store.read(act))


def _read_cursor(cursor: str | None) -> int | None:
    """Return the place in a cursor; an invalid cursor counts as no cursor."""
    digits = (cursor or "").rpartition("_")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _ask_for_events(run_id: str, after: int) -> Callable[[Session], Page]:
    return lambda session: Rows(session).list_events(
        run_id, after=after, limit=None, descending=False
    )
