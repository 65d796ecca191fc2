"""How much a certification does: `quick`, `standard` or `deep` (`efforts.toml`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from harness.descriptions import read_table
from harness.errors import unknown


class Effort(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One level of effort; see the comments in `efforts.toml`."""

    id: str
    title: str
    rounds: int
    after_failure: int
    kills: int
    scale: float

    def scaled(self, amount: int, *, least: int = 1) -> int:
        """Return an amount of data (chunks, events, runs) for this effort."""
        return max(least, round(amount * self.scale))


@cache
def describe_efforts() -> dict[str, Effort]:
    """Return every effort by its id, smallest first."""
    return read_table(Path(__file__).with_name("efforts.toml"), "effort", Effort)


def find_effort(name: str) -> Effort:
    """Return the effort of that name.

    Raises:
        UsageError: there is none.
    """
    efforts = describe_efforts()
    if name not in efforts:
        raise unknown("effort", name, efforts)
    return efforts[name]
