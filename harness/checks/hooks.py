"""The pytest hooks of every suite: select checks, order them, and write a record of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import pytest

from harness.errors import unknown

ClauseT = TypeVar("ClauseT")

_RECORDER = "world-harness-recorder"
#: The property of a test report that carries the record from a worker to the main process.
_RECORD = "world-harness-record"


class Record(Protocol):
    """The fields that a record has in every suite."""

    @property
    def clause(self) -> str:
        """The clause that it decides."""

    @property
    def verdict(self) -> str:
        """The outcome of the check."""

    @property
    def message(self) -> str:
        """Why."""

    @property
    def reproduce(self) -> str:
        """The command that runs it again."""


class Checks(Generic[ClauseT]):
    """The checks of one suite.

    Args:
        marker: The marker that states the clause of a check, and the cost for ordering.
        kind: The word for a clause in errors.
        clauses: All clauses by id.
    """

    def __init__(self, marker: str, kind: str, clauses: Mapping[str, ClauseT]) -> None:
        self._marker = marker
        self._kind = kind
        self._clauses = clauses

    def clause_of(self, item: pytest.Item) -> ClauseT:
        """Return the clause that a check decides."""
        return self._clauses[self.name_clause(item)]

    def name_clause(self, item: pytest.Item) -> str:
        """Return the id of the clause that a test decides, or "" for a test of another suite."""
        marker = item.get_closest_marker(self._marker)
        return str(marker.args[0]) if marker else ""

    def has_outcome(self, item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
        """Tell whether a phase of a test decides its check: the call, or a failed other phase."""
        return bool(self.name_clause(item)) and (call.when == "call" or call.excinfo is not None)

    def select(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Select the checks of the clauses in `--clause`; put slow checks first.

        Raises:
            pytest.UsageError: `--clause` names an unknown clause.
        """
        wanted = {name for text in config.getoption("--clause") for name in text.split(",")}
        ours = [item for item in items if self.name_clause(item)]
        for name in sorted(wanted - self._clauses.keys()) if ours else ():
            raise pytest.UsageError(str(unknown(self._kind, name, self._clauses)))
        dropped = [item for item in ours if wanted and self.name_clause(item) not in wanted]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            items[:] = [item for item in items if item not in dropped]
        items.sort(key=self._find_cost, reverse=True)

    def _find_cost(self, item: pytest.Item) -> float:
        marker = item.get_closest_marker(self._marker)
        return float(marker.kwargs.get("cost", 0)) if marker else 0.0


def add_record(report: Any, item: pytest.Item, record: Record, witness: Iterable[str]) -> None:
    """Attach a record to a report, and describe it for the terminal."""
    report.user_properties.append((_RECORD, msgspec.json.encode(record).decode()))
    if record.verdict == "not applicable":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"Skipped: {record.clause}: {record.message}")
    elif record.verdict in {"failed", "inconclusive"}:
        story = "\n".join(f"  {line}" for line in witness)
        report.longrepr = (
            f"{record.clause} {record.verdict}: {record.message}\n{story}\n"
            f"reproduce: {record.reproduce}"
        )


def register_recorder(config: pytest.Config) -> None:
    """Make the main process write the records to `--records`."""
    path: Path | None = config.getoption("--records")
    is_worker = hasattr(config, "workerinput")
    if path is not None and not is_worker and not config.pluginmanager.has_plugin(_RECORDER):
        config.pluginmanager.register(_Recorder(path), _RECORDER)


class _Recorder:
    """Writes the number of checks, and the record of each."""

    def __init__(self, records: Path) -> None:
        self._records = records

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Write the number of checks that the workers will run."""
        self._plan(len(ids))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the number of checks, if there are no workers."""
        if session.items:
            self._plan(len(session.items))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Write the record that is attached to a report."""
        for name, value in report.user_properties:
            if name == _RECORD:
                with self._records.open("a", encoding="utf-8") as lines:
                    lines.write(f"{value}\n")

    def _plan(self, checks: int) -> None:
        self._records.with_suffix(".planned").write_text(str(checks), encoding="ascii")
