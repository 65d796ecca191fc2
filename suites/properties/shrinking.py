"""From a history that shows a difference to a short one that does.

Hypothesis has a shrinker of its own. It is made for tests that are fast and answer the same every
time; a World is slow, and may race. Here, whole moves are left out first, and what cannot be
reproduced is simply not shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from suites.properties.moves import Move
from suites.properties.stage import Mismatch

#: How many histories are tried at most.
MOST_TRIES = 400
#: What every history needs anyway.
SIMPLEST = "create_run"


class Scene(msgspec.Struct, frozen=True):
    """What is done: some moves one by one, then some at once."""

    before: tuple[Move, ...]
    at_once: tuple[Move, ...] = ()

    @property
    def moves(self) -> tuple[Move, ...]:
        """All moves."""
        return (*self.before, *self.at_once)


class Shown(msgspec.Struct, frozen=True):
    """A scene, and the difference that it showed."""

    scene: Scene
    mismatch: Mismatch


def shrink(shown: Shown, play: Callable[[Scene], Mismatch | None]) -> Shown:
    """Return a scene that shows a difference of the same clause, with as little as possible.

    Args:
        shown: Where to begin.
        play: Plays a scene and returns what it showed.
    """
    tries = MOST_TRIES
    candidates = list_simpler(shown.scene)
    while tries > 0:
        scene = next(candidates, None)
        if scene is None:
            return shown
        tries -= 1
        mismatch = play(scene)
        if mismatch and mismatch.difference.clause == shown.mismatch.difference.clause:
            shown = Shown(scene, mismatch)
            candidates = list_simpler(scene)
    return shown


def list_simpler(scene: Scene) -> Iterator[Scene]:
    """Return simpler scenes, those that are much simpler first."""
    for before in _shorten(scene.before):
        yield Scene(before, scene.at_once)
    # One call at once would be none.
    if len(scene.at_once) > 2:
        for at_once in _shorten(scene.at_once):
            if len(at_once) >= 2:
                yield Scene(scene.before, at_once)
    for index, move in enumerate(scene.moves):
        for simpler in _simplify(move):
            moves = (*scene.moves[:index], simpler, *scene.moves[index + 1 :])
            cut = len(scene.before)
            yield Scene(moves[:cut], moves[cut:])


def _shorten(moves: tuple[Move, ...]) -> Iterator[tuple[Move, ...]]:
    """Leave out parts, large ones first."""
    size = len(moves)
    while size >= 1:
        for begin in range(0, len(moves), size):
            yield moves[:begin] + moves[begin + size :]
        size //= 2


def _simplify(move: Move) -> Iterator[Move]:
    """Do less, or make one number of a move smaller."""
    if move.kind != SIMPLEST:
        yield msgspec.structs.replace(move, kind=SIMPLEST)
    for field in ("run", "name", "value"):
        number = getattr(move, field)
        for smaller in sorted({0, 1, number // 2} - {number}):
            if smaller < number:
                yield msgspec.structs.replace(move, **{field: smaller})
