"""Every mutant of the engine suites fails the check that is meant to catch it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import worlds
from harness.descriptions import read_table
from harness.engine.known_failures import read_known_engine_failures
from harness.results.records import Check
from harness.workspaces import describe_lines
from suites.engine import KNOWN_FAILURES, list_checks
from tests import ROOT

pytestmark = pytest.mark.slow

FOLDER = Path(worlds.__file__).parent / "mutants" / "engine"
#: Language -> the module of its mutants, how it names them, and the framework they run on.
MODULES = {
    "typescript": (FOLDER / "mutants.mjs", r"^export function (\w+)", "express"),
    "python": (FOLDER / "mutants.py", r"^def (\w+)", "fastapi"),
}
LINES = describe_lines()
SUITES = ROOT / "suites" / "engine"


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    title: str
    check: str
    line: str
    #: What the check says of the defect, where it fails without it, too.
    says: str = ""


MUTANTS = read_table(FOLDER / "mutants.toml", "mutant", Mutant)
#: Those of line v5 are run, without a defect, where every suite is run on one cell.
CONTROLS = sorted({(item.line, item.check) for item in MUTANTS.values() if item.line != "v5"})

Ask = Callable[..., Check]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Run one check on World local, with a mutant or without; return its record."""

    def ask(line: str, check: str, *options: str) -> Check:
        records = tmp_path / "records.jsonl"
        files = [path for path in SUITES.glob("test_*.py") if f"def {check}(" in path.read_text()]
        command = [sys.executable, "-m", "pytest", *map(str, files), "-k", check, "-q"]
        framework = MODULES[LINES[line].language][2]
        command += ["-p", "no:cacheprovider", "--line", line, "--framework", framework]
        command += ["--world", "local", "--examples", "4", "--tries", "0", "--seed", "1"]
        command += ["--records", str(records), *options]
        env = {key: text for key, text in os.environ.items() if not key.startswith("PYTEST_")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        assert records.exists(), done.stdout + done.stderr
        (line_of_json,) = records.read_bytes().splitlines()
        return msgspec.json.decode(line_of_json, type=Check)

    return ask


def test_there_are_at_least_twelve_mutants_and_each_is_described() -> None:
    for language, (module, pattern, _) in MODULES.items():
        exported = re.findall(pattern, module.read_text(encoding="utf-8"), re.MULTILINE)
        described = [item for item in MUTANTS.values() if LINES[item.line].language == language]
        assert exported
        assert set(exported) == {item.id for item in described}
    assert len(MUTANTS) >= 12


def test_each_mutant_names_an_existing_check() -> None:
    assert {mutant.check for mutant in MUTANTS.values()} <= set(list_checks())


def test_no_mutant_relies_on_a_check_with_a_known_failure() -> None:
    known = {
        (line, check)
        for entry in read_known_engine_failures(KNOWN_FAILURES, list_checks())
        for line in entry.lines
        for check in entry.checks
        if not entry.worlds or "local" in entry.worlds
    }
    silent = {(item.line, item.check) for item in MUTANTS.values() if not item.says}
    assert not known & silent


@pytest.mark.sdk
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_each_mutant_fails_its_check(ask: Ask, mutant: Mutant) -> None:
    module = MODULES[LINES[mutant.line].language][0]
    check = ask(mutant.line, mutant.check, "--mutant", f"{module}#{mutant.id}")
    assert check.verdict == "failed", check.message
    assert mutant.says in check.message


@pytest.mark.sdk
@pytest.mark.parametrize(("line", "name"), CONTROLS)
def test_a_world_without_a_defect_passes_the_check(ask: Ask, line: str, name: str) -> None:
    check = ask(line, name)
    assert check.verdict == "passed", check.message
