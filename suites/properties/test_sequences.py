"""Calls one after another: the World answers what the model answers, and its log says the same."""

from __future__ import annotations

from collections.abc import Callable

from suites.properties.examined import ExaminedWorld
from suites.properties.moves import choose_groups
from suites.properties.search import Finding, Search, SearchBudget


def test_a_world_answers_what_the_model_answers(
    examined: ExaminedWorld,
    budget: SearchBudget,
    conclude: Callable[[Finding | None, ExaminedWorld], None],
) -> None:
    search = Search(examined.begin)
    groups = choose_groups(examined.world, examined.rules)
    conclude(search.run_sequences(groups, budget), examined)
