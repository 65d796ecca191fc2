"""A user's request for a benchmark, and the command that repeats it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.deployments.launcher import Remote
from harness.invocations import Value, write_command
from harness.measure.pinning import Versions
from harness.measure.plan import Choice
from harness.results.known_faults import KnownFault
from harness.services.resolution import ServicePreference


class BenchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A user's request for a benchmark."""

    profile: str = "quick"
    choice: Choice = Choice()
    #: Forks per cell; `None` for the profile's number.
    forks: int | None = None
    #: `None` for a random seed.
    seed: int | None = None
    #: Versions that replace the described ones, and versions to compare with (`local@1.2.3`,
    #: `./checkout`).
    pins: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    #: See :class:`harness.results.records.BenchHeader`.
    precision: float | None = None
    budget_s: float | None = None
    #: Which part of all cells this machine measures: `2/6`; empty for all.
    shard: str = ""
    #: The subcommand, with the options that only it has.
    command: tuple[str, ...] = ("bench",)
    services: ServicePreference = "auto"
    remote: Remote | None = None
    #: Processes that serve each app.
    workers: int = 1
    #: The faults of subjects that do not make the command fail.
    known: tuple[KnownFault, ...] = ()
    #: Folder for the result file.
    out: Path = Path("results")
    #: A result file to continue. Its header then replaces everything else in the request.
    resume: Path | None = None


def reproduce(request: BenchRequest, seed: int, versions: Versions | None = None) -> str:
    """Return the command that repeats a request, without secrets.

    Args:
        request: The user's request.
        seed: The session's seed, which is random if the user gave none.
        versions: The pins as the harness read them. The command then contains no path of this
            machine. If absent, the command has the pins as the user wrote them.
    """
    precision, budget_s = request.precision, request.budget_s
    options: dict[str, Value] = {
        "--profile": request.profile,
        "--line": request.choice.lines,
        "--framework": request.choice.frameworks,
        "--world": request.choice.worlds,
        "--mode": request.choice.modes,
        "--scenario": request.choice.scenarios,
        "--pin": versions.pinned.write() if versions else request.pins,
        "--against": versions.against.write() if versions else request.against,
        "--precision": None if precision is None else f"{precision * 100:g}%",
        "--budget": None if budget_s is None else f"{budget_s:g}s",
        "--shard": request.shard or None,
        "--workers": request.workers if request.workers > 1 else None,
        "--forks": request.forks,
        **write_remote(request.remote),
        "--seed": seed,
    }
    return write_command(["world-harness", *request.command], options)


def write_remote(remote: Remote | None) -> dict[str, Value]:
    """Return the options that name a remote app, without secrets."""
    if remote is None:
        return {}
    return {"--url": "URL", "--header": tuple(f"{name}: …" for name in remote.headers)}
