"""A PostgreSQL server that the user gives."""

from __future__ import annotations

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict

from harness.errors import ServiceError, UsageError
from harness.services.postgres.databases import query
from harness.services.urls import redact

#: The first version that can drop a database which is in use.
_OLDEST = 13

_RIGHTS = """
    SELECT current_setting('server_version_num')::int / 10000, rolcreatedb OR rolsuper, current_user
    FROM pg_roles WHERE rolname = current_user
"""


def check_external(url: str) -> None:
    """See that a server which the user gives can be used.

    Args:
        url: Names a database that exists and a role that may create others.

    Raises:
        UsageError: it is not the URL of a PostgreSQL server.
        ServiceError: the server does not let us in or is too old, or the role may not create
            databases.
    """
    _check_url(url)
    _check_rights(url)


def _check_url(url: str) -> None:
    """See that the URL can be read in one way only.

    What is wrong with it is said without quoting it: in a URL that cannot be parsed, it is unknown
    which part is the password.
    """
    problem = _find_problem(url)
    if problem:
        raise UsageError(
            "the URL given for postgres is not the URL of a PostgreSQL server",
            cause=problem,
            remedy="write it as postgres://user:password@host:5432/database",
        )


def _find_problem(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql"):
        return "it does not begin with postgres://"
    head = rest.partition("?")[0]
    if head.count("@") > 1 or set(head.partition("/")[2]) & {"@", "/"}:
        return "it has an @ or a / too many; in a password they are written %40 and %2F"
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "a part of it is not percent-encoded, or a parameter has no meaning"
    if not re.fullmatch(r"[0-9,]*", str(parts.get("port") or "")):
        return "its port is not a number"
    return ""


def _check_rights(url: str) -> None:
    version, may_create, role = query(url, _RIGHTS)[0]
    if version < _OLDEST:
        raise ServiceError(
            f"the PostgreSQL server at {redact(url)} is too old",
            cause=f"it is version {version}; databases in use can be dropped since {_OLDEST}",
            remedy="give the URL of a newer server, or use the embedded one",
        )
    if not may_create:
        raise ServiceError(
            f"the role {role!r} may not create databases on the server at {redact(url)}",
            cause="every fork of a benchmark gets a new database of its own",
            remedy=f'ALTER ROLE "{role}" CREATEDB, or give the URL of another role',
        )
