"""Judges histories: do a World's log and its answers agree?

`fold` computes the entities that follow from a log. `find_contradictions` replays a log in list
order, names every illegal move, and compares the fold with the entities that the World returned.
`find_order` searches for an order of concurrent calls in which the model gives the same answers.
"""

from harness.contract.history.calls import TimedCall
from harness.contract.history.compare import find_contradictions
from harness.contract.history.order import UndecidedError, find_order
from harness.contract.history.replay import Entities, find_illegal_moves, fold

__all__ = [
    "Entities",
    "TimedCall",
    "UndecidedError",
    "find_contradictions",
    "find_illegal_moves",
    "find_order",
    "fold",
]
