"""One result file as the body of a comment, cut to what GitHub takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from harness.measure.changes import Changes
from harness.results.records import Header
from reports.benchmark.findings import Findings
from reports.engine.study import EngineStudy
from reports.forms.comment.benchmark import tell_benchmark
from reports.forms.comment.checks import tell_checks
from reports.forms.comment.history import (
    HistoryEntry,
    add_entry,
    hide_history,
    read_history,
    render_history,
)
from reports.forms.comment.load import tell_load
from reports.forms.comment.story import Story, StorySection
from reports.forms.studies import Study
from reports.load.study import LoadStudy
from reports.writing.facts import describe_machine
from reports.writing.text import NOTHING, count, escape, fold

#: The comment is found again by it.
MARKER = "<!-- world-harness-report -->"

#: GitHub takes 65,536; what it adds itself, and how it counts what is outside of the Basic
#: Multilingual Plane, is left room for.
LIMIT = 60_000

#: What is kept free for the line that says what was cut.
_RESERVE = 2_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Where the whole report is, and what was measured."""

    #: An address for readers; empty where there is none.
    address: str = ""
    commit: str = ""


def render_comment(
    study: Study,
    *,
    changes: Changes | None = None,
    page: Page | None = None,
    previous: str = "",
    limit: int = LIMIT,
) -> str:
    """Render a comment.

    What comes first is never cut: the verdict, what changed, what failed, who is the fastest. After
    it stand the pull request's history and where the numbers come from, then folded sections, as
    many as there is room for.

    Args:
        study: What came of a session.
        changes: Of two sessions; those of versions within the session are found in it.
        page: Where the whole report is.
        previous: The comment that this one takes the place of: its history is kept.
        limit: The most characters, as :func:`measure_length` counts them.
    """
    page = page or Page()
    source = page.address or NOTHING
    story = _tell(study, changes, source)
    entry = _make_entry(study.results.header, story, page.commit)
    history = add_entry(read_history(previous), entry)
    first = [MARKER, hide_history(history), _render_head(story), *story.first]
    middle = [render_history(history), *story.middle]
    return _fit(
        [part for part in first if part],
        [part for part in middle if part],
        story.sections,
        page.address,
        limit,
    )


def _tell(study: Study, changes: Changes | None, source: str) -> Story:
    """Tell what came of a session; changes are of what was timed."""
    match study:
        case Findings():
            return tell_benchmark(study, changes, source)
        case EngineStudy():
            return tell_checks(study, source)
        case LoadStudy():
            return tell_load(study, source)


def measure_length(text: str) -> int:
    """Count characters as GitHub's limit may: one outside of the basic plane counts twice."""
    return len(text.encode("utf-16-le")) // 2


def _render_head(story: Story) -> str:
    head = f"## {story.sign} world-harness: {escape(story.verdict)}"
    return "\n".join([head, "", *(f"- {point}" for point in story.points)]).rstrip()


def _fit(
    first: Sequence[str],
    middle: Sequence[str],
    sections: Sequence[StorySection],
    address: str,
    limit: int,
) -> str:
    """Put together what has room: the first parts whole, then the others until one has none."""
    kept = list(first)
    # What is measured bounds these parts, but not what things are called in a stranger's data.
    while len(kept) > 1 and measure_length("\n\n".join(kept)) > limit - _RESERVE:
        kept.pop()
    if len(kept) < len(first):
        return "\n\n".join([*kept, _tell_what_was_cut(sections, address)])[:limit] + "\n"
    room = limit - measure_length("\n\n".join(first)) - _longest_note(sections, address)
    for number, part in enumerate(_render_in_turn(middle, sections)):
        room -= measure_length(part) + 2
        if room < 0:
            left = sections[max(number - len(middle), 0) :]
            kept.append(_tell_what_was_cut(left, address))
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def _render_in_turn(middle: Sequence[str], sections: Sequence[StorySection]) -> Iterator[str]:
    yield from middle
    for section in sections:
        yield fold(escape(section.title), section.render())


def _tell_what_was_cut(left: Sequence[StorySection], address: str) -> str:
    where = f"the whole report: {address}" if address else "the whole report is in the artifact"
    if not left:
        return f"… cut to fit; {where}"
    nouns = {section.noun for section in left}
    noun = nouns.pop() if len(nouns) == 1 else "section"
    return f"… {count(len(left), noun)} cut to fit, from “{escape(left[0].title)}” on; {where}"


def _longest_note(sections: Sequence[StorySection], address: str) -> int:
    notes = [_tell_what_was_cut([section] * len(sections), address) for section in sections]
    return max(measure_length(note) for note in [*notes, _tell_what_was_cut([], address)]) + 4


def _make_entry(header: Header, story: Story, commit: str) -> HistoryEntry:
    return HistoryEntry(
        commit=commit or header.harness_commit,
        started_at=header.started_at,
        verdict=story.remembered,
        methodology=header.methodology,
        machine=describe_machine(header.machine),
    )
