"""One World a session: `pytest -p world_harness.plugin --pyargs suites.conformance --world SPEC`.

The process that the user started resolves and installs the World and opens its servers; the workers
of pytest-xdist are handed what it found. Every test leaves one record, which the first process
writes to `--records`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.certification.records import TestRecord, write_record
from harness.contract.clauses import Clause, describe_clauses, explain_inapplicable
from harness.errors import HarnessError, unknown
from suites.conformance.arena import Arena, SharedSite, share
from suites.conformance.efforts import Effort, find_effort
from suites.conformance.forms import PROCESSES_OF
from suites.conformance.racing import Race
from suites.conformance.recording import RECORD, describe_outcome
from suites.conformance.sessions import Session, find_session, receive_session, send_session
from suites.conformance.violations import NotApplicable

_SESSION = pytest.StashKey[Session]()
_ARENA = pytest.StashKey[Arena]()
_RACE = pytest.StashKey[Race]()
_FOLDER = Path(__file__).parent

#: Read once: every test asks for its clause.
_CLAUSES = describe_clauses()


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker means."""
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
    ours = [item for item in items if item.get_closest_marker("clause")]
    wanted = {name for text in config.getoption("--clause") for name in text.split(",")}
    for name in sorted(wanted - _CLAUSES.keys()):
        raise pytest.UsageError(str(unknown("clause", name, _CLAUSES)))
    dropped = [item for item in ours if wanted and _clause_id(item) not in wanted]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
    items.sort(key=_cost, reverse=True)


def _clause_id(item: pytest.Item) -> str:
    marker = item.get_closest_marker("clause")
    return str(marker.args[0]) if marker else ""


def _cost(item: pytest.Item) -> float:
    marker = item.get_closest_marker("clause")
    return float(marker.kwargs["cost"]) if marker else 0.0


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
    return _CLAUSES[_clause_id(request.node)]


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
    """Turn the end of a check into its record, and into words for whoever reads the terminal."""
    report: Any = yield
    error = call.excinfo.value if call.excinfo else None
    if item.get_closest_marker("clause") is None or (call.when != "call" and error is None):
        return report
    record = describe_outcome(
        item,
        clause=_clause_id(item),
        error=error,
        duration_ms=call.duration * 1000,
        arena=item.stash.get(_ARENA, None),
        race=item.stash.get(_RACE, None),
        session=_session_of(item.config),
        effort=item.config.getoption("--effort"),
    )
    report.user_properties.append((RECORD, write_record(record).decode()))
    _phrase(report, record)
    return report


def _phrase(report: Any, record: TestRecord) -> None:
    if record.verdict == "not applicable":
        report.outcome = "skipped"
        report.longrepr = (str(_FOLDER), 0, f"Skipped: {record.clause}: {record.message}")
    elif record.verdict in {"failed", "inconclusive"}:
        calls = "\n".join(
            f"  [{call.process}] {call.start_ms:8.1f}..{call.end_ms:8.1f} ms  "
            f"{call.method} {call.args} -> {call.outcome}"
            for call in record.witness
        )
        report.longrepr = (
            f"{record.clause} {record.verdict}: {record.message}\n{calls}\n"
            f"again: {record.reproduce}"
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Say how many checks there will be."""
    _plan(node.config, len(ids))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say how many checks there will be, where there are no workers."""
    if session.items and not hasattr(session.config, "workerinput"):
        _plan(session.config, len(session.items))


def _plan(config: pytest.Config, checks: int) -> None:
    records = config.getoption("--records")
    if records is not None:
        records.with_suffix(".planned").write_text(str(checks), encoding="ascii")


def pytest_runtest_logreport(report: Any) -> None:
    """Write the record of a test that ended, in the process that the user started."""
    if _sink is not None:
        for name, value in report.user_properties:
            if name == RECORD:
                with _sink.open("a", encoding="utf-8") as lines:
                    lines.write(f"{value}\n")


_sink: Path | None = None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Find out where records go; workers send theirs to the first process."""
    global _sink
    if not hasattr(session.config, "workerinput"):
        _sink = session.config.getoption("--records")
        _session_of(session.config)
