"""Leaves a command unfinished on the only connection, uses it again, and prints the results.

The same happens if the driver stops waiting for the server but considers the connection usable.
"""

from __future__ import annotations

import sys
from typing import Any

from opening import answer, open_world  # type: ignore[import-not-found]


def leave(session: Any) -> None:
    session._connection.pgconn.send_query(b"SELECT 1")


def leave_and_fail(session: Any) -> None:
    leave(session)
    raise OSError("the wait was interrupted")


def ask(session: Any) -> int:
    return int(session.one("SELECT 7")[0])


world = open_world()
store = world._store
do, act = {
    "a question": (store.read, leave_and_fail),
    "a change": (store.write, leave_and_fail),
    "a commit": (store.write, leave),
}[sys.argv[1]]
error = do(act).exception()
answer([type(error).__name__, getattr(error, "committed", ""), store.write(ask).result()])
store.close()
