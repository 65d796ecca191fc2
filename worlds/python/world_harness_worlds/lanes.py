"""Threads that do a database's work, so that no event loop waits for a disk or a network."""

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
#: How long to wait for threads to finish what was submitted, in seconds.
CLOSE_S = 15.0
#: Between two looks at a thread that is just ending, in seconds.
_LOOK_S = 0.001

#: Gives the next job: waits for one, or if told not to, returns `None` when there is none now. At
#: the end it returns `None`, as often as it is asked.
Take = Callable[[bool], "Job[Any] | None"]


class Job(Generic[T]):
    """Something to do with a database, and who waits for it."""

    def __init__(self, act: Callable[[Any], T], *, lasting: bool) -> None:
        self.act = act
        self.lasting = lasting
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()

    def answer(self, value: T) -> None:
        """Give the answer."""
        self.future.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Say that it was not done."""
        self.future.set_exception(error)


class Crew:
    """The lanes of this process: threads and connections do not outlive a fork.

    Args:
        make: Makes them.
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
        """Have something done.

        Args:
            number: Of the lane.
            act: What to do.
            lasting: For the caller that does it.

        Raises:
            StorageError: the lanes were closed, or are those of another process.
        """
        job = Job(act, lasting=lasting)
        # A fork may close a lane between the two.
        while not self._get()[number].begin(job):
            continue
        return job.future

    def _get(self) -> Sequence[Lane]:
        """Return the lanes, made when they are needed."""
        # A caller that comes while they are being closed is refused at once.
        self._check_open()
        with self._lock:
            self._check_open()
            if not self._lanes:
                self._process = os.getpid()
                self._lanes = self._make()
            if self._process != os.getpid():
                raise StorageError(
                    "this World cannot be used in a process that was forked while it was at work",
                    cause="a fork takes neither threads nor the locks of files along",
                    remedy="open the World after forking",
                )
            return self._lanes

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(
                "this World is closed", cause="aclose() was called", remedy="make a new one"
            )

    def close(self) -> None:
        """End every lane once it has done what was submitted; what takes too long goes on."""
        self._closed = True
        with self._lock:
            _close_all(self._lanes if self._process == os.getpid() else ())
            self._lanes = ()

    def pause(self) -> None:
        """Close the lanes, and make none: there is going to be a fork."""
        self._lock.acquire()
        self._lanes = _close_all(self._lanes)

    def go_on(self) -> None:
        """Make lanes again, in the process that was forked."""
        self._lanes = ()
        self._lock.release()

    def go_on_in_child(self) -> None:
        """Make lanes, unless some were not closed: their connections are in the child as well."""
        self._lock = threading.Lock()


class Lane:
    """Threads that share one line of jobs.

    Args:
        name: The threads' name.
        threads: How many.
        work: Called in each thread; does the jobs that it takes.
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
        """Have a job done; return whether it will be: a lane that is closed does none."""
        with self._lock:
            if not self._closed:
                self._jobs.put(job)
            return not self._closed

    def close(self) -> bool:
        """Do what was submitted, and end; return whether that came to its end in time."""
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
            # For the other threads, and for later callers.
            self._jobs.put(None)
        return job


def _wait_for_end(thread: threading.Thread, until: float) -> bool:
    """Wait until the system has ended a thread; return whether it has in time.

    Before 3.13 Python takes a thread for ended that is still letting go of what OpenSSL keeps for
    it; a fork would hand the lock that it has to a child, where it is never released.
    """
    thread.join(max(0.0, until - time.monotonic()))
    while not thread.is_alive() and _is_in_system(thread):
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
    return not thread.is_alive()


def _is_in_system(thread: threading.Thread) -> bool:
    # Where the system does not list its threads, the end for Python has to do.
    return Path(f"/proc/self/task/{thread.native_id}").exists()


def _close_all(lanes: Sequence[Lane]) -> Sequence[Lane]:
    """Close lanes; return those that are still at work."""
    left = [lane for lane in lanes if not lane.close()]
    if left:
        _log.error("the storage has been at work for %g s and is not waited for", CLOSE_S)
    return left


# SQLite and the system count a file's locks for each process: a child that inherits open
# connections takes itself for an owner of locks that it does not have.

#: Held while the process forks.
_forking = threading.Lock()
_crews: weakref.WeakSet[Crew] = weakref.WeakSet()
#: Those that the fork at hand has closed.
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
