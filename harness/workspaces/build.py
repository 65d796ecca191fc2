"""Apps: built once per content, inside the install whose packages they use."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.descriptions import Framework
from harness.errors import BuildError, UsageError
from harness.programs.commands import run_logged
from harness.workspaces.cache import cache_folder, digest, is_complete, obtain
from harness.workspaces.install import Install


def locate_app(
    install: Install,
    name: str,
    files: Mapping[str, bytes],
    command: Sequence[str],
    env: Mapping[str, str],
) -> Path:
    """Return the folder of the app with exactly this content; it may not exist yet."""
    key = digest({"files": files, "command": command, "env": env})
    return install.folder / "apps" / f"{name}-{key}"


def is_built(folder: Path) -> bool:
    """Return whether the app is built."""
    return is_complete(folder)


def build_app(
    install: Install,
    name: str,
    files: Mapping[str, bytes],
    command: Sequence[str],
    env: Mapping[str, str],
    base: Mapping[str, str],
) -> Path:
    """Write an app's files below the install and build it, unless it is built already.

    Args:
        install: The install; module resolution goes up from the app to its packages.
        name: The app's name; the digest of its content is added.
        files: Path inside the app -> content.
        command: The build command; its program is looked up in the PATH of `base`.
        env: Additional environment of the build, on which its result depends.
        base: The environment of every program of the install.

    Returns:
        The app's folder.

    Raises:
        BuildError: quotes the end of the build's log.
    """

    def make(folder: Path) -> None:
        write_files(folder, files)
        run_logged(
            command,
            folder=folder,
            env={**base, **env},
            log=cache_folder() / "logs" / f"{install.line}-{folder.name}.build.log",
            failure=BuildError,
            what=f"cannot build the app {name} of line {install.line}",
            remedy="read the build's log, then run again: that writes the app's files from scratch",
        )

    return obtain(locate_app(install, name, files, command, env), make)


def require_dev_server(framework: Framework) -> None:
    """Refuse a framework that has no dev server.

    Raises:
        UsageError: its recipe has no `dev`.
    """
    if not framework.dev:
        raise UsageError(
            f"framework {framework.id} has no dev server",
            remedy="run its build instead, or add `dev` to the framework's recipe",
        )


@contextlib.contextmanager
def write_temporary_app(install: Install, name: str, files: Mapping[str, bytes]) -> Iterator[Path]:
    """Write an app's files below the install for a dev server, which adds its own files there."""
    apps = install.folder / "apps"
    apps.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=apps, prefix=f"dev-{name}-", ignore_cleanup_errors=True
    ) as place:
        write_files(Path(place), files)
        yield Path(place)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files (path -> content) below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
