"""A small suite in a separate process: its checks are selected, ordered and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checks.suite_process import SuiteError, SuiteRun, run_suite

CONFTEST = """
import msgspec
import pytest
from harness.checks.hooks import Checks, add_record, register_recorder

CHECKS = Checks("clause", "clause", {"QUICK": 1, "SLOW": 2, "BROKEN": 3})


class Record(msgspec.Struct):
    clause: str
    verdict: str
    message: str = ""
    reproduce: str = ""


def pytest_configure(config):
    register_recorder(config)
    config.addinivalue_line("markers", "clause(id, cost): a clause")


def pytest_collection_modifyitems(config, items):
    CHECKS.select(config, items)


@pytest.fixture
def broken():
    raise ValueError("no storage")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if CHECKS.has_outcome(item, call):
        error = call.excinfo.value if call.excinfo else None
        verdict = "failed" if error else "passed"
        add_record(report, item, Record(CHECKS.name_clause(item), verdict, str(error or "")), [])
    return report
"""
TESTS = """
import pytest


@pytest.mark.clause("QUICK", cost=1)
def test_quick():
    pass


@pytest.mark.clause("SLOW", cost=9)
def test_slow():
    assert False, "too slow"


@pytest.mark.clause("BROKEN", cost=5)
def test_broken(broken):
    pass


def test_of_nothing():
    pass
"""


class Session:
    def __init__(self, folder: Path, *options: str, workers: int = 1) -> None:
        self.planned: list[int] = []
        self.records: list[dict[str, Any]] = []
        checks, place = folder / "checks", folder / "place"
        checks.mkdir()
        place.mkdir()
        (checks / "conftest.py").write_text(CONFTEST)
        (checks / "test_small.py").write_text(TESTS)
        self.run = SuiteRun(
            checks=(checks,),
            options=options,
            folder=place,
            log=folder / "log",
            workers=workers,
            remedy="run it again",
        )

    def start(self) -> list[str]:
        """Run the suite; return the clauses of its records, in their order."""
        run_suite(
            self.run,
            planned=self.planned.append,
            recorded=lambda line: self.records.append(msgspec.json.decode(line)),
        )
        return [record["clause"] for record in self.records]


def test_slow_checks_start_first_and_every_outcome_is_recorded(tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert session.start() == ["SLOW", "BROKEN", "QUICK"]
    assert session.planned == [4]
    verdicts = {record["clause"]: record["verdict"] for record in session.records}
    assert verdicts == {"SLOW": "failed", "BROKEN": "failed", "QUICK": "passed"}
    assert "no storage" in session.records[1]["message"]


def test_workers_send_their_records_to_the_main_process(tmp_path: Path) -> None:
    session = Session(tmp_path, workers=2)
    assert sorted(session.start()) == ["BROKEN", "QUICK", "SLOW"]
    assert session.planned == [4]


def test_checks_of_other_clauses_do_not_run(tmp_path: Path) -> None:
    session = Session(tmp_path, "--clause", "QUICK,SLOW")
    assert session.start() == ["SLOW", "QUICK"]
    assert session.planned == [3]


def test_a_clause_that_does_not_exist_ends_the_suite(tmp_path: Path) -> None:
    session = Session(tmp_path, "--clause", "QUICKER")
    with pytest.raises(SuiteError) as error:
        session.start()
    assert "QUICKER" in error.value.cause
    assert not session.records
