"""`certify`, `smoke`, `verify` and `clauses`."""

from __future__ import annotations

import contextlib
import secrets
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

import suites.conformance
from harness.certification.certificate import Certificate, write_certificate
from harness.certification.examination import CertifyRequest, examine_world
from harness.certification.examination import certify as make_certificate
from harness.certification.known_failures import KnownFailure, read_known_failures
from harness.certification.manifest import read_manifest
from harness.certification.records import describe_record
from harness.certification.sites import open_ground
from harness.certification.smoke import smoke as smoke_world
from harness.certification.subjects import Subject, find_subject, infer_line
from harness.certification.verdicts import Processes, decide_world
from harness.certification.verification import verify as verify_certificate
from harness.checks.progress import show_checks
from harness.cli.catalog import read_catalog
from harness.contract.clauses import GROUPS, LINES, describe_clauses
from harness.errors import HarnessError, UsageError, unknown
from harness.services.resolution import Choice as ServiceChoice
from reports.certificate.badge import render_badge
from reports.certificate.markdown import render_certificate
from reports.certificate.terminal import (
    render_checked,
    render_outcome,
    render_smoke,
    render_verification,
)
from reports.documents.contract import render_clauses
from reports.forms.page.certificate import render_certificate_page
from suites.conformance.efforts import describe_efforts

F = TypeVar("F", bound=Callable[..., Any])

#: What is written beside a certificate: ending -> how it is rendered.
_DOCUMENTS = {
    ".md": render_certificate,
    ".html": render_certificate_page,
    ".badge.json": render_badge,
}


@contextlib.contextmanager
def _three_for_environment() -> Iterator[None]:
    """Exit with 3 for whatever keeps a World from being judged: 2 means inconclusive here."""
    try:
        yield
    except HarnessError as error:
        error.exit_code = UsageError.exit_code
        raise
    except OSError as error:
        if error.filename is None:
            raise
        raise UsageError(
            "a file or folder cannot be used",
            cause=str(error),
            remedy="correct its rights, or name another place: --out for certificates, "
            "WORLD_HARNESS_CACHE for packages, TMPDIR for storage",
        ) from error


