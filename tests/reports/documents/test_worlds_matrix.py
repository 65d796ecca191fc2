"""Several certificates side by side."""

from __future__ import annotations

from typing import Any

import pytest

from harness.certification.certificate import Certificate, CertifiedPackage
from reports.documents.worlds_matrix import describe_group, name_world, render_matrix
from reports.writing.text import NOTHING
from tests.harness.certification.certifying import (
    make_call,
    make_known,
    make_record,
    make_sample,
    make_verdict,
)
from tests.reports.certificate.test_markdown import make_evil
from tests.reports.reading import list_headings, pick, read_section, read_table, read_tables


def make_world(
    title: str, clauses: list[Any], answers: dict[str, str] | None = None, **changes: Any
) -> Certificate:
    records = [make_record("recorded", clause="ASK", answers=answers or {})]
    package = CertifiedPackage(name=f"@sample/{title.lower()}", version="1.0.0", digest="ab" * 32)
    return make_sample(clauses, records, title=title, package=package, **changes)


BROKEN = make_verdict(
    "STEP-ATOMIC",
    "failed",
    group="steps",
    message="two events for one step",
    rounds=60,
    failed_rounds=3,
    witness=(make_call("events.create"), make_call("steps.list", 1, outcome="two | steps")),
    reproduce="world-harness certify second --clause STEP-ATOMIC",
)
FIRST = make_world(
    "First",
    [make_verdict("RUN-A"), make_verdict("RUN-B"), make_verdict("STEP-A", group="steps")],
    {"order": "by id", "limit": "100"},
)
SECOND = make_world(
    "Second",
    [
        make_verdict("RUN-A", level=None),
        make_verdict("RUN-LESSER", "failed", "SHOULD", message="an empty list means all"),
        BROKEN,
        make_verdict("STEP-OPEN", "inconclusive", group="steps", message="no fault was applied"),
        make_verdict("STEP-KNOWN", "failed", group="steps", known=make_known()),
        make_verdict("HOOK-A", group="hooks", known=make_known()),
    ],
    {"order": "by time", "limit": "100", "page": "10"},
    line="v4",
)


@pytest.mark.parametrize(
    ("verdicts", "cell"),
    [
        (["passed"] * 12, "✅ 12"),
        (["passed"] * 10 + ["failed"] * 2, "❌ 2 of 12"),
        (["passed", "inconclusive"], "❔ 1 of 2"),
        (["passed", "failed", "inconclusive"], "❌ 1, ❔ 1 of 3"),
        (["passed", "not applicable"], "✅ 1"),
        (["failed", "not applicable"], "❌ 1 of 1"),
        (["not applicable"], "—"),
        ([], "—"),
    ],
)
def test_a_cell_counts_the_clauses_of_a_group(verdicts: list[str], cell: str) -> None:
    clauses = [make_verdict(f"C{n}", verdict) for n, verdict in enumerate(verdicts)]
    assert describe_group(clauses) == cell


def test_a_cell_counts_only_what_the_verdict_rests_on() -> None:
    must = make_verdict("A")
    lesser = make_verdict("B", "failed", "SHOULD")
    optional = make_verdict("C", "failed", "MAY")
    advertised = make_verdict("D", "failed", "MAY", needs=("runs.wait",))
    assert describe_group([must, lesser, optional]) == "✅ 1"
    assert describe_group([must, advertised]) == "❌ 1 of 2"
    assert describe_group([lesser]) == "—"


def test_a_known_failure_is_still_a_failure_in_a_cell() -> None:
    assert describe_group([make_verdict("A", "failed", known=make_known())]) == "❌ 1 of 1"


def test_worlds_are_rows_and_groups_are_columns() -> None:
    rows = read_tables(render_matrix([FIRST, SECOND]))[0]
    assert list(rows[0]) == ["World", "Verdict", "runs", "steps", "hooks"]
    assert rows[0]["World"] == "First 1.0.0 (v5)"
    assert list(rows[0].values())[1:] == ["✅ certified", "✅ 2", "✅ 1", "—"]
    assert pick(rows, World="Second 1.0.0 (v4)") == {
        "World": "Second 1.0.0 (v4)",
        "Verdict": "❌ 1 MUST clause fails",
        "runs": "—",
        "steps": "❌ 2, ❔ 1 of 3",
        "hooks": "✅ 1",
    }


