"""What every suite of checks asks of pytest: choose them, order them, write a record of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import pytest

from harness.errors import unknown

ClauseT = TypeVar("ClauseT")

_RECORDER = "world-harness-recorder"
#: The name under which a record travels with a report, from a worker to the first process.
_RECORD = "world-harness-record"


class Record(Protocol):
    """What any suite says of a check that ended."""

    @property
    def clause(self) -> str:
        """The clause that it decides."""

    @property
    def verdict(self) -> str:
        """What it came to."""

    @property
    def message(self) -> str:
        """Why."""

    @property
    def reproduce(self) -> str:
        """The command that runs it again."""


class Checks(Generic[ClauseT]):
    """The checks of one suite.

    Args:
        marker: Names a check's clause, and the cost by which checks are ordered.
        kind: What an error calls a clause.
        clauses: Every clause by its id.
    """

    def __init__(self, marker: str, kind: str, clauses: Mapping[str, ClauseT]) -> None:
        self._marker = marker
        self._kind = kind
        self._clauses = clauses

    def clause_of(self, item: pytest.Item) -> ClauseT:
        """Return the clause that a check decides."""
        return self._clauses[self.name_clause(item)]

    def name_clause(self, item: pytest.Item) -> str:
        """Return the id of the clause that a test decides; empty for a test of another suite."""
        marker = item.get_closest_marker(self._marker)
        return str(marker.args[0]) if marker else ""

    def has_outcome(self, item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
        """Tell whether a phase of a test is what a check came to: its body, or what broke it."""
        return bool(self.name_clause(item)) and (call.when == "call" or call.excinfo is not None)

    def select(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the clauses that `--clause` names; start what takes long first.

        Raises:
            pytest.UsageError: `--clause` names none of ours.
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
    """Put a record into a report, and into words for the reader of the terminal."""
    report.user_properties.append((_RECORD, msgspec.json.encode(record).decode()))
    if record.verdict == "not applicable":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"Skipped: {record.clause}: {record.message}")
    elif record.verdict in {"failed", "inconclusive"}:
        story = "\n".join(f"  {line}" for line in witness)
        report.longrepr = (
            f"{record.clause} {record.verdict}: {record.message}\n{story}\n"
            f"again: {record.reproduce}"
        )


def register_recorder(config: pytest.Config) -> None:
    """Have the records written to `--records` by the process that the user started."""
    path: Path | None = config.getoption("--records")
    is_worker = hasattr(config, "workerinput")
    if path is not None and not is_worker and not config.pluginmanager.has_plugin(_RECORDER):
        config.pluginmanager.register(_Recorder(path), _RECORDER)


class _Recorder:
    """Writes how many checks there will be, and the record of each."""

    def __init__(self, records: Path) -> None:
        self._records = records

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Write how many checks the workers will run."""
        self._plan(len(ids))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write how many checks there will be, where there are no workers."""
        if session.items:
            self._plan(len(session.items))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Write the record that a report brought along."""
        for name, value in report.user_properties:
            if name == _RECORD:
                with self._records.open("a", encoding="utf-8") as lines:
                    lines.write(f"{value}\n")

    def _plan(self, checks: int) -> None:
        self._records.with_suffix(".planned").write_text(str(checks), encoding="ascii")
