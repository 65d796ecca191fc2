"""The executable model of a World: the contract, as code that answers calls.

`Model(RULES["v5"]).perform("events.create", [...], now=..., fresh=...)` answers a normalized call
or raises `Refused`. The model has no clock, randomness or IO: the caller passes the time and the
source of new ids. `Rehearsal` supplies both where only the order of calls matters.

The parts build on each other, one class a file: `Ground`, `Log`, `Hooks`, `Waits`, `Attributes`,
`Steps`, `Runs`, `Events`, `Listing`, `Streams`, `Queue`. Each rule is one method, named for what it
decides, so that a broken variant is a subclass of `Model` with one method replaced:

    class StartsEndedSteps(Model):
        def check_step_open(self, step: Entity) -> None:
            '''Forget that an outcome is final.'''

Checks (`check_...`) raise `Refused` and change nothing. All checks of a call come before its first
change, so a refused call leaves no trace. Queries (`is_...`, `has_...`, `find_...`) return what a
rule depends on, makers (`make_...`) return the new version of an entity, and all other methods
store. A method reads the current time from `self.now`, new ids from `self.fresh` and stored data
from `self.state`. Rows of the state are replaced and never mutated, so `Model.copy()` is cheap. The
model returns copies only.
"""

from harness.contract.model.ids import UlidSource, read_slot, read_ulid_time, write_slot, write_ulid
from harness.contract.model.model import Model
from harness.contract.model.rehearsal import Rehearsal
from harness.contract.model.rules import RULES, Refused, Rules
from harness.contract.model.state import EntityRow, QueueMessage, State
from harness.contract.model.values import Entity

__all__ = [
    "RULES",
    "Entity",
    "EntityRow",
    "Model",
    "QueueMessage",
    "Refused",
    "Rehearsal",
    "Rules",
    "State",
    "UlidSource",
    "read_slot",
    "read_ulid_time",
    "write_slot",
    "write_ulid",
]
