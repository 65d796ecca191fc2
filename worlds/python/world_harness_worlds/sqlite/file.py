"""The file: whose it is, and how it is made and opened."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from ..errors import SetupError
from ..schema import VERSION, list_statements
from .foreign import find_foreign_data

#: Stands in the file's head, which distinguishes the SQLite files of different programs.
APPLICATION_ID = 0x57465731

#: How long somebody else may keep the file locked, in seconds.
BUSY_S = 30.0
_PAUSE_S = 0.02
#: How many pages of 4 KiB the log beside the file grows to before they are moved into it.
_LOG_PAGES = 4000


def prepare_file(path: Path, busy_s: float = BUSY_S) -> None:
    """See that there is a file of ours, made by us if there was none.

    Args:
        path: Where it is.
        busy_s: How long somebody else may keep it locked, or take to make it, in seconds.

    Raises:
        SetupError: it is somebody else's, of a newer schema, or cannot be made. It was not touched.
    """
    if path.is_dir():
        raise _refuse(path, "it is a folder", "name a file; it is made if it is not there")
    try:
        if path.exists() and path.stat().st_size:
            _check_head(path, busy_s)
        else:
            _check_surroundings(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(path, busy_s)) as connection:
            # What the file held a moment ago may be rolled back by now: its maker was killed.
            _create(connection)
            _check_owner(path, connection)
            _switch_to_wal(connection, busy_s)
    except OSError as error:
        raise _refuse(path, str(error), "see that the folder can be written to") from error
    except sqlite3.Error as error:
        raise _refuse(path, str(error), "see that no process keeps the file locked") from error


def connect(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Open a connection; transactions are begun and ended by hand."""
    connection = sqlite3.connect(
        path, timeout=busy_s, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    return connection


def _check_surroundings(path: Path) -> None:
    """See that a file may be made here: others delete folders of theirs with all that is inside.

    Raises:
        SetupError: it may not.
    """
    found = find_foreign_data(path.resolve().parents)
    if found is not None:
        raise _refuse(
            path,
            f"its folder, or one above, holds the data of another World ({found})",
            "name a file elsewhere",
        )


def _check_head(path: Path, busy_s: float) -> None:
    """Read the file's first bytes, and nothing more: opening it as a database may change it."""
    until = time.monotonic() + busy_s
    while (found := _judge_head(path)) is not None:
        # While somebody makes the file, its head is not there yet.
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
    # Through SQLite, and not with `open`: closing any descriptor of a file gives up all
    # locks that the process has on it, also those of another World. Immutable: it does not roll
    # back, recover or lock what may be somebody else's.
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        # A file in the making may be shorter than its head says.
        connection.execute("PRAGMA writable_schema = ON")
        try:
            _check_owner(path, connection)
        except SetupError as error:
            return error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            return _refuse(path, "it is no SQLite database", "name another file")
    return None


def _check_owner(path: Path, connection: sqlite3.Connection) -> None:
    """See that a database is ours, and not of a newer release.

    Raises:
        SetupError: it is not.
    """
    if _ask(connection, "application_id") != APPLICATION_ID:
        raise _refuse(
            path, "it is a database of another program", "name another file, or one of this World"
        )
    version = _ask(connection, "user_version")
    if version > VERSION:
        raise _refuse(
            path,
            f"its schema is {version}, and this is the World for schema {VERSION}",
            "use the newer release that made it, or another file",
        )


def _ask(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables if there are none, all at once; of several who try, one does."""
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
    """Let readers and a writer work beside each other; SQLite does not wait its turn for this."""
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
