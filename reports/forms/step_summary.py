"""The report as the summary of a GitHub step: Markdown, cut to what GitHub takes."""

from __future__ import annotations

from reports.benchmark.findings import Findings
from reports.forms.markdown import UNFOLDED, render_unfolded
from reports.forms.studies import Study
from reports.writing.folding import fold_sections, split_sections
from reports.writing.text import escape, quote_code

#: What GitHub takes of one step's summary, in bytes; a longer one it drops whole.
LIMIT = 2**20

#: Sections that are cut, in this order, until the rest fits.
CUT_FIRST = (
    "Step Latency",
    "Cost of a Run",
    "Memory and CPU",
    "Stream Benchmarks",
    "📊 Benchmark Results",
    "Worlds",
    "Column Definitions",
    "🧪 E2E Test Results",
    "Known Faults",
    "Failures",
)

#: What the line that names the cut sections may take.
_ROOM_FOR_REMARK = 2_000


def render_step_summary(study: Study, *, source: str, room: int = LIMIT) -> str:
    """Render the report, without the sections that find no place.

    Args:
        study: What came of a session.
        source: Where the raw data is.
        room: How many bytes there are.
    """
    text = cut(render_unfolded(study, source=source), source=source, room=room)
    return fold_sections(text, but=UNFOLDED) if isinstance(study, Findings) else text


def cut(text: str, *, source: str, room: int) -> str:
    """Cut sections out of a report until it fits, and say which.

    Should the rest still be too long, it ends where the room does.
    """
    if len(text.encode()) <= room:
        return text
    sections = split_sections(text)
    left = room - _ROOM_FOR_REMARK
    gone: list[str] = []
    for title in CUT_FIRST:
        if sum(len(section.encode()) for section in sections) <= left:
            break
        found = [section for section in sections if section.startswith(f"## {title}")]
        gone += [section.partition("\n")[0].removeprefix("## ") for section in found]
        sections = [section for section in sections if section not in found]
    kept = "".join(sections)
    if len(kept.encode()) > left:
        kept = kept.encode()[: max(left, 0)].decode(errors="ignore")
        kept = kept[: kept.rfind("\n\n") + 1]
        gone.append("the end of the rest")
    named = escape(", ".join(gone))
    return (
        f"{kept.rstrip()}\n\nCut to what GitHub shows: {named}. The whole report: "
        f"{quote_code(f'world-harness report {source}')}\n"
    )
