"""The executable model of a World: what the contract says, as code that can be asked.

`Model(RULES["v5"]).perform("events.create", [...], now=..., fresh=...)` answers a normalized call,
or raises `Refused`. There is no clock, no randomness and no IO: time and ids come with the call.
`Rehearsal` supplies both where only the order of calls matters.

The parts build on each other, one class a file: `Ground`, `Log`, `Hooks`, `Waits`, `Attributes`,
`Steps`, `Runs`, `Events`, `Listing`, `Streams`, `Queue`. Each rule is one method, named for what it
decides, so that a broken variant is a subclass of `Model` with one method replaced:

    class StartsEndedSteps(Model):
        def check_step_open(self, step: Entity) -> None:
            '''Forget that an outcome is final.'''

Checks (`check_...`) raise `Refused` and change nothing; they all come before the first change of a
call, so a refused call leaves no trace. Questions (`is_...`, `has_...`, `find_...`) return what a
rule depends on, makers (`make_...`) return an entity as it is afterwards, and the rest stores. A
method finds the present time in `self.now`, new ids in `self.fresh`, everything stored in
`self.state`. Rows in there are replaced and never changed, so `Model.copy()` is cheap, and what
leaves the model is a copy.
"""

from harness.contract.model.ids import UlidSource, read_slot, read_ulid_time, write_slot, write_ulid
from harness.contract.model.model import Model
from harness.contract.model.rehearsal import Rehearsal
from harness.contract.model.rules import RULES, Refused, Rules
from harness.contract.model.state import QueueMessage, Row, State
from harness.contract.model.values import Entity

__all__ = [
    "RULES",
    "Entity",
    "Model",
    "QueueMessage",
    "Refused",
    "Rehearsal",
    "Row",
    "Rules",
    "State",
    "UlidSource",
    "read_slot",
    "read_ulid_time",
    "write_slot",
    "write_ulid",
]
