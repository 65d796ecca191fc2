"""Reads this project's workflows, without what is a comment."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path
from typing import Any

import yaml

from tests import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read_jobs(workflow: str) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow by their ids."""
    text = (ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text(encoding="utf-8")
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(text)["jobs"]
    return jobs


def read_script(workflow: str, step: str) -> str:
    """Return the script of the step with a name."""
    text = (ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"      - name: {step}\n        run: |\n")
    lines = itertools.takewhile(lambda line: line.startswith(" " * 10), rest.splitlines())
    return textwrap.dedent("\n".join(lines))


def read_code(path: Path) -> list[str]:
    """Return the lines that are no comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]
