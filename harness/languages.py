"""The languages that an SDK, its Worlds and its apps are written in."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

#: The language of a World, of an SDK line, and of the apps that a framework loads.
Language = Literal["typescript", "python"]

#: msgspec before 0.23 omits `propertyNames` from a schema.
BY_LANGUAGE = msgspec.Meta(
    extra_json_schema={"propertyNames": {"enum": sorted(get_args(Language))}}
)
