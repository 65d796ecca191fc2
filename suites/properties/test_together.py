"""Calls at once: some order of them explains all answers and the logs after them."""

from __future__ import annotations

from collections.abc import Callable

from suites.conformance.violations import Inconclusive
from suites.properties.examined import ExaminedWorld
from suites.properties.moves import choose_groups, choose_together
from suites.properties.search import Finding, Search, SearchBudget


def test_calls_at_once_have_an_order(
    examined: ExaminedWorld,
    budget: SearchBudget,
    conclude: Callable[[Finding | None, ExaminedWorld], None],
) -> None:
    search = Search(examined.begin)
    groups = choose_groups(examined.world, examined.rules)
    at_once = choose_together(examined.world, examined.rules)
    conclude(search.run_scenes(groups, at_once, budget), examined)
    if search.undecided == search.examples:
        raise Inconclusive("no history was small enough to be judged")
