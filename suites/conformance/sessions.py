"""The World that a session examines: found and installed once, handed to every worker."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.adapters.protocol import Opened
from harness.certification.sites import Ground, open_ground
from harness.certification.subjects import Subject, find_subject, infer_line
from harness.cli import read_catalog
from harness.errors import UsageError


class Session:
    """What is examined, and the ground it runs on."""

    def __init__(self, subject: Subject, options: tuple[str, ...], urls: Mapping[str, str]) -> None:
        self._stack = contextlib.ExitStack()
        self.options = options
        self.ground: Ground = self._stack.enter_context(open_ground(subject, urls=urls))
        self.subject = subject
        if subject.line is None:
            line = self._find_line(subject)
            self.subject = msgspec.structs.replace(subject, line=line)
            self.ground.subject = self.subject

    @property
    def spec(self) -> str:
        """The World as the user named it."""
        return self.subject.spec

    @property
    def line(self) -> str:
        """The line that it is examined for."""
        return self.subject.line or ""

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    def look(self) -> Opened:
        """Open the World once, on storage that is thrown away, and tell what it is.

        Raises:
            OpenError: it cannot be opened.
        """
        with self.ground.site() as site:
            return site.open().opened

    def _find_line(self, subject: Subject) -> str:
        opened = self.look()
        return infer_line(subject.language, opened.shape, opened.spec_version)


def find_session(config: pytest.Config) -> Session:
    """Resolve, install and open what the options name.

    Raises:
        UsageError: no World, or several, are named.
        HarnessError: it cannot be had.
    """
    specs = config.getoption("--world")
    if len(specs) != 1:
        raise UsageError(
            "the conformance suite examines one World a session",
            cause=f"--world was given {len(specs)} times",
            remedy="pytest --pyargs suites.conformance --world SPEC",
        )
    lines = config.getoption("--line")
    env = dict(text.partition("=")[::2] for text in config.getoption("--env"))
    subject = find_subject(
        specs[0],
        read_catalog(),
        line=lines[0] if lines else None,
        env=env,
        services=config.getoption("--service"),
        setup=config.getoption("--setup"),
    )
    # Values of the environment are not repeated: they can hold secrets.
    options = [word for name in env for word in ("--env", f"{name}=…")]
    options += [word for name in config.getoption("--service") for word in ("--service", name)]
    return Session(subject, tuple(options), {})


class _Parcel(msgspec.Struct, frozen=True):
    """What a worker needs to know."""

    subject: Subject
    options: tuple[str, ...]
    urls: dict[str, str]


def send_session(session: Session) -> bytes:
    """Pack a session for a worker."""
    parcel = _Parcel(session.subject, session.options, session.ground.service_urls())
    return msgspec.json.encode(parcel, enc_hook=str)


def receive_session(packed: bytes) -> Session:
    """Unpack a session in a worker; its servers are those of the first process."""
    parcel = msgspec.json.decode(packed, type=_Parcel, dec_hook=_read_path)
    return Session(parcel.subject, parcel.options, parcel.urls)


def _read_path(kind: type, value: Any) -> Path:
    return Path(value)
