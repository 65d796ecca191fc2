"""Cells of a session: `pytest -p world_harness.plugin --pyargs suites.engine --line v5 …`.

Every worker starts apps of its own. Every test leaves one record, which the first process writes to
`--records`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checks.hooks import Checks, add_record, register_recorder
from harness.deployments.launcher import Launcher, Remote
from harness.descriptions import Catalog, Cell, Mode
from harness.engine.clauses import EngineClause, describe_engine_clauses
from harness.engine.session import REMOTE_VARIABLE
from harness.errors import HarnessError, ServiceError
from harness.measure.plan import CellChoice, choose_cells
from harness.nemesis import MUTANT
from suites import workflows
from suites.engine import CLAUSES
from suites.engine.applicability import explain_inapplicable
from suites.engine.cases import CaseBudget, Cases
from suites.engine.recording import describe_outcome
from suites.engine.stage import Stage, open_stage
from suites.engine.violations import NotApplicable

_CHECKS = Checks("engine", "engine clause", describe_engine_clauses(CLAUSES))
_CASES = pytest.StashKey[Cases]()
_CATALOG = pytest.StashKey[Catalog]()

#: What a check draws when nothing else is asked for.
EXAMPLES = 6
#: How often a failing case is tried again.
TRIES = 10


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker means, and have the records written."""
    register_recorder(config)
    config.addinivalue_line("markers", "engine(id, cost): the engine clause that a check decides")


def _catalog_of(config: pytest.Config) -> Catalog:
    if _CATALOG not in config.stash:
        from suites.catalog import read_catalog

        config.stash[_CATALOG] = read_catalog()
    return config.stash[_CATALOG]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every check on every cell that the options choose."""
    if "cell" not in metafunc.fixturenames:
        return
    config = metafunc.config
    if config.getoption("--world") == ["remote"]:
        cells = [Cell(config.getoption("--line")[0], config.getoption("--framework")[0], "remote")]
    else:
        cells = _choose_cells(config)
    metafunc.parametrize("cell", cells, ids=[cell.id for cell in cells], scope="session")


def _choose_cells(config: pytest.Config) -> list[Cell]:
    default = CellChoice(lines=("v5",), frameworks=("express",), worlds=("local",))
    choice = CellChoice(
        lines=tuple(config.getoption("--line")),
        frameworks=tuple(config.getoption("--framework")),
        worlds=tuple(config.getoption("--world")),
    )
    try:
        return list(choose_cells(_catalog_of(config), choice, default).cells)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the clauses that are asked for; start what takes long first."""
    _CHECKS.select(config, items)


def _mode_of(config: pytest.Config) -> Mode:
    return "development" if config.getoption("--development") else "production"


@pytest.fixture(scope="session")
def launcher(pytestconfig: pytest.Config) -> Iterator[Launcher]:
    """What starts apps; everything that it made ends with the session."""
    remote = os.environ.get(REMOTE_VARIABLE)
    with Launcher(
        _catalog_of(pytestconfig),
        workflows.ENGINE,
        remote=msgspec.json.decode(remote, type=Remote) if remote else None,
    ) as launcher:
        yield launcher


class Opener:
    """Opens stages of one cell, in the mode that the options ask for."""

    def __init__(self, launcher: Launcher, cell: Cell, config: pytest.Config, log: str) -> None:
        self._launcher = launcher
        self.cell = msgspec.structs.replace(cell, mode=_mode_of(config))
        self.world = _catalog_of(config).world_of(cell)
        self._log = log
        launcher.prepare(self.cell)

    def __call__(
        self, env: Mapping[str, str] | None = None, *, mutant: str | None = None
    ) -> AbstractContextManager[Stage]:
        """Start the app on empty storage.

        Args:
            env: Environment beyond the usual.
            mutant: A defect to put into the World.
        """
        given = {**(env or {}), **({MUTANT: mutant} if mutant else {})}
        return open_stage(self._launcher, self.cell, self.world, env=given, log=self._log)


