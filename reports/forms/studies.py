"""A result file, studied: once, by its kind, for every form that it is shown in."""

from __future__ import annotations

from typing import TypeAlias

from harness.results.records import BenchResults, EngineResults, LoadResults, Results
from reports.benchmark.findings import Findings, study
from reports.engine.study import EngineStudy, study_checks
from reports.load.study import LoadStudy, study_load

#: What each kind of session comes to.
Study: TypeAlias = Findings | EngineStudy | LoadStudy


def study_session(results: Results) -> Study:
    """Study a result file as the kind of session that it is of."""
    match results:
        case BenchResults():
            return study(results)
        case EngineResults():
            return study_checks(results)
        case LoadResults():
            return study_load(results)
