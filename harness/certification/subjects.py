"""Resolves the name of a World and installs it: a described World, a package or a file."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.certification.origins import (
    Origin,
    digest_package,
    digest_source,
    find_package,
    find_python_module,
    read_origin,
)
from harness.descriptions import Catalog, Language, Line, World
from harness.errors import DescriptionError, UsageError, unknown
from harness.placeholders import fill, fill_all, name_databases
from harness.services.resolution import find_services
from harness.workspaces.cache import is_complete
from harness.workspaces.environments import install_environment, locate_environment
from harness.workspaces.node import find_node
from harness.workspaces.packages import (
    PackageSet,
    find_version,
    install_packages,
    locate_packages,
)
from world_harness.packages import HOME

#: Environment of every World, described or not: SDK apps listen on `PORT`.
_EVERY_WORLD = {"PORT": "{port}"}

#: Matches values that may be secrets; commands that are shown leave them out.
_SECRET = re.compile(
    r"^[^=]*(key|secret|token|passw|credential|auth|dsn)|=.*(://|@)", re.IGNORECASE
)

#: Worlds with this spec version or a later one belong to the latest line.
_LATEST_SPEC = 6


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A World to certify, with everything needed to open it.

    Installation fills in `folder`, `python`, `version` and `digest`.
    """

    id: str
    title: str
    #: The name that the user gave.
    spec: str
    #: `None` until the World is opened and `infer_line` detects it.
    line: str | None
    language: Language
    #: An npm package, the absolute path of a module, or `module:attribute`.
    entry: str
    #: Where the entry is resolved: an installation, or the folder of the file.
    folder: Path = Path()
    #: The interpreter of a Python World.
    python: str = ""
    #: The folder of its modules, if they are not in one of the packages.
    source: str = ""
    #: Package -> exact version, tag or range; or `file:` and the path of a packed package.
    packages: dict[str, str] = {}
    overrides: dict[str, str] = {}
    #: Values may contain `{storage}`, `{base_url}`, `{port}`, `{line}` and databases of services.
    env: dict[str, str] = {}
    services: tuple[str, ...] = ()
    #: Command that prepares a new database.
    setup: tuple[str, ...] = ()
    starts: bool = False
    processes: Literal["several", "one"] = "several"
    #: The package that `version` belongs to; for a module outside any package, the module.
    package: str = ""
    version: str = ""
    #: SHA-256 of the files of the package or module.
    digest: str = ""
    #: SHA-256 of a packed package.
    content: str = ""
    #: The user's options, as words of a command, without secrets.
    options: tuple[str, ...] = ()

    @property
    def pins(self) -> dict[str, str]:
        """Package -> installed version, without local paths."""
        return {
            **{
                package: self.version if version.startswith("file:") else version
                for package, version in self.packages.items()
            },
            **self.overrides,
        }

    def fill_env(
        self, *, storage: str, base_url: str, port: str, databases: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the environment variables that the World needs in addition to the usual ones.

        Args:
            storage: An empty folder.
            base_url: URL on which the app listens.
            port: The port of the app.
            databases: Service -> URL of an empty database.

        Raises:
            DescriptionError: a value has an unknown placeholder.
        """
        places = {"storage": storage, "base_url": base_url, "port": port, "line": self.line or ""}
        return fill_all(self.env, {**places, **name_databases(databases)})


def find_subject(
    spec: str,
    catalog: Catalog,
    *,
    line: str | None = None,
    env: Mapping[str, str] | None = None,
    services: Sequence[str] = (),
    setup: Sequence[str] = (),
    report: Callable[[str], None] = lambda text: None,
) -> Subject:
    """Resolve the name of a World and install it.

    Args:
        spec: `postgres`, `postgres@4.3.7`, `@acme/world@1.2.3`, `./acme-world-1.0.0.tgz`,
            `./my-world.mjs` or `my_package.worlds:create_world`.
        catalog: The descriptions.
        line: The line to certify for; `None` detects it.
        env: Environment variables to add to those of the description.
        services: Services to add to those of the description.
        setup: Replaces the setup command of the description, unless it is empty.
        report: Called with a progress line for each installation.

    Raises:
        UsageError: the name, an option or their combination is not valid.
        InstallError: the World cannot be installed.
    """
    subject = resolve_subject(
        spec, catalog, line=line, env=env or {}, services=services, setup=setup
    )
    return install_subject(subject, report=report)


def resolve_subject(
    spec: str,
    catalog: Catalog,
    *,
    line: str | None = None,
    env: Mapping[str, str] | None = None,
    services: Sequence[str] = (),
    setup: Sequence[str] = (),
) -> Subject:
    """Resolve the name of a World without installing it; arguments as :func:`find_subject`.

    Raises:
        UsageError: the name, an option or their combination is not valid.
    """
    if line is not None and line not in catalog.lines:
        raise unknown("line", line, catalog.lines)
    origin = read_origin(spec, catalog.worlds)
    if origin.world is not None:
        subject = _resolve_described(origin, origin.world, catalog.lines, line)
    else:
        subject = _resolve_stranger(origin, line)
    subject = msgspec.structs.replace(
        subject,
        env={**_EVERY_WORLD, **subject.env, **(env or {})},
        services=tuple(dict.fromkeys((*subject.services, *services))),
        setup=tuple(setup) or subject.setup,
        options=_write_options(env or {}, services, setup),
    )
    _refuse_foreign_line(subject, catalog.lines)
    for service in subject.services:
        if service not in (known := find_services()):
            raise unknown("service", service, known)
    _check_env(subject, services)
    return subject


def install_subject(
    subject: Subject, *, report: Callable[[str], None] = lambda text: None
) -> Subject:
    """Install a resolved subject in its own environment, unless it is installed already.

    Raises:
        InstallError: a package or version does not exist, or cannot be installed.
    """
    if not subject.packages:
        return _complete_module(subject)
    if subject.language == "python":
        if not is_complete(locate_environment(subject.id, subject.packages)):
            report(f"installing {_write_packages(subject)}")
        python = install_environment(subject.id, subject.packages)
        folder = python.parents[1]
        subject = msgspec.structs.replace(subject, folder=folder, python=str(python))
        if subject.source:
            return msgspec.structs.replace(subject, digest=digest_source(Path(subject.source)))
        return msgspec.structs.replace(
            subject,
            version=subject.packages[subject.package],
            digest=digest_package(folder, subject.package, language="python"),
        )
    node = find_node()
    pins = {
        package: version if _is_exact(version) else find_version(package, version, node)
        for package, version in subject.packages.items()
    }
    subject = msgspec.structs.replace(subject, packages=pins)
    packages = PackageSet(
        title=subject.id, pins=pins, overrides=subject.overrides, content=subject.content
    )
    if not is_complete(locate_packages(packages, node)):
        report(f"installing {_write_packages(subject)}")
    folder = install_packages(packages, node)
    package = find_package(folder / "node_modules" / subject.package / "package.json")
    return msgspec.structs.replace(
        subject,
        folder=folder,
        version=package.version,
        digest=digest_package(folder, subject.package),
    )


def infer_line(language: Language, shape: str, spec_version: int | None) -> str:
    """Return the line of a World for which the user chose none.

    Args:
        language: The language of the World.
        shape: The interface of the World: `v4`, `v5` or `py`.
        spec_version: The spec version that the World states.
    """
    if shape == "py" or (language == "python" and shape not in {"v4", "v5"}):
        return "py"
    if spec_version is not None and spec_version >= _LATEST_SPEC:
        return "v5-latest"
    return "v5" if shape == "v5" else "v4"


def _resolve_described(
    origin: Origin, world: World, lines: Mapping[str, Line], line: str | None
) -> Subject:
    if world.remote:
        raise UsageError(
            f"{world.id} cannot be certified",
            cause="it is only reachable by URL, so the harness cannot call its methods",
            remedy="certify the package of the World that the app uses",
        )
    if line is None:
        line = _choose_line(origin.version, world, lines)
    elif not {line, "*"} & world.packages.keys() and not origin.version:
        reason = world.impossible.get(line) or f"its description names no package for line {line}"
        raise UsageError(
            f"{world.id} has no release for line {line}",
            cause=reason,
            remedy=f"choose one of its lines ({', '.join(world.packages)}) or name a version, "
            f"{world.id}@…",
        )
    world = world.on(line)
    packages = world.pins_for(line)
    if origin.version and not world.package:
        raise UsageError(
            f"{world.id} has no versions to choose from" + (f" on line {line}" if line else ""),
            cause="it is not a separate package",
            remedy=f"name {world.id} without a version",
        )
    if origin.version:
        packages = {**packages, world.package: origin.version}
    release = world.release_of(packages.get(world.package, ""))
    return Subject(
        id=world.id,
        title=world.title,
        spec=origin.spec,
        line=line,
        language=world.language,
        entry=world.entry,
        source=world.source,
        packages=packages,
        overrides=release.overrides,
        env={**world.env, **release.env},
        services=world.services,
        setup=world.setup if release.setup is None else release.setup,
        starts=world.starts,
        processes=world.processes,
        package=world.package,
        version=packages.get(world.package, ""),
    )


def _choose_line(version: str, world: World, lines: Mapping[str, Line]) -> str | None:
    """Return the newest line of a World, or the line that the named version belongs to."""
    pins = {
        line: world.packages[line].get(world.package) for line in lines if line in world.packages
    }
    if not version:
        return next(reversed(pins), None)
    exact = [line for line, pin in pins.items() if pin == version]
    major = version.partition(".")[0]
    alike = [line for line, pin in pins.items() if pin and pin.partition(".")[0] == major]
    return next(iter([*exact, *alike]), None)


def _resolve_stranger(origin: Origin, line: str | None) -> Subject:
    """Resolve a World without a description: a package, a packed package or a module."""
    return Subject(
        id=origin.id,
        title=origin.id,
        spec=origin.spec,
        line=line,
        language=origin.language,
        entry=origin.entry,
        folder=origin.folder,
        packages=origin.packages,
        # The World may require it; a World without `start` is not started.
        starts=True,
        package=origin.package,
        version=origin.version,
        content=origin.content,
    )


def _refuse_foreign_line(subject: Subject, lines: Mapping[str, Line]) -> None:
    line = subject.line
    if line and subject.language == "typescript" and lines[line].language != "typescript":
        fitting = [name for name, item in lines.items() if item.language == "typescript"]
        raise UsageError(
            f"{subject.id} cannot be certified for line {line}",
            cause=f"the line is for {lines[line].language}, but the World is written in TypeScript",
            remedy=f"choose from {', '.join(fitting)}, or omit --line",
        )


def _check_env(subject: Subject, added: Sequence[str]) -> None:
    """Refuse values with unknown placeholders, and services whose URL the World does not get."""
    known = ["storage", "base_url", "port", *(["line"] if subject.line else [])]
    values = {**dict.fromkeys(known, ""), **name_databases(dict.fromkeys(subject.services, ""))}
    for name, text in subject.env.items():
        try:
            fill(text, values)
        except DescriptionError as error:
            # Do not quote the value: it may be a secret.
            raise UsageError(
                f"the value of {name} has a placeholder that cannot be replaced",
                cause=error.cause,
                remedy=f"{error.remedy}; name a service with --service to use its placeholder",
            ) from error
    for service in added:
        if not any(_names(text, service) for text in subject.env.values()):
            raise UsageError(
                f"{subject.id} does not get the URL of its service {service}",
                remedy=f"add --env NAME={{{service}}}; NAME is the variable that the World reads",
            )


def _write_options(
    env: Mapping[str, str], services: Sequence[str], setup: Sequence[str]
) -> tuple[str, ...]:
    shown = {
        name: "…" if _SECRET.search(f"{name}={value}") else value for name, value in env.items()
    }
    words = [word for name, value in shown.items() for word in ("--env", f"{name}={value}")]
    words += [word for name in services for word in ("--service", name)]
    return (*words, *(("--setup", shlex.join(setup)) if setup else ()))


def _names(text: str, service: str) -> bool:
    return f"{{{service}}}" in text or f"{{{service}_database}}" in text


def _complete_module(subject: Subject) -> Subject:
    if subject.language == "typescript":
        path = Path(subject.entry)
        return msgspec.structs.replace(subject, digest=digest_source(path))
    # A described World without packages is part of the harness.
    first = [subject.folder if subject.folder.is_absolute() else HOME]
    found = find_python_module(subject.entry.partition(":")[0], first)
    return msgspec.structs.replace(
        subject,
        folder=found.folder,
        python=sys.executable,
        digest=digest_source(found.path),
        package=subject.package or found.name,
    )


def _is_exact(version: str) -> bool:
    return version.startswith("file:") or (version[:1].isdigit() and version.count(".") >= 2)


def _write_packages(subject: Subject) -> str:
    return " ".join(f"{name} {pin}" for name, pin in subject.packages.items())
