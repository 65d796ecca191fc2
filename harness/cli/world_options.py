"""The World that `certify` and `smoke` run on: its options, and finding it."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from harness.certification.manifest import read_manifest
from harness.certification.subjects import Subject, find_subject
from harness.cli.options import Name, add_options
from harness.contract.clauses import LINES
from suites import catalog


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


def _split_words(context: click.Context, option: click.Parameter, given: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(given))
    except ValueError as error:
        raise click.BadParameter(f"it is not a valid command: {error}") from error


_OPTIONS = (
    click.argument("spec"),
    click.option(
        "--line", type=Name("line", LINES), help="The SDK line; detected from the World by default."
    ),
    click.option(
        "--env",
        multiple=True,
        callback=_parse_env,
        metavar="NAME=VALUE",
        help="A variable in the World's environment; {storage}, {port} and {<service>} are "
        "filled in. Repeatable.",
    ),
    click.option(
        "--service",
        multiple=True,
        metavar="NAME",
        help="A server that the World needs. Repeatable.",
    ),
    click.option(
        "--setup",
        default="",
        callback=_split_words,
        metavar="COMMAND",
        help="The command that prepares an empty database.",
    ),
    click.option(
        "--manifest",
        type=click.Path(path_type=Path),
        help="A worlds-manifest.json that describes more Worlds.",
    ),
)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A World as a user names it."""

    spec: str
    line: str | None
    env: dict[str, str]
    service: tuple[str, ...]
    setup: tuple[str, ...]
    manifest: Path | None

    def find(self) -> Subject:
        """Find it and install it.

        Raises:
            HarnessError: it cannot be found or installed.
        """
        described = catalog.read_catalog()
        if self.manifest is not None:
            described = described.with_worlds(read_manifest(self.manifest))
        return find_subject(
            self.spec,
            described,
            line=self.line,
            env=self.env,
            services=self.service,
            setup=self.setup,
            report=lambda text: click.echo(text, err=True),
        )


def subject_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a World; it gets their values as `named`."""

    @functools.wraps(command)
    def name(**given: Any) -> Any:
        fields = {field: given.pop(field) for field in Named.__struct_fields__}
        return command(named=Named(**fields), **given)

    return add_options(name, _OPTIONS)
