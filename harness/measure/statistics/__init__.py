"""Statistics of samples: centers, intervals, differences, winners, growth, peaks.

The unit is the fork. Samples of one fork share a process and its storage, so a hundred samples of
one fork say less than one sample from each of three forks. `docs/statistics.md` has the
formulas and their measured error rates.
"""

from harness.measure.statistics.contests import Decision, decide
from harness.measure.statistics.contrasts import (
    Contrast,
    MeanContrast,
    average_contrasts,
    compare_partners,
    find_interactions,
)
from harness.measure.statistics.estimates import LEVEL, Estimate, estimate
from harness.measure.statistics.growth import SIZES_TO_FIT, estimate_growth, fit_growth
from harness.measure.statistics.judging import (
    BLOCKS_TO_CALL,
    FALSE_SHARE,
    Judgment,
    judge,
    measure_inflation,
    measure_whole_inflation,
)
from harness.measure.statistics.modes import Mode, find_modes
from harness.measure.statistics.pairs import (
    Pairs,
    Series,
    Sides,
    pair_blocks,
    pool_pairs,
    set_apart,
)
from harness.measure.statistics.percentiles import (
    PERCENTILES,
    estimate_percentile,
    find_percentile,
)
from harness.measure.statistics.rankings import (
    Contenders,
    Ranking,
    rank_scenarios,
    rank_whole,
)

__all__ = [
    "BLOCKS_TO_CALL",
    "FALSE_SHARE",
    "LEVEL",
    "PERCENTILES",
    "SIZES_TO_FIT",
    "Contenders",
    "Contrast",
    "Decision",
    "Estimate",
    "Judgment",
    "MeanContrast",
    "Mode",
    "Pairs",
    "Ranking",
    "Series",
    "Sides",
    "average_contrasts",
    "compare_partners",
    "decide",
    "estimate",
    "estimate_growth",
    "estimate_percentile",
    "find_interactions",
    "find_modes",
    "find_percentile",
    "fit_growth",
    "judge",
    "measure_inflation",
    "measure_whole_inflation",
    "pair_blocks",
    "pool_pairs",
    "rank_scenarios",
    "rank_whole",
    "set_apart",
]
