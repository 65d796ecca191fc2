"""One World a session: `pytest -p world_harness.plugin --pyargs suites.conformance --world SPEC`.

The process that the user started resolves and installs the World and opens its servers; the workers
of pytest-xdist are handed what it found. Every test leaves one record, which the first process
writes to `--records`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import msgspec
import pytest

from harness.checks.hooks import Checks, add_record, register_recorder
from harness.contract.clauses import Clause, describe_clauses, explain_inapplicable
from harness.errors import HarnessError
from suites.conformance.arena import Arena, SharedSite, share
from suites.conformance.efforts import Effort, find_effort
from suites.conformance.forms import PROCESSES_OF
from suites.conformance.racing import Race
from suites.conformance.recording import describe_outcome
from suites.conformance.sessions import Session, find_session, receive_session, send_session
from suites.conformance.violations import NotApplicable

_SESSION = pytest.StashKey[Session]()
_ARENA = pytest.StashKey[Arena]()
_RACE = pytest.StashKey[Race]()
_CHECKS = Checks("clause", "clause", describe_clauses())


def pytest_configure(config: pytest.Config) -> None:
    """Say what the markers mean, and have the records written."""
    register_recorder(config)
    config.addinivalue_line("markers", "clause(id, cost): the clause that a check decides")
    config.addinivalue_line("markers", "xdist_group(name): tests that one worker runs")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand what the first process found to a worker."""
    node.workerinput["conformance"] = send_session(_session_of(node.config))


def _session_of(config: pytest.Config) -> Session:
    if _SESSION not in config.stash:
        given = getattr(config, "workerinput", {}).get("conformance")
        try:
            session = receive_session(given) if given else find_session(config)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
        config.stash[_SESSION] = session
        config.add_cleanup(session.close)
    return config.stash[_SESSION]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the clauses that are asked for; start what takes long first."""
    _CHECKS.select(config, items)


@pytest.fixture(scope="session")
def certified(pytestconfig: pytest.Config) -> Session:
    """The World of this session, and where it runs."""
    return _session_of(pytestconfig)


@pytest.fixture(scope="session")
def shared_site(certified: Session) -> Iterator[SharedSite]:
    """The storage that most checks of this worker share."""
    with share(certified.ground) as site:
        yield site


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> Effort:
    """How much is done."""
    effort = find_effort(pytestconfig.getoption("--effort"))
    if pytestconfig.getoption("--first-failure"):
        return msgspec.structs.replace(effort, after_failure=0)
    return effort


@pytest.fixture
def clause(request: pytest.FixtureRequest) -> Clause:
    """The clause that the check decides."""
    return _CHECKS.clause_of(request.node)


@pytest.fixture
def arena(
    request: pytest.FixtureRequest,
    certified: Session,
    shared_site: SharedSite,
    clause: Clause,
    effort: Effort,
    form: str,
) -> Iterator[Arena]:
    """The World under test, for one check; skips where the clause does not apply."""
    opened = shared_site.worlds(1, lambda reply: None)[0].opened
    reason = explain_inapplicable(
        clause,
        line=certified.line,
        spec_version=opened.stated_version,
        methods=opened.methods,
        capabilities=opened.capabilities,
    )
    arena = Arena(certified.ground, shared_site, clause, effort, PROCESSES_OF[form])
    request.node.stash[_ARENA] = arena
    if reason:
        raise NotApplicable(reason)
    try:
        yield arena
    finally:
        arena.close()
        if any(reply.lost for reply in arena.history):
            shared_site.discard()


@pytest.fixture
def race(request: pytest.FixtureRequest, arena: Arena) -> Race:
    """The World under test, in rounds."""
    race = Race(arena)
    request.node.stash[_RACE] = race
    return race


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Turn the end of a check into its record, and into words for the terminal."""
    report: Any = yield
    if not _CHECKS.has_outcome(item, call):
        return report
    record = describe_outcome(
        item,
        clause=_CHECKS.name_clause(item),
        error=call.excinfo.value if call.excinfo else None,
        duration_ms=call.duration * 1000,
        arena=item.stash.get(_ARENA, None),
        race=item.stash.get(_RACE, None),
        session=_session_of(item.config),
        effort=item.config.getoption("--effort"),
    )
    witness = (
        f"[{call.process}] {call.start_ms:8.1f}..{call.end_ms:8.1f} ms  "
        f"{call.method} {call.args} -> {call.outcome}"
        for call in record.witness
    )
    add_record(report, item, record, witness)
    return report


def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the World in the process that the user started: workers are handed it."""
    if not hasattr(session.config, "workerinput"):
        _session_of(session.config)
