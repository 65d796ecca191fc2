"""Explains errors of a server and how to fix them, without showing passwords."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import psycopg

from ..errors import StorageError

#: How often to repeat a transaction that the server or the network ended before its commit.
TRIES = 5

#: The server ended a transaction because of a concurrent one; repeating it can succeed at once.
_CLASHES = ("40001", "40P01", "23505")

_REMEDIES = {
    "53100": "free some space on the server's disk; nothing was written",
    "53300": "raise the server's max_connections, or lower WORKFLOW_POSTGRES_CONNECTIONS",
    "25006": "use the URL of the primary server, because this one is read-only",
    "42501": "grant the role in the URL its rights on the schema",
    "28P01": "correct the password in WORKFLOW_POSTGRES_URL",
    "3D000": "create the database that WORKFLOW_POSTGRES_URL names",
}
_UNREACHED = "check that the server runs, and that WORKFLOW_POSTGRES_URL is its URL"
_OTHERWISE = "read the server's log; nothing was written, and the call can be repeated"

_DOUBTFUL = (
    "it is unknown whether the change was written. Repeat the call if it names what it creates or "
    "ends: if the change was written, the call is refused or gets the same answer. Check the data "
    "before you repeat a call without a name, which could write twice: a chunk of a stream, a "
    "message without a key, a payload without a resume id, a run without an id, a start or a retry "
    "of a step"
)


def clashed(error: psycopg.Error) -> bool:
    """Tell whether the server ended a transaction because of a concurrent one."""
    return error.sqlstate in _CLASHES


def lost(error: psycopg.Error, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Tell whether a connection is no longer usable.

    An error without an SQLSTATE comes from the driver, not from the server. The driver does not
    mark all such connections as closed: if a write fails before a read does, the command stays in
    progress and blocks every later one.
    """
    unsaid = isinstance(error, psycopg.OperationalError) and not error.sqlstate
    return connection.closed or unsaid or isinstance(error, psycopg.InterfaceError)


def explain(error: psycopg.Error, url: str, *, committed: bool | None = False) -> StorageError:
    """Explain an error of the server, and how to fix it."""
    reason = hide_password(" ".join(str(error).split()), url)
    if committed is None:
        return StorageError(
            "the connection to PostgreSQL was lost during a commit",
            cause=reason,
            remedy=_DOUBTFUL,
            committed=None,
        )
    remedy = _REMEDIES.get(error.sqlstate or "", _UNREACHED if not error.sqlstate else _OTHERWISE)
    return StorageError("PostgreSQL could not answer", cause=reason, remedy=remedy)


def hide_password(text: str, url: str) -> str:
    """Remove the password of a URL from a text, in every spelling."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return "the URL cannot be read"
    for spelled in {password, unquote(password)} - {""}:
        text = text.replace(spelled, "***")
    return text
