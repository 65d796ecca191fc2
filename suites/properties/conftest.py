"""`pytest -p world_harness.plugin --pyargs suites.properties --world SPEC`.

The session is that of the conformance suite.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from typing import Any

import pytest

from harness.checks.reproducing import write_check_command
from harness.errors import HarnessError
from harness.invocations import Value
from suites.conformance.arena import SharedSite
from suites.conformance.conftest import (
    certified,
    effort,
    pytest_configure_node,
    pytest_sessionstart,
    shared_site,
)
from suites.conformance.efforts import Effort
from suites.conformance.sessions import Session
from suites.properties.examined import EXAMPLES, ExaminedWorld
from suites.properties.report import render
from suites.properties.search import Finding, SearchBudget

__all__ = ["certified", "effort", "pytest_configure_node", "pytest_sessionstart", "shared_site"]


class PropertyError(AssertionError):
    """A history was found that no World may have; the message is all there is to say."""


@pytest.fixture
def examined(
    pytestconfig: pytest.Config, certified: Session, shared_site: SharedSite
) -> ExaminedWorld:
    """The World of this session; `--clause` leaves out all differences but some."""
    only = [name for text in pytestconfig.getoption("--clause") for name in text.split(",")]
    try:
        return ExaminedWorld(
            lambda: shared_site.worlds(1, lambda reply: None)[0], certified.line, only
        )
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def budget(pytestconfig: pytest.Config, effort: Effort) -> SearchBudget:
    """How much is searched; the seed is the user's, or a new one."""
    given = pytestconfig.getoption("--seed")
    return SearchBudget(
        examples=EXAMPLES[effort.id], seed=secrets.randbits(32) if given is None else int(given)
    )


@pytest.fixture
def conclude(
    request: pytest.FixtureRequest, certified: Session, effort: Effort, budget: SearchBudget
) -> Callable[[Finding | None, ExaminedWorld], None]:
    """Return what ends a test: nothing when nothing was found, and otherwise all about it."""

    def conclude(finding: Finding | None, examined: ExaminedWorld) -> None:
        if finding is not None:
            command = _write_command(request.node, certified, effort, budget)
            raise PropertyError(render(finding, command))
        if examined.noted:
            noted = "\n".join(sorted(examined.noted))
            request.node.add_report_section("call", "differences that bind nobody", noted)

    return conclude


def _write_command(
    item: pytest.Item, session: Session, effort: Effort, budget: SearchBudget
) -> str:
    options: dict[str, Value] = {
        "--world": session.spec,
        "--line": session.line,
        "--clause": tuple(item.config.getoption("--clause")),
        "--effort": effort.id,
        "--seed": budget.seed,
    }
    module = f"suites.properties.{item.path.stem}"
    return write_check_command(module, item.name, options, session.subject.options)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Show a finding as it was written, without the way that led there."""
    report: Any = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, PropertyError):
        report.longrepr = str(call.excinfo.value)
    return report
