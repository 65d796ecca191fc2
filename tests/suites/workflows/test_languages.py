"""The engine suites in two languages: the same workflows, the same requests, or a reason."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from harness import inside
from harness.workspaces import describe_lines
from suites import workflows
from suites.engine import stage
from tests.suites.workflows.exported import list_exported

FOLDER = workflows.ENGINE.workflows
REGISTERED = sorted(workflows.describe_engine_workflows())
#: What the app in Python does not answer, and why it need not.
UNANSWERED = {"webhook": workflows.explain_inexpressible("calledBack", "py")}


def decorated(path: Path, decorator: str) -> dict[str, ast.AsyncFunctionDef]:
    """Return the functions of a module that stand under a decorator of the registry."""
    return {
        node.name: node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef)
        and any(f"registry.{decorator}" in ast.unparse(item) for item in node.decorator_list)
    }


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


IN_PYTHON = {
    camel(name): node
    for path in sorted(FOLDER.glob("*.py"))
    for name, node in decorated(path, "workflow").items()
}


class TestWorkflows:
    def test_the_registry_lists_all_workflows_that_typescript_exports(self) -> None:
        assert list_exported(FOLDER) == set(REGISTERED)

    @pytest.mark.parametrize("name", REGISTERED)
    def test_each_workflow_exists_in_python_or_has_a_reason_why_not(self, name: str) -> None:
        reason = workflows.explain_inexpressible(name, "py")
        assert (name in IN_PYTHON) != bool(reason), "write it in Python, or say why that cannot be"

    def test_python_has_no_extra_workflows_and_imports_each_in_its_index(self) -> None:
        assert IN_PYTHON.keys() <= set(REGISTERED)
        index = ast.parse((FOLDER / "index.py").read_text(encoding="utf-8"))
        named = {
            camel(alias.name)
            for node in index.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert named == IN_PYTHON.keys() | {"registry"}

    def test_reasons_name_existing_lines(self) -> None:
        lines = {
            line
            for workflow in workflows.describe_engine_workflows().values()
            for line in workflow.inexpressible
        }
        assert lines <= set(describe_lines())

    @pytest.mark.parametrize("name", sorted(IN_PYTHON))
    def test_both_languages_take_the_same_number_of_arguments(self, name: str) -> None:
        text = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.ts"))
        found = re.search(rf"^export async function {name}\(([^)]*)\)", text, re.MULTILINE)
        assert found
        given = [argument for argument in found[1].split(",") if argument.strip()]
        assert len(given) == len(IN_PYTHON[name].args.args)

    def test_both_languages_retry_steps_equally_often(self) -> None:
        text = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.ts"))
        wanted = dict(re.findall(r"^(\w+)\.maxRetries = (\d)", text, re.MULTILINE))
        found = {
            camel(name): retries[1]
            for path in FOLDER.glob("*.py")
            for name, node in decorated(path, "step").items()
            if (retries := re.search(r"max_retries=(\d)", ast.unparse(node.decorator_list[0])))
        }
        assert found == wanted


class TestRequests:
    requests = inside.NEMESIS["python"] / "world_harness_engine_app" / "requests.py"

    def test_both_apps_answer_the_same_requests(self) -> None:
        typescript = (inside.NEMESIS["typescript"] / "app.ts").read_text(encoding="utf-8")
        table = re.search(r"^const answers[^{]*\{\n(?P<rows>.*?)^\};", typescript, re.S | re.M)
        assert table
        there = set(re.findall(r"^  (\w+)[:,]", table["rows"], re.MULTILINE))
        python = self.requests.read_text(encoding="utf-8")
        here = set(re.findall(r"^    \"(\w+)\": _", python, re.MULTILINE))
        assert all(UNANSWERED.values())
        assert here == there - UNANSWERED.keys()

    def test_the_apps_answer_every_request_of_a_stage(self) -> None:
        asked = set(re.findall(r"do=\"(\w+)\"", Path(stage.__file__).read_text(encoding="utf-8")))
        python = self.requests.read_text(encoding="utf-8")
        assert not {name for name in asked - UNANSWERED.keys() if f'"{name}": _' not in python}
