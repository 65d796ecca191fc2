"""When to stop: forks are added until the intervals are narrow or the budget is used up."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from harness.descriptions import Cell
from harness.measure.metrics import RESOLUTION_MS, workflow_ms
from harness.measure.plan import Fork, list_teams, plan_fork
from harness.measure.statistics import estimate
from harness.results.records import BenchHeader, ForkEnd, Sample, Stopped

#: With fewer forks an interval is too uncertain to stop.
_FORKS_TO_STOP = 3


class Progress:
    """What a session has measured so far, and what it should measure next.

    Args:
        header: Has the requested precision.
        earlier: Records of the sessions that this one resumes.
    """

    def __init__(self, header: BenchHeader, earlier: Iterable[Sample | ForkEnd] = ()) -> None:
        self._header = header
        self._order = random.Random(f"{header.seed}/more")  # noqa: S311 - repeatable, not secret
        self._teams = list_teams(header)
        self._cells = [cell for team in self._teams for cell in team]
        self._taken: defaultdict[str, list[Sample]] = defaultdict(list)
        #: Cell and scenario -> block -> workflow times.
        self._times: defaultdict[tuple[Cell, str], dict[int, list[float]]] = defaultdict(dict)
        #: Cell and scenario -> seconds that each fork spent on it.
        self._spent: defaultdict[tuple[Cell, str], list[float]] = defaultdict(list)
        #: How many forks a cell had, and the latest block of all cells: later forks never share a
        #: block with earlier ones.
        self._ended: Counter[Cell] = Counter()
        self._block = header.forks
        #: Cells with a failed fork, and scenarios of cells with a bad sample: neither can win.
        self._failed: set[Cell] = set()
        self._bad: set[tuple[Cell, str]] = set()
        for record in earlier:
            self.add(record)

    def add(self, record: Sample | ForkEnd) -> None:
        """Count a record; samples count once their fork succeeded."""
        if record.kind != "timing":
            return
        if isinstance(record, Sample):
            self._taken[record.fork].append(record)
            return
        taken = self._taken.pop(record.fork, [])
        self._ended[record.cell] += 1
        self._block = max(self._block, record.block)
        if record.outcome != "finished":
            self._failed.add(record.cell)
            return
        self._bad |= {(item.cell, item.scenario) for item in taken if item.outcome != "correct"}
        spent: defaultdict[str, float] = defaultdict(float)
        for sample in taken:
            spent[sample.scenario] += sample.request_ms / 1000
            time = workflow_ms(sample)
            if not sample.warmup and time is not None:
                times = self._times[sample.cell, sample.scenario]
                times.setdefault(record.block, []).append(time)
        for scenario, seconds in spent.items():
            self._spent[record.cell, scenario].append(seconds)

    def measure_width(self, cell: Cell, scenario: str) -> float | None:
        """Return half of an interval as a share of its center, without the clock's resolution."""
        times = self._times.get((cell, scenario), {})
        if len(times) < _FORKS_TO_STOP:
            return None
        found = estimate(times, self._header.seed)
        if found.low is None or found.high is None or found.center <= 0:
            return None
        return (found.high - found.low) / 2 / found.center

    def find_imprecise(self, cell: Cell) -> list[str]:
        """Return the scenarios of a cell whose interval is wider than requested.

        Without a requested precision, all are: only the budget ends a session that
        compares versions.
        """
        wanted = self._header.precision or 0.0
        if cell in self._failed:
            return []
        found = []
        for scenario in self._header.scenarios:
            if (cell, scenario.id) in self._bad:
                continue
            width = self.measure_width(cell, scenario.id)
            times = [time for fork in self._times[cell, scenario.id].values() for time in fork]
            # More forks do not improve the resolution of a clock of whole milliseconds.
            clock = RESOLUTION_MS["workflow"] / max(min(times, default=1.0), 1.0)
            if not wanted or width is None or width > max(wanted, clock):
                found.append(scenario.id)
        return found

    def plan_more(self, left_s: float) -> tuple[Fork, ...]:
        """Plan the cheapest heat that makes any result more precise; empty if there is none.

        Without a requested precision, cells with the fewest forks come first.

        Args:
            left_s: The remaining budget in seconds.
        """
        choices: list[tuple[tuple[int, float], tuple[Cell, ...], list[str]]] = []
        for team in self._teams:
            asked = {name for cell in team for name in self.find_imprecise(cell)}
            scenarios = [item.id for item in self._header.scenarios if item.id in asked]
            if scenarios and not self._failed & {*team}:
                cost = sum(self._estimate_cost(cell, scenarios) for cell in team)
                turn = 0 if self._header.precision else self._ended[team[0]]
                choices.append(((turn, cost), team, scenarios))
        affordable = [choice for choice in choices if choice[0][1] <= left_s]
        if not affordable:
            return ()
        _, team, scenarios = min(affordable, key=lambda choice: choice[0])
        shuffled = self._order.sample(scenarios, len(scenarios))
        return tuple(
            plan_fork("timing", self._block + 1, cell, shuffled, self._order)
            for cell in self._order.sample(team, len(team))
        )

    def is_precise(self) -> bool:
        """Return whether every interval is as narrow as requested."""
        return not self._failed and not any(map(self.find_imprecise, self._cells))

    def say_what_ended(self) -> Stopped:
        """Return why the session stopped adding forks."""
        if self.is_precise():
            return "precision"
        return "budget" if self.plan_more(math.inf) else "failed"

    def _estimate_cost(self, cell: Cell, scenarios: Sequence[str]) -> float:
        """Estimate how many seconds a fork of these scenarios takes."""
        spent = [self._spent[cell, name] for name in scenarios]
        return sum(sum(seconds) / len(seconds) for seconds in spent if seconds)
