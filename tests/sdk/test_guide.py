"""The guide of `certify`, followed to the letter on its example."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.certification.certificate import CertifiedPackage, write_certificate
from harness.certification.known_failures import read_known_failures
from harness.certification.manifest import read_manifest
from harness.contract.clauses import describe_clauses
from harness.descriptions import World, read_description
from harness.workspaces.node import find_node
from tests import ROOT
from tests.harness.certification.certifying import make_sample, make_verdict
from tests.harness.cli import command_line

GUIDE = ROOT / "docs" / "certify-your-world.md"
EXAMPLE = ROOT / "docs" / "examples" / "acme-world"

#: As the guide names it.
CERTIFICATE = "results/@acme-world-1.0.0-v5-latest.certificate.jsonl"

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<marks>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
_COMMAND = re.compile(r"world-harness (?:[a-z]+) [^`\n…]*")


class Block(NamedTuple):
    """A code block, and what it is marked with: `run`, `exit=1`, `file=name`, `output`."""

    kind: str
    marks: dict[str, str]
    text: str


def read_blocks() -> list[Block]:
    text = GUIDE.read_text(encoding="utf-8")
    return [
        Block(
            found["kind"],
            dict(mark.partition("=")[::2] for mark in found["marks"].split()),
            found["text"],
        )
        for found in _BLOCK.finditer(text)
    ]


def find_file(name: str) -> str:
    (text,) = (block.text for block in read_blocks() if block.marks.get("file") == name)
    return text


def write_bin(folder: Path) -> Path:
    """Put `world-harness` and `npm` where a shell finds them, as they are after an install."""
    folder.mkdir()
    program = folder / "world-harness"
    start = "import sys; sys.argv[0] = 'world-harness'; from harness.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{start}" "$@"\n')
    program.chmod(0o755)
    return folder


def run(block: Block, folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-c", block.text],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == int(block.marks.get("exit", "0")), (block.text, done)
    return done.stdout


def expect_output(wanted: str, printed: str) -> None:
    """See that every line of the guide was printed, in its order; `…` stands for anything."""
    lines = iter(printed.splitlines())
    for want in wanted.splitlines():
        pattern = ".*".join(re.escape(part.rstrip()) for part in want.split("…"))
        assert any(re.fullmatch(rf"{pattern}\s*", line) for line in lines), (want, printed)


@pytest.mark.sdk
@pytest.mark.xdist_group("v5")
def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "acme-world"
    shutil.copytree(EXAMPLE, folder)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    path = os.pathsep.join(
        [str(write_bin(tmp_path / "bin")), str(find_node().folder), os.environ["PATH"]]
    )
    env = {**os.environ, "PATH": path, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    blocks = read_blocks()
    ran = 0
    for block, after in zip(blocks, [*blocks[1:], Block("", {}, "")], strict=True):
        if "file" in block.marks:
            (folder / block.marks["file"]).parent.mkdir(exist_ok=True)
            (folder / block.marks["file"]).write_text(block.text, encoding="utf-8")
        if block.marks.get("needs") == "certificate":
            make_certificate(folder / CERTIFICATE)
        if "run" in block.marks:
            printed = run(block, folder, env)
            ran += 1
            if "output" in after.marks:
                expect_output(after.text, printed)
    assert ran == 5
    assert not list(temporary.glob("world-harness-*"))


def make_certificate(path: Path) -> None:
    """Stand in for the certification of the whole contract, which takes too long for a test."""
    path.parent.mkdir()
    sample = make_sample(
        [make_verdict("LIFE-CLOSE", "failed")],
        title="@acme/world",
        line="v5-latest",
        package=CertifiedPackage(name="@acme/world", version="1.0.0", digest="ab" * 32),
    )
    write_certificate(path, sample)


def test_each_command_of_it_has_the_options_that_it_is_given() -> None:
    text = GUIDE.read_text(encoding="utf-8").replace("\n          --", " --")
    text = re.sub(r"\$\{\{.*?\}\}", "quick", text)
    found = _COMMAND.findall(text)
    assert len(found) > 10
    for line in found:
        _, name, *words = shlex.split(line)
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        done = command_line.run(name, "--help")
        assert done.code == 0, line
        assert given <= set(re.findall(r"--[a-z-]+", done.out)), line


def test_its_file_of_known_failures_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(find_file("known-failures.toml"), encoding="utf-8")
    assert list(read_known_failures(tmp_path / "known.toml", describe_clauses())) == ["LIFE-CLOSE"]


def test_its_two_descriptions_are_of_one_world(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(find_file("worlds/acme.toml"), encoding="utf-8")
    (tmp_path / "worlds.json").write_text(find_file("worlds-manifest.json"), encoding="utf-8")
    described = read_description(tmp_path / "acme.toml", World, id="acme")
    listed = read_manifest(tmp_path / "worlds.json")["acme"]
    for name in ("entry", "services", "setup", "env", "starts", "package"):
        assert getattr(described, name) == getattr(listed, name), name
    assert described.pins_for("v5") == listed.pins_for("v5") == {"@acme/world": "1.0.0"}


def test_its_job_may_read_and_nothing_else() -> None:
    job = find_file("world-contract.yml")
    assert "permissions:\n  contents: read\njobs:" in job
    assert job.count("permissions") == 1
    uses = re.findall(r"uses: (\S+)", job)
    assert uses
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", use) for use in uses)
    assert "${{ secrets" not in job
