"""What a user asks of a benchmark, and the command that asks for the same again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.deployments.launcher import Remote
from harness.measure.pinning import Versions
from harness.measure.plan import Choice
from harness.services.resolution import Choice as ServiceChoice


class BenchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asks of a benchmark."""

    profile: str = "quick"
    choice: Choice = Choice()
    #: Forks a cell; `None` leaves it to the profile.
    forks: int | None = None
    #: `None` draws one.
    seed: int | None = None
    #: Versions in the place of the described ones, and those to compare with (`local@1.2.3`,
    #: `./checkout`).
    pins: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    #: See :class:`harness.results.records.BenchHeader`.
    precision: float | None = None
    budget_s: float | None = None
    #: Which part of all cells this machine measures: `2/6`; empty for all.
    shard: str = ""
    #: What else was asked for, as words of the command.
    further: tuple[str, ...] = ()
    services: ServiceChoice = "auto"
    remote: Remote | None = None
    #: Processes that serve each app.
    workers: int = 1
    #: Folder for the result file.
    out: Path = Path("results")
    #: A result file to go on from; everything else is then what its header says.
    resume: Path | None = None


def write_command(request: BenchRequest, seed: int, versions: Versions | None = None) -> str:
    """Return the command that asks for the same again; without what can be secret.

    Args:
        request: What the user asks.
        seed: The seed that was drawn where the user gave none.
        versions: What the user's pins were read as: written so, they name no place of this
            machine. If absent, the command has them as the user wrote them.
    """
    pinned = versions.pinned.write() if versions else request.pins
    against = versions.against.write() if versions else request.against
    words = ["world-harness bench", f"--profile {request.profile}"]
    for option, names in (
        ("--line", request.choice.lines),
        ("--framework", request.choice.frameworks),
        ("--world", request.choice.worlds),
        ("--scenario", request.choice.scenarios),
    ):
        words.extend(f"{option} '{name}'" if "*" in name else f"{option} {name}" for name in names)
    words.extend(f"--pin {text}" for text in pinned)
    words.extend(f"--against {text}" for text in against)
    if request.precision is not None:
        words.append(f"--precision {request.precision * 100:g}%")
    if request.budget_s is not None:
        words.append(f"--budget {request.budget_s:g}s")
    words.extend(request.further)
    if request.shard:
        words.append(f"--shard {request.shard}")
    if request.workers > 1:
        words.append(f"--workers {request.workers}")
    if request.forks is not None:
        words.append(f"--forks {request.forks}")
    if request.remote:
        words.append("--url URL")
        words.extend(f"--header '{name}: …'" for name in request.remote.headers)
    return " ".join([*words, f"--seed {seed}"])
