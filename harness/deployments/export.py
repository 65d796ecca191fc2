"""A cell's app as a project of its own, to be deployed by somebody else."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from harness.deployments.apps import TARGET_WORLD, Contents, assemble_app
from harness.descriptions import Catalog, Cell
from harness.errors import UsageError, unknown
from harness.workspaces.build import write_files
from harness.workspaces.install import pin_packages


def export_app(
    catalog: Catalog, line: str, framework: str, world: str, contents: Contents, folder: Path
) -> None:
    """Write an app's files, with a `package.json` that installs and builds it.

    Raises:
        UsageError: an unknown name, a combination that cannot exist, a folder that is not empty.
    """
    for kind, name, known in (
        ("line", line, catalog.lines),
        ("framework", framework, catalog.frameworks),
        ("world", world, catalog.worlds),
    ):
        if name not in known:
            raise unknown(kind, name, known)
    reason = catalog.explain_impossible(Cell(line, framework, world))
    if reason:
        raise UsageError(f"{framework} x {world} cannot exist on line {line}", cause=reason)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", remedy="name a new folder")
    recipe = catalog.frameworks[framework]
    subject = catalog.worlds[world]
    target = [f"{name}={value}" for name, value in TARGET_WORLD.items()]
    manifest = {
        "name": "world-harness-app",
        "private": True,
        "type": "module",
        "scripts": {
            "build": " ".join(["env", *target, shlex.join(recipe.build)]),
        },
        "dependencies": pin_packages(catalog.lines[line], [recipe], [subject]),
    }
    files = assemble_app(line, recipe, subject, contents)
    write_files(
        folder, {**files, "package.json": msgspec.json.format(msgspec.json.encode(manifest))}
    )
