"""`world-harness verify`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.certification.verification import verify
from harness.exit_codes import ExitCode
from reports.certificate.terminal import render_verification


@click.command("verify")
@click.argument("certificate", type=click.Path(path_type=Path))
def command(certificate: Path) -> ExitCode:
    """Verify a certificate, offline.

    The verdict and the checksum are computed again from the file. The exit code is that of the
    verdict, and 1 if one of them does not match.
    """
    verification = verify(certificate)
    click.echo(render_verification(verification))
    return verification.exit_code
