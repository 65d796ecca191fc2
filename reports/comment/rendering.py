"""One result file as the body of a comment, cut to what GitHub takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from harness.descriptions import Scenario
from harness.measure.changes import Changes
from harness.measure.results import Header, Results
from reports.changes import describe_changes, render_changes
from reports.comment.history import Entry, add_entry, hide_history, read_history, render_history
from reports.compared import compare_versions
from reports.findings import Findings, study
from reports.flaws import list_failures
from reports.provenance import describe_machine, render_provenance
from reports.scenarios import Decisions, decide_sections, render_scenario
from reports.text import NOTHING, count, escape, flatten, fold, shorten
from reports.verdict import Verdict, reach_verdict
from reports.wins import render_summary

#: The comment is found again by it.
MARKER = "<!-- world-harness-report -->"

#: GitHub takes 65,536; what it adds itself, and how it counts what is outside of the Basic
#: Multilingual Plane, is left room for.
LIMIT = 60_000

#: What is kept free for the line that says what was cut.
_RESERVE = 2_000

#: Failures that are told; the rest is in the report.
_FAILURES = 10
#: Rows that changed: more than these are no longer read one by one.
_ROWS = 60


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Where the whole report is, and what was measured."""

    #: An address for readers; empty where there is none.
    address: str = ""
    commit: str = ""


def render_comment(
    results: Results,
    *,
    changes: Changes | None = None,
    page: Page | None = None,
    previous: str = "",
    limit: int = LIMIT,
) -> str:
    """Render a comment.

    What comes first is never cut: the verdict, what changed, who is the fastest. After it stand the
    pull request's history and where the numbers come from, then a folded section a scenario, as
    many as there is room for.

    Args:
        results: What was measured.
        changes: Of two sessions; those of versions within the session are found in it.
        page: Where the whole report is.
        previous: The comment that this one takes the place of: its history is kept.
        limit: The most characters, as :func:`measure_length` counts them.
    """
    page = page or Page()
    findings = study(results)
    changes = changes or compare_versions(findings)
    verdict = reach_verdict(findings)
    history = add_entry(
        read_history(previous), _make_entry(results.header, verdict, changes, page.commit)
    )
    first = [
        MARKER,
        hide_history(history),
        _render_head(findings, verdict, changes),
        _render_changes(findings, changes),
        _render_failures(findings),
        render_summary(findings),
    ]
    middle = [
        render_history(history),
        fold("Where the numbers come from", render_provenance(findings, page.address or NOTHING)),
    ]
    decisions = decide_sections(findings)
    scenarios = results.header.scenarios
    return _fit(
        [part for part in first if part],
        [part for part in middle if part],
        [_make_section(findings, scenario, decisions) for scenario in scenarios],
        [scenario.title for scenario in scenarios],
        page.address,
        limit,
    )


def measure_length(text: str) -> int:
    """Count characters as GitHub's limit may: one outside of the basic plane counts twice."""
    return len(text.encode("utf-16-le")) // 2


def _render_head(findings: Findings, verdict: Verdict, changes: Changes | None) -> str:
    sign = "✅" if verdict.sound and not _regressed(changes) else "❌"
    said = [describe_changes(changes)] if changes else []
    lines = [
        f"## {sign} world-harness: {escape('; '.join([*said, verdict.line]))}",
        *(f"- {escape(sentence)}" for sentence in (*verdict.fastest, verdict.cost) if sentence),
    ]
    return "\n".join([lines[0], "", *lines[1:]]).rstrip()


def _regressed(changes: Changes | None) -> bool:
    if changes is None:
        return False
    return any(row.direction == "regression" for row in (*changes.rows, *changes.overall))


def _render_changes(findings: Findings, changes: Changes | None) -> str:
    """Render the rows that changed; those that did not are in the report."""
    if changes is None:
        return ""
    called = [
        row
        for row in (*changes.overall, *changes.rows)
        if row.direction in ("regression", "improvement")
    ]
    called.sort(key=lambda row: -abs(row.ratio.center - 1) if row.ratio else 0.0)
    shown = msgspec.structs.replace(changes, overall=(), rows=tuple(called[:_ROWS]))
    text = render_changes(shown, findings.results.header.scenarios, findings.names)
    # What was counted above counts all rows, not only these.
    head, _, rest = text.partition("\n\n")
    _, _, rest = rest.partition("\n\n")
    left = len(called) - _ROWS
    more = f"\n\n… and {count(left, 'smaller change')}, in the report." if left > 0 else ""
    return f"{head}\n\n{escape(describe_changes(changes))}.\n\n{rest}{more}".rstrip()


def _render_failures(findings: Findings) -> str:
    failures = list_failures(findings)
    if not failures:
        return ""
    told = [
        f"- {escape(failure.cell.id)}: {escape(failure.what)}: "
        f"{escape(shorten(flatten(failure.flaws[0].reason)))}"
        for failure in failures[:_FAILURES]
    ]
    if len(failures) > _FAILURES:
        told.append(f"- … and {len(failures) - _FAILURES} more, in the report")
    return "\n".join(["### Failures", "", *told])


def _make_section(
    findings: Findings, scenario: Scenario, decisions: Decisions
) -> Callable[[], str]:
    """Return what renders a scenario's section: only those that have room are rendered."""

    def render() -> str:
        _, _, body = render_scenario(findings, scenario, decisions).partition("\n\n")
        return fold(escape(scenario.title), body)

    return render


def _fit(
    first: Sequence[str],
    middle: Sequence[str],
    sections: Sequence[Callable[[], str]],
    titles: Sequence[str],
    address: str,
    limit: int,
) -> str:
    """Put together what has room: the first parts whole, then the others until one has none."""
    kept = list(first)
    # What is measured bounds these parts, but not what things are called in a stranger's data.
    while len(kept) > 1 and measure_length("\n\n".join(kept)) > limit - _RESERVE:
        kept.pop()
    if len(kept) < len(first):
        return "\n\n".join([*kept, _tell_what_was_cut(titles, address)])[:limit] + "\n"
    room = limit - measure_length("\n\n".join(first)) - _longest_note(titles, address)
    for number, part in enumerate(_render_in_turn(middle, sections)):
        room -= measure_length(part) + 2
        if room < 0:
            left = titles[max(number - len(middle), 0) :]
            kept.append(_tell_what_was_cut(left, address))
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def _render_in_turn(middle: Sequence[str], sections: Sequence[Callable[[], str]]) -> Iterator[str]:
    yield from middle
    for render in sections:
        yield render()


def _tell_what_was_cut(titles: Sequence[str], address: str) -> str:
    where = f"the whole report: {address}" if address else "the whole report is in the artifact"
    return (
        f"… {count(len(titles), 'scenario')} cut to fit, from “{escape(titles[0])}” on; {where}"
        if titles
        else f"… cut to fit; {where}"
    )


def _longest_note(titles: Sequence[str], address: str) -> int:
    notes = [_tell_what_was_cut([title] * len(titles), address) for title in titles]
    return max(measure_length(note) for note in [*notes, _tell_what_was_cut([], address)]) + 4


def _make_entry(header: Header, verdict: Verdict, changes: Changes | None, commit: str) -> Entry:
    return Entry(
        commit=commit or header.harness_commit,
        started_at=header.started_at,
        verdict=describe_changes(changes) if changes else verdict.line,
        methodology=header.methodology,
        machine=describe_machine(header.machine),
    )
