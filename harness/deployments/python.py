"""The shape of an app in Python, and the files that make it a standalone project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.deployments.shapes import Shape, read_files
from harness.descriptions import Framework, World
from harness.inside import PYTHON_SDK, PYTHON_SERVING


def _introduce(
    identity: Mapping[str, Any], world: World, modules: Sequence[str]
) -> dict[str, bytes]:
    about = {**identity, "entry": world.entry, "frameworks": modules}
    return {
        **dict(read_files(PYTHON_SDK)),
        **dict(read_files(PYTHON_SERVING)),
        **(dict(read_files(Path(world.source))) if world.source else {}),
        "world_harness_serving/about.json": msgspec.json.encode(about),
    }


def _describe_project(pins: Mapping[str, str], framework: Framework) -> dict[str, bytes]:
    wanted = "".join(f"{name}=={version}\n" for name, version in pins.items())
    return {"requirements.txt": wanted.encode()}


SHAPE = Shape(
    suffix=".py",
    # The serving code is a source root with several packages.
    answering="",
    introduce=_introduce,
    # Its programs start in the app's folder.
    environment={"PYTHONPATH": "."},
    describe_project=_describe_project,
    make_ready="pip install -r requirements.txt",
)
