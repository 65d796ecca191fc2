"""Seeing from outside what a server is, what is left of it, and what an error shows."""

from __future__ import annotations

import os
import socket
import traceback
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest

from harness.services.postgres.databases import NAME_PREFIX, query
from harness.services.resolution import find_service_choices


class Server:
    """What can be seen of an embedded server from outside, while it runs and afterwards."""

    def __init__(self, url: str) -> None:
        self.port = urlsplit(url).port or 0
        self.folder = Path(str(query(url, "SHOW data_directory")[0][0])).parent
        server = psutil.Process(int((self.folder / "data/postmaster.pid").read_text().split()[0]))
        self.main = server
        self.processes = [server, *server.children(recursive=True)]

    def remains(self) -> list[str]:
        """Return what is left of it."""
        left = [f"process {process.pid}" for process in self.processes if process.is_running()]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                left.append(f"port {self.port}")
        if self.folder.exists():
            left.append(f"folder {self.folder}")
        return left


def list_databases(url: str) -> set[str]:
    """The databases of a server that the harness made."""
    rows = query(
        url, "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [NAME_PREFIX]
    )
    return {str(name) for (name,) in rows}


def with_login(url: str, user: str, password: str) -> str:
    """The URL of the same database for another user."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{login}@{host}").geturl()


def everything_said(error: BaseException) -> str:
    """Every text that an error can show: of itself, of what caused it and of its context."""
    texts = traceback.format_exception(error)
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        seen.append(one)
        texts += [str(one), repr(one), repr(vars(one)), *getattr(one, "__notes__", [])]
        waiting += [
            other for other in (one.__cause__, one.__context__) if other and other not in seen
        ]
    return "\n".join(texts)


def is_root() -> bool:
    """Whether the tests run as root."""
    return os.geteuid() == 0


def require_embedded(name: str) -> None:
    """Skip the test where a service has no embedded server."""
    embedded = next(one for one in find_service_choices(name) if one.choice == "embedded")
    if not embedded.available:
        pytest.skip(f"no embedded server: {embedded.detail}")
