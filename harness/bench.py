"""A benchmark from request to result file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from harness.deployments.apps import Contents
from harness.deployments.deployment import reach_app
from harness.deployments.launcher import Launcher, Remote
from harness.deployments.workers import serve_with
from harness.descriptions import Catalog, Cell
from harness.errors import ResultsError, UsageError, unknown
from harness.invocations import Value, write_command
from harness.machine import describe_machine
from harness.measure.machines import recall
from harness.measure.matches import Matched, match_twins, match_versions
from harness.measure.pinning import Pins, pin, read_pins, refuse_unused
from harness.measure.plan import (
    Choice,
    Profile,
    Selection,
    choose,
    choose_scenarios,
    describe_profiles,
)
from harness.measure.session import Watcher, conduct, describe_session, leave_out_places
from harness.results.records import Footer, ForkEnd, Header, Sample, Shard
from harness.results.shards import find_share, read_shard
from harness.results.store import ResultsWriter, count_attempts, read_results
from harness.services.resolution import Choice as ServiceChoice
from harness.workspaces.install import pin_line
from harness.workspaces.node import find_node


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
    #: See :class:`harness.results.records.Header`.
    precision: float | None = None
    budget_s: float | None = None
    #: The part of all cells that this machine measures, such as `2/6`; empty for all.
    shard: str = ""
    #: The command that makes the request, and its own options.
    command: tuple[str, ...] = ("bench",)
    services: ServiceChoice = "auto"
    remote: Remote | None = None
    #: Processes that serve each app.
    workers: int = 1
    #: Folder for the result file.
    out: Path = Path("results")
    #: A result file to resume; its header then determines everything else.
    resume: Path | None = None


class Outcome(msgspec.Struct, frozen=True):
    """A finished benchmark."""

    results: Path
    footer: Footer
    #: Whether every fork finished and every sample was correct, including resumed sessions.
    sound: bool


def run_bench(
    request: BenchRequest,
    catalog: Catalog,
    contents: Contents,
    watcher: Watcher,
    *,
    opened: Callable[[Path, Selection], None] = lambda path, selection: None,
) -> Outcome:
    """Measure the requested cells and write the result file.

    Args:
        request: The user's request.
        catalog: Everything that is described.
        contents: The contents of the apps.
        watcher: Receives the progress.
        opened: Called with the path of the result file, as soon as it is known.

    Raises:
        HarnessError: the benchmark failed; the file contains the results so far.
    """
    path, session = (
        _resume(request.resume, catalog, request.remote)
        if request.resume
        else begin_session(request, catalog)
    )
    header = session.header
    opened(path, session.selection)
    with (
        ResultsWriter(path) as writer,
        Launcher(
            session.catalog,
            contents,
            services=request.services,
            remote=request.remote,
            report=watcher.preparing,
        ) as launcher,
    ):
        finished: frozenset[str] = frozenset()
        attempts: dict[str, int] = {}
        before: tuple[Sample | ForkEnd, ...] = ()
        if request.resume:
            earlier = read_results(path)
            finished = frozenset(end.fork for end in earlier.forks if end.outcome == "finished")
            attempts = count_attempts(path)
            before = (*earlier.samples, *earlier.forks)
        else:
            writer.append(header)
        footer = conduct(
            header,
            launcher,
            writer,
            watcher,
            contents.check_answer,
            finished=finished,
            attempts=attempts,
            earlier=before,
        )
    results = read_results(path)
    sound = all(end.outcome == "finished" for end in results.forks) and all(
        sample.outcome == "correct" for sample in results.samples
    )
    return Outcome(path, footer, sound)


def find_profile(name: str) -> Profile:
    """Return a profile by its id.

    Raises:
        UsageError: no profile has that id.
    """
    profiles = describe_profiles()
    if name not in profiles:
        raise unknown("profile", name, profiles)
    return profiles[name]


def select(request: BenchRequest, catalog: Catalog) -> Selection:
    """Turn a request into cells and scenarios; ask a remote app for its identity.

    Raises:
        UsageError: a name is unknown, a combination impossible, or a remote World has no URL.
        DeploymentError: the remote app does not answer.
    """
    profile = find_profile(request.profile)
    remote_worlds = [world.id for world in catalog.worlds.values() if world.remote]
    asked = [name for name in request.choice.worlds if name in remote_worlds]
    here = tuple(name for name in request.choice.worlds if name not in remote_worlds)
    if asked and request.remote is None:
        raise _demand_url()
    if request.remote is None:
        return choose(catalog, profile, request.choice)
    cell, _ = identify_remote(request.remote, (asked or remote_worlds)[0])
    scenarios = choose_scenarios(catalog, profile, request.choice.scenarios)
    if not here:
        return Selection(cells=(cell,), scenarios=scenarios, impossible={})
    local = choose(catalog, profile, msgspec.structs.replace(request.choice, worlds=here))
    return msgspec.structs.replace(local, cells=(*local.cells, cell))


def _demand_url() -> UsageError:
    return UsageError("a remote World needs a URL", remedy="pass --url https://… too")


def identify_remote(remote: Remote, world: str) -> tuple[Cell, tuple[str, ...]]:
    """Ask a remote app for its identity: its cell and its workflows.

    Raises:
        UsageError: the URL is not valid.
        DeploymentError: the app does not answer.
    """
    with reach_app(remote.url, remote.headers) as deployment:
        identity = deployment.identity
        return Cell(identity.line, identity.framework, world), identity.workflows


class Session(msgspec.Struct, frozen=True):
    """What will be measured."""

    header: Header
    selection: Selection
    #: Includes the Worlds that are measured only for comparison.
    catalog: Catalog


def begin_session(request: BenchRequest, catalog: Catalog) -> tuple[Path, Session]:
    """Decide what will be measured, and into which file.

    Raises:
        HarnessError: the request cannot be carried out.
    """
    pins, against = read_pins(request.pins, catalog), read_pins(request.against, catalog)
    # In their written form they contain no path of this machine, and can be read again.
    request = msgspec.structs.replace(request, pins=pins.write(), against=against.write())
    catalog = serve_with(pin(catalog, pins), request.workers)
    selection, shard = take_share(select(request, catalog), request)
    refuse_unused(catalog, selection.cells, pins)
    profile = find_profile(request.profile)
    seed = random.SystemRandom().randrange(2**31) if request.seed is None else request.seed
    lines = dict.fromkeys(cell.line for cell in selection.cells)
    matched = _match(catalog, selection.cells, profile, against, seed)
    selection = msgspec.structs.replace(selection, matches=matched.matches)
    header = describe_session(
        matched.catalog,
        selection,
        profile=profile.id,
        forks=request.forks or profile.forks,
        seed=seed,
        command=reproduce(request, seed),
        node_version=find_node().version,
        pins=pin_lines(catalog, lines, (cell.world for cell in selection.cells)),
    )
    header = msgspec.structs.replace(
        header,
        pinned=request.pins,
        workers=request.workers,
        against=request.against,
        precision=request.precision,
        budget_s=request.budget_s,
        shard=shard,
    )
    header = recall_inflations(header)
    name = f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{profile.id}.jsonl"
    return request.out / name, Session(header, selection, matched.catalog)


def take_share(selection: Selection, request: BenchRequest) -> tuple[Selection, Shard | None]:
    """Select the cells of this machine's shard, if the session is split over several machines.

    Raises:
        UsageError: there is no such shard, or the machines would have different plans.
    """
    if not request.shard:
        return selection, None
    if request.seed is None:
        raise UsageError(
            "a shard needs a seed",
            cause="all shards of a session must use the same seed",
            remedy="pass --seed; `world-harness matrix --shards n` writes each shard's command",
        )
    shard = read_shard(request.shard, selection.cells)
    return msgspec.structs.replace(selection, cells=find_share(shard)), shard


def _match(
    catalog: Catalog, cells: Sequence[Cell], profile: Profile, against: Pins, seed: int
) -> Matched:
    """Match cells with what is measured for comparison: another version of each, or some twins."""
    if against.packages or against.sources:
        return match_versions(catalog, cells, against)
    return match_twins(catalog, cells, profile, seed)


def recall_inflations(header: Header) -> Header:
    """Add the inflations that earlier sessions on this machine measured with twins."""
    known = [item for item in recall(header.machine) if item.methodology == header.methodology]
    rows = (item.inflation for item in known)
    wholes = (item.whole_inflation for item in known)
    return msgspec.structs.replace(
        header,
        earlier_inflations=tuple(value for value in rows if value is not None),
        earlier_whole_inflations=tuple(value for value in wholes if value is not None),
    )


def reproduce(request: BenchRequest, seed: int) -> str:
    """Return the command that reproduces the session, without secrets."""
    precision, budget_s = request.precision, request.budget_s
    options: dict[str, Value] = {
        "--profile": request.profile,
        "--line": request.choice.lines,
        "--framework": request.choice.frameworks,
        "--world": request.choice.worlds,
        "--scenario": request.choice.scenarios,
        "--pin": request.pins,
        "--against": request.against,
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


def _resume(path: Path, catalog: Catalog, remote: Remote | None) -> tuple[Path, Session]:
    header = read_results(path).header
    if header.parts:
        raise ResultsError(
            f"{path} cannot be resumed",
            cause="it was merged from the results of several machines",
            remedy="resume a shard on its own machine, and merge again",
        )
    if remote is None and any(world.remote for world in header.worlds):
        raise _demand_url()
    selection = Selection(cells=header.cells, scenarios=header.scenarios, impossible={})
    catalog = serve_with(pin(catalog, read_pins(header.pinned, catalog)), header.workers)
    worlds = [cell.world for cell in header.cells]
    pins = pin_lines(catalog, header.pins, worlds)
    profile = find_profile(header.profile)
    against = read_pins(header.against, catalog)
    catalog = _match(catalog, header.cells, profile, against, header.seed).catalog
    places_left_out = {name: leave_out_places(world) for name, world in catalog.worlds.items()}
    described = {
        "scenarios": (header.scenarios, _pick(catalog.scenarios, header.scenarios)),
        "frameworks": (header.frameworks, _pick(catalog.frameworks, header.frameworks)),
        "worlds": (header.worlds, _pick(places_left_out, header.worlds)),
        "pins": (header.pins, pins),
        "machine": (header.machine, describe_machine(find_node().version)),
    }
    changed = [name for name, (then, now) in described.items() if then != now]
    if changed:
        raise ResultsError(
            f"{path} cannot be resumed",
            cause=f"{' and '.join(changed)} have changed since it was started",
            remedy=f"measure again: {header.command}",
        )
    return path, Session(header, selection, catalog)


def pin_lines(
    catalog: Catalog, lines: Iterable[str], worlds: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Return line -> package -> version of everything installed for some Worlds.

    Only for described lines: a remote app may have another line.
    """
    needed = catalog.keep_worlds(worlds)
    return {line: pin_line(needed, line) for line in lines if line in needed.lines}


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def _pick(known: Mapping[str, object], wanted: Iterable[_Named]) -> tuple[object, ...]:
    return tuple(known.get(item.id) for item in wanted)
