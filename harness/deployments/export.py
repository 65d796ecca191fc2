"""A cell's app as a standalone project, to be deployed elsewhere."""

from __future__ import annotations

from pathlib import Path

from harness.deployments.apps import Contents, assemble_app, shape_of
from harness.descriptions import Catalog, Cell
from harness.errors import UsageError, unknown
from harness.workspaces.build import write_files
from harness.workspaces.install import pin_packages


def export_app(
    catalog: Catalog, line: str, framework: str, world: str, contents: Contents, folder: Path
) -> str:
    """Write an app's files as a project; return the command that prepares it for deployment.

    Raises:
        UsageError: a name is unknown, the combination cannot exist, or the folder is not empty.
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
        raise UsageError(f"{folder} is not empty", remedy="give a new folder")
    described = catalog.lines[line]
    recipe = catalog.frameworks[framework]
    subject = catalog.worlds[world].on(line)
    shape = shape_of(described.language)
    files = assemble_app(
        described, recipe, subject, contents, catalog.list_modules(described.language)
    )
    project = shape.describe_project(pin_packages(described, [recipe], [subject]), recipe)
    write_files(folder, {**files, **project})
    return shape.make_ready
