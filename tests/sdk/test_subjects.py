"""Real packages, installed alone, as `find_subject` does for a certification."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.certification.subjects import find_subject
from harness.descriptions import Catalog
from harness.errors import InstallError
from harness.inside import PYTHON_SDK
from harness.workspaces.node import find_node

pytestmark = pytest.mark.sdk


def load(entry: str, folder: Path) -> str:
    """Return what a package exports, comma-separated."""
    node = find_node()
    program = f"import * as it from '{entry}'; console.log(Object.keys(it).join())"
    done = subprocess.run(
        [node.folder / "node", "--input-type=module", "-e", program],
        cwd=folder,
        env=node.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("spec", "line"),
    [("local@4.4.1", "v4"), ("local", "v5-latest"), ("starter", "v4")],
)
def test_a_package_loads_and_is_installed_once(catalog: Catalog, spec: str, line: str) -> None:
    subject = find_subject(spec, catalog)
    assert subject.line == line
    assert "World" in load(subject.entry, subject.folder)
    said: list[str] = []
    assert find_subject(spec, catalog, report=said.append) == subject
    assert not said


def test_a_release_that_pins_what_was_never_published_loads(catalog: Catalog) -> None:
    subject = find_subject("postgres@5.0.0-beta.29", catalog)
    assert "createWorld" in load(subject.entry, subject.folder)


def test_a_packed_package_is_the_same_world(catalog: Catalog, tmp_path: Path) -> None:
    published = find_subject("starter", catalog)
    node = find_node()
    source = published.folder / "node_modules" / published.package
    subprocess.run(
        [node.folder / "npm", "pack", "--pack-destination", tmp_path, source],
        env=node.environment(),
        capture_output=True,
        check=True,
    )
    (packed,) = tmp_path.iterdir()
    subject = find_subject(str(packed), catalog)
    assert (subject.package, subject.version) == (published.package, published.version)
    assert "createWorld" in load(subject.entry, subject.folder)


def test_a_version_that_does_not_exist(catalog: Catalog) -> None:
    with pytest.raises(InstallError, match=r"world-local has no version 4\.99\.99") as caught:
        find_subject("local@4.99.99", catalog)
    assert "choose from 5.0.0-beta." in caught.value.remedy


def test_a_package_that_does_not_exist(catalog: Catalog) -> None:
    with pytest.raises(InstallError, match="registry has no package"):
        find_subject("@workflow-worlds/there-is-none@1.0.0", catalog)


def test_the_python_sdks_world_has_an_environment_of_its_own(catalog: Catalog) -> None:
    subject = find_subject("python-local", catalog)
    module, _, name = subject.entry.partition(":")
    done = subprocess.run(
        [subject.python, "-c", f"from {module} import {name}; print({name}.__name__)"],
        env={**os.environ, "PYTHONPATH": str(PYTHON_SDK)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "LocalWorld"


def test_a_python_version_that_does_not_exist(catalog: Catalog) -> None:
    with pytest.raises(InstallError, match=r"vercel-workflow has no version 99\.0\.0") as caught:
        find_subject("python-local@99.0.0", catalog)
    assert "0.12.0" in caught.value.remedy
