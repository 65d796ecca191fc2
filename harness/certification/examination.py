"""One certification, from request to certificate; the suite runs in separate processes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

import harness
from harness.adapters.protocol import Opened
from harness.certification.certificate import (
    Certificate,
    CertificateHeader,
    CertifiedPackage,
    Environment,
    digest_suite,
    make_certificate,
)
from harness.certification.known_failures import KnownFailure
from harness.certification.parcels import write_parcel
from harness.certification.records import CheckRecord, clean_record, read_record
from harness.certification.sites import Ground, open_ground
from harness.certification.smoke import open_first, require_server
from harness.certification.subjects import Subject, infer_line
from harness.certification.verdicts import ClauseVerdict, decide_clause
from harness.checks.suite_process import CheckWatcher, SuiteRun, run_suite
from harness.contract.clauses import Clause, describe_clauses, explain_inapplicable, level_on
from harness.machine import describe_machine, find_commit
from harness.services.resolution import ServicePreference
from harness.workspaces.cache import cache_folder


class CertifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which World to certify, and how thoroughly."""

    subject: Subject
    #: The folder that holds the checks.
    suite: Path
    effort: str = "standard"
    #: Examine these clauses only, and write no certificate; empty means all.
    clauses: tuple[str, ...] = ()
    known: Mapping[str, KnownFailure] = {}
    services: ServicePreference = "auto"
    seed: int = 0
    #: How many checks run side by side. They wait most of the time, so it may exceed the cores.
    workers: int = 6


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What the suite found."""

    subject: Subject
    opened: Opened
    verdicts: tuple[ClauseVerdict, ...]
    records: tuple[CheckRecord, ...]
    services: dict[str, str]
    started: datetime
    ended: datetime


def examine_world(request: CertifyRequest, watcher: CheckWatcher[CheckRecord]) -> Examined:
    """Run the suite against a World and decide every clause.

    Raises:
        HarnessError: the World cannot be opened, a server is unavailable, or the suite crashed.
    """
    started = datetime.now(UTC)
    subject = request.subject
    with open_ground(subject, services=request.services) as ground:
        watcher.preparing(f"opening {subject.title}")
        opened = look_at(ground)
        if subject.line is None:
            line = infer_line(subject.language, opened.shape, opened.stated_version)
            subject = msgspec.structs.replace(subject, line=line)
        records = _run_suite(msgspec.structs.replace(request, subject=subject), ground, watcher)
        services = ground.describe_services()
    ended = datetime.now(UTC)
    secrets = list(ground.service_urls().values())
    cleaned = tuple(clean_record(record, secrets, ground.folder) for record in records)
    return Examined(
        subject=subject,
        opened=opened,
        verdicts=decide_all(subject, opened, cleaned, request, today=started.date()),
        records=cleaned,
        services=services,
        started=started,
        ended=ended,
    )


def certify(request: CertifyRequest, examined: Examined) -> Certificate:
    """Make the certificate of a World after all clauses were examined."""
    subject, opened = examined.subject, examined.opened
    python = f"Python {sys.version.split()[0]}"
    machine = describe_machine(opened.runtime.removeprefix("v"))
    header = CertificateHeader(
        world=subject.id,
        title=subject.title,
        spec=subject.spec,
        package=CertifiedPackage(
            name=subject.package or opened.package.name,
            version=subject.version or opened.package.version,
            digest=subject.digest,
        ),
        suite=digest_suite(),
        line=subject.line or "",
        language=subject.language,
        spec_version=opened.stated_version,
        pins=subject.pins,
        environment=Environment(
            system=machine.system,
            processor=machine.processor,
            python=python,
            node=opened.runtime if subject.language == "typescript" else "",
            services=examined.services,
        ),
        processes=subject.processes,
        seed=request.seed,
        effort=request.effort,
        harness_version=harness.__version__,
        commit=find_commit() or None,
        started=examined.started,
        ended=examined.ended,
    )
    return make_certificate(header, examined.verdicts, examined.records)


def decide_all(
    subject: Subject,
    opened: Opened,
    records: Sequence[CheckRecord],
    request: CertifyRequest,
    *,
    today: date,
) -> tuple[ClauseVerdict, ...]:
    """Decide every requested clause from the records of the suite."""
    line = subject.line or ""
    return tuple(
        decide_clause(
            clause,
            level_on(clause, line),
            records,
            inapplicable=_explain(clause, line, opened),
            processes=subject.processes,
            known=request.known.get(clause.id),
            today=today,
        )
        for clause in describe_clauses().values()
        if not request.clauses or clause.id in request.clauses
    )


def look_at(ground: Ground) -> Opened:
    """Open a World once, on temporary storage.

    Raises:
        HarnessError: the World cannot be opened or reaches no server; the cause says which.
    """
    with ground.site() as site:
        world = open_first(ground, site)
        require_server(world, ground.subject, site)
        return world.opened


def _explain(clause: Clause, line: str, opened: Opened) -> str:
    return explain_inapplicable(
        clause,
        line=line,
        spec_version=opened.stated_version,
        methods=opened.methods,
        capabilities=opened.capabilities,
    )


def _run_suite(
    request: CertifyRequest, ground: Ground, watcher: CheckWatcher[CheckRecord]
) -> list[CheckRecord]:
    found: list[CheckRecord] = []

    def recorded(line: bytes) -> None:
        record = read_record(line)
        found.append(record)
        watcher.checked(record)

    with tempfile.TemporaryDirectory(dir=ground.folder, prefix="suite-") as place:
        folder = Path(place)
        parcel = folder / "parcel.json"
        write_parcel(parcel, request.subject, ground.service_urls())
        options = ["--parcel", str(parcel), "--effort", request.effort, "--seed", str(request.seed)]
        for clause in request.clauses:
            options += ["--clause", clause]
        run = SuiteRun(
            checks=(request.suite,),
            options=options,
            folder=folder,
            log=cache_folder() / "logs" / f"certify-{request.subject.id.replace('/', '-')}.log",
            workers=request.workers,
            remedy="run one clause with `--clause`; if that works, report both outcomes",
        )
        run_suite(run, planned=watcher.planned, recorded=recorded)
    return found
