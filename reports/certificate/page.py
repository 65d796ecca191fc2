"""A certificate as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.certification.certificate import Certificate
from harness.certification.verdicts import ClauseVerdict
from harness.contract.clauses import LEVELS
from reports.certificate.summary import (
    OFF_LINE,
    SIGNS,
    GroupRow,
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
from reports.writing.elements import STYLE, element, join, make_table, preserve, read_asset
from reports.writing.text import NOTHING, count, format_ms

_CLASSES = {"✅": "passed", "❌": "failed", "❔": "inconclusive", "🟡": "known"}


def render_page(certificate: Certificate) -> str:
    """Render a certificate as a page."""
    certificate = conceal(certificate)
    headline = state_verdict(certificate)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{headline.verdict}: {headline.subject}"),
        element("style", read_asset(STYLE)),
    )
    body = element(
        "body",
        _render_headline(certificate),
        element("main", *_render_parts(certificate)),
    )
    return f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _render_headline(certificate: Certificate) -> Markup:
    headline = state_verdict(certificate)
    package = certificate.header.package
    counts = certificate.world_verdict.counts
    said = [f"{level} {describe_counts(counts[level])}" for level in LEVELS if level in counts]
    return element(
        "header",
        element("h1", f"{headline.sign} {headline.verdict}"),
        element("p", headline.subject, " · ", element("code", f"{package.name} {package.version}")),
        element("p", " · ".join(said), class_="quiet"),
        class_=_CLASSES[headline.sign],
    )


def _render_parts(certificate: Certificate) -> list[Markup]:
    undecided = [(clause, clause.message) for clause in choose_inconclusive(certificate)]
    lesser = [(clause, clause.message) for clause in choose_lesser(certificate)]
    untrue = [(clause, explain_untrue(clause)) for clause in choose_untrue(certificate)]
    excused = [(clause, describe_excuse(clause)) for clause in choose_excused(certificate)]
    notes = [
        (clause, f"{form.form}: {form.verdict}, {form.message}")
        for clause, form in choose_notes(certificate)
    ]
    return [
        *map(_render_failure, choose_failed(certificate)),
        _render_list("Known failures that are not true any more", untrue),
        _render_list("Not decided", undecided),
        _render_list("Known failures", excused),
        _render_list("Failures that do not count", lesser),
        _render_list("Notes: a World for one process, in several", notes),
        _render_groups(certificate),
        _render_clauses(certificate),
        _render_profile(certificate),
        _render_environment(certificate),
    ]


def _render_failure(clause: ClauseVerdict) -> Markup:
    return element(
        "article",
        element("h3", "❌ ", element("code", clause.id), f" ({clause.level or OFF_LINE})"),
        *_render_evidence(clause),
    )


def _render_evidence(clause: ClauseVerdict) -> list[Markup]:
    """Render what a clause requires, what was found, and how to see it again."""
    rows = [
        [
            str(step.number),
            str(step.process),
            element("code", step.call),
            element("code", step.outcome),
            step.time,
        ]
        for step in list_steps(clause.witness)
    ]
    required = [
        element("code", part) if is_code else part
        for is_code, part in split_code(clause.requirement)
    ]
    parts = [element("blockquote", *required)]
    parts += [element("p", text) for text in (clause.message, clause.confidence) if text]
    if rows:
        parts.append(make_table(["", "Process", "Call", "Outcome", "ms"], rows, class_="witness"))
    if rest := describe_rest(clause.witness):
        parts.append(element("p", rest, class_="quiet"))
    if clause.reproduce and clause.verdict == "failed":
        parts.append(element("pre", preserve(clause.reproduce)))
    return parts


def _render_list(title: str, points: Sequence[tuple[ClauseVerdict, str]]) -> Markup:
    if not points:
        return Markup("")
    items = [
        element("li", element("code", clause.id), f" ({clause.level}): {text}")
        for clause, text in points
    ]
    return join(element("h2", title), element("ul", *items))


def _render_groups(certificate: Certificate) -> Markup:
    levels = [*LEVELS, OFF_LINE]
    used = [level for level in levels if level in certificate.world_verdict.counts]
    rows = [
        [row.group, *(describe_counts(row.counts.get(level, {})) or NOTHING for level in used)]
        for row in count_groups(certificate.clauses)
    ]
    names = ["other lines" if level == OFF_LINE else level for level in used]
    legend = ", ".join(f"{sign} {verdict}" for verdict, sign in SIGNS.items())
    return join(
        element("h2", "Clauses by group"),
        make_table(["Group", *names], rows, class_="counts"),
        element("p", legend, class_="quiet"),
    )


def _render_clauses(certificate: Certificate) -> Markup:
    groups = [_render_group(certificate, row) for row in count_groups(certificate.clauses)]
    return join(element("h2", "All clauses"), *groups)


def _render_group(certificate: Certificate, row: GroupRow) -> Markup:
    clauses = [clause for clause in certificate.clauses if clause.group == row.group]
    rows = [
        [
            element("code", clause.id),
            clause.level or NOTHING,
            describe_verdict(clause),
            describe_forms(clause) or NOTHING,
            "; ".join(filter(None, [clause.message, clause.confidence])),
            format_ms(clause.duration_ms),
        ]
        for clause in clauses
    ]
    total = element("span", f" {count(len(clauses), 'clause')}", class_="quiet")
    return element(
        "details",
        element("summary", row.group, total),
        make_table(["Clause", "Level", "Verdict", "Checked", "Message", "Time"], rows),
    )


def _render_profile(certificate: Certificate) -> Markup:
    rows: list[list[str]] = [
        [element("code", clause), name, answer]
        for clause, answers in certificate.profile.items()
        for name, answer in answers.items()
    ]
    if not rows:
        return Markup("")
    title = element("h2", "Profile: where the contract leaves a choice")
    return join(title, make_table(["Clause", "Question", "Answer"], rows))


def _render_environment(certificate: Certificate) -> Markup:
    facts = {
        **list_environment(certificate.header),
        "Seal": f"sha256 {certificate.footer.sha256}",
    }
    terms = [join(element("dt", name), element("dd", fact)) for name, fact in facts.items()]
    return join(element("h2", "Environment"), element("dl", *terms))
