"""A certificate as Markdown and as a badge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from markdown_it import MarkdownIt

from harness.certification.certificate import Certificate
from reports.certificate.badge import render_badge
from reports.certificate.markdown import render_certificate
from reports.certificate.summary import (
    count_groups,
    describe_counts,
    describe_rest,
    list_environment,
    list_steps,
    split_code,
    state_verdict,
)
from reports.writing.text import NOTHING
from tests.harness.certification.certifying import (
    DAY,
    make_call,
    make_known,
    make_record,
    make_sample,
    make_verdict,
)
from tests.reports.reading import list_headings, pick, read_section, read_table, read_tables

BEGINNING = (make_call("events.create", args='({eventType: "step_created"})', outcome="ok"),)
FAILED = make_verdict(
    "STEP-ATOMIC",
    "failed",
    group="steps",
    requirement="`steps.create` is atomic.",
    message="two events for one step",
    form="16 together",
    rounds=60,
    failed_rounds=3,
    witness=(*BEGINNING, make_call("steps.list", 1, outcome="two steps", start_ms=2.0, end_ms=3.5)),
    reproduce="world-harness certify sample --clause STEP-ATOMIC",
)
KNOWN = make_verdict("RUN-KNOWN", "failed", known=make_known())
LESSER = make_verdict("RUN-LESSER", "failed", "SHOULD", message="an empty list means all")
OPEN = make_verdict("RUN-OPEN", "inconclusive", message="no fault was applied")
UNTRUE = make_verdict("RUN-FIXED", "passed", known=make_known())
NOTED = make_verdict(
    "RUN-NOTED", "failed", message="torn file", form="4 processes", processes="one"
)
REST = [
    make_verdict("RUN-CREATE"),
    make_verdict("STEP-START", group="steps", form="4 processes", rounds=60),
    make_verdict("HOOK-KEPT", level="MAY", group="hooks", inapplicable="it keeps none"),
    make_verdict("HOOK-ASK", "recorded", "INFORMATIVE", group="hooks"),
    make_verdict("HOOK-NEW", level=None, group="hooks"),
]
CERTIFICATE = make_sample(
    [FAILED, KNOWN, LESSER, OPEN, UNTRUE, NOTED, *REST],
    [make_record("recorded", clause="HOOK-ASK", answers={"order": "by id"})],
)
CERTIFIED = make_sample(REST)


def render(certificate: Certificate = CERTIFICATE) -> str:
    return render_certificate(certificate, source="certificate.jsonl")


# The verdict


@pytest.mark.parametrize(
    ("clauses", "sign", "verdict"),
    [
        (REST, "✅", "certified"),
        ([*REST, LESSER], "✅", "certified"),
        ([*REST, FAILED], "❌", "1 MUST clause fails"),
        ([FAILED, make_verdict("A", "failed")], "❌", "2 MUST clauses fail"),
        (
            [FAILED, make_verdict("A", "failed", "MAY", needs=("runs.wait",))],
            "❌",
            "2 clauses fail",
        ),
        ([*REST, FAILED, OPEN, UNTRUE, KNOWN], "❌", "1 MUST clause fails"),
        ([*REST, UNTRUE, OPEN], "❌", "known failures out of date"),
        ([*REST, OPEN], "❔", "inconclusive"),
        ([], "❔", "inconclusive"),
        ([*REST, KNOWN], "🟡", "not certified, 1 known failure"),
    ],
)
def test_the_headline_says_what_the_certificate_comes_to(
    clauses: list[Any], sign: str, verdict: str
) -> None:
    headline = state_verdict(make_sample(clauses))
    assert (headline.sign, headline.verdict) == (sign, verdict)
    assert headline.subject.startswith("Sample on v5")


def test_an_inconclusive_headline_says_why() -> None:
    assert state_verdict(make_sample([OPEN])).subject.endswith("1 clause could not be decided")
    assert state_verdict(make_sample([])).subject.endswith("nothing was checked")


@pytest.mark.parametrize("certificate", [CERTIFICATE, CERTIFIED])
def test_the_document_begins_with_the_verdict(certificate: Certificate) -> None:
    headline = state_verdict(certificate)
    first = render(certificate).split("\n")[0]
    assert first == f"**{headline.sign} {headline.verdict}: {headline.subject}**"


def test_below_the_verdict_every_level_is_counted() -> None:
    top = render().split("\n\n###")[0]
    assert "- MUST: 3 passed, 2 failed, 1 inconclusive, 1 not applicable\n" in top
    assert "- SHOULD: 1 failed\n" in top
    assert "- INFORMATIVE: 1 recorded\n" in top
    assert "- 1 clause of other lines" in top


def test_several_failures_are_listed_before_each_is_shown() -> None:
    document = render(make_sample([FAILED, make_verdict("RUN-B", "failed", message="late")]))
    top = document.split("###")[0]
    assert "- ❌ `STEP-ATOMIC` (MUST): two events for one step\n- ❌ `RUN-B` (MUST): late" in top


# What is broken


def test_a_failure_comes_with_requirement_message_witness_and_command() -> None:
    section = read_section(render(), "### ❌ `STEP-ATOMIC` (MUST)")
    assert "> `steps.create` is atomic." in section
    assert "two events for one step" in section
    assert "3 of 60 rounds failed (5.0%)" in section
    assert "```sh\nworld-harness certify sample --clause STEP-ATOMIC\n```" in section
    rows = read_tables(section)[0]
    assert [row["Process"] for row in rows] == ["0", "1"]
    assert rows[0]["Call"] == '`events.create({eventType: "step_created"})`'
    assert (rows[1]["Outcome"], rows[1]["ms"]) == ("`two steps`", "2.0 to 3.5")


def test_only_what_decides_the_verdict_is_shown_as_a_failure() -> None:
    assert [line for line in list_headings(render()) if "❌" in line] == [
        "### ❌ `STEP-ATOMIC` (MUST)"
    ]


def test_a_certified_world_has_no_section_of_things_that_went_wrong() -> None:
    assert list_headings(render(CERTIFIED)) == [
        "## Clauses by group",
        "## All clauses",
        "## Environment",
    ]


@pytest.mark.parametrize(
    ("heading", "point"),
    [
        ("### Not decided", "- `RUN-OPEN` (MUST): no fault was applied"),
        (
            "### Known failures",
            f"- `RUN-KNOWN` (MUST): their issue 7 (the storage team, until {DAY})",
        ),
        ("### Failures that do not count", "- `RUN-LESSER` (SHOULD): an empty list means all"),
        (
            "### Known failures that are not true any more",
            "- `RUN-FIXED`: it passes: remove its entry, and tell the storage team",
        ),
        (
            "### Notes: a World for one process, in several",
            "- `RUN-NOTED`, 4 processes: failed, torn file",
        ),
    ],
)
def test_what_does_not_decide_the_verdict_is_listed(heading: str, point: str) -> None:
    assert read_section(render(), heading).strip() == point


def test_an_expired_entry_names_who_can_renew_it() -> None:
    expired = make_verdict("RUN-LATE", "failed", known=make_known(expires=DAY.replace(day=1)))
    section = read_section(
        render(make_sample([*REST, expired])), "### Known failures that are not true any more"
    )
    assert "expired on 2031-01-01" in section
    assert "the storage team" in section


def test_a_long_witness_is_cut_and_says_so() -> None:
    witness = tuple(make_call(f"call.{number}") for number in range(15))
    assert [step.number for step in list_steps(witness)] == list(range(1, 13))
    assert describe_rest(witness) == "and 3 more calls, in the certificate"
    assert describe_rest(witness[:12]) == ""
    long = make_verdict("A", "failed", witness=witness)
    assert "and 3 more calls" in render(make_sample([long]))


def test_arguments_stand_in_one_pair_of_brackets() -> None:
    calls = [make_call("a", args="(1)"), make_call("b", args="1")]
    assert [step.call for step in list_steps(calls)] == ["a(1)", "b(1)"]


# All clauses


def test_groups_are_counted_by_level() -> None:
    rows = read_table(render(), "## Clauses by group")
    assert [row["Group"] for row in rows] == ["steps", "runs", "hooks"]
    assert rows[0]["MUST"] == "✅ 1 ❌ 1"
    assert pick(rows, Group="runs")["SHOULD"] == "❌ 1"
    assert pick(rows, Group="runs")["MAY"] == NOTHING
    assert pick(rows, Group="hooks")["other lines"] == "⚪ 1"


def test_a_level_that_no_clause_has_is_no_column() -> None:
    (row,) = read_table(render(make_sample([make_verdict()])), "## Clauses by group")
    assert list(row) == ["Group", "MUST"]


def test_verdicts_are_counted_in_one_order() -> None:
    assert describe_counts({"failed": 1, "passed": 2}) == "✅ 2 ❌ 1"
    assert describe_counts({}) == ""
    (row,) = count_groups([make_verdict("A"), make_verdict("B")])
    assert row.counts == {"MUST": {"passed": 2}}


def test_every_clause_stands_in_a_folded_table_of_its_group() -> None:
    section = read_section(render(), "## All clauses")
    assert section.count("<details>") == section.count("</details>") == 3
    tables = read_tables(section)
    names = [row["Clause"].strip("`") for table in tables for row in table]
    assert sorted(names) == sorted(CERTIFICATE.header.clauses)
    rows = [row for table in tables for row in table]
    assert pick(rows, Clause="RUN-KNOWN")["Verdict"] == "❌ failed, known"
    assert pick(rows, Clause="STEP-ATOMIC")["Checked"] == "16 together ❌ (3/60)"
    assert pick(rows, Clause="STEP-START")["Message"].startswith("60 rounds, none failed")
    assert pick(rows, Clause="RUN-NOTED")["Checked"] == "4 processes ❌ (noted)"
    assert pick(rows, Clause="HOOK-KEPT")["Message"] == "it keeps none"
    assert pick(rows, Clause="HOOK-NEW")["Level"] == NOTHING


def test_the_profile_lists_the_answers() -> None:
    (row,) = read_table(render(), "## Profile: where the contract leaves a choice")
    assert row == {"Clause": "`HOOK-ASK`", "Question": "order", "Answer": "by id"}


def test_the_environment_is_enough_to_do_it_again() -> None:
    facts = list_environment(CERTIFICATE.header)
    assert facts["Effort and seed"] == "standard, seed 7"
    assert facts["Spec version"] == "6"
    assert facts["Pins"] == "workflow 5.0.0-beta.26"
    assert "Services" not in facts
    section = read_section(render(), "## Environment")
    assert all(f"- **{name}**" in section for name in facts)
    assert CERTIFICATE.footer.sha256 in section
    assert "certificate.jsonl" in section


def test_a_world_that_states_no_spec_version_is_said_to() -> None:
    assert list_environment(make_sample(spec_version=None).header)["Spec version"] == "not stated"


# Text of a World


EVIL = 'x|y <script>alert(1)</script> `a` [b](http://c) @you \x1b[31m \x00 "&amp;\n# heading\n```'


def make_evil() -> Certificate:
    witness = (make_call(f"m{EVIL}", args=f"({EVIL})", outcome=EVIL),)
    clause: dict[str, Any] = {"message": EVIL, "witness": witness, "form": EVIL}
    clauses = [
        make_verdict("A", "failed", reproduce=EVIL, requirement=EVIL, group=EVIL, **clause),
        make_verdict("B", "inconclusive", message=EVIL),
        make_verdict("C", "failed", "SHOULD", **clause),
        make_verdict("D", "failed", message=EVIL, known=make_known(message="x", reason=EVIL)),
        make_verdict("E", "failed", processes="one", message=EVIL, form=f"2 processes {EVIL}"),
    ]
    records = [make_record("recorded", clause="A", answers={EVIL: EVIL})]
    return make_sample(clauses, records, title=EVIL, spec=EVIL, effort=EVIL, line=EVIL)


def test_text_of_a_world_is_never_markup() -> None:
    document = render_certificate(make_evil(), source=EVIL)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(document)
    inline = [child for token in tokens for child in token.children or []]
    assert not [child for child in inline if child.type in {"link_open", "image"}]
    markup = [token.content.strip() for token in [*tokens, *inline] if "html" in token.type]
    allowed = ("<details>", "</details>", "<!-- -->")
    assert all(text.startswith(allowed) for text in markup)
    headings = [tokens[n + 1].content for n, t in enumerate(tokens) if t.type == "heading_open"]
    assert not [text for text in headings if text.startswith("heading")]
    assert "\x1b" not in document
    assert "\x00" not in document


def test_no_row_of_a_table_is_broken_by_text_of_a_world() -> None:
    for table in read_tables(render_certificate(make_evil())):
        assert table  # zip(strict=True) has compared the cells with the columns.


def test_passwords_are_not_shown_even_when_the_certificate_holds_them() -> None:
    url = "postgres://app:s3cret@db/main"
    failed = make_verdict("A", "failed", message=url, witness=(make_call(args=f"({url})"),))
    certificate = make_sample([failed], spec=url, title=url)
    assert "s3cret" not in render_certificate(certificate)
    assert "s3cret" not in render_badge(certificate)


def test_code_in_a_requirement_is_told_from_words() -> None:
    assert list(split_code("`a` is b `c`")) == [(True, "a"), (False, " is b "), (True, "c")]


# The badge


@pytest.mark.parametrize(
    ("clauses", "message", "color"),
    [
        (REST, "certified (v5)", "brightgreen"),
        ([FAILED], "1 MUST clause fails", "red"),
        ([FAILED, *(make_verdict(name, "failed") for name in "AB")], "3 MUST clauses fail", "red"),
        ([OPEN], "inconclusive", "lightgrey"),
        ([*REST, KNOWN], "not certified, 1 known failure", "yellow"),
        ([UNTRUE], "known failures out of date", "red"),
    ],
)
def test_a_badge_has_room_for_the_verdict(clauses: list[Any], message: str, color: str) -> None:
    assert json.loads(render_badge(make_sample(clauses))) == {
        "schemaVersion": 1,
        "label": "world contract",
        "message": message,
        "color": color,
    }
