"""Turns a request into a session plan. Installs and starts nothing."""

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
    """What a session measures, and the result file."""

    path: Path
    header: BenchHeader
    selection: Selection
    #: Includes the Worlds of the companions.
    catalog: Catalog
    #: Whether the session continues an existing result file.
    resumed: bool = False


class Subjects(msgspec.Struct, frozen=True, kw_only=True):
    """The cells, scenarios and versions of a request, for a benchmark or a load."""

    versions: Versions
    #: With the pinned versions, and with the requested number of processes per app.
    catalog: Catalog
    selection: Selection
    shard: Shard | None
    seed: int


def plan_session(request: BenchRequest, catalog: Catalog) -> SessionPlan:
    """Plan a new session.

    Raises:
        HarnessError: the request is not valid, or its subjects are not available.
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
        HarnessError: the request is not valid, or its subjects are not available.
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
    """Return the catalog with the pinned versions, and with this number of processes per app."""
    return serve_with(pin(catalog, versions.pinned), workers)


def select(request: BenchRequest, catalog: Catalog) -> Selection:
    """Turn a request into cells and scenarios; ask a remote app for its identity.

    Raises:
        UsageError: a name is unknown, no chosen cell can exist, the URL of a remote World is
            missing, or a remote app is to be run in development.
        DeploymentError: the remote app does not answer.
    """
    profile = find_profile(request.profile)
    remote_worlds = [world.id for world in catalog.worlds.values() if world.remote]
    asked = [name for name in request.choice.worlds if name in remote_worlds]
    here = tuple(name for name in request.choice.worlds if name not in remote_worlds)
    if asked and request.remote is None:
        raise explain_missing_url()
    if request.remote is None:
        return choose(catalog, profile, request.choice)
    if request.choice.modes and "production" not in request.choice.modes:
        raise UsageError(
            "a remote app cannot be run in development",
            cause="it is measured as it was deployed",
            remedy="leave out --mode, or --url",
        )
    cell, _ = identify_remote(request.remote, (asked or remote_worlds)[0])
    scenarios = choose_scenarios(catalog, profile, request.choice.scenarios)
    if not here:
        return Selection(cells=(cell,), scenarios=scenarios, impossible={})
    local = choose(catalog, profile, msgspec.structs.replace(request.choice, worlds=here))
    return msgspec.structs.replace(local, cells=(*local.cells, cell))


def explain_missing_url() -> UsageError:
    """Return the error for a remote World without a URL."""
    return UsageError("a remote World needs a URL", remedy="give --url https://… as well")


def _take_share(selection: Selection, request: BenchRequest) -> tuple[Selection, Shard | None]:
    """Keep the cells of this machine's shard; without a shard, keep all.

    Raises:
        UsageError: the shard is not valid, or has no seed that all shards share.
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
        known_faults=request.known,
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
    """Return the path of a new result file: in the requested folder, named after the time."""
    return request.out / f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{name}.jsonl"
