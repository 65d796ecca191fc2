"""The report on a result file as one HTML page: no network, no other file, readable anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from markupsafe import Markup

from harness.descriptions import Cell
from harness.results.records import Header, LoadRun, Results
from reports.benchmark import changes, growth
from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import Findings, study
from reports.benchmark.scenarios import decide_sections
from reports.forms import markdown
from reports.forms.page.document import Document, Section, read_document, write_heading
from reports.forms.page.figures.distribution import draw_distribution
from reports.forms.page.figures.heatmap import draw_heatmap
from reports.forms.page.figures.load import draw_load
from reports.forms.page.figures.ratios import draw_changes
from reports.forms.page.figures.scaling import draw_growth
from reports.forms.page.figures.timeline import draw_timelines
from reports.forms.page.layout import lay_out_page
from reports.load.section import list_loads, title_load
from reports.writing.elements import element, join, read_asset
from reports.writing.names import name_everything
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


def render_page(results: Results, *, source: str) -> str:
    """Render the report of one session.

    Args:
        results: What was measured.
        source: Where the raw data is, for the reader: a path or an address.
    """
    findings = study(results) if markdown.is_timed(results) else None
    text = markdown.render_markdown(results, source=source, findings=findings)
    document = read_document(text)
    figures = _draw_figures(findings, document) if findings else _draw_loads(results)
    return lay_out_page(
        name_page(results.header),
        document,
        _list_contents(document),
        element("main", *_lay_out(document, figures)),
        element("script", read_asset(_SCRIPT)),
        styles=[_STYLE],
    )


def name_page(header: Header) -> str:
    """Return what a page is called."""
    what = "Load" if header.load else "Benchmark" if header.forks else "Tests"
    return f"{what}: {flatten(header.profile)}, {count(len(header.cells), 'cell')}"


def _draw_figures(findings: Findings, document: Document) -> Figures:
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


def _draw_loads(results: Results) -> Figures:
    """Draw what loads came to, below their headings; nothing where nothing was loaded."""
    names = name_everything(results.header)
    runs: dict[tuple[Cell, str], list[LoadRun]] = {}
    for run in results.loads:
        runs.setdefault((run.cell, run.scenario), []).append(run)
    drawn = {}
    for number, summary in enumerate(list_loads(results)):
        title = title_load(summary, names)
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
