"""Known failures of a World, each with an owner: a TOML file next to the World.

Their checks still run. A listed failure is excused only while it fails as expected and its entry
has not expired. An entry that no longer holds makes the certification fail.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from harness.checks.known_failures import read_entries, require_name

#: How an entry compares with the outcome of the checks.
KnownState = Literal["known", "another failure", "unexpected pass", "expired", "undecided"]


class KnownFailure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the file."""

    clause: str
    #: Text that the message of every failing check of the clause must contain.
    message: str
    reason: str
    owner: str
    #: The last day on which the entry is valid.
    expires: datetime.date


def read_known_failures(path: Path, clauses: Collection[str]) -> dict[str, KnownFailure]:
    """Read the file of known failures, by clause.

    Args:
        path: A TOML file of `[[failure]]` tables.
        clauses: Ids of all clauses.

    Raises:
        DescriptionError: as :func:`harness.checks.known_failures.read_entries`, or a clause
            that does not exist.
    """
    known = read_entries(path, KnownFailure, "clause")
    for clause in known:
        require_name(path, "clause", clause, clauses)
    return known


def compare_known(
    known: KnownFailure, verdict: str, messages: Iterable[str], today: datetime.date
) -> KnownState:
    """Compare an entry with the verdict on its clause.

    Args:
        known: The entry.
        verdict: The verdict on the clause.
        messages: The messages of all checks that failed. One unexpected message is enough to make
        it a different failure.
        today: The day of the certification.
    """
    if today > known.expires:
        return "expired"
    if verdict == "passed":
        return "unexpected pass"
    if verdict != "failed":
        return "undecided"
    return "known" if all(known.message in message for message in messages) else "another failure"
