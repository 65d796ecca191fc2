"""Asking a Valkey server: the few commands that the harness needs, over a socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

from harness.errors import ServiceError
from harness.services.urls import hide_password, redact

Reply: TypeAlias = "str | int | list[Reply] | None"
Command = Sequence[str | int]

_ANSWER_WITHIN_S = 10.0
#: While a server starts it is asked again and again; a stranger on its port may never answer.
_PROBE_WITHIN_S = 2.0
_PORT = 6379


class _Link(NamedTuple):
    """A connection: what is said, and what is read."""

    out: socket.socket
    replies: BinaryIO


class _RefusalError(Exception):
    """The server answered a command with an error."""


def ask(url: str, *commands: Command, within_s: float = _ANSWER_WITHIN_S) -> list[Reply]:
    """Connect, let the server carry out the commands, and return its replies.

    Args:
        url: Its login and its number of a logical database, if it has any, are used.
        commands: One after the other, on one connection.
        within_s: How long the server may take for each.

    Raises:
        ServiceError: the server cannot be reached, or refuses; without the password.
    """
    what = "cannot be reached"
    try:
        with _connect(url, within_s) as link:
            for greeting in _greet(url):
                _exchange(link, greeting)
            what = "refuses what the harness asks of it"
            return [_exchange(link, command) for command in commands]
    except (OSError, ValueError, _RefusalError) as error:
        reason = hide_password(str(error), url) or type(error).__name__
    # Raised out here so that an error which may quote the password is not its context.
    raise ServiceError(
        f"the Valkey server at {redact(url)} {what}", cause=reason, remedy=_suggest_remedy(reason)
    )


def answers(url: str) -> bool:
    """Tell whether a server lets us in by now."""
    try:
        return ask(url, ["PING"], within_s=_PROBE_WITHIN_S) == ["PONG"]
    except ServiceError:
        return False


def describe_silence(url: str) -> str:
    """Say why a server that was waited for does not let us in."""
    try:
        ask(url, ["PING"], within_s=_PROBE_WITHIN_S)
    except ServiceError as error:
        return error.cause
    return "it answered only after the time was up"


@contextlib.contextmanager
def _connect(url: str, within_s: float) -> Iterator[_Link]:
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(
            socket.create_connection((host, parts.port or _PORT), timeout=within_s)
        )
        if parts.scheme == "rediss":
            context = ssl.create_default_context()
            out = stack.enter_context(context.wrap_socket(out, server_hostname=host))
        yield _Link(out, stack.enter_context(out.makefile("rb")))


def _greet(url: str) -> Iterator[Command]:
    parts = urlsplit(url)
    if parts.password:
        login = [parts.username] if parts.username else []
        yield ["AUTH", *map(unquote, [*login, parts.password])]
    number = parts.path.strip("/")
    if number:
        yield ["SELECT", number]


def _exchange(link: _Link, command: Command) -> Reply:
    words = [str(word).encode() for word in command]
    sized = [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    link.out.sendall(b"*%d\r\n%s" % (len(words), b"".join(sized)))
    return _read(link.replies)


def _read(stream: BinaryIO) -> Reply:
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("it closed the connection")
    kind, rest = line[:1], line[1:-2].decode(errors="replace")
    if kind == b"+":
        return rest
    if kind == b"-":
        raise _RefusalError(rest)
    if kind == b":":
        return int(rest)
    if kind == b"$":
        # What is as long as -1 is nothing.
        return None if int(rest) < 0 else stream.read(int(rest) + 2)[:-2].decode(errors="replace")
    if kind == b"*":
        return None if int(rest) < 0 else [_read(stream) for _ in range(int(rest))]
    raise ConnectionError("its answer is not in the protocol of Redis")


_REMEDIES = {
    "Connection refused": "start the server, or correct host and port in the URL",
    "not known": "correct the host in the URL",
    "No address": "correct the host in the URL",
    "WRONGPASS": "correct user and password in the URL; special characters must be percent-encoded",
    "without any password": "take the password out of the URL: the server has none",
    "NOAUTH": "put user and password into the URL",
    "NOPERM": "let the user run INFO, CLIENT, EVAL, SELECT, SET, DBSIZE and FLUSHDB",
    "DENIED": "the server lets in nobody from elsewhere: give it a password",
    "READONLY": "give the URL of the primary server, not of a replica",
    "OOM": "the server's memory is full: raise its maxmemory",
    "out of range": "raise the server's number of `databases`",
    "timed out": "correct host and port in the URL; a firewall may stand in between",
    "CERTIFICATE": "let this machine trust the server's certificate",
}


def _suggest_remedy(reason: str) -> str:
    found = (remedy for sign, remedy in _REMEDIES.items() if sign in reason)
    return next(found, "read the server's log, or use the embedded server")