@pytest.fixture(scope="session")
def open_cell(
    pytestconfig: pytest.Config, launcher: Launcher, cell: Cell
) -> Callable[..., AbstractContextManager[Stage]]:
    """Opens stages for checks that end processes, or need an environment of their own."""
    opener = Opener(launcher, cell, pytestconfig, f"engine-{_name_worker()}")
    mutant = _locate(pytestconfig.getoption("--mutant"))
    return lambda env=None: opener(env, mutant=mutant)


def _name_worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _locate(mutant: str | None) -> str | None:
    """Return the defect with its module's whole path: the app runs in a folder of its own."""
    if mutant is None:
        return None
    module, _, name = mutant.partition("#")
    if not Path(module).is_file():
        raise pytest.UsageError(f"--mutant: there is no module {module}")
    return f"{Path(module).resolve()}#{name}"


@pytest.fixture(scope="session")
def shared_stage(open_cell: Callable[..., AbstractContextManager[Stage]]) -> Iterator[Stage]:
    """The app that most checks of this worker share."""
    with open_cell() as stage:
        yield stage


@pytest.fixture
def clause(request: pytest.FixtureRequest) -> EngineClause:
    """The clause that the check decides."""
    return _CHECKS.clause_of(request.node)


@pytest.fixture
def applicable(pytestconfig: pytest.Config, clause: EngineClause, cell: Cell) -> None:
    """Skip where the clause does not apply to the cell."""
    world = _catalog_of(pytestconfig).world_of(cell)
    reason = explain_inapplicable(clause, cell, world, _mode_of(pytestconfig))
    if reason:
        raise NotApplicable(reason)


@pytest.fixture
def stage(applicable: None, shared_stage: Stage) -> Stage:
    """The app under test; begun again when an earlier check was its end."""
    if not shared_stage.is_alive():
        shared_stage.launch()
    return shared_stage


@pytest.fixture
def open_own(
    applicable: None, open_cell: Callable[..., AbstractContextManager[Stage]]
) -> Callable[..., AbstractContextManager[Stage]]:
    """Opens apps on storage of their own, for checks that end processes."""
    return open_cell


@pytest.fixture
def open_other(
    pytestconfig: pytest.Config, launcher: Launcher
) -> Callable[[Cell], AbstractContextManager[Stage]]:
    """Opens apps of another cell, whose storage the cell under test is to meet."""

    def open_it(other: Cell) -> AbstractContextManager[Stage]:
        log = f"engine-{_name_worker()}-other"
        return Opener(launcher, other, pytestconfig, log)()

    return open_it


@pytest.fixture
def open_alone(
    applicable: None, pytestconfig: pytest.Config, cell: Cell
) -> Iterator[Callable[..., AbstractContextManager[Stage]]]:
    """Opens apps whose World has a server that nothing else uses, for checks that end servers."""
    catalog = _catalog_of(pytestconfig)
    with Launcher(catalog, workflows.ENGINE, services="embedded") as launcher:
        try:
            opener = Opener(launcher, cell, pytestconfig, f"engine-{_name_worker()}-alone")
        except ServiceError as error:
            raise NotApplicable(f"no server of its own can be had: {error.what}") from error
        if not launcher.can_crash_servers(cell):
            raise NotApplicable("its World's server need not keep its data over a crash")
        mutant = _locate(pytestconfig.getoption("--mutant"))
        yield lambda env=None: opener(env, mutant=mutant)


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> Cases:
    """Plays the cases of the check."""
    config = request.config
    examples = config.getoption("--examples")
    tries = config.getoption("--tries")
    cases = Cases(
        CaseBudget(
            examples=EXAMPLES if examples is None else examples,
            tries=TRIES if tries is None else tries,
            seed=config.getoption("--seed") or 0,
            given=config.getoption("--case"),
        )
    )
    request.node.stash[_CASES] = cases
    return cases


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Turn the end of a check into its record, and into words for the terminal."""
    report: Any = yield
    if not _CHECKS.has_outcome(item, call):
        return report
    error = call.excinfo.value if call.excinfo else None
    clause, cases = _CHECKS.clause_of(item), item.stash.get(_CASES, None)
    record = describe_outcome(item, clause, error, call.duration * 1000, cases)
    add_record(report, item, record, record.witness)
    return report
