"""Runs the engine suites: one cell after another, with the checks of a cell side by side."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from harness.bench import write_remote
from harness.checks.suite_process import CheckWatcher, SuiteRun, run_suite
from harness.deployments.apps import Contents
from harness.deployments.launcher import Launcher, Remote, identify_remote
from harness.descriptions import Catalog, Cell, Mode
from harness.engine.known_failures import KnownEngineFailure, compare_known
from harness.errors import HarnessError, UsageError, unknown
from harness.invocations import Value, write_command
from harness.measure.plan import CellChoice, CellSelection, choose_cells
from harness.measure.session import describe_session
from harness.results.files import ResultsWriter
from harness.results.records import CellEnd, Check, EngineHeader
from harness.services.resolution import ServicePreference, url_variable
from harness.workspaces.cache import cache_folder

#: Environment variable with the URL and headers of a remote app, for the suite's processes.
REMOTE_VARIABLE = "WORLD_HARNESS_REMOTE"


class EngineChoice(CellChoice, frozen=True, kw_only=True):
    """The cells and suites that a user chose."""

    #: Names of the suites; empty means all.
    suites: tuple[str, ...] = ()


#: The default choice: both architectures of the SDK, each on its quickest cell.
DEFAULT = EngineChoice(lines=("v4", "v5"), frameworks=("express",), worlds=("local",))


class E2eRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The user's request to the engine suites."""

    choice: EngineChoice = EngineChoice()
    clauses: tuple[str, ...] = ()
    #: How many cases each check draws; `None` uses the default of the suites.
    examples: int | None = None
    seed: int | None = None
    #: How often a failing case is repeated; `None` uses the default of the suites.
    tries: int | None = None
    services: ServicePreference = "auto"
    remote: Remote | None = None
    known: tuple[KnownEngineFailure, ...] = ()
    mode: Mode = "production"
    workers: int = 4
    out: Path = Path("results")


class EngineSuites(msgspec.Struct, frozen=True, kw_only=True):
    """The files of the suites, and the workflows of their apps."""

    #: Suite -> its test files.
    files: dict[str, tuple[Path, ...]]
    contents: Contents
    #: Workflow -> the lines whose SDK cannot express it.
    workflows: dict[str, tuple[str, ...]]


def run_e2e(
    request: E2eRequest,
    catalog: Catalog,
    suites: EngineSuites,
    watcher: CheckWatcher[Check],
    *,
    opened: Callable[[Path, CellSelection], None] = lambda path, selection: None,
) -> Path:
    """Run the engine suites on every chosen cell; return the path of the result file.

    If a cell cannot be prepared or its suite crashes, only this cell fails.

    Raises:
        UsageError: a name is unknown, or no chosen cell is possible.
        HarnessError: the results cannot be written.
    """
    for name in request.choice.suites:
        if name not in suites.files:
            raise unknown("suite", name, suites.files)
    selection = _select(request, catalog, suites)
    seed = random.SystemRandom().randrange(2**31) if request.seed is None else request.seed
    shared = describe_session(catalog, selection.cells, seed=seed, command=reproduce(request, seed))
    header = EngineHeader(**msgspec.structs.asdict(shared))
    path = request.out / f"{datetime.now():%Y-%m-%dT%H-%M-%S}-e2e.jsonl"
    opened(path, selection)
    with (
        ResultsWriter(path) as writer,
        Launcher(
            catalog,
            suites.contents,
            services=request.services,
            remote=request.remote,
            report=watcher.preparing,
        ) as launcher,
    ):
        writer.append(header)
        for cell in selection.cells:
            _run_cell(cell, seed, request, header, suites, launcher, writer, watcher)
    return path


def _select(request: E2eRequest, catalog: Catalog, suites: EngineSuites) -> CellSelection:
    remote = [world.id for world in catalog.worlds.values() if world.remote]
    if not request.remote:
        if set(request.choice.worlds) & set(remote):
            raise UsageError("a remote World needs a URL", remedy="also pass --url https://…")
        return _leave_out_unwritten(choose_cells(catalog, request.choice, DEFAULT), catalog, suites)
    cell, workflows = identify_remote(request.remote, remote[0])
    missing = sorted(
        name
        for name, inexpressible in suites.workflows.items()
        if name not in workflows and cell.line not in inexpressible
    )
    if missing:
        raise UsageError(
            "the app at --url lacks workflows of the engine suites",
            cause=f"missing: {', '.join(missing)}",
            remedy="deploy what `world-harness export --contents engine FOLDER` writes",
        )
    return CellSelection(cells=(cell,), impossible={})


