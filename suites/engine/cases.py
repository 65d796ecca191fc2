"""Cases of a check: Hypothesis draws them, side by side they are played, failing ones shrink."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from harness.errors import HarnessError, UsageError
from suites.engine.stage import EngineError
from suites.engine.violations import EngineViolation, Inconclusive

T = TypeVar("T")

#: How long a failing case is made smaller, and then tried again.
_SHRINK_S = 15.0
_TRIES_S = 25.0


class CaseBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much a check plays."""

    #: Cases that it draws.
    examples: int
    seed: int
    #: Cases that are played at the same time.
    together: int = 4
    #: How often a failing case is tried again; with 0 it is not made smaller either.
    tries: int = 10
    #: The one case to play instead, as JSON.
    given: str | None = None


class CaseOutcome(msgspec.Struct, kw_only=True):
    """What the cases of a check came to, beside its verdict."""

    examples: int = 0
    #: The smallest failing case, as JSON.
    case: str = ""
    tried: int = 0
    reproduced: int = 0
    answers: dict[str, str] = {}


class Cases:
    """Plays the cases of one check.

    Args:
        budget: How many.
    """

    def __init__(self, budget: CaseBudget) -> None:
        self._budget = budget
        self.found = CaseOutcome()

    def answer(self, name: str, value: object) -> None:
        """Keep what was measured or seen."""
        self.found.answers[name] = str(value)

    def explore(
        self,
        shape: type[T],
        strategy: SearchStrategy[T],
        play: Callable[[T], None],
        *,
        examples: float = 1.0,
        together: int | None = None,
    ) -> None:
        """Draw cases and play them; raise what the smallest failing one shows.

        Args:
            shape: What a case is: a record that can be written as JSON.
            strategy: Draws cases.
            play: Plays one; raises `Violation` or `Inconclusive`.
            examples: How many, as a share of the budget's number.
            together: How many at the same time, where a check cannot take as many as the budget's.

        Raises:
            Violation: a case failed.
            Inconclusive: every case was.
        """
        if self._budget.given is not None:
            self.found.examples = 1
            self.found.case = self._budget.given
            play(_read(self._budget.given, shape))
            return
        number = max(1, round(self._budget.examples * examples))
        drawn = _draw(strategy, number, self._budget.seed)
        self._play_all(drawn, play, together or self._budget.together)
        known = {_write(case): outcome for case, outcome in self._outcomes}
        failed = any(isinstance(outcome, EngineViolation) for outcome in known.values())
        if failed and self._budget.tries:
            self._shrink(strategy, play, number, known)
        self._conclude(play)

    def run(
        self,
        cases: Sequence[T],
        play: Callable[[T], None],
        *,
        together: int | None = None,
    ) -> None:
        """Play the given cases, all of them; raise what the first failing one shows.

        Raises:
            Violation: a case failed.
            Inconclusive: every case was.
        """
        if self._budget.given is not None:
            self.found.examples = 1
            self.found.case = self._budget.given
            play(_read(self._budget.given, type(cases[0])))
            return
        self._play_all(cases, play, together or self._budget.together)
        self._conclude(play)

    def _play_all(self, cases: Sequence[T], play: Callable[[T], None], together: int) -> None:
        self.found.examples = len(cases)
        with ThreadPoolExecutor(max(1, min(together, len(cases)))) as pool:
            outcomes = list(pool.map(lambda case: _attempt(play, case), cases))
        self._outcomes: list[tuple[Any, Exception | None]] = list(zip(cases, outcomes, strict=True))

    def _shrink(
        self,
        strategy: SearchStrategy[T],
        play: Callable[[T], None],
        number: int,
        known: dict[str, Exception | None],
    ) -> None:
        """Let Hypothesis look for a smaller case; what was played is not played again."""
        deadline = time.monotonic() + _SHRINK_S

        @seed(self._budget.seed)
        @_settings(number, Phase.generate, Phase.shrink)
        @given(strategy)
        def search(case: T) -> None:
            text = _write(case)
            if text not in known:
                if time.monotonic() > deadline:
                    return
                known[text] = _attempt(play, case)
                self._outcomes.append((case, known[text]))
            outcome = known[text]
            if isinstance(outcome, EngineViolation):
                raise outcome

        with contextlib.suppress(EngineViolation, Flaky):
            search()

    def _conclude(self, play: Callable[[T], None]) -> None:
        failed = [
            (case, outcome)
            for case, outcome in self._outcomes
            if isinstance(outcome, EngineViolation)
        ]
        if failed:
            case, violation = min(failed, key=lambda pair: _size(pair[0]))
            self.found.case = _write(case)
            self._try_again(case, play)
            raise violation
        undecided = [outcome for _, outcome in self._outcomes if outcome is not None]
        if undecided and len(undecided) == len(self._outcomes):
            raise undecided[0]

    def _try_again(self, case: T, play: Callable[[T], None]) -> None:
        """See how often the case fails when it is played alone."""
        deadline = time.monotonic() + _TRIES_S
        while self.found.tried < self._budget.tries and time.monotonic() < deadline:
            outcome = _attempt(play, case)
            self.found.tried += 1
            self.found.reproduced += isinstance(outcome, EngineViolation)


def _attempt(play: Callable[[T], None], case: T) -> Exception | None:
    try:
        play(case)
    except EngineViolation as violation:
        return violation
    except Inconclusive as inconclusive:
        return inconclusive
    except (HarnessError, EngineError) as error:
        return Inconclusive(str(error))
    return None


def _draw(strategy: SearchStrategy[T], number: int, chosen: int) -> list[T]:
    drawn: list[T] = []

    @seed(chosen)
    @_settings(number, Phase.generate)
    @given(strategy)
    def collect(case: T) -> None:
        if case not in drawn:
            drawn.append(case)

    collect()
    return drawn


def _settings(number: int, *phases: Phase) -> settings:
    return settings(
        max_examples=number,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        phases=phases,
    )


def _size(case: object) -> tuple[int, str]:
    """Order cases by how long they are to read; of equal ones the lower numbers come first."""
    text = _write(case)
    return len(text), text


def _write(case: object) -> str:
    return msgspec.json.encode(case).decode()


def _read(text: str, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.DecodeError as error:
        raise UsageError(
            "--case does not describe a case of this check",
            cause=str(error),
            remedy="take it from the command that the failure printed",
        ) from error