def _parse_env(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    env = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            # Without quoting it: it can hold a secret.
            raise click.BadParameter("write it as NAME=value")
        env[name] = value
    return env


if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    # It is generic for type checkers, and from click 8.2 on.
    _Choice = click.Choice


class _Name(_Choice):
    """One of some names; another one is answered with those that are close to it."""

    def __init__(self, kind: str, names: Iterable[str]) -> None:
        super().__init__(list(names))
        self._kind = kind

    def convert(self, value: Any, option: click.Parameter | None, context: Any) -> str:
        """Return the name.

        Raises:
            UsageError: nothing is called that.
        """
        if value not in self.choices:
            raise _explain_name(self._kind, str(value), self.choices)
        return str(value)


def _explain_name(
    kind: str, name: str, known: Iterable[str], see: str = "certify --help"
) -> UsageError:
    error = unknown(kind, name, known)
    hint = error.remedy.partition(" (")[0]
    return UsageError(error.what, remedy=f"{hint} (`world-harness {see}` shows them)")


def _split_words(context: click.Context, option: click.Parameter, given: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(given))
    except ValueError as error:
        raise click.BadParameter(f"it is no command: {error}") from error


_subject_options = [
    click.argument("spec"),
    click.option("--line", type=_Name("line", LINES), help="The SDK line; found out if not given."),
    click.option("--env", multiple=True, callback=_parse_env, metavar="NAME=VALUE",
                 help="Environment of the World; {storage}, {port} and {<service>} are filled in."),
    click.option("--service", multiple=True, metavar="NAME", help="A server that it needs."),
    click.option("--setup", default="", callback=_split_words, metavar="COMMAND",
                 help="Prepares a fresh database."),
    click.option("--services", type=click.Choice(["auto", "external", "embedded", "container"]),
                 default="auto", show_default=True, help="Where servers come from."),
    click.option("--manifest", type=click.Path(path_type=Path),
                 help="A worlds-manifest.json that describes more Worlds."),
]  # fmt: skip


def _with_subject(command: F) -> F:
    for option in reversed(_subject_options):
        command = option(command)
    return command


def _find(
    spec: str,
    line: str | None,
    env: Mapping[str, str],
    service: tuple[str, ...],
    setup: tuple[str, ...],
    manifest: Path | None,
) -> Subject:
    catalog = read_catalog()
    if manifest is not None:
        catalog = catalog.with_worlds(read_manifest(manifest))
    return find_subject(
        spec,
        catalog,
        line=line,
        env=env,
        services=service,
        setup=setup,
        report=lambda text: click.echo(text, err=True),
    )


@click.command()
@_with_subject
@click.option(
    "--effort",
    type=_Name("effort", describe_efforts()),
    default="standard",
    show_default=True,
    help="How much is done; certificates are of standard and deep.",
)
@click.option(
    "--clause",
    "wanted",
    multiple=True,
    metavar="ID",
    help="Only this clause; several times for several. Gives no certificate.",
)
@click.option(
    "--processes",
    type=click.Choice(["one", "several"]),
    help="How many may share its storage, by its documentation; failures between "
    "processes of a World for one are notes.",
)
@click.option("--known", type=click.Path(path_type=Path), help="File of known failures (TOML).")
@click.option("--seed", type=int, help="Repeats the order of work and the data.")
@click.option(
    "--workers",
    type=click.IntRange(1, 32),
    default=6,
    show_default=True,
    help="Checks that run side by side.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
def certify(  # noqa: PLR0913, PLR0917 - one parameter an option
    spec: str,
    line: str | None,
    env: dict[str, str],
    service: tuple[str, ...],
    setup: tuple[str, ...],
    services: ServiceChoice,
    manifest: Path | None,
    effort: str,
    wanted: tuple[str, ...],
    processes: Processes | None,
    known: Path | None,
    seed: int | None,
    workers: int,
    out: Path,
) -> int:
    """Drive a World through the contract and answer with a certificate.

    SPEC is a described World (postgres, postgres@4.3.7), a package (@acme/world@1.2.3), a packed
    one (./acme-world.tgz), a module file (./my-world.mjs) or a Python module:attribute.

    Exit code: 0 certified, 1 failed, 2 inconclusive, 3 usage or environment.
    """  # fmt: skip
    with _three_for_environment():
        chosen = _choose_clauses(wanted)
        _refuse_file(out)
        subject = _find(spec, line, env, service, setup, manifest)
        if processes:
            subject = msgspec.structs.replace(
                subject,
                processes=processes,
                options=(*subject.options, "--processes", processes),
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
        certificate = make_certificate(request, examined)
        path = _write(out, certificate)
        click.echo(render_outcome(certificate))
        click.echo(f"certificate: {path} (and .md, .html, .badge.json beside it)")
        return certificate.world_verdict.exit_code


def _choose_clauses(wanted: tuple[str, ...]) -> tuple[str, ...]:
    known = describe_clauses()
    chosen = tuple(name for text in wanted for name in text.split(",") if name)
    for name in chosen:
        if name not in known:
            raise _explain_name("clause", name, known, "clauses")
    return chosen


def _refuse_file(out: Path) -> None:
    """Refuse a place for certificates that is none, before hours are spent on one."""
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


@click.command()
@_with_subject
def smoke(
    spec: str,
    line: str | None,
    env: dict[str, str],
    service: tuple[str, ...],
    setup: tuple[str, ...],
    services: ServiceChoice,
    manifest: Path | None,
) -> int:
    """Say in seconds whether the adapter can talk to a World at all.

    Exit code: 0 it can, 1 the World is wrong, 3 it does not load or its environment is missing.
    """
    with _three_for_environment():
        subject = _find(spec, line, env, service, setup, manifest)
        with open_ground(subject, services=services) as ground:
            opened, findings = smoke_world(ground)
        line = subject.line or infer_line(subject.language, opened.shape, opened.stated_version)
        click.echo(render_smoke(subject, line, opened, findings))
        return 1 if any(finding.state == "wrong" for finding in findings) else 0


@click.command()
@click.argument("certificate", type=click.Path(path_type=Path))
def verify(certificate: Path) -> int:
    """Recompute the verdict of a certificate, offline, and notice any change to it.

    Exit code: that of the verdict (0, 1, 2); 3 when the certificate was changed or cannot be read.
    """
    with _three_for_environment():
        found = verify_certificate(certificate)
        click.echo(render_verification(found))
        return found.exit_code


@click.command()
@click.option("--group", type=_Name("group", GROUPS), help="Only this part of the contract.")
@click.option("--line", type=_Name("line", LINES), help="Only what holds for this line.")
def clauses(group: str | None, line: str | None) -> None:
    """List the contract: every clause, its level on each line, and what it asks."""
    click.echo(render_clauses(describe_clauses(), group=group, line=line))
