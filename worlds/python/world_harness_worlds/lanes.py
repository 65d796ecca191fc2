"""Threads that do a database's work, so that no event loop waits for a disk or a network."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """Something to do with a database, and who waits for it."""

    def __init__(self, act: Callable[[Any], T]) -> None:
        self.act = act
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()

    def answer(self, value: T) -> None:
        """Give the answer."""
        self.future.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Say that it was not done."""
        self.future.set_exception(error)


class Lane:
    """Threads that share one line of jobs.

    Args:
        name: The threads' name.
        threads: How many.
        work: Called in each thread; takes jobs with the function that it is given, which waits
            for one and returns `None` at the end, or at once returns `None` if told not to wait.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        work: Callable[[Callable[[bool], Job[Any] | None]], None],
    ) -> None:
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._work = work
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, act: Callable[[Any], T]) -> Future[T]:
        """Have something done."""
        job = Job(act)
        self._jobs.put(job)
        return job.future

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
