"""A file is replaced as a whole, or stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.atomic_files import replace_file


def test_a_draft_takes_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    with replace_file(tmp_path / "file") as draft:
        draft.write_text("after")
        assert (tmp_path / "file").read_text() == "before"
    assert (tmp_path / "file").read_text() == "after"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt])
def test_a_draft_that_failed_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "file").write_text("before")

    def write() -> None:
        with replace_file(tmp_path / "file") as draft:
            draft.write_text("half")
            raise failure

    with pytest.raises(failure):
        write()
    assert (tmp_path / "file").read_text() == "before"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
