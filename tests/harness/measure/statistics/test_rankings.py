"""Contenders are ranked with all partners: chance is rarely called, and no difference is hidden."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from harness.measure.statistics import (
    Contenders,
    average_contrasts,
    compare_partners,
    find_interactions,
    rank_scenarios,
    rank_whole,
)

PARTNERS = ("express", "next", "nitro")

Factor = Callable[[str, str], float]


def measure(
    random_: random.Random,
    factor: Factor = lambda name, partner: 1.0,
    *,
    names: tuple[str, ...] = ("a", "b"),
    noise: float = 0.1,
    blocks: int = 4,
) -> Contenders:
    """Measure contenders; blocks differ by more than contenders, and all of a block alike."""
    hours = [random_.uniform(0.5, 2.0) for _ in range(blocks)]
    return {
        name: {
            partner: {
                block: [1000 * hour * factor(name, partner) * math.exp(random_.gauss(0, noise))]
                for block, hour in enumerate(hours)
            }
            for partner in PARTNERS
        }
        for name in names
    }


def slow_b(by: float) -> Factor:
    return lambda name, partner: by if name == "b" else 1.0


class TestContrasts:
    def test_center_is_the_mean_over_partners_and_blocks(self) -> None:
        found = compare_partners(
            {"x": {1: [100.0], 2: [100.0]}, "y": {1: [100.0]}},
            {"x": {1: [200.0], 2: [50.0]}, "y": {1: [300.0]}},
        )
        assert found.center == pytest.approx((0.0 + math.log(3)) / 2)
        assert (found.blocks, found.freedom) == (1, 1)
        # The partner with one block has half of the weight, and a variance twice as large.
        assert found.weight == pytest.approx(4 / (1 / 2 + 1))

    def test_a_partner_that_only_one_has_says_nothing(self) -> None:
        found = compare_partners({"x": {1: [1.0]}, "y": {1: [9.0]}}, {"x": {1: [2.0]}})
        assert list(found.differences) == ["x"]

    def test_different_partners_are_no_noise(self) -> None:
        found = compare_partners(
            {"x": {1: [100.0], 2: [100.0]}, "y": {1: [100.0], 2: [100.0]}},
            {"x": {1: [200.0], 2: [200.0]}, "y": {1: [50.0], 2: [50.0]}},
        )
        assert found.variance == 0

    def test_mean_of_scenarios_is_as_uncertain_as_their_common_noise(self) -> None:
        """Scenarios that are disturbed together do not average out."""
        random_ = random.Random(2)
        shared = [random_.gauss(0, 0.2) for _ in range(200)]
        before = {"x": {block: [100.0] for block in range(200)}}
        after = {"x": {block: [100 * math.exp(noise)] for block, noise in enumerate(shared)}}
        one = compare_partners(before, after)
        twenty = average_contrasts([one] * 20)
        assert math.sqrt(twenty.variance / twenty.weight) == pytest.approx(
            math.sqrt(one.variance / one.weight)
        )

    def test_nothing_in_common_has_no_weight(self) -> None:
        found = average_contrasts([compare_partners({"x": {1: [1.0]}}, {"x": {2: [1.0]}})])
        assert (found.weight, found.blocks, found.freedom) == (0, 0, 0)


class TestScenarios:
    def test_known_ratio_is_found(self) -> None:
        random_ = random.Random(3)
        rankings = rank_scenarios([measure(random_, slow_b(1.5)) for _ in range(20)])
        assert {ranking.winner for ranking in rankings} == {"a"}
        centers = [math.exp(ranking.behind["b"].center) for ranking in rankings]
        assert sum(centers) / len(centers) == pytest.approx(1.5, rel=0.03)

    @pytest.mark.parametrize("blocks", [3, 6])
    def test_equal_contenders_are_rarely_called(self, blocks: int) -> None:
        """At most one table in twenty calls any row, and an interval of 95% holds 1 as often."""
        random_ = random.Random(5)
        tables = held = rows = 0
        for _ in range(150):
            rankings = rank_scenarios([measure(random_, blocks=blocks) for _ in range(10)])
            tables += any(ranking.winner for ranking in rankings)
            for ranking in rankings:
                (judgment,) = ranking.behind.values()
                rows += 1
                held += judgment.low is not None and judgment.low <= 0
        assert tables / 150 <= 0.09
        assert held / rows >= 0.93

    def test_partners_are_evidence(self) -> None:
        """One pair of cells would not show it."""
        random_ = random.Random(8)
        asked = [measure(random_, slow_b(1.2)) for _ in range(21)]
        alone = [
            {name: {"nitro": partners["nitro"]} for name, partners in question.items()}
            for question in asked
        ]
        many = sum(ranking.winner == "a" for ranking in rank_scenarios(asked))
        few = sum(ranking.winner == "a" for ranking in rank_scenarios(alone))
        assert many > 15 > few

    @pytest.mark.parametrize("blocks", [1, 2])
    def test_too_few_blocks_call_nothing(self, blocks: int) -> None:
        asked = [measure(random.Random(1), slow_b(9.0), blocks=blocks)]
        (ranking,) = rank_scenarios(asked)
        assert ranking.order == ("a", "b")
        assert ranking.winner is None

    def test_a_lone_contender_has_no_rank(self) -> None:
        (ranking,) = rank_scenarios([measure(random.Random(1), names=("a",))])
        assert ranking.order == ()

    def test_order_of_contenders_does_not_matter(self) -> None:
        question = measure(random.Random(1), slow_b(1.3), names=("a", "b", "c"))
        turned = dict([*question.items()][::-1])
        assert rank_scenarios([question]) == rank_scenarios([turned])

    def test_inflation_makes_calls_rarer(self) -> None:
        random_ = random.Random(1)
        asked = [measure(random_, slow_b(1.25)) for _ in range(10)]
        plain, careful = (rank_scenarios(asked, inflation=value) for value in (1.0, 4.0))
        assert sum(bool(item.winner) for item in careful) < sum(bool(item.winner) for item in plain)


class TestWhole:
    def scenarios(self, factor: Factor, **changes: float) -> dict[str, Contenders]:
        random_ = random.Random(6)
        return {f"s{number}": measure(random_, factor, **changes) for number in range(21)}  # type: ignore[arg-type]

    def test_small_difference_in_all_scenarios_is_called(self) -> None:
        whole = rank_whole(self.scenarios(slow_b(1.06)))
        assert whole.winner == "a"
        judgment = whole.behind["b"]
        assert judgment.low is not None
        assert judgment.high is not None
        assert judgment.low < math.log(1.06) < judgment.high

    def test_equal_contenders_are_rarely_called(self) -> None:
        random_ = random.Random(7)
        called = sum(
            bool(rank_whole({f"s{n}": measure(random_) for n in range(8)}).slower)
            for _ in range(200)
        )
        assert called / 200 <= 0.08

    def test_the_fastest_of_three_equals_is_rarely_called(self) -> None:
        """It is chosen after the fact, so the chances of all pairs count."""
        random_ = random.Random(9)
        called = sum(
            bool(
                rank_whole(
                    {f"s{n}": measure(random_, names=("a", "b", "c")) for n in range(6)}
                ).slower
            )
            for _ in range(200)
        )
        assert called / 200 <= 0.08

    def test_scenarios_that_somebody_lacks_are_left_out(self) -> None:
        asked = self.scenarios(slow_b(1.06))
        asked["lone"] = {"a": asked["s0"]["a"]}
        assert rank_whole(asked) == rank_whole(self.scenarios(slow_b(1.06)))

    def test_nothing_shared_has_no_rank(self) -> None:
        assert rank_whole({}).order == ()


class TestInteractions:
    def test_a_difference_that_one_partner_turns_is_found(self) -> None:
        def turn(name: str, partner: str) -> float:
            return (0.5 if partner == "next" else 1.5) if name == "b" else 1.0

        asked = [measure(random.Random(1), turn)]
        contrasts = [compare_partners(item["a"], item["b"]) for item in asked]
        assert find_interactions(contrasts) == (True,)

    def test_a_difference_that_all_partners_share_is_none(self) -> None:
        random_ = random.Random(4)
        asked = [measure(random_, slow_b(1.5)) for _ in range(100)]
        contrasts = [compare_partners(item["a"], item["b"]) for item in asked]
        assert sum(find_interactions(contrasts)) <= 2

    def test_too_few_blocks_show_none(self) -> None:
        question = measure(random.Random(1), blocks=2)
        assert find_interactions([compare_partners(question["a"], question["b"])]) == (False,)