def test_every_world_has_a_section_in_the_given_order() -> None:
    sections = [line for line in list_headings(render_matrix([SECOND, FIRST])) if "1.0.0" in line]
    assert sections == [f"## {name_world(one)}" for one in (SECOND, FIRST)]


def test_a_broken_clause_comes_with_message_witness_and_command() -> None:
    section = read_section(render_matrix([SECOND]), "### ❌ `STEP-ATOMIC`")
    assert "two events for one step" in section
    assert "3 of 60 rounds failed (5.0%)" in section
    assert (
        "1. [process 0] events.create(wrun_1) → ok\n2. [process 1] steps.list(wrun_1) → two | steps"
    ) in section
    assert "```sh\nworld-harness certify second --clause STEP-ATOMIC\n```" in section


def test_the_process_is_named_only_where_there_are_several() -> None:
    alone = make_verdict("A", "failed", witness=(make_call("a"), make_call("b")))
    assert "[process" not in render_matrix([make_sample([alone])])


def test_a_long_witness_is_cut_and_says_so() -> None:
    witness = tuple(make_call(f"call.{number}") for number in range(14))
    document = render_matrix([make_sample([make_verdict("A", "failed", witness=witness)])])
    assert "12. call.11" in document
    assert "and 2 more calls" in document
    assert "call.12" not in document


@pytest.mark.parametrize(
    "point",
    [
        "**Known failures**\n\n- `STEP-KNOWN` (MUST): their issue 7",
        "**Not decided**\n\n- `STEP-OPEN` (MUST): no fault was applied",
        "**Failures that do not count**\n\n- `RUN-LESSER` (SHOULD): an empty list means all",
        "**Known failures that are not true any more**\n\n- `HOOK-A` (MUST): it passes",
    ],
)
def test_what_else_there_is_to_say_stands_below_compactly(point: str) -> None:
    document = render_matrix([FIRST, SECOND])
    assert point in read_section(document, "## Second 1.0.0 (v4)")
    assert point not in read_section(document, "## First 1.0.0 (v5)")


def test_notes_of_a_world_for_one_process_are_listed() -> None:
    noted = make_verdict(
        "RUN-A", "failed", form="4 processes", message="torn file", processes="one"
    )
    document = render_matrix([make_sample([noted])])
    assert "- `RUN-A` (MUST): 4 processes: torn file" in document


def test_profiles_are_compared_where_they_differ() -> None:
    rows = read_table(render_matrix([FIRST, SECOND]), "## Where the profiles differ")
    assert rows == [
        {
            "Clause": "`ASK`",
            "Question": "order",
            "First 1.0.0 (v5)": "by id",
            "Second 1.0.0 (v4)": "by time",
        },
        {
            "Clause": "`ASK`",
            "Question": "page",
            "First 1.0.0 (v5)": NOTHING,
            "Second 1.0.0 (v4)": "10",
        },
    ]


def test_profiles_that_agree_are_not_compared() -> None:
    assert "profiles differ" not in render_matrix([FIRST, FIRST])
    assert "profiles differ" not in render_matrix([SECOND])


def test_two_certificates_of_one_world_have_a_column_each() -> None:
    again = make_world("First", [make_verdict("RUN-A")], {"order": "by time"})
    document = read_section(render_matrix([FIRST, again]), "## Where the profiles differ")
    row = next(line for line in document.split("\n") if "order" in line)
    assert [cell.strip() for cell in row.strip("|").split("|")][2:] == ["by id", "by time"]


def test_without_certificates_there_is_nothing_to_compare() -> None:
    assert "No World has been certified yet." in render_matrix([])


def test_text_of_a_world_breaks_no_table_and_shows_no_password() -> None:
    url = "postgres://app:s3cret@db/main"
    failed = make_verdict("A", "failed", message=url, witness=(make_call(args=url),))
    document = render_matrix([make_evil(), make_sample([failed], title=url), FIRST])
    assert "s3cret" not in document
    assert "\x1b" not in document
    assert all(read_tables(document))
