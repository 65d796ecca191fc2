"""What a certificate says, in words and counts, whatever the document is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from harness.certification.certificate import Certificate, CertificateHeader
from harness.certification.records import WitnessCall, clean_text
from harness.certification.verdicts import ClauseVerdict, FormOutcome
from reports.writing.text import count, flatten, shorten

SIGNS = {
    "passed": "✅",
    "failed": "❌",
    "inconclusive": "❔",
    "not applicable": "⚪",
    "recorded": "📝",
}

#: Where a clause does not hold for the line.
OFF_LINE = "none"

_LONGEST_ARGUMENTS = 160
_MOST_CALLS = 12


class Headline(msgspec.Struct, frozen=True):
    """The verdict, for who reads nothing else."""

    sign: str
    #: `certified`, `3 MUST clauses fail`: what a badge has room for.
    verdict: str
    #: Of what, in one sentence's rest.
    subject: str


class WitnessStep(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a witness, ready to be shown."""

    number: int
    process: int
    call: str
    outcome: str
    time: str


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """One group of clauses: level -> verdict -> how many."""

    group: str
    counts: dict[str, dict[str, int]]


def conceal(certificate: Certificate) -> Certificate:
    """Hide the passwords of all URLs in a certificate that is about to be shown."""
    return msgspec.convert(_conceal(msgspec.to_builtins(certificate)), Certificate)


def _conceal(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _conceal(item) for key, item in value.items()}
    return [_conceal(item) for item in value] if isinstance(value, list | tuple) else value


def state_verdict(certificate: Certificate) -> Headline:
    """Say what the certificate comes to."""
    world = certificate.world_verdict
    subject = f"{certificate.header.title} on {certificate.header.line}"
    if world.certified:
        return Headline("✅", "certified", f"{subject} keeps the World contract")
    if world.failed:
        verdict = count_failing(choose_failed(certificate))
        return Headline("❌", verdict, f"{subject} does not keep the World contract")
    if world.untrue_entries:
        return Headline("❌", "known failures out of date", f"{subject} cannot be certified")
    if world.verdict == "inconclusive":
        undecided = count(len(world.inconclusive), "clause")
        why = f"{undecided} could not be decided" if world.inconclusive else "nothing was checked"
        return Headline("❔", "inconclusive", f"{subject}: {why}")
    excused = count(len(choose_excused(certificate)), "known failure")
    return Headline("🟡", f"not certified, {excused}", f"{subject} fails only as expected")


def count_failing(clauses: Sequence[ClauseVerdict]) -> str:
    """Say how many clauses fail: `1 MUST clause fails`, `3 MUST clauses fail`."""
    word = "MUST clause" if all(clause.level == "MUST" for clause in clauses) else "clause"
    return f"{count(len(clauses), word)} {'fails' if len(clauses) == 1 else 'fail'}"


def choose_failed(certificate: Certificate) -> list[ClauseVerdict]:
    """Return the clauses that make the World fail."""
    names = set(certificate.world_verdict.failed)
    return [clause for clause in certificate.clauses if clause.id in names]


def choose_inconclusive(certificate: Certificate) -> list[ClauseVerdict]:
    """Return the clauses that leave the World open."""
    names = set(certificate.world_verdict.inconclusive)
    return [clause for clause in certificate.clauses if clause.id in names]


def choose_excused(certificate: Certificate) -> list[ClauseVerdict]:
    """Return the clauses that fail as the known failures say."""
    return [clause for clause in certificate.clauses if clause.is_excused]


def choose_untrue(certificate: Certificate) -> list[ClauseVerdict]:
    """Return the clauses whose entry among the known failures is not true any more."""
    return [clause for clause in certificate.clauses if clause.has_untrue_entry]


def choose_lesser(certificate: Certificate) -> list[ClauseVerdict]:
    """Return the clauses that fail without changing the World's verdict."""
    return [
        clause
        for clause in certificate.clauses
        if clause.verdict == "failed" and not clause.counts and not clause.is_excused
    ]


def choose_notes(certificate: Certificate) -> list[tuple[ClauseVerdict, FormOutcome]]:
    """Return what went wrong between processes of a World that is documented for one."""
    return [(clause, form) for clause in certificate.clauses for form in clause.forms if form.noted]


def split_code(text: str) -> Iterator[tuple[bool, str]]:
    """Split the text of a requirement into words and code, which stands in backticks there."""
    for place, part in enumerate(text.split("`")):
        if part:
            yield bool(place % 2), part


