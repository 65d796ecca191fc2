"""What earlier sessions showed about this machine: the spread and the drift of its times."""

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

#: The number of sessions that is needed to know the drift between sessions.
SESSIONS_TO_KNOW_DRIFT = 3

_CONFIDENCE = 0.9

#: How many of the latest sessions are kept.
_KEPT = 200


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The part of one session that later sessions use."""

    started_at: str
    #: What was measured, and how. Two sessions with one subject differ only in the machine's state.
    subject: str
    #: How much wider a cell spread against itself than its standard error; `None` without twins.
    inflation: float | None
    #: The same for the mean of all scenarios.
    whole_inflation: float | None = None
    #: The methodology; sessions with another one are ignored.
    methodology: int = 0
    #: Cell and scenario -> ln(workflow time in ms).
    centers: dict[str, float]


def identify_subject(header: BenchHeader) -> str:
    """Return a digest that differs if two sessions measured different things, or differently."""
    return digest(
        {
            "methodology": header.methodology,
            "pins": header.pins,
            "scenarios": [msgspec.to_builtins(item) for item in header.scenarios],
            "version": header.harness_release,
        }
    )


def recall(machine: Machine) -> tuple[Memory, ...]:
    """Return the stored sessions of a machine, the oldest first."""
    path = _locate(machine)
    if not path.is_file():
        return ()
    lines = path.read_bytes().splitlines()
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Memory))
        except msgspec.DecodeError:  # An incomplete line, or one of another version.
            continue
    return tuple(found[-_KEPT:])


class Inflations(msgspec.Struct, frozen=True):
    """How much wider than their errors a machine's cells spread against themselves, by session."""

    rows: tuple[float, ...]
    #: The same for the mean of all scenarios.
    wholes: tuple[float, ...]


def recall_inflations(machine: Machine, methodology: int) -> Inflations:
    """Return the inflations that earlier sessions on a machine measured with this methodology."""
    known = [item for item in recall(machine) if item.methodology == methodology]
    return Inflations(
        tuple(item.inflation for item in known if item.inflation is not None),
        tuple(item.whole_inflation for item in known if item.whole_inflation is not None),
    )


def remember(machine: Machine, memory: Memory) -> None:
    """Store a session of a machine, unless it is stored already."""
    known = [item for item in recall(machine) if item.started_at != memory.started_at]
    path = _locate(machine)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [*known, memory][-_KEPT:]
    with replace_file(path) as draft:
        draft.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in kept))


def measure_drift(memories: Sequence[Memory], subject: str) -> float | None:
    """Measure an upper limit of the drift between sessions with one subject.

    Returns:
        The upper 90% confidence limit of the standard deviation of the sessions' means, as a
        logarithm. It is a limit because a few sessions may be close together by chance. `None` if
        fewer than :data:`SESSIONS_TO_KNOW_DRIFT` sessions have the subject.
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
