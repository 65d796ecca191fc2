"""The described frameworks: their recipes can be read, and each serves the two routes."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from harness.deployments.frameworks import FOLDER, describe_frameworks
from harness.descriptions import Catalog, Framework
from harness.errors import DescriptionError

FRAMEWORKS = describe_frameworks()
PLACEHOLDERS = {"port", "app", "install"}
EXACT = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
IMPORT = re.compile(r'import \{[^}]*\b(?P<name>\w+)\b[^}]*\} from "(?P<place>\.[^"]+)"')
PYTHON_IMPORT = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)
#: Language -> what answers, and delivers.
ANSWERING = {
    "typescript": {"world-harness/app": "describeApp", "world-harness/requests": "answer"},
    "python": {"world-harness/app": "describe_app", "world-harness/requests": "answer"},
}
PYTHON = [item for item in FRAMEWORKS.values() if item.language == "python"]
TYPESCRIPT = [item for item in FRAMEWORKS.values() if item.language == "typescript"]

RECIPE = """
title = "Koa"
build = ["nitro", "build"]
start = ["node", "{app}/server.mjs", "{port}"]
env = { KOA_HOME = "{install}" }

[packages."*"]
koa = "3.0.1"

[packages.v5]
koa = "3.1.0"

[impossible]
v4 = "not tried"
"""

every_framework = pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)


def files_of(framework: Framework) -> Iterator[tuple[str, str]]:
    folder = FOLDER / framework.id
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "recipe.toml":
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")


def places_of(route: str, framework: Framework) -> dict[str, str]:
    """Find the files that a route stands in: by its path, or by the file's own."""
    by_file = re.compile(rf"(^|/){route}[./]")
    return {
        name: text
        for name, text in files_of(framework)
        if f'"/{route}"' in text or f'"{route}"' in text or by_file.search(name)
    }


def stand(folder: Path, name: str, recipe: str = RECIPE) -> Path:
    (folder / name).mkdir()
    (folder / name / "recipe.toml").write_text(recipe, encoding="utf-8")
    return folder


def test_every_folder_is_a_framework() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == set(FRAMEWORKS)
    assert set(FRAMEWORKS) >= {"nitro", "express", "next", "hono", "fastify", "vite"}
    assert set(FRAMEWORKS) >= {"fastapi", "flask", "django", "starlette", "aiohttp"}


@every_framework
def test_its_id_is_its_folder(framework: Framework) -> None:
    assert (FOLDER / framework.id / "recipe.toml").is_file()


@every_framework
def test_its_pins_are_exact(framework: Framework) -> None:
    pins = [
        (name, pin) for packages in framework.packages.values() for name, pin in packages.items()
    ]
    assert pins
    assert [pin for pin in pins if not EXACT.fullmatch(pin[1])] == []


@every_framework
def test_it_names_only_lines_that_exist(framework: Framework, catalog: Catalog) -> None:
    named = {*framework.packages, *framework.impossible} - {"*"}
    assert named <= set(catalog.lines)


@every_framework
def test_its_own_package_is_pinned_on_every_line_it_serves(
    framework: Framework, catalog: Catalog
) -> None:
    lines = [
        line.id
        for line in catalog.lines.values()
        if line.language == framework.language and line.id not in framework.impossible
    ]
    assert lines
    assert [line for line in lines if framework.id not in framework.pins_for(line)] == []


@every_framework
def test_it_agrees_with_the_others_on_what_they_share(
    framework: Framework, catalog: Catalog
) -> None:
    for line in catalog.lines:
        for other in FRAMEWORKS.values():
            mine, theirs = framework.pins_for(line), other.pins_for(line)
            shared = mine.keys() & theirs.keys()
            assert {name: mine[name] for name in shared} == {name: theirs[name] for name in shared}


