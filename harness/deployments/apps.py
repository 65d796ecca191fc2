"""The files of a cell's app: the framework's few, and what it is to hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from harness.deployments import frameworks
from harness.descriptions import Framework, World

#: An exported function whose first words say that it is a workflow.
_WORKFLOW = re.compile(r"export async function (\w+)\([^{]*\{\s*[\"']use workflow[\"']", re.DOTALL)

#: How the app names its World, at build time (v5) and at run time (v4).
TARGET_WORLD = {"WORKFLOW_TARGET_WORLD": "./harness/world.mjs"}


class Contents(msgspec.Struct, frozen=True):
    """What an app holds beside its framework's files."""

    #: Says what the app is for; part of its build's name.
    id: str
    #: Folder of `app.ts`, which answers requests, and `world.mjs`, from which the World comes.
    answering: Path
    #: Folder of the TypeScript workflows.
    workflows: Path

    def list_workflows(self) -> set[str]:
        """Return the names of the workflows, as the sources export them."""
        sources = (path.read_text(encoding="utf-8") for path in self.workflows.glob("*.ts"))
        return {found for text in sources for found in _WORKFLOW.findall(text)}


def assemble_app(
    line: str,
    framework: Framework,
    world: World,
    contents: Contents,
    *,
    framework_folder: Path = frameworks.FOLDER,
) -> dict[str, bytes]:
    """Return the files of an app: path inside the app -> content.

    Args:
        line: The line that it is built with.
        framework: Its files stand in the folder of its id.
        world: The app's World is created from its `entry`.
        contents: What it is to hold.
        framework_folder: Where the frameworks' folders stand.
    """
    identity = {
        "line": line,
        "framework": framework.id,
        "world": world.id,
        "startsWorld": world.starts,
    }
    manifest = {"name": "app", "private": True, "type": "module"}
    return {
        "package.json": msgspec.json.encode(manifest),
        **dict(_read_files(framework_folder / framework.id, skip="recipe.toml")),
        **dict(_read_files(contents.workflows, prefix="workflows/", suffix=".ts")),
        **dict(_read_files(contents.answering, prefix="harness/")),
        "harness/identity.mjs": _export_default(identity),
        "harness/subject.mjs": (
            f'import * as subject from "{world.entry}";\nexport {{ subject }};\n'.encode()
        ),
    }


def _export_default(value: Mapping[str, object]) -> bytes:
    return b"export default " + msgspec.json.encode(value) + b";\n"


def _read_files(
    folder: Path, *, prefix: str = "", suffix: str = "", skip: str = ""
) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob(f"*{suffix}")):
        if path.is_file() and path.name != skip and "__pycache__" not in path.parts:
            yield prefix + path.relative_to(folder).as_posix(), path.read_bytes()
