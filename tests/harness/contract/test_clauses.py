"""The clauses: mistakes in their files are errors, and the document is made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from markdown_it import MarkdownIt

from harness.contract.clauses import (
    GROUPS,
    LINES,
    Clause,
    SpecBounds,
    describe_clauses,
    explain_inapplicable,
    level_on,
)
from harness.errors import DescriptionError, UsageError
from reports.documents.contract import DOCUMENT, render_clauses, render_contract, write_contract

CLAUSES = describe_clauses()

WAIT = "runs.waitForTerminalStatus"

SAMPLE = """
[[clause]]
id = "{id}"
group = "{group}"
requirement = '''
Something happens,
and nothing else.
'''
levels = {{ v4 = "MUST" }}
sources = ["how-it-works/event-sourcing"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A contract with one clause in each group."""
    for group in GROUPS:
        text = SAMPLE.format(id=f"{group.upper()}-SAMPLE", group=group)
        (tmp_path / f"{group}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def make_clause(
    *,
    levels: Mapping[str, str] | None = None,
    spec: Mapping[str, int] | None = None,
    needs: tuple[str, ...] = (),
) -> Clause:
    return msgspec.convert(
        {
            "id": "RUN-SAMPLE",
            "group": "runs",
            "requirement": "Either a | b.",
            "levels": levels or {"v4": "MUST", "v5": "SHOULD"},
            "spec": spec or {},
            "needs": needs,
            "sources": ("vercel/workflow#7", "how-it-works/event-sourcing"),
        },
        Clause,
    )


# --- the contract itself


def test_no_group_is_empty_and_groups_come_in_their_order() -> None:
    found = list(dict.fromkeys(clause.group for clause in CLAUSES.values()))
    assert found == list(GROUPS)


def test_an_id_is_in_capitals_and_is_the_key() -> None:
    assert all(name == clause.id == clause.id.upper() for name, clause in CLAUSES.items())


def test_clauses_of_a_group_come_in_the_order_of_its_file(folder: Path) -> None:
    add(folder / "runs.toml", SAMPLE.format(id="RUN-ANOTHER", group="runs"))
    assert list(describe_clauses(folder))[:3] == ["RUNS-SAMPLE", "RUN-ANOTHER", "STEPS-SAMPLE"]


def test_a_requirement_is_one_line_that_ends_like_a_sentence(folder: Path) -> None:
    read = describe_clauses(folder)["RUNS-SAMPLE"].requirement
    assert read == "Something happens, and nothing else."
    assert not [clause.id for clause in CLAUSES.values() if "\n" in clause.requirement]
    assert not [clause.id for clause in CLAUSES.values() if clause.requirement[-1] not in ".)"]


def test_every_line_has_must_clauses() -> None:
    for line in LINES:
        assert [clause for clause in CLAUSES.values() if level_on(clause, line) == "MUST"]


def test_a_question_left_open_names_the_answer_that_it_records() -> None:
    silent = [
        clause.id
        for clause in CLAUSES.values()
        if "INFORMATIVE" in clause.levels.values() and not clause.records
    ]
    assert not silent


@pytest.mark.parametrize(
    ("clause", "line", "level"),
    [
        ("STEP-ID-SCOPE", "v5", "INFORMATIVE"),
        ("STEP-START-ENDED-RUN", "v5", "SHOULD"),
        ("STEP-START-ENDED-RUN", "v5-latest", "MUST"),
        ("STEP-LAZY-START", "v4", None),
        ("RETRY-PRECONDITION", "v4", "MAY"),
        ("RETRY-PRECONDITION", "py", None),
        ("EVT-PREFIX", "py", "SHOULD"),
        ("EVT-PREFIX", "v5-latest", "MUST"),
    ],
)
def test_a_level_is_stated_for_each_line(clause: str, line: str, level: str | None) -> None:
    assert level_on(CLAUSES[clause], line) == level


# --- what a file may not say


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("id =", "severity = 1\nid =", "severity"),
        ('id = "STEPS-SAMPLE"', "", "id"),
        ("STEPS-SAMPLE", "Steps-Sample", "does not describe"),
        ('"steps"', '"stairs"', "stairs"),
        ("v4 =", "v6 =", "v6"),
        ("MUST", "OUGHT", "OUGHT"),
        ('{ v4 = "MUST" }', "{}", "levels"),
        ('["how-it-works/event-sourcing"]', "[]", "sources"),
        ("sources", "spec = { from = 7, to = 6 }\nsources", "from 7 to 6"),
        ("sources", "spec = { since = 6 }\nsources", "since"),
        ("sources", 'needs = ["feature:hooks"]\nsources', "needs"),
        ("sources", 'records = ["Ids Equal"]\nsources', "records"),
        ("Something happens,\nand nothing else.", "", "requirement"),
        ("[[clause]]", "[[clauses]]", "clause"),
        ("[[clause]]", "[[clause", "does not describe"),
    ],
)
def test_an_invalid_clause_is_refused(folder: Path, old: str, new: str, told: str) -> None:
    change(folder / "steps.toml", old, new)
    with pytest.raises(DescriptionError) as refused:
        describe_clauses(folder)
    assert told in str(refused.value)
    assert "steps.toml" in str(refused.value)
    assert refused.value.remedy


def repeat_in_file(folder: Path) -> None:
    add(folder / "steps.toml", SAMPLE.format(id="STEPS-SAMPLE", group="steps"))


def repeat_in_another_group(folder: Path) -> None:
    add(folder / "hooks.toml", SAMPLE.format(id="STEPS-SAMPLE", group="hooks"))


def misplace(folder: Path) -> None:
    add(folder / "hooks.toml", SAMPLE.format(id="STEP-OTHER", group="steps"))


def add_a_file_of_no_group(folder: Path) -> None:
    (folder / "stairs.toml").write_text("", encoding="utf-8")


def remove_a_file(folder: Path) -> None:
    (folder / "hooks.toml").unlink()


def share_an_answer(folder: Path) -> None:
    for group in ("steps", "hooks"):
        change(folder / f"{group}.toml", "sources", 'records = ["ids-equal"]\nsources')


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (repeat_in_file, "'STEPS-SAMPLE' twice"),
        (repeat_in_another_group, "'STEPS-SAMPLE', which the group steps has"),
        (misplace, "'STEP-OTHER' of the group steps"),
        (add_a_file_of_no_group, "stairs.toml, which is of no group"),
        (remove_a_file, "hooks.toml does not describe"),
        (share_an_answer, "HOOKS-SAMPLE and STEPS-SAMPLE both record the answer 'ids-equal'"),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    folder: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(folder)
    with pytest.raises(DescriptionError) as refused:
        describe_clauses(folder)
    assert told in str(refused.value)
    assert refused.value.remedy


# --- which clauses apply


@pytest.mark.parametrize(
    ("clause", "line", "spec_version", "reason"),
    [
        (make_clause(), "v4", None, ""),
        (make_clause(), "py", 5, "it does not hold for line py"),
        (make_clause(spec={"from": 6}), "v5", 6, ""),
        (make_clause(spec={"from": 6}), "v5", 5, "spec versions 6 and later; the World has 5"),
        (make_clause(spec={"to": 5}), "v5", 5, ""),
        (make_clause(spec={"to": 5}), "v5", 6, "spec versions up to 5; the World has 6"),
        (make_clause(spec={"from": 2, "to": 3}), "v4", None, ""),
        (make_clause(spec={"from": 3}), "v4", None, "the World states none, which counts as 2"),
        (make_clause(spec={"from": 3, "to": 4}), "v4", 9, "spec versions 3 to 4; the World has 9"),
    ],
)
def test_a_clause_applies_by_line_and_spec_version(
    clause: Clause, line: str, spec_version: int | None, reason: str
) -> None:
    told = explain_inapplicable(
        clause, line=line, spec_version=spec_version, methods=(), capabilities={}
    )
    assert reason in told
    assert bool(told) == bool(reason)


@pytest.mark.parametrize(
    ("needs", "methods", "capabilities", "reason"),
    [
        ((WAIT,), {WAIT}, {}, ""),
        ((WAIT,), {"runs.get"}, {WAIT: True}, f"the World has no {WAIT}"),
        (("capability:invoke",), set(), {"invoke": True}, ""),
        (("capability:invoke",), set(), {"invoke": {}}, ""),
        (("capability:invoke",), set(), {"invoke": False}, "the World does not advertise invoke"),
        (("capability:invoke",), {"invoke"}, {}, "the World does not advertise invoke"),
        (("capability:hooks",), set(), {"hooks": {"active": True}}, ""),
        (
            ("capability:hooks",),
            set(),
            {"hooks": {"active": False}},
            "the World does not advertise hooks",
        ),
        (
            (WAIT, "capability:invoke"),
            set(),
            {},
            f"the World has no {WAIT}; the World does not advertise invoke",
        ),
    ],
)
def test_a_clause_applies_by_what_the_world_offers(
    needs: tuple[str, ...], methods: set[str], capabilities: dict[str, object], reason: str
) -> None:
    told = explain_inapplicable(
        make_clause(needs=needs),
        line="v4",
        spec_version=3,
        methods=methods,
        capabilities=capabilities,
    )
    assert told == reason


def test_an_unknown_line_is_an_error() -> None:
    with pytest.raises(UsageError, match="v5-latest"):
        level_on(make_clause(), "v5-lates")


def test_dense_slots_are_required_where_slots_exist() -> None:
    dense = CLAUSES["EVT-SLOT-DENSE"]
    # Also in a World that states an older version, when its ids are slots: the check looks.
    assert dense.spec == SpecBounds()
    assert [line for line in LINES if level_on(dense, line)] == ["v5", "v5-latest"]


# --- the document


def test_the_document_is_made_from_the_clauses() -> None:
    committed = DOCUMENT.read_text(encoding="utf-8")
    assert committed == render_contract(CLAUSES), "stale: run `nox -s docs`"


def test_writing_the_document_writes_what_is_rendered(tmp_path: Path) -> None:
    write_contract(tmp_path / "contract.md")
    assert (tmp_path / "contract.md").read_text(encoding="utf-8") == render_contract(CLAUSES)


def test_every_clause_is_a_row_of_a_table() -> None:
    page = MarkdownIt("commonmark").enable("table").render(render_contract(CLAUSES))
    assert not [name for name in CLAUSES if f"<td>{name}</td>" not in page]


def test_a_row_holds_level_notes_and_links() -> None:
    clause = make_clause(spec={"from": 6}, needs=(WAIT, "capability:invoke"))
    text = render_clauses({clause.id: clause}, group="runs")
    assert "Either a \\| b." in text
    assert "spec version 6 and later; needs `runs.waitForTerminalStatus`; needs capability" in text
    assert "[vercel/workflow#7](https://github.com/vercel/workflow/issues/7), how-it-works/" in text


def test_one_group_is_shown_alone() -> None:
    text = render_clauses(CLAUSES, group="waits")
    assert text.startswith("## Waits")
    assert "WAIT-EARLY" in text
    assert "HOOK-LIST" not in text


def test_one_line_is_shown_with_its_own_level() -> None:
    text = render_clauses(CLAUSES, line="py")
    header = text.splitlines()[2]
    assert [cell.strip() for cell in header.strip("|").split("|")] == [
        *("clause", "requirement", "level", "notes", "sources")
    ]
    assert "STEP-LAZY-START" not in text
    assert "No clause of this group holds for line py." in text


@pytest.mark.parametrize(("group", "line"), [("wait", None), (None, "v7")])
def test_an_unknown_group_or_line_is_refused(group: str | None, line: str | None) -> None:
    with pytest.raises(UsageError, match="is called"):
        render_clauses(CLAUSES, group=group, line=line)
