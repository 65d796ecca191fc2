"""Where the engine suites are, and what their apps hold."""

from __future__ import annotations

import suites.engine
from harness.engine.clauses import describe_engine_clauses
from harness.engine.session import EngineSuites, list_suites
from suites import workflows


def find_engine_suites() -> EngineSuites:
    """Return every suite with its files of checks, and the contents of the apps."""
    clauses = describe_engine_clauses(suites.engine.CLAUSES)
    names = list(dict.fromkeys(clause.suite for clause in clauses.values()))
    return EngineSuites(
        files=list_suites(suites.engine.CLAUSES.parent, names),
        contents=workflows.ENGINE,
        workflows={
            workflow.id: tuple(workflow.inexpressible)
            for workflow in workflows.describe_engine_workflows().values()
        },
    )
