"""Creates the schema in the database, and checks that it belongs to this World."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg

from ..errors import SetupError
from ..schema import VERSION, list_statements

#: The schema of all tables; other programs may use the same database.
SCHEMA = "workflow_python"
#: The advisory lock of the session that creates the tables.
_LOCK = 0x57465731

Connection = psycopg.Connection[tuple[Any, ...]]


def prepare_database(connection: Connection) -> None:
    """Create the tables if there are none, and check that they belong to this World.

    Raises:
        SetupError: the schema belongs to another program, or is newer. It was not changed.
        psycopg.Error: the server refused.
    """
    # A transaction that waited for the row of a run must see what was written meanwhile.
    connection.execute("SET default_transaction_isolation TO 'read committed'")
    if _read_version(connection) is None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if _read_version(connection) is None:
                _create(connection)
    version = _read_version(connection)
    if version is None or version > VERSION:
        raise _refuse(
            f"its version is {version}, but this World supports version {VERSION}",
            "use the newer release that created it, or another database",
        )
    connection.execute(f"SET search_path TO {SCHEMA}")


def _read_version(connection: Connection) -> int | None:
    """Return the version of the tables; `None` if there is no schema."""
    found = connection.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = %s AND relkind IN ('r', 'p', 'v')",
        (SCHEMA,),
    ).fetchall()
    if not found:
        return None
    if ("about",) not in found:
        raise _refuse("another program created its tables", "name another database in the URL")
    try:
        row = connection.execute(
            f"SELECT value FROM {SCHEMA}.about WHERE key = 'version'"  # noqa: S608 - a constant
        ).fetchone()
        return int(row[0]) if row else None
    except (psycopg.errors.UndefinedColumn, ValueError) as error:
        raise _refuse(
            "another program created its tables", "name another database in the URL"
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
