"""`world-harness certify`."""

from __future__ import annotations

import secrets
from pathlib import Path

import click
import msgspec

import suites.conformance
from harness.certification.certificate import Certificate, write_certificate
from harness.certification.examination import CertifyRequest, certify, examine_world
from harness.certification.known_failures import KnownFailure, read_known_failures
from harness.certification.records import describe_record
from harness.certification.verdicts import Processes, decide_world
from harness.checks.progress import show_checks
from harness.cli.options import Name, explain_name, out_option, seed_option, services_option
from harness.cli.world_options import Named, subject_options
from harness.contract.clauses import describe_clauses
from harness.errors import UsageError
from harness.exit_codes import ExitCode
from harness.services.resolution import ServicePreference
from reports.certificate.badge import render_badge
from reports.certificate.markdown import render_certificate
from reports.certificate.terminal import render_checked, render_outcome
from reports.forms.page.certificate import render_certificate_page
from suites.conformance.efforts import describe_efforts

#: What is written beside a certificate: ending -> how it is rendered.
_DOCUMENTS = {
    ".md": render_certificate,
    ".html": render_certificate_page,
    ".badge.json": render_badge,
}


@click.command("certify")
@subject_options
@services_option
@click.option(
    "--effort",
    type=Name("effort", describe_efforts()),
    default="standard",
    show_default=True,
    help="How much to check: quick, standard or deep.",
)
@click.option(
    "--clause",
    "wanted",
    multiple=True,
    metavar="ID",
    help="Check only this clause, and write no certificate. Repeatable.",
)
@click.option(
    "--processes",
    type=click.Choice(["one", "several"]),
    help="How many processes may share the World's storage, by its documentation. With `one`, "
    "failures between processes are notes.",
)
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    help="A file of known failures (TOML), which do not count.",
)
@seed_option
@click.option(
    "--workers",
    type=click.IntRange(1, 32),
    default=6,
    show_default=True,
    help="How many checks run side by side.",
)
@out_option
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    named: Named,
    services: ServicePreference,
    effort: str,
    wanted: tuple[str, ...],
    processes: Processes | None,
    known: Path | None,
    seed: int | None,
    workers: int,
    out: Path,
) -> ExitCode:
    """Check a World against the contract, and write a certificate.

    SPEC names the World: a described one (postgres, postgres@4.3.7), a package
    (@acme/world@1.2.3), a packed one (./acme-world.tgz), a module (./my-world.mjs), or a Python
    attribute (my_package.worlds:create_world).

    A certificate is a JSON lines file in the folder --out, with Markdown, HTML and a badge beside
    it.
    """
    chosen = _choose_clauses(wanted)
    _refuse_file(out)
    subject = named.find()
    if processes:
        subject = msgspec.structs.replace(
            subject, processes=processes, options=(*subject.options, "--processes", processes)
        )
    request = CertifyRequest(
        subject=subject,
        suite=Path(suites.conformance.__file__).parent,
        effort=effort,
        clauses=chosen,
        known=_read_known(known),
        services=services,
        seed=secrets.randbelow(1 << 31) if seed is None else seed,
        workers=min(workers, 2 * len(chosen)) if chosen else workers,
    )
    with show_checks(describe_record) as watcher:
        examined = examine_world(request, watcher)
    if chosen:
        click.echo(render_checked(examined.verdicts))
        return decide_world(examined.verdicts).exit_code
    certificate = certify(request, examined)
    path = _write(out, certificate)
    click.echo(render_outcome(certificate))
    click.echo(f"certificate: {path} (with .md, .html and .badge.json beside it)")
    return certificate.world_verdict.exit_code


def _choose_clauses(wanted: tuple[str, ...]) -> tuple[str, ...]:
    known = describe_clauses()
    chosen = tuple(name for text in wanted for name in text.split(",") if name)
    for name in chosen:
        if name not in known:
            raise explain_name("clause", name, known, "clauses")
    return chosen


def _refuse_file(out: Path) -> None:
    """Refuse a folder that cannot be one, before hours are spent on a certificate."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", remedy="name a folder with --out")


def _read_known(path: Path | None) -> dict[str, KnownFailure]:
    return read_known_failures(path, describe_clauses()) if path else {}


def _write(out: Path, certificate: Certificate) -> Path:
    header = certificate.header
    name = f"{header.world}-{header.package.version or 'local'}-{header.line}"
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name.replace('/', '-')}.certificate.jsonl"
    write_certificate(path, certificate)
    for ending, render in _DOCUMENTS.items():
        document = path.with_name(path.name.removesuffix(".jsonl") + ending)
        document.write_text(render(certificate), encoding="utf-8")
    return path
