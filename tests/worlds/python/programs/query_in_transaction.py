"""Runs a query inside a write transaction, and prints its result."""

from __future__ import annotations

import sys
from typing import Any

from opening import answer, open_world  # type: ignore[import-not-found]


def ask(session: Any) -> Any:
    return session.one(sys.argv[1])[0]


world = open_world()
answer(world._store.write(ask).result())
world._store.close()
