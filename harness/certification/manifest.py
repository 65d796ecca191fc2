"""Worlds from a `worlds-manifest.json`, the list that the SDK's own repository keeps of them."""

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

#: Part of an image's name -> service of ours.
_SERVICES = {
    "postgres": "postgres",
    "redis": "valkey",
    "valkey": "valkey",
    "mysql": "mariadb",
    "mariadb": "mariadb",
    "mongo": "mongodb",
}

#: Says which World an app loads; here the World is loaded alone.
_TARGET = "WORKFLOW_TARGET_WORLD"

#: What runs a package's command; an install's commands are on the path here.
_RUNNERS = (["pnpm", "exec"], ["npm", "exec"], ["npx", "--no-install"], ["npx"], ["yarn"])

#: A file of the repository that the package comes from; it lies in the package as well.
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

    A manifest names no line: the Worlds are for any. One that needs a deployment of its own is
    remote, nothing here can open it; credentials are the user's to give.

    Args:
        path: The manifest.
        chosen: Ids of the Worlds that are wanted: of the others nothing is asked but their id.
            `None` for all.

    Raises:
        DescriptionError: not readable, an unknown key, a wrong type, two Worlds of one id, a
            service of an unknown kind.
        UsageError: none has the id that is wanted.
    """
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise DescriptionError(
            f"{path} is no manifest of Worlds",
            cause=str(error),
            remedy='it holds {"worlds": [{"id": …, "type": …, "name": …, "package": …}]}',
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
            remedy="compare it with its neighbors in the same file",
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
            # An empty text stands for what the user has to give.
            if text and name != _TARGET
        },
        # A manifest does not say; a World without `start` is not asked.
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
        f"{place} needs the service {service.name}, which is not known",
        cause=f"no service runs the image {service.image}",
        remedy=f"known are {known}; remove the World, or the service if it runs elsewhere",
    )


def _read_setup(entry: _Entry) -> tuple[str, ...]:
    """Return a command that works beside the installed package."""
    own = _OWN_SCRIPT.fullmatch(entry.setup)
    if own:
        return ("node", f"node_modules/{entry.package}/{own['path']}")
    words = shlex.split(entry.setup)
    for runner in _RUNNERS:
        if words[: len(runner)] == runner:
            return tuple(words[len(runner) :])
    return tuple(words)


def _point_to_services(name: str, text: str, services: Mapping[str, _Service]) -> str:
    """Put a service's database in the place of the one that the manifest takes for granted."""
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
