"""When to stop: blocks are added while something is open and the budget pays for more."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from harness.descriptions import Cell, Scenario
from harness.measure.metrics import RESOLUTION_MS, workflow_ms
from harness.measure.plan import Fork, plan_block
from harness.measure.questions import list_questions
from harness.measure.statistics import Judgment, Series, estimate, rank_scenarios
from harness.results.records import BenchHeader, ForkEnd, Sample, Stopped

#: With fewer forks an interval is too uncertain to stop.
_FORKS_TO_STOP = 3

#: A comparison is settled early when its corrected chance is below this (the boundary of Haybittle
#: and Peto). So strict a boundary leaves the error rate of the final look as it is.
_SETTLED = 0.001
#: A comparison is precise when its interval reaches at most this far to each side, as a logarithm.
_PRECISE = math.log(1.05)


class Progress:
    """What a session has measured so far, and what it should measure next.

    Args:
        header: Has the requested precision.
        earlier: Records of the sessions that this one resumes.
    """

    def __init__(self, header: BenchHeader, earlier: Iterable[Sample | ForkEnd] = ()) -> None:
        self._header = header
        self._order = random.Random(f"{header.seed}/more")  # noqa: S311 - repeatable, not secret
        self._questions = list_questions(header)
        self._cells = (*header.cells, *header.companions)
        self._taken: defaultdict[str, list[Sample]] = defaultdict(list)
        #: Cell and scenario -> block -> workflow times.
        self._times: defaultdict[tuple[Cell, str], dict[int, list[float]]] = defaultdict(dict)
        #: Cell and scenario -> seconds that each fork spent on it.
        self._spent: defaultdict[tuple[Cell, str], list[float]] = defaultdict(list)
        #: Cell -> seconds that each fork spent on everything but its samples.
        self._overheads: defaultdict[Cell, list[float]] = defaultdict(list)
        #: The latest block: later forks never share a block with earlier ones.
        self._block = header.forks
        self._failed: set[Cell] = set()
        self._bad: Counter[tuple[Cell, str]] = Counter()
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
        self._block = max(self._block, record.block)
        if record.outcome != "finished":
            self._failed.add(record.cell)
            return
        spent: defaultdict[str, float] = defaultdict(float)
        for sample in taken:
            spent[sample.scenario] += sample.request_ms / 1000
            self._bad[sample.cell, sample.scenario] += sample.outcome != "correct"
            time = workflow_ms(sample)
            if sample.outcome == "correct" and not sample.warmup and time is not None:
                times = self._times[sample.cell, sample.scenario]
                times.setdefault(record.block, []).append(time)
        for scenario, seconds in spent.items():
            self._spent[record.cell, scenario].append(seconds)
        self._overheads[record.cell].append(max(0.0, record.seconds - sum(spent.values())))

    def measure_width(self, cell: Cell, scenario: str) -> float | None:
        """Return half of an interval as a share of its center, without the clock's resolution."""
        times = self._times.get((cell, scenario), {})
        if len(times) < _FORKS_TO_STOP:
            return None
        found = estimate(times, self._header.seed)
        if found.low is None or found.high is None or found.center <= 0:
            return None
        return (found.high - found.low) / 2 / found.center

    def find_open(self) -> list[Scenario]:
        """Return the scenarios that more blocks can say more about.

        With a requested precision: those with an interval that is wider. Where versions are
        compared: all, because small differences show in the mean of all. Otherwise those with a
        comparison of Worlds, frameworks or lines that is neither settled nor precise.
        """
        if self._header.precision is not None:
            return [item for item in self._header.scenarios if self._is_imprecise(item)]
        if self._compares_versions:
            return list(self._header.scenarios) if self._left() else []
        return self._find_undecided()

    def plan_more(self, left_s: float) -> list[tuple[Fork, ...]]:
        """Plan the heats of one more block; none if nothing is open, or the budget is too small.

        Args:
            left_s: The remaining budget in seconds.
        """
        scenarios = self._afford(self.find_open(), left_s)
        if not scenarios:
            return []
        planned = plan_block(self._header, self._block + 1, scenarios, self._order)
        heats = [tuple(fork for fork in heat if fork.cell not in self._failed) for heat in planned]
        return [heat for heat in heats if heat]

    def estimate_counting(self, cells: Iterable[Cell]) -> float:
        """Estimate how many seconds the counting forks of these cells take: one run a scenario."""
        cost = 0.0
        for cell in cells:
            cost += _average(self._overheads[cell])
            for scenario in self._header.scenarios:
                cost += _average(self._spent[cell, scenario.id]) / scenario.samples
        return cost

    def say_what_ended(self) -> Stopped:
        """Return why the session stopped adding blocks."""
        if not self._left():
            return "failed"
        return "budget" if self.find_open() else "precision"

    @property
    def _compares_versions(self) -> bool:
        return any(match.kind == "version" for match in self._header.matches)

    def _left(self) -> list[Cell]:
        """Return the cells that can still be measured."""
        return [cell for cell in self._cells if cell not in self._failed]

    def _is_imprecise(self, scenario: Scenario) -> bool:
        wanted = self._header.precision or 0.0
        for cell in self._left():
            width = self.measure_width(cell, scenario.id)
            times = [time for fork in self._times[cell, scenario.id].values() for time in fork]
            if not times and self._bad[cell, scenario.id]:
                continue
            # More forks do not improve the resolution of a clock of whole milliseconds.
            clock = RESOLUTION_MS["workflow"] / max(min(times, default=1.0), 1.0)
            if width is None or width > max(wanted, clock):
                return True
        return False

    def _find_undecided(self) -> list[Scenario]:
        """Return the scenarios with an open comparison, the least certain first."""
        scenarios = self._header.scenarios
        widths: dict[str, float] = {}
        for question in self._questions:
            asked = [question.gather(self._list_times(item)) for item in scenarios]
            rankings = rank_scenarios(asked, resolution=RESOLUTION_MS["workflow"])
            for scenario, ranking in zip(scenarios, rankings, strict=True):
                for judgment in ranking.behind.values():
                    if not _is_decided(judgment):
                        known = widths.get(scenario.id, 0.0)
                        widths[scenario.id] = max(known, _measure_width(judgment))
        found = [item for item in scenarios if item.id in widths]
        return sorted(found, key=lambda item: -widths[item.id])

    def _list_times(self, scenario: Scenario) -> Callable[[Cell], Series]:
        return lambda cell: self._times.get((cell, scenario.id), {})

    def _afford(self, scenarios: Sequence[Scenario], left_s: float) -> Sequence[Scenario]:
        """Return the first of the scenarios that the budget pays for; all or none for versions."""
        if self._compares_versions:
            return scenarios if self._estimate_cost(scenarios) <= left_s else []
        number = len(scenarios)
        while number and self._estimate_cost(scenarios[:number]) > left_s:
            number -= 1
        return scenarios[:number]

    def _estimate_cost(self, scenarios: Sequence[Scenario]) -> float:
        """Estimate how many seconds a block of these scenarios takes."""
        return sum(
            _average(self._overheads[cell])
            + sum(_average(self._spent[cell, item.id]) for item in scenarios)
            for cell in self._left()
        )


def _average(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _measure_width(judgment: Judgment) -> float:
    """Return the width of an interval, as a logarithm; infinite if it is not known."""
    if judgment.low is None or judgment.high is None:
        return math.inf
    return judgment.high - judgment.low


def _is_decided(judgment: Judgment) -> bool:
    width = _measure_width(judgment)
    return math.isfinite(width) and (judgment.chance < _SETTLED or width <= 2 * _PRECISE)
