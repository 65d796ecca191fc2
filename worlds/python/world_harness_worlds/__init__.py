"""Worlds for the Python SDK (`vercel-workflow`), on SQLite and on PostgreSQL.

from world_harness_worlds import SqliteWorld, use

use(SqliteWorld("app.sqlite3"))  # before Workflows() is created
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from world_harness_sdk import interface

from .errors import SetupError, StorageError, WorkflowRunNotFoundError
from .settings import Settings, explain_setting, read_number, read_settings
from .sqlite import SqliteStore
from .world import DurableWorld

__version__ = "0.1.0"

_SYNCHRONOUS: Mapping[str, Literal["full", "normal"]] = {"full": "full", "normal": "normal"}


class SqliteWorld(DurableWorld):
    """A World in one SQLite file, shared by any number of processes on one machine.

    Args:
        path: The file; by default, `WORKFLOW_SQLITE_PATH` or `workflow.sqlite3`.
        settings: By default read from the environment.

    Raises:
        SetupError: the file belongs to another program, or cannot be used.
    """

    package = ("world-harness-worlds (sqlite)", __version__)

    def __init__(self, path: str | Path = "", settings: Settings | None = None) -> None:
        env = os.environ
        chosen = path or env.get("WORKFLOW_SQLITE_PATH") or "workflow.sqlite3"
        wanted = settings or read_settings(env)
        busy_s = read_number(env, "WORKFLOW_SQLITE_BUSY_SECONDS", 30.0)
        store = SqliteStore(Path(chosen), _read_synchronous(env), busy_s)
        super().__init__(store, wanted)


class PostgresWorld(DurableWorld):
    """A World in a PostgreSQL database, shared by any number of processes on any machines.

    Args:
        url: The URL of the database; by default, `WORKFLOW_POSTGRES_URL`.
        settings: By default read from the environment.

    Raises:
        SetupError: the URL is not set, or the driver is not installed.
    """

    package = ("world-harness-worlds (postgres)", __version__)

    def __init__(self, url: str = "", settings: Settings | None = None) -> None:
        chosen = url or os.environ.get("WORKFLOW_POSTGRES_URL", "")
        if not chosen:
            raise explain_setting("WORKFLOW_POSTGRES_URL", "it is not set, and no URL was passed")
        wanted = settings or read_settings(os.environ)
        try:
            # Imported here, because the SQLite World needs no driver.
            from .postgres import PostgresStore
        except ImportError as error:
            raise SetupError(
                "the driver for PostgreSQL is not installed",
                cause=str(error),
                remedy="run pip install 'psycopg[binary]>=3.2'",
            ) from error
        connections = read_number(os.environ, "WORKFLOW_POSTGRES_CONNECTIONS", 8)
        super().__init__(PostgresStore(chosen, max(1, int(connections))), wanted)


def _read_synchronous(env: Mapping[str, str]) -> Literal["full", "normal"]:
    wanted = env.get("WORKFLOW_SQLITE_SYNCHRONOUS") or "full"
    if wanted not in _SYNCHRONOUS:
        raise explain_setting(
            "WORKFLOW_SQLITE_SYNCHRONOUS", f"{wanted!r} is neither full nor normal"
        )
    return _SYNCHRONOUS[wanted]


def use(world: Any) -> Any:
    """Make the SDK use a World, and return it. Call this before `Workflows()`."""
    interface.set_world(world)
    return world


__all__ = [
    "DurableWorld",
    "PostgresWorld",
    "Settings",
    "SetupError",
    "SqliteWorld",
    "StorageError",
    "WorkflowRunNotFoundError",
    "use",
]
