"""Threads for database work, so that no event loop waits for a disk or a network."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

from .errors import StorageError

T = TypeVar("T")

_log = logging.getLogger("world_harness_worlds")
#: How long to wait for the threads to finish submitted jobs, in seconds.
CLOSE_S = 15.0
#: Interval for polling a thread that is ending, in seconds.
_LOOK_S = 0.001

#: Returns the next job. With `True` it waits for one; with `False` it returns `None` if there is
#: none now. After the lane is closed and empty, it always returns `None`.
Take = Callable[[bool], "Job[Any] | None"]


class Job(Generic[T]):
    """A function to call with a database connection, and the future for its result."""

    def __init__(self, act: Callable[[Any], T], *, lasting: bool) -> None:
        self.act = act
        self.lasting = lasting
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()

    def answer(self, value: T) -> None:
        """Set the result."""
        self.future.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Set the error: the job was not done."""
        self.future.set_exception(error)


class Crew:
    """The lanes of this process. Threads and connections do not survive a fork.

    Args:
        make: Makes the lanes.
    """

    def __init__(self, make: Callable[[], Sequence[Lane]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._process = 0
        self._lanes: Sequence[Lane] = ()
        self._closed = False
        with _forking:
            _crews.add(self)

    def submit(self, number: int, act: Callable[[Any], T], *, lasting: bool = True) -> Future[T]:
        """Submit a job to a lane.

        Args:
            number: The number of the lane.
            act: The function to call.
            lasting: Whether the result must survive a power loss; the store decides how.

        Raises:
            StorageError: the lanes are closed, or belong to another process.
        """
        job = Job(act, lasting=lasting)
        # A fork may close the lane between `_get` and `begin`.
        while not self._get()[number].begin(job):
            continue
        return job.future

    def _get(self) -> Sequence[Lane]:
        """Return the lanes; make them on first use."""
        # Refuse a caller at once while the lanes are being closed.
        self._check_open()
        with self._lock:
            self._check_open()
            if not self._lanes:
                self._process = os.getpid()
                self._lanes = self._make()
            if self._process != os.getpid():
                raise StorageError(
                    "this World cannot be used after a fork that happened while it was busy",
                    cause="a forked process inherits neither threads nor file locks",
                    remedy="open the World after forking",
                )
            return self._lanes

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(
                "this World is closed", cause="aclose() was called", remedy="create a new World"
            )

    def close(self) -> None:
        """Finish the submitted jobs and end every lane; do not wait for jobs that take too long."""
        self._closed = True
        with self._lock:
            _close_all(self._lanes if self._process == os.getpid() else ())
            self._lanes = ()

    def pause(self) -> None:
        """Before a fork: close the lanes, and make no new ones."""
        self._lock.acquire()
        self._lanes = _close_all(self._lanes)

    def go_on(self) -> None:
        """After a fork, in the parent: allow new lanes."""
        self._lanes = ()
        self._lock.release()

    def go_on_in_child(self) -> None:
        """After a fork, in the child: allow new lanes, unless open connections were inherited."""
        self._lock = threading.Lock()


class Lane:
    """Threads that share one queue of jobs.

    Args:
        name: The threads' name.
        threads: How many.
        work: Called in each thread; takes and does the jobs.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        work: Callable[[Take], None],
    ) -> None:
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._work = work
        self._lock = threading.Lock()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, job: Job[T]) -> bool:
        """Submit a job; return `False` if the lane is closed."""
        with self._lock:
            if not self._closed:
                self._jobs.put(job)
            return not self._closed

    def close(self) -> bool:
        """Finish the submitted jobs and end; return whether all threads ended in time."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        until = time.monotonic() + CLOSE_S
        return all(_wait_for_end(thread, until) for thread in self._threads)

    def _run(self) -> None:
        self._work(self._take)

    def _take(self, waits: bool) -> Job[Any] | None:
        try:
            job = self._jobs.get(block=waits)
        except queue.Empty:
            return None
        if job is None:
            # Keep the end mark for the other threads and for later callers.
            self._jobs.put(None)
        return job


def _wait_for_end(thread: threading.Thread, until: float) -> bool:
    """Wait until the operating system has ended a thread; return whether it ended in time.

    Before 3.13, Python reports a thread as ended while it still frees its OpenSSL data. A fork at
    that moment would copy the lock that the thread holds to a child, where nothing releases it.
    """
    thread.join(max(0.0, until - time.monotonic()))
    while not thread.is_alive() and _is_in_system(thread):
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
    return not thread.is_alive()


def _is_in_system(thread: threading.Thread) -> bool:
    # If the system does not list its threads, rely on what Python reports.
    return Path(f"/proc/self/task/{thread.native_id}").exists()


def _close_all(lanes: Sequence[Lane]) -> Sequence[Lane]:
    """Close lanes; return those that are still busy."""
    left = [lane for lane in lanes if not lane.close()]
    if left:
        _log.error("the storage has been busy for %g s; not waiting any longer", CLOSE_S)
    return left


# SQLite and the system track file locks per process. A child that inherits open connections would
# act as if it held locks that it does not have.

#: Held while the process forks.
_forking = threading.Lock()
_crews: weakref.WeakSet[Crew] = weakref.WeakSet()
#: The crews that the current fork has paused.
_paused: list[Crew] = []


def _pause_crews() -> None:
    _forking.acquire()
    _paused.extend(_crews)
    for crew in _paused:
        crew.pause()


def _go_on() -> None:
    for crew in _paused:
        crew.go_on()
    _paused.clear()
    _forking.release()


def _go_on_in_child() -> None:
    for crew in _paused:
        crew.go_on_in_child()
    _paused.clear()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause_crews, after_in_parent=_go_on, after_in_child=_go_on_in_child)
