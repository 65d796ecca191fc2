"""Known faults: wrong answers and failed runs of subjects that a list expects, each with a reason.

The list is TOML (`suites/workflows/bench/known_faults.toml`; `bench --known` names another). The
header of a result file holds it, so that a file says by itself which of its faults are known.
"""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Mapping
from typing import Annotated

import msgspec

from harness.descriptions import Cell

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]


class KnownFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the list: a fault of a subject that is known, with its reason."""

    id: Text
    #: Patterns of scenario ids: `merged-streams-*`.
    scenarios: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    #: The lines, Worlds and frameworks on which the fault occurs; an empty list means all.
    lines: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    #: Package -> version with which the fault occurs; the entry does not apply to other versions.
    versions: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    #: Texts, one of which the message of the bad sample must contain.
    messages: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    reason: Text
    #: The last day on which the entry is valid; if absent, it is valid for its versions.
    expires: datetime.date | None = None

    def covers(self, scenario: str, cell: Cell, pins: Mapping[str, str], message: str) -> bool:
        """Tell whether the entry describes this fault, whether or not the entry has expired.

        Args:
            scenario: Id of the scenario.
            cell: The cell; its World is the one of which it may be a twin or another version.
            pins: Package -> version of every package installed for the cell.
            message: What was wrong with the sample.
        """
        return (
            any(fnmatch.fnmatchcase(scenario, pattern) for pattern in self.scenarios)
            and (not self.lines or cell.line in self.lines)
            and (not self.worlds or cell.world in self.worlds)
            and (not self.frameworks or cell.framework in self.frameworks)
            and all(pins.get(name) == version for name, version in self.versions.items())
            and any(text in message for text in self.messages)
        )
