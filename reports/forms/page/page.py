"""The report on a result file as one HTML page: no network, no other file, readable anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from markupsafe import Markup

from harness.descriptions import Cell
from harness.results.records import LoadRun
from reports.benchmark import changes, growth
from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import Findings
from reports.benchmark.scenarios import decide_sections
from reports.engine.study import EngineStudy
from reports.forms import markdown
from reports.forms.page.document import Document, Section, read_document, write_heading
from reports.forms.page.figures.distribution import draw_distribution
from reports.forms.page.figures.heatmap import draw_heatmap
from reports.forms.page.figures.load import draw_load
from reports.forms.page.figures.ratios import draw_changes
from reports.forms.page.figures.scaling import draw_growth
from reports.forms.page.figures.timeline import draw_timelines
from reports.forms.page.layout import lay_out_page
from reports.forms.studies import Study
from reports.load.study import LoadStudy, title_load
from reports.writing.elements import element, join, read_asset
from reports.writing.text import count, flatten

_HERE = Path(__file__).parent
_STYLE = _HERE / "report.css"
_SCRIPT = _HERE / "sort.js"


class Figures(msgspec.Struct, frozen=True):
    """Figures, by the title of the section that they belong to."""

    #: At its beginning.
    first: Mapping[str, Markup]
    #: Below all that the section holds, its subsections too.
    last: Mapping[str, Markup]


def render_page(study: Study, *, source: str) -> str:
    """Render the report of one session.

    Args:
        study: What came of it.
        source: Where the raw data is, for the reader: a path or an address.
    """
    document = read_document(markdown.render_unfolded(study, source=source))
    figures = _draw_figures(study, document)
    return lay_out_page(
        name_page(study),
        document,
        _list_contents(document),
        element("main", *_lay_out(document, figures)),
        element("script", read_asset(_SCRIPT)),
        styles=[_STYLE],
    )


def name_page(study: Study) -> str:
    """Return what a page is called."""
    match study:
        case Findings():
            what = f"Benchmark: {flatten(study.results.header.profile)}"
        case EngineStudy():
            what = "Tests: e2e"
        case LoadStudy():
            what = f"Load: {flatten(study.results.header.profile)}"
    return f"{what}, {count(len(study.results.header.cells), 'cell')}"


def _draw_figures(study: Study, document: Document) -> Figures:
    match study:
        case Findings():
            return _draw_findings(study, document)
        case EngineStudy():
            return Figures(first={}, last={})
        case LoadStudy():
            return _draw_loads(study)


def _draw_findings(findings: Findings, document: Document) -> Figures:
    header = findings.results.header
    anchors = _find_anchors(findings, document)
    scenarios = {
        flatten(item.title): join(
            draw_distribution(findings, item, f"times-{number}"),
            draw_timelines(findings, item, f"run-{number}"),
        )
        for number, item in enumerate(header.scenarios)
    }
    changed = draw_changes(
        compare_versions(findings), header.scenarios, findings.names, "changes-figure"
    )
    return Figures(
        first={
            markdown.TITLE: draw_heatmap(findings, decide_sections(findings), anchors),
            changes.TITLE: changed,
        },
        last={growth.TITLE: draw_growth(findings), **scenarios},
    )


def _draw_loads(study: LoadStudy) -> Figures:
    """Draw what loads came to, below their headings."""
    runs: dict[tuple[Cell, str], list[LoadRun]] = {}
    for run in study.results.loads:
        runs.setdefault((run.cell, run.scenario), []).append(run)
    drawn = {}
    for number, summary in enumerate(study.summaries):
        title = title_load(summary, study.names)
        own = runs.get((summary.cell, summary.scenario), ())
        drawn[title] = draw_load(summary, own, title, f"load-{number}")
    return Figures(first=drawn, last={})


def _find_anchors(findings: Findings, document: Document) -> dict[str, str]:
    """Return scenario id -> the id of its section."""
    sections = {section.title: section.anchor for section in document.sections}
    return {
        item.id: sections[flatten(item.title)]
        for item in findings.results.header.scenarios
        if flatten(item.title) in sections
    }


def _list_contents(document: Document) -> Markup:
    links = [
        element("li", element("a", section.title, href=f"#{section.anchor}"))
        for section in document.sections
        if section.level == 2
    ]
    return element("nav", element("ul", *links), aria_label="Contents") if links else Markup("")


def _lay_out(document: Document, figures: Figures) -> Iterator[Markup]:
    """Put every figure into its section: what is to stand last waits for the section's end."""
    waiting: list[tuple[int, Markup]] = []
    for section in document.sections:
        while waiting and section.level <= waiting[-1][0]:
            yield waiting.pop()[1]
        yield from _open(section, figures)
        if section.title in figures.last:
            waiting.append((section.level, figures.last[section.title]))
    yield from (figure for _, figure in reversed(waiting))


def _open(section: Section, figures: Figures) -> Iterator[Markup]:
    yield write_heading(section)
    yield figures.first.get(section.title, Markup(""))
    yield section.body
