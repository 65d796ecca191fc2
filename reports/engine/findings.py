"""The checks that need attention, each in one line: in terminals and in comments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.engine.verdicts import CheckOutcome
from harness.results.records import Check
from reports.engine.study import choose_outcome, describe_rate, label_cell
from reports.writing.text import flatten, shorten

#: Shown one by one, the gravest first; known failures are only counted.
SHOWN_OUTCOMES: tuple[CheckOutcome, ...] = ("failed", "unexpected pass", "inconclusive")
_SHOWN = 10
_LONGEST_MESSAGE = 200


def choose_findings(checks: Sequence[Check]) -> tuple[list[tuple[CheckOutcome, Check]], int]:
    """Return the gravest checks with their outcomes, and how many more there are."""
    chosen = [
        (outcome, check) for outcome in SHOWN_OUTCOMES for check in choose_outcome(checks, outcome)
    ]
    return chosen[:_SHOWN], max(0, len(chosen) - _SHOWN)


def describe_finding(
    check: Check,
    quote: Callable[[str], str] = flatten,
    escape: Callable[[str], str] = flatten,
) -> str:
    """Return a check in one line.

    Args:
        check: What was found.
        quote: Writes names.
        escape: Writes any other text.
    """
    name = " ".join(part for part in map(quote, (check.clause, check.check)) if part)
    rate = describe_rate(check)
    message = shorten(flatten(check.message), _LONGEST_MESSAGE) or "it is listed as failing"
    aside = f" (fails in {rate})" if rate else ""
    return f"{name} on {quote(label_cell(check.cell, check.mode))}: {escape(message)}{aside}"
