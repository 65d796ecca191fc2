"""Log integrity: data that an SDK of another language wrote is not deleted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harness.descriptions import Cell
from suites.engine.cases import Cases
from suites.engine.stage import EngineError, Stage
from suites.engine.violations import Inconclusive, violate

#: Line -> a cell of another language whose World keeps its data in a folder, too.
OTHERS = {"py": Cell("v4", "express", "local")}


@pytest.mark.engine("ENG-FOREIGN-DATA", cost=40)
def test_data_of_another_sdk_is_not_deleted(
    stage: Stage, open_other: Callable[[Cell], AbstractContextManager[Stage]], cases: Cases
) -> None:
    other_cell = OTHERS[stage.cell.line]
    with open_other(other_cell) as other:
        if other.program({"seq": [{"step": "a"}, {"step": "b"}]}).await_end().status != "completed":
            raise Inconclusive(f"{other_cell.id} wrote no whole run")
        other.end()
        assert other.folder, "it was started here"
        written = list_files(other.folder)
        try:
            stage.open_world(other.folder)
        except EngineError as error:
            cases.answer("the World refuses the folder", error.name)
        deleted = written - list_files(other.folder)
    cases.answer("files that the other SDK wrote", len(written))
    cases.answer("deleted", len(deleted))
    if deleted:
        violate(
            f"a World that was opened on the folder of {other_cell.id} deleted {len(deleted)} of "
            f"its {len(written)} files",
            [f"deleted: {name}" for name in sorted(deleted)[:10]],
        )


def list_files(folder: Path) -> set[str]:
    """Return the files in a folder, by their paths inside it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
