"""A PostgreSQL server that the user provides."""

from __future__ import annotations

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict

from harness.errors import ServiceError, UsageError
from harness.services.postgres.databases import query
from harness.services.urls import redact

#: The first version that can drop a database that is in use.
_OLDEST = 13

_RIGHTS = """
    SELECT current_setting('server_version_num')::int / 10000, rolcreatedb OR rolsuper, current_user
    FROM pg_roles WHERE rolname = current_user
"""


def check_external(url: str) -> None:
    """Check that the user's server can be used.

    Args:
        url: Has an existing database, and a role that may create others.

    Raises:
        UsageError: it is not the URL of a PostgreSQL server.
        ServiceError: the server refuses the login or is too old, or the role may not create
            databases.
    """
    _check_url(url)
    _check_rights(url)


def _check_url(url: str) -> None:
    """Check that the URL is unambiguous.

    The error does not quote the URL: if a URL cannot be parsed, any part of it may be the password.
    """
    problem = _find_problem(url)
    if problem:
        raise UsageError(
            "this is not a valid URL of a PostgreSQL server",
            cause=problem,
            remedy="write it as postgres://user:password@host:5432/database",
        )


def _find_problem(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql"):
        return "it does not begin with postgres://"
    head = rest.partition("?")[0]
    if head.count("@") > 1 or set(head.partition("/")[2]) & {"@", "/"}:
        return "it has an extra @ or /; in a password, write %40 and %2F for them"
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "a part of it is not percent-encoded, or a parameter is unknown"
    if not re.fullmatch(r"[0-9,]*", str(parts.get("port") or "")):
        return "its port is not a number"
    return ""


def _check_rights(url: str) -> None:
    version, may_create, role = query(url, _RIGHTS)[0]
    if version < _OLDEST:
        raise ServiceError(
            f"the PostgreSQL server at {redact(url)} is too old",
            cause=f"it is version {version}; the harness needs {_OLDEST} or newer",
            remedy="give the URL of a newer server, or use the embedded one",
        )
    if not may_create:
        raise ServiceError(
            f"the role {role!r} may not create databases on the server at {redact(url)}",
            cause="every fork of a benchmark gets its own new database",
            remedy=f'run `ALTER ROLE "{role}" CREATEDB`, or give the URL of another role',
        )
