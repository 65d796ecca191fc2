"""`docs/nemesis.md` leaves nothing out, and names nothing that is not there."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from harness import inside
from harness.inside.python.nemesis import world_harness_nemesis
from harness.nemesis import MUTANT, NOTES, journal
from harness.nemesis.plans import Place, describe_faults, describe_points, read_plan
from tests import ROOT

TEXT = (ROOT / "docs" / "nemesis.md").read_text(encoding="utf-8")
#: What every fault, and every record, has.
COMMON = {"at", "nth", "times", "kind", "atMs", "pid", "order", "runId"}
RECORDS = {kind.__struct_config__.tag: kind for kind in get_args(journal.Record)}


def section(title: str) -> str:
    found = re.search(rf"^##+ {title}\n(?P<text>.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found
    return found["text"]


def rows(title: str) -> dict[str, str]:
    """Return the rows of a section's tables, by what stands first in them."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return {name: line for line in lines for name in re.findall(r"`(\w+[\w-]*)`", first(line))}


def first(line: str) -> str:
    return line.split(" | ")[0]


def names_of(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)} - COMMON


@pytest.mark.parametrize("name", describe_faults())
def test_every_fault_with_its_places_and_settings(name: str) -> None:
    kind = describe_faults()[name]
    row = rows("Faults")[name]
    assert row.split(" | ")[1] == ", ".join(kind.places)
    assert not [setting for setting in names_of(kind) if f"`{setting}`" not in row]


def test_no_fault_that_is_not_there() -> None:
    assert set(rows("Faults")) == set(describe_faults())


def test_every_choice_of_a_setting() -> None:
    for name, kind in describe_faults().items():
        for field in msgspec.structs.fields(kind):
            choices = [choice for choice in get_args(field.type) if isinstance(choice, str)]
            row = rows("Faults")[name]
            assert not [choice for choice in choices if f"`{choice}`" not in row], name


def test_every_point_with_its_title() -> None:
    told = {name: line.split(" | ")[1].removesuffix(" |") for name, line in rows("Points").items()}
    assert told == {name: point.title for name, point in describe_points().items()}
    assert list(told) == list(describe_points())


def test_every_setting_of_a_place() -> None:
    assert set(rows("Places")) == {field.encode_name for field in msgspec.structs.fields(Place)}


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_with_its_fields(name: str) -> None:
    row = rows("The journal")[name]
    if "the same" not in row:
        assert not [field for field in names_of(RECORDS[name]) if f"`{field}`" not in row]


def test_no_record_that_is_not_there() -> None:
    assert set(rows("The journal")) == set(RECORDS)


def test_every_request() -> None:
    source = (inside.NEMESIS["typescript"] / "app.ts").read_text(encoding="utf-8")
    (table,) = re.findall(r"^const answers: .*? = \{\n(.*?)^\};", source, re.DOTALL | re.MULTILINE)
    asked = set(re.findall(r"^  (\w+)[:,]", table, re.MULTILINE))
    assert len(asked) > 10
    assert set(rows("Requests that the app answers")) == asked


def test_the_environment() -> None:
    assert set(rows("Where it sits")) == {NOTES, MUTANT}


def test_what_python_offers_is_there() -> None:
    lines = [first(line) for line in section("In Python").splitlines() if line.startswith("| `")]
    offered = {name for line in lines for name in re.findall(r"`(\w+)", line)}
    assert offered <= set(world_harness_nemesis.__all__)
    assert {"wrap", "marked", "starting", "notes"} <= offered


def test_the_plan_that_it_shows_can_be_read() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    redeliver, kill = read_plan(example)
    assert type(redeliver).__name__ == "Redeliver"
    assert kill.at == describe_points()["step-completed"].place()
