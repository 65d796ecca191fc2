"""What the commands print: a few clauses, a smoke test, a verification."""

from __future__ import annotations

from collections.abc import Sequence

import tabulate

from harness.adapters.protocol import Opened
from harness.certification.certificate import Certificate
from harness.certification.smoke import SmokeFinding
from harness.certification.subjects import Subject
from harness.certification.verdicts import ClauseVerdict
from harness.certification.verification import Verification
from harness.invocations import write_command
from reports.certificate.markdown import render_failure
from reports.certificate.summary import (
    choose_failed,
    choose_inconclusive,
    choose_lesser,
    choose_untrue,
    count_groups,
    describe_counts,
    state_verdict,
)

_LEVELS = ("MUST", "SHOULD", "MAY", "INFORMATIVE")

_SIGNS = {
    "passed": "✅",
    "failed": "❌",
    "inconclusive": "❔",
    "not applicable": "—",
    "recorded": "·",
    "ok": "✅",
    "wrong": "❌",
    "missing": "❔",
}


def _describe_known(item: ClauseVerdict) -> str:
    if item.known is None:
        return ""
    return "known failure" + ("" if item.known.state == "known" else f": {item.known.state}")


def render_checked(verdicts: Sequence[ClauseVerdict]) -> str:
    """Render the verdicts of a few clauses."""
    rows = [
        (
            _SIGNS[item.verdict],
            item.id,
            item.level or "",
            item.verdict,
            item.confidence,
            _describe_known(item),
        )
        for item in verdicts
    ]
    parts = [tabulate.tabulate(rows, tablefmt="plain")]
    parts += [
        f"{item.id}: {item.message}"
        for item in verdicts
        if item.message and item.verdict in {"inconclusive", "not applicable"}
    ]
    parts += [render_failure(item) for item in verdicts if item.verdict == "failed"]
    return "\n\n".join(parts)


def render_outcome(certificate: Certificate) -> str:
    """Render the outcome of a certification: the verdict, and the failures with their commands."""
    headline = state_verdict(certificate)
    parts = [f"{headline.sign} {headline.verdict}: {headline.subject}"]
    parts += [
        "\n   ".join(
            part
            for part in (
                f"❌ {clause.id} ({clause.level}): {clause.message}",
                clause.confidence,
                f"reproduce: {clause.reproduce}",
            )
            if part
        )
        for clause in choose_failed(certificate)
    ]
    parts += [
        f"❔ {clause.id} ({clause.level}): {clause.message}"
        for clause in choose_inconclusive(certificate)
    ]
    parts += [
        f"⚠️  {clause.id}: its entry among the known failures is not true any more"
        for clause in choose_untrue(certificate)
    ]
    lesser = [clause.id for clause in choose_lesser(certificate)]
    if lesser:
        parts.append(f"without consequence for the verdict, these fail too: {', '.join(lesser)}")
    rows = [
        (row.group, *(describe_counts(row.counts.get(level, {})) for level in _LEVELS))
        for row in count_groups(certificate.clauses)
    ]
    parts.append(tabulate.tabulate(rows, headers=("", *_LEVELS), tablefmt="plain"))
    return "\n".join(parts)


def render_smoke(
    subject: Subject, line: str, opened: Opened, findings: Sequence[SmokeFinding]
) -> str:
    """Render a smoke test."""
    stated = (
        "states no spec version"
        if opened.spec_version is None
        else (f"spec version {opened.spec_version}")
    )
    head = (
        f"{subject.title} ({opened.package.name} {opened.package.version}): line {line}, {stated}"
    )
    rows = [(_SIGNS[item.state], item.step, item.detail) for item in findings]
    wrong = [item for item in findings if item.state == "wrong"]
    verdict = (
        "the package loads, but the World is wrong: nothing else needs to be checked before that"
        if wrong
        else f"the adapter can talk to it: {_write_certify(subject)}"
    )
    return "\n".join([head, tabulate.tabulate(rows, tablefmt="plain"), verdict])


def _write_certify(subject: Subject) -> str:
    return write_command(["world-harness", "certify", subject.spec, *subject.options])


def render_verification(found: Verification) -> str:
    """Render what the verification of a certificate found."""
    header = found.header
    lines = []
    if header is not None:
        lines.append(
            f"{header.title} {header.package.version} on line {header.line}, "
            f"effort {header.effort}, {header.started:%Y-%m-%d}"
        )
    if not found.is_sound:
        lines += ["❌ this certificate is not as it was written:"]
        lines += [f"  - {problem}" for problem in found.problems]
        lines.append("get an unchanged copy, or certify again with `world-harness certify`")
        return "\n".join(lines)
    counts = ", ".join(found.world.failed) or "none"
    verdict = "certified" if found.certified else found.world.verdict
    lines.append(f"{_SIGNS[found.world.verdict]} {verdict}; clauses that fail it: {counts}")
    if found.world.inconclusive:
        lines.append(f"undecided: {', '.join(found.world.inconclusive)}")
    same = {
        "same": "the suite that made it is the one installed here",
        "different": "the suite that made it differs from the one installed here",
        "unknown": "it does not say which suite made it",
    }
    lines.append(same[found.suite])
    return "\n".join(lines)
