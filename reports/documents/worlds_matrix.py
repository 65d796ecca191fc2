"""Several certificates as one Markdown document: which World keeps which part of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from harness.certification.certificate import Certificate
from harness.certification.records import WitnessCall
from harness.certification.verdicts import ClauseVerdict
from reports.certificate.summary import (
    choose_excused,
    choose_failed,
    choose_inconclusive,
    choose_lesser,
    choose_notes,
    choose_untrue,
    conceal,
    describe_excuse,
    describe_rest,
    explain_untrue,
    list_steps,
    state_verdict,
)
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape, fence, quote_code, shorten

_NOTHING_APPLIES = "\N{EM DASH}"
_LONGEST_MESSAGE = 400
_LONGEST_CALL = 100


class Absent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A described World of which there is no certificate."""

    id: str
    reason: str


def render_absent(worlds: Iterable[Absent]) -> str:
    """Render which Worlds have no certificate, and why; empty when all have one."""
    lines = [f"- {quote_code(world.id)}: {escape(world.reason)}" for world in worlds]
    return "\n".join(["## Worlds without a certificate", "", *lines]) if lines else ""


def render_matrix(certificates: Iterable[Certificate]) -> str:
    """Render what certificates say of their Worlds, in the given order."""
    shown = [conceal(certificate) for certificate in certificates]
    parts = [
        "# Worlds and the contract",
        "Each cell counts the clauses of a group that decide a World's verdict: every MUST that "
        "applies, and each MAY that the World offers.\n"
        "✅ all of them passed, ❌ this number failed, ❔ this number could not be decided, "
        f"{_NOTHING_APPLIES} none applies.",
        _render_groups(shown),
        *map(_render_world, shown),
        _render_differences(shown),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def name_world(certificate: Certificate) -> str:
    """Name a World with its version and line: `Local 5.0.1 (v5)`."""
    header = certificate.header
    return f"{header.title} {header.package.version} ({header.line})"


def describe_group(clauses: Iterable[ClauseVerdict]) -> str:
    """Describe how a World keeps one group of clauses: `✅ 12`, `❌ 2 of 12`."""
    verdicts = [clause.verdict for clause in clauses if clause.counts]
    total = len(verdicts) - verdicts.count("not applicable")
    failed, undecided = verdicts.count("failed"), verdicts.count("inconclusive")
    if not total:
        return _NOTHING_APPLIES
    if not failed and not undecided:
        return f"✅ {total}"
    signs = [f"❌ {failed}"] * bool(failed) + [f"❔ {undecided}"] * bool(undecided)
    return f"{', '.join(signs)} of {total}"


def _render_groups(certificates: Sequence[Certificate]) -> str:
    groups = list(dict.fromkeys(clause.group for one in certificates for clause in one.clauses))
    rows = [
        {
            "World": escape(name_world(certificate)),
            "Verdict": _name_verdict(certificate),
            **{
                escape(group): describe_group(
                    clause for clause in certificate.clauses if clause.group == group
                )
                for group in groups
            },
        }
        for certificate in certificates
    ]
    return render_table(rows) if rows else "No World has been certified yet."


def _name_verdict(certificate: Certificate) -> str:
    headline = state_verdict(certificate)
    return f"{headline.sign} {headline.verdict}"


def _render_world(certificate: Certificate) -> str:
    package = certificate.header.package
    parts = [
        f"## {escape(name_world(certificate))}",
        f"{_name_verdict(certificate)}. {quote_code(f'{package.name} {package.version}')}, "
        f"certified on {certificate.header.day}.",
        *map(_render_failure, choose_failed(certificate)),
        _render_list(
            "Known failures",
            [(clause, describe_excuse(clause)) for clause in choose_excused(certificate)],
        ),
        _render_list(
            "Known failures that are not true any more",
            [(clause, explain_untrue(clause)) for clause in choose_untrue(certificate)],
        ),
        _render_list(
            "Not decided",
            [(clause, clause.message) for clause in choose_inconclusive(certificate)],
        ),
        _render_list(
            "Failures that do not count",
            [(clause, clause.message) for clause in choose_lesser(certificate)],
        ),
        _render_list(
            "Notes, of several processes where one is documented",
            [
                (clause, f"{form.form}: {form.message}")
                for clause, form in choose_notes(certificate)
            ],
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _render_failure(clause: ClauseVerdict) -> str:
    parts = [
        f"### ❌ {quote_code(clause.id)}",
        escape(shorten(clause.message, _LONGEST_MESSAGE)),
        escape(clause.confidence),
        _render_witness(clause.witness),
        fence(clause.reproduce, "sh") if clause.reproduce else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _render_witness(witness: Sequence[WitnessCall]) -> str:
    """Render a witness one call a line; the process is named only where there are several."""
    several = len({call.process for call in witness}) > 1
    lines = [
        f"{step.number}. {f'[process {step.process}] ' if several else ''}"
        f"{step.call} → {step.outcome}"
        for step in list_steps(witness, _LONGEST_CALL)
    ]
    if rest := describe_rest(witness):
        lines.append(rest)
    return fence("\n".join(lines), "text") if lines else ""


def _render_list(title: str, points: Sequence[tuple[ClauseVerdict, str]]) -> str:
    lines = [
        f"- {quote_code(clause.id)} ({clause.level}): {escape(shorten(text, 160))}"
        for clause, text in points
    ]
    return "\n".join([f"**{title}**", "", *lines]) if lines else ""


def _render_differences(certificates: Sequence[Certificate]) -> str:
    """Render the answers in which the Worlds' profiles differ."""
    names = [escape(name_world(certificate)) for certificate in certificates]
    questions = dict.fromkeys(
        (clause, name)
        for certificate in certificates
        for clause, answers in certificate.profile.items()
        for name in answers
    )
    rows = []
    for clause, name in questions:
        answers = [_answer(certificate.profile, clause, name) for certificate in certificates]
        if len(set(answers)) > 1:
            # Two certificates of one World and version would share a column's name.
            cells = {
                f"{world}{' ' * place}": text
                for place, (world, text) in enumerate(zip(names, answers, strict=True))
            }
            rows.append({"Clause": quote_code(clause), "Question": escape(name), **cells})
    if not rows:
        return ""
    return f"## Where the profiles differ\n\n{render_table(rows)}"


def _answer(profile: Mapping[str, Mapping[str, str]], clause: str, name: str) -> str:
    answer = profile.get(clause, {}).get(name)
    return NOTHING if answer is None else escape(shorten(answer, 200))
