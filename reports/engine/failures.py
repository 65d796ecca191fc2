"""Every check that did not simply pass, with its witness and the command that shows it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.engine.verdicts import CheckOutcome
from harness.results.records import Check
from reports.engine.study import SIGNS, EngineStudy, choose_outcome, describe_rate, label_cell
from reports.writing.text import count, escape, fence, fold, quote_code

#: Outcome -> the heading of its checks; who reads from the top reads what matters first.
_HEADINGS: dict[CheckOutcome, str] = {
    "failed": "Failed",
    "unexpected pass": "Passed, although listed as failing",
    "known": "Known failures",
    "flaky": "Flaky",
    "inconclusive": "Inconclusive",
}


def render_failed_checks(study: EngineStudy) -> str:
    """Render every check that failed, passed unexpectedly or could not be decided."""
    parts: list[str] = []
    for outcome, heading in _HEADINGS.items():
        chosen = choose_outcome(study.checks, outcome)
        if chosen:
            parts += [f"#### {SIGNS[outcome]} {heading}", *map(_render_group, _group(chosen))]
    return "\n\n".join(["### Failures", *parts]) if parts else ""


def _group(checks: Iterable[Check]) -> Iterator[Sequence[Check]]:
    """Put checks together that say the same of one cell: a build that failed concerns them all.

    One with a witness stands alone.
    """
    groups: dict[object, list[Check]] = {}
    for number, check in enumerate(checks):
        same = (check.cell, check.mode, check.message)
        alone = check.verdict != "inconclusive" or check.witness or not check.message
        groups.setdefault(number if alone else same, []).append(check)
    yield from groups.values()


def _render_group(checks: Sequence[Check]) -> str:
    if len(checks) == 1:
        return _render_check(checks[0])
    first = checks[0]
    names = "\n".join(f"- {_name_check(check)}" for check in checks)
    commands = "\n".join(check.reproduce for check in checks if check.reproduce)
    parts = [
        f"**{_name_place(first)}: {count(len(checks), 'check')}**",
        escape(first.message),
        fold("Which", f"{names}\n\n{fence(commands, 'sh')}" if commands else names),
    ]
    return "\n\n".join(parts)


def _render_check(check: Check) -> str:
    parts = [
        f"**{_name_check(check)} on {_name_place(check)}**",
        escape(check.message),
        _describe_evidence(check),
        f"Known: {escape(check.reason)}" if check.reason else "",
        fence(check.reproduce, "sh") if check.reproduce else "",
        render_story(check),
    ]
    return "\n\n".join(part for part in parts if part)


def render_story(check: Check) -> str:
    """Render a check's witness, folded; empty where it has none."""
    if not check.witness:
        return ""
    told = fence("\n".join(check.witness), "text")
    return fold(f"What happened, in {count(len(check.witness), 'line')}", told)


def _name_check(check: Check) -> str:
    suite = f" ({escape(check.suite)})" if check.suite else ""
    return " ".join(part for part in map(quote_code, (check.clause, check.check)) if part) + suite


def _name_place(check: Check) -> str:
    return quote_code(label_cell(check.cell, check.mode))


def _describe_evidence(check: Check) -> str:
    """Say how often it fails, and from what it was drawn."""
    drawn = f"seed {check.seed}"
    if check.examples:
        drawn = f"{count(check.examples, 'case')} from {drawn}"
    return f"{describe_fate(check)}; {drawn}."


def describe_fate(check: Check) -> str:
    """Say how a check ended, and how often its smallest failing case fails again."""
    if check.verdict == "inconclusive":
        return "Could not be decided"
    if check.verdict == "passed":
        return "Passed this time"
    if not check.tried:
        return "Failed; not tried again"
    return f"The smallest case fails in {describe_rate(check)}"