def _leave_out_unwritten(
    selection: CellSelection, catalog: Catalog, suites: EngineSuites
) -> CellSelection:
    """Leave out cells in a language for which the suites have no app."""
    reasons = {
        cell: suites.contents.explain_missing(catalog.lines[cell.line].language)
        for cell in selection.cells
    }
    cells = tuple(cell for cell, reason in reasons.items() if not reason)
    if not cells:
        raise UsageError(
            "none of the chosen cells can be examined",
            cause="; ".join(f"{cell.id}: {reason}" for cell, reason in reasons.items()),
            remedy="choose a line in another language; `world-harness list` shows them",
        )
    missing = {cell.id: reason for cell, reason in reasons.items() if reason}
    return msgspec.structs.replace(
        selection, cells=cells, impossible={**selection.impossible, **missing}
    )


def reproduce(request: E2eRequest, seed: int) -> str:
    """Return the command that makes the same request again, without possible secrets."""
    options: dict[str, Value] = {
        "--line": request.choice.lines,
        "--framework": request.choice.frameworks,
        "--world": request.choice.worlds,
        "--suite": request.choice.suites,
        "--clause": request.clauses,
        "--examples": request.examples,
        "--tries": request.tries,
        "--development": request.mode == "development",
        **write_remote(request.remote),
        "--seed": seed,
    }
    return write_command(["world-harness", "e2e"], options)


def _name_cell(cell: Cell) -> dict[str, str]:
    return {"--line": cell.line, "--framework": cell.framework, "--world": cell.world}


def _run_cell(  # noqa: PLR0917
    cell: Cell,
    seed: int,
    request: E2eRequest,
    header: EngineHeader,
    suites: EngineSuites,
    launcher: Launcher,
    writer: ResultsWriter,
    watcher: CheckWatcher[Check],
) -> None:
    """Examine one cell; write every check to disk before reporting it to the watcher."""
    pins = header.pins.get(cell.line, {})

    def record(line: bytes) -> None:
        check = compare_known(msgspec.json.decode(line, type=Check), request.known, pins)
        writer.append(check)
        watcher.checked(check)

    began = time.monotonic()
    try:
        launcher.prepare(msgspec.structs.replace(cell, mode=request.mode))
        watcher.preparing(f"examining {cell.id}")
        checks = _run_suites(cell, seed, request, suites, launcher, watcher, record)
    except HarnessError as error:
        failed = Check(
            cell=cell,
            mode=request.mode,
            suite="",
            clause="",
            check="the cell",
            verdict="inconclusive",
            message=f"{error.what}: {error.cause}" if error.cause else error.what,
            reproduce=write_command(["world-harness", "e2e"], _name_cell(cell)),
            seed=seed,
            duration_ms=1000 * (time.monotonic() - began),
        )
        writer.append(failed)
        watcher.checked(failed)
    else:
        seconds = time.monotonic() - began
        writer.append(CellEnd(cell=cell, checks=checks, seconds=seconds))


def _run_suites(
    cell: Cell,
    seed: int,
    request: E2eRequest,
    suites: EngineSuites,
    launcher: Launcher,
    watcher: CheckWatcher[Check],
    record: Callable[[bytes], None],
) -> int:
    """Run the chosen suites on one cell; return the number of planned checks."""
    planned: list[int] = []

    def plan(checks: int) -> None:
        planned.append(checks)
        watcher.planned(checks)

    chosen = request.choice.suites or tuple(suites.files)
    options = [word for option in _name_cell(cell).items() for word in option]
    options += ["--seed", str(seed)]
    options += [] if request.examples is None else ["--examples", str(request.examples)]
    options += [] if request.tries is None else ["--tries", str(request.tries)]
    options += ["--development"] if request.mode == "development" else []
    for clause in request.clauses:
        options += ["--clause", clause]
    with tempfile.TemporaryDirectory(prefix="world-harness-e2e-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        run = SuiteRun(
            checks=[path for name in chosen for path in suites.files[name]],
            options=options,
            folder=folder,
            log=cache_folder() / "logs" / f"e2e-{cell.id.replace('/', '-')}.log",
            workers=request.workers,
            env=_hand_over(launcher.service_urls(), request.remote),
            remedy="run one suite with `--suite`; if that works, report both outcomes",
        )
        run_suite(run, planned=plan, recorded=record)
    return sum(planned)


def _hand_over(urls: Mapping[str, str], remote: Remote | None) -> dict[str, str]:
    """Pass possible secrets in the environment, because every user can read command lines."""
    handed = {url_variable(name): url for name, url in urls.items()}
    if remote:
        handed[REMOTE_VARIABLE] = msgspec.json.encode(remote).decode()
    return handed


def list_suites(folder: Path, names: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Return suite -> its test files: `test_<suite>.py` and `test_<suite>_<part>.py`.

    If several suites match a file, it belongs to the one with the longest name.
    """
    files: dict[str, tuple[Path, ...]] = dict.fromkeys(names, ())
    for path in sorted(folder.glob("test_*.py")):
        stem = path.stem.removeprefix("test_").replace("_", "-")
        fitting = [name for name in names if stem == name or stem.startswith(f"{name}-")]
        if fitting:
            suite = max(fitting, key=len)
            files[suite] = (*files[suite], path)
    return files
