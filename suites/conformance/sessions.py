"""The World that a session examines: found and installed once, handed to every worker."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec
import pytest

from harness.adapters.protocol import Opened
from harness.certification.parcels import pack, unpack
from harness.certification.sites import Ground, open_ground
from harness.certification.subjects import Subject, find_subject, infer_line
from harness.checks.reproducing import PLUGIN
from harness.errors import UsageError


class Session:
    """What is examined, and the ground it runs on."""

    def __init__(self, subject: Subject, urls: Mapping[str, str]) -> None:
        self._stack = contextlib.ExitStack()
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
        return infer_line(subject.language, opened.shape, opened.stated_version)


def find_session(config: pytest.Config) -> Session:
    """Resolve, install and open what the options name.

    Raises:
        UsageError: no World, or several, are named.
        HarnessError: it cannot be had.
    """
    parcel = config.getoption("--parcel")
    if parcel is not None:
        return receive_session(parcel.read_bytes())
    specs = config.getoption("--world")
    if len(specs) != 1:
        raise UsageError(
            "the conformance suite examines one World a session",
            cause=f"--world was given {len(specs)} times",
            remedy=f"pytest -p {PLUGIN} --pyargs suites.conformance --world SPEC",
        )
    lines = config.getoption("--line")
    env = dict(text.partition("=")[::2] for text in config.getoption("--env"))
    # Only here, and not in the workers: with the catalog comes everything that can be measured.
    from suites.catalog import read_catalog

    subject = find_subject(
        specs[0],
        read_catalog(),
        line=lines[0] if lines else None,
        env=env,
        services=config.getoption("--service"),
        setup=config.getoption("--setup"),
    )
    return Session(subject, {})


def send_session(session: Session) -> bytes:
    """Pack a session for a worker."""
    return pack(session.subject, session.ground.service_urls())


def receive_session(packed: bytes) -> Session:
    """Unpack a session in a worker; its servers are those of the first process."""
    parcel = unpack(packed)
    return Session(parcel.subject, parcel.urls)
