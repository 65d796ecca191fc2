"""The interface to a database: transactions, in SQL that both stores understand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Row = Sequence[Any]
Parameters = Sequence[Any]


class Session(Protocol):
    """One transaction. `?` in the SQL stands for a parameter."""

    def all(self, sql: str, parameters: Parameters = (), *, takes: bool = False) -> list[Row]:
        """Return all rows.

        Args:
            sql: A SELECT.
            parameters: The values for `?`.
            takes: Whether to lock the rows for a change; rows that other transactions have locked
            are skipped.
        """

    def one(self, sql: str, parameters: Parameters = (), *, holds: bool = False) -> Row | None:
        """Return the first row, if there is any.

        Args:
            sql: A SELECT.
            parameters: The values for `?`.
            holds: Whether to lock the row until this transaction ends.
        """

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a change, and return the number of affected rows."""

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run a change once for each row."""

    def now_ms(self) -> int:
        """Return the store's time in ms since 1970; all processes share one clock."""


class Store(Protocol):
    """A database. Slow work is done in separate threads.

    The futures can be awaited on any event loop. A future is done already if the answer was
    available at once.
    """

    #: Whether the database and all its users lose power together, and never one without the other.
    #: Then no running process has received an answer that is lost.
    shares_fate: bool
    #: Incremented when the database may have been replaced by one that lacks what was read.
    age: int

    def write(self, act: Callable[[Session], T], *, lasting: bool = True) -> Future[T]:
        """Write in one transaction, which happens completely or not at all.

        Args:
            act: The function that writes.
            lasting: Whether the result must survive a power loss; it survives the death of a
            process in any case.
        """

    def read(self, act: Callable[[Session], T]) -> Future[T]:
        """Read from one state of the database."""

    def close(self) -> None:
        """Close all connections, after finishing jobs that do not take too long."""


async def wait_for(future: Future[T]) -> T:
    """Return the answer of a store, without yielding to the event loop if it is done already."""
    return future.result() if future.done() else await asyncio.wrap_future(future)
