"""What a database is asked through: one transaction, in SQL that both stores understand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Row = Sequence[Any]
Parameters = Sequence[Any]


class Session(Protocol):
    """One transaction. Parameters stand as `?` in the SQL."""

    def all(self, sql: str, parameters: Parameters = (), *, takes: bool = False) -> list[Row]:
        """Return every row.

        Args:
            sql: A SELECT.
            parameters: In the places of `?`.
            takes: Whether they are read to be changed; those that others are about to change are
                passed over.
        """

    def one(self, sql: str, parameters: Parameters = (), *, holds: bool = False) -> Row | None:
        """Return the first row, if there is any.

        Args:
            sql: A SELECT.
            parameters: In the places of `?`.
            holds: Whether no other may change it until this transaction ends.
        """

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Change something, and return how many rows that were."""

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Change something for each of several rows."""

    def now_ms(self) -> int:
        """Return the store's time, in ms since 1970: of one clock for all who share it."""


class Store(Protocol):
    """A database. Whatever may take time is done in threads of its own.

    The futures can be awaited on any loop; what is known at once is in them already.
    """

    #: Whether it loses power together with all who use it, and never without them. Then no one who
    #: still runs has been answered anything that is gone.
    shares_fate: bool
    #: Raised when the database may be another than before, which need not hold what was read.
    age: int

    def write(self, act: Callable[[Session], T], *, lasting: bool = True) -> Future[T]:
        """Do something in one transaction: all of it happens, or nothing.

        Args:
            act: What to do.
            lasting: Whether it has to outlive a loss of power from now on; the death of a process
                it outlives in any case.
        """

    def read(self, act: Callable[[Session], T]) -> Future[T]:
        """Ask something, of one state of the database."""

    def close(self) -> None:
        """Let go of every connection; what was begun is done first, if it does not take long."""


async def wait_for(future: Future[T]) -> T:
    """Return what a store answers, without a round of the loop when it is known already."""
    return future.result() if future.done() else await asyncio.wrap_future(future)