@every_framework
def test_its_commands_name_only_what_is_filled_in(framework: Framework) -> None:
    words = [*framework.build, *framework.start, *framework.env.values()]
    named = {field for word in words for _, field, _, _ in Formatter().parse(word) if field}
    assert named <= PLACEHOLDERS
    assert "port" not in {
        field for word in framework.build for _, field, _, _ in Formatter().parse(word)
    }


@every_framework
def test_it_says_how_it_has_several_workers_or_why_not(framework: Framework) -> None:
    assert bool(framework.workers) != bool(framework.one_process)
    assert not framework.workers or "{port}" in framework.workers
    assert not framework.workers or any("{workers}" in word for word in framework.workers)


@every_framework
@pytest.mark.parametrize("route", ["world-harness/app", "world-harness/requests"])
def test_it_serves_the_route(framework: Framework, route: str) -> None:
    function = ANSWERING[framework.language][route]
    places = places_of(route, framework)
    assert len(places) == 1
    (text,) = places.values()
    assert f"{function}(" in text


@pytest.mark.parametrize("framework", PYTHON, ids=lambda framework: framework.id)
def test_a_python_framework_serves_deliveries_and_imports_no_workflow(framework: Framework) -> None:
    text = "".join(text for _, text in files_of(framework))
    assert "ENDPOINT" in text
    assert "deliver(" in text
    assert "workflows" not in text
    assert "_internal" not in text


@pytest.mark.parametrize("framework", PYTHON, ids=lambda framework: framework.id)
def test_a_python_framework_says_under_which_names_it_is_imported(framework: Framework) -> None:
    texts = [text for _, text in files_of(framework)]
    imported = {found for text in texts for found in PYTHON_IMPORT.findall(text)}
    own = {"main", "world_harness_serving", *sys.stdlib_module_names}
    assert framework.id in imported - own <= set(framework.modules)


@pytest.mark.parametrize("framework", TYPESCRIPT, ids=lambda framework: framework.id)
def test_its_routes_import_the_probe_where_the_assembly_puts_it(framework: Framework) -> None:
    found = {
        posixpath.normpath(posixpath.join(posixpath.dirname(name), match["place"]))
        for name, text in files_of(framework)
        for match in IMPORT.finditer(text)
    }
    assert found == {"harness/app"}


def test_a_framework_is_a_folder_that_a_stranger_adds(tmp_path: Path) -> None:
    described = describe_frameworks(stand(tmp_path, "koa"))
    assert list(described) == ["koa"]
    koa = described["koa"]
    assert (koa.id, koa.title) == ("koa", "Koa")
    assert koa.start == ("node", "{app}/server.mjs", "{port}")
    assert koa.env == {"KOA_HOME": "{install}"}
    assert koa.pins_for("v5") == {"koa": "3.1.0"}
    assert koa.pins_for("v5-latest") == {"koa": "3.0.1"}
    assert koa.impossible == {"v4": "not tried"}


def test_frameworks_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("koa", "adonis", "hapi"):
        stand(tmp_path, name)
    assert list(describe_frameworks(tmp_path)) == ["adonis", "hapi", "koa"]


def test_a_folder_without_a_recipe_is_no_framework(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    assert describe_frameworks(tmp_path) == {}


@pytest.mark.parametrize(
    ("recipe", "cause"),
    [
        (RECIPE.replace('title = "Koa"', ""), "`title`"),
        (RECIPE.replace("start =", "begin ="), "`begin`"),
        (RECIPE + "\nv5 = 5\n", "str"),
        ("title = ", "Invalid value"),
    ],
    ids=["no title", "an unknown key", "a wrong type", "not TOML"],
)
def test_a_recipe_that_says_something_else_is_refused(
    tmp_path: Path, recipe: str, cause: str
) -> None:
    with pytest.raises(DescriptionError, match=r"koa.recipe\.toml") as refusal:
        describe_frameworks(stand(tmp_path, "koa", recipe))
    assert cause in refusal.value.cause
