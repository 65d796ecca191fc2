"""Decides a session of the engine suites from its checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

import msgspec

from harness.checks.verdicts import FinalVerdict, decide_session
from harness.descriptions import Cell
from harness.exit_codes import EXIT_CODES, ExitCode
from harness.results.records import CellEnd, Check

#: The outcome of a check, with known failures taken into account.
CheckOutcome: TypeAlias = Literal[
    "failed", "unexpected pass", "known", "flaky", "inconclusive", "passed", "not applicable"
]
#: All outcomes, the most serious first.
OUTCOMES: tuple[CheckOutcome, ...] = (
    "failed",
    "unexpected pass",
    "known",
    "flaky",
    "inconclusive",
    "passed",
    "not applicable",
)
#: Unexpected outcomes, which make a session fail.
FAILURES: frozenset[CheckOutcome] = frozenset({"failed", "unexpected pass"})
#: Outcomes of a check that reached a result.
_DECIDED: frozenset[CheckOutcome] = frozenset(OUTCOMES) - {"inconclusive", "not applicable"}


def find_outcome(check: Check) -> CheckOutcome:
    """Return the outcome of a check.

    A check that is known to be flaky counts as flaky, whether it failed or passed this time.
    """
    match check.verdict, check.state:
        case ("not applicable" | "inconclusive") as verdict, _:
            return verdict
        case _, "flaky":
            return "flaky"
        case "failed", state:
            return "known" if state == "known" else "failed"
        case _, "unexpected pass":
            return "unexpected pass"
    return "passed"


class SessionVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a session, with the checks and cells that led to it."""

    #: Failures that are not known, and passes of checks that are listed as failing.
    failed: tuple[Check, ...]
    #: Checks that reached no result, and are not known failures.
    undecided: tuple[Check, ...]
    #: Requested cells that have no record.
    absent: tuple[Cell, ...]
    #: Cells with records, none of which reached a result: they did not pass.
    silent: tuple[Cell, ...]
    #: Cells on which the suites did not finish, or the record of a check is missing.
    cut: tuple[Cell, ...]
    #: Whether any check reached a result.
    decided: bool

    @property
    def sound(self) -> bool:
        """Whether all failures are known."""
        return not self.failed

    @property
    def verdict(self) -> FinalVerdict:
        """The verdict: a failure outweighs an undecided check."""
        undecided = bool(self.undecided or self.absent or self.cut) or not self.decided
        return decide_session(failed=bool(self.failed), undecided=undecided)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command with this verdict."""
        return EXIT_CODES[self.verdict]


def judge_session(
    checks: Sequence[Check], cells: Collection[Cell] = (), ends: Collection[CellEnd] | None = None
) -> SessionVerdict:
    """Decide a session from the outcomes of its checks.

    Args:
        checks: The outcomes.
        cells: The requested cells.
        ends: The cells on which the suites finished; `None` if that does not matter.
    """
    outcomes = [(check, find_outcome(check)) for check in checks]
    examined = dict.fromkeys(check.cell for check in checks)
    records = Counter(check.cell for check in checks)
    whole = (
        set(records)
        if ends is None
        else {end.cell for end in ends if records[end.cell] >= end.checks}
    )
    deciding = {check.cell for check, outcome in outcomes if outcome in _DECIDED}
    return SessionVerdict(
        failed=tuple(check for check, outcome in outcomes if outcome in FAILURES),
        undecided=tuple(
            check
            for check, outcome in outcomes
            if outcome == "inconclusive" and check.state not in {"known", "flaky"}
        ),
        absent=tuple(cell for cell in dict.fromkeys(cells) if cell not in examined),
        silent=tuple(cell for cell in examined if cell not in deciding),
        cut=tuple(cell for cell in examined if cell not in whole),
        decided=bool(deciding),
    )


def exit_code_of(
    checks: Sequence[Check], cells: Collection[Cell] = (), ends: Collection[CellEnd] | None = None
) -> ExitCode:
    """Return the exit code of a session."""
    return judge_session(checks, cells, ends).exit_code
