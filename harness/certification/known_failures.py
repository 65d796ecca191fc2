"""Failures that are known and have an owner who fixes them: a TOML file beside the World.

They still run. A listed failure is excused only while it fails as expected and its entry has not
expired; an entry that no longer tells the truth makes the certification fail.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from harness.checks.known_failures import read_entries, require_name

#: How an entry compares with what the checks found.
KnownState = Literal["known", "another failure", "unexpected pass", "expired", "undecided"]


class KnownFailure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the file."""

    clause: str
    #: Text that the message of every failing check of the clause holds.
    message: str
    reason: str
    owner: str
    #: The last day on which the entry excuses anything.
    expires: datetime.date


def read_known_failures(path: Path, clauses: Collection[str]) -> dict[str, KnownFailure]:
    """Read the file of known failures, by clause.

    Args:
        path: A TOML file of `[[failure]]` tables.
        clauses: The ids of every clause there is.

    Raises:
        DescriptionError: as :func:`harness.checks.known_failures.read_entries`; also a clause that
            does not exist.
    """
    known = read_entries(path, KnownFailure, "clause")
    for clause in known:
        require_name(path, "clause", clause, clauses)
    return known


def compare_known(
    known: KnownFailure, verdict: str, messages: Iterable[str], today: datetime.date
) -> KnownState:
    """Compare an entry with what was found.

    Args:
        known: The entry.
        verdict: What the clause came to.
        messages: The messages of all checks that failed it: one that was not expected is enough to
            make it another failure.
        today: The day of the certification.
    """
    if today > known.expires:
        return "expired"
    if verdict == "passed":
        return "unexpected pass"
    if verdict != "failed":
        return "undecided"
    return "known" if all(known.message in message for message in messages) else "another failure"
