"""What may be called a difference, and how often that is wrong."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.statistics import (
    BLOCKS_TO_CALL,
    FALSE_SHARE,
    Pairs,
    judge,
    measure_inflation,
    measure_whole_inflation,
    pair_blocks,
    pool_pairs,
)
from suites.honesty.made_up import NOISES, Noise, make_up

#: A busy machine is no failure.
patient = settings(deadline=None)

differences = st.lists(st.floats(min_value=-2, max_value=2), min_size=0, max_size=8)
tables = st.lists(differences.map(lambda found: Pairs(tuple(found), 0.001)), max_size=12)


class TestPairs:
    def test_divides_the_medians_of_each_block(self) -> None:
        found = pair_blocks({1: [10, 99, 10], 2: [20]}, {1: [20], 2: [20, 20]})
        assert found.differences == pytest.approx((math.log(2), 0.0))

    def test_block_that_one_side_lacks_is_left_out(self) -> None:
        assert pair_blocks({1: [10], 2: [10]}, {2: [10], 3: [10]}).blocks == 1
        assert pair_blocks({1: []}, {1: [10]}).blocks == 0

    def test_what_slows_a_whole_block_changes_no_ratio(self) -> None:
        calm = pair_blocks({1: [10], 2: [10]}, {1: [11], 2: [11]})
        slowed = pair_blocks({1: [10], 2: [90]}, {1: [11], 2: [99]})
        assert slowed.differences == pytest.approx(calm.differences)

    def test_time_that_the_clock_reads_as_nothing_took_less_than_its_unit(self) -> None:
        assert pair_blocks({1: [0]}, {1: [5]}, resolution=1.0).center == pytest.approx(math.log(10))
        assert pair_blocks({1: [0]}, {1: [5]}).blocks == 0

    def test_resolution_follows_the_shorter_time(self) -> None:
        found = pair_blocks({1: [10], 2: [10]}, {1: [1000], 2: [1000]}, resolution=1.0)
        assert found.resolution == pytest.approx(math.log(1.1))

    def test_pool_takes_the_mean_of_all_rows_that_have_every_block(self) -> None:
        found = pool_pairs([Pairs((0.1, 0.3)), Pairs((0.3, 0.5)), Pairs((9.0,))])
        assert found.differences == pytest.approx((0.2, 0.4))
        assert pool_pairs([]).blocks == 0

    def test_pool_leaves_out_the_quarters_at_both_ends(self) -> None:
        rows = [Pairs((value,)) for value in (-9.0, 0.1, 0.3, 9.0)]
        assert pool_pairs(rows).differences == pytest.approx((0.2,))

    def test_pool_knows_what_the_clock_cannot_tell(self) -> None:
        """A reading of 4 ms instead of 3, three times, is no regression of the whole."""
        rows = [
            pair_blocks({1: [3], 2: [3], 3: [3]}, {1: [4], 2: [4], 3: [4]}, resolution=1.0),
            pair_blocks({1: [6], 2: [6], 3: [6]}, {1: [6], 2: [6], 3: [6]}, resolution=1.0),
        ]
        *_, whole = judge(rows, [pool_pairs(rows)])
        assert whole.center > 0
        assert not whole.called


class TestJudge:
    def test_large_and_steady_difference_is_called(self) -> None:
        (found,) = judge([Pairs((0.69, 0.70, 0.68))])
        assert found.called
        assert found.floor is not None
        assert 0 < found.floor < 0.69
        assert found.chance < 0.01

    def test_difference_within_the_noise_is_not(self) -> None:
        (found,) = judge([Pairs((0.3, -0.2, 0.1, -0.1))])
        assert not found.called
        assert found.low is not None
        assert found.high is not None
        assert found.low < 0 < found.high

    def test_few_blocks_are_shown_and_never_called(self) -> None:
        (found,) = judge([Pairs((0.7,) * (BLOCKS_TO_CALL - 1))])
        assert found.center == pytest.approx(0.7)
        assert found.floor is None
        assert not found.called

    def test_nothing_measured_says_nothing(self) -> None:
        (found,) = judge([Pairs(())])
        assert (found.center, found.called, found.chance) == (0.0, False, 1.0)

    def test_empty_table_has_no_judgments(self) -> None:
        assert judge([]) == ()

    def test_identical_times_differ_in_nothing(self) -> None:
        assert not judge([Pairs((0.0, 0.0, 0.0))])[0].called

    def test_nothing_below_the_clocks_resolution_is_called(self) -> None:
        steady = (0.05, 0.05, 0.05, 0.05, 0.05)
        assert judge([Pairs(steady, 0.0)])[0].called
        assert not judge([Pairs(steady, 0.06)])[0].called

    def test_rows_lend_each_other_what_they_know_of_the_noise(self) -> None:
        """Three blocks that agree by luck are no proof where every other row is noisy."""
        lucky = Pairs((0.100, 0.101, 0.099))
        noisy = [Pairs((0.2, -0.2, 0.1)), Pairs((-0.3, 0.1, 0.2)), Pairs((0.1, -0.2, -0.1))] * 3
        assert judge([lucky])[0].called
        assert not judge([lucky, *noisy])[0].called

    def test_a_part_of_one_row_has_as_much_room_as_a_part_of_many(self) -> None:
        steady, loose = Pairs((0.10, 0.13, 0.07, 0.10)), Pairs((0.2, -0.2, 0.1, -0.1))
        assert not judge([steady, *[loose] * 40])[0].called
        *_, last = judge([loose] * 40, [steady])
        assert last.called
        assert judge([loose] * 40, [])[0] == judge([loose] * 40)[0]

    def test_what_one_part_calls_says_nothing_of_another(self) -> None:
        """Half of the rows are faster and half slower; their mean is what it is by itself."""
        mixed = [Pairs((sign * 0.5, sign * 0.51, sign * 0.49, sign * 0.5)) for sign in (1, -1)] * 20
        whole = Pairs((0.01, -0.01, 0.02, 0.0))
        *rows, last = judge(mixed, [whole])
        assert all(row.called for row in rows)
        assert not last.called
        assert last.floor is not None
        assert last.floor > 0.01

    def test_inflation_widens_interval_and_floor(self) -> None:
        row = Pairs((0.1, 0.2, 0.15, 0.12))
        (plain,), (wide,) = judge([row]), judge([row], inflation=2.0)
        assert plain.floor is not None
        assert wide.floor == pytest.approx(2 * plain.floor)
        assert wide.low is not None
        assert plain.low is not None
        assert wide.low < plain.low

    @patient
    @given(rows=tables)
    def test_row_is_called_exactly_when_its_corrected_chance_is_small(
        self, rows: list[Pairs]
    ) -> None:
        for row, found in zip(rows, judge(rows), strict=True):
            if found.called:
                assert found.chance <= FALSE_SHARE + 1e-9
                assert row.blocks >= BLOCKS_TO_CALL
            elif found.floor is not None and found.floor > row.resolution:
                assert found.chance >= FALSE_SHARE - 1e-9

    @patient
    @given(rows=tables, shuffle=st.randoms(use_true_random=False))
    def test_order_of_rows_does_not_matter(self, rows: list[Pairs], shuffle: random.Random) -> None:
        places = list(range(len(rows)))
        shuffle.shuffle(places)
        straight, shuffled = judge(rows), judge([rows[place] for place in places])
        for at, place in enumerate(places):
            assert shuffled[at].center == pytest.approx(straight[place].center)
            assert shuffled[at].chance == pytest.approx(straight[place].chance, abs=1e-6)

    @patient
    @given(rows=tables)
    def test_swapping_the_sides_turns_every_sign(self, rows: list[Pairs]) -> None:
        turned = [Pairs(tuple(-value for value in row.differences), row.resolution) for row in rows]
        for one, other in zip(judge(rows), judge(turned), strict=True):
            assert one.center == pytest.approx(-other.center)
            assert one.chance == pytest.approx(other.chance, abs=1e-6)


@pytest.mark.parametrize("noise", NOISES.values(), ids=["even", "odd"])
class TestError:
    """How often tables of subjects against themselves show a difference."""

    @pytest.mark.parametrize("blocks", [3, 8])
    def test_at_most_one_row_in_fifty(self, noise: Noise, blocks: int) -> None:
        random_ = random.Random(f"rows/{blocks}")
        called = [
            found.called
            for _ in range(200)
            for found in judge(make_up(random_, blocks=blocks, noise=noise))
        ]
        assert sum(called) / len(called) <= 0.02

    def test_a_tenth_more_is_found_in_a_quick_session(self, noise: Noise) -> None:
        random_ = random.Random("power")
        found = [
            any(row.called for row in judge(make_up(random_, blocks=8, effect=0.1, noise=noise)))
            for _ in range(60)
        ]
        assert sum(found) / len(found) >= 0.95


class TestInflation:
    def test_subjects_that_spread_as_their_errors_say_inflate_nothing(self) -> None:
        random_ = random.Random(1)
        found = [measure_inflation(make_up(random_, blocks=8)) for _ in range(60)]
        assert 0.8 < sorted(found)[30] < 1.2

    def test_builds_that_differ_from_each_other_are_noticed(self) -> None:
        """Each build is a little faster or slower for as long as it lives."""
        random_ = random.Random(2)
        twins = [
            Pairs(tuple(value + build for value in row.differences))
            for row in make_up(random_, blocks=12)
            for build in [random_.choice((-0.13, 0.13))]
        ]
        assert measure_inflation(twins) > 2

    def test_luck_of_a_whole_build_is_seen_in_the_mean_of_all_scenarios(self) -> None:
        """Each build moves all of its scenarios by 2%: rows hardly show it, their mean does."""
        random_ = random.Random(3)
        builds = [
            [
                Pairs(tuple(value + moved for value in row.differences))
                for row in make_up(random_, blocks=12)
            ]
            for moved in (0.02, -0.02) * 20
        ]
        alone = [make_up(random_, blocks=12) for _ in range(40)]
        rows = measure_inflation([row for build in builds for row in build])
        moved, calm = (
            measure_whole_inflation([pool_pairs(rows) for rows in tables])
            for tables in (builds, alone)
        )
        assert moved is not None
        assert calm is not None
        assert moved > max(2, 1.3 * rows)
        assert 0.7 < calm < 1.4

    def test_each_part_has_an_inflation_of_its_own(self) -> None:
        row = Pairs((0.1, 0.2, 0.15, 0.12))
        rows, whole = judge([row], [row], inflation=(1.0, 3.0))
        assert rows.floor is not None
        assert whole.floor == pytest.approx(3 * rows.floor)

    @pytest.mark.parametrize("twins", [[], [Pairs((0.1, 0.2))]])
    def test_without_twins_nothing_is_inflated(self, twins: Sequence[Pairs]) -> None:
        assert measure_inflation(twins) == 1.0
        assert measure_whole_inflation(twins) is None
