"""An app's files lie where its language looks for them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.deployments.apps import Contents, assemble_app
from harness.deployments.export import export_app
from harness.descriptions import Catalog, Cell
from harness.errors import UsageError
from suites import workflows


def assemble(
    catalog: Catalog, cell: Cell, contents: Contents = workflows.BENCH
) -> dict[str, bytes]:
    framework = catalog.frameworks[cell.framework]
    line, world = catalog.lines[cell.line], catalog.world_of(cell)
    return assemble_app(line, framework, world, contents, catalog.list_modules(line.language))


class TestInPython:
    @pytest.fixture
    def files(self, catalog: Catalog) -> dict[str, bytes]:
        return assemble(catalog, Cell("py", "django", "local"))

    def test_framework_workflows_and_answers_are_modules_beside_each_other(
        self, files: dict[str, bytes]
    ) -> None:
        assert {
            "main.py",
            "urls.py",
            "workflows/index.py",
            "world_harness_bench_app/app.py",
        } <= set(files)
        assert {Path(name).suffix for name in files} == {".py", ".json"}
        assert "recipe.toml" not in files

    def test_the_app_is_told_what_it_is(self, files: dict[str, bytes]) -> None:
        about = msgspec.json.decode(files["world_harness_serving/about.json"])
        assert (about["line"], about["framework"], about["world"]) == ("py", "django", "local")
        assert about["entry"] == "world_harness_sdk:LocalWorld"
        assert {"django", "uvicorn", "flask", "werkzeug", "starlette"} <= set(about["frameworks"])
        assert about["startsWorld"] is False

    def test_no_app_holds_the_answers_that_its_workflows_must_give(
        self, files: dict[str, bytes]
    ) -> None:
        assert not [name for name in files if name.endswith("answers.py")]


class TestInTypeScript:
    def test_the_same_lies_where_its_bundlers_look(self, catalog: Catalog) -> None:
        files = assemble(catalog, Cell("v5", "express", "local"))
        assert {"package.json", "workflows/index.ts", "harness/app.ts"} <= set(files)
        assert b'"@workflow/world-local"' in files["harness/subject.mjs"]
        assert not [name for name in files if name.endswith(".py")]


def test_contents_that_are_not_written_in_a_language_are_refused(catalog: Catalog) -> None:
    written = {"typescript": workflows.ENGINE.answering["typescript"]}
    unwritten = msgspec.structs.replace(workflows.ENGINE, answering=written)
    with pytest.raises(UsageError, match="cannot make an app for line py") as caught:
        assemble(catalog, Cell("py", "flask", "local"), unwritten)
    assert "there is no engine app in python" in caught.value.cause


def test_a_python_app_is_exported_with_exact_requirements(catalog: Catalog, tmp_path: Path) -> None:
    ready = export_app(catalog, "py", "starlette", "local", workflows.BENCH, tmp_path / "app")
    assert ready == "pip install -r requirements.txt"
    wanted = (tmp_path / "app" / "requirements.txt").read_text().split()
    assert set(wanted) == {"vercel-workflow==0.12.0", "starlette==1.10.0", "uvicorn==0.54.0"}
    assert (tmp_path / "app" / "main.py").exists()
