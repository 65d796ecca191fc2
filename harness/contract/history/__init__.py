"""The judge of histories: what a World's log and answers say about each other.

`fold` turns a log into the entities that it stands for. `find_contradictions` replays a log in
list order, names every move that no World may log, and compares the fold with the entities that the
World returned. `find_order` asks whether calls that ran at the same time can be put in an order in
which the model gives the same answers.
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
