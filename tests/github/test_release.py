"""A release is a tag, is tried before it is published, and is published without a secret."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.github.reading import read_code, read_jobs, read_script

JOBS = read_jobs("release")


def test_only_a_tag_makes_a_release() -> None:
    code = "\n".join(read_code(ROOT / ".github" / "workflows" / "release.yml"))
    assert 'on:\n  push:\n    tags: ["v[0-9]*"]\n\n' in code


def test_the_build_knows_all_tags() -> None:
    checkout = JOBS["build"]["steps"][0]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"]["fetch-depth"] == 0


def test_the_wheel_is_tried_without_a_checkout_before_it_is_published() -> None:
    steps = JOBS["try"]["steps"]
    assert not [step for step in steps if "checkout" in step.get("uses", "")]
    assert JOBS["try"]["needs"] == "build"
    assert JOBS["publish"]["needs"] == "try"


def test_only_the_job_that_publishes_can_get_a_token_and_it_runs_no_code_of_the_project() -> None:
    asking = [name for name, job in JOBS.items() if "id-token" in job["permissions"]]
    assert asking == ["publish"]
    assert JOBS["publish"]["environment"] == "pypi"
    used = [step["uses"].partition("@")[0] for step in JOBS["publish"]["steps"]]
    assert used == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]


class TestTag:
    """The script that holds the build to the tag."""

    def check(self, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
        (folder / "dist").mkdir()
        (folder / "dist" / "world_harness-1.2.3-py3-none-any.whl").touch()
        return subprocess.run(
            ["bash", "-e", "-c", read_script("release", "Check that the version is the tag")],
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "TAG": tag},
        )

    def test_that_the_version_was_made_from_is_taken(self, tmp_path: Path) -> None:
        assert self.check(tmp_path, "v1.2.3").returncode == 0

    @pytest.mark.parametrize("tag", ["v1.2.4", "v1.2.3.dev4", "v1.2"])
    def test_of_another_version_is_refused(self, tag: str, tmp_path: Path) -> None:
        done = self.check(tmp_path, tag)
        assert done.returncode == 1
        assert f"::error::the tag {tag} should build" in done.stdout
