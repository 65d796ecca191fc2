"""What cannot be done is refused before anything is begun: exit code 3, the reason, a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.cli import command_line


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        ("--line", "v55", "no line is called 'v55'"),
        ("--framework", "expres", "no framework is called 'expres'"),
        ("--world", "postgress", "no world is called 'postgress'"),
        ("--scenario", "one-steps", "no scenario is called 'one-steps'"),
        ("--profile", "quik", "no profile is called 'quik'"),
        ("--world", "local,postgress", "no world is called 'postgress'"),
        ("--scenario", "one-stepp*", "no scenario is called 'one-stepp*'"),
    ],
)
def test_a_name_that_nothing_has(option: str, given: str, said: str, out: Path) -> None:
    done = command_line.run("bench", option, given)
    assert done.code == 3
    assert said in done.err
    assert "did you mean" in done.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "given", "close"),
    [
        ("--line", "v5-lates", "v5-latest"),
        ("--framework", "expres", "express"),
        ("--world", "postgress", "postgres"),
        ("--scenario", "one-steps", "one-step"),
        ("--profile", "quik", "quick"),
    ],
)
def test_a_name_is_answered_with_the_closest(option: str, given: str, close: str) -> None:
    done = command_line.run("bench", option, given)
    hint = next(line for line in done.err.splitlines() if "did you mean" in line)
    assert f"did you mean {close}" in hint


def test_a_name_that_is_close_to_none_is_answered_with_all() -> None:
    done = command_line.run("bench", "--world", "xyzzy")
    assert done.code == 3
    assert "choose from: local, mongodb" in done.err


def test_a_combination_that_cannot_exist(out: Path) -> None:
    done = command_line.run("bench", "--line", "v5-latest", "--world", "postgres")
    assert done.code == 3
    assert "none of the chosen cells can exist" in done.err
    assert "v5-latest/express/postgres: the core of this line accepts only Worlds of" in done.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bench", "--world", "remote"], "a remote World needs a URL"),
        (["bench", "--workers", "0"], "0 is not in the range"),
        (["bench", "--workers", "2"], "v5/nitro/local: no app can have several workers there"),
        (["bench", "--header", "x-secret"], "write it as 'name: value'"),
        (["bench", "--forks", "0"], "0 is not in the range"),
        (["bench", "--seed", "many"], "not a valid integer"),
        (["bench", "--services", "cloud"], "'cloud' is not one of"),
        (["bench", "--frameworks", "next"], "No such option"),
        (["bench", "--load", "50/s", "--for", "60s"], "is now `world-harness load --rate RATE`"),
        (["bench", "--load=50/s"], "is now `world-harness load --rate RATE`"),
        (["load"], "Missing option '--rate'"),
        (["measure"], "No such command"),
        (["export", "app", "--world", "postgress"], "did you mean postgres"),
        (["export", "app", "--line", "v5-latest", "--world", "postgres"], "cannot exist on line"),
    ],
    ids=" ".join,
)
def test_a_request_that_makes_no_sense(words: list[str], said: str, out: Path) -> None:
    done = command_line.run(*words)
    assert done.code == 3
    assert said in done.err
    assert not out.exists()
    assert not Path("app").exists()


@pytest.mark.parametrize("words", [["bench", "--resume"], ["report"]], ids=" ".join)
def test_a_file_that_is_not_there(words: list[str]) -> None:
    done = command_line.run(*words, "missing.jsonl")
    assert done.code == 3
    assert "missing.jsonl cannot be read" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("words", [["bench", "--resume"], ["report"]], ids=" ".join)
def test_a_file_that_holds_no_results(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk\n")
    done = command_line.run(*words, "notes.txt")
    assert done.code == 3
    assert "notes.txt is not a result file" in done.err
