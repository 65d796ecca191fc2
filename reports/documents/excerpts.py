"""The parts of committed reports that documents show; `nox -s docs` writes them again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.errors import ResultsError
from harness.results.files import read_results
from reports.forms.comment import render_comment
from reports.forms.formats import Renderer
from reports.forms.markdown import render_markdown, render_unfolded
from reports.forms.page.page import render_page
from reports.forms.studies import Study, study_session


class Excerpt(msgspec.Struct, frozen=True):
    """Some sections of one committed report, between separate marks."""

    #: The example's name, without its ending.
    example: str
    mark: str
    #: The headings whose sections are shown, in this order; none for what stands before the first.
    sections: tuple[str, ...]
    #: Where it is shown, from the root of the repository.
    document: str = "README.md"


QUICK = Excerpt("quick", "excerpt", ("", "## 🏁 Overview"))
LINES = Excerpt(
    "languages",
    "lines",
    (
        "### What a step costs on each line",
        "### Invocations for N steps",
        "### World calls for N steps",
        "### How workflow time grows with N",
    ),
    document="docs/lines.md",
)
EXCERPTS = (QUICK, LINES)


def _render_comment(study: Study, *, source: str) -> str:
    return render_comment(study)


#: Example -> ending -> what renders it so.
EXAMPLES: dict[str, dict[str, Renderer]] = {
    "quick": {
        ".md": render_markdown,
        ".html": render_page,
        ".comment.md": _render_comment,
    },
    "languages": {".md": render_markdown},
}


def cut_out(report: str, excerpt: Excerpt) -> str:
    """Return the parts of a report that a document shows."""
    return "\n\n".join(_find_section(report, title) for title in excerpt.sections)


def _find_section(report: str, title: str) -> str:
    _, found, rest = report.partition(f"\n{title}\n") if title else ("", "\n", report)
    if not found:
        raise ResultsError(f"the report has no section {title!r}", remedy="measure all scenarios")
    lines = rest.splitlines()
    end = next(
        (at for at, line in enumerate(lines) if line.startswith(("## ", "### "))), len(lines)
    )
    shown = "\n".join(lines[:end]).strip()
    # Below a heading of the second level stands the document's own text.
    return shown if title.startswith("## ") or not title else f"{title}\n\n{shown}"


def put_excerpt(text: str, report: str, excerpt: Excerpt) -> str:
    """Return a document with the excerpt between its marks."""
    return put_between(text, excerpt.mark, cut_out(report, excerpt))


def put_between(text: str, mark: str, content: str) -> str:
    """Return a document with other content between `<!-- mark -->` and `<!-- /mark -->`."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


def render_example(example: str, ending: str, folder: Path) -> str:
    """Return a committed result file in one of the forms that are committed beside it."""
    results = folder / f"{example}.jsonl"
    return EXAMPLES[example][ending](study_session(read_results(results)), source=results.name)


def render_whole(example: str, folder: Path) -> str:
    """Return the report on a committed result file with every section open."""
    results = folder / f"{example}.jsonl"
    return render_unfolded(study_session(read_results(results)), source=results.name)


def rewrite_documents(root: Path) -> None:
    """Write the example reports and the documents' excerpts from the committed results."""
    folder = root / "docs" / "results"
    for example, forms in EXAMPLES.items():
        for ending in forms:
            text = render_example(example, ending, folder)
            (folder / f"{example}{ending}").write_text(text, encoding="utf-8")
    for excerpt in EXCERPTS:
        report = render_whole(excerpt.example, folder)
        document = root / excerpt.document
        text = put_excerpt(document.read_text(encoding="utf-8"), report, excerpt)
        document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite_documents(Path(__file__).parents[2])
