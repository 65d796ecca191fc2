"""A certificate as a page: whole by itself, and unbreakable by what a World says."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from harness.certification.certificate import Certificate
from reports.forms.page.certificate import render_certificate_page
from tests.harness.certification.certifying import make_call, make_sample, make_verdict
from tests.reports.certificate.test_markdown import CERTIFICATE, CERTIFIED, make_evil

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Reads a page, and notices an element that is not closed in its place."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.cells: dict[str, list[int]] = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


@pytest.mark.parametrize("certificate", [CERTIFICATE, CERTIFIED, make_sample(), make_evil()])
def test_every_element_is_closed_in_its_place(certificate: Certificate) -> None:
    reader = Reader(render_certificate_page(certificate))
    assert reader.tags[:3] == ["html", "head", "meta"]


@pytest.mark.parametrize("certificate", [CERTIFICATE, make_evil()])
def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(certificate: Certificate) -> None:
    page = render_certificate_page(certificate)
    reader = Reader(page)
    assert not {"script", "link", "img", "iframe", "a", "form"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name in {"src", "href", "style"}]
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_is_readable_in_the_dark_and_on_a_phone() -> None:
    page = render_certificate_page(CERTIFICATE)
    assert "prefers-color-scheme: dark" in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert '<html lang="en">' in page
    assert page.count('<div class="scroll" role="region"') == page.count("<table")


@pytest.mark.parametrize(
    ("certificate", "kind", "title"),
    [
        (CERTIFIED, "passed", "✅ certified"),
        (CERTIFICATE, "failed", "❌ 1 MUST clause fails"),
        (make_sample(), "inconclusive", "❔ inconclusive"),
    ],
)
def test_the_page_begins_with_the_verdict(certificate: Certificate, kind: str, title: str) -> None:
    page = render_certificate_page(certificate)
    head = page[page.index("<body>") : page.index("</header>")]
    assert head.startswith(f'<body><header class="{kind}"><h1>Certificate: Sample on v5</h1>')
    assert f"<p><strong>{title}: Sample on v5" in head
    assert f"<title>Certificate: Sample on v5: {title}: Sample on v5" in page


def test_a_failure_is_a_card_with_its_witness_and_command() -> None:
    page = render_certificate_page(CERTIFICATE)
    card = page[page.index("<article>") : page.index("</article>")]
    assert "❌ STEP-ATOMIC (MUST)</h3>" in card
    assert "<blockquote>\n<p><code>steps.create</code> is atomic.</p>\n</blockquote>" in card
    assert "<p>two events for one step</p>" in card
    assert "<p>3 of 60 rounds failed (5.0%)</p>" in card
    assert "world-harness certify sample --clause STEP-ATOMIC\n</code></pre>" in card
    assert "<code>events.create({eventType: &quot;step_created&quot;})</code>" in card
    assert page.count("<article>") == 1


def test_the_page_says_all_that_the_certificate_says() -> None:
    text = Reader(render_certificate_page(CERTIFICATE)).text
    for name in CERTIFICATE.header.clauses:
        assert name in text
    for part in (
        "RUN-OPEN (MUST): no fault was applied",
        "RUN-KNOWN (MUST): their issue 7",
        "RUN-LESSER (SHOULD): an empty list means all",
        "RUN-FIXED: it passes: remove its entry",
        "RUN-NOTED, 4 processes: failed, torn file",
        "by id",
        CERTIFICATE.footer.sha256,
        CERTIFICATE.header.package.digest,
    ):
        assert part in text


def test_a_certified_world_has_no_section_of_things_that_went_wrong() -> None:
    page = render_certificate_page(CERTIFIED)
    assert re.findall("<h2.*?>(.*?)</h2>", page) == [
        "Clauses by group",
        "All clauses",
        "Environment",
    ]
    assert "<article>" not in page


def test_text_of_a_world_is_shown_and_never_markup() -> None:
    page = render_certificate_page(make_evil())
    assert "<script>" not in page
    assert "\x1b" not in page
    assert "\x00" not in page
    assert "<script>alert(1)</script>" in Reader(page).text


def test_passwords_are_not_shown() -> None:
    url = "postgres://app:s3cret@db/main"
    failed = make_verdict(
        "A", "failed", message=url, witness=(make_call(args=url),), reproduce=f"certify {url}"
    )
    page = render_certificate_page(make_sample([failed], spec=url, title=url))
    assert "s3cret" not in page
    assert "app:***@db" in page
