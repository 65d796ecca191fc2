"""How a check ends when it does not simply pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from harness.adapters.world import Reply


class Violation(AssertionError):  # noqa: N818 - a verdict
    """The World broke the clause. The message is one sentence that says how."""

    def __init__(self, message: str) -> None:
        self.message = message
        #: The calls that show it; those of the whole check when empty.
        self.witness: Sequence[Reply] = ()
        self.rounds = 1
        self.failed_rounds = 1
        super().__init__(message)


class Inconclusive(Exception):  # noqa: N818 - a verdict
    """The check could not find out: its faults did not happen, or a server was not to be had."""


class NotApplicable(Exception):  # noqa: N818 - a verdict
    """The clause asks for something that this World does not offer, or need not."""


def violate(message: str) -> NoReturn:
    """Say how the World broke the clause."""
    raise Violation(message)
