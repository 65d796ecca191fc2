"""The report beside the results that it is made of, and in GitHub's summary of the step."""

from __future__ import annotations

import os
from pathlib import Path

from reports.forms.markdown import render_markdown
from reports.forms.page.page import render_page
from reports.forms.step_summary import LIMIT, render_step_summary
from reports.forms.studies import Study

#: Where GitHub Actions reads the summary of a step.
_SUMMARY = "GITHUB_STEP_SUMMARY"


def write_reports(study: Study, path: Path) -> Path:
    """Write the report as Markdown and as HTML beside the result file; returns the Markdown.

    In a step of GitHub Actions it is appended to the step's summary as well.
    """
    report = path.with_suffix(".md")
    report.write_text(render_markdown(study, source=path.name), encoding="utf-8")
    path.with_suffix(".html").write_text(render_page(study, source=path.name), encoding="utf-8")
    if summary := os.environ.get(_SUMMARY):
        _append_step_summary(study, path, Path(summary))
    return report


def _append_step_summary(study: Study, path: Path, summary: Path) -> None:
    """Append the report to a step's summary, cut to the room that is left there."""
    room = LIMIT - (summary.stat().st_size if summary.exists() else 0)
    text = render_step_summary(study, source=path.name, room=room)
    with summary.open("a", encoding="utf-8") as file:
        file.write(text)
