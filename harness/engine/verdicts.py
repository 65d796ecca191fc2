"""From the checks of the engine suites to the verdict on a session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

import msgspec

from harness.checks.verdicts import FinalVerdict, decide_session
from harness.descriptions import Cell
from harness.exit_codes import EXIT_CODES, ExitCode
from harness.results.records import CellEnd, Check

#: What a check came to, the list of known failures considered.
Outcome: TypeAlias = Literal[
    "failed", "unexpected pass", "known", "flaky", "inconclusive", "passed", "not applicable"
]
#: Every outcome, the gravest first.
OUTCOMES: tuple[Outcome, ...] = (
    "failed",
    "unexpected pass",
    "known",
    "flaky",
    "inconclusive",
    "passed",
    "not applicable",
)
#: Unexpected outcomes: they make a session fail.
FAILURES: frozenset[Outcome] = frozenset({"failed", "unexpected pass"})
#: Outcomes of a check that did say something.
_DECIDED: frozenset[Outcome] = frozenset(OUTCOMES) - {"inconclusive", "not applicable"}


def find_outcome(check: Check) -> Outcome:
    """Return what a check came to.

    One that is known to be flaky is flaky whether it failed or passed this time.
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
    """What the checks of a session come to."""

    #: Failures that are not known, and passes of what is listed as failing.
    failed: tuple[Check, ...]
    #: Checks that said nothing, and of which nothing is known.
    undecided: tuple[Check, ...]
    #: Cells that were asked for and have no record at all.
    absent: tuple[Cell, ...]
    #: Cells with records of which none said anything: they did not pass.
    silent: tuple[Cell, ...]
    #: Cells on which the suites did not come to their end, or lost the record of a check.
    cut: tuple[Cell, ...]
    #: Whether any check said something.
    decided: bool

    @property
    def sound(self) -> bool:
        """Whether nothing failed that was not known to."""
        return not self.failed

    @property
    def verdict(self) -> FinalVerdict:
        """The verdict: a failure weighs more than what is not decided."""
        undecided = bool(self.undecided or self.absent or self.cut) or not self.decided
        return decide_session(failed=bool(self.failed), undecided=undecided)

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of a command that ends with it."""
        return EXIT_CODES[self.verdict]


def judge_session(
    checks: Sequence[Check], cells: Collection[Cell] = (), ends: Collection[CellEnd] | None = None
) -> SessionVerdict:
    """Judge what the checks of a session found.

    Args:
        checks: What was found.
        cells: The cells that were asked for.
        ends: On which cells the suites came to their end; `None` if that does not count.
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
