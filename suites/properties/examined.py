"""The World of a session, as property tests see it: which rules hold, and which clauses bind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from harness.adapters.world import WorldClient
from harness.contract.clauses import (
    assume_spec_version,
    describe_clauses,
    explain_inapplicable,
    level_on,
)
from harness.contract.model import RULES, Rules
from harness.errors import unknown
from suites.properties.differences import Difference
from suites.properties.stage import PairStage

#: Read once: every difference asks for its clause.
_CLAUSES = describe_clauses()

#: What a World may leave out, it has to do right when it offers it.
_BINDING = frozenset({"MUST", "MAY"})

#: Effort -> how many histories are played.
EXAMPLES = {"quick": 15, "standard": 150, "deep": 2000}


class ExaminedWorld:
    """A World and what is known of it.

    Args:
        find_world: Returns the World's process, a new one if the last has ended.
        line: The line that it is examined for.
        only: The clauses that count; all that bind the World, when none are named.

    Raises:
        UsageError: there is no such clause.
    """

    def __init__(
        self, find_world: Callable[[], WorldClient], line: str, only: Iterable[str] = ()
    ) -> None:
        self._find_world = find_world
        self.line = line
        self._only = frozenset(only)
        for name in sorted(self._only - _CLAUSES.keys()):
            raise unknown("clause", name, _CLAUSES)
        self.world = find_world()
        self._stated = self.world.opened.stated_version
        self.rules: Rules = msgspec.structs.replace(
            RULES[line], spec_version=assume_spec_version(self._stated)
        )
        #: Differences that do not count, as texts with their clause in front.
        self.noted: set[str] = set()

    def begin(self) -> PairStage:
        """Make the stage for one example: fresh ids on the storage that all examples share."""
        return PairStage(self._find_world(), self.rules, binds=self.binds, note=self.note)

    def binds(self, name: str) -> bool:
        """Tell whether a clause binds this World."""
        clause = _CLAUSES[name]
        if self._only and name not in self._only:
            return False
        opened = self.world.opened
        reason = explain_inapplicable(
            clause,
            line=self.line,
            spec_version=self._stated,
            methods=opened.methods,
            capabilities=opened.capabilities,
        )
        return not reason and level_on(clause, self.line) in _BINDING

    def note(self, difference: Difference) -> None:
        """Remember that a difference was seen that does not count."""
        self.noted.add(difference.clause)
