"""JSON Schemas are the same wherever they are made."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest

from harness.schemas import describe_types


class Kept(msgspec.Struct):
    """A record.

    It is told in two lines,
    of which the second
        says more.
    """

    inner: Inner
    length: Annotated[int, msgspec.Meta(description="in bytes")]


class Inner(msgspec.Struct):
    number: int


@pytest.fixture
def definitions() -> dict[str, dict[str, object]]:
    return describe_types([Kept])[1]


def test_a_type_is_found_where_it_is_referred_to(definitions: dict[str, object]) -> None:
    (schema,), _ = describe_types([Kept])
    assert schema == {"$ref": "#/$defs/Kept"}
    assert sorted(definitions) == ["Inner", "Kept"]


def test_a_docstring_is_told_without_the_indentation_of_its_source(
    definitions: dict[str, dict[str, object]],
) -> None:
    told = "A record.\n\nIt is told in two lines,\nof which the second\n    says more."
    assert definitions["Kept"]["description"] == told


def test_what_has_no_docstring_has_no_description(
    definitions: dict[str, dict[str, object]],
) -> None:
    assert "description" not in definitions["Inner"]
