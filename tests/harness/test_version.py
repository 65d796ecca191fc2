"""A version comes from the tags; where there are none, it still sorts after every earlier one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.version import Version

import harness
from harness import machine
from harness.errors import HarnessError
from tests import ROOT

FIRST = Version("0.1.0")
PARTS = ("pyproject.toml", "README.md", "LICENSE", ".gitattributes", ".git_archival.txt")


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    with (folder / "README.md").open("a", encoding="utf-8") as file:
        file.write("\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "Change it")


def find_version(folder: Path) -> Version:
    """Return the version that a build in a folder gives its package."""
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "version"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return Version(built.stdout.strip())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository of one commit, with all that a version is made from."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for part in PARTS:
        shutil.copy(ROOT / part, folder)
    git(folder, "init", "--initial-branch", "main")
    commit(folder)
    return folder


def export(repository: Path, folder: Path) -> Path:
    """Unpack an archive of the last commit, which holds no repository."""
    archive = folder / "archive.tar"
    git(repository, "archive", "--output", str(archive), "HEAD")
    with tarfile.open(archive) as opened:
        opened.extractall(folder / "export", filter="data")
    return folder / "export"


#: Finds the packages of the checkout, and nothing that is installed.
CHECKOUT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "harness/entry")])}


class TestVersion:
    def test_of_a_tagged_commit_is_the_tag(self, repository: Path) -> None:
        git(repository, "tag", "v3.1.4")
        assert str(find_version(repository)) == "3.1.4"

    def test_of_a_later_commit_sorts_after_the_tag_and_names_the_commit(
        self, repository: Path
    ) -> None:
        git(repository, "tag", "v3.1.4")
        commit(repository)
        version = find_version(repository)
        assert Version("3.1.4") < version < Version("3.1.5")
        assert version.local is not None
        assert version.local.startswith("g")

    def test_without_any_tag_sorts_after_the_first_one(self, repository: Path) -> None:
        assert find_version(repository) > FIRST

    def test_of_a_shallow_clone_sorts_after_the_first_one(
        self, repository: Path, tmp_path: Path
    ) -> None:
        git(repository, "tag", "v3.1.4")
        commit(repository)
        git(tmp_path, "clone", "--depth", "1", repository.as_uri(), "shallow")
        assert find_version(tmp_path / "shallow") > FIRST

    def test_of_an_exported_release_is_its_tag(self, repository: Path, tmp_path: Path) -> None:
        git(repository, "tag", "v3.1.4")
        assert str(find_version(export(repository, tmp_path))) == "3.1.4"

    def test_of_an_export_without_any_tag_sorts_after_the_first_one(
        self, repository: Path, tmp_path: Path
    ) -> None:
        assert find_version(export(repository, tmp_path)) > FIRST

    def test_of_the_installed_package_is_what_the_module_says(self) -> None:
        shown = subprocess.run(
            [Path(sys.executable).parent / "world-harness", "--version"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert shown.endswith(f" {harness.__version__}\n")

    def test_is_not_read_when_the_harness_is_imported(self) -> None:
        program = "import sys, harness; sys.exit('importlib.metadata' in sys.modules)"
        subprocess.run([sys.executable, "-S", "-c", program], check=True, cwd=ROOT, env=CHECKOUT)

    def test_is_refused_where_nothing_is_installed(self) -> None:
        program = "import harness; harness.__version__"
        done = subprocess.run(
            [sys.executable, "-S", "-c", program],
            check=False,
            cwd=ROOT,
            env=CHECKOUT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert HarnessError.__name__ in done.stderr
        assert "pip install ." in done.stderr


class TestCommit:
    @pytest.fixture
    def installed(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return the folder of a harness that is installed inside a repository."""
        packages = repository / "environment" / "site-packages"
        (packages / "harness").mkdir(parents=True)
        monkeypatch.setattr(machine, "__file__", str(packages / "harness" / "machine.py"))
        return packages

    def test_of_the_surrounding_project_is_not_that_of_the_harness(self, installed: Path) -> None:
        assert machine.find_commit() == ""

    def test_of_a_checkout_is_the_one_of_the_harness(self, installed: Path) -> None:
        git(installed, "init", "--initial-branch", "main")
        commit(installed)
        assert len(machine.find_commit()) >= 7
