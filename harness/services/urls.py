"""URLs of servers: hide their passwords, replace their database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from harness.errors import UsageError

_HIDDEN = "***"
_SECRET_KEYS = {"password", "passwd", "pwd", "sslpassword"}

_USER_INFO = re.compile(r"^(?P<before>[^:/?#]*://[^:/?#@\[]*:)(?P<password>.*)@", re.DOTALL)
_PORT = re.compile(r"^[0-9,]*$")


def redact(url: str) -> str:
    """Return the URL with its password hidden and nothing else changed.

    A password whose special characters are not percent-encoded makes the URL ambiguous. In that
    case more than the password may be hidden.
    """
    found = _find_password(url)
    if found:
        url = f"{url[: found.start('password')]}{_HIDDEN}{url[found.end('password') :]}"
    head, mark, query = url.partition("?")
    return head + mark + "&".join(map(_redact_parameter, query.split("&")))


def hide_password(text: str, url: str) -> str:
    """Return a text about a server with the URL's passwords hidden."""
    # The longest first: one may contain another.
    for secret in sorted(_read_passwords(url), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def with_database(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    head, mark, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    server = rest.partition("/")[0]
    kept = [part for part in query.split("&") if part and _key(part) != "dbname"]
    mark = "?" if kept else ""
    return f"{scheme}://{server}/{quote(database, safe='')}{mark}{'&'.join(kept)}"


def check_url(url: str, *, title: str, schemes: Iterable[str], example: str) -> None:
    """Check that a URL from the user is unambiguous.

    The error does not quote the URL: if a URL cannot be parsed, any part of it may be the password.

    Args:
        url: The URL from the user.
        title: The product name of the service.
        schemes: The schemes that it may have.
        example: A valid URL.

    Raises:
        UsageError: the URL is not valid.
    """
    problem = _find_problem(url, tuple(schemes))
    if problem:
        raise UsageError(
            f"this is not a valid URL of a {title} server",
            cause=problem,
            remedy=f"write it as {example}",
        )


def _find_problem(url: str, schemes: tuple[str, ...]) -> str:
    if url.partition("://")[0] not in schemes:
        return f"it does not begin with {schemes[0]}://"
    rest = url.partition("://")[2].partition("?")[0]
    if rest.count("@") > 1 or set(rest.partition("/")[2]) & {"@", "/"}:
        return "it has an extra @ or /; in a password, write %40 and %2F for them"
    hosts = rest.partition("/")[0].rpartition("@")[2]
    try:
        for host in hosts.split(","):
            _ = urlsplit(f"//{host}").port
    except ValueError:
        return "its host or port is not valid"
    if not hosts:
        return "it has no host"
    return ""


def _find_password(url: str) -> re.Match[str] | None:
    """Find the password before the host: up to the last `@` that can end it."""
    whole = _USER_INFO.match(url)
    if whole is None:
        return None
    authority = re.split(r"[/?#]", url[whole.start("password") :], maxsplit=1)[0]
    if "@" not in authority and _PORT.match(authority):
        return None
    head = url.partition("?")[0]
    in_head = _USER_INFO.match(head)
    return in_head or whole


def _redact_parameter(part: str) -> str:
    key, equals, _ = part.partition("=")
    return f"{key}{equals}{_HIDDEN}" if equals and _key(part) in _SECRET_KEYS else part


def _key(part: str) -> str:
    return unquote(part.partition("=")[0]).lower()


def _read_passwords(url: str) -> set[str]:
    found = _find_password(url)
    written = {found["password"]} if found else set()
    for part in url.partition("?")[2].split("&"):
        if _key(part) in _SECRET_KEYS:
            written.add(part.partition("=")[2])
    return {secret for text in written for secret in (text, unquote(text)) if secret}
