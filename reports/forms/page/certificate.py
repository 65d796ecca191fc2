"""A certificate as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

from markupsafe import Markup

from harness.certification.certificate import Certificate
from reports.certificate.markdown import render_certificate
from reports.certificate.summary import SIGNS, conceal
from reports.forms.page.document import Section, read_document, write_heading
from reports.forms.page.layout import lay_out_page
from reports.writing.elements import element, join


def render_certificate_page(certificate: Certificate) -> str:
    """Render a certificate as a page: what its Markdown says."""
    header = conceal(certificate).header
    document = read_document(render_certificate(certificate))
    return lay_out_page(
        f"Certificate: {header.title} on {header.line}",
        document,
        element("main", *map(_lay_out, document.sections)),
    )


def _lay_out(section: Section) -> Markup:
    """Write a section; a clause that fails is a card."""
    written = (write_heading(section), section.body)
    is_failure = section.title.startswith(SIGNS["failed"])
    return element("article", *written) if is_failure else join(*written)
