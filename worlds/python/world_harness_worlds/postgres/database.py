"""The schema in the database: whose it is, and how it is made."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg

from ..errors import SetupError
from ..schema import VERSION, list_statements

#: All tables are in here; other programs may use the same database.
SCHEMA = "workflow_python"
#: The session that makes the tables holds this lock of the server.
_LOCK = 0x57465731

Connection = psycopg.Connection[tuple[Any, ...]]


def prepare_database(connection: Connection) -> None:
    """See that the tables are there, and ours, made by us if there were none.

    Raises:
        SetupError: the schema is somebody else's, or newer. It was not touched.
        psycopg.Error: the server refuses.
    """
    # A transaction that waits for a run's row has to see what was written meanwhile.
    connection.execute("SET default_transaction_isolation TO 'read committed'")
    if _read_version(connection) is None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if _read_version(connection) is None:
                _create(connection)
    version = _read_version(connection)
    if version is None or version > VERSION:
        raise _refuse(
            f"its version is {version}, and this is the World for version {VERSION}",
            "use the newer release that made it, or another database",
        )
    connection.execute(f"SET search_path TO {SCHEMA}")


def _read_version(connection: Connection) -> int | None:
    """Return the version of the tables; `None` when there is no schema."""
    found = connection.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = %s AND relkind IN ('r', 'p', 'v')",
        (SCHEMA,),
    ).fetchall()
    if not found:
        return None
    if ("about",) not in found:
        raise _refuse("its tables were made by another program", "name another database in the URL")
    try:
        row = connection.execute(
            f"SELECT value FROM {SCHEMA}.about WHERE key = 'version'"  # noqa: S608 - a constant
        ).fetchone()
        return int(row[0]) if row else None
    except (psycopg.errors.UndefinedColumn, ValueError) as error:
        raise _refuse(
            "its tables were made by another program", "name another database in the URL"
        ) from error


def _create(connection: Connection) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
    for statement in list_statements(blob="BYTEA"):
        connection.execute(statement.encode())
    connection.execute(
        "INSERT INTO about VALUES ('version', %s), ('secret', %s)",
        (str(VERSION), secrets.token_hex(32)),
    )


def _refuse(cause: str, remedy: str) -> SetupError:
    return SetupError(
        f"the schema {SCHEMA} of the database cannot be used as a World's storage",
        cause=cause,
        remedy=remedy,
    )
