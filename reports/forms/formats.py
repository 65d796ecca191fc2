"""Every form that a report comes in."""

from __future__ import annotations

from typing import Protocol

from reports.forms.badge import render_badge
from reports.forms.data import render_data
from reports.forms.junit import render_junit
from reports.forms.markdown import render_markdown
from reports.forms.page.page import render_page
from reports.forms.step_summary import render_step_summary
from reports.forms.studies import Study


class Renderer(Protocol):
    """Renders a studied result file; `source` is where the raw data is, for the reader."""

    def __call__(self, study: Study, *, source: str) -> str: ...  # noqa: D102


FORMATS: dict[str, Renderer] = {
    "markdown": render_markdown,
    "html": render_page,
    "json": render_data,
    "junit": render_junit,
    "badge": render_badge,
    "summary": render_step_summary,
}
