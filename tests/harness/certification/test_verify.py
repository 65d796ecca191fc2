"""Verification: the verdict is recomputed, and every change is noticed."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.certification.certificate import (
    FORMAT,
    digest_suite,
    encode_line,
    write_certificate,
)
from harness.certification.verdicts import ClauseVerdict, decide_clause
from harness.certification.verification import Verification, verify
from harness.contract.clauses import describe_clauses, level_on
from harness.errors import ResultsError
from tests.harness.certification.certifying import (
    DAY,
    make_clause,
    make_known,
    make_record,
    make_sample,
    make_verdict,
)

CERTIFICATE = make_sample(
    [
        make_verdict("RUN-A", rounds=60),
        make_verdict("RUN-B", "failed", rounds=4, failed_rounds=1, calls=2),
        make_verdict("RUN-ONCE", "failed", known=make_known()),
        make_verdict("RUN-C", "failed", form="4 processes"),
        make_verdict("HOOK-A", "passed", "SHOULD", group="hooks"),
        make_verdict("HOOK-B", "recorded", "INFORMATIVE", group="hooks"),
        make_verdict("HOOK-C", inapplicable="it has no hooks", group="hooks"),
    ],
    [make_record("recorded", clause="HOOK-B", answers={"order": "stable"})],
)

Records = list[dict[str, Any]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "certificate.jsonl"
    write_certificate(path, CERTIFICATE)
    return path


def test_an_unchanged_certificate_is_sound(file: Path) -> None:
    found = verify(file)
    assert found.problems == ()
    assert found.is_sound
    assert found.header == CERTIFICATE.header
    assert found.world == CERTIFICATE.world_verdict
    assert (found.certified, found.exit_code) == (False, 1)


@pytest.mark.parametrize(
    ("verdict", "certified", "code"),
    [("passed", True, 0), ("failed", False, 1), ("inconclusive", False, 2)],
)
def test_a_sound_certificate_has_the_exit_code_of_its_verdict(
    file: Path, verdict: str, certified: bool, code: int
) -> None:
    write_certificate(file, make_sample([make_verdict("A", verdict)]))
    found = verify(file)
    assert found.is_sound
    assert (found.certified, found.exit_code) == (certified, code)


def test_it_says_whether_the_suite_is_the_installed_one(file: Path) -> None:
    same = verify(file, suite=CERTIFICATE.header.suite, contract={})
    other = verify(file, suite="ef" * 32)
    assert (same.suite, other.suite, verify(file).suite) == ("same", "different", "different")
    assert other.is_sound


def test_a_file_that_cannot_be_verified_is_refused(file: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read"):
        verify(file.with_name("none.jsonl"))
    file.write_text("hello\n")
    with pytest.raises(ResultsError, match="not a certificate"):
        verify(file)
    file.write_text(f'{{"format":{FORMAT + 1},"record":"header"}}\n')
    with pytest.raises(ResultsError, match="format"):
        verify(file)


def notices(file: Path) -> bool:
    try:
        return not verify(file, suite="").is_sound
    except ResultsError:
        return True


DATA = b"".join(
    [
        encode_line(CERTIFICATE.header),
        *(encode_line(clause) for clause in CERTIFICATE.clauses),
        b'{"answers":{"HOOK-B":{"order":"stable"}},"record":"profile"}\n',
        encode_line(CERTIFICATE.footer),
    ]
)
LINES = DATA.splitlines(keepends=True)

unhurried = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def test_the_bytes_below_are_those_of_the_file(file: Path) -> None:
    assert file.read_bytes() == DATA
    assert not notices(file)


@unhurried
@given(place=st.integers(0, len(DATA) - 1), byte=st.integers(0, 255))
def test_every_changed_byte_is_noticed(file: Path, place: int, byte: int) -> None:
    changed = DATA[:place] + bytes([byte]) + DATA[place + 1 :]
    file.write_bytes(changed)
    assert notices(file) == (changed != DATA)


@unhurried
@given(place=st.integers(0, len(DATA) - 1), length=st.integers(1, 400))
def test_every_missing_byte_is_noticed(file: Path, place: int, length: int) -> None:
    file.write_bytes(DATA[:place] + DATA[place + length :])
    assert notices(file)


@unhurried
@given(place=st.integers(0, len(DATA)), extra=st.binary(min_size=1, max_size=3))
def test_every_added_byte_is_noticed(file: Path, place: int, extra: bytes) -> None:
    file.write_bytes(DATA[:place] + extra + DATA[place:])
    assert notices(file)


@pytest.mark.parametrize("extra", [b"\n", b"\r", b" ", b"\0"])
def test_a_byte_after_the_end_is_noticed(file: Path, extra: bytes) -> None:
    file.write_bytes(DATA + extra)
    assert notices(file)


def test_every_bit_of_the_footer_counts(file: Path) -> None:
    start = len(DATA) - len(LINES[-1])
    for place in range(start, len(DATA)):
        file.write_bytes(DATA[:place] + bytes([DATA[place] ^ 1]) + DATA[place + 1 :])
        assert notices(file), place


@unhurried
@given(lines=st.lists(st.sampled_from(range(len(LINES))), min_size=1, max_size=len(LINES) + 2))
def test_missing_repeated_and_moved_lines_are_noticed(file: Path, lines: list[int]) -> None:
    file.write_bytes(b"".join(LINES[place] for place in lines))
    assert notices(file) == (lines != list(range(len(LINES))))


@pytest.mark.parametrize("place", range(len(LINES)))
def test_each_line_is_required_once(file: Path, place: int) -> None:
    file.write_bytes(b"".join(LINES[:place] + LINES[place + 1 :]))
    assert notices(file)
    file.write_bytes(b"".join(LINES[: place + 1] + LINES[place:]))
    assert notices(file)


# A forger who also makes a new seal: what still reveals the change.


def forge(file: Path, change: Callable[[Records], object]) -> Verification:
    """Change the records, and seal them as if they had always been so."""
    records: Records = [json.loads(line) for line in LINES]
    change(records)

    def spell(record: dict[str, Any]) -> bytes:
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode() + b"\n"

    body = b"".join(map(spell, records[:-1]))
    records[-1]["sha256"] = hashlib.sha256(body).hexdigest()
    file.write_bytes(body + spell(records[-1]))
    return verify(file)


def test_resealing_without_a_change_is_not_detected(file: Path) -> None:
    assert forge(file, lambda records: None).is_sound


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda r: r[1].update(verdict="failed"), "RUN-A says failed, but its forms say passed"),
        (lambda r: r[2].update(verdict="passed"), "RUN-B says passed, but its forms say failed"),
        (
            lambda r: r[2].update(verdict="not applicable", inapplicable="no"),
            "RUN-B says not applicable, but its forms say failed",
        ),
        (lambda r: r[2].update(forms=[]), "RUN-B says failed, but its forms say inconclusive"),
        (lambda r: r[6].update(level="MUST"), "HOOK-B says recorded, but its forms say inconcl"),
        (lambda r: r[2]["forms"][0].update(noted=True), "RUN-B: `noted` of 'alone'"),
        (lambda r: r[0].update(processes="one"), "RUN-C: `noted` of '4 processes'"),
        (lambda r: r[1]["forms"][0].update(rounds=600), "the confidence of 'alone' contradicts"),
        (lambda r: r[1].update(confidence="certain"), "RUN-A: its confidence contradicts"),
        (lambda r: r[3]["known"].update(state="undecided"), "says undecided, but is known"),
        (
            lambda r: r[3]["known"]["entry"].update(message="no"),
            "says known, but is another failure",
        ),
        (
            lambda r: r[3]["known"]["entry"].update(expires="2030-12-31"),
            "says known, but is expired",
        ),
        (lambda r: r[0].update(started="2031-02-01T00:00:00Z"), "says known, but is expired"),
        (lambda r: r[2].update(level="ALWAYS"), "line 3 is not a record of a certificate"),
        (lambda r: r[2].update(comment="fine"), "line 3 is not a record of a certificate"),
        (lambda r: r.pop(2), "clause RUN-B is missing"),
        (lambda r: r[0]["clauses"].remove("RUN-B"), "clause RUN-B is not in the header"),
        (lambda r: r.insert(2, r[2]), "clause RUN-B occurs 2 times"),
        (lambda r: r.insert(1, r.pop(2)), "not in the header's order"),
        (lambda r: r.insert(1, r.pop(8)), "not in the order header, clauses, profile, footer"),
        (lambda r: r.insert(0, r[0]), "has 2 header records"),
        (lambda r: r.pop(8), "has 0 profile records"),
        (lambda r: r[-1].update(verdict="passed"), "verdict passed, but the clauses say failed"),
        (lambda r: r[-1].update(certified=True), "certified True, but the clauses say False"),
        (lambda r: r[-1].update(counts={}), "the counts in the footer"),
        (lambda r: r[-1]["counts"]["MUST"].update(failed=0), "the counts in the footer"),
    ],
)
def test_a_new_seal_does_not_hide_a_contradiction(
    file: Path, change: Callable[[Records], object], problem: str
) -> None:
    found = forge(file, change)
    assert problem in "\n".join(found.problems)
    assert not found.is_sound
    assert (found.certified, found.exit_code) == (False, 1)


def test_the_verdict_is_not_taken_from_the_footer(file: Path) -> None:
    found = forge(file, lambda records: records[-1].update(verdict="passed", certified=True))
    assert (found.world.verdict, found.world.certified) == ("failed", False)


def test_a_certified_world_is_not_taken_from_an_unsound_file(file: Path) -> None:
    write_certificate(file, make_sample([make_verdict("A")]))
    file.write_bytes(file.read_bytes().replace(b'"seed":7', b'"seed":8'))
    found = verify(file)
    assert found.world.certified
    assert (found.certified, found.exit_code) == (False, 1)
    assert found.problems == ("the SHA-256 in the footer does not match the file",)


def test_a_record_that_is_not_in_canonical_form_is_a_problem(file: Path) -> None:
    file.write_bytes(DATA.replace(b'"seed":7', b'"seed": 7', 1))
    assert "line 1 is not in canonical form" in verify(file).problems


def test_every_problem_is_named_at_once(file: Path) -> None:
    found = forge(
        file,
        lambda records: (records[1].update(verdict="failed"), records[2].update(verdict="passed")),
    )
    assert {"RUN-A", "RUN-B"} <= {problem.split()[1] for problem in found.problems}


def test_an_entry_of_a_known_failure_is_judged_by_the_day_of_the_certificate(file: Path) -> None:
    later = datetime.datetime.combine(DAY, datetime.time(23), datetime.UTC)
    known = make_verdict("RUN-ONCE", "failed", known=make_known())
    write_certificate(file, make_sample([known], started=later, ended=later))
    assert verify(file).is_sound


# A certificate of the installed suite: its clauses are those of the contract.

CONTRACT = {
    "RUN-A": make_clause(id="RUN-A"),
    "RUN-B": make_clause(id="RUN-B", levels={"v5": "MAY", "v4": "MUST"}, needs=("runs.wait",)),
    "RUN-C": make_clause(id="RUN-C", levels={"v4": "MUST"}),
}
GENUINE = [
    make_verdict("RUN-A"),
    make_verdict("RUN-B", level="MAY", needs=("runs.wait",)),
    make_verdict("RUN-C", level=None),
]


def compare(file: Path, clauses: list[ClauseVerdict], suite: str = "cd" * 32) -> tuple[str, ...]:
    write_certificate(file, make_sample(clauses))
    return verify(file, suite=suite, contract=CONTRACT).problems


def test_a_genuine_certificate_agrees_with_the_contract(file: Path) -> None:
    assert compare(file, GENUINE) == ()


@pytest.mark.parametrize(
    ("clause", "problem"),
    [
        (make_verdict("RUN-A", "failed", "SHOULD"), "RUN-A has level SHOULD, but the contract"),
        (make_verdict("RUN-A", level=None), "RUN-A has level None"),
        (make_verdict("RUN-A", group="hooks"), "requirement of clause RUN-A differs"),
        (make_verdict("RUN-A", requirement="None."), "requirement of clause RUN-A differs"),
        (make_verdict("RUN-A", needs=("runs.get",)), "RUN-A: `advertised` contradicts"),
        (make_verdict("RUN-X"), "RUN-X is not in the contract"),
    ],
)
def test_a_clause_that_differs_from_the_contract_is_noticed(
    file: Path, clause: ClauseVerdict, problem: str
) -> None:
    changed = [clause, *GENUINE[1:]]
    assert problem in "\n".join(compare(file, changed))
    # Another suite may have another contract.
    assert compare(file, changed, suite="ef" * 32) == ()


def test_an_optional_clause_that_is_hidden_is_noticed(file: Path) -> None:
    changed = [GENUINE[0], make_verdict("RUN-B", "failed", "MAY"), GENUINE[2]]
    assert "RUN-B: `advertised` contradicts" in "\n".join(compare(file, changed))


@pytest.mark.parametrize("clauses", [GENUINE[:2], GENUINE[::-1]])
def test_clauses_left_out_or_moved_are_noticed(file: Path, clauses: list[ClauseVerdict]) -> None:
    assert compare(file, clauses) == (
        "the clauses are not those of the contract, in the same order",
    )


def test_the_installed_suite_and_contract_are_taken_by_default(file: Path) -> None:
    clauses = describe_clauses()
    verdicts = [
        decide_clause(clause, level_on(clause, "v5"), [make_record(clause=clause.id)])
        for clause in clauses.values()
    ]
    write_certificate(file, make_sample(verdicts, suite=digest_suite()))
    found = verify(file)
    assert (found.suite, found.problems, found.certified) == ("same", (), True)
    write_certificate(file, make_sample(verdicts[1:], suite=digest_suite()))
    assert not verify(file).is_sound


def test_a_header_that_cannot_be_read_leaves_the_rest_to_be_judged(file: Path) -> None:
    found = forge(file, lambda records: records[0].update(extra=1))
    assert (found.header, found.suite, found.certified) == (None, "unknown", False)
    assert any(problem.startswith("line 1 is not a record") for problem in found.problems)
    assert found.world == CERTIFICATE.world_verdict
