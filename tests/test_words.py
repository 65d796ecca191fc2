"""What a person reads here is plain English: phrases that send a reader back are not used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ROOT

#: Phrase -> what to write instead.
PHRASES = {
    r"harass(?:ed|es|ing)?": "test under injected faults",
    r"abreast|in one heat": "side by side",
    r"(?:can|could|cannot) be told from|told apart|be told from": "differ significantly",
    r"nobody": "no one; or say what there is none of: no clear winner",
    r"whoever": "the caller, the value that",
    r"anew": "again",
    r"(?:can|could|cannot|to) be had": "available",
    r"found out": "detected",
    r"mend(?:ed|s|ing)?": "fix",
    r"several for several": "repeatable",
    r"is no (?:share|shard|world|framework|line|date|number|url|file|version|duration|rate)": (
        "is not a valid …"
    ),
    r"(?:was|were|been) told otherwise|unless told otherwise": "by default",
    r"not known well": "imprecise",
    r"would help": "what helps",
    r"were all equally fast": "if nothing differed",
    r"takes a look": "quick check",
    r"behind the (?:log|end|run)": "after",
    r"goes on with": "continues with",
    r"passed over": "skipped",
    r"gives? back": "return; restore",
    r"brings? along": "include",
}

#: Texts of clauses, and messages and names of checks, are quoted by certificates, mutants and
#: known failures: they change with the next certification of every World.
WAITING = (
    "docs/contract.md",
    "docs/engine.md",
    "docs/mutants.md",
    "docs/results/",
    "docs/worlds.md",
    "harness/contract/clauses/",
    "suites/conformance/",
    "suites/engine/",
    "suites/properties/",
    "worlds/mutants/",
)
#: Phrase -> where it means something else.
ELSEWHERE = {
    # An account of Unix.
    "nobody": ("harness/services/", "tests/harness/services/"),
}
HERE = Path(__file__).relative_to(ROOT).as_posix()
KINDS = {".py", ".md", ".toml", ".ts", ".mjs", ".yml", ".js"}


def is_read(path: Path) -> bool:
    place = path.relative_to(ROOT).as_posix()
    return (
        path.suffix in KINDS
        and place != HERE
        and not place.startswith(WAITING)
        and not {"__pycache__", "node_modules", ".venv", ".nox"} & set(path.parts)
    )


TOPS = ("harness", "suites", "worlds", "reports", "tests", "docs", ".github")
TEXTS = [
    *(path for top in TOPS for path in sorted((ROOT / top).rglob("*")) if is_read(path)),
    *(ROOT / name for name in ("README.md", "noxfile.py", "pyproject.toml")),
]


def find(pattern: re.Pattern[str], path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for number, line in enumerate(lines, start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_to_avoid_is_nowhere(phrase: str) -> None:
    pattern = re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE)
    other = ELSEWHERE.get(phrase, ())
    found = [
        place
        for path in TEXTS
        if not path.relative_to(ROOT).as_posix().startswith(other)
        for place in find(pattern, path)
    ]
    assert not found, f"write instead: {PHRASES[phrase]}"


def test_the_places_that_wait_are_there() -> None:
    assert [place for place in WAITING if not (ROOT / place).exists()] == []
