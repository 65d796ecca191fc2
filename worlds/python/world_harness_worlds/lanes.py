"""Threads that do a database's work, so that no event loop waits for a disk or a network."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from .errors import StorageError

T = TypeVar("T")

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

    def get(self) -> Sequence[Lane]:
        """Return the lanes, made anew after a fork.

        Raises:
            StorageError: they were closed.
        """
        with self._lock:
            if self._closed:
                raise StorageError(
                    "this World is closed", cause="aclose() was called", remedy="make a new one"
                )
            if self._process != os.getpid():
                self._process = os.getpid()
                self._lanes = self._make()
            return self._lanes

    def close(self) -> None:
        """End every lane once it has done what was submitted."""
        with self._lock:
            lanes = self._lanes if self._process == os.getpid() else ()
            self._lanes = ()
            self._closed = True
        for lane in lanes:
            lane.close()


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
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, act: Callable[[Any], T], *, lasting: bool = True) -> Future[T]:
        """Have something done; `lasting` is for whoever does it."""
        job = Job(act, lasting=lasting)
        self.begin(job)
        return job.future

    def begin(self, job: Job[T]) -> None:
        """Have a job done."""
        self._jobs.put(job)

    def close(self) -> None:
        """Do what was submitted, and end."""
        self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        self._work(self._take)

    def _take(self, waits: bool) -> Job[Any] | None:
        try:
            job = self._jobs.get(block=waits)
        except queue.Empty:
            return None
        if job is None:
            # For the other threads, and for whoever asks again.
            self._jobs.put(None)
        return job
