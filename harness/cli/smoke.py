"""`world-harness smoke`."""

from __future__ import annotations

import click

from harness.certification.sites import open_ground
from harness.certification.smoke import smoke
from harness.certification.subjects import infer_line
from harness.cli.options import services_option
from harness.cli.world_options import Named, subject_options
from harness.exit_codes import ExitCode
from harness.services.resolution import ServicePreference
from reports.certificate.terminal import render_smoke


@click.command("smoke")
@subject_options
@services_option
def command(named: Named, services: ServicePreference) -> ExitCode:
    """Check in seconds whether a World loads and answers.

    SPEC names the World, as for certify.
    """
    subject = named.find()
    with open_ground(subject, services=services) as ground:
        opened, findings = smoke(ground)
    line = subject.line or infer_line(subject.language, opened.shape, opened.stated_version)
    click.echo(render_smoke(subject, line, opened, findings))
    is_wrong = any(finding.state == "wrong" for finding in findings)
    return ExitCode.FAILED if is_wrong else ExitCode.GOOD
