"""Creates and opens the file, and checks that it belongs to this World."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from ..errors import SetupError
from ..schema import VERSION, list_statements
from .foreign import find_foreign_data

#: Identifies the SQLite files of this World, in the header of the file.
APPLICATION_ID = 0x57465731

#: How long another process may keep the file locked, in seconds.
BUSY_S = 30.0
_PAUSE_S = 0.02
#: Size of the write-ahead log, in pages of 4 KiB, at which it is moved into the file.
_LOG_PAGES = 4000


def prepare_file(path: Path, busy_s: float = BUSY_S) -> None:
    """Create the file if there is none, and check that it belongs to this World.

    Args:
        path: The path of the file.
        busy_s: How long another process may lock the file or take to create it, in seconds.

    Raises:
        SetupError: it belongs to another program, is newer, or cannot be created. It is unchanged.
    """
    if path.is_dir():
        raise _refuse(path, "it is a folder", "name a file, which is created if it does not exist")
    try:
        if path.exists() and path.stat().st_size:
            _check_head(path, busy_s)
        else:
            _check_surroundings(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(path, busy_s)) as connection:
            # The process that created the file may have been killed, and its changes rolled back.
            _create(connection)
            _check_owner(path, connection)
            _switch_to_wal(connection, busy_s)
    except OSError as error:
        raise _refuse(path, str(error), "check that the folder is writable") from error
    except sqlite3.Error as error:
        raise _refuse(path, str(error), "check that no process keeps the file locked") from error


def connect(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Open a connection without implicit transactions."""
    connection = sqlite3.connect(
        path, timeout=busy_s, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    return connection


def _check_surroundings(path: Path) -> None:
    """Check that no other World owns the folder, because it may delete everything in there.

    Raises:
    SetupError: another World does.
    """
    found = find_foreign_data(path.resolve().parents)
    if found is not None:
        raise _refuse(
            path,
            f"its folder, or one above, holds the data of another World ({found})",
            "name a file elsewhere",
        )


def _check_head(path: Path, busy_s: float) -> None:
    """Check the header of the file without opening it as a database, which may change it."""
    until = time.monotonic() + busy_s
    while (found := _judge_head(path)) is not None:
        # While another process creates the file, it has no header yet.
        if not _is_being_made(path) and _judge_head(path) is not None:
            raise found
        if time.monotonic() > until:
            raise found
        time.sleep(_PAUSE_S)


def _is_being_made(path: Path) -> bool:
    return path.with_name(f"{path.name}-journal").exists()


def _judge_head(path: Path) -> SetupError | None:
    if path.stat().st_size == 0:
        return None
    # Read through SQLite and not with `open`: closing any descriptor of a file releases all locks
    # of the process on it, also those of another World. `immutable` prevents SQLite from rolling
    # back, recovering or locking a file that may belong to another program.
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        # A file that is being created may be shorter than its header says.
        connection.execute("PRAGMA writable_schema = ON")
        try:
            _check_owner(path, connection)
        except SetupError as error:
            return error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            return _refuse(path, "it is not an SQLite database", "name another file")
    return None


def _check_owner(path: Path, connection: sqlite3.Connection) -> None:
    """Check that a database belongs to this World, and not to a newer release.

    Raises:
        SetupError: it does not.
    """
    if _ask(connection, "application_id") != APPLICATION_ID:
        raise _refuse(
            path, "it belongs to another program", "name another file, or one of this World"
        )
    version = _ask(connection, "user_version")
    if version > VERSION:
        raise _refuse(
            path,
            f"its schema is {version}, but this World supports schema {VERSION}",
            "use the newer release that created it, or another file",
        )


def _ask(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _create(connection: sqlite3.Connection) -> None:
    """Create the tables if there are none, in one transaction; one of several processes does."""
    if not _is_empty(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        for statement in list_statements(blob="BLOB"):
            connection.execute(statement)
        connection.execute("INSERT INTO about VALUES ('secret', ?)", (secrets.token_hex(32),))
    connection.execute("COMMIT")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _switch_to_wal(connection: sqlite3.Connection, busy_s: float) -> None:
    """Switch to WAL, so that reads and a write can overlap; SQLite does not retry this itself."""
    until = time.monotonic() + busy_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _refuse(path: Path, cause: str, remedy: str) -> SetupError:
    return SetupError(f"{path} cannot be used as a World's storage", cause=cause, remedy=remedy)
