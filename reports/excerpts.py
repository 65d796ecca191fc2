"""The parts of a report that the README shows; `nox -s docs` writes them anew."""

from __future__ import annotations

from pathlib import Path

from harness.errors import ResultsError
from harness.measure.store import read_results
from reports.markdown import render_markdown

BEGIN = "<!-- excerpt -->"
END = "<!-- /excerpt -->"

#: The headings whose sections are shown, in this order.
SECTIONS = ("### workflow with 50 sequential steps", "### Fastest Framework by World")


def excerpt(report: str) -> str:
    """Return the head of a report, and the sections that the README shows."""
    head, _, _ = report.partition("\n## ")
    return "\n\n".join([head.strip(), *(_find_section(report, title) for title in SECTIONS)])


def _find_section(report: str, title: str) -> str:
    _, found, rest = report.partition(f"{title}\n")
    if not found:
        raise ResultsError(f"the report has no section {title!r}", remedy="measure all scenarios")
    lines = rest.splitlines()
    end = next(
        (at for at, line in enumerate(lines) if line.startswith(("## ", "### "))), len(lines)
    )
    return f"{title}\n" + "\n".join(lines[:end]).rstrip()


def put_excerpt(text: str, report: str) -> str:
    """Return a document with the excerpt between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{excerpt(report)}\n\n{END}{after}"


def render_example(results: Path) -> str:
    """Return the report of a committed result file."""
    return render_markdown(read_results(results), source=results.name)


def rewrite_documents(root: Path) -> None:
    """Write the example report and the README's excerpt from the committed results."""
    results = root / "reports" / "examples" / "quick.jsonl"
    report = render_example(results)
    results.with_suffix(".md").write_text(report, encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(put_excerpt(readme.read_text(encoding="utf-8"), report), encoding="utf-8")


if __name__ == "__main__":
    rewrite_documents(Path(__file__).parent.parent)
