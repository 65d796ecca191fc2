"""The error for a server that cannot be reached, or that refuses a request."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import ServiceError
from harness.services.urls import hide_password, redact

#: Part of a reason -> what to do. Every client quotes these error messages of the system.
_REMEDIES = {
    "Connection refused": "start the server, or correct host and port in the URL",
    "not known": "correct the host in the URL",
    "No address": "correct the host in the URL",
    "timed out": "correct host and port in the URL; a firewall may block the connection",
}


def read_reason(error: Exception, url: str) -> str:
    """Return why a server refuses, without the passwords of its URL."""
    return " ".join(hide_password(str(error), url).split()) or type(error).__name__


def describe_refusal(
    title: str, url: str, what: str, reason: str, remedies: Mapping[str, str]
) -> ServiceError:
    """Return the error of a server that refuses.

    Raise it outside the block that caught the client's own error: that error may quote the
    password, so it must not be chained.

    Args:
        title: The product name of the service.
        url: The server's URL.
        what: What happened: `cannot be reached`.
        reason: Why, from :func:`read_reason`.
        remedies: Part of a reason -> what to do; added to those for errors of the system.
    """
    known = {**_REMEDIES, **remedies}
    remedy = next((known[sign] for sign in known if sign in reason), None)
    return ServiceError(
        f"the {title} server at {redact(url)} {what}",
        cause=reason,
        remedy=remedy or "read the server's log, or give the URL of another server",
    )
