"""Options that several commands have, with one meaning."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from harness.deployments.launcher import Remote
from harness.descriptions import Mode
from harness.errors import UsageError, unknown
from harness.measure.plan import Choice

F = TypeVar("F", bound=Callable[..., Any])

#: The help of every option that takes one line.
LINE_HELP = "The release line of the SDK: v4, v5, v5-latest (TypeScript) or py (Python)."

profile_option = click.option(
    "--profile",
    default="quick",
    show_default=True,
    metavar="NAME",
    help="How much to measure; `world-harness list` names the profiles. Other options override it.",
)
seed_option = click.option(
    "--seed",
    type=int,
    help="Seed for order and data. Default: random.",
)
services_option = click.option(
    "--services",
    type=click.Choice(["auto", "external", "embedded", "container"]),
    default="auto",
    show_default=True,
    help="Where to get a server that the World needs: external (a URL you set), embedded (a wheel "
    "or an installed program) or container (Docker). auto uses the URL if you set one; otherwise "
    "it tries embedded, then container.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="The folder to write to.",
)
pin_option = click.option(
    "--pin",
    "pins",
    multiple=True,
    metavar="NAME@VERSION|PLACE",
    help="Use this version of a package: exact, packed (.tgz), or a checkout (./folder, "
    "./folder@COMMIT). Repeatable.",
)
app_workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that serve each app, where framework and World allow several.",
)


#: How apps can be run, in the order of work.
_MODES = get_args(Mode)


def _split(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(name for text in given for name in text.split(",") if name)


def names_option(option: str, parameter: str, text: str) -> Callable[[F], F]:
    """Make an option that takes several names: with commas, or repeated."""
    return click.option(
        option, parameter, multiple=True, callback=_split, metavar="NAME,...", help=text
    )


def _filter_option(option: str, parameter: str, kind: str, examples: str) -> Callable[[F], F]:
    text = f"Only these {kind}, for example {examples}. `world-harness list` shows them."
    return names_option(option, parameter, text)


def _read_modes(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    names = _split(context, option, given)
    for name in names:
        if name not in _MODES:
            raise unknown("mode", name, _MODES, source="`bench --help` describes them")
    return tuple(mode for mode in _MODES if mode in names)


_mode_option = click.option(
    "--mode",
    "modes",
    multiple=True,
    callback=_read_modes,
    metavar="NAME,...",
    help="How apps are run: production (a build; the default) or development (the framework's "
    "dev server).",
)


def choice_options(*, scenarios: bool, modes: bool = False) -> Callable[[F], Callable[..., Any]]:
    """Give a command the options that choose cells; it gets their values as `choice`.

    Args:
        scenarios: Whether scenarios can be chosen, too.
        modes: Whether it can be chosen how apps are run.
    """

    def decorate(command: F) -> Callable[..., Any]:
        @functools.wraps(command)
        def choose(**given: Any) -> Any:
            fields = {name: given.pop(name) for name in Choice.__struct_fields__ if name in given}
            return command(choice=Choice(**fields), **given)

        options = [
            _filter_option("--line", "lines", "SDK release lines", "v4,v5 or v*"),
            _filter_option("--framework", "frameworks", "frameworks", "express,next"),
            _filter_option("--world", "worlds", "Worlds", "local,postgres"),
        ]
        if modes:
            options.append(_mode_option)
        if scenarios:
            examples = "one-step or sequential-*"
            options.append(_filter_option("--scenario", "scenarios", "scenarios", examples))
        return add_options(choose, options)

    return decorate


def remote_options(command: F) -> Callable[..., Any]:
    """Give a command the options that name an app elsewhere; it gets them as `remote`."""

    @functools.wraps(command)
    def reach(*, url: str | None, headers: dict[str, str], **given: Any) -> Any:
        return command(remote=Remote(url, headers) if url else None, **given)

    return add_options(
        reach,
        [
            click.option(
                "--url",
                help="Base URL of an app that is already deployed (see `world-harness export`).",
            ),
            click.option(
                "--header",
                "headers",
                multiple=True,
                callback=_parse_headers,
                metavar="NAME:VALUE",
                help="Send this header to --url. Repeatable.",
            ),
        ],
    )


def add_options(
    command: Callable[..., Any], options: Iterable[Callable[..., Any]]
) -> Callable[..., Any]:
    """Give a command options, in their order in its help."""
    for option in reversed([*options]):
        command = option(command)
    return command


def _parse_headers(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    headers = {}
    for text in given:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not (name and colon and (name + value).isascii() and (name + value).isprintable()):
            # Without quoting it: it can hold a secret.
            raise click.BadParameter("write it as 'name: value', in printable ASCII")
        headers[name] = value
    return headers


if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    # It is generic for type checkers, and from click 8.2 on.
    _Choice = click.Choice


class Name(_Choice):
    """One of some names; another one is answered with those that are close to it.

    Args:
        kind: What has these names.
        names: The names.
    """

    def __init__(self, kind: str, names: Iterable[str]) -> None:
        super().__init__(list(names))
        self._kind = kind

    def convert(self, value: Any, option: click.Parameter | None, context: Any) -> str:
        """Return the name.

        Raises:
            UsageError: nothing has this name.
        """
        if value not in self.choices:
            raise explain_name(self._kind, str(value), self.choices)
        return str(value)


def explain_name(
    kind: str, name: str, known: Iterable[str], see: str = "certify --help"
) -> UsageError:
    """Make the error for a name that nothing has; `see` is the command that shows the others."""
    return unknown(kind, name, known, source=f"`world-harness {see}` shows them")
