"""How records are written: one line each; the header of every kind of session has one form.

The kind of a session is decided here, and nowhere else.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from harness.descriptions import Cell, Framework, Scenario, World
from harness.machine import Machine
from harness.results.known_faults import KnownFault
from harness.results.records import (
    BenchHeader,
    CellEnd,
    Check,
    EngineHeader,
    Footer,
    ForkEnd,
    Header,
    Load,
    LoadEnd,
    LoadHeader,
    LoadRun,
    Match,
    Part,
    Record,
    Sample,
    Shard,
)

H = TypeVar("H", bound=Header)

#: What the form calls a session of the engine suites.
_ENGINE_PROFILE = "e2e"


class HeaderLine(msgspec.Struct, frozen=True, kw_only=True, tag="header", tag_field="record"):
    """The header of any session, as it is written.

    A load and a session of the engine suites have 0 forks; a load alone says what was started when.
    """

    methodology: int
    started_at: str
    harness_version: str
    harness_commit: str
    command: str
    profile: str
    seed: int
    forks: int
    machine: Machine
    cells: tuple[Cell, ...]
    scenarios: tuple[Scenario, ...]
    frameworks: tuple[Framework, ...]
    worlds: tuple[World, ...]
    pins: dict[str, dict[str, str]]
    workers: int = 1
    matches: tuple[Match, ...] = ()
    pinned: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    precision: float | None = None
    budget_s: float | None = None
    earlier_inflations: tuple[float, ...] = ()
    earlier_whole_inflations: tuple[float, ...] = ()
    shard: Shard | None = None
    parts: tuple[Part, ...] = ()
    known_faults: tuple[KnownFault, ...] = ()
    load: Load | None = None


_decoder = msgspec.json.Decoder(
    HeaderLine | Sample | ForkEnd | Check | CellEnd | LoadRun | LoadEnd | Footer
)


def encode_record(record: Record) -> bytes:
    """Return a record as a line, with its end."""
    return msgspec.json.encode(make_line(record) if isinstance(record, Header) else record) + b"\n"


def decode_record(line: bytes) -> Record:
    """Return the record that a line holds.

    Raises:
        msgspec.DecodeError: it holds none.
    """
    record = _decoder.decode(line)
    return _sort(record) if isinstance(record, HeaderLine) else record


def make_line(header: Header) -> HeaderLine:
    """Return a header in the form that all kinds share."""
    absent = {"profile": _ENGINE_PROFILE, "scenarios": (), "forks": 0}
    return HeaderLine(**{**absent, **msgspec.structs.asdict(header)})


def _sort(line: HeaderLine) -> Header:
    """Return a header as what it is."""
    if line.load is not None:
        return _take(line, LoadHeader)
    return _take(line, BenchHeader) if line.forks else _take(line, EngineHeader)


def _take(line: HeaderLine, kind: type[H]) -> H:
    return kind(**{name: getattr(line, name) for name in kind.__struct_fields__})
