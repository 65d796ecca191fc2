"""A certificate as one Markdown document: the verdict on the first screen, the rest below."""

from __future__ import annotations

from collections.abc import Sequence

from harness.certification.certificate import Certificate
from harness.certification.records import LONGEST_TEXT, WitnessCall
from harness.certification.verdicts import ClauseVerdict
from harness.contract.clauses import LEVELS
from reports.certificate.summary import (
    OFF_LINE,
    SIGNS,
    choose_excused,
    choose_failed,
    choose_inconclusive,
    choose_lesser,
    choose_notes,
    choose_untrue,
    conceal,
    count_groups,
    describe_counts,
    describe_excuse,
    describe_forms,
    describe_rest,
    describe_verdict,
    explain_untrue,
    list_environment,
    list_steps,
    split_code,
    state_verdict,
)
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, fence, fold, format_ms, quote_code, shorten

#: Of a message in an overview: it is whole where its clause is shown.
_LONGEST_IN_LIST = 200
_LONGEST_IN_TABLE = 300


def render_certificate(certificate: Certificate, *, source: str = "") -> str:
    """Render a certificate.

    Args:
        certificate: What was read.
        source: Where the certificate itself is, for the reader.
    """
    certificate = conceal(certificate)
    parts = [
        _render_headline(certificate),
        _render_failed(certificate),
        _render_list("Known failures that are not true any more", _list_untrue(certificate)),
        _render_list("Not decided", _list_messages(choose_inconclusive(certificate))),
        _render_list("Known failures", _list_excused(certificate)),
        _render_list("Failures that do not count", _list_messages(choose_lesser(certificate))),
        _render_list("Notes: a World for one process, in several", _list_notes(certificate)),
        _render_failures(certificate),
        _render_groups(certificate),
        _render_clauses(certificate),
        _render_profile(certificate),
        _render_environment(certificate, source),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_failure(clause: ClauseVerdict) -> str:
    """Render a broken clause: what it requires, what happened instead, and how to see it again."""
    parts = [
        f"### ❌ {quote_code(clause.id)} ({clause.level or OFF_LINE})",
        f"> {_render_requirement(clause.requirement)}",
        escape(clause.message),
        escape(clause.confidence),
        _render_witness(clause.witness),
        fence(clause.reproduce, "sh") if clause.reproduce else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _render_requirement(text: str) -> str:
    # Escaping brings text on one line, and so drops the spaces around it.
    parts = [
        quote_code(part)
        if is_code
        else f"{' ' * part.startswith(' ')}{escape(part)}{' ' * part.endswith(' ')}"
        for is_code, part in split_code(text)
    ]
    return "".join(parts).strip()


def _render_headline(certificate: Certificate) -> str:
    headline = state_verdict(certificate)
    package = certificate.header.package
    points = [f"**{headline.sign} {headline.verdict}: {escape(headline.subject)}**"]
    points.append("")
    points.append(f"- {quote_code(f'{package.name} {package.version}')}")
    counts = certificate.world_verdict.counts
    points.extend(f"- {level}: {_say_counts(counts[level])}" for level in LEVELS if level in counts)
    if OFF_LINE in counts:
        clauses = count(sum(counts[OFF_LINE].values()), "clause")
        points.append(f"- {clauses} of other lines")
    return "\n".join(points)


def _render_failed(certificate: Certificate) -> str:
    """List the broken clauses by name where there are several, before each is shown."""
    failed = _list_messages(choose_failed(certificate), _LONGEST_IN_LIST)
    return "\n".join(f"- ❌ {point}" for point in failed) if len(failed) > 1 else ""


def _render_failures(certificate: Certificate) -> str:
    return "\n\n".join(map(render_failure, choose_failed(certificate)))


def _say_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in SIGNS if verdict in counts)


def _render_witness(witness: Sequence[WitnessCall]) -> str:
    rows = [
        {
            "": str(step.number),
            "Process": str(step.process),
            "Call": quote_code(step.call),
            "Outcome": quote_code(step.outcome),
            "ms": step.time,
        }
        for step in list_steps(witness)
    ]
    return "\n\n".join(filter(None, [render_table(rows) if rows else "", describe_rest(witness)]))


def _render_list(title: str, points: Sequence[str]) -> str:
    return "\n".join([f"### {title}", "", *(f"- {point}" for point in points)]) if points else ""


def _list_messages(clauses: Sequence[ClauseVerdict], longest: int = LONGEST_TEXT) -> list[str]:
    return [
        f"{quote_code(clause.id)} ({clause.level}): {escape(shorten(clause.message, longest))}"
        for clause in clauses
    ]


def _list_untrue(certificate: Certificate) -> list[str]:
    return [
        f"{quote_code(clause.id)}: {escape(explain_untrue(clause))}"
        for clause in choose_untrue(certificate)
    ]


def _list_excused(certificate: Certificate) -> list[str]:
    return [
        f"{quote_code(clause.id)} ({clause.level}): {escape(describe_excuse(clause))}"
        for clause in choose_excused(certificate)
    ]


def _list_notes(certificate: Certificate) -> list[str]:
    return [
        f"{quote_code(clause.id)}, {escape(form.form)}: {form.verdict}, {escape(form.message)}"
        for clause, form in choose_notes(certificate)
    ]


def _render_groups(certificate: Certificate) -> str:
    levels = [*LEVELS, OFF_LINE]
    used = [level for level in levels if level in certificate.world_verdict.counts]
    rows = [
        {
            "Group": escape(row.group),
            **{
                "other lines" if level == OFF_LINE else level: describe_counts(
                    row.counts.get(level, {})
                )
                or NOTHING
                for level in used
            },
        }
        for row in count_groups(certificate.clauses)
    ]
    legend = ", ".join(f"{sign} {verdict}" for verdict, sign in SIGNS.items())
    return f"## Clauses by group\n\n{render_table(rows)}\n\n{legend}" if rows else ""


def _render_clauses(certificate: Certificate) -> str:
    sections = []
    for row in count_groups(certificate.clauses):
        clauses = [clause for clause in certificate.clauses if clause.group == row.group]
        summary = f"{escape(row.group)}: {count(len(clauses), 'clause')}"
        sections.append(fold(summary, render_table([_make_row(clause) for clause in clauses])))
    return "\n\n".join(["## All clauses", *sections]) if sections else ""


def _make_row(clause: ClauseVerdict) -> dict[str, str]:
    said = [clause.message, clause.confidence]
    return {
        "Clause": quote_code(clause.id),
        "Level": clause.level or NOTHING,
        "Verdict": describe_verdict(clause),
        "Checked": escape(describe_forms(clause)) or NOTHING,
        "Message": escape(shorten("; ".join(filter(None, said)), _LONGEST_IN_TABLE)),
        "Time": format_ms(clause.duration_ms),
    }


def _render_profile(certificate: Certificate) -> str:
    rows = [
        {
            "Clause": quote_code(clause),
            "Question": escape(name),
            "Answer": escape(answer),
        }
        for clause, answers in certificate.profile.items()
        for name, answer in answers.items()
    ]
    return f"## Profile: where the contract leaves a choice\n\n{render_table(rows)}" if rows else ""


def _render_environment(certificate: Certificate, source: str) -> str:
    facts = list_environment(certificate.header)
    if source:
        facts["Certificate"] = source
    facts["Seal"] = f"sha256 {certificate.footer.sha256}"
    listed = "\n".join(f"- **{name}**: {escape(fact)}" for name, fact in facts.items())
    return f"## Environment\n\n{listed}"