def explain_untrue(clause: ClauseVerdict) -> str:
    """Say what is not true of a known failure, and what to do."""
    if clause.known is None:
        return ""
    owner = clause.known.entry.owner
    if clause.known.state == "expired":
        return (
            f"its entry expired on {clause.known.entry.expires}: fix the failure, or let {owner} "
            "renew the entry"
        )
    return f"it passes: remove its entry, and tell {owner}"


def describe_excuse(clause: ClauseVerdict) -> str:
    """Say why a failure is excused, whose it is, and until when."""
    if clause.known is None:
        return ""
    entry = clause.known.entry
    return f"{entry.reason} ({entry.owner}, until {entry.expires})"


def describe_verdict(clause: ClauseVerdict) -> str:
    """Name a clause's verdict, and whether its failure is known."""
    known = ", known" if clause.is_excused else ""
    return f"{SIGNS[clause.verdict]} {clause.verdict}{known}"


def describe_forms(clause: ClauseVerdict) -> str:
    """Name the forms in which a clause was checked, with what each found."""
    return ", ".join(_describe_form(form) for form in clause.forms)


def _describe_form(form: FormOutcome) -> str:
    races = f" ({form.failed_rounds}/{form.rounds})" if form.failed_rounds else ""
    noted = " (noted)" if form.noted else ""
    return f"{flatten(form.form)} {SIGNS[form.verdict]}{races}{noted}"


def list_steps(
    witness: Sequence[WitnessCall], longest: int = _LONGEST_ARGUMENTS
) -> list[WitnessStep]:
    """Return the calls of a witness that are shown: its first, cut where they are long."""
    return [
        WitnessStep(
            number=number,
            process=call.process,
            call=shorten(flatten(f"{call.method}{_in_brackets(call.args)}"), longest),
            outcome=shorten(flatten(call.outcome), longest),
            time=f"{call.start_ms:.1f} to {call.end_ms:.1f}",
        )
        for number, call in enumerate(witness[:_MOST_CALLS], start=1)
    ]


def describe_rest(witness: Sequence[WitnessCall]) -> str:
    """Say how many calls of a witness are not shown; empty when all are."""
    rest = len(witness) - _MOST_CALLS
    return f"and {count(rest, 'more call')}, in the certificate" if rest > 0 else ""


def _in_brackets(args: str) -> str:
    return args if args.startswith("(") else f"({args})"


def count_groups(clauses: Iterable[ClauseVerdict]) -> list[GroupRow]:
    """Count clauses by group, level and verdict, in the contract's order."""
    groups: dict[str, dict[str, dict[str, int]]] = {}
    for clause in clauses:
        level = groups.setdefault(clause.group, {}).setdefault(clause.level or OFF_LINE, {})
        level[clause.verdict] = level.get(clause.verdict, 0) + 1
    return [GroupRow(group=group, counts=counts) for group, counts in groups.items()]


def describe_counts(counts: dict[str, int]) -> str:
    """Write verdicts as signs with numbers: `✅ 10 ❌ 1`; empty when there are none."""
    return " ".join(
        f"{sign} {counts[verdict]}" for verdict, sign in SIGNS.items() if verdict in counts
    )


def list_environment(header: CertificateHeader) -> dict[str, str]:
    """Return what was certified, by what and where, as name -> plain text."""
    place = header.environment
    spec_version = "not stated" if header.spec_version is None else str(header.spec_version)
    node = f", Node {place.node}" if place.node else ""
    facts = {
        "World": header.spec,
        "Package": f"{header.package.name} {header.package.version}",
        "Package digest": header.package.digest,
        "Suite digest": header.suite,
        "Line": f"{header.line} ({header.language})",
        "Spec version": spec_version,
        "Processes": f"{header.processes}, by its documentation",
        "Pins": ", ".join(f"{name} {pin}" for name, pin in sorted(header.pins.items())),
        "Machine": f"{place.processor}, {place.system}, Python {place.python}{node}",
        "Services": ", ".join(f"{name}: {what}" for name, what in sorted(place.services.items())),
        "Effort and seed": f"{header.effort}, seed {header.seed}",
        "Harness": f"{header.harness_version}, commit {header.commit or 'unknown'}",
        "Time": f"{header.started:%Y-%m-%d %H:%M:%S %Z} to {header.ended:%Y-%m-%d %H:%M:%S %Z}",
    }
    return {name: fact for name, fact in facts.items() if fact}
