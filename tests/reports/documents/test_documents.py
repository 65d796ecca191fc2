"""What the documents show is what was measured: they are made from committed results."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.certification.certificate import read_certificate
from harness.certification.verification import verify
from harness.descriptions import Cell
from harness.engine.clauses import describe_engine_clauses
from harness.errors import ResultsError
from harness.results.files import read_results_as
from harness.results.records import BenchResults, Check
from harness.workspaces import describe_lines
from reports.documents.excerpts import EXAMPLES as RENDERED
from reports.documents.excerpts import (
    EXCERPTS,
    LINES,
    QUICK,
    Excerpt,
    cut_out,
    put_excerpt,
    render_example,
    render_whole,
)
from reports.documents.rediscovered import Bug, is_shown, read_found
from suites.conformance.rediscovery import describe_bugs
from suites.conformance.worlds_document import CERTIFICATES, DOCUMENT, read_absent, render_worlds
from suites.engine import CLAUSES, engine_document, list_checks
from suites.engine.cells import REQUIRED_CELLS
from suites.honesty import statistics_document
from tests import RESULTS, ROOT
from worlds import describe_worlds

QUICK_RESULTS = RESULTS / "quick.jsonl"
STALE = "stale: run `nox -s docs`"


every_example = pytest.mark.parametrize("example", EXCERPTS, ids=lambda item: item.mark)


@pytest.mark.parametrize(
    ("example", "ending"), [(name, ending) for name, forms in RENDERED.items() for ending in forms]
)
@pytest.mark.slow
def test_an_example_report_is_made_from_the_results_beside_it(example: str, ending: str) -> None:
    committed = (RESULTS / f"{example}{ending}").read_text(encoding="utf-8")
    assert committed == render_example(example, ending, RESULTS), STALE


@every_example
def test_excerpts_in_documents_are_of_the_example_reports(example: Excerpt) -> None:
    document = (ROOT / example.document).read_text(encoding="utf-8")
    report = render_whole(example.example, RESULTS)
    assert document == put_excerpt(document, report, example), STALE
    assert cut_out(report, example) in document


@pytest.mark.slow
def test_statistics_say_what_the_judgment_of_today_does() -> None:
    committed = statistics_document.DOCUMENT.read_text(encoding="utf-8")
    assert committed == statistics_document.render_document(), STALE


def test_the_example_of_languages_is_of_each_architecture_without_a_flaw() -> None:
    results = read_results_as(RESULTS / f"{LINES.example}.jsonl", BenchResults)
    assert {cell.line for cell in results.header.cells} == {"v4", "v5", "py"}
    frameworks = {cell.framework for cell in results.header.cells if cell.line == "py"}
    assert frameworks >= {"fastapi", "flask", "django"}
    assert len(results.header.scenarios) == 21
    assert results.footer is not None
    assert (results.footer.forks_failed, results.footer.samples_bad) == (0, 0)


def test_the_example_is_a_whole_quick_run_without_a_flaw() -> None:
    results = read_results_as(QUICK_RESULTS, BenchResults)
    assert results.header.profile == "quick"
    assert results.footer is not None
    assert (results.footer.forks_failed, results.footer.samples_bad) == (0, 0)
    assert len(results.header.cells) == 6
    assert len(results.header.scenarios) == 21
    assert {end.outcome for end in results.forks} == {"finished"}
    twins = len(results.header.companions)
    assert twins == 1
    assert len(results.forks) == (6 + twins) * 3 + 6


def test_the_harness_stays_out_of_the_way_in_the_example() -> None:
    footer = read_results_as(QUICK_RESULTS, BenchResults).footer
    assert footer is not None
    assert footer.harness_cpu_share <= 0.05
    assert footer.harness_memory_bytes <= 300 * 2**20


class TestWorlds:
    """`docs/worlds.md`, made from the committed certificates."""

    certificates = sorted(CERTIFICATES.glob("*.jsonl"))

    def test_is_made_from_the_certificates_beside_the_reports(self) -> None:
        assert DOCUMENT.read_text(encoding="utf-8") == render_worlds(), STALE

    @pytest.mark.parametrize("path", certificates, ids=lambda path: path.stem)
    def test_every_certificate_is_whole_and_of_certificate_grade(self, path: Path) -> None:
        assert verify(path).is_sound
        assert read_certificate(path).header.effort == "standard"

    def test_every_world_has_a_certificate_or_a_reason_why_not(self) -> None:
        certified = {read_certificate(path).header.world for path in self.certificates}
        absent = {world.id for world in read_absent()}
        assert not certified & absent
        described = {name for name, world in describe_worlds().items() if not world.remote}
        assert certified | absent == described - {"mutant"}

    @pytest.mark.parametrize("bug", describe_bugs().values(), ids=lambda bug: bug.id)
    def test_every_published_bug_is_reported_or_it_is_said_why_not(self, bug: Bug) -> None:
        assert bool(is_shown(bug, read_found())) != bool(bug.unshown)


class TestEngine:
    """`docs/engine.md`, made from committed results of `nox -s e2e`."""

    sessions = engine_document.read_sessions()

    def checks_of(self, cell: Cell) -> list[Check]:
        """Return what was found on the build of a cell."""
        return [
            check
            for results in self.sessions
            for check in results.checks
            if check.cell == cell and check.mode == "production"
        ]

    def test_is_made_from_the_results_and_the_clauses(self) -> None:
        committed = engine_document.DOCUMENT.read_text(encoding="utf-8")
        assert committed == engine_document.render_document(), STALE

    def test_the_guide_for_maintainers_shows_a_finding_of_them(self) -> None:
        guide = engine_document.GUIDE.read_text(encoding="utf-8")
        assert guide == engine_document.put_finding(guide), STALE

    def test_has_every_clause(self) -> None:
        committed = engine_document.DOCUMENT.read_text(encoding="utf-8")
        missing = [
            name for name in describe_engine_clauses(CLAUSES) if f"| `{name}`" not in committed
        ]
        assert not missing

    @pytest.mark.parametrize("cell", REQUIRED_CELLS, ids=lambda cell: cell.id)
    def test_every_check_has_a_result_on_every_required_cell(self, cell: Cell) -> None:
        found = {check.check: check.clause for check in self.checks_of(cell)}
        clauses = describe_engine_clauses(CLAUSES)
        # What does not hold for a line need not have been asked of it.
        asked = {
            check: clause
            for check, clause in list_checks().items()
            if cell.line in clauses[clause].levels or check in found
        }
        assert found == asked, "run `nox -s e2e` on this cell and keep its results"

    @pytest.mark.parametrize("cell", REQUIRED_CELLS, ids=lambda cell: cell.id)
    def test_results_are_of_the_versions_that_are_pinned(self, cell: Cell) -> None:
        pins = [results.header.pins for results in self.sessions if cell in results.header.cells]
        assert pins, "there are no results of this cell"
        pinned = describe_lines()[cell.line].packages
        assert all(pinned.items() <= of_lines[cell.line].items() for of_lines in pins)

    def test_no_cell_was_given_up(self) -> None:
        asked = {cell for results in self.sessions for cell in results.header.cells}
        assert not [cell.id for cell in asked if not any(self.checks_of(cell))]


class TestExcerpt:
    report = "answer\n\n- who is faster\n\n## 🏁 Overview\n\n| a table |\n\n## Results\n\nmore\n"

    def test_holds_its_sections_and_nothing_else(self) -> None:
        text = cut_out(self.report, QUICK)
        assert text == "answer\n\n- who is faster\n\n| a table |"

    def test_replaces_what_was_there(self) -> None:
        old = "before\n<!-- excerpt -->\nold\n<!-- /excerpt -->\nafter"
        new = put_excerpt(old, self.report, QUICK)
        assert "old" not in new
        assert new.startswith("before\n<!-- excerpt -->\n\nanswer\n")
        assert new.endswith("<!-- /excerpt -->\nafter")
        assert put_excerpt(new, self.report, QUICK) == new

    def test_a_report_without_a_section_is_refused(self) -> None:
        with pytest.raises(ResultsError, match="no section"):
            cut_out("verdict", QUICK)
