"""JSON Schemas of records, with their docstrings as descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

import msgspec

Schema = dict[str, Any]


def describe_types(types: Sequence[Any]) -> tuple[tuple[Schema, ...], dict[str, Schema]]:
    """Describe types of records.

    Returns:
        The schema of each type, and the definitions at `#/$defs/` by name. Descriptions are
        docstrings without their indentation, which Python before 3.13 and msgspec before 0.23
        keep.
    """
    schemas, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return schemas, {name: _clean(definition) for name, definition in definitions.items()}


def _clean(definition: Schema) -> Schema:
    description = definition.get("description")
    return {**definition, "description": cleandoc(description)} if description else definition
