"""The worker: leases messages from the store and delivers them to their handlers.

It runs in a thread with its own event loop, so that its leases do not expire when the app blocks
the app's loop. If it dies, its leases expire and other workers take its messages.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import logging
import os
import threading
import uuid
from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

from ..session import Session, Store, wait_for
from ..settings import Settings
from . import messages
from .courier import Courier
from .handlers import Handlers
from .messages import Message
from .room import Room
from .transport import Outcome

T = TypeVar("T")

_log = logging.getLogger("world_harness_worlds")
#: How often to check the store for messages of other processes, in seconds.
_LOOK_EVERY_S = 0.05
#: How long a message waits if no handler is available, in seconds.
_UNSEEN_S = 0.25
#: How many messages to lease at once, so that other workers get their share.
_AT_ONCE = 8
#: How long to wait after the store failed, in seconds.
_TROUBLE_S = 0.5
_LONGEST_TROUBLE_S = 5.0
#: How long freeing the leased messages may take, in seconds.
_LEAVE_S = 5.0


class Worker:
    """Delivers the messages of one process.

    Args:
        store: The store of the messages.
        settings: The settings for delivery.
        handlers: The handlers of this process, for deliveries within the process.
        home: The event loop on which these handlers run.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        handlers: Handlers,
        home: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._handlers = handlers
        self._home = home
        self._owner = f"owner_{uuid.uuid4().hex}"
        self._room = Room(settings.concurrency, _AT_ONCE)
        self._loop: asyncio.AbstractEventLoop
        self._courier: Courier
        self._ready = threading.Event()
        self._news = asyncio.Event()
        self._closing = False
        self._patience_s = 0.0
        self._secret = b""
        self._deliveries: dict[asyncio.Task[None], str] = {}
        #: Messages that the store leases to this worker, but whose lease reply was lost.
        self._strays: set[str] = set()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="workflow-queue", daemon=True)
        self._thread.start()
        # If the app does not call `aclose()`, free the messages at exit, so that no one waits.
        atexit.register(self.stop)

    def wake(self) -> None:
        """Check for messages now. Can be called from any thread."""
        self._tell(self._news.set)

    def reserve(self) -> str | None:
        """Reserve a place for a message that is about to be queued. Can be called from any thread.

        Returns:
            The owner of the message; then call `take` or `forgo`. `None` if other messages are
            waiting, or the worker is busy enough.
        """
        return self._owner if self._room.reserve() else None

    def forgo(self) -> None:
        """Release a reserved place."""
        self._room.release()

    def take(self, message: Message) -> None:
        """Deliver a message that was queued with a reserved place."""
        self._tell(lambda: self._begin(message))

    def move(self, home: asyncio.AbstractEventLoop | None) -> None:
        """Run handlers on a different event loop from now on, if theirs has ended."""
        if self._home is None or self._home.is_closed():
            self._home = home

    def stop(self, within_s: float = 0.0) -> None:
        """Lease no more messages, wait for deliveries in flight, and free the rest. Blocks."""
        atexit.unregister(self.stop)
        if self._process != os.getpid():
            # After a fork, the child does not have this thread.
            return

        def close() -> None:
            self._closing = True
            self._room.close()
            self._patience_s = within_s
            self._news.set()

        self._tell(close)
        self._thread.join(within_s + _LEAVE_S)

    def _tell(self, call: Callable[[], None]) -> None:
        self._ready.wait()
        try:
            # A delivery must not inherit the context in which its message was queued.
            self._loop.call_soon_threadsafe(call, context=Context())
        except RuntimeError:
            # The loop has ended, so there is nothing left to do.
            return

    def _run(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        async with Courier(self._settings.base_url) as self._courier:
            await self._show_life()
            # Before its first beat the owner is unknown, and its messages would count as lost.
            self._room.open()
            beating = asyncio.create_task(self._keep_beating())
            try:
                while not self._closing:
                    self._news.clear()
                    await self._rest(await self._look())
                await self._finish()
            finally:
                beating.cancel()

    async def _look(self) -> float:
        """Start deliveries of due messages while there is room; return the seconds to wait."""
        try:
            while not self._closing:
                due_ms = await self._read(messages.next_due_ms)
                waiting = due_ms is not None and due_ms <= 0
                self._room.note_waiting(waiting)
                if due_ms is not None and not waiting:
                    return min(_LOOK_EVERY_S, due_ms / 1000)
                room = self._room.reserve_all(_AT_ONCE) if waiting else 0
                if not room:
                    return _LOOK_EVERY_S
                await self._lease(room)
        except Exception:  # noqa: BLE001 - whatever it is, the next look may fare better
            _log.exception("cannot read the queue; trying again")
            await asyncio.sleep(_TROUBLE_S)
        return _LOOK_EVERY_S

    async def _lease(self, room: int) -> None:
        most, unused = self._settings.max_attempts, room
        try:
            for message in await self._write(
                lambda session: messages.lease(session, self._owner, room, most)
            ):
                unused -= 1
                self._begin(message)
        finally:
            for _ in range(unused):
                self._room.release()

    def _begin(self, message: Message) -> None:
        task = asyncio.create_task(self._deliver(message))
        self._deliveries[task] = message.message_id
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._deliveries.pop(task, None)
        if self._room.release():
            self._news.set()

    async def _rest(self, longest_s: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), longest_s)
        except TimeoutError:
            return

    async def _deliver(self, message: Message) -> None:
        outcome = await self._bring(message)
        await self._persist(
            lambda session: self._settle(session, message, outcome),
            f"record that {message.message_id} is {outcome.kind}",
        )

    async def _bring(self, message: Message) -> Outcome:
        if not self._settings.base_url:
            return await self._bring_home(message)
        return await self._courier.bring(message, await self._find_secret())

    async def _bring_home(self, message: Message) -> Outcome:
        if self._home is None or self._home.is_closed():
            return Outcome("unseen", trouble="the event loop of the app has ended")
        called = asyncio.run_coroutine_threadsafe(self._handlers.call(message), self._home)
        return await asyncio.wrap_future(called)

    def _settle(self, session: Session, message: Message, outcome: Outcome) -> None:
        if outcome.kind == "done":
            messages.acknowledge(session, message, self._owner)
        elif outcome.kind == "later":
            messages.defer(session, message, self._owner, outcome.seconds, outcome.key)
        elif outcome.kind == "unseen":
            messages.defer(session, message, self._owner, _UNSEEN_S, None)
        else:
            messages.fail(session, message, self._owner, outcome.trouble)
            if message.attempt >= self._settings.max_attempts:
                _log.error(
                    "%s failed %d times and is set aside: %s; fix the cause and call `revive()` of "
                    "the World",
                    *(message.message_id, message.attempt, outcome.trouble),
                )

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_s / 4)
            await self._show_life()

    async def _show_life(self) -> None:
        strays = await self._persist(self._beat, "say that it is alive")
        # Only after the commit, because a transaction may be repeated.
        self._strays = strays or set()

    def _beat(self, session: Session) -> set[str]:
        messages.beat(session, self._owner, self._settings.lease_s)
        in_hand = set(self._deliveries.values())
        strays = set(messages.find_owned(session, self._owner)) - in_hand
        # The reply to a recent lease may be on its way: a message is a stray only the second time.
        messages.give_back(session, self._owner, strays & self._strays)
        return strays

    async def _finish(self) -> None:
        """Wait for deliveries in flight, then free all messages."""
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=self._patience_s)
        for task in self._deliveries:
            task.cancel()
        await self._persist(lambda session: messages.leave(session, self._owner), "leave")

    async def _find_secret(self) -> bytes:
        if not self._secret:
            self._secret = await self._read(messages.find_secret)
        return self._secret

    async def _persist(self, act: Callable[[Session], T], what: str) -> T | None:
        """Repeat a write until it succeeds; the store may be unavailable for a while.

        Returns:
            The result of the act; `None` if the worker ended first.
        """
        for attempt in itertools.count(1):
            try:
                return await self._write(act)
            except Exception:  # noqa: BLE001 - whatever it is, it has to be written
                _log.exception("the worker could not %s", what)
                if self._closing:
                    break
                await asyncio.sleep(min(_TROUBLE_S * attempt, _LONGEST_TROUBLE_S))
        return None

    async def _write(self, act: Callable[[Session], T]) -> T:
        # The worker's notes need not survive a power loss: without them, the message is delivered
        # again. The message itself must survive.
        return await wait_for(self._store.write(act, lasting=False))

    async def _read(self, act: Callable[[Session], T]) -> T:
        return await wait_for(self._store.read(act))
