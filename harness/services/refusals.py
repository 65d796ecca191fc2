"""What to tell the user when a server cannot be reached, or refuses."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import ServiceError
from harness.services.urls import hide_password, redact

#: Part of a reason -> what to do. Clients of every kind say these in the words of the system.
_REMEDIES = {
    "Connection refused": "start the server, or correct host and port in the URL",
    "not known": "correct the host in the URL",
    "No address": "correct the host in the URL",
    "timed out": "correct host and port in the URL; a firewall may stand in between",
}


def read_reason(error: Exception, url: str) -> str:
    """Return why a server refuses, without the passwords of its URL."""
    return " ".join(hide_password(str(error), url).split()) or type(error).__name__


def describe_refusal(
    title: str, url: str, what: str, reason: str, remedies: Mapping[str, str]
) -> ServiceError:
    """Return the error of a server that refuses.

    It is to be raised outside of the block that caught the client's own error: that one may quote
    the password, and must not be its context.

    Args:
        title: The service, as its makers write it.
        url: Where the server is.
        what: What happened: `cannot be reached`.
        reason: Why, from :func:`read_reason`.
        remedies: Part of a reason -> what to do; beside those of the system.
    """
    known = {**_REMEDIES, **remedies}
    remedy = next((known[sign] for sign in known if sign in reason), None)
    return ServiceError(
        f"the {title} server at {redact(url)} {what}",
        cause=reason,
        remedy=remedy or "read the server's log, or give the URL of another server",
    )
