"""Every link of a document leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ROOT

#: Made from reports, whose links are GitHub's business.
GENERATED = {"docs/engine.md", "docs/worlds.md"}
DOCUMENTS = [
    path
    for path in [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / ".github").glob("*.md"),
    ]
    if "results" not in path.parts and path.relative_to(ROOT).as_posix() not in GENERATED
]
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def anchors_of(path: Path) -> set[str]:
    titles = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    broken = []
    for target in LINK.findall(text):
        place, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = path if not place else (path.parent / place).resolve()
        if not there.exists() or (anchor and anchor not in anchors_of(there)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_page_of_the_documentation_is_in_its_table_of_contents(path: Path) -> None:
    docs = ROOT / "docs"
    if docs not in path.parents or "examples" in path.parts or path.name == "index.md":
        return
    index = (docs / "index.md").read_text(encoding="utf-8").splitlines()
    assert path.relative_to(docs).with_suffix("").as_posix() in index
