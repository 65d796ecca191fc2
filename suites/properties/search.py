"""The search for a history that shows a difference: Hypothesis chooses, both sides play."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

from suites.properties.ending import finish
from suites.properties.moves import Move
from suites.properties.plays import play
from suites.properties.shrinking import Scene, Shown, shrink
from suites.properties.stage import Mismatch, PairStage
from suites.properties.together import act

#: How many moves a history has.
LENGTH = 40
_BEFORE = 8
_AT_ONCE = 4
#: How often calls at once are repeated, each time on a stage of their own: in the search, and to
#: see whether fewer calls show the same.
REPEATS = 2
_REPEATS_SHRINKING = 12


class SearchBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much is searched, and where the search begins."""

    examples: int
    seed: int
    length: int = LENGTH


class Finding(msgspec.Struct, frozen=True):
    """The shortest history that shows a difference."""

    mismatch: Mismatch
    #: Whether the same moves showed the difference again.
    replays: bool


class Search:
    """One search.

    Args:
        begin: Makes a stage for one more example.
    """

    def __init__(self, begin: Callable[[], PairStage]) -> None:
        self.begin = begin
        self._found: list[Shown] = []
        #: Examples, and those of them that the judge gave up.
        self.examples = 0
        self.undecided = 0

    def run_sequences(
        self, groups: Mapping[str, SearchStrategy[Move]], budget: SearchBudget
    ) -> Finding | None:
        """Play generated histories, one call after another."""
        machine = seed(budget.seed)(make_machine(self, groups))
        return self._conclude(
            lambda: run_state_machine_as_test(machine, settings=make_settings(budget)),
            self.play_sequence,
        )

    def run_scenes(
        self,
        groups: Mapping[str, SearchStrategy[Move]],
        at_once: SearchStrategy[Move],
        budget: SearchBudget,
    ) -> Finding | None:
        """Play generated histories that end with several calls at once."""
        scenes = st.builds(
            Scene,
            before=st.lists(st.one_of(*groups.values()), max_size=_BEFORE).map(tuple),
            at_once=st.lists(at_once, min_size=2, max_size=_AT_ONCE).map(tuple),
        )

        @seed(budget.seed)
        @make_settings(budget)
        @given(scenes)
        def play_one(scene: Scene) -> None:
            mismatch = self.play_scene(scene)
            if mismatch is not None:
                self.keep(scene, mismatch)
                raise mismatch

        return self._conclude(play_one, lambda scene: self.play_scene(scene, _REPEATS_SHRINKING))

    def keep(self, scene: Scene, mismatch: Mismatch) -> None:
        """Keep what a scene showed."""
        self._found.append(Shown(scene, mismatch))

    def play_sequence(self, scene: Scene) -> Mismatch | None:
        """Play moves one by one; return how the World differed."""
        stage = self.begin()
        try:
            for move in scene.before:
                play(stage, move)
            if not stage.is_over:
                finish(stage)
        except Mismatch as mismatch:
            return mismatch
        return None

    def play_scene(self, scene: Scene, repeats: int = REPEATS) -> Mismatch | None:
        """Play a scene some times; return how the World differed first."""
        for _ in range(repeats):
            self.examples += 1
            try:
                self.undecided += not act(self.begin(), scene)
            except Mismatch as mismatch:
                return mismatch
        return None

    def _conclude(
        self, run: Callable[[], object], play_again: Callable[[Scene], Mismatch | None]
    ) -> Finding | None:
        replays = True
        try:
            run()
        except Mismatch:
            pass
        except Flaky:
            replays = False
        if not self._found:
            return None
        shown = shrink(self._found[-1], play_again)
        return Finding(shown.mismatch, replays)


def make_settings(budget: SearchBudget) -> settings:
    """Return settings under which a seed is all that decides; shrinking is done elsewhere."""
    return settings(
        max_examples=budget.examples,
        stateful_step_count=budget.length,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        phases=(Phase.generate,),
    )


def make_machine(
    search: Search, groups: Mapping[str, SearchStrategy[Move]]
) -> type[RuleBasedStateMachine]:
    """Return a state machine with one rule a group of moves."""

    def begin(machine: Any) -> None:
        RuleBasedStateMachine.__init__(machine)
        search.examples += 1
        machine.stage, machine.moves = search.begin(), []

    def end(machine: Any) -> None:
        if not machine.stage.is_over:
            _watch(search, machine, lambda: finish(machine.stage))

    content: dict[str, Any] = {"__init__": begin, "teardown": end}
    for group, moves in groups.items():
        content[group] = rule(move=moves)(_make_rule(search, group))
    return type("History", (RuleBasedStateMachine,), content)


def _make_rule(search: Search, group: str) -> Callable[[Any, Move], None]:
    def make_move(machine: Any, move: Move) -> None:
        if not machine.stage.is_over:
            machine.moves.append(move)
            _watch(search, machine, lambda: play(machine.stage, move))

    make_move.__name__ = group
    return make_move


def _watch(search: Search, machine: Any, act_on: Callable[[], None]) -> None:
    try:
        act_on()
    except Mismatch as mismatch:
        search.keep(Scene(tuple(machine.moves)), mismatch)
        raise
    except BaseException:
        # Nothing is compared any more once something else has gone wrong.
        machine.stage.is_over = True
        raise
