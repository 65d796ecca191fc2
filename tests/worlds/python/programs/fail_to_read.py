"""Reads with a query that fails like a broken disk and ends its transaction; prints the error."""

from __future__ import annotations

import sqlite3
from typing import Any

from opening import answer, open_world  # type: ignore[import-not-found]


def fail(session: Any) -> None:
    session.run("ROLLBACK")
    raise sqlite3.OperationalError("disk I/O error")


world = open_world()
answer(str(world._store.read(fail).exception()))
world._store.close()
