"""From a request to what is measured, in which file: nothing is installed or started yet."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import msgspec

from harness.bench.request import BenchRequest, reproduce
from harness.deployments.launcher import identify_remote
from harness.deployments.workers import serve_with
from harness.descriptions import Catalog
from harness.errors import UsageError
from harness.measure.machines import recall_inflations
from harness.measure.matches import Matched, match_cells
from harness.measure.pinning import Versions, pin, read_versions, refuse_unused
from harness.measure.plan import (
    Profile,
    Selection,
    choose,
    choose_scenarios,
    find_profile,
)
from harness.measure.session import describe_session
from harness.results.records import BenchHeader, Shard
from harness.results.shards import find_share, read_shard

#: For a precision or versions to compare, in seconds: as long as people wait.
_BUDGET_S = 600.0


class SessionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured, and into which file."""

    path: Path
    header: BenchHeader
    selection: Selection
    #: With the Worlds of everything that is measured only to be compared with.
    catalog: Catalog
    #: Whether it continues what the file holds.
    resumed: bool = False


class Subjects(msgspec.Struct, frozen=True, kw_only=True):
    """What a request comes to, whatever is done with it: cells, scenarios, versions."""

    versions: Versions
    #: With the versions that the user pinned, and apps that several processes serve.
    catalog: Catalog
    selection: Selection
    shard: Shard | None
    seed: int


def plan_session(request: BenchRequest, catalog: Catalog) -> SessionPlan:
    """Say what is measured.

    Raises:
        HarnessError: what was asked for cannot be.
    """
    subjects = choose_subjects(request, catalog)
    profile = find_profile(request.profile)
    matched = match_cells(
        subjects.catalog,
        subjects.selection.cells,
        profile,
        subjects.versions.against,
        subjects.seed,
    )
    return SessionPlan(
        path=name_file(request, profile.id),
        header=_describe(request, profile, subjects, matched),
        selection=subjects.selection,
        catalog=matched.catalog,
    )


def choose_subjects(request: BenchRequest, catalog: Catalog) -> Subjects:
    """Choose cells, scenarios and versions.

    Raises:
        HarnessError: what was asked for cannot be.
    """
    versions = read_versions(request.pins, request.against, catalog)
    measured = describe_measured(catalog, versions, request.workers)
    selection, shard = _take_share(select(request, measured), request)
    refuse_unused(measured, selection.cells, versions.pinned)
    seed = random.SystemRandom().randrange(2**31) if request.seed is None else request.seed
    return Subjects(
        versions=versions, catalog=measured, selection=selection, shard=shard, seed=seed
    )


def describe_measured(catalog: Catalog, versions: Versions, workers: int) -> Catalog:
    """Describe everything as it is measured: pinned versions, apps of so many processes."""
    return serve_with(pin(catalog, versions.pinned), workers)


def select(request: BenchRequest, catalog: Catalog) -> Selection:
    """Turn a request into cells and scenarios; a remote app is asked what it is.

    Raises:
        UsageError: an unknown name, an impossible combination, a remote World without a URL.
        DeploymentError: the remote app does not answer.
    """
    profile = find_profile(request.profile)
    remote_worlds = [world.id for world in catalog.worlds.values() if world.remote]
    asked = [name for name in request.choice.worlds if name in remote_worlds]
    here = tuple(name for name in request.choice.worlds if name not in remote_worlds)
    if asked and request.remote is None:
        raise demand_url()
    if request.remote is None:
        return choose(catalog, profile, request.choice)
    cell, _ = identify_remote(request.remote, (asked or remote_worlds)[0])
    scenarios = choose_scenarios(catalog, profile, request.choice.scenarios)
    if not here:
        return Selection(cells=(cell,), scenarios=scenarios, impossible={})
    local = choose(catalog, profile, msgspec.structs.replace(request.choice, worlds=here))
    return msgspec.structs.replace(local, cells=(*local.cells, cell))


def demand_url() -> UsageError:
    """Make the error of a remote World without a URL."""
    return UsageError("a remote World needs a URL", remedy="give --url https://… as well")


def _take_share(selection: Selection, request: BenchRequest) -> tuple[Selection, Shard | None]:
    """Leave the cells that are this machine's, where the session is spread over several.

    Raises:
        UsageError: there is no such shard, or the machines would not do the same.
    """
    if not request.shard:
        return selection, None
    if request.seed is None:
        raise UsageError(
            "a shard needs a seed",
            cause="all shards of a session must use the same seed",
            remedy="give --seed; `world-harness matrix --shards n` writes every shard's command",
        )
    shard = read_shard(request.shard, selection.cells)
    return msgspec.structs.replace(selection, cells=find_share(shard)), shard


def _describe(
    request: BenchRequest, profile: Profile, subjects: Subjects, matched: Matched
) -> BenchHeader:
    shared = describe_session(
        matched.catalog,
        subjects.selection.cells,
        seed=subjects.seed,
        command=reproduce(request, subjects.seed, subjects.versions),
        companions=matched.cells,
    )
    earlier = recall_inflations(shared.machine, shared.methodology)
    return BenchHeader(
        **msgspec.structs.asdict(shared),
        profile=profile.id,
        scenarios=subjects.selection.scenarios,
        forks=request.forks or profile.forks,
        workers=request.workers,
        matches=matched.matches,
        pinned=subjects.versions.pinned.write(),
        against=subjects.versions.against.write(),
        precision=request.precision,
        budget_s=_find_budget(request, profile),
        earlier_inflations=earlier.rows,
        earlier_whole_inflations=earlier.wholes,
        shard=subjects.shard,
    )


def _find_budget(request: BenchRequest, profile: Profile) -> float | None:
    """Return how long the forks may take, in seconds; `None` for just the planned ones."""
    if request.budget_s is not None:
        return request.budget_s
    if request.precision is not None:
        return _BUDGET_S
    if request.forks is not None:
        return None
    return _BUDGET_S if request.against else profile.budget_s


def name_file(request: BenchRequest, name: str) -> Path:
    """Return a new result file's path: in the folder that was asked for, named by the time."""
    return request.out / f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{name}.jsonl"
