"""What earlier sessions on this machine showed of the machine itself: how it spreads and drifts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from scipy import special

from harness.atomic_files import replace_file
from harness.machine import Machine
from harness.results.records import BenchHeader
from harness.workspaces.cache import cache_folder, digest

#: Sessions that say how the machine drifts between them.
SESSIONS_TO_KNOW_DRIFT = 3

_CONFIDENCE = 0.9

#: The latest sessions are kept.
_KEPT = 200


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as far as the next ones need it."""

    started_at: str
    #: What was measured, and how: two sessions with one subject differ in the machine alone.
    subject: str
    #: How much wider than its error a cell spread against itself; `None` without twins.
    inflation: float | None
    #: The same of the mean of all scenarios.
    whole_inflation: float | None = None
    #: How it was measured: what another methodology showed of a machine says nothing here.
    methodology: int = 0
    #: Cell and scenario -> ln(workflow time in ms).
    centers: dict[str, float]


def identify_subject(header: BenchHeader) -> str:
    """Return what tells sessions apart that measured different things, or differently."""
    return digest(
        {
            "methodology": header.methodology,
            "pins": header.pins,
            "scenarios": [msgspec.to_builtins(item) for item in header.scenarios],
            "version": header.harness_release,
        }
    )


def recall(machine: Machine) -> tuple[Memory, ...]:
    """Return what is remembered of a machine, the oldest session first."""
    path = _locate(machine)
    if not path.is_file():
        return ()
    lines = path.read_bytes().splitlines()
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Memory))
        except msgspec.DecodeError:  # A line that was cut, or of another version.
            continue
    return tuple(found[-_KEPT:])


class Inflations(msgspec.Struct, frozen=True):
    """How much wider than their errors a machine's cells spread against themselves, by session."""

    rows: tuple[float, ...]
    #: Of the mean of all scenarios.
    wholes: tuple[float, ...]


def recall_inflations(machine: Machine, methodology: int) -> Inflations:
    """Return what earlier sessions on a machine measured by their twins, in the same way."""
    known = [item for item in recall(machine) if item.methodology == methodology]
    return Inflations(
        tuple(item.inflation for item in known if item.inflation is not None),
        tuple(item.whole_inflation for item in known if item.whole_inflation is not None),
    )


def remember(machine: Machine, memory: Memory) -> None:
    """Add a session to what is remembered of a machine; one that is known already is not."""
    known = [item for item in recall(machine) if item.started_at != memory.started_at]
    path = _locate(machine)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [*known, memory][-_KEPT:]
    with replace_file(path) as draft:
        draft.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in kept))


def measure_drift(memories: Sequence[Memory], subject: str) -> float | None:
    """Measure how whole sessions with one subject lie apart at most.

    Returns:
        What the standard deviation of their means, as a logarithm, does not exceed with 90%
        confidence: a few sessions may lie close together by luck. `None` where fewer than
        :data:`SESSIONS_TO_KNOW_DRIFT` sessions share what they measured.
    """
    alike = [memory.centers for memory in memories if memory.subject == subject]
    by_keys: defaultdict[frozenset[str], list[dict[str, float]]] = defaultdict(list)
    for centers in alike:
        by_keys[frozenset(centers)].append(centers)
    squares: list[float] = []
    freedom = 0
    for keys, sessions in by_keys.items():
        if keys and len(sessions) > 1:
            means = [float(np.mean([centers[key] for key in keys])) for centers in sessions]
            squares.append(float(np.var(means)) * len(means))
            freedom += len(means) - 1
    if freedom < SESSIONS_TO_KNOW_DRIFT - 1:
        return None
    return math.sqrt(sum(squares) / float(special.chdtri(freedom, _CONFIDENCE)))


def _locate(machine: Machine) -> Path:
    return cache_folder() / "machines" / f"{digest(msgspec.to_builtins(machine))}.jsonl"
