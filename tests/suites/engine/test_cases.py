"""Cases: drawn from a seed, played side by side; a failing case is shrunk and repeated."""

from __future__ import annotations

import threading

import msgspec
import pytest
from hypothesis import strategies as st

from harness.errors import DeploymentError, UsageError
from suites.engine.cases import CaseBudget, Cases
from suites.engine.stage import EngineError
from suites.engine.violations import EngineViolation, Inconclusive, violate


class Number(msgspec.Struct, frozen=True):
    value: int


NUMBERS = st.builds(Number, value=st.integers(0, 1000))


def budget(examples: int = 10, seed: int = 1, given: str | None = None) -> CaseBudget:
    return CaseBudget(examples=examples, seed=seed, given=given)


class TestDrawing:
    def test_a_seed_draws_the_same_cases_again(self) -> None:
        seen: list[set[int]] = []
        for _ in range(2):
            played: list[int] = []
            Cases(budget()).explore(Number, NUMBERS, lambda case: played.append(case.value))  # noqa: B023
            seen.append(set(played))
        assert seen[0] == seen[1]
        assert len(seen[0]) > 1

    def test_a_different_seed_draws_different_cases(self) -> None:
        one: list[int] = []
        other: list[int] = []
        Cases(budget(seed=1)).explore(Number, NUMBERS, lambda case: one.append(case.value))
        Cases(budget(seed=2)).explore(Number, NUMBERS, lambda case: other.append(case.value))
        assert set(one) != set(other)

    def test_a_share_of_the_examples_is_at_least_one(self) -> None:
        cases = Cases(budget(examples=2))
        cases.explore(Number, NUMBERS, lambda case: None, examples=0.1)
        assert cases.found.examples == 1

    def test_cases_are_played_side_by_side(self) -> None:
        together = threading.Barrier(4, timeout=20)
        Cases(budget(examples=4)).run([Number(n) for n in range(4)], lambda case: _meet(together))


def _meet(barrier: threading.Barrier) -> None:
    barrier.wait()


class TestFailing:
    def test_the_smallest_failing_case_is_reported(self) -> None:
        def play(case: Number) -> None:
            if case.value >= 100:
                violate(f"{case.value} is too much")

        cases = Cases(budget(examples=30))
        with pytest.raises(EngineViolation):
            cases.explore(Number, NUMBERS, play)
        assert cases.found.case == '{"value":100}'
        assert (cases.found.tried, cases.found.reproduced) == (10, 10)

    def test_a_flaky_case_is_labelled_with_its_failure_rate(self) -> None:
        calls: list[int] = []

        def play(case: Number) -> None:
            calls.append(case.value)
            if len(calls) % 2:
                violate("every other time")

        cases = Cases(budget(examples=1))
        with pytest.raises(EngineViolation):
            cases.run([Number(1)], play)
        assert cases.found.tried == 10
        assert cases.found.reproduced == 5

    def test_shrinking_does_not_repeat_cases_that_were_played(self) -> None:
        played: list[int] = []
        lock = threading.Lock()

        def play(case: Number) -> None:
            with lock:
                played.append(case.value)
            if case.value > 3 and case.value != 5:
                violate("no")

        cases = Cases(budget(examples=20))
        with pytest.raises(EngineViolation):
            cases.explore(Number, NUMBERS, play)
        smallest = msgspec.json.decode(cases.found.case, type=Number).value
        others = [value for value in played if value != smallest]
        assert len(others) == len(set(others))

    def test_without_tries_a_failing_case_is_neither_shrunk_nor_repeated(self) -> None:
        def play(case: Number) -> None:
            violate("no")

        cases = Cases(CaseBudget(examples=5, seed=1, tries=0))
        with pytest.raises(EngineViolation):
            cases.explore(Number, NUMBERS, play)
        assert (cases.found.tried, cases.found.reproduced) == (0, 0)

    def test_its_answers_are_kept(self) -> None:
        cases = Cases(budget())
        cases.answer("lowest", 3)
        assert cases.found.answers == {"lowest": "3"}


class TestInconclusive:
    def test_a_check_passes_if_at_least_one_case_was_decided(self) -> None:
        def play(case: Number) -> None:
            if case.value:
                raise Inconclusive("its fault did not happen")

        Cases(budget()).run([Number(0), Number(1), Number(2)], play)

    def test_a_check_without_a_decided_case_is_inconclusive(self) -> None:
        def play(case: Number) -> None:
            raise Inconclusive("its fault did not happen")

        with pytest.raises(Inconclusive, match="fault"):
            Cases(budget()).run([Number(0), Number(1)], play)

    def test_an_app_that_cannot_be_reached_is_inconclusive(self) -> None:
        def play(case: Number) -> None:
            raise DeploymentError("the app did not answer")

        with pytest.raises(Inconclusive, match="did not answer"):
            Cases(budget()).run([Number(0)], play)

    def test_a_refusal_by_the_sdk_is_inconclusive(self) -> None:
        def play(case: Number) -> None:
            if case.value:
                raise EngineError("HookNotFoundError", "no such hook")

        Cases(budget()).run([Number(0), Number(1)], play)
        with pytest.raises(Inconclusive, match="no such hook"):
            Cases(budget()).run([Number(1)], play)

    def test_a_violation_outweighs_an_inconclusive_case(self) -> None:
        def play(case: Number) -> None:
            if case.value:
                violate("no")
            raise Inconclusive("its fault did not happen")

        with pytest.raises(EngineViolation):
            Cases(budget()).run([Number(0), Number(1)], play)


class TestOneCase:
    def test_only_the_given_case_is_played(self) -> None:
        played: list[Number] = []
        cases = Cases(budget(given='{"value": 7}'))
        cases.explore(Number, NUMBERS, played.append)
        assert played == [Number(7)]

    def test_only_the_given_case_of_a_fixed_list_is_played(self) -> None:
        played: list[Number] = []
        Cases(budget(given='{"value": 7}')).run([Number(1), Number(2)], played.append)
        assert played == [Number(7)]

    def test_a_case_of_another_check_is_refused(self) -> None:
        with pytest.raises(UsageError, match="does not describe a case"):
            Cases(budget(given='{"other": 7}')).explore(Number, NUMBERS, lambda case: None)
