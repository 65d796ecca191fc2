"""What can go wrong with a server, in words that say what fixes it; never with a password."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import psycopg

from ..errors import StorageError

#: How often a transaction is begun again that the server, or the network, ended before its commit.
TRIES = 5

#: The server ended the transaction because of another one; the same can succeed at once.
_CLASHES = ("40001", "40P01", "23505")

_REMEDIES = {
    "53100": "free some room on the server's disk; nothing was written",
    "53300": "raise the server's max_connections, or lower WORKFLOW_POSTGRES_CONNECTIONS",
    "25006": "give the URL of the primary server: this one cannot be written to",
    "42501": "give the role of the URL its rights on the schema",
    "28P01": "correct the password in WORKFLOW_POSTGRES_URL",
    "3D000": "make the database that WORKFLOW_POSTGRES_URL names",
}
_UNREACHED = "see that the server runs, and that WORKFLOW_POSTGRES_URL leads to it"
_OTHERWISE = "see the server's log; nothing was written, and the call can be made again"

_DOUBTFUL = (
    "it is unknown whether the change is there. A call that names what it makes or ends can be "
    "made again: it is refused, or answered as before, if it is. Look before you repeat what names "
    "nothing, which may then be there twice: a chunk of a stream, a message without a key, a "
    "payload without a resume id, a run without an id, a start or a retry of a step"
)


def clashed(error: psycopg.Error) -> bool:
    """Tell whether a transaction was ended because of another one."""
    return error.sqlstate in _CLASHES


def lost(error: psycopg.Error, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Tell whether a connection cannot be used any more.

    What the server did not say itself, the driver found on its way to it. It does not take every
    such connection for closed: where it is told first that the socket is gone, and not by reading
    from it, the command stays under way, in the way of every later one.
    """
    unsaid = isinstance(error, psycopg.OperationalError) and not error.sqlstate
    return connection.closed or unsaid or isinstance(error, psycopg.InterfaceError)


def explain(error: psycopg.Error, url: str, *, committed: bool | None = False) -> StorageError:
    """Say what is wrong with the server, and what fixes it."""
    reason = hide_password(" ".join(str(error).split()), url)
    if committed is None:
        return StorageError(
            "the connection to PostgreSQL was lost while a change was committed",
            cause=reason,
            remedy=_DOUBTFUL,
            committed=None,
        )
    remedy = _REMEDIES.get(error.sqlstate or "", _UNREACHED if not error.sqlstate else _OTHERWISE)
    return StorageError("PostgreSQL cannot do what it was asked", cause=reason, remedy=remedy)


def hide_password(text: str, url: str) -> str:
    """Return a text without the password of a URL, however it is spelled."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return "the URL cannot be read"
    for spelled in {password, unquote(password)} - {""}:
        text = text.replace(spelled, "***")
    return text
