"""Reads Worlds from `worlds-manifest.json`, the list of Worlds in the SDK's repository."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from harness.descriptions import World
from harness.errors import DescriptionError, unknown

#: Prefix of a Docker image's name -> service of the harness.
_SERVICES = {
    "postgres": "postgres",
    "redis": "valkey",
    "valkey": "valkey",
    "mysql": "mariadb",
    "mariadb": "mariadb",
    "mongo": "mongodb",
}

#: Tells an app which World to load; not needed, because the harness loads the World itself.
_TARGET = "WORKFLOW_TARGET_WORLD"

#: Commands that run a package's command; the harness puts installed commands on the path.
_RUNNERS = (["pnpm", "exec"], ["npm", "exec"], ["npx", "--no-install"], ["npx"], ["yarn"])

#: A script in the repository of the package; the published package contains it as well.
_OWN_SCRIPT = re.compile(r"\./packages/[^/\s]+/(?P<path>\S+)")


class _HealthCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    cmd: str
    interval: str = ""
    timeout: str = ""
    retries: int = 0
    start_period: str = ""


class _Service(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True
):
    name: str
    image: str
    ports: tuple[str, ...] = ()
    env: dict[str, str] = {}
    args: tuple[str, ...] = ()
    health_check: _HealthCheck | None = None


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    id: str
    type: Literal["official", "community"]
    package: str
    name: str
    version: str = ""
    description: str = ""
    docs: str = ""
    repository: str = ""
    example: str = ""
    features: tuple[str, ...] = ()
    env: dict[str, str] = {}
    services: tuple[_Service, ...] = ()
    setup: str = ""
    requires_deployment: bool = False
    requires_credentials: bool = False
    credentials_note: str = ""


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    worlds: tuple[dict[str, Any], ...]


def read_manifest(path: Path, chosen: Collection[str] | None = None) -> dict[str, World]:
    """Read the Worlds of a manifest, by id.

    A manifest names no line, so its Worlds are for every line. A World that needs its own
    deployment is remote: the harness cannot open it. The user supplies credentials.

    Args:
        path: The manifest.
        chosen: Ids of the Worlds to read; `None` for all. The others need only a valid id.

    Raises:
        DescriptionError: the file is unreadable, or has an unknown key, a wrong type, two Worlds
        with the same id, or an unknown service.
        UsageError: no World has a chosen id.
    """
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise DescriptionError(
            f"{path} is not a valid manifest of Worlds",
            cause=str(error),
            remedy='write {"worlds": [{"id": …, "type": …, "name": …, "package": …}]}',
        ) from error
    tables: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for number, table in enumerate(manifest.worlds):
        name = str(table.get("id", ""))
        if name in tables:
            raise DescriptionError(f"{path} describes {name!r} twice", remedy="rename one of them")
        tables[name] = (f"worlds[{number}] ({name or 'without id'}) of {path}", table)
    for name in chosen or ():
        if name not in tables:
            raise unknown("World", name, tables)
    return {
        name: _describe(place, table)
        for name, (place, table) in tables.items()
        if chosen is None or name in chosen
    }


def _describe(place: str, table: Mapping[str, Any]) -> World:
    try:
        entry = msgspec.convert(table, _Entry)
    except msgspec.ValidationError as error:
        raise DescriptionError(
            f"{place} does not describe a World",
            cause=str(error),
            remedy="compare it with the other entries of the file",
        ) from error
    services = {_map_service(place, item): item for item in entry.services}
    return World(
        id=entry.id,
        title=entry.name,
        section=entry.name,
        description=f"{entry.description} {entry.credentials_note}".strip(),
        packages={"*": {entry.package: entry.version or "latest"}},
        entry=entry.package,
        services=tuple(services),
        setup=_read_setup(entry),
        env={
            name: _point_to_services(name, text, services)
            for name, text in entry.env.items()
            # An empty value is one that the user must supply.
            if text and name != _TARGET
        },
        # A manifest does not say whether a World has `start`; one without it is not started.
        starts=True,
        remote=entry.requires_deployment,
    )


def _map_service(place: str, service: _Service) -> str:
    image = service.image.rpartition("/")[2].partition(":")[0]
    for name, ours in _SERVICES.items():
        if image.startswith(name):
            return ours
    known = ", ".join(sorted(set(_SERVICES.values())))
    raise DescriptionError(
        f"{place} needs the service {service.name}, which the harness does not know",
        cause=f"no service runs the image {service.image}",
        remedy=f"use one of {known}; or remove the World, or a service that runs elsewhere",
    )


def _read_setup(entry: _Entry) -> tuple[str, ...]:
    """Return a setup command that works in the folder of the installed package."""
    own = _OWN_SCRIPT.fullmatch(entry.setup)
    if own:
        return ("node", f"node_modules/{entry.package}/{own['path']}")
    words = shlex.split(entry.setup)
    for runner in _RUNNERS:
        if words[: len(runner)] == runner:
            return tuple(words[len(runner) :])
    return tuple(words)


def _point_to_services(name: str, text: str, services: Mapping[str, _Service]) -> str:
    """Replace the database URL or name of the manifest by a placeholder for a service's."""
    for service, item in services.items():
        if _find_port(text) in {port.partition(":")[0] for port in item.ports}:
            return f"{{{service}}}"
        if name.endswith("_DATABASE_NAME"):
            return f"{{{service}_database}}"
    return text.replace("{", "{{").replace("}", "}}")


def _find_port(url: str) -> str:
    try:
        return str(urlsplit(url).port)
    except ValueError:
        return ""
