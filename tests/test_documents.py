"""What the documents show is what was measured: they are made from committed results."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ResultsError
from harness.measure.store import read_results
from reports.excerpts import SECTIONS, excerpt, put_excerpt, render_example

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "reports" / "examples" / "quick.jsonl"
STALE = "stale: run `nox -s docs`"


def test_the_example_report_is_made_from_the_results_beside_it() -> None:
    committed = RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert committed == render_example(RESULTS), STALE


def test_the_readmes_excerpt_is_of_the_example_report() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    report = RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert readme == put_excerpt(readme, report), STALE
    assert report.splitlines()[0] in readme


def test_the_example_is_a_whole_quick_run_without_a_flaw() -> None:
    results = read_results(RESULTS)
    assert results.header.profile == "quick"
    assert results.footer is not None
    assert (results.footer.forks_failed, results.footer.samples_bad) == (0, 0)
    assert len(results.header.cells) == 6
    assert len(results.header.scenarios) == 21
    assert {end.outcome for end in results.forks} == {"finished"}
    assert len(results.forks) == 6 * 3 + 6


def test_the_harness_stays_out_of_the_way_in_the_example() -> None:
    footer = read_results(RESULTS).footer
    assert footer is not None
    assert footer.harness_cpu_share <= 0.05
    assert footer.harness_memory_bytes <= 300 * 2**20


class TestExcerpt:
    report = "verdict\n\n- wins\n\n## Results\n\n" + "\n\n".join(
        f"{title}\n\n| a table of {title} |" for title in (*SECTIONS, "### something else")
    )

    def test_holds_head_and_sections_and_nothing_else(self) -> None:
        text = excerpt(self.report)
        assert text.startswith("verdict\n\n- wins")
        assert all(f"| a table of {title} |" in text for title in SECTIONS)
        assert "something else" not in text
        assert "## Results" not in text.splitlines()

    def test_replaces_what_was_there(self) -> None:
        old = "before\n<!-- excerpt -->\nold\n<!-- /excerpt -->\nafter"
        new = put_excerpt(old, self.report)
        assert "old" not in new
        assert new.startswith("before\n<!-- excerpt -->\n\nverdict")
        assert new.endswith("<!-- /excerpt -->\nafter")
        assert put_excerpt(new, self.report) == new

    def test_a_report_without_a_section_is_refused(self) -> None:
        with pytest.raises(ResultsError, match="no section"):
            excerpt("verdict")
